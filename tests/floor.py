"""A hospital, a factory and a courier with invented people, and browsers in their hands: for tests of the pages.

`prepared_database(made)` gives the address of a copy of it on either database; `Floor(url)` opens it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from coi_tracker.course import AccountId
from coi_tracker.services import available, people, sessions
from coi_tracker.services.people import Person
from coi_tracker.services.record import Record
from coi_tracker.simulation.clock import Clock
from coi_tracker.simulation.furnishing import PASSWORD, furnish
from coi_tracker.simulation.walking import drive
from coi_tracker.storage import migrate
from coi_tracker.storage.database import Database
from coi_tracker.storage.keyfile import MasterKey
from coi_tracker.vocabulary import PlaceKind, Role
from web import create_app
from web.session import PERSON

__all__ = ["PASSWORD", "Floor", "floor", "made"]

STARTED = datetime(2026, 3, 2, 8, tzinfo=UTC)
PERSONS = (MasterKey("0f100001", bytes(range(32))),)
STAGES = ("open_course", "received", "open_course", "at_site")
"""How far the courses are, at the two sites in turn."""


def made(url: str) -> None:
    """Fill a database: two sites, four courses, everybody with the password of invented people."""
    migrate.upgrade(url)
    database = Database(url)
    record = Record(database, clock=Clock(STARTED), person_keys=PERSONS)
    premises = furnish(record, sites=2, shippers=6)
    sites = premises.of_kind(PlaceKind.SITE)
    for number, until in enumerate(STAGES):
        premises.site = sites[number % 2]
        drive(record, premises, f"010{number}", until=until)
    database.close()


@dataclass
class Floor:
    """The record, and whom and what there is in it. Close it before the database is dropped."""

    url: str
    record: Record = field(init=False)

    def __post_init__(self) -> None:
        opened = Record(Database(self.url), person_keys=PERSONS)
        latest = available.last_moment(opened)
        assert latest is not None
        self.record = Record(opened.database, clock=Clock(latest), person_keys=PERSONS)

    @property
    def clock(self) -> Clock:
        assert isinstance(self.record.clock, Clock)
        return self.record.clock

    @property
    def courses(self) -> list[str]:
        """The COI of every course, in the order of their subjects."""
        with self.record.database.read() as tx:
            return [str(row[0]) for row in tx.query("SELECT coi FROM courses ORDER BY subject")]

    def site_of(self, coi: str) -> str:
        with self.record.database.read() as tx:
            row = tx.one("SELECT site FROM courses WHERE coi = :coi", coi=coi)
        assert row is not None
        return str(row[0])

    def person(self, role: Role, place: str | None = None, *, other_than: str = "") -> Person:
        """Somebody with that role (at that place), whose training lasts."""
        fit = [
            (one.trained_until, person)
            for person in people.people(self.record)
            for one in person.roles
            if one.role is role and place in (None, one.place) and person.id != other_than and one.trained_until
        ]
        return max(fit, key=lambda found: found[0])[1]

    def place(self, kind: PlaceKind) -> str:
        """The first place of a kind."""
        return next(one.id for one in available.set_up(self.record).places if one.kind is kind)

    def station(self, place: str) -> str:
        """The code of a station there."""
        return next(one.code for one in available.set_up(self.record).stations if one.place == place)

    def client(self, account: str | None = None, *, station: str | None = None) -> FlaskClient:
        """A browser, in which this person is signed in, at that station."""
        app = create_app(self.record)
        app.config.update(TESTING=False, WTF_CSRF_ENABLED=False)
        client = app.test_client()
        if account is not None:
            client.set_cookie(PERSON, sessions.begin(self.record, AccountId(account)))
        if station is not None:
            assert client.post("/station", data={"code": station}).status_code == 303
        return client

    def close(self) -> None:
        self.record.database.close()


@pytest.fixture
def floor(prepared_database: Callable[..., str]) -> Iterator[Floor]:
    """A record with places, people and courses on their way; a test that needs another one makes it itself."""
    floor = Floor(prepared_database(made))
    yield floor
    floor.close()
