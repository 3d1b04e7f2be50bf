"""The cost of a step, counted: the same number of round trips whatever the record holds, never more than twelve."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from coi_tracker.services.attempts import Answer
from coi_tracker.simulation.walking import Waiting, Walk, run
from coi_tracker.storage.database import Database
from coi_tracker.storage.transaction import Transaction
from tests.races.stage import Stage

LIMIT = 12


class CountingDatabase(Database):
    """Remembers its last writing transaction."""

    last: Transaction | None = None

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with super().write() as tx:
            self.last = tx
            yield tx


@dataclass
class CountingWalk(Walk):
    """Notes what each step sent: round trips and statements."""

    counts: dict[str, set[tuple[int, int]]] = field(default_factory=dict)

    def learn(self, step: str, answer: Answer) -> None:
        database = self.record.database
        assert isinstance(database, CountingDatabase)
        assert database.last is not None
        self.counts.setdefault(step, set()).add((database.last.round_trips, database.last.statements))
        super().learn(step, answer)


def counted(stage: Stage, number: str, *, entries: int = 0) -> dict[str, set[tuple[int, int]]]:
    """Drive a participant from registration to the closed course; what its steps sent. First make the course long."""
    premises = stage.premises
    walk = CountingWalk(stage.record, premises, premises.new_chain(f"subject/{number}"), premises.new_site())
    run(stage.record, walk.enrol())
    run(stage.record, lengthened(walk, entries))
    run(stage.record, walk.whole_course())
    return walk.counts


def lengthened(walk: Walk, entries: int) -> Waiting:
    """So many entries more, of a step that changes nothing else."""
    for _ in range(entries):
        yield from walk.do("record_temperature")


@pytest.mark.requirement("COI-MUST-21")
def test_every_step_of_a_course_takes_a_constant_number_of_round_trips_and_at_most_twelve(stage: Stage) -> None:
    counting = CountingDatabase(stage.url)
    stage = replace(stage, premises=replace(stage.premises, record=replace(stage.record, database=counting)))
    stage.drive("N-000", "register_subject")  # a process reads the text of a protocol once, with one more trip
    first = counted(stage, "N-001")
    later = counted(stage, "N-002", entries=150)
    counting.close()
    most = {step: max(trips for trips, _ in found) for step, found in first.items()}
    assert {step: trips for step, trips in most.items() if trips > LIMIT} == {}
    assert len(later.pop("record_temperature")) == 1, "the 150th costs what the first did"
    assert later == first
