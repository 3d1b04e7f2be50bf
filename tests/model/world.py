"""One course, a clock, and what comes of an act: the real `decide` and `evolve`, every event shown to the watchers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from coi_tracker.course import Course, Definition, Event, EventId, Performed
from coi_tracker.engine import decide, evolve
from coi_tracker.process.spec import Process
from coi_tracker.process.til_v1 import TIL_V1
from coi_tracker.protocols.model import Protocol
from coi_tracker.simulation import paths
from coi_tracker.simulation.bench import Bench
from coi_tracker.simulation.intent import Intent, NotYet
from coi_tracker.simulation.satisfy import AT_THE_SITE, earliest, labels_wanted
from coi_tracker.vocabulary import ContainerKind
from tests.model.acts import Act, needs_line

MINUTE = timedelta(minutes=1)
Watcher = Callable[[Course, Event, Course], None]


@dataclass
class World(Bench):
    """A bench for one course at a time, with ids and serials that cost nothing."""

    chain_name: str = ""
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    watchers: tuple[Watcher, ...] = ()
    tried: int = 0
    performed: int = 0

    def next_id(self) -> EventId:
        return EventId(f"e{next(self.numbers)}")

    def empty_shipper(self, at: datetime) -> str:
        return "SHIPPER1"

    # --- acts

    def after(self, act: Act, course: Course, now: datetime) -> tuple[Course, datetime] | None:
        """The course and the time after an act; None when one of its steps is refused or cannot be tried."""
        if act.wait is not None:
            now = act.wait
        try:
            for step, wishes in act.steps:
                course, now = self._prepared(step, course, now)
                course, now = self._step(step, wishes, course, now)
        except (NotYet, Turned):
            return None
        return course, now

    def up_to_the_last(self, act: Act, course: Course, now: datetime) -> tuple[Course, Intent] | None:
        """The course just before the last step of an act, and the intent for it; None when it cannot be tried."""
        try:
            for step, wishes in act.steps[:-1]:
                course, now = self._step(step, wishes, *self._prepared(step, course, now))
            step, wishes = act.steps[-1]
            course, now = self._prepared(step, course, now)
            self._show(course, now)
            return course, self.intend(step, self.chain_name, **wishes)
        except (NotYet, Turned):
            return None

    def _prepared(self, name: str, course: Course, now: datetime) -> tuple[Course, datetime]:
        """Labels the step lacks, and a cleared line."""
        step = self.process.steps[name]
        for kind, number in labels_wanted(step, self.protocol, course).items():
            place = course.site if kind in AT_THE_SITE else course.facility
            issued = {"kind": str(kind), "count": number, "place": place}
            course, now = self._step("issue_labels", issued, course, now)
            course, now = self._step("verify_label", {"place": place}, course, now)
        if needs_line(step) and "line.suite" not in course.facts:
            zone = self.zone(course.facility or self.facility)
            now = max(now, earliest(step, self.protocol, course, zone) or now)
            course, now = self._step("clear_line", {}, course, now)
        return course, now

    def _step(self, name: str, wishes: dict[str, Any], course: Course, now: datetime) -> tuple[Course, datetime]:
        self._show(course, now)
        return self.handed_in(self.intend(name, self.chain_name, **wishes), course)

    def handed_in(self, intent: Intent, course: Course) -> tuple[Course, datetime]:
        """The course and the time after an intent. Raises Turned when it is refused."""
        self.tried += 1
        decision = decide(self.process, self.protocol, course, self.attempt(intent, self.chain_name))
        if not isinstance(decision, Performed):
            raise Turned(", ".join(sorted({r.code for r in decision.reasons})))
        self.performed += 1
        course_after = evolve(self.process, course, decision.event)
        for watcher in self.watchers:
            watcher(course, decision.event, course_after)
        return course_after, intent.at + MINUTE

    def _show(self, course: Course, now: datetime) -> None:
        self.courses, self.now = {self.chain_name: course}, now


class Turned(Exception):
    """Refused."""


def ordered(protocol: Protocol, process: Process = TIL_V1, *, outstanding: bool) -> tuple[World, Course, datetime]:
    """A world with one course that was just opened, its slot booked and its wristband on."""
    world = World(protocol, process, later={"amended": Definition(protocol.key, "amended", protocol.digest)})
    numbers = count(1)
    world.serial, world.coi = (lambda: f"L{next(numbers)}"), (lambda: f"C{next(numbers)}")
    answers = {"documented_progression": "outstanding"} if outstanding else {}
    chain = paths.enrol(world, "S-001", answers=answers)
    world.do("book_slot", chain)
    paths.labels(world, chain, ContainerKind.WRISTBAND)
    world.do("apply_wristband", chain)
    world.chain_name = chain
    return world, world.courses[chain], world.now
