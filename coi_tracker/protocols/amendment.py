"""What differs between two versions of a protocol, for the page on which an amendment is adopted.

Compares values, not texts of files. Knows neither courses nor signatures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from coi_tracker.protocols.model import Protocol
from coi_tracker.protocols.quantities import (
    CountRange,
    Limit,
    Quantity,
    Range,
    Window,
    duration_text,
)
from coi_tracker.protocols.reading import annotations_of, file_key, shape_of
from coi_tracker.protocols.running import Sources


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that changed. `path` uses the keys of the file; None stands for a value that is not there."""

    path: str
    old: str | None
    new: str | None


def differences(old: Protocol, new: Protocol) -> list[Difference]:
    """Every value that differs, in the order of the new version, what it dropped at the end.

    Empty when the digests are equal: the order of a list counts (but that of sources), that of keys does not.
    """
    before, after = dict(_values(old, ())), dict(_values(new, ()))
    return [
        Difference(".".join(path), _shown(before, path), _shown(after, path))
        for path in dict.fromkeys([*after, *before])
        if before.get(path, _ABSENT) != after.get(path, _ABSENT)
    ]


_ABSENT = object()
_Values = Iterator[tuple[tuple[str, ...], object]]


def _values(value: object, path: tuple[str, ...]) -> _Values:
    """Every value with its path, down to what is written on one line of a file."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _values(entry, (*path, key))
    elif isinstance(value, tuple) and any(map(is_dataclass, value)):
        yield from _entries(value, path)
    elif isinstance(value, Sources):
        yield from (((*path, "to_confirm", marked), True) for marked in value.to_confirm)
    elif is_dataclass(value) and not isinstance(value, Range | CountRange | Window | Quantity | Limit):
        yield from _attributes(value, path)
    else:
        yield path, value


def _attributes(value: Any, path: tuple[str, ...]) -> _Values:
    """The attributes of a dataclass under their keys of the file; a number with its unit."""
    for name, annotation in annotations_of(type(value)).items():
        attribute = getattr(value, name)
        if isinstance(attribute, Decimal):
            attribute = Quantity(attribute, shape_of(annotation).units()[0])
        yield from _values(attribute, (*path, file_key(name, annotation)))


def _entries(entries: tuple[object, ...], path: tuple[str, ...]) -> _Values:
    """The entries of a list, each under its key or its number, and their order."""
    names = tuple(str(getattr(entry, "key", number)) for number, entry in enumerate(entries, start=1))
    yield (*path, "order"), names
    for name, entry in zip(names, entries, strict=True):
        yield from _values(entry, (*path, name))


def _shown(values: Mapping[tuple[str, ...], object], path: tuple[str, ...]) -> str | None:
    return _text(values[path]) if path in values else None


def _text(value: object) -> str:
    """A value as people read it: yes, 48 h, 60, none."""
    if value is None or value == ():
        return "none"
    if isinstance(value, tuple):
        return ", ".join(map(_text, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, timedelta):
        return duration_text(value)
    return str(value)
