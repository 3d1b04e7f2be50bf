"""All states that can be reached, breadth first, with a budget of disturbances; and a way out of each of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from coi_tracker.course import Course
from coi_tracker.vocabulary import (
    FINAL_STATES,
    OPEN_LABELS,
    ContainerState,
    Standing,
    Treatment,
)
from tests.model.acts import Act, acts
from tests.model.state import key
from tests.model.world import World

Found = tuple[Course, datetime]


@dataclass
class Explored:
    """Every state once, with what it cost to get there, and how many transitions were taken.

    ``states`` holds a course for each (one of those that are the same state) unless it was told not to.
    """

    states: dict[Hashable, Found] = field(default_factory=dict)
    spent: dict[Hashable, int] = field(default_factory=dict)
    transitions: int = 0


def explore(
    world: World, start: Found, *, budget: int, full: bool = False, visit: Callable[[Found], None] | None = None
) -> Explored:
    """Every reachable state with at most so many disturbances on the way to it. ``visit`` sees each once."""
    found = Explored()
    queue = deque([(start, 0)])
    while queue:
        (course, now), spent = queue.popleft()
        state = key(world.protocol, course, now)
        if found.spent.get(state, budget + 1) <= spent:
            continue
        if visit is None:
            found.states[state] = (course, now)
        elif state not in found.spent:
            visit((course, now))
        found.spent[state] = spent
        for act in acts(world.process, world.protocol, course, now, full=full):
            if spent + act.cost > budget:
                continue
            after = world.after(act, course, now)
            if after is not None:
                found.transitions += 1
                (queue.append if act.cost else queue.appendleft)((after, spent + act.cost))
    return found


def way_out(world: World, start: Found, known: set[Hashable]) -> bool:
    """Whether steps lead from here to a closed course; ``known`` are states from which they do."""
    course, now = start
    passed: list[Hashable] = []
    for _ in range(80):
        state = key(world.protocol, course, now)
        if course.standing is Standing.CLOSED or state in known:
            known.update(passed)
            return True
        passed.append(state)
        after = next((a for a in (world.after(act, course, now) for act in _out(course)) if a is not None), None)
        if after is None:
            return False
        course, now = after
    return False


def _out(course: Course) -> Iterator[Act]:
    """Acts that bring a course nearer to its end, the best first."""
    if course.standing in {Standing.ACTIVE, Standing.ON_HOLD} and course.treatment is not Treatment.COMPLETE:
        yield Act("terminate", (("terminate_course", {}),))
    if course.standing is Standing.ON_HOLD:
        yield Act("lift", (("lift_hold", {"hold": course.holds[0].id}),))
    if "line.suite" in course.facts:
        yield Act("give the suite back", (("release_line", {}),))
    for one in course.containers.values():
        if one.state in FINAL_STATES:
            continue
        if one.state is ContainerState.LABELLED:
            yield Act("destroy", (("destroy_label", {"container": one.id}),))
        elif one.label in OPEN_LABELS:
            yield Act("verify", (("verify_label", {"containers": (one.id,), "place": one.holder}),))
        yield Act("discard", (("discard", {"containers": (one.id,)}),))
        yield Act("lose", (("report_lost", {"container": one.id}),))
    yield Act("close", (("close_course", {}),))
