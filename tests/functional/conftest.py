"""After every functional test the state of whatever record it left must equal the fold of its log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from coi_tracker.errors import CoiError
from coi_tracker.services import rebuild
from coi_tracker.services.record import Record
from coi_tracker.storage import migrate
from coi_tracker.storage.database import Database
from tests.floor import floor
from tests.functional.admin_forms import admin, nurse
from tests.functional.floor_world import world

__all__ = ["admin", "floor", "nurse", "world"]  # fixtures


def assert_state_is_the_fold(url: str) -> None:
    """Compare a record with its log; a database that the test broke on purpose, or never filled, is left alone."""
    try:
        whole = migrate.current(url) == migrate.latest()
    except CoiError:
        return
    if whole:
        with Database(url) as database:
            assert rebuild.check(Record(database)).findings == ()


@pytest.fixture(autouse=True)
def state_is_the_fold(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """Runs before what the test asked for is taken away, on both databases."""
    names = {"record", "database_url"} & set(request.fixturenames)
    asked = {name: request.getfixturevalue(name) for name in sorted(names)}
    yield
    if isinstance(asked.get("record"), Record):
        assert rebuild.check(asked["record"]).findings == ()
    elif isinstance(asked.get("database_url"), str):
        assert_state_is_the_fold(asked["database_url"])
    for file in sorted(tmp_path.rglob("*.sqlite3")):
        assert_state_is_the_fold(f"sqlite:///{file}")
