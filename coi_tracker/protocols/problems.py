"""What is wrong with a protocol file, said so that its author finds the place and knows what to write.

Knows no rule: `reading.py` and `checks.py` find problems, this file only names them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from coi_tracker.errors import Misconfigured

Path = tuple[str | int, ...]
"""Keys from the top of the file to a value; a number is a position in a list, counted from 0."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem before its place in the text is known."""

    path: Path
    expected: str
    came: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a file. `line` counts from 1; `key` is dotted, empty where the file is meant."""

    file: str
    line: int
    key: str
    expected: str
    came: str

    def __str__(self) -> str:
        key = f"{_short(self.key)}: " if self.key else ""
        return printable(
            f"{self.file}, line {self.line}: {key}expected {_short(self.expected)}; got {_short(self.came)}"
        )


class ProtocolError(Misconfigured):
    """A protocol file that cannot be used; `problems` holds all that were found, in order of lines."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            expected="a protocol file without mistakes",
            came=f"{_count(len(self.problems))}:\n{problems_text(self.problems)}\n",
            do="correct each line named and check the file again",
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), self.problems), ()


def problems_text(problems: Sequence[Problem]) -> str:
    """One problem a line, for a terminal; an empty text where there is none."""
    return "\n".join(str(problem) for problem in problems)


def dotted(path: Path) -> str:
    """A path as people write it: `regimens.standard.drugs[1].dose`, positions counted from 1."""
    text = ""
    for name in path:
        text += f"[{name + 1}]" if isinstance(name, int) else f".{name}"
    return text.removeprefix(".")


def printable(text: str) -> str:
    """The text with what a terminal might obey (escapes, direction marks) written out."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def _short(text: str) -> str:
    return text if len(text) <= 400 else f"{text[:400]} (cut)"


def _count(number: int) -> str:
    return "1 mistake" if number == 1 else f"{number} mistakes"
