"""What differs between two versions of a protocol, for the page on which an amendment is adopted.

Compares values, not texts of files. Knows neither courses nor signatures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, get_type_hints

from coi_tracker.protocols.model import Protocol
from coi_tracker.protocols.quantities import (
    CountRange,
    Limit,
    Quantity,
    Range,
    Window,
    duration_text,
    number_text,
)
from coi_tracker.protocols.reading import file_key


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that changed. `path` uses the keys of the file; None stands for a value that is not there."""

    path: str
    old: str | None
    new: str | None


def differences(old: Protocol, new: Protocol) -> list[Difference]:
    """Every value that differs, in the order of the new version, what it dropped at the end.

    Empty exactly when the digests are equal: the order of a list counts, the order of keys does not.
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
    elif is_dataclass(value) and not isinstance(value, Range | CountRange | Window | Quantity | Limit):
        annotations: dict[str, Any] = get_type_hints(type(value), include_extras=True)
        for item in fields(value):
            if item.init:
                key = file_key(item.name, annotations[item.name])
                yield from _values(getattr(value, item.name), (*path, key))
    else:
        yield path, value


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
    return number_text(value) if isinstance(value, Decimal) else str(value)
