"""Steps of different courses never wait for each other, and no step waits for what runs behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import quote

import pytest

from coi_tracker.services.attempts import record_attempt
from coi_tracker.services.changes import new_event_id
from coi_tracker.storage.chains import lock_chain
from coi_tracker.storage.database import Database
from coi_tracker.storage.log_store import lock_sequencer
from coi_tracker.storage.transaction import Transaction
from tests.races.soundness import assert_chains_whole
from tests.races.stage import Stage

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.requirement("COI-MUST-16")]

ON_POSTGRESQL = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
QUICK = "-c lock_timeout=2s"


class HeldBeforeCommit(Database):
    """Everything of a step is written and locked; the commit waits until it is let go."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.written, self.go = threading.Event(), threading.Event()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with super().write() as tx:
            yield tx
            tx.flush()
            self.written.set()
            assert self.go.wait(60)


@pytest.fixture
def impatient(stage: Stage) -> Iterator[Stage]:
    """The stage over connections that give up a lock after two seconds."""
    with Database(f"{stage.url}&options={quote(QUICK)}") as database:
        yield replace(stage, premises=replace(stage.premises, record=replace(stage.record, database=database)))


@ON_POSTGRESQL
@pytest.mark.requirement("COI-LOG-04")
def test_a_step_waits_neither_for_another_course_s_chain_nor_for_the_sequencer(stage: Stage, impatient: Stage) -> None:
    one, other = (stage.drive(f"I-{n}", "open_course") for n in range(2))
    request = stage.request("issue_labels", other.chain)
    with stage.record.database.write() as tx:
        lock_chain(tx, one.chain)
        lock_sequencer(tx)
        lock_chain(tx, "log", create=True)
        assert record_attempt(impatient.record, request).performed


@ON_POSTGRESQL
@pytest.mark.parametrize("step", ["issue_labels", "book_slot", "place_hold", "record_temperature"])
def test_a_step_that_has_written_all_but_not_committed_makes_no_other_course_wait(
    stage: Stage, impatient: Stage, step: str
) -> None:
    one, other = (stage.drive(f"J-{n}", "open_course") for n in range(2))
    slow, quick = stage.request(step, one.chain), stage.request("issue_labels", other.chain)
    held = HeldBeforeCommit(stage.url)
    thread = threading.Thread(target=record_attempt, args=(replace(stage.record, database=held), slow))
    thread.start()
    try:
        assert held.written.wait(30)
        for _ in range(3):
            again = replace(quick, id=new_event_id(stage.record))
            assert record_attempt(impatient.record, again).performed
    finally:
        held.go.set()
        thread.join(60)
    assert_chains_whole(stage.record, acknowledged=[slow.id])
    held.close()
