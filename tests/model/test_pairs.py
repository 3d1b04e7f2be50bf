"""Every pair of courses, of one subject and of two: nothing of the one is ever used for the other.

Why the pairs need not be walked through together stands in docs/model_check.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from coi_tracker.course import Attempt, Course, Refused
from coi_tracker.engine import decide
from coi_tracker.protocols import builtin
from coi_tracker.simulation import paths
from coi_tracker.simulation.bench import Bench
from coi_tracker.simulation.intent import Intent, ScanIntent
from coi_tracker.simulation.resolving import resolve
from coi_tracker.vocabulary import ReasonCode as Code
from tests.model.explore import explore
from tests.model.foreign import (
    anything_like,
    claimed_attempts,
    foreign_attempts,
    performed,
    shown,
    situations,
)
from tests.model.small import small
from tests.model.world import World, ordered


def right_attempts(bags: int) -> Iterator[tuple[World, str, Course, Attempt]]:
    """Every right attempt at A in any state, once for each sort of things it reads."""
    world, course, now = ordered(small(bags), outstanding=True)
    explored = explore(world, (course, now), budget=0)
    for name, there, intent in situations(world, explored.states.values()):
        world.courses, world.now = {world.chain_name: there}, intent.at
        attempt = world.attempt(intent, world.chain_name)
        if performed(world, there, attempt):
            yield world, name, there, attempt


@pytest.mark.requirement("COI-MUST-02", "COI-MUST-03", "COI-MUST-04")
@pytest.mark.slow
def test_nothing_of_another_course_is_used_in_any_state() -> None:
    world, course, now = ordered(small(2), outstanding=False)
    theirs = shown(found[0] for found in explore(world, (course, now), budget=0).states.values())
    tried, situations_, wrong = 0, 0, []
    for here, name, there, attempt in right_attempts(2):
        situations_ += 1
        for container in (*theirs, *anything_like(attempt)):
            for what, foreign in foreign_attempts(there, attempt, container):
                tried += 1
                if performed(here, there, foreign):
                    wrong.append((name, what, container))
    print(f"{situations_} situations of A, {len(theirs)} sorts of B's containers and more: {tried} attempts")
    assert wrong == []
    assert tried > 50_000


@pytest.mark.requirement("COI-MUST-02")
@pytest.mark.slow
def test_what_another_course_has_claimed_is_not_taken_in_any_state() -> None:
    tried, wrong = 0, []
    for here, name, there, attempt in right_attempts(1):
        for what, claimed in claimed_attempts(attempt):
            tried += 1
            if performed(here, there, claimed):
                wrong.append((name, what))
    print(f"{tried} attempts")
    assert wrong == []
    assert tried > 10


@dataclass
class Confused(Bench):
    """A bench on which everybody at one course first scans every label of another one, in place of each scan."""

    mine: str = ""
    theirs: tuple[str, ...] = ()
    tried: int = 0
    codes: set[Code] = field(default_factory=set)

    def attempt(self, intent: Intent, chain: str) -> Attempt:
        """The right attempt, after all the wrong ones were refused."""
        for place in range(len(intent.scans) if chain == self.mine else 0):
            for serial in self.theirs:
                scans = (*intent.scans[:place], ScanIntent(serial), *intent.scans[place + 1 :])
                self.refused(replace(intent, scans=scans))
        return super().attempt(intent, chain)

    def refused(self, intent: Intent) -> None:
        course = self.courses[self.mine]
        decision = decide(self.process, self.protocol, course, resolve(self, intent, course))
        assert isinstance(decision, Refused), f"{intent.step} with a label of another course"
        self.tried += 1
        self.codes |= {r.code for r in decision.reasons}


@pytest.mark.requirement("COI-MUST-02", "COI-MUST-03")
@pytest.mark.parametrize("same_subject", [True, False], ids=["the same subject", "two subjects"])
def test_every_label_of_the_other_course_is_refused_at_every_step_to_the_end(same_subject: bool) -> None:
    bench = Confused(builtin("iov_lun_202"))
    other = to_the_site(bench, "S-001")
    if same_subject:
        bench.do("terminate_course", other)
    bench.theirs = tuple(c.serial for c in bench.courses[other].containers.values())
    bench.mine = paths.enrol(bench, "S-001" if same_subject else "S-002", again=same_subject)
    to_the_end(bench, bench.mine)
    print(f"{bench.tried} labels of the other course scanned, refused for {', '.join(sorted(bench.codes))}")
    assert bench.tried > 500
    assert (Code.SAME_SUBJECT_OTHER_COURSE if same_subject else Code.WRONG_COURSE) in bench.codes


def to_the_site(bench: Bench, number: str) -> str:
    chain = paths.enrol(bench, number)
    make(bench, chain)
    return chain


def make(bench: Bench, chain: str) -> None:
    paths.procure(bench, chain)
    paths.manufacture(bench, chain)
    paths.results(bench, chain)
    bench.do("release_product", chain)
    paths.ship(bench, chain)


def to_the_end(bench: Bench, chain: str) -> None:
    make(bench, chain)
    paths.treat(bench, chain)
    paths.close(bench, chain)
