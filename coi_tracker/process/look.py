"""What a need may look at when it judges an attempt: the course, the attempt, typed evidence, scans by part.

Built once for every attempt. Knows how evidence and scans are read, not what any step wants of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from coi_tracker.course import Attempt, Container, Course, Reason, Scanned
from coi_tracker.process.spec import Field, FieldKind, ProtocolPath, Step
from coi_tracker.protocols.model import Protocol
from coi_tracker.vocabulary import ReasonCode as Code

TEXT_LIMIT = 2000
LIST_LIMIT = 200


class Unreadable(Exception):
    """A value that is not of the shape its field asks for. Says what was expected."""


@dataclass(frozen=True, slots=True)
class Look:
    """An attempt at a step on a course, ready to be judged."""

    step: Step
    protocol: Protocol
    course: Course
    attempt: Attempt
    evidence: Mapping[str, Any]
    parts: Mapping[str, tuple[Scanned, ...]]
    unread: int = 0  # scans that speak for nothing, so that a missing container is not reported on top of them

    @property
    def now(self) -> datetime:
        """When the step happened: windows are judged on this."""
        return self.attempt.happened_at

    @property
    def today(self) -> date:
        """The calendar day at the place, when it happened."""
        return self.local_date(self.now)

    def local_date(self, instant: datetime) -> date:
        """The calendar day of an instant in the zone of the place."""
        return instant.astimezone(ZoneInfo(self.attempt.zone)).date()

    def limit(self, path: ProtocolPath) -> Any:
        """The value of a limit for this course."""
        return limit_of(path, self.protocol, self.course)

    def containers(self, part: str) -> tuple[Container, ...]:
        """The known containers of this course that were read for a part."""
        return tuple(s.container for s in self.parts.get(part, ()) if s.container is not None and s.fault is None)

    def instant(self, fact: str) -> datetime | None:
        """A remembered instant."""
        value = self.course.facts.get(fact)
        return None if value is None else read_instant(value)

    def excused(self, approvals: frozenset[Any]) -> bool:
        """Whether the evidence names an open deviation about this step that has these approvals."""
        named = self.evidence.get("deviation")
        return any(
            d.id == named and d.about == self.step.name and approvals <= frozenset(d.approvals)
            for d in self.course.deviations
        )


def limit_of(path: ProtocolPath, protocol: Protocol, course: Course) -> Any:
    """Follow a path from the protocol, or from what the course has chosen of it."""
    first, *rest = path.names
    value: Any = _chosen(first, protocol, course)
    for name in rest:
        value = value[name] if isinstance(value, Mapping) else getattr(value, name)
    return value


class NotInProtocol(Exception):
    """What the course has chosen is not in its protocol (any more, after an amendment). Says what is not there."""


def _chosen(first: str, protocol: Protocol, course: Course) -> Any:
    if first == "manufacture":
        return chosen(protocol.manufactures, course.manufacture or next(iter(protocol.manufactures)))
    if first == "cohort":
        return chosen(protocol.cohorts, course.cohort or next(iter(protocol.cohorts)))
    if first == "regimen":
        return chosen(protocol.regimens, course.facts.get("plan.regimen") or protocol.treatment.default_regimen)
    return getattr(protocol, first)


def chosen(table: Mapping[str, Any], key: str) -> Any:
    """What the protocol holds under a key, or NotInProtocol."""
    if key not in table:
        raise NotInProtocol(key)
    return table[key]


def reason(code: Code, expected: str, observed: str) -> Reason:
    """A reason with both texts kept to a readable length."""
    return Reason(code, expected[:500], observed[:500])


def read_instant(value: object) -> datetime:
    """An instant with a zone, from text; anything else is Unreadable."""
    if not isinstance(value, str) or len(value) > 40:
        raise Unreadable("an instant with its zone, such as 2026-11-22T12:00:00Z")
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise Unreadable("an instant with its zone, such as 2026-11-22T12:00:00Z") from None
    if found.tzinfo is None:
        raise Unreadable("an instant with its zone, such as 2026-11-22T12:00:00Z")
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise Unreadable("an instant between the years 1 and 9999") from None


def write_instant(value: datetime) -> str:
    """The one form in which instants are recorded."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").zfill(27)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > TEXT_LIMIT:
        raise Unreadable(f"text of 1 to {TEXT_LIMIT} characters")
    if any(not (c.isprintable() or c in "\n\t") for c in value):
        raise Unreadable("text without control or direction characters")
    return value


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10**9:
        raise Unreadable("a whole number")
    return value


