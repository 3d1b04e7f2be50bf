"""What one scan at a station costs the server: processor time and wall time, by what the scan is.

    python benchmarks/bench_scan.py [--database sqlite postgresql] [--bags 3]

One participant is walked through a whole course at stations, as in the tests: looked up, begun, scanned, answered,
signed and recorded. Each scan is one call of `services.floor.scanning.scan`, everything included but HTTP.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks.machine import KINDS, fresh, high, middle, said, show
from coi_tracker.services.floor import scanning
from coi_tracker.services.floor.screen import Outcome
from coi_tracker.simulation.walking import Waiting
from tests.functional import floor_stories, station


@dataclass
class Watch:
    """Seconds of processor and of the clock on the wall, by what the scan was."""

    processor: dict[str, list[float]] = field(default_factory=dict)
    wall: dict[str, list[float]] = field(default_factory=dict)

    def scan(self, *given: Any, **named: Any) -> Outcome:
        """One scan, timed."""
        wall, processor = time.perf_counter(), time.process_time()
        outcome = scanning.scan(*given, **named)
        processor, wall = time.process_time() - processor, time.perf_counter() - wall
        for what in ("every scan", f"{outcome.kind}, then {outcome.screen.state}"):
            self.processor.setdefault(what, []).append(processor)
            self.wall.setdefault(what, []).append(wall)
        return outcome


@contextmanager
def watched() -> Iterator[Watch]:
    """Every scan of the stations of the tests is timed in here."""
    watch = Watch()
    station.scan = watch.scan  # type: ignore[attr-defined]
    try:
        yield watch
    finally:
        station.scan = scanning.scan  # type: ignore[attr-defined]


def whole(walk: station.FloorWalk) -> Waiting:
    """From registration to the closed course."""
    yield from walk.enrol()
    yield from walk.whole_course()


def lines(watch: Watch) -> Iterator[Sequence[object]]:
    """One line for each sort of scan."""
    for what in sorted(watch.processor, key=lambda w: -len(watch.processor[w])):
        used, waited = watch.processor[what], watch.wall[what]
        figures = (middle(used), high(used), middle(waited), high(waited))
        yield (what, len(used), *figures)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, and print a table for each database."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", nargs="*", choices=KINDS, default=list(KINDS))
    parser.add_argument("--bags", type=int, default=3)
    wanted = parser.parse_args(arguments)
    print(said())
    for kind in wanted.database:
        with fresh(kind) as url, watched() as watch:
            record, premises = station.furnished(url)
            floor_stories.tell(record, premises, whole, "S-001", bags=wanted.bags)
            record.database.close()
        show(kind, ("scan", "number", "processor ms", "p95", "wall ms", "p95"), list(lines(watch)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
