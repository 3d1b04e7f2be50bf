"""Needs about things around the cells: evidence limits, lots, equipment, temperature, seal, suite, labels.

Knows no step. Limits come from the protocol by path.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from coi_tracker.course import Reason
from coi_tracker.process.look import Look, reason
from coi_tracker.process.spec import Field, FieldKind, ProtocolPath
from coi_tracker.process.timing import BY_QA, DEVIATION
from coi_tracker.vocabulary import OPEN_LABELS, ContainerKind
from coi_tracker.vocabulary import ReasonCode as Code


@dataclass(frozen=True, slots=True)
class Given:
    """One piece of evidence, within its choices and limits when it is given."""

    field: Field

    def unmet(self, look: Look) -> Iterator[Reason]:
        """A value outside the choices or limits. (A missing one is reported for all fields together.)"""
        value = look.evidence.get(self.field.name)
        if value is None:
            return
        choices = choices_of(look, self.field)
        chosen = value if isinstance(value, tuple) else (value,)
        if choices and (not chosen or not set(chosen) <= set(choices)):
            observed = ", ".join(str(v) for v in chosen) or "nothing"
            yield reason(Code.VALUE_OUT_OF_RANGE, f"{self.field.name}: {' / '.join(choices)}", observed)
        if self.field.limits is not None and not _inside(look, self.field, value):
            words = _said(_limits(look, self.field), self.field.unit)
            observed = f"{value} {self.field.unit}" if self.field.unit else str(value)
            yield reason(Code.VALUE_OUT_OF_RANGE, f"{self.field.name}: {words}", observed)

    def say(self) -> str:
        """The evidence in words."""
        f = self.field
        unit = f" [{f.unit}]" if f.unit else ""
        limits = f", *{f.limits}*" if f.limits is not None else ""
        choices = f" ({f.choices if isinstance(f.choices, ProtocolPath) else ' / '.join(f.choices)})"
        return f"evidence {f.name}{unit}{choices if f.choices else ''}{limits}{'' if f.required else ' (optional)'}"


def choices_of(look: Look, field: Field) -> tuple[str, ...]:
    """The words a choice may be."""
    found: Any = look.limit(field.choices) if isinstance(field.choices, ProtocolPath) else field.choices
    return tuple(found)


def _limits(look: Look, field: Field) -> Any:
    return look.limit(field.limits) if isinstance(field.limits, ProtocolPath) else field.limits


def _said(limits: Any, unit: str | None) -> str:
    """Limits in words; a pair of bounds with the unit of the field."""
    if not isinstance(limits, tuple):
        return str(limits)
    low, high = limits
    of_unit = f" {unit}" if unit else ""
    if low is None or high is None:
        return f"at least {low}{of_unit}" if high is None else f"at most {high}{of_unit}"
    return f"{low} to {high}{of_unit}"


def _inside(look: Look, field: Field, value: Any) -> bool:
    limits = _limits(look, field)
    if isinstance(limits, tuple):
        low, high = limits
        return (low is None or value >= low) and (high is None or value <= high)
    return bool(limits.contains(value))


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A flag that must be true: somebody looked and says so."""

    field: Field
    code: Code = Code.VALUE_OUT_OF_RANGE

    def unmet(self, look: Look) -> Iterator[Reason]:
        """The flag is false."""
        if look.evidence.get(self.field.name) is False:
            yield reason(self.code, f"{self.field.name}: yes ({self.field.asks})", "no")

    def say(self) -> str:
        """The need in words."""
        return f"confirmed: {self.field.asks}"


@dataclass(frozen=True, slots=True)
class TemperatureInside:
    """The whole journey, lowest and highest reading, was inside the range; otherwise a deviation decides."""

    range: ProtocolPath
    ASKS: ClassVar[tuple[Field, ...]] = (
        Field("temperature_low", "the lowest temperature of the logger", FieldKind.QUANTITY, "Cel"),
        Field("temperature_high", "the highest temperature of the logger", FieldKind.QUANTITY, "Cel"),
        DEVIATION,
    )

    def unmet(self, look: Look) -> Iterator[Reason]:
        """A reading outside the range, or the two exchanged."""
        low, high = look.evidence.get("temperature_low"), look.evidence.get("temperature_high")
        if low is None or high is None or look.excused(BY_QA):
            return
        span = look.limit(self.range)
        if low > high or not (span.contains(low) and span.contains(high)):
            yield reason(Code.TEMPERATURE_OUT_OF_RANGE, str(span), f"{low} to {high} Cel")

    def say(self) -> str:
        """The need in words."""
        return f"temperature inside *{self.range}* all the way (or a deviation approved by qa)"


