"""What the rules look at: frozen values of a course, its containers, and one attempt to do something.

Knows no database, clock, network or screen. Every instant is aware UTC. Evidence and facts are JSON without floats:
what is decided upon, stored, rebuilt and signed is the same thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, NewType

from coi_tracker.vocabulary import (
    ContainerKind,
    ContainerState,
    Disposition,
    HoldBlocks,
    HoldScope,
    HowRead,
    LabelState,
    Material,
    Meaning,
    PlaceKind,
    ReasonCode,
    Role,
    Severity,
    Standing,
    TissueRoute,
    Track,
    Treatment,
)

ContainerId = NewType("ContainerId", str)
"""``<COI>/<kind>/<number>`` for what belongs to a course, ``shipper/<serial>`` for what belongs to none."""
AccountId = NewType("AccountId", str)
PlaceId = NewType("PlaceId", str)
SubjectNumber = NewType("SubjectNumber", str)
EventId = NewType("EventId", str)
Json = Any  # a JSON value without floats; a recursive alias would help no reader and no checker here


def nothing() -> Mapping[Any, Any]:
    """An empty mapping that nobody can change."""
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Container:
    """One physical, labelled thing. ``holder`` is the place that has custody of it: exactly one, always."""

    id: ContainerId
    coi: str | None
    kind: ContainerKind
    part: int
    state: ContainerState
    serial: str
    label: LabelState
    holder: PlaceId
    offered_to: PlaceId | None = None  # an open hand-off: custody stays with ``holder`` until this place accepts
    shipper: ContainerId | None = None
    parents: tuple[ContainerId, ...] = ()
    position: str | None = None  # a storage position, or the suite it is in use in
    cassette: ContainerId | None = None
    filled_at: datetime | None = None
    thawed_at: datetime | None = None
    verified_at: datetime | None = None  # at the bedside
    verified_by: tuple[AccountId, ...] = ()
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """A label serial and what became of it. ``replaced_by``: the serial of the reprint, if there was one."""

    serial: str
    container: ContainerId
    kind: ContainerKind
    state: LabelState
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Forbids what it blocks until quality lifts it. ``target`` is the id of what it is placed on."""

    id: str
    scope: HoldScope
    target: str
    blocks: tuple[HoldBlocks, ...]
    placed_by: AccountId
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Deviation:
    """An open deviation. ``about`` names the step it excuses; approvals are the roles that have signed it."""

    id: str
    about: str
    severity: Severity
    approvals: tuple[Role, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """The latest time a step was performed: when it happened, which entry, who signed it."""

    at: datetime
    event: EventId
    signers: tuple[AccountId, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """A trial participant, by number only."""

    number: SubjectNumber
    study: str
    site: PlaceId


@dataclass(frozen=True, slots=True)
class Definition:
    """Which released definition something was decided under."""

    key: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True)
class Course:
    """One course of therapy, or (``coi`` None) the subject, place or study before and beside any course.

    ``chain``: where its events go in the log; ``seq``, ``head``: the last entry there (0 and None before the first).
    ``facts``: small JSON values that steps remember for later ones. Repeated steps replace them, so it stays small.
    """

    chain: str
    process: Definition
    protocol: Definition
    subject: Subject | None = None
    coi: str | None = None
    site: PlaceId | None = None
    facility: PlaceId | None = None
    cohort: str | None = None
    route: TissueRoute | None = None
    manufacture: str | None = None
    material: Material = Material.NONE
    disposition: Disposition = Disposition.NONE
    treatment: Treatment = Treatment.NONE
    standing: Standing = Standing.ACTIVE
    containers: Mapping[ContainerId, Container] = field(default_factory=nothing)
    labels: Mapping[str, Label] = field(default_factory=nothing)
    holds: tuple[Hold, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    done: Mapping[str, Done] = field(default_factory=nothing)
    facts: Mapping[str, Json] = field(default_factory=nothing)
    seq: int = 0
    head: str | None = None

    def of_kind(self, kind: ContainerKind) -> tuple[Container, ...]:
        """The containers of one kind, in the order of their part numbers."""
        return tuple(sorted((c for c in self.containers.values() if c.kind == kind), key=lambda c: c.part))

    def state_of(self, track: Track) -> str:
        """The state on one track."""
        return str(getattr(self, track.value))

    def with_container(self, container: Container) -> Course:
        """The same course with this container put in (or in place of the one with its id)."""
        return replace(self, containers=MappingProxyType({**self.containers, container.id: container}))

    def with_label(self, label: Label) -> Course:
        """The same course with this label put in (or in place of the one with its serial)."""
        return replace(self, labels=MappingProxyType({**self.labels, label.serial: label}))

    def with_facts(self, facts: Mapping[str, Json]) -> Course:
        """The same course with these facts; a value of None forgets the fact."""
        kept = {k: v for k, v in {**self.facts, **facts}.items() if v is not None}
        return replace(self, facts=MappingProxyType(kept))


@dataclass(frozen=True, slots=True)
class Actor:
    """Who attempts, in which role, at which place and station. ``station`` None: not a registered one."""

    account: AccountId
    name: str
    role: Role | None
    place: PlaceId | None
    place_kind: PlaceKind | None
    station: str | None
    roles: frozenset[Role] = frozenset()  # every role the account holds at ``place``
    trained_until: date | None = None  # for ``role``; None: never trained


@dataclass(frozen=True, slots=True)
class Signer:
    """One signature under an attempt, after the services have tried to authenticate it."""

    account: AccountId
    name: str
    meaning: Meaning
    at: datetime
    authentic: bool
    roles: frozenset[Role] = frozenset()  # roles of this account at the place of the attempt, or anywhere it applies
    trained: bool = True


@dataclass(frozen=True, slots=True)
class Scanned:
    """One identifier as it was read, and what the record knows of it. ``fault`` says why it speaks for nothing."""

    raw: str
    how: HowRead
    part: str | None = None
    serial: str | None = None
    fault: ReasonCode | None = None
    label: LabelState | None = None
    replaced_by: str | None = None
    container: Container | None = None
    subject: SubjectNumber | None = None
    since: datetime | None = None  # when it was printed, as far as the record knows, else issued
    replaced: tuple[datetime, str] | None = None  # when the label ``replaced_by`` was issued, and by whom


@dataclass(frozen=True, slots=True)
class OtherCourse:
    """What a step may know of another course of the same subject."""

    coi: str
    standing: Standing
    infused: bool
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Lot:
    """An ancillary lot (medium, IL-2, feeders, ...): usable until it expires, unless recalled."""

    code: str
    kind: str
    expires: date
    recalled: bool = False


@dataclass(frozen=True, slots=True)
class Equipment:
    """A registered piece of equipment: fit until its calibration ends."""

    code: str
    kind: str
    place: PlaceId
    fit_until: date


@dataclass(frozen=True, slots=True)
class DayLoad:
    """What a facility can take on one day and what it already has."""

    day: date
    capacity: int
    taken: tuple[int, ...]  # positions already booked
    closed: bool


@dataclass(frozen=True, slots=True)
class SuiteUse:
    """Whether a manufacturing suite is free of every other course."""

    suite: str
    claimed_by: str | None  # the COI whose line clearance stands
    other_containers: int
    other_labels: tuple[str, ...]  # serials


@dataclass(frozen=True, slots=True)
class Shipper:
    """A shipper and the course it is loaded for, if any."""

    id: ContainerId
    serial: str
    loaded_for: str | None
    valid_until: datetime | None
    label: LabelState = LabelState.APPLIED


@dataclass(frozen=True, slots=True)
class Around:
    """What a decision may know beyond the course, read in the same transaction."""

    study_open: bool = True
    enrolled: int = 0
    registered: bool = False  # the subject number is already in the record
    identified: tuple[str, ...] = ()  # identifiers of the person that matched what is kept apart
    misidentified: tuple[str, ...] = ()
    holds: tuple[Hold, ...] = ()  # on the site, the facility, the place of the attempt, the study
    others: tuple[OtherCourse, ...] = ()
    lots: Mapping[str, Lot] = field(default_factory=nothing)
    equipment: Mapping[str, Equipment] = field(default_factory=nothing)
    out_of_use: Mapping[str, date] = field(default_factory=nothing)  # since when: equipment by code, shippers by serial
    days: tuple[DayLoad, ...] = ()
    suite: SuiteUse | None = None
    shipper: Shipper | None = None
    places: Mapping[str, PlaceKind] = field(default_factory=nothing)
    entries: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # id -> step, of this chain
    protocols: Mapping[str, Definition] = field(default_factory=nothing)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A person trying to do a step. ``fresh``: unused codes drawn by the services, so that deciding stays pure."""

    id: EventId
    step: str
    actor: Actor
    happened_at: datetime
    recorded_at: datetime
    zone: str
    scans: tuple[Scanned, ...] = ()
    evidence: Mapping[str, Json] = field(default_factory=nothing)
    signers: tuple[Signer, ...] = ()
    late_reason: str | None = None  # of a late entry
    comment: str | None = None
    refers_to: EventId | None = None
    around: Around = Around()
    fresh_coi: str | None = None
    fresh_serials: tuple[str, ...] = ()
    software: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not: a code of the closed list, what was expected, what was observed."""

    code: ReasonCode
    expected: str
    observed: str


@dataclass(frozen=True, slots=True)
class Touch:
    """What an event did with one container that was read: the part it played and its state afterwards."""

    id: ContainerId
    label: str
    part: str
    by: HowRead
    state: ContainerState


@dataclass(frozen=True, slots=True)
class Event:
    """What the record keeps of an attempt, and all that ``evolve`` may look at: nothing that is not in the log."""

    id: EventId
    chain: str
    course: str | None
    kind: str  # "performed", "refused" or "label_printed"
    step: str
    process: Definition
    protocol: Definition
    happened_at: datetime
    recorded_at: datetime
    zone: str
    actor: Actor
    containers: tuple[Touch, ...]
    evidence: Mapping[str, Json]
    signers: tuple[Signer, ...]
    reasons: tuple[Reason, ...]
    refers_to: EventId | None
    software: str


@dataclass(frozen=True, slots=True)
class Performed:
    """The attempt is done."""

    event: Event


@dataclass(frozen=True, slots=True)
class Refused:
    """The attempt is not done; the event says why, with all reasons at once."""

    event: Event

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Every reason, in the order the step declares its needs."""
        return self.event.reasons


Decision = Performed | Refused
