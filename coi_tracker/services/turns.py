"""The shapes in which work is told: a step that is somebody's turn, and what is asked about one course."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from coi_tracker.course import AccountId, Course, PlaceId, Reason
from coi_tracker.process.spec import Process
from coi_tracker.process.windows import Window
from coi_tracker.protocols.model import Protocol
from coi_tracker.services.rehearsal import SOMEBODY, Setting
from coi_tracker.vocabulary import PlaceKind, Role


class Way(StrEnum):
    """How near a step is."""

    NOW = "now"
    LATER = "later"  # its time has not come
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class GatePartSeen:
    """One part of a gate: what it is, what is missing. No reason: it is met, or confirmed when the step is done."""

    name: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class NextStep:
    """A step that is somebody's turn. ``about``: which dose, test, label. ``places``: where; empty if not known yet."""

    step: str
    title: str
    about: str
    roles: tuple[Role, ...]
    kinds: tuple[PlaceKind, ...]
    places: tuple[PlaceId, ...]
    way: Way
    reasons: tuple[Reason, ...] = ()
    opens_at: datetime | None = None
    due_at: datetime | None = None
    says: tuple[str, ...] = ()
    late: bool = False
    gate: tuple[GatePartSeen, ...] = ()
    zone: str = "Etc/UTC"


@dataclass(frozen=True, slots=True)
class Asked:
    """One course, what it is judged under, and who asks."""

    process: Process
    protocol: Protocol
    course: Course
    setting: Setting
    account: AccountId = SOMEBODY
    ahead: tuple[tuple[int, Window], ...] = field(default_factory=tuple)
