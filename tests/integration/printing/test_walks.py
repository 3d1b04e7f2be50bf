"""Random work in a print shop: people who ask, workers that die or are cut off, people who count.

Whatever happens: no serial comes out twice, and what came out is printed by the log or waits to be counted.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from coi_tracker.errors import NotUnderstood
from coi_tracker.services import print_counting, printing
from coi_tracker.services.print_work import Outcome
from coi_tracker.storage.printing import Printer
from coi_tracker.vocabulary import HowDelivered, JobState, LabelState
from tests.integration.printing.shop import Shop

STEPS = 150


class Killed(BaseException):
    """kill -9, as far as a thread can play it: nothing of ours catches this."""


@dataclass
class Walk:
    """A shop, chance, and what has happened."""

    shop: Shop
    chance: random.Random
    serials: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def step(self) -> None:
        name = self.chance.choice(
            ["issue", "ask", "ask", "work", "work", "work", "die", "die", "wait", "count", "count", "cancel", "void"]
        )
        getattr(self, name)()
        self.seen.add(name)

    def issue(self) -> None:
        """Most of the time somebody wants them printed at once."""
        fresh = self.shop.issue(self.chance.randint(1, 3))
        self.serials += fresh
        if self.chance.random() < 0.7:
            self.ask(fresh)

    def some(self) -> list[str]:
        """Labels of late, for older ones expire: some that wait, some in another job, some printed already."""
        late = self.serials[-6:]
        return self.chance.sample(late, self.chance.randint(1, min(3, len(late)))) if late else []

    def ask(self, wanted: list[str] | None = None) -> None:
        job_id = self.shop.new_id()
        wanted = wanted or self.some()
        for _ in range(self.chance.randint(1, 2)):
            with contextlib.suppress(NotUnderstood):
                self.shop.ask(wanted, job_id=job_id)

    def work(self) -> None:
        paper = self.shop.paper
        paper.then, paper.halves = [self.chance.choice(list(HowDelivered))], self.chance.randint(0, 3)
        self.shop.work()

    def die(self) -> None:
        """Killed after some of it came out, and before anything was committed."""

        def dies(_printer: Printer, content: bytes, _job: str) -> Outcome:
            labels = content.decode().splitlines()
            self.shop.paper.out += labels[: self.chance.randint(0, len(labels))]
            raise Killed

        with contextlib.suppress(Killed):
            self.shop.work(deliver=dies)

    def wait(self) -> None:
        self.shop.pass_time(minutes=self.chance.choice([1, 3]))

    def count(self) -> None:
        """A person looks at what lies there, and says so."""
        doubtful = [v for v in printing.jobs(self.shop.record) if v.job.state is JobState.MAY_HAVE_PRINTED]
        if doubtful:
            view = self.chance.choice(doubtful)
            out = [one.serial for one in view.labels if one.serial in self.shop.paper.out]
            print_counting.settle_job(self.shop.record, view.job.id, printed=out, by=self.shop.asker)

    def cancel(self) -> None:
        waiting = [view.job.id for view in printing.jobs(self.shop.record, only_open=True)]
        with contextlib.suppress(NotUnderstood):
            if waiting:
                printing.cancel_job(self.shop.record, self.chance.choice(waiting), by=self.shop.asker)

    def void(self) -> None:
        live = [s for s in self.serials if s in self.shop.course.labels]
        if live and self.chance.random() < 0.4:
            container = self.shop.course.labels[self.chance.choice(live)].container
            self.shop.stage.do("void_label", self.shop.chain, container=container, place=self.shop.course.site)


def check(shop: Shop) -> None:
    out, said = shop.paper.out, shop.said_to_be_printed()
    assert len(out) == len(set(out)), "a serial is on two labels"
    assert len(said) == len(set(said)), "the log says of a label twice that it was printed"
    assert set(said) <= set(out), "counted as printed, and it never came out"
    unknown = set(out) - set(said)
    known = {JobState.SENDING, JobState.MAY_HAVE_PRINTED}
    open_jobs = [view for view in printing.jobs(shop.record, only_open=True) if view.job.state in known]
    assert unknown <= {one.serial for view in open_jobs for one in view.labels}, "out, and the record does not know"


@pytest.mark.requirement("COI-PRINT-02", "COI-PRINT-04", "COI-PRINT-05", "COI-PRINT-06")
@pytest.mark.parametrize("seed", range(4))
def test_no_serial_is_printed_twice_without_the_record_knowing(shop: Shop, seed: int) -> None:
    walk = Walk(shop, random.Random(seed))
    for _ in range(STEPS):
        walk.step()
        check(shop)
    assert walk.seen >= {"issue", "ask", "work", "die", "count", "cancel"}
    assert len(shop.paper.out) >= 8
    finish(walk)
    live = [serial for serial in walk.serials if serial in shop.course.labels]
    assert LabelState.PRINTED in shop.states(live)


def finish(walk: Walk) -> None:
    """In the end everything is counted, and nothing waits."""
    settled: Callable[[], bool] = lambda: not printing.jobs(walk.shop.record, only_open=True)  # noqa: E731
    for _ in range(60):
        walk.shop.pass_time(minutes=6)
        walk.shop.work()
        walk.count()
        if settled():
            break
    assert settled()
    check(walk.shop)
