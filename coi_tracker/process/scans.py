"""Needs about what was scanned: which containers, of which kind, in which state, held by whom, how many.

Also says which part each scan plays. Knows nothing of how a symbol is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from coi_tracker.course import Container, Course, Reason, Scanned, Shipper
from coi_tracker.process.look import Look, reason
from coi_tracker.process.spec import ProtocolPath, Step
from coi_tracker.vocabulary import FINAL_STATES, ContainerKind, ContainerState, LabelState
from coi_tracker.vocabulary import ReasonCode as Code

MISREAD = frozenset({Code.UNKNOWN_LABEL, Code.MALFORMED_LABEL})


class Which(StrEnum):
    """Which containers a step has to be shown, when it has to be shown all of them."""

    CONTENTS = "everything packed in the shipper"
    OPEN = "every one of the course without a final fate"
    FILLED = "every filled one of the course"
    STORED = "every stored one of the course"


@dataclass(frozen=True, slots=True)
class Scan:
    """Containers of one kind to be scanned. ``count`` is a path to a CountRange, or a pair.

    ``states``: what they may be in. A labelled one must carry a verified label (it is about to be filled); any
    other one an applied label. ``elsewhere``: custody is not yet with the place (the scan is an acceptance).
    """

    kind: ContainerKind | None
    part: str
    states: frozenset[ContainerState]
    count: ProtocolPath | tuple[int, int] = (1, 1)
    elsewhere: bool = False
    all: Which | None = None
    labels: frozenset[LabelState] | None = None

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Wrong number, wrong state, label not verified, held by somebody else."""
        read = look.parts.get(self.part, ())
        yield from self._number(look, read)
        for one in read:
            if one.fault is None and one.container is not None:
                yield from self._one(look, one.container)

    def _number(self, look: Look, read: tuple[Scanned, ...]) -> Iterator[Reason]:
        if look.unread:
            return
        if self.all is not None:
            yield from self._every(look, read)
            return
        low, high = self.bounds(look)
        kind = self.kind or "container"
        wanted = f"{low} {kind}" if low == high else f"{low} to {high} {kind}"
        number = distinct(read)
        if number < low:
            yield reason(Code.MISSING_CONTAINER, f"{wanted} as {self.part}", str(number))
        if number > high:
            yield reason(Code.UNEXPECTED_CONTAINER, f"{wanted} as {self.part}", str(number))

    def bounds(self, look: Look) -> tuple[int, int]:
        """Fewest and most containers."""
        if isinstance(self.count, tuple):
            return self.count
        found = look.limit(self.count)
        return found.low, found.high

    def _every(self, look: Look, read: tuple[Scanned, ...]) -> Iterator[Reason]:
        wanted = {c.id for c in members(look.course, self)}
        shown = {s.container.id for s in read if s.container is not None}
        faulty = any(s.fault is not None for s in read)
        for missing in sorted(wanted - shown) if not faulty else ():
            yield reason(Code.MISSING_CONTAINER, f"{missing}: {self.all}", "not scanned")
        for extra in sorted(s.container.id for s in read if s.container is not None and s.fault is None):
            if extra not in wanted and look.course.containers[extra].state in self.states:
                yield reason(Code.UNEXPECTED_CONTAINER, f"{self.kind}: {self.all}", extra)
        if not wanted and not read:
            yield reason(Code.MISSING_CONTAINER, f"{self.kind}: {self.all}", "none")

    def _one(self, look: Look, one: Container) -> Iterator[Reason]:
        if one.state not in self.states:
            words = " or ".join(sorted(self.states))
            yield reason(Code.WRONG_CONTAINER_STATE, f"{one.id} {words}", one.state)
            return
        fit = self.labels or {LabelState.VERIFIED if one.state is ContainerState.LABELLED else LabelState.APPLIED}
        if one.label not in fit:
            yield reason(Code.LABEL_NOT_VERIFIED, f"a {' or '.join(sorted(fit))} label on {one.id}", one.label)
        if not self.elsewhere and one.holder != look.attempt.actor.place:
            yield reason(Code.WRONG_CUSTODIAN, f"{one.id} held by {look.attempt.actor.place}", one.holder)

    def say(self) -> str:
        """The scan in words."""
        if self.all is not None:
            return f"scan {self.all}: {self.kind} ({self.part})"
        if isinstance(self.count, tuple):
            low, high = self.count
            number = str(low) if low == high else f"{low}-{high}"
        else:
            number = f"*{self.count}*"
        states = "in any state" if len(self.states) == len(ContainerState) else " or ".join(sorted(self.states))
        return f"scan {number} {self.kind or 'container'} ({self.part}), {states}"


