"""Sixteen processes at once: each hands in its own attempts, all of them let go at the same moment.

`python -m tests.races` is the host: it has imported everything, forks the workers, gives back what each was answered.
Every worker opens the record anew, as another server would. Nothing here is a mock.
"""

from __future__ import annotations

import multiprocessing
import pickle
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from coi_tracker.errors import CoiError
from coi_tracker.process.describe import definition
from coi_tracker.protocols.model import Protocol
from coi_tracker.services import available
from coi_tracker.services.attempts import Answer, record_attempt
from coi_tracker.services.record import Record
from coi_tracker.services.requests import AttemptRequest
from coi_tracker.simulation.clock import Clock
from coi_tracker.storage.database import Database
from coi_tracker.storage.keyfile import MasterKey

WORKERS = 16


@dataclass(frozen=True)
class Outcome:
    """What one attempt was answered, and when (seconds of the machine's monotonic clock, one for all processes)."""

    request: AttemptRequest
    answer: Answer | None
    error: CoiError | None
    sent: float
    answered: float

    @property
    def performed(self) -> bool:
        """Whether it was performed."""
        return self.answer is not None and self.answer.performed

    @property
    def codes(self) -> set[str]:
        """The reasons of a refusal."""
        return set() if self.answer is None else {str(r.code) for r in self.answer.reasons}


@dataclass(frozen=True)
class Work:
    """What the crew has to do. ``pauses``: seconds that a worker rests before each attempt, by its number."""

    url: str
    study: str
    now: datetime
    batches: Sequence[Sequence[AttemptRequest]]
    keys: tuple[MasterKey, ...] = ()
    pauses: dict[int, float] = field(default_factory=dict)


def at_once(work: Work) -> list[list[Outcome]]:
    """Let one process for each batch hand its attempts in; what each was answered, in the order of the batches."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.races"], input=pickle.dumps(work), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    answers: list[list[Outcome]] = pickle.loads(done.stdout)
    return answers


def flat(outcomes: list[list[Outcome]]) -> list[Outcome]:
    """All of them in one list."""
    return [one for batch in outcomes for one in batch]


def host() -> None:
    """Read the work from standard input, let it be done, write the answers to standard output."""
    work: Work = pickle.loads(sys.stdin.buffer.read())
    protocols = _protocols(work)
    forking = multiprocessing.get_context("fork")
    ready = forking.Barrier(len(work.batches))
    pipes, workers = [], []
    for number in range(len(work.batches)):
        mine, theirs = forking.Pipe(duplex=False)
        worker = forking.Process(target=_worker, args=(work, protocols, number, ready, theirs))
        worker.start()
        pipes.append(mine)
        workers.append(worker)
    answers = [pipe.recv() for pipe in pipes]
    for worker in workers:
        worker.join()
    sys.stdout.buffer.write(pickle.dumps(answers))


def _protocols(work: Work) -> dict[str, Protocol]:
    """Every released version, read once for all workers: reading takes longer than a step."""
    with Database(work.url) as database:
        record = Record(database)
        definition(record.process)
        released = available.released_versions(record, work.study)
        with database.read() as tx:
            for one in released.values():
                record.protocol(tx, one)
        return record.protocols


def _worker(work: Work, protocols: dict[str, Protocol], number: int, ready: Any, pipe: Any) -> None:
    with Database(work.url, connections=2) as database:
        record = Record(database, clock=Clock(work.now), person_keys=work.keys, protocols=protocols)
        with database.read() as tx:
            tx.query("SELECT 1")
        ready.wait()
        rest = work.pauses.get(number, 0)
        pipe.send([_handed_in(record, request, rest) for request in work.batches[number]])


def _handed_in(record: Record, request: AttemptRequest, rest: float) -> Outcome:
    time.sleep(rest)
    sent = time.monotonic()
    answer, error = None, None
    try:
        answer = record_attempt(record, request)
    except CoiError as problem:
        error = problem
    return Outcome(request, answer, error, sent, time.monotonic())
