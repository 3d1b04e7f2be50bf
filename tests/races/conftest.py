"""Fixtures of the races: a furnished record on either database."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from coi_tracker.simulation.premises import Premises
from tests.races.stage import Stage, furnished, person_keys, stage_on

_PREMISES: dict[str, Premises] = {}


@pytest.fixture
def stage(
    prepared_database: Callable[[Callable[[str], None]], str],
    database_kind: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stage]:
    """A record with two sites, two facilities, people and supplies, and nothing recorded about anybody."""
    folder = tmp_path_factory.getbasetemp()
    person_keys(folder) if not (folder / "persons.key").exists() else None

    def furnish(url: str) -> None:
        _PREMISES[database_kind] = furnished(url, folder)

    found = stage_on(prepared_database(furnish), _PREMISES[database_kind])
    yield found
    found.record.database.close()
