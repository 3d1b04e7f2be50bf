"""An open record with a place and an administrator, on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from coi_tracker.services import people, persons, setup
from coi_tracker.services.changes import INSTALLER
from coi_tracker.services.record import Record
from coi_tracker.storage import migrate
from coi_tracker.storage.database import Database
from coi_tracker.vocabulary import PlaceKind


@dataclass
class Ticking:
    """A clock that is a second later every time it is read."""

    now: datetime = datetime(2026, 5, 4, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


BY: dict[str, Any] = {"by": INSTALLER, "reason": "set up for a test"}


def migrated(url: str) -> None:
    migrate.upgrade(url)


@pytest.fixture
def record(prepared_database: Callable[[Callable[[str], None]], str], tmp_path: Path) -> Iterator[Record]:
    """Place ``lisboa`` and account ``anna`` are there."""
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o700)
    persons.make_person_key(keys)
    database = Database(prepared_database(migrated))
    opened = Record(database, clock=Ticking(), person_keys=persons.person_keys(keys))
    setup.put_place(
        opened, "lisboa", kind=PlaceKind.SITE, name="Lisboa", country="PT", zone="Europe/Lisbon", daily_capacity=2, **BY
    )
    people.add_account(opened, "anna", name="Anna Lind", password="a long password", hasher=people.INVENTED, **BY)
    yield opened
    database.close()


def entries_of(record: Record, chain: str) -> list[dict[str, Any]]:
    """The entries of a chain, as they stand in the log."""
    with record.database.read() as tx:
        rows = tx.query("SELECT entry FROM events WHERE chain = :chain ORDER BY seq", chain=chain)
    return [json.loads(row[0]) for row in rows]
