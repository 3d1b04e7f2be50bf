"""Random walks: right and spoiled attempts in any order, ten thousand of them, and every invariant holds throughout.

Seeded, so that a walk that finds something can be walked again.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from coi_tracker.course import Attempt, Course, Performed
from coi_tracker.engine import decide, evolve
from coi_tracker.process.til_v1 import TIL_V1
from coi_tracker.simulation.intent import NotYet
from coi_tracker.simulation.spoil import spoils
from coi_tracker.simulation.spoiling import Scene
from coi_tracker.vocabulary import Standing, Treatment
from tests.model.acts import Act, acts
from tests.model.invariants import Invariants
from tests.model.small import small
from tests.model.world import World, ordered

ATTEMPTS = 10_000


@dataclass
class Walk:
    """One walker: where it is, how far it has come, what it has seen."""

    world: World
    chance: random.Random
    course: Course
    now: datetime
    attempts: int = 0
    performed: int = 0
    refused: int = 0
    ends: dict[str, int] = field(default_factory=dict)

    def spoil(self, act: Act) -> None:
        """A spoiled copy of a right attempt: it is refused, for its one reason, and changes nothing."""
        prepared = self.world.up_to_the_last(act, self.course, self.now) if act.steps else None
        if prepared is None:
            return
        course, intent = prepared
        self.world.courses = {self.world.chain_name: course}
        attempt = self.world.attempt(intent, self.world.chain_name)
        decision = decide(TIL_V1, self.world.protocol, course, attempt)
        if not isinstance(decision, Performed):
            return
        scene = Scene(TIL_V1.steps[intent.step], self.world.protocol, course, attempt)
        one = self.chance.choice(list(spoils(scene)))
        self.refuses(one.scene.course, one.scene.attempt, f"{intent.step}: {one.what}", {one.code})

    def refuses(self, course: Course, attempt: Attempt, what: str, codes: set[str]) -> None:
        self.attempts += 1
        decision = decide(TIL_V1, self.world.protocol, course, attempt)
        assert not isinstance(decision, Performed), what
        assert {r.code for r in decision.reasons} == codes, what
        assert evolve(TIL_V1, course, decision.event) == course
        self.refused += 1

    def go(self, act: Act) -> None:
        """Try an act; when it is performed, go there."""
        before = self.world.tried
        after = self.world.after(act, self.course, self.now)
        self.attempts += self.world.tried - before
        if after is not None:
            self.course, self.now = after
            self.performed += 1


def walk(seed: int, attempts: int) -> Walk:
    protocol = small(2)
    world, course, now = ordered(protocol, outstanding=seed % 2 == 0)
    world.watchers = (Invariants(protocol), same_again)
    here = Walk(world, random.Random(seed), course, now)
    while here.attempts < attempts:
        if here.course.standing is Standing.CLOSED or here.chance.random() < 0.002:
            here.ends[here.course.treatment] = here.ends.get(here.course.treatment, 0) + 1
            here.course, here.now = course, now
        several = list(acts(TIL_V1, protocol, here.course, here.now, full=False))
        act = here.chance.choices(several, [_weight(act) for act in several])[0]
        here.spoil(act) if here.chance.random() < 0.4 else here.go(act)
    return here


def _weight(act: Act) -> int:
    """Most acts carry the work forward, or a walk would never see the end of it."""
    backwards = act.cost or act.name.startswith(("reject", "change", "destroy")) or act.name.endswith("fails")
    return 1 if backwards else 60


def same_again(before: Course, event: object, after: Course) -> None:
    """Evolving again gives the same course."""
    assert evolve(TIL_V1, before, event) == after  # type: ignore[arg-type]


@pytest.mark.requirement("COI-ENG-01", "COI-ENG-05", "COI-ENG-06", "COI-MUST-13")
@pytest.mark.slow
def test_ten_thousand_right_and_spoiled_attempts_keep_every_invariant() -> None:
    here = walk(20261122, ATTEMPTS)
    print(f"{here.attempts} attempts, {here.performed} acts performed, {here.refused} spoiled refused")
    print(f"courses ended {here.ends}")
    assert here.performed > 500
    assert here.refused > 500
    assert Treatment.COMPLETE in here.ends


@pytest.mark.requirement("COI-ENG-01")
def test_the_same_walk_ends_in_the_same_course() -> None:
    one, two = walk(7, 300), walk(7, 300)
    assert one.course == two.course
    assert (one.attempts, one.performed, one.refused) == (two.attempts, two.performed, two.refused)


@pytest.mark.requirement("COI-ENG-01")
def test_deciding_the_same_attempt_twice_gives_the_same_event() -> None:
    protocol = small(1)
    world, course, now = ordered(protocol, outstanding=False)
    for act in acts(TIL_V1, protocol, course, now + timedelta(0), full=True):
        try:
            prepared = world.up_to_the_last(act, course, now) if act.steps else None
        except NotYet:
            continue
        if prepared is not None:
            there, intent = prepared
            attempt = world.attempt(intent, world.chain_name)
            assert decide(TIL_V1, protocol, there, attempt) == decide(TIL_V1, protocol, there, attempt)
