"""Taking one thing away from a right attempt, and nothing else: the tools that the spoilers share.

A scene is a right attempt on a course in the right state. Everything here is a frozen value; a spoiled scene is a copy
in which one thing differs, kept consistent where two places say the same (a container in the course and in a scan).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import singledispatch
from types import MappingProxyType
from typing import Any

from coi_tracker.course import Attempt, Container, ContainerId, Course, Done, EventId, Label, Scanned
from coi_tracker.process.look import limit_of, read_instant, write_instant
from coi_tracker.process.scans import assign
from coi_tracker.process.spec import ProtocolPath, Step
from coi_tracker.protocols.model import Protocol
from coi_tracker.vocabulary import LabelState
from coi_tracker.vocabulary import ReasonCode as Code


@dataclass(frozen=True, slots=True)
class Scene:
    """A step, the course it is tried on, and the attempt."""

    step: Step
    protocol: Protocol
    course: Course
    attempt: Attempt

    def limit(self, path: ProtocolPath | Any) -> Any:
        """A limit for this course; what is no path is the limit itself."""
        return limit_of(path, self.protocol, self.course) if isinstance(path, ProtocolPath) else path

    def instant(self, field: str | None) -> datetime:
        """An instant of the evidence, or when the step happened."""
        value = None if field is None else self.attempt.evidence.get(field)
        return self.attempt.happened_at if value is None else read_instant(value)

    def read(self, part: str) -> tuple[Scanned, ...]:
        """The scans that play a part."""
        return assign(self.step, self.attempt.scans)[0].get(part, ())

    # --- copies in which one thing differs

    def attempting(self, **changes: Any) -> Scene:
        """Something of the attempt."""
        return replace(self, attempt=replace(self.attempt, **changes))

    def acting(self, **changes: Any) -> Scene:
        """Something of the person who acts."""
        return self.attempting(actor=replace(self.attempt.actor, **changes))

    def around(self, **changes: Any) -> Scene:
        """Something around the course."""
        return self.attempting(around=replace(self.attempt.around, **changes))

    def having(self, **changes: Any) -> Scene:
        """Something of the course."""
        return replace(self, course=replace(self.course, **changes))

    def remembering(self, **facts: Any) -> Scene:
        """Facts by name, with dots written as two underscores; None forgets."""
        return self.knowing({name.replace("__", "."): value for name, value in facts.items()})

    def knowing(self, facts: dict[str, Any]) -> Scene:
        """Facts by their own names; None forgets."""
        return replace(self, course=self.course.with_facts(facts))

    def done_at(self, step: str, at: datetime | None) -> Scene:
        """Another time for an earlier step, or none at all."""
        done = dict(self.course.done)
        if at is None:
            done.pop(step, None)
        else:
            before = done.get(step)
            done[step] = Done(at, before.event if before else EventId("entry-0"), before.signers if before else ())
        return self.having(done=MappingProxyType(done))

    def saying(self, **evidence: Any) -> Scene:
        """Pieces of evidence; None leaves one out."""
        kept = {k: v for k, v in {**self.attempt.evidence, **evidence}.items() if v is not None}
        return self.attempting(evidence=kept)

    def reading(self, old: Scanned, *new: Scanned) -> Scene:
        """Other scans in place of one; none drops it."""
        scans: list[Scanned] = []
        for one in self.attempt.scans:
            scans += new if one is old else (one,)
        return self.attempting(scans=tuple(scans))

    def also_reading(self, *new: Scanned) -> Scene:
        """More scans."""
        return self.attempting(scans=(*self.attempt.scans, *new))

    def container(self, one: Container, **changes: Any) -> Scene:
        """A container of the course that is otherwise, in the course and wherever it was scanned."""
        other = replace(one, **changes)
        scans = tuple(
            replace(s, container=other) if s.container is not None and s.container.id == one.id else s
            for s in self.attempt.scans
        )
        return replace(self, course=self.course.with_container(other)).attempting(scans=scans)

    def without_container(self, one: Container) -> Scene:
        """A container that never was, nor its label."""
        containers = {k: v for k, v in self.course.containers.items() if k != one.id}
        labels = {k: v for k, v in self.course.labels.items() if v.container != one.id}
        return self.having(containers=MappingProxyType(containers), labels=MappingProxyType(labels))

    def twin(self, one: Container, number: int = 1, **changes: Any) -> tuple[Scene, Scanned]:
        """One more container like this one, in the course with a label of its own, and a scan of it."""
        part = 100 * number + one.part
        id_ = ContainerId(f"{self.course.coi}/{changes.get('kind', one.kind)}/{part}")
        twin = replace(one, id=id_, part=part, serial=f"L{part}TWIN{number}", **changes)
        state = twin.label if twin.label is not LabelState.ISSUED else LabelState.ISSUED
        course = self.course.with_container(twin).with_label(Label(twin.serial, id_, twin.kind, state))
        like = next((s for s in self.attempt.scans if s.container is not None and s.container.id == one.id), None)
        how = like or self.attempt.scans[0]
        scan = replace(how, serial=twin.serial, raw=twin.serial, container=twin, label=twin.label, part=None)
        return replace(self, course=course), replace(scan, part=like.part if like else None)


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A scene from which one thing was taken away, and the only reason it may be refused for.

    ``guard`` names what of the definition refuses it: ``by``, ``at``, ``standing``, ``moves[0]``,
    ``forbidden_by[release]``, ``needs[3]``, ``needs[1].parts[4]``, ``field[suite]``; or ``engine`` for a rule of every
    step.
    """

    guard: str
    what: str
    scene: Scene
    code: Code


Found = Iterator[tuple[str, Scene, Code]]
"""What a spoiler of a need gives: what was taken away, the scene without it, the reason it is refused for."""


@singledispatch
def spoil_need(need: Any, scene: Scene) -> Found:
    """The scenes in which just this need is not met. A class without a spoiler is a fault of the check."""
    raise NotImplementedError(f"nobody knows how to spoil {type(need).__name__}")


Rule = Callable[[Any, Scene], Found]


def moved(scene: Scene, since: str, to: datetime | None) -> Scene:
    """The start of a window at another time, whether it is a fact or a step; None: it was never recorded."""
    if since in scene.course.done:
        return scene.done_at(since, to)
    return scene.knowing({since: None if to is None else write_instant(to)})