def distinct(read: tuple[Scanned, ...]) -> int:
    """How many things were read: one that was scanned twice is one, and is reported as scanned twice."""
    return len({s.container.id for s in read if s.container is not None})


def members(course: Course, scan: Scan) -> tuple[Container, ...]:
    """The containers that a scan of all of them must show."""
    of_kind = course.of_kind(scan.kind) if scan.kind else tuple(course.containers.values())
    if scan.all is Which.CONTENTS:
        return tuple(c for c in of_kind if c.shipper is not None and c.shipper == course.facts.get("shipper"))
    if scan.all is Which.FILLED:
        return tuple(c for c in of_kind if c.state is ContainerState.FILLED)
    if scan.all is Which.STORED:
        return tuple(c for c in of_kind if c.state is ContainerState.STORED)
    return tuple(c for c in of_kind if c.state not in FINAL_STATES and c.state is not ContainerState.LABELLED)


@dataclass(frozen=True, slots=True)
class ShipperScan:
    """The shipper itself is scanned. ``ours``: it is the one the course was packed in; otherwise it must be empty."""

    ours: bool
    FACTS: ClassVar[tuple[str, ...]] = ("shipper",)

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Not scanned, another one, in use for somebody else, past its validity, or out of use."""
        shipper = look.attempt.around.shipper
        read = shippers_read(look)
        if shipper is None or not read:
            if not look.unread:
                yield reason(Code.MISSING_CONTAINER, "one shipper scanned", "none")
            return
        if len(read) > 1:
            yield reason(Code.UNEXPECTED_CONTAINER, "one shipper scanned", str(len(read)))
            return
        if self.ours and shipper.id != look.course.facts.get("shipper"):
            wanted = look.course.facts.get("shipper") or "no shipper is packed"
            yield reason(Code.WRONG_COURSE, f"the shipper packed for this course: {wanted}", shipper.id)
        if not self.ours:
            yield from _not_to_be_packed(look, shipper)

    def say(self) -> str:
        """The need in words."""
        return "scan the shipper that was packed" if self.ours else "scan an empty shipper within its validity"


def _not_to_be_packed(look: Look, shipper: Shipper) -> Iterator[Reason]:
    """Why nothing may be packed in a shipper."""
    since = look.attempt.around.out_of_use.get(shipper.serial)
    if shipper.loaded_for is not None:
        yield reason(Code.UNEXPECTED_CONTAINER, "an empty shipper: one course in a shipper", "loaded already")
    if shipper.valid_until is not None and shipper.valid_until < look.now:
        yield reason(Code.TOO_LATE, f"a shipper valid until after {look.now:%Y-%m-%d %H:%M} UTC", shipper.id)
    if since is not None and since <= look.today:
        yield reason(Code.WRONG_CONTAINER_STATE, "a shipper in use", f"{shipper.id}, out of use since {since}")


def shippers_read(look: Look) -> set[str]:
    """The shippers that were scanned."""
    read = (s.container for s in look.attempt.scans)
    return {c.id for c in read if c is not None and c.kind is ContainerKind.SHIPPER}


@dataclass(frozen=True, slots=True)
class OneSource:
    """What is taken comes from somewhere: containers are scanned for exactly one of these parts."""

    parts: tuple[str, ...]

    def unmet(self, look: Look) -> Iterator[Reason]:
        """From nothing, or from two."""
        read = [part for part in self.parts if look.parts.get(part)]
        if not read and not look.unread:
            yield reason(Code.MISSING_CONTAINER, f"what it is taken from ({' or '.join(self.parts)})", "none")
        if len(read) > 1:
            yield reason(Code.UNEXPECTED_CONTAINER, f"one of {' or '.join(self.parts)}", " and ".join(read))

    def say(self) -> str:
        """The need in words."""
        return f"from exactly one of {', '.join(self.parts)}"


@dataclass(frozen=True, slots=True)
class Paired:
    """Bag and cassette belong together: the cassette read is the one the bag was put in."""

    bag: str = "bag"
    cassette: str = "cassette"

    def unmet(self, look: Look) -> Iterator[Reason]:
        """A bag in another cassette, a bag without one, a cassette without a bag."""
        bags, cassettes = look.containers(self.bag), {c.id for c in look.containers(self.cassette)}
        faulty = any(s.fault is not None for part in (self.bag, self.cassette) for s in look.parts.get(part, ()))
        if faulty or look.unread or not bags or not cassettes:
            return
        wanted = {b.cassette for b in bags}
        extra, missing = cassettes - wanted, wanted - cassettes
        if len(cassettes) > len(bags):  # a bag that is there and was not read is reported by its own scan
            extra -= {b.cassette for b in look.course.of_kind(ContainerKind.BAG) if b.state not in FINAL_STATES}
        if extra:
            words = "cassettes " + ", ".join(sorted(str(w) for w in wanted))
            yield reason(Code.UNEXPECTED_CONTAINER, words, ", ".join(sorted(extra)))
        elif missing and len(cassettes) < len(bags):
            yield reason(Code.MISSING_CONTAINER, ", ".join(sorted(str(m) for m in missing)), "not scanned")

    def say(self) -> str:
        """The need in words."""
        return "bag and cassette are the pair that was frozen together"


@dataclass(frozen=True, slots=True)
class SameNumber:
    """As many containers for one part as for another (a cassette for every bag)."""

    left: str
    right: str

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Unequal numbers."""
        left, right = (distinct(look.parts.get(part, ())) for part in (self.left, self.right))
        if left != right and left and right and not look.unread:
            yield reason(Code.MISSING_CONTAINER, f"as many {self.right} as {self.left}: {left}", str(right))

    def say(self) -> str:
        """The need in words."""
        return f"as many {self.right} as {self.left}"


