"""Every state of one course, over the abstraction that docs/model_check.md writes down.

`COI_MODEL_CHECK=full pytest tests/model -k further -s` explores two bags, planning at any time, and two disturbances.
"""

from __future__ import annotations

import os
import time
from collections.abc import Hashable
from datetime import datetime

import pytest

from coi_tracker.course import Course
from coi_tracker.vocabulary import Standing, Treatment
from tests.model.explore import Explored, explore, way_out
from tests.model.invariants import Invariants
from tests.model.probes import probe, probe_holds
from tests.model.small import small
from tests.model.world import World, ordered

FULL = os.environ.get("COI_MODEL_CHECK") == "full"


def checked(*, bags: int, outstanding: bool) -> tuple[World, tuple[Course, datetime]]:
    """A world in which every event is looked at, and its first state."""
    protocol = small(bags)
    world, course, now = ordered(protocol, outstanding=outstanding)
    world.watchers = (Invariants(protocol),)
    return world, (course, now)


def run(*, bags: int, outstanding: bool, budget: int, full: bool = False) -> tuple[World, Explored]:
    """Explore, find a way out of every state, and print the figures."""
    begun = time.process_time()
    world, start = checked(bags=bags, outstanding=outstanding)
    leaving, known, dead = checked(bags=bags, outstanding=outstanding)[0], set[Hashable](), list[Course]()
    seen: dict[str, set[str]] = {"standing": set(), "treatment": set()}

    def visit(found: tuple[Course, datetime]) -> None:
        seen["standing"].add(found[0].standing)
        seen["treatment"].add(found[0].treatment)
        if not way_out(leaving, found, known):
            dead.append(found[0])

    explored = explore(world, start, budget=budget, full=full, visit=visit)
    print(
        f"{bags} bag(s), progression {'outstanding' if outstanding else 'documented'}, {budget} disturbance(s): "
        f"{len(explored.spent)} states, {explored.transitions} transitions, {world.tried} attempts, "
        f"{world.performed} performed, {time.process_time() - begun:.0f} s of one core"
    )
    assert dead == []
    assert {Treatment.COMPLETE, Treatment.IL2_RUNNING} <= seen["treatment"]
    assert Standing.CLOSED in seen["standing"]
    return world, explored


@pytest.mark.requirement("COI-MUST-01", "COI-MUST-05", "COI-MUST-06", "COI-MUST-10")
@pytest.mark.slow
def test_no_reachable_state_of_an_undisturbed_course_breaks_anything_and_none_is_dead() -> None:
    _, explored = run(bags=2, outstanding=True, budget=0, full=True)
    assert len(explored.spent) > 2_000


@pytest.mark.requirement(
    "COI-MUST-01",
    "COI-MUST-05",
    "COI-MUST-06",
    "COI-MUST-07",
    "COI-MUST-08",
    "COI-MUST-09",
    "COI-MUST-10",
)
@pytest.mark.slow
def test_no_disturbance_at_any_moment_breaks_anything_and_none_leaves_a_dead_state() -> None:
    _, explored = run(bags=1, outstanding=False, budget=1)
    assert len(explored.spent) > 10_000


@pytest.mark.requirement("COI-MUST-06", "COI-MUST-08", "COI-ENG-06")
@pytest.mark.slow
def test_no_wrong_container_missing_signature_flag_or_place_is_a_way_round_in_any_state() -> None:
    world, start = checked(bags=2, outstanding=True)
    explored = explore(world, start, budget=0, full=FULL)
    world.tried = 0
    passed = sum(probe(world, *found) for found in explored.states.values())
    print(f"{len(explored.states)} states, {world.tried} wrong attempts, {passed} of them right all the same")
    assert passed < world.tried / 10


@pytest.mark.requirement("COI-MUST-08")
@pytest.mark.slow
def test_nothing_is_performed_under_a_hold_that_forbids_it_in_any_state() -> None:
    world, start = checked(bags=1, outstanding=True)
    explored = explore(world, start, budget=0)
    world.tried = 0
    passed = sum(probe_holds(world, *found) for found in explored.states.values())
    print(f"{len(explored.states)} states under 8 holds, {world.tried} attempts, {passed} performed")
    assert passed > 0


@pytest.mark.skipif(not FULL, reason="further than the suite: COI_MODEL_CHECK=full")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("bags", "outstanding", "budget", "full"),
    [(2, True, 1, False), (1, True, 1, True), (1, False, 2, False)],
    ids=["two bags", "planning at any time", "two disturbances"],
)
def test_further(*, bags: int, outstanding: bool, budget: int, full: bool) -> None:
    run(bags=bags, outstanding=outstanding, budget=budget, full=full)
