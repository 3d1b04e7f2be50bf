"""What cannot be done at all, said in a sentence a person can act on.

A refusal of a step is not an error: it is a fact and is recorded (see the engine). The errors here are for
what cannot be understood, for broken promises of our own, and for a set-up that cannot work. Knows nothing of
who shows them.
"""

from __future__ import annotations

from functools import partial
from typing import Any


class CoiError(Exception):
    """Something went wrong, and there is something to do about it.

    `expected` and `came` are noun phrases, `do` is an instruction; none of them ends with a full stop.
    `str()` joins them: "Expected a badge code of 10 characters; got 9 characters; scan the badge again."
    """

    def __init__(self, *, expected: str, came: str, do: str) -> None:
        super().__init__(f"Expected {expected}; got {came}; {do}.")
        self.expected = expected
        self.came = came
        self.do = do

    def __reduce__(self) -> tuple[Any, ...]:
        """Keyword-only arguments do not survive pickling by themselves, and errors cross process borders."""
        return partial(type(self), expected=self.expected, came=self.came, do=self.do), ()


class NotUnderstood(CoiError):
    """What came cannot be parsed: a scan, a typed code, a file, a request."""


class BrokenPromise(CoiError):
    """An invariant of ours does not hold. Nothing may go on from here; it is a fault of the product."""


class Misconfigured(CoiError):
    """Settings, files, keys or the database are not what the product needs to work."""


def safe_excerpt(raw: str | bytes, limit: int = 120) -> str:
    """`raw` fit to be recorded and shown: printable ASCII, the rest escaped, at most `limit` characters.

    A cut is shown by three dots at the end. Only the start of `raw` is looked at, however long it is.
    """
    head = raw[:limit].decode("latin-1") if isinstance(raw, bytes) else raw[:limit]
    escaped = "".join(map(escaped_character, head))
    if len(raw) <= limit and len(escaped) <= limit:
        return escaped
    return escaped[: max(limit - 3, 0)] + "..."[:limit]


def readable_excerpt(text: str, limit: int = 120) -> str:
    """`text` fit to be shown to people: letters of any script as they are, and what cannot be seen escaped."""
    shown = "".join(c if c.isprintable() else escaped_character(c) for c in text[:limit])
    if len(text) <= limit and len(shown) <= limit:
        return shown
    return shown[: max(limit - 3, 0)] + "..."[:limit]


def escaped_character(character: str) -> str:
    """One character as itself, or as its number when it is not plain printable ASCII."""
    number = ord(character)
    if 0x20 <= number <= 0x7E and character != "\\":
        return character
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