@dataclass(frozen=True, slots=True)
class SealMatches:
    """The seal is the one that was put on, and intact; otherwise a deviation decides."""

    excusable: bool = True
    ASKS: ClassVar[tuple[Field, ...]] = (
        Field("seal", "the number on the seal"),
        Field("seal_intact", "the seal is intact", FieldKind.FLAG),
        DEVIATION,
    )
    FACTS: ClassVar[tuple[str, ...]] = ("seal",)

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Another seal, or a broken one."""
        seal, intact = look.evidence.get("seal"), look.evidence.get("seal_intact")
        if seal is None or intact is None or (self.excusable and look.excused(BY_QA)):
            return
        packed = look.course.facts.get("seal")
        if seal != packed or not intact:
            yield reason(Code.SEAL_MISMATCH, f"seal {packed}, intact", f"{seal}, {'intact' if intact else 'broken'}")

    def say(self) -> str:
        """The need in words."""
        return "the seal is the one put on, and intact" + (" (or a deviation approved by qa)" if self.excusable else "")


@dataclass(frozen=True, slots=True)
class CountMatches:
    """The number of containers counted is the number packed."""

    ASKS: ClassVar[tuple[Field, ...]] = (Field("count", "how many containers are in the shipper", FieldKind.COUNT),)

    def unmet(self, look: Look) -> Iterator[Reason]:
        """More or fewer than were packed."""
        counted = look.evidence.get("count")
        packed = sum(1 for c in look.course.containers.values() if c.shipper is not None)
        if counted is not None and counted > packed:
            yield reason(Code.UNEXPECTED_CONTAINER, f"{packed} containers", str(counted))
        if counted is not None and counted < packed:
            yield reason(Code.MISSING_CONTAINER, f"{packed} containers", str(counted))

    def say(self) -> str:
        """The need in words."""
        return "as many containers as were packed"


@dataclass(frozen=True, slots=True)
class LotsGiven:
    """Every ancillary lot the protocol names for the step, scanned, known, not recalled, in date."""

    kinds: ProtocolPath
    ASKS: ClassVar[tuple[Field, ...]] = (Field("lots", "the ancillary lots used", FieldKind.CODES, required=False),)

    def unmet(self, look: Look) -> Iterator[Reason]:
        """A kind without a lot, an unknown lot, an expired or recalled one."""
        if _unreadable(look, "lots"):
            return
        used = look.evidence.get("lots", ())
        known = look.attempt.around.lots
        for code in used:
            yield from _unfit(look, code)
        if any(code not in known for code in used):
            return
        have = {known[code].kind for code in used}
        for kind in look.limit(self.kinds):
            if kind not in have:
                yield reason(Code.EVIDENCE_MISSING, f"a lot of {kind}", "none")

    def say(self) -> str:
        """The need in words."""
        return f"lots of *{self.kinds}*, known, not recalled, in date"


def _unfit(look: Look, code: str) -> Iterator[Reason]:
    lot = look.attempt.around.lots.get(code)
    if lot is None:
        yield reason(Code.LOT_UNKNOWN, "a lot entered in the record", code)
    elif lot.recalled:
        yield reason(Code.LOT_EXPIRED, f"lot {code} not recalled", "recalled")
    elif lot.expires < look.today:
        yield reason(Code.LOT_EXPIRED, f"lot {code} in date on {look.today}", f"expired {lot.expires}")


@dataclass(frozen=True, slots=True)
class EquipmentGiven:
    """Every piece of equipment the protocol names for the step, scanned, of this place, fit for use."""

    kinds: ProtocolPath
    ASKS: ClassVar[tuple[Field, ...]] = (Field("equipment", "the equipment used", FieldKind.CODES, required=False),)

    def unmet(self, look: Look) -> Iterator[Reason]:
        """A kind without equipment, unknown, elsewhere, past its calibration, or out of use."""
        if _unreadable(look, "equipment"):
            return
        used = look.evidence.get("equipment", ())
        known = look.attempt.around.equipment
        wrong = {code: found for code in used if (found := _unusable(look, code))}
        for code, found in wrong.items():
            yield reason(Code.EQUIPMENT_UNFIT, f"{code} registered here and fit on {look.today}", found)
        have = {known[c].kind for c in used if c in known}
        for kind in look.limit(self.kinds) if not wrong else ():
            if kind not in have:
                yield reason(Code.EVIDENCE_MISSING, f"equipment: {kind}", "none")

    def say(self) -> str:
        """The need in words."""
        return f"equipment *{self.kinds}*, of this place, calibrated"


def _unusable(look: Look, code: str) -> str | None:
    """What is wrong with a piece of equipment; None for nothing."""
    one, since = look.attempt.around.equipment.get(code), look.attempt.around.out_of_use.get(code)
    if one is None:
        return "unknown"
    if since is not None and since <= look.today:
        return f"at {one.place}, out of use since {since}"
    if one.place != look.attempt.actor.place or one.fit_until < look.today:
        return f"at {one.place}, fit until {one.fit_until}"
    return None


def _unreadable(look: Look, name: str) -> bool:
    """Whether something was given that could not be read: that is said already, and nothing else is known."""
    return name in look.attempt.evidence and name not in look.evidence


SUITE = Field("suite", "the suite or room")


@dataclass(frozen=True, slots=True)
class SuiteFree:
    """Line clearance: the suite holds no other course's container, unreconciled label or clearance."""

    ASKS: ClassVar[tuple[Field, ...]] = (SUITE,)

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Claimed by another course, or something of another course is still there."""
        use = look.attempt.around.suite
        if use is None:
            if "suite" in look.evidence:
                yield reason(Code.LINE_NOT_CLEAR, "a suite that was looked at", "nobody knows what is in it")
            return
        if use.claimed_by not in (None, look.course.coi):
            yield reason(Code.LINE_NOT_CLEAR, f"suite {use.suite} free", "cleared for another course")
        if use.other_containers:
            yield reason(Code.LINE_NOT_CLEAR, f"no other course's container in {use.suite}", f"{use.other_containers}")
        if use.other_labels:
            yield reason(Code.LINE_NOT_CLEAR, f"no other course's label in {use.suite}", ", ".join(use.other_labels))

    def say(self) -> str:
        """The need in words."""
        return "the suite holds no other course's container, label or clearance"


@dataclass(frozen=True, slots=True)
class LineClear:
    """The line was cleared for this course, here, and nothing was done since."""

    ASKS: ClassVar[tuple[Field, ...]] = (SUITE,)
    FACTS: ClassVar[tuple[str, ...]] = ("line.suite",)

    def unmet(self, look: Look) -> Iterator[Reason]:
        """No line clearance since the last step, or of another suite."""
        suite, cleared = look.evidence.get("suite"), look.course.facts.get("line.suite")
        if suite is not None and suite != cleared:
            yield reason(Code.LINE_NOT_CLEAR, f"line clearance of suite {suite} just before", cleared or "none")

    def say(self) -> str:
        """The need in words."""
        return "line clearance of the suite just before"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Every label issued of these kinds is applied, destroyed or returned: the difference is zero."""

    kinds: frozenset[ContainerKind]
    but_scanned: bool = False  # labels read in this very attempt are about to be applied

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Open labels, each with its serial."""
        here = {s.serial for s in look.attempt.scans} if self.but_scanned else set()
        left = sorted(
            label.serial
            for label in look.course.labels.values()
            if label.state in OPEN_LABELS and label.kind in self.kinds and label.serial not in here
        )
        if left:
            words = ", ".join(sorted(self.kinds)) if len(self.kinds) < len(ContainerKind) else "all"
            yield reason(Code.RECONCILIATION_OPEN, f"no open label ({words})", ", ".join(left))

    def say(self) -> str:
        """The need in words."""
        kinds = ", ".join(sorted(self.kinds)) if len(self.kinds) < len(ContainerKind) else "every kind"
        return f"labels of {kinds} reconcile to zero"
