"""PostgreSQL crashes in the middle: sentences while it is gone, nothing lost and nothing partial afterwards."""

from __future__ import annotations

import signal
import threading
from dataclasses import replace

import pytest

from coi_tracker.errors import CoiError
from coi_tracker.services.attempts import record_attempt
from coi_tracker.services.changes import new_event_id
from coi_tracker.services.requests import AttemptRequest
from coi_tracker.storage.database import Database
from coi_tracker.storage.faults import DurabilityUnknown, StorageUnavailable, Why
from tests.durability.crashing import crash, revive
from tests.durability.test_killed_writer import attempts
from tests.postgres import PostgresServer
from tests.races.soundness import assert_chains_whole, assert_whole
from tests.races.stage import Stage

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.requirement("COI-MUST-18")]

WRITERS = 4


class Writers:
    """Threads that write until the server is gone: what was acknowledged, and what the last attempts were told."""

    def __init__(self, stage: Stage, wanted: list[AttemptRequest]) -> None:
        self.acknowledged: list[str] = []
        self.unsure: list[AttemptRequest] = []
        self.errors: list[CoiError] = []
        self._stage, self._wanted = stage, wanted
        self._threads = [threading.Thread(target=self._write, args=(n,)) for n in range(WRITERS)]
        self.enough = threading.Event()
        for thread in self._threads:
            thread.start()

    def _write(self, number: int) -> None:
        record = self._stage.record
        for turn in range(number, 1_000_000, WRITERS):
            request = replace(self._wanted[turn % len(self._wanted)], id=new_event_id(record))
            try:
                record_attempt(record, request)
            except CoiError as error:
                self.errors.append(error)
                self.unsure.append(request)
                return
            self.acknowledged.append(request.id)
            if len(self.acknowledged) >= 20:
                self.enough.set()

    def join(self) -> None:
        """Wait until each of them has been told."""
        for thread in self._threads:
            thread.join(timeout=60)
            assert not thread.is_alive()


def test_a_crash_of_the_server_loses_nothing_that_was_acknowledged(
    durable_server: PostgresServer, durable_stage: Stage
) -> None:
    wanted = list(attempts(durable_stage))
    for how in (signal.SIGQUIT, signal.SIGKILL, signal.SIGQUIT):
        one_crash(durable_server, durable_stage, wanted, how)
    assert_whole(durable_stage.record)


def one_crash(server: PostgresServer, stage: Stage, wanted: list[AttemptRequest], how: signal.Signals) -> None:
    """Crash while four write; then everything acknowledged is there, and what was not can be sent again."""
    writers = Writers(stage, wanted)
    assert writers.enough.wait(60)
    crash(server, how)
    writers.join()
    assert all(isinstance(error, StorageUnavailable | DurabilityUnknown) for error in writers.errors), writers.errors
    with pytest.raises(StorageUnavailable) as told:
        record_attempt(stage.record, writers.unsure[0])
    assert told.value.why is Why.UNREACHABLE

    revive(server)
    assert_chains_whole(stage.record, acknowledged=writers.acknowledged)
    repeated = [record_attempt(stage.record, request) for request in writers.unsure]
    again = [record_attempt(stage.record, request) for request in writers.unsure]
    assert [a.entry for a in again] == [r.entry for r in repeated]
    assert all(a.replayed for a in again), "whatever became of the first try, the same id is recorded once"
    assert_chains_whole(stage.record, acknowledged=[*writers.acknowledged, *(r.id for r in writers.unsure)])


def test_a_commit_that_no_copy_confirms_is_told_as_unknown_and_may_be_repeated(
    durable_server: PostgresServer, durable_stage: Stage
) -> None:
    stage = durable_stage
    chain = stage.drive("U-1", "book_slot").chain
    request = stage.request("record_temperature", chain)
    durable_server._run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    durable_server._run("SELECT pg_reload_conf()")
    try:
        with Database(stage.url, commit_patience=0.3) as impatient, pytest.raises(DurabilityUnknown) as told:
            record_attempt(replace(stage.record, database=impatient), request)
    finally:
        durable_server._run("ALTER SYSTEM RESET synchronous_standby_names")
        durable_server._run("SELECT pg_reload_conf()")
    assert "same id" in str(told.value)
    before = stage.now(chain).seq
    answer = record_attempt(stage.record, request)
    assert answer.performed
    assert stage.now(chain).seq == max(before, answer.seq)
    assert_chains_whole(stage.record, acknowledged=[request.id])
