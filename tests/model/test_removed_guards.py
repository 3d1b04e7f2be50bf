"""The model check sees what it is there to see: without a key guard, the invariants break.

Each definition here lacks one guard of the last line: the gate before lymphodepletion, release, the bedside, custody,
the line between two courses. From states that are reachable under the real definition, one careless step is enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache

import pytest

from coi_tracker import engine
from coi_tracker.course import Course, Scanned
from coi_tracker.process.spec import Process
from coi_tracker.process.til_v1 import TIL_V1
from coi_tracker.vocabulary import LabelState, Material, Treatment
from coi_tracker.vocabulary import ReasonCode as Code
from tests.functional.guards import Guard, guards
from tests.model.explore import explore
from tests.model.foreign import foreign_attempts, performed
from tests.model.invariants import Invariants
from tests.model.probes import probe
from tests.model.small import small
from tests.model.test_pairs import right_attempts
from tests.model.world import ordered

GATE = "start_lymphodepletion"
KEY = {
    "bedside": [("infuse_bag", "SameTwoAtBedside"), ("infuse_bag", "SecondSigns"), ("infuse_bag", "DispositionAllows")],
    "custody": [("accept_by_courier", "OfferedHere"), ("accept_product_by_courier", "OfferedHere")],
    "release": [("release_product", "ResultsReviewed"), ("release_conditionally", "SecondSigns")],
    "the end": [("close_course", "EveryContainerFinal")],
}
SECOND_LINE = {"plan not blocked", "shipper log"}
"""Parts of the gate that other guards imply in every reachable state: a blocked plan is never a confirmed one, and
product is never received without its log. They stay, as a second line; the matrix shows that they work."""


@cache
def reachable() -> tuple[tuple[Course, datetime], ...]:
    """States from before the first hand-off to after the infusion, disturbed once where it matters."""
    world, course, now = ordered(small(1), outstanding=True)
    calm = explore(world, (course, now), budget=0)
    ready = [f for f in calm.states.values() if f[0].material is Material.AT_SITE]
    start = next(f for f in ready if f[0].treatment is Treatment.LD_COMPLETE)
    disturbed = explore(world, start, budget=1)
    later = [f for f in ready if f[0].treatment is Treatment.PLANNED][:1]
    spoiled = [f for one in later for f in explore(world, one, budget=1).states.values()]
    return (*calm.states.values(), *disturbed.states.values(), *spoiled)


def red(process: Process, step: str | None = None) -> bool:
    """Whether some step (or this one) in some reachable state breaks an invariant under this process."""
    protocol = small(1)
    world, _, _ = ordered(protocol, process, outstanding=True)
    world.watchers = (Invariants(protocol),)
    try:
        for found in reachable():
            probe(world, *found, only=step)
    except AssertionError:
        return True
    return False


def named(step: str, need: str) -> Iterator[Guard]:
    """The guard of a step that is a need of this class, as a whole."""
    places = [n for n, one in enumerate(TIL_V1.steps[step].needs) if type(one).__name__ == need]
    for guard in guards(TIL_V1):
        if guard.step == step and guard.name == f"needs[{places[0]}]":
            yield guard
            return


def gate_parts(*, second_line: bool) -> list[Guard]:
    parts = [g for g in guards(TIL_V1) if g.step == GATE and ".parts[" in g.name]
    return [g for g in parts if (g.what.split(": ")[1] in SECOND_LINE) is second_line]


@pytest.mark.slow
@pytest.mark.parametrize("step", sorted({GATE, *(step for pairs in KEY.values() for step, _ in pairs)}))
def test_the_real_definition_is_not_red(step: str) -> None:
    assert not red(TIL_V1, step)


@pytest.mark.requirement("COI-MUST-05", "COI-MUST-11")
@pytest.mark.slow
@pytest.mark.parametrize("guard", gate_parts(second_line=False), ids=lambda g: g.what)
def test_the_model_check_misses_every_part_of_the_gate(guard: Guard) -> None:
    assert red(guard.in_(TIL_V1), GATE)


@pytest.mark.slow
@pytest.mark.parametrize("guard", gate_parts(second_line=True), ids=lambda g: g.what)
def test_the_second_line_is_implied_in_every_reachable_state(guard: Guard) -> None:
    assert not red(guard.in_(TIL_V1), GATE)


@pytest.mark.requirement("COI-MUST-06", "COI-MUST-07", "COI-MUST-11")
@pytest.mark.slow
@pytest.mark.parametrize(("step", "need"), [pair for pairs in KEY.values() for pair in pairs])
def test_the_model_check_misses_every_key_guard(step: str, need: str) -> None:
    (guard,) = named(step, need)
    assert red(guard.in_(TIL_V1), step)


@pytest.mark.requirement("COI-MUST-03", "COI-MUST-11")
@pytest.mark.slow
def test_the_pair_check_misses_the_line_between_two_courses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the comparison of course with container, a stranger's bag is infused."""

    def careless(course: Course, scan: Scanned) -> Code | None:
        return scan.fault if scan.label is not LabelState.VOID else Code.LABEL_VOID

    monkeypatch.setattr(engine, "fault_of", careless)
    accepted = set()
    for world, name, there, attempt in right_attempts(1):
        for bag in [s.container for s in attempt.scans if s.container is not None]:
            theirs = replace(bag, coi="COTHER")
            for what, foreign in foreign_attempts(there, attempt, theirs):
                if what.endswith("in place of scan 0") and performed(world, there, foreign):
                    accepted.add(name)
    assert {"infuse_bag", "verify_at_bedside", "procure_tissue"} & accepted
