"""RFC 8785 canonical JSON, the part of it that entries use: no floats, keys in ASCII.

One value has one text, to the byte; reading refuses every other way of writing it. It does not know what an
entry is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn

MAX_INTEGER: Final = 2**53 - 1
"""RFC 7493 section 2.2: the largest integer every JSON reader gives back unchanged."""

MAX_DEPTH: Final = 16
"""Deepest nesting of objects and arrays."""


class EntryError(ValueError):
    """A value that cannot be an entry, or bytes that are not exactly one; the sentence says which and why."""


_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def canonical(value: object) -> bytes:
    """The RFC 8785 text of `value` as UTF-8 bytes: objects, arrays, text, whole numbers, true, false, null.

    Raises EntryError for a float, a key outside ASCII, a lone surrogate, a whole number beyond 2^53 - 1,
    nesting deeper than MAX_DEPTH, or any other type. With ASCII keys the UTF-16 order of RFC 8785 is plain
    byte order.
    """
    _refuse_unwritable(value, MAX_DEPTH)
    try:
        return _ENCODE(value).encode("utf-8")
    except UnicodeEncodeError as error:
        raise EntryError("text contains half of a surrogate pair, which UTF-8 cannot carry") from error


def _refuse_unwritable(value: object, depth: int) -> None:
    match value:
        case None | bool() | str():
            return
        case int():
            if abs(value) > MAX_INTEGER:
                raise EntryError(f"the number {value} is beyond 2^53 - 1; write it as text with its unit")
        case dict() | list() | tuple():
            if depth == 0:
                raise EntryError(f"nested deeper than {MAX_DEPTH} levels")
            _refuse_unwritable_parts(value, depth - 1)
        case float():
            raise EntryError(f"the number {value!r} is a float; write a decimal as text with its unit")
        case _:
            raise EntryError(f"a {type(value).__name__} cannot be written into an entry")


def _refuse_unwritable_parts(value: Mapping[object, object] | Sequence[object], depth: int) -> None:
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str) or not key.isascii():
                raise EntryError(f"the key {key!r} is not ASCII text")
        value = list(value.values())
    for part in value:
        _refuse_unwritable(part, depth)


def parse_canonical(text: bytes) -> Any:
    """The value whose canonical bytes are `text`. Raises EntryError if `text` is anything but canonical."""
    try:
        value = _DECODE(text.decode("utf-8"))
    except EntryError:
        raise
    except (ValueError, RecursionError) as error:
        raise EntryError(f"not readable as JSON in UTF-8: {error}") from error
    if canonical(value) != text:
        raise EntryError("not in canonical form (RFC 8785): written back, the bytes differ")
    return value


def _refuse_float(text: str) -> NoReturn:
    raise EntryError(f"the number {text[:40]} is not a whole number")


def _whole_number(text: str) -> int:
    if len(text) > len("-9007199254740991"):
        raise EntryError(f"the number {text[:40]} is beyond 2^53 - 1")
    return int(text)


def _object_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise EntryError("an object has the same key twice")
    return found


_DECODE: Final[Callable[[str], Any]] = json.JSONDecoder(
    object_pairs_hook=_object_once,
    parse_float=_refuse_float,
    parse_int=_whole_number,
    parse_constant=_refuse_float,
).decode
