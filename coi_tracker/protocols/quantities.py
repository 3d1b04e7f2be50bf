"""The small values a protocol file is written in: ranges, counts, windows, quantities, limits.

Immutable, comparable, hashable. Knows units only as words and does not convert between them: a value in
another unit is refused when the file is read (`reading.py`), so no arithmetic on units happens later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Generic, TypeVar

Value = TypeVar("Value")

_DURATIONS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1)))


class Table(Mapping[str, Value], Generic[Value]):
    """A mapping nobody can change; keeps the order of the file, is equal whatever the order, and hashable."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, Value]) -> None:
        self._items = dict(items)

    def __getitem__(self, key: str) -> Value:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return f"Table({self._items!r})"


def number_text(value: Decimal) -> str:
    """The shortest plain way to write a number: 60, 2.5, 7500000000; the same for 60, 60.0 and 6e1."""
    text = f"{value.normalize():f}"
    return "0" if text == "-0" else text


def duration_text(value: timedelta) -> str:
    """A duration in the unit people say: 1 d, 48 h, 96 h, 7 d, 30 min, 90 s."""
    for unit, size in _DURATIONS:
        if not value % size and (unit != "d" or value > timedelta(hours=96) or value == size):
            return f"{value // size} {unit}"
    return f"{value // timedelta(seconds=1)} s"


@dataclass(frozen=True, slots=True)
class Range:
    """Two bounds in one unit, both included; `None` is an open end."""

    low: Decimal | None
    high: Decimal | None
    unit: str

    def contains(self, value: Decimal) -> bool:
        """Whether `value`, in the unit of the range, lies inside. NaN never does."""
        if value.is_nan():
            return False
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        if self.low is None:
            return f"at most {number_text(self.high)} {self.unit}" if self.high is not None else "any"
        if self.high is None:
            return f"at least {number_text(self.low)} {self.unit}"
        return f"{number_text(self.low)} to {number_text(self.high)} {self.unit}"


@dataclass(frozen=True, slots=True)
class CountRange:
    """How many of something, both ends included."""

    low: int
    high: int

    def contains(self, count: int) -> bool:
        """Whether `count` is one of the numbers allowed."""
        return self.low <= count <= self.high

    def __str__(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low} to {self.high}"


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` to `end` after some instant, both included."""

    start: timedelta
    end: timedelta

    def contains(self, elapsed: timedelta) -> bool:
        """Whether `elapsed` time since the instant falls inside."""
        return self.start <= elapsed <= self.end

    def __str__(self) -> str:
        return f"{duration_text(self.start)} to {duration_text(self.end)}"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, e.g. 60 mg/kg."""

    value: Decimal
    unit: str

    def __str__(self) -> str:
        return f"{number_text(self.value)} {self.unit}"


@dataclass(frozen=True, slots=True)
class Limit:
    """What a result must be: between bounds that may be strict, or exactly one expected word.

    Exactly one of (`low` or `high`) and `expect` is set; `unit` is `None` when a word is expected.
    """

    low: Decimal | None
    high: Decimal | None
    low_inclusive: bool
    high_inclusive: bool
    expect: str | None
    unit: str | None

    def passes(self, value: Decimal | str) -> bool:
        """Whether a result is inside the limit.

        A number may come as text. Raises ValueError for text that is no number where one is needed, and for a
        number where a word is needed: that is not a failed test, it is a result nobody can read.
        """
        if self.expect is not None:
            return _word(value) == _word(self.expect)
        number = _number(value)
        return self._above_low(number) and self._below_high(number)

    def _above_low(self, number: Decimal) -> bool:
        if self.low is None:
            return True
        return number >= self.low if self.low_inclusive else number > self.low

    def _below_high(self, number: Decimal) -> bool:
        if self.high is None:
            return True
        return number <= self.high if self.high_inclusive else number < self.high

    def __str__(self) -> str:
        if self.expect is not None:
            return f"is {self.expect}"
        parts = []
        if self.low is not None:
            parts.append(f"{'>=' if self.low_inclusive else '>'} {number_text(self.low)} {self.unit}")
        if self.high is not None:
            parts.append(f"{'<=' if self.high_inclusive else '<'} {number_text(self.high)} {self.unit}")
        return " and ".join(parts)


def _word(value: Decimal | str) -> str:
    """The word in lower case with single spaces."""
    if not isinstance(value, str):
        raise ValueError(f"a word was expected, the number {value} came")
    return " ".join(value.split()).casefold()


def _number(value: Decimal | str) -> Decimal:
    """The finite number that was given or written."""
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"a number was expected, {value!r} came") from None
    if not number.is_finite():
        raise ValueError(f"a finite number was expected, {value!r} came")
    return number
