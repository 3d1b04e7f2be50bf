"""What goes on behind the pages, in threads of the serving process: placing and signing the log, and what others add.

A worker is a function that does what there is to do and says how much that was. One that fails is told of in the
program's log and tried again later; it never takes the pages with it. Every worker takes its own locks, so that several
servers of one record may run them all.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from coi_tracker.config import Settings
from coi_tracker.services import checkpoints, keys, sequencer
from coi_tracker.services.record import Record

_log = logging.getLogger(__name__)
LONGEST_PAUSE = timedelta(minutes=5)
"""After failures, which double the pause."""


@dataclass(frozen=True, slots=True)
class Worker:
    """Something to be done again and again, `every` so long when there was nothing to do."""

    name: str
    every: timedelta
    work: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Running:
    """Workers that were started. `stop` ends them after what they are at."""

    stopping: threading.Event
    threads: tuple[threading.Thread, ...]

    def stop(self, *, patience: float = 10.0) -> None:
        """Ask them to end, and wait for them at most so many seconds each."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(patience)


def start(workers: Iterable[Worker]) -> Running:
    """A thread for each worker, which ends with the process."""
    stopping = threading.Event()
    threads = tuple(
        threading.Thread(target=_go_on, args=(one, stopping), name=one.name, daemon=True) for one in workers
    )
    for thread in threads:
        thread.start()
    return Running(stopping, threads)


def _go_on(worker: Worker, stopping: threading.Event) -> None:
    failures = 0
    while not stopping.is_set():
        try:
            done = worker.work()
            failures = 0
        except Exception:  # noqa: BLE001 - whatever it was, the next try may succeed and the pages go on
            _log.exception("%s failed, and is tried again", worker.name)
            failures, done = failures + 1, 0
        if not done:
            pause = min(worker.every * 2 ** min(failures, 10), max(worker.every, LONGEST_PAUSE))
            stopping.wait(pause.total_seconds())


def of_the_log(record: Record, settings: Settings) -> list[Worker]:
    """Entries get their place in the log every few seconds, and a checkpoint is signed as often as the settings say."""
    found = [Worker("sequencer", timedelta(seconds=5), lambda: sequencer.sequence(record))]
    if settings.checkpoint_minutes:
        every = timedelta(minutes=settings.checkpoint_minutes)
        found.append(Worker("checkpoints", every, lambda: _sign(record, settings)))
    return found


def _sign(record: Record, settings: Settings) -> int:
    checkpoints.checkpoint(record, keys.load(record, settings.key_dir), folder=settings.checkpoint_dir)
    return 0