def assign(step: Step, scans: tuple[Scanned, ...]) -> tuple[dict[str, tuple[Scanned, ...]], list[Scanned], int]:
    """Which part each scan plays, the scans that fit no part, and how many cannot be read at all.

    A scan plays the part it names; otherwise the first part of its kind whose states it is in, then the first of
    its kind: a wrong state is then reported as such and not as a wrong container.
    """
    wanted: tuple[Scan, ...] = step.needs_of(Scan)
    parts: dict[str, list[Scanned]] = {}
    astray: list[Scanned] = []
    unread = 0
    for one in scans:
        if one.container is None:
            unread += 1
            continue
        found = _part_for(one, one.container, wanted)
        if found is None:
            astray.append(one)
            unread += one.container.kind is not ContainerKind.SHIPPER or not step.needs_of(ShipperScan)
        else:
            parts.setdefault(found.part, []).append(one)
    return {k: tuple(v) for k, v in parts.items()}, astray, unread


def _part_for(scan: Scanned, container: Container, wanted: tuple[Scan, ...]) -> Scan | None:
    if container.kind is ContainerKind.SHIPPER:  # belongs to no course, and is asked for by a need of its own
        return None
    of_kind = [w for w in wanted if w.kind in (None, container.kind) and scan.part in (None, w.part)]
    return next((w for w in of_kind if container.state in w.states), of_kind[0] if of_kind else None)


