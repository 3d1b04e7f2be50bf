"""Turns the plain values of a TOML file into the typed values of `model.py`, and collects what does not fit.

Driven by the annotations of the model: a new attribute needs no code here. Knows types, units and keys;
whether the values make sense together is asked by `checks.py`. Nothing is filled in: every key must be there,
and what is absent is written "none", so that a forgotten line can never loosen a limit.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Any, Union, cast, get_args, get_origin, get_type_hints

from coi_tracker.protocols.problems import Finding, Path
from coi_tracker.protocols.quantities import CountRange, Limit, Quantity, Range, Table, Window
from coi_tracker.protocols.quantity_text import (
    Unreadable,
    described,
    read_duration,
    read_limit,
    read_quantity,
)
from coi_tracker.protocols.shapes import Bounds, Key, Keys, Name, Pattern, Units

_NONE = "none"


class Missing:
    """The place of a value that could not be read; a finding says why."""


MISSING = Missing()


@dataclass(frozen=True, slots=True)
class Shape:
    """What an annotation says: a type and the notes attached to it."""

    base: Any
    notes: tuple[object, ...]

    def units(self) -> tuple[str, ...]:
        """The units allowed; a quantity declared without any is a fault of the model."""
        return next(note.allowed for note in self.notes if isinstance(note, Units))

    def bounds(self) -> Bounds:
        """Which bounds a range must have; both, where the model says nothing."""
        return next((note for note in self.notes if isinstance(note, Bounds)), Bounds())


def shape_of(annotation: Any) -> Shape:
    """Type and notes of an annotation."""
    if get_origin(annotation) is Annotated:
        return Shape(annotation.__origin__, tuple(annotation.__metadata__))
    return Shape(annotation, ())


@dataclass(slots=True)
class Reader:
    """Reads values and keeps the findings. A value that cannot be read is left out, and reading goes on."""

    findings: list[Finding] = field(default_factory=list)

    def find(self, path: Path, *, expected: str, came: str) -> Missing:
        """Keep a finding; the answer stands where the value would."""
        self.findings.append(Finding(path, expected, came))
        return MISSING

    def read(self, annotation: Any, raw: object, path: Path) -> Any:
        """The value of that type, or MISSING."""
        shape = shape_of(annotation)
        origin = get_origin(shape.base) or shape.base
        if origin in (Union, types.UnionType):
            return None if raw == _NONE else self.read(get_args(shape.base)[0], raw, path)
        if origin in (Range, CountRange, Window):
            return self._span(shape, raw, path)
        if origin is tuple:
            return self._list(get_args(shape.base)[0], raw, path)
        if origin is Table:
            return self._table(shape, raw, path)
        if is_dataclass(origin) and origin not in (Limit, Quantity):
            return self.record(cast(type[Any], origin), raw, path)
        return self._leaf(read_leaf, shape, raw, path)

    def _leaf(self, reading: Callable[[Shape, object], Any], shape: Shape, raw: object, path: Path) -> Any:
        try:
            return reading(shape, raw)
        except Unreadable as unreadable:
            return self.find(path, expected=unreadable.expected, came=unreadable.came)

    # --- tables with fixed keys -----------------------------------------------------------------

    def record(self, kind: type[Any], raw: object, path: Path, **given: str) -> Any:
        """A dataclass from a table. With a finding inside it has only the attributes that could be read."""
        before = len(self.findings)
        wanted = annotations_of(kind)
        open_ = {name: wanted[name] for name in wanted if name not in given}
        table = self._keyed(raw, path, {file_key(name, open_[name]): name for name in open_})
        values: dict[str, object] = dict(given)
        for key, name in table.items():
            values[name] = self.read(open_[name], cast(dict[str, object], raw)[key], (*path, key))
        if len(self.findings) == before:
            return kind(**values)
        return _partial(kind, values)

    def _keyed(self, raw: object, path: Path, known: dict[str, str]) -> dict[str, str]:
        """The known keys that the table has; a finding for each that is missing and each that is unknown."""
        if not isinstance(raw, dict):
            self.find(path, expected=f"a table with the keys {', '.join(known)}", came=described(raw))
            return {}
        for key in known.keys() - raw.keys():
            self.find((*path, key), expected=f"the key {key}", came="nothing")
        for key in raw.keys() - known.keys():
            self.find((*path, key), expected=_known(key, list(known)), came=f"the unknown key {key}")
        return {key: known[key] for key in raw if key in known}

    def _span(self, shape: Shape, raw: object, path: Path) -> Any:
        """A range, a range of counts or a window: two ends, the lower first."""
        keys = ("start", "end") if shape.base is Window else ("low", "high")
        if len(self._keyed(raw, path, {key: key for key in keys})) < len(keys):
            return MISSING
        table = cast(dict[str, object], raw)
        ends = [self._leaf(_END[shape.base, key], shape, table[key], (*path, key)) for key in keys]
        if MISSING in ends:
            return MISSING
        if None not in ends and (ends[0] > ends[1] or (shape.base is Window and ends[0] == ends[1])):
            came = f"{table[keys[0]]} and then {table[keys[1]]}"
            return self.find(path, expected="the lower value first", came=came)
        return Range(ends[0], ends[1], shape.units()[0]) if shape.base is Range else shape.base(*ends)

    # --- tables with free keys, lists -----------------------------------------------------------

    def _table(self, shape: Shape, raw: object, path: Path) -> Any:
        keys = next((note.names for note in shape.notes if isinstance(note, Keys)), None)
        if not isinstance(raw, dict) or (keys is None and not raw):
            return self.find(path, expected="a table with at least one entry", came=described(raw))
        names = tuple(raw) if keys is None else self._keyed(raw, path, {key: key for key in keys})
        (entry,) = get_args(shape.base)
        read = {key: self._entry(entry, key, raw[key], (*path, key)) for key in names}
        return Table({key: value for key, value in read.items() if value is not MISSING})

    def _entry(self, annotation: Any, key: str, raw: object, path: Path) -> Any:
        if self.read(Name, key, path) is MISSING:
            return MISSING
        if is_dataclass(annotation):
            return self.record(cast(type[Any], annotation), raw, path, key=key)
        return self.read(annotation, raw, path)

    def _list(self, entry: Any, raw: object, path: Path) -> Any:
        if not isinstance(raw, list):
            return self.find(path, expected="a list in square brackets", came=described(raw))
        for position, value in enumerate(raw):
            if value in raw[:position]:
                self.find((*path, position), expected="every entry once", came=f"{described(value)} again")
        values = [self.read(entry, value, (*path, position)) for position, value in enumerate(raw)]
        return tuple(value for value in values if value is not MISSING)


def annotations_of(kind: type[Any]) -> dict[str, Any]:
    """The annotations of the attributes a value of that kind is made from; worked out once for each kind."""
    if kind not in _ANNOTATIONS:
        annotations = get_type_hints(kind, include_extras=True)
        _ANNOTATIONS[kind] = {item.name: annotations[item.name] for item in fields(kind) if item.init}
    return _ANNOTATIONS[kind]


_ANNOTATIONS: dict[type[Any], dict[str, Any]] = {}


def file_key(name: str, annotation: Any) -> str:
    """The key of an attribute in the file."""
    return next((note.name for note in shape_of(annotation).notes if isinstance(note, Key)), name)


def _partial(kind: type[Any], values: dict[str, object]) -> Any:
    """A value with gaps: the checks look at what could be read, and meet AttributeError at a gap."""
    gapped = object.__new__(kind)
    for name, value in values.items():
        if value is not MISSING:
            object.__setattr__(gapped, name, value)
    return gapped


def _known(key: str, known: list[str]) -> str:
    close = get_close_matches(key, known, n=1)
    return f"the key {close[0]}" if close else f"only the keys {', '.join(known)}"


# --- leaves: raise Unreadable ---------------------------------------------------------------------


def read_leaf(shape: Shape, raw: object) -> object:
    """A value without keys of its own."""
    if shape.base is str:
        return _text(raw, shape.notes)
    if shape.base is Quantity:
        return read_quantity(raw, shape.units())
    if shape.base is Decimal:
        return read_quantity(raw, shape.units()).value
    if shape.base in _PLAIN:
        return _PLAIN[shape.base](raw)
    return _choice(raw, get_args(shape.base) or tuple(shape.base))


def _text(raw: object, notes: tuple[object, ...]) -> str:
    if not isinstance(raw, str) or not raw.strip() or raw != raw.strip() or raw == _NONE:
        raise Unreadable(expected="a text, not empty, without spaces at its ends", came=described(raw))
    for note in notes:
        if isinstance(note, Pattern) and not re.fullmatch(note.regex, raw, re.ASCII):
            raise Unreadable(expected=note.words, came=described(raw))
    return raw


def _yes_or_no(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise Unreadable(expected="true or false, without quotes", came=described(raw))
    return raw


def _whole(raw: object) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or abs(raw) > 10**9:
        raise Unreadable(expected="a whole number, without quotes", came=described(raw))
    return raw


def _choice(raw: object, choices: tuple[str, ...]) -> str:
    for choice in choices:
        if isinstance(raw, str) and raw == choice:
            return choice
    raise Unreadable(expected=f"one of {', '.join(choices)}", came=described(raw))


def _bound(shape: Shape, raw: object, *, needed: bool) -> Decimal | None:
    return None if raw == _NONE and not needed else read_quantity(raw, shape.units()).value


def _low(shape: Shape, raw: object) -> Decimal | None:
    return _bound(shape, raw, needed=shape.bounds().low)


def _high(shape: Shape, raw: object) -> Decimal | None:
    return _bound(shape, raw, needed=shape.bounds().high)


def _count(_: Shape, raw: object) -> int:
    count = _whole(raw)
    if count < 0:
        raise Unreadable(expected="a whole number, 0 or more", came=described(raw))
    return count


def _moment(_: Shape, raw: object) -> timedelta:
    return read_duration(raw, zero=True)


_PLAIN: dict[Any, Callable[[object], object]] = {
    bool: _yes_or_no,
    int: _whole,
    timedelta: read_duration,
    Limit: read_limit,
}
_END: dict[tuple[Any, str], Callable[[Shape, object], object]] = {
    (Range, "low"): _low,
    (Range, "high"): _high,
    (CountRange, "low"): _count,
    (CountRange, "high"): _count,
    (Window, "start"): _moment,
    (Window, "end"): _moment,
}
