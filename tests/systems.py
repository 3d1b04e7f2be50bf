"""Programs that call the API: tokens for them, requests as they send them, attempts as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from coi_tracker.config import Settings
from coi_tracker.course import Actor
from coi_tracker.services import queries, tokens
from coi_tracker.services.changes import administrator, new_event_id
from coi_tracker.vocabulary import PlaceKind, Role, Scope
from tests.floor import PASSWORD, Floor
from web import create_app

EVERYTHING = tuple(Scope)
PROBLEM = "application/problem+json"
FIELDS = {"type", "title", "status", "detail", "expected", "came", "do"}


def admin_of(floor: Floor) -> Actor:
    """The actor of what the administrator changes."""
    person = floor.person(Role.ADMIN)
    return administrator(person.id, person.name)


@dataclass
class System:
    """A program with a token. Headers of a person come with `signed_in`."""

    floor: Floor
    token: str
    settings: Settings = field(default_factory=Settings)
    person: str | None = None
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        app = create_app(self.floor.record, self.settings)
        self.client = app.test_client()

    @property
    def headers(self) -> dict[str, str]:
        found = {"Authorization": f"Bearer {self.token}"}
        return found | ({"COI-Person": self.person} if self.person else {})

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(f"/api/v1{path}", headers={**self.headers, **more.pop("headers", {})}, **more)

    def post(self, path: str, value: Any = None, **more: Any) -> Any:
        given = {"json": value} if value is not None else {}
        return self.client.post(f"/api/v1{path}", headers={**self.headers, **more.pop("headers", {})}, **given, **more)

    def sign_in(self, account: str, password: str = PASSWORD) -> Any:
        answer = self.post("/sessions", {"account": account, "password": password})
        if answer.status_code == 201:
            self.person = answer.json["person"]
        return answer


def integration(
    floor: Floor, *places: str, scopes: tuple[Scope, ...] = EVERYTHING, key: str = "lims", **more: Any
) -> System:
    """A program for these places; for the whole trial when none is named."""
    where = places or (floor.place(PlaceKind.SPONSOR),)
    token = tokens.issue_integration(
        floor.record, key, name=f"the system {key}", places=where, scopes=scopes, by=admin_of(floor), reason="a test"
    )
    return System(floor, token, **more)


def of_station(floor: Floor, station: str, *, key: str = "scanner") -> System:
    """The device of a station."""
    return System(floor, tokens.issue_station(floor.record, key, station=station, by=admin_of(floor), reason="a test"))


def labels_attempt(floor: Floor, coi: str, **changed: Any) -> dict[str, Any]:
    """The coordinator of the site asks for a label: no signature, one label."""
    site = floor.site_of(coi)
    value = {
        "id": new_event_id(floor.record),
        "step": "issue_labels",
        "account": floor.person(Role.COORDINATOR, site).id,
        "role": "coordinator",
        "station": floor.station(site),
        "course": coi,
        "evidence": {"kind": "tissue_jar", "count": 1, "reason": "for the biopsy"},
    }
    return {**value, **changed}


def deviation_attempt(floor: Floor, coi: str, password: str | None = PASSWORD, **changed: Any) -> dict[str, Any]:
    """The coordinator of the site opens a deviation, and signs it."""
    value = labels_attempt(floor, coi)
    account = value["account"]
    return {
        **value,
        "step": "open_deviation",
        "evidence": {"about": "procure_tissue", "severity": "minor", "description": "the lid was loose"},
        "signatures": [{"account": account, "meaning": "performed", "password": password}],
        **changed,
    }


def entries_of(floor: Floor, coi: str) -> int:
    """How many entries the chain of a course has."""
    found = queries.course_view(floor.record, coi)
    assert found is not None
    return found.course.seq


def assert_problem(answer: TestResponse, status: int, code: str | None = None) -> dict[str, Any]:
    """The answer is a problem with all that belongs to one."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == PROBLEM
    found: dict[str, Any] = answer.json or {}
    assert set(found) >= FIELDS
    assert found["status"] == status
    if code is not None:
        assert found["type"] == f"/api/v1/docs#{code}"
    return found
