"""Records to sequence, sign, export and verify, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from coi_tracker.custody_log.note import SigningKey
from coi_tracker.services.record import Record
from tests.integration.log import builders


@pytest.fixture
def record(prepared_database) -> Iterator[Record]:
    """An open record with places and no entry."""
    opened = builders.open_record(prepared_database(builders.migrated))
    yield opened
    opened.database.close()


@pytest.fixture
def key_dir(tmp_path: Path) -> Path:
    """Where the key of the log is kept."""
    return tmp_path / "keys"


@pytest.fixture
def key(record: Record, key_dir: Path) -> SigningKey:
    """The log's first key, published."""
    return builders.published(record, key_dir)
