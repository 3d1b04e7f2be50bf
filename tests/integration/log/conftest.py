"""Records to sequence, sign, export and verify, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from coi_tracker.custody_log.note import SigningKey
from coi_tracker.services.record import Record
from tests.integration.log import builders
from tests.integration.log.attacker import Attacker


@pytest.fixture
def url(prepared_database, request: pytest.FixtureRequest) -> str:
    """A database with places and no entry; with the fixture `filled_log` one with a small log."""
    wanted = "filled_log" in request.fixturenames
    return str(prepared_database(builders.filled if wanted else builders.migrated))


@pytest.fixture
def filled_log() -> SigningKey:
    """Asks for a log of 28 entries and three that wait, with two checkpoints; its key."""
    return builders.seeded_key()


@pytest.fixture
def record(url: str) -> Iterator[Record]:
    """The open record."""
    opened = builders.open_record(url)
    yield opened
    opened.database.close()


@pytest.fixture
def attacker(url: str) -> Iterator[Attacker]:
    """Somebody who owns the database."""
    found = Attacker(url)
    yield found
    found.close()


@pytest.fixture
def key_dir(tmp_path: Path) -> Path:
    """Where the key of the log is kept."""
    return tmp_path / "keys"


@pytest.fixture
def key(record: Record, key_dir: Path) -> SigningKey:
    """The log's first key, published."""
    return builders.published(record, key_dir)