def faults(step: Step, course: Course, scans: tuple[Scanned, ...], astray: list[Scanned]) -> list[Reason]:
    """What is wrong with the scans themselves, whatever the step: all of it, in the order they were read."""
    kinds = ", ".join(sorted({str(w.kind or "any container") for w in step.needs_of(Scan)})) or "no container"
    shipper = bool(step.needs_of(ShipperScan))
    found: list[Reason] = []
    seen: dict[Any, int] = {}
    for one in scans:
        if one.fault is not None:
            found.append(_fault(course, one))
        elif one in astray and not (shipper and one.container and one.container.kind is ContainerKind.SHIPPER):
            observed = one.container.id if one.container else one.raw
            found.append(reason(Code.WRONG_CONTAINER_KIND, f"scans of: {kinds}", observed))
        key = one.container.id if one.container else one.raw
        seen[key] = seen.get(key, 0) + 1
    found.extend(reason(Code.DUPLICATE_SCAN, f"{k} once", f"{n} times") for k, n in seen.items() if n > 1)
    return found


_WORDS = {
    Code.MALFORMED_LABEL: "a label of this system",
    Code.UNKNOWN_LABEL: "a label this record has issued",
    Code.LABEL_VOID: "a live label",
    Code.LABEL_SUPERSEDED: "the label that replaced this one",
    Code.SAME_SUBJECT_OTHER_COURSE: "a container of this course; this is another course of the same subject",
    Code.WRONG_COURSE: "a container of this course",
    Code.WRONG_SUBJECT: "a wristband of this subject",
}


def _fault(course: Course, one: Scanned) -> Reason:
    assert one.fault is not None
    expected = _WORDS.get(one.fault, "a container of this course")
    if one.fault in MISREAD or one.container is None:
        return reason(one.fault, expected, one.raw)
    observed = f"label {one.serial} of {one.container.kind}"
    if one.fault is Code.LABEL_VOID:
        observed = f"{observed}, {one.label}"
    return reason(one.fault, f"{expected}{_replacement(one)} ({course.coi})", observed)


def _replacement(one: Scanned) -> str:
    """Which label replaced this one, when and by whom; and which one is live now, if that was replaced too."""
    if one.replaced_by is None:
        return ""
    how = "" if one.replaced is None else f", {one.replaced[0]:%Y-%m-%d %H:%M} UTC by {one.replaced[1]}"
    now = "" if one.container is None or one.container.serial == one.replaced_by else one.container.serial
    return f": {one.replaced_by}{how}" + (f"; now {now}" if now else "")


UNVERIFIED = frozenset({LabelState.ISSUED, LabelState.PRINTED})


def expired(one: Scanned, within: timedelta, now: datetime) -> Scanned:
    """A label that nobody scanned back in time is expired from then on, without anybody saying so."""
    late = one.since is not None and now - one.since > within
    return replace(one, label=LabelState.EXPIRED) if late and one.label in UNVERIFIED else one


def fault_of(course: Course, one: Scanned) -> Code | None:
    """Why a known label does not speak for a container of this course; None when it does."""
    if one.fault is not None or one.container is None:
        return one.fault or Code.UNKNOWN_LABEL
    if one.label is LabelState.SUPERSEDED:
        return Code.LABEL_SUPERSEDED
    if one.label in {LabelState.VOID, LabelState.DESTROYED, LabelState.RETURNED, LabelState.EXPIRED}:
        return Code.LABEL_VOID
    if one.container.kind is ContainerKind.SHIPPER or one.container.coi == course.coi:
        return None
    if course.subject is not None and one.subject == course.subject.number:
        return Code.SAME_SUBJECT_OTHER_COURSE
    return Code.WRONG_SUBJECT if one.container.kind is ContainerKind.WRISTBAND else Code.WRONG_COURSE
