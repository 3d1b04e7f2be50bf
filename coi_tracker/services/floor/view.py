"""What a begun step is looked at with: the step, the course as it is, the limits, the draft, the place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coi_tracker.course import Container, Course
from coi_tracker.process.look import NotInProtocol, limit_of
from coi_tracker.process.scans import Scan, members
from coi_tracker.process.spec import ProtocolPath, Step
from coi_tracker.protocols.model import Protocol
from coi_tracker.services.floor.draft import Draft
from coi_tracker.services.floor.standing import Standing
from coi_tracker.services.scene import Scene
from coi_tracker.storage import registry
from coi_tracker.storage.registry import Place
from coi_tracker.vocabulary import ContainerState, LabelState, PlaceKind


@dataclass(frozen=True, slots=True)
class View:
    """A step that may be or has been begun. ``draft`` is empty where a step is only offered."""

    step: Step
    protocol: Protocol
    course: Course
    scene: Scene
    draft: Draft
    at: Standing
    now: datetime

    @property
    def place(self) -> Place:
        """Where it is done."""
        return self.at.place

    def called(self, place: str | None) -> str:
        """The name of a place."""
        return self.at.called(place)

    @property
    def zone(self) -> str:
        """The zone of the place."""
        return self.place.zone

    @property
    def evidence(self) -> Mapping[str, Any]:
        """What was answered."""
        return self.draft.evidence

    def limit(self, path: ProtocolPath) -> Any:
        """A limit of the protocol for this course; None when the protocol does not hold what the course has chosen."""
        try:
            return limit_of(path, self.protocol, self.course)
        except NotInProtocol:
            return None

    def places(self, kind: PlaceKind | None) -> list[Place]:
        """The places of a sort, by name."""
        found = registry.places(self.scene.tx)
        return sorted((p for p in found if kind in (None, p.kind)), key=lambda p: p.name)

    def read_for(self, scan: Scan) -> tuple[str, ...]:
        """The serials in the draft that play this part."""
        return tuple(r.serial for r in self.draft.reads if r.part == scan.part)

    def bounds(self, scan: Scan) -> tuple[int, int]:
        """Fewest and most containers for a part."""
        if scan.all is not None:
            number = len(members(self.course, scan))
            return max(number, 1), max(number, 1)
        if isinstance(scan.count, tuple):
            return scan.count
        found = self.limit(scan.count)
        return (1, 1) if found is None else (found.low, found.high)

    def fit_for(self, scan: Scan) -> tuple[Container, ...]:
        """The containers that would do for a part, as far as their kind, state, label and holder go."""
        if scan.all is not None:
            return members(self.course, scan)
        of_kind = self.course.of_kind(scan.kind) if scan.kind else _in_order(self.course)
        return tuple(c for c in of_kind if c.state in scan.states and self._fit(scan, c))

    def _fit(self, scan: Scan, one: Container) -> bool:
        usual = LabelState.VERIFIED if one.state is ContainerState.LABELLED else LabelState.APPLIED
        return one.label in (scan.labels or {usual}) and (scan.elsewhere or one.holder == self.place.id)


def _in_order(course: Course) -> tuple[Container, ...]:
    return tuple(sorted(course.containers.values(), key=lambda c: (c.kind, c.part)))
