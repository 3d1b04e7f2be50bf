"""Plain text that was scanned or typed, as the value that a prompt asks for; and values as words.

Strict: what cannot be read is said, nothing is guessed. Knows shapes of evidence, no step.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from coi_tracker.identity import ALPHABET, CoiId, LabelSerial, safe_excerpt
from coi_tracker.process.look import Unreadable, read_field, read_instant, write_field, write_instant
from coi_tracker.process.spec import Field, FieldKind
from coi_tracker.services import plain

YES = frozenset({"yes", "y", "true"})
NO = frozenset({"no", "n", "false"})
_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?(?:[eE]\+?\d{1,2})?)\s*(.*)", re.ASCII)
_LOCAL = re.compile(r"(?:(\d{4}-\d\d-\d\d)[ T])?(\d\d?:\d\d)", re.ASCII)


class NotAValue(Exception):
    """The text is not a value of the shape; says what would be."""


def value_of(field: Field, text: str, *, now: datetime, zone: str) -> Any:
    """The JSON value that the text stands for. Raises NotAValue."""
    text = text.strip()
    if field.kind is FieldKind.FLAG:
        return _flag(text)
    if field.kind is FieldKind.COUNT:
        return _count(text)
    if field.kind is FieldKind.QUANTITY:
        return checked(field, _quantity(text, field.unit))
    if field.kind is FieldKind.INSTANT:
        return instant_of(text, now=now, zone=zone)
    if field.kind is FieldKind.DATE and text.lower() in {"now", "today"}:
        return now.astimezone(ZoneInfo(zone)).date().isoformat()
    return checked(field, [text] if field.kind is FieldKind.CODES else text)


def checked(field: Field, value: Any) -> Any:
    """A JSON value in its recorded form. Raises NotAValue for one of another shape."""
    try:
        return write_field(field, read_field(field, value))
    except Unreadable as unreadable:
        raise NotAValue(str(unreadable)) from None


def _flag(text: str) -> bool:
    if text.lower() not in YES | NO:
        raise NotAValue("yes or no")
    return text.lower() in YES


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise NotAValue("a whole number")
    return int(text)


def _quantity(text: str, unit: str | None) -> dict[str, str | None]:
    found = _NUMBER.fullmatch(text)
    if found is None or found[2].casefold() not in {"", (unit or "").casefold(), plain.unit(unit).casefold()}:
        raise NotAValue(f"a number in {plain.unit(unit)}, with a point and no comma, such as 12.5")
    return {"unit": unit, "value": re.sub(r"^(-?)0+(?=\d)", r"\1", found[1])}


def instant_of(text: str, *, now: datetime, zone: str) -> str:
    """An instant: now, the time of today at the place (14:05), a day and time there, or one with its zone."""
    if text.lower() == "now":
        return write_instant(now)
    there = ZoneInfo(zone)
    local = _LOCAL.fullmatch(text)
    try:
        if local is not None:
            day = local[1] or now.astimezone(there).date().isoformat()
            return write_instant(_by_the_clock(datetime.fromisoformat(f"{day}T{local[2]:0>5}"), there))
        return write_instant(read_instant(text))
    except (ValueError, OverflowError, Unreadable):
        raise NotAValue("a time of today such as 14:05, or a day and time such as 2026-11-22 14:05") from None


def _by_the_clock(shown: datetime, there: ZoneInfo) -> datetime:
    """The one moment at which a clock there shows this: on the night of a change of clocks there are two, or none."""
    first, second = (shown.replace(tzinfo=there, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first
    if first.astimezone(UTC).astimezone(there).replace(tzinfo=None) != shown:
        raise NotAValue(f"a time that there was: the clocks were put forward over {shown:%H:%M} on {shown:%Y-%m-%d}")
    raise NotAValue(
        f"the first {shown:%H:%M} of {shown:%Y-%m-%d} or the second, as the clocks were put back: type "
        f"{first.isoformat(timespec='minutes')} or {second.isoformat(timespec='minutes')} where codes are scanned"
    )


def chosen(choices: Iterable[str], text: str) -> str | None:
    """The one of several words that the text means, however it is cased."""
    wanted = text.strip().casefold().replace(" ", "_")
    return next((c for c in choices if c.casefold().replace(" ", "_") == wanted), None)


def in_words(field: Field, value: Any, *, zone: str) -> tuple[str, ...]:
    """A value as people read it, one line for each of several. What cannot be read is shown as it came."""
    try:
        typed = read_field(field, value)
    except Unreadable:
        return (safe_excerpt(str(value), 80),)
    if field.kind is FieldKind.CODES:
        return tuple(typed)
    if field.kind is FieldKind.ANSWERS:
        return tuple(f"{plain.words(key)}: {plain.words(answer)}" for key, answer in typed.items())
    return (_in_words(field, typed, zone),)


def _in_words(field: Field, typed: Any, zone: str) -> str:
    """One value of any other shape."""
    match field.kind:
        case FieldKind.FLAG:
            return "yes" if typed else "no"
        case FieldKind.QUANTITY:
            return f"{typed:f} {plain.unit(field.unit)}"
        case FieldKind.INSTANT:
            return plain.moment(typed, zone)
        case FieldKind.DATE:
            return plain.day(typed)
        case FieldKind.CHOICE:
            return plain.words(typed)
        case _:
            return str(typed)


def like_a_label(text: str) -> bool:
    """Whether text that is none of our codes was meant to be a label or a COI: then it is never taken as a value.

    The beginning of a label anywhere in it counts: a key that was touched before the scan stands in front of it.
    """
    bare = text.strip().upper().replace("-", "").replace(" ", "")
    if "COI1" in bare or re.match(r"COI\d*:", bare):
        return True
    kinds = (CoiId, LabelSerial)
    return any(len(bare) == k.length() and bare[0] == k.PREFIX and set(bare[1:]) <= set(ALPHABET) for k in kinds)
