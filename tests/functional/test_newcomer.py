"""From an empty database, with pages alone: `coi init`, then everything that a course needs, then a course.

Nothing is put there by Python. The course is walked by the driver of the simulated trial, which finds the places,
people, lots, equipment and shippers in the record and nowhere else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from coi_tracker.cli import cli
from coi_tracker.config import Settings
from coi_tracker.course import PlaceId
from coi_tracker.protocols.loading import builtin, builtin_text
from coi_tracker.services import rebuild
from coi_tracker.services.opening import open_record
from coi_tracker.services.record import Record, system_clock
from coi_tracker.simulation.cast import ROLES_AT
from coi_tracker.simulation.clock import Clock
from coi_tracker.simulation.furnishing import STUDY, reopened
from coi_tracker.simulation.walking import drive
from coi_tracker.vocabulary import Material, PlaceKind, Role
from tests.functional.admin_forms import change, found_in, told
from web import create_app

OWN = "words of the administrator"
FACILITY, SITE, COURIER, OFFICE = "fac-rhine", "de-linden", "kurier-nord", "office"
PLACES: dict[str, tuple[PlaceKind, str, int]] = {
    FACILITY: (PlaceKind.FACILITY, "Cell works", 4),
    SITE: (PlaceKind.SITE, "Hospital", 8),
    COURIER: (PlaceKind.COURIER, "Courier", 0),
}
KEPT_BY = f"qa-{FACILITY}-1"


@pytest.fixture
def record(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Record]:
    """What `coi init` makes, and a clock that can be moved, because a course takes weeks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COI_DATABASE_URL", database_url)
    for name in ("COI_CONFIG", "COI_KEY_DIR", "COI_CHECKPOINT_DIR"):
        monkeypatch.delenv(name, raising=False)
    made = CliRunner().invoke(cli, ["init", "--admin", "anna", "--password-stdin", "--json"], input=f"{OWN}\n")
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["vkey"]
    opened = open_record(Settings(database_url=database_url))
    found = replace(opened, clock=Clock(system_clock()))
    yield found
    assert rebuild.check(found).findings == ()
    found.database.close()


@pytest.fixture
def browser(record: Record) -> Callable[[], FlaskClient]:
    """Browsers in which nobody is signed in."""
    app = create_app(record)
    app.config.update(TESTING=False, WTF_CSRF_ENABLED=False)
    return app.test_client


def signed_in(client: FlaskClient, account: str, password: str) -> FlaskClient:
    """Through the door: an own password is chosen where the other one was given."""
    answer = client.post("/sign-in", data={"account": account, "password": password, "to": "/me"})
    while answer.status_code == 303 and answer.location.startswith("/sign-in/"):
        own = {"old": password, "new": "words of my own", "again": "words of my own", "to": "/me"}
        answer = client.post(answer.location.partition("?")[0], data=own)
    assert answer.status_code == 303, told(answer.text)
    assert client.get("/me").status_code == 200
    return client


def day(record: Record, days: int) -> str:
    return (record.clock().date() + timedelta(days=days)).isoformat()


# --- what the administrator does ------------------------------------------------------------------


def make_places(admin: FlaskClient, record: Record) -> None:
    where = {"country": "DE", "zone": "Europe/Berlin"}
    for key, (kind, name, capacity) in PLACES.items():
        change(admin, "/admin/places/new", key=key, kind=kind, name=name, daily_capacity=capacity, **where)
    holiday = {"first": day(record, 200), "last": day(record, 201), "wish": "close"}
    change(admin, f"/admin/places/{SITE}/days", **holiday)
    for key in (*PLACES, OFFICE):
        change(admin, "/admin/stations", place=key, name=f"Scanner of {key}")
    told_of = {"name": "Labels", "kind": "download", "language": "pdf", "dpi": "300"}
    made = admin.post("/admin/printers/new", data={"key": "pdf", "place": SITE, "reason": "x", **told_of})
    assert made.status_code == 303, told(made.text)


def make_people(admin: FlaskClient, record: Record) -> None:
    """Two of every role at every place, so that two can sign."""
    kinds = {key: kind for key, (kind, _, _) in PLACES.items()} | {OFFICE: PlaceKind.SPONSOR}
    for place, kind in kinds.items():
        for role in set(ROLES_AT[kind]) - {Role.ADMIN}:
            for number in (1, 2):
                hire(admin, f"{role}-{place}-{number}", role, place, until=day(record, 900))


def hire(admin: FlaskClient, account: str, role: Role, place: str, *, until: str) -> None:
    data = {"account": account, "name": account.replace("-", " "), "badge": "new", "reason": "hired"}
    assert admin.post("/admin/accounts/new", data=data).status_code == 303
    given = {"role": role, "place": place, "trained_until": until, "reason": "trained"}
    answer = admin.post(f"/admin/accounts/{account}/roles", data=given)
    assert answer.status_code == 303, told(answer.text)


def release_protocol(admin: FlaskClient) -> None:
    """Looked at first, and released once looked at."""
    looked = admin.post("/admin/protocols/release", data={"content": builtin_text(STUDY)})
    digest = found_in(looked.text, r'name="digest" value="([0-9a-f]{64})"')
    given = {"content": builtin_text(STUDY), "digest": digest, "reason": "approved"}
    answer = admin.post("/admin/protocols/release", data=given)
    assert answer.status_code == 303, told(answer.text)


def password_for(admin: FlaskClient, account: str) -> str:
    page = admin.post(f"/admin/accounts/{account}/password", data={"reason": "first one"})
    return found_in(page.text, r'class="once"><code>([^<]+)<')


# --- what quality assurance of the facility does --------------------------------------------------


def stock_up(quality: FlaskClient, record: Record) -> None:
    """One of every kind that the form offers, and two shippers."""
    until = {"until": day(record, 600), "place": FACILITY, "reason": "delivered"}
    for sort in ("lots", "equipment"):
        kinds = re.findall(r'<option value="([^"]+)"', quality.get(f"/stock/{sort}/new").text)
        assert set(needed(sort)) <= set(kinds)
        for kind in needed(sort):
            answer = quality.post(f"/stock/{sort}/new", data={"kind": kind, "code": f"L-{kind}", **until})
            assert answer.status_code == 303, told(answer.text)
    for _ in range(2):
        assert quality.post("/stock/shippers/new", data=until).status_code == 303


def needed(sort: str) -> set[str]:
    tables: list[Any] = [getattr(made, sort) for made in builtin(STUDY).manufactures.values()]
    return {kind for table in tables for kinds in table.values() for kind in kinds}


@pytest.mark.requirement("COI-STOCK-08")
def test_pages_alone_are_enough_for_a_course(record: Record, browser: Callable[[], FlaskClient]) -> None:
    admin = signed_in(browser(), "anna", OWN)
    make_places(admin, record)
    make_people(admin, record)
    release_protocol(admin)
    given = password_for(admin, KEPT_BY)
    quality = signed_in(browser(), KEPT_BY, given)
    stock_up(quality, record)
    premises = reopened(record)
    premises.site = PlaceId(SITE)
    course = drive(record, premises, "0001", until="infused")
    assert course.material is Material.INFUSED
    assert (course.site, course.facility) == (SITE, FACILITY)
    weeks_later = signed_in(browser(), KEPT_BY, "words of my own")
    assert f'href="/courses/{course.coi}"' in weeks_later.get("/stock/lots/L-media").text
