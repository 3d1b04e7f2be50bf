"""Fixtures of the durability tests: the furnished record of the races, and a PostgreSQL that really writes to disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from coi_tracker.simulation.premises import Premises
from tests import postgres
from tests.conftest import absent
from tests.races.conftest import stage
from tests.races.stage import Stage, furnished, stage_on

__all__ = ["durable_server", "durable_stage", "stage"]

_PREMISES: list[Premises] = []


@pytest.fixture(scope="session")
def durable_server() -> Iterator[postgres.PostgresServer]:
    """A server of our own with fsync on. Tests may crash it, and have to start it again."""
    try:
        server = postgres.start(fsync=True)
    except postgres.PostgresMissing as missing:
        absent(str(missing))
        raise AssertionError("not reached") from missing
    yield server
    server.stop()


@pytest.fixture
def durable_stage(durable_server: postgres.PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A furnished record on that server."""

    def furnish(url: str) -> None:
        _PREMISES.append(furnished(url, tmp_path_factory.getbasetemp(), sites=1, shippers=4))

    found = stage_on(durable_server.create_prepared("durable", furnish), _PREMISES[0])
    yield found
    found.record.database.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where keys may lie."""
    return tmp_path
