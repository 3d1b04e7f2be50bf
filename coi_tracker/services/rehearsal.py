"""A step tried without doing it: with everything there that could be scanned, and what a person still enters left out.

The engine says what stands in the way. Pure: the course, its protocol and what is around them come in; for lists of
work over many courses, which cannot ask the database for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from coi_tracker.course import (
    AccountId,
    Actor,
    Around,
    Attempt,
    Container,
    ContainerId,
    Course,
    EventId,
    Hold,
    PlaceId,
    Reason,
    Scanned,
    Shipper,
)
from coi_tracker.engine import decide
from coi_tracker.process.look import Look, limit_of, read_evidence, write_instant
from coi_tracker.process.scans import Paired, Scan, ShipperScan, assign, expired, fault_of, members
from coi_tracker.process.spec import FieldKind, Process, Step
from coi_tracker.process.supplies import LineClear
from coi_tracker.protocols.model import Protocol
from coi_tracker.storage.registry import Place
from coi_tracker.vocabulary import ContainerKind, ContainerState, HowRead, LabelState, PlaceKind
from coi_tracker.vocabulary import ReasonCode as Code

STILL_TO_COME = frozenset({Code.EVIDENCE_MISSING, Code.SIGNATURE_MISSING})
"""What a person enters and signs when she does the step: not in the way of it."""
MOST_TRIED = 12
"""Containers of which each is tried in the place of another."""
SOMEBODY = AccountId("")
"""Stands for whoever will do it."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is around courses when their steps are tried. ``since``: when each label was printed, else issued."""

    now: datetime
    places: Mapping[str, Place]
    holds: tuple[Hold, ...] = ()
    since: Mapping[str, datetime] = field(default_factory=dict)

    def zone(self, place: str | None) -> str:
        """The zone of a place, UTC where it is not known."""
        found = self.places.get(place or "")
        return "Etc/UTC" if found is None else found.zone

    def concerning(self, course: Course, place: str) -> tuple[Hold, ...]:
        """The holds on places and study that a step on this course, at that place, is under."""
        study = None if course.subject is None else course.subject.study
        return tuple(h for h in self.holds if h.target in (course.site, course.facility, place, study))


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What became of it. ``reasons``: what is in the way. ``look``: what the engine looked at, for its windows."""

    look: Look
    reasons: tuple[Reason, ...]


def rehearse(
    process: Process,
    protocol: Protocol,
    course: Course,
    step: Step,
    *,
    setting: Setting,
    at: tuple[PlaceId, PlaceKind],
    account: AccountId = SOMEBODY,
    evidence: Mapping[str, Any] | None = None,
    with_label: str | None = None,
) -> Rehearsal:
    """Try the step at a place, in any role that may, with `evidence` beside what can be told by itself.

    `with_label`: the container of this serial is taken where several would do. None: one with which it can be done, if
    there is one.
    """

    def tried(serial: str | None) -> Rehearsal:
        look = seen(
            protocol, course, step, setting=setting, at=at, account=account, evidence=evidence, with_label=serial
        )
        event = decide(process, protocol, course, look.attempt).event
        return Rehearsal(look, tuple(r for r in event.reasons if r.code not in STILL_TO_COME))

    first = tried(with_label)
    if not first.reasons or with_label is not None:
        return first
    others = (tried(serial) for serial in _in_its_place(protocol, course, step, at[0]))
    return next((other for other in others if not other.reasons), first)


def _in_its_place(protocol: Protocol, course: Course, step: Step, place: str) -> Iterator[str]:
    """The labels of which one could be scanned instead of another: more would do than are wanted."""
    for scan in (s for s in step.needs_of(Scan) if s.all is None):
        found = candidates(course, scan, place)
        if len(found) > bounds(protocol, course, scan)[1]:
            yield from (one.serial for one in found[:MOST_TRIED])


def seen(
    protocol: Protocol,
    course: Course,
    step: Step,
    *,
    setting: Setting,
    at: tuple[PlaceId, PlaceKind],
    account: AccountId = SOMEBODY,
    evidence: Mapping[str, Any] | None = None,
    with_label: str | None = None,
) -> Look:
    """What the engine would look at, without its verdict."""
    place, kind = at
    attempt = Attempt(
        id=EventId("rehearsal"),
        step=step.name,
        actor=Actor(account, "you", sorted(step.by)[0], place, kind, "any station", step.by, date.max),
        happened_at=setting.now,
        recorded_at=setting.now,
        zone=setting.zone(place),
        scans=tuple(_scans(protocol, course, step, place=place, setting=setting, with_label=with_label)),
        evidence={**_told(course, step, setting.now), **(evidence or {})},
        around=Around(
            holds=setting.concerning(course, place),
            shipper=_shipper(course, step),
            places={key: one.kind for key, one in setting.places.items()},
        ),
    )
    typed, _ = read_evidence(step, attempt)
    read = tuple(replace(s, fault=fault_of(course, s)) for s in attempt.scans)
    parts, _, unread = assign(step, read)
    return Look(step, protocol, course, attempt, typed, parts, unread)


def _told(course: Course, step: Step, now: datetime) -> dict[str, Any]:
    """Evidence that needs nobody: what happens, happens now; an approved deviation about the step is named."""
    found: dict[str, Any] = {f.name: write_instant(now) for f in step.fields if f.kind is FieldKind.INSTANT}
    asked = {f.name for f in step.fields if not f.required}
    excuse = next((d.id for d in course.deviations if d.about == step.name and d.approvals), None)
    if excuse is not None and "deviation" in asked:
        found["deviation"] = excuse
    if step.needs_of(LineClear):
        found["suite"] = course.facts.get("line.suite") or "(any)"
    return found


def candidates(course: Course, scan: Scan, place: str) -> tuple[Container, ...]:
    """The containers that could be scanned for a part, at a place."""
    if scan.all is not None:
        return members(course, scan)
    of_kind = course.of_kind(scan.kind) if scan.kind else tuple(course.containers.values())
    return tuple(c for c in of_kind if _fits(scan, c) and (scan.elsewhere or c.holder == place))


def _fits(scan: Scan, one: Container) -> bool:
    usual = LabelState.VERIFIED if one.state is ContainerState.LABELLED else LabelState.APPLIED
    return one.state in scan.states and one.label in (scan.labels or {usual})


def bounds(protocol: Protocol, course: Course, scan: Scan) -> tuple[int, int]:
    """Fewest and most containers of a scan that is counted."""
    if isinstance(scan.count, tuple):
        return scan.count
    found = limit_of(scan.count, protocol, course)
    return found.low, found.high


def _scans(
    protocol: Protocol, course: Course, step: Step, *, place: str, setting: Setting, with_label: str | None
) -> Iterable[Scanned]:
    paired = {c.cassette for c in course.of_kind(ContainerKind.BAG)} if step.needs_of(Paired) else None
    for scan in step.needs_of(Scan):
        found = tuple(sorted(candidates(course, scan, place), key=lambda one: one.serial != with_label))
        if paired is not None and scan.kind is ContainerKind.CASSETTE:
            found = tuple(c for c in found if c.id in paired)
        read = [_scanned(course, scan.part, one, setting) for one in found]
        if scan.all is None:
            read = _best(protocol, read, most=bounds(protocol, course, scan)[1], now=setting.now)
            if paired is not None and scan.kind is ContainerKind.BAG:
                paired = {s.container.cassette for s in read if s.container is not None}
        yield from read
    if step.needs_of(ShipperScan):
        yield from _shipper_scans(course, step, place)


def _best(protocol: Protocol, read: list[Scanned], *, most: int, now: datetime) -> list[Scanned]:
    """As many as may be, those with a live label first."""
    dead = [expired(s, protocol.labels.verify_within, now).label is LabelState.EXPIRED for s in read]
    live = [s for s, gone in zip(read, dead, strict=True) if not gone]
    return (live or read)[:most]


def _scanned(course: Course, part: str, one: Container, setting: Setting) -> Scanned:
    return Scanned(
        one.serial,
        HowRead.SCANNED,
        part,
        serial=one.serial,
        label=one.label,
        container=one,
        subject=None if course.subject is None else course.subject.number,
        since=setting.since.get(one.serial),
    )


def _shipper(course: Course, step: Step) -> Shipper | None:
    """The shipper that is packed; an empty one for a step that packs; none where none is packed."""
    for need in step.needs_of(ShipperScan):
        packed = course.facts.get("shipper")
        if need.ours:
            return None if packed is None else Shipper(ContainerId(packed), "packed", course.coi, None)
        return Shipper(ContainerId("shipper/empty"), "empty", None, None)
    return None


def _shipper_scans(course: Course, step: Step, place: str) -> Iterable[Scanned]:
    found = _shipper(course, step)
    if found is None:
        return
    box = Container(
        found.id,
        None,
        ContainerKind.SHIPPER,
        0,
        ContainerState.STORED,
        found.serial,
        LabelState.APPLIED,
        PlaceId(place),
    )
    yield Scanned(found.serial, HowRead.SCANNED, serial=found.serial, label=LabelState.APPLIED, container=box)
