"""What one step costs, and that it costs the same in a small and in a large record, early and late in a course.

    python benchmarks/bench_step.py [--entries 1000 100000 1000000] [--database sqlite postgresql] [--long 100000]

Counts statements and round trips of every step of a driven course, and measures the time of a step beside the least
that a durable commit costs here (`machine.Floor`): the ratio says more than the milliseconds, which are this machine's.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.filling import Filler
from benchmarks.machine import KINDS, Floor, fresh, high, middle, said, seconds, show
from coi_tracker.course import Course
from coi_tracker.services.attempts import Answer, record_attempt
from coi_tracker.services.changes import new_event_id
from coi_tracker.services.sequencer import sequence
from coi_tracker.simulation.handing_in import request_of
from coi_tracker.simulation.intent import Intent
from coi_tracker.simulation.walking import Walk, run
from coi_tracker.storage.database import Database
from coi_tracker.storage.transaction import Transaction
from tests.races.stage import Stage, furnished, stage_on

REPEATS = 200
STEP = "record_temperature"
"""The plainest step: what is measured is the path, not the step."""


class CountingDatabase(Database):
    """Remembers its last writing transaction, to ask what it sent."""

    last: Transaction | None = None

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """As ever."""
        with super().write() as tx:
            self.last = tx
            yield tx


@dataclass(frozen=True)
class Cost:
    """What one step took."""

    step: str
    time: float
    statements: int
    round_trips: int


@dataclass
class MeasuredWalk(Walk):
    """A walk that measures how long each attempt takes from the request to the answer."""

    costs: list[Cost] = field(default_factory=list)

    def hand_in(self, intent: Intent) -> Answer:
        """Record the intent, and note what it cost."""
        request = request_of(self.record, self.premises, intent, self.chain_of(intent.step))
        start = time.perf_counter()
        answer = record_attempt(self.record, request)
        taken = time.perf_counter() - start
        self.costs.append(Cost(intent.step, taken, *sent(self.record.database)))
        self.learn(intent.step, answer)
        return answer


def sent(database: Database) -> tuple[int, int]:
    """Statements and round trips of the last writing transaction."""
    last = database.last if isinstance(database, CountingDatabase) else None
    return (0, 0) if last is None else (last.statements, last.round_trips)


def measured_course(stage: Stage, number: str) -> list[Cost]:
    """Drive a participant from registration to the closed course; what each step cost."""
    premises = stage.premises
    walk = MeasuredWalk(stage.record, premises, premises.new_chain(f"subject/{number}"), premises.new_site())
    run(stage.record, walk.enrol())
    run(stage.record, walk.whole_course())
    return walk.costs


def counting_stage(url: str) -> Stage:
    """A furnished record that counts."""
    stage = stage_on(url, furnished(url, Path(tempfile.mkdtemp(prefix="coi-bench-keys-"))))
    stage.record.database.close()
    record = replace(stage.record, database=CountingDatabase(url))
    return replace(stage, premises=replace(stage.premises, record=record))


@dataclass
class Repeated:
    """Seconds of each repeat: of a step, of the processor in it (of this process only), and of the floor."""

    steps: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    floors: list[float] = field(default_factory=list)


def repeated(stage: Stage, course: Course, floor: Floor) -> Repeated:
    """The same plain step again and again on one course, taking turns with the floor."""
    request = stage.request(STEP, course.chain)
    found = Repeated()
    for _ in range(REPEATS):
        one = replace(request, id=new_event_id(stage.record), happened_at=stage.clock.now)
        before = time.process_time()
        found.steps.append(seconds(lambda one=one: record_attempt(stage.record, one)))
        found.processor.append(time.process_time() - before)
        found.floors.append(seconds(floor.commit))
    return found


def main() -> None:
    """Measure and print."""
    asked = _arguments()
    print(said())
    for kind in asked.database:
        with fresh(kind) as url:
            _measure(kind, url, asked)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--database", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--long", type=int, default=100_000, help="entries in the chain of one course")
    return parser.parse_args()


def _measure(kind: str, url: str, asked: argparse.Namespace) -> None:
    stage = counting_stage(url)
    copied = stage.drive("TEMPLATE-1", None)
    long = stage.drive("TEMPLATE-2", "book_slot")
    stage.do(STEP, long.chain)
    sequence(stage.record)
    filler, floor = Filler(url, copied.coi or ""), Floor(url)
    rows = []
    for number, entries in enumerate(asked.entries):
        start = time.perf_counter()
        filler.fill(entries)
        _told(f"{kind}: {filler.size:,} entries after {time.perf_counter() - start:.0f} s")
        costs = measured_course(stage, f"M{number}-1")
        course = stage.drive(f"M{number}-2", "book_slot")
        rows.append(_row(f"{kind}, {filler.size:,} entries", repeated(stage, course, floor), costs))
    filler.lengthen(long.coi or "", STEP, asked.long)
    took = repeated(stage, long, floor)
    rows.append(_row(f"{kind}, a course of {stage.now(long.chain).seq:,} entries", took, []))
    head = (
        "record",
        "step, ms",
        "95 %, ms",
        "processor, ms",
        "floor, ms",
        "step / floor",
        "any step, ms",
        "statements",
        "round trips",
    )
    show(f"Time of one step ({REPEATS} times {STEP}; `any step`: median over a whole course)", head, rows)
    _show_counts(kind, costs)
    floor.close()
    stage.record.database.close()


def _row(name: str, took: Repeated, costs: list[Cost]) -> list[object]:
    step, floor = middle(took.steps), middle(took.floors)
    found: list[object] = [name, step, high(took.steps), middle(took.processor), floor, step / floor]
    if not costs:
        return [*found, "", "", ""]
    most = f"{min(c.statements for c in costs)} to {max(c.statements for c in costs)}"
    trips = f"{min(c.round_trips for c in costs)} to {max(c.round_trips for c in costs)}"
    return [*found, middle([c.time for c in costs]), most, trips]


def _show_counts(kind: str, costs: list[Cost]) -> None:
    by_step: dict[str, list[Cost]] = {}
    for cost in costs:
        by_step.setdefault(cost.step, []).append(cost)
    rows = [
        [step, len(found), max(c.statements for c in found), max(c.round_trips for c in found)]
        for step, found in by_step.items()
    ]
    show(f"What each step sends ({kind})", ("step", "times", "statements", "round trips"), rows)


def _told(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
