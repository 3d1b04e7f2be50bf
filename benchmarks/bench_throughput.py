"""How many steps a second 1, 8 and 16 processes record on different courses, beside bare durable commits of as many.

python benchmarks/bench_throughput.py [--processes 1 8 16] [--database sqlite postgresql] [--steps 100]
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.machine import KINDS, Floor, fresh, said, show
from coi_tracker.services.attempts import record_attempt
from coi_tracker.services.changes import new_event_id
from coi_tracker.services.requests import AttemptRequest
from coi_tracker.storage.database import Database
from tests.races.stage import Stage, furnished, stage_on

FORKING = multiprocessing.get_context("fork")
Work = Callable[[int], Callable[[], None]]
"""For the number of a process: opens what it needs, and gives what it then does again and again."""


def rate(processes: int, times: int, work: Work) -> float:
    """How often a second they do it together, from the first beginning to the last end."""
    ready, answers = FORKING.Barrier(processes), FORKING.Queue()

    def run(number: int) -> None:
        once = work(number)
        once()
        ready.wait()
        start = time.monotonic()
        for _ in range(times):
            once()
        answers.put((start, time.monotonic()))

    crew = [FORKING.Process(target=run, args=(number,)) for number in range(processes)]
    for one in crew:
        one.start()
    spans = [answers.get() for _ in crew]
    for one in crew:
        one.join()
    return processes * times / (max(end for _, end in spans) - min(start for start, _ in spans))


def stepping(stage: Stage, requests: Sequence[AttemptRequest]) -> Work:
    """Records a plain step on a course of its own."""

    def opened(number: int) -> Callable[[], None]:
        record = replace(stage.record, database=Database(stage.url, connections=1))
        mine = requests[number]
        return lambda: _none(record_attempt(record, replace(mine, id=new_event_id(record))))

    return opened


def committing(url: str) -> Work:
    """Commits one row."""
    return lambda _: Floor(url).commit


def _none(_: Any) -> None:
    return None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 8, 16])
    parser.add_argument("--database", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--steps", type=int, default=100, help="by each process")
    asked = parser.parse_args()
    print(said())
    rows = []
    for kind in asked.database:
        with fresh(kind) as url:
            stage = stage_on(url, furnished(url, Path(tempfile.mkdtemp(prefix="coi-bench-keys-"))))
            chains = [stage.drive(f"T-{n}", "open_course").chain for n in range(max(asked.processes))]
            requests = [stage.request("record_temperature", chain) for chain in chains]
            stage.record.database.close()
            for processes in asked.processes:
                steps = rate(processes, asked.steps, stepping(stage, requests))
                floor = rate(processes, asked.steps, committing(url))
                rows.append([f"{kind}, {processes} processes", steps, floor, floor / steps])
    head = ("record", "steps / s", "bare commits / s", "commits / steps")
    show("Steps a second, each process on a course of its own", head, rows)


if __name__ == "__main__":
    main()