_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,9})?([eE][+]?\d{1,2})?", re.ASCII)


def _quantity(value: object, unit: str | None) -> Decimal:
    words = f'a number with its unit, such as {{"value": "12.5", "unit": "{unit}"}}'
    if not isinstance(value, Mapping) or set(value) != {"value", "unit"} or value["unit"] != unit:
        raise Unreadable(words)
    text = value["value"]
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise Unreadable(words)
    try:
        return Decimal(text)
    except InvalidOperation:
        raise Unreadable(words) from None


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise Unreadable("yes or no (true or false)")
    return value


def _date(value: object) -> date:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise Unreadable("a date such as 2026-11-22")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise Unreadable("a date of the calendar such as 2026-11-22") from None


def _codes(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) > LIST_LIMIT:
        raise Unreadable(f"a list of at most {LIST_LIMIT} codes")
    return tuple(_text(v) for v in value)


def _answers(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or len(value) > LIST_LIMIT:
        raise Unreadable(f"an object of at most {LIST_LIMIT} answers")
    return {_text(k): _text(v) for k, v in value.items()}


_READ: Mapping[FieldKind, Callable[[object], Any]] = {
    FieldKind.TEXT: _text,
    FieldKind.COUNT: _count,
    FieldKind.FLAG: _flag,
    FieldKind.CHOICE: _text,
    FieldKind.INSTANT: read_instant,
    FieldKind.DATE: _date,
    FieldKind.CODES: _codes,
    FieldKind.ANSWERS: _answers,
}


def read_field(one: Field, value: object) -> Any:
    """The typed value of one piece of evidence, or Unreadable."""
    return _quantity(value, one.unit) if one.kind is FieldKind.QUANTITY else _READ[one.kind](value)


def write_field(one: Field, value: Any) -> Any:
    """The recorded form of a typed value: the same value always gives the same text."""
    if one.kind is FieldKind.QUANTITY:
        return {"unit": one.unit, "value": format(value, "f")}
    if one.kind is FieldKind.INSTANT:
        return write_instant(value)
    if one.kind is FieldKind.DATE:
        return value.isoformat()
    return list(value) if one.kind is FieldKind.CODES else value


def read_evidence(step: Step, attempt: Attempt) -> tuple[dict[str, Any], list[Reason]]:
    """Typed evidence, and a reason for each piece that is missing, unasked for or of another shape."""
    typed: dict[str, Any] = {}
    reasons: list[Reason] = []
    asked = {f.name: f for f in step.fields}
    only = "only: " + (", ".join(asked) or "no evidence")
    reasons += [reason(Code.EVIDENCE_UNEXPECTED, only, name) for name in attempt.evidence if name not in asked]
    for one in asked.values():
        if one.name not in attempt.evidence:
            if one.required:
                reasons.append(reason(Code.EVIDENCE_MISSING, f"{one.name}: {one.asks}", "nothing"))
            continue
        try:
            typed[one.name] = read_field(one, attempt.evidence[one.name])
        except Unreadable as unreadable:
            reasons.append(
                reason(
                    Code.VALUE_OUT_OF_RANGE,
                    f"{one.name}: {unreadable}",
                    ascii(attempt.evidence[one.name])[:120],
                )
            )
    return typed, reasons


def hours(delta: timedelta) -> str:
    """A duration for people."""
    whole = delta.total_seconds() / 3600
    return f"{whole:.1f} h" if abs(whole) >= 3 else f"{delta.total_seconds() / 60:.0f} min"


def each(*found: Iterator[Reason]) -> Iterator[Reason]:
    """All reasons of several needs, one after the other."""
    for one in found:
        yield from one
