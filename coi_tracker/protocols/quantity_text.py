"""Quantities as a protocol file writes them: a number, a space, a unit ("48 h", "2 Cel", "7.5e9 cells").

Knows the grammar, not which unit belongs where: the caller says what is allowed. Every function raises
`Unreadable` with what was expected and what came.
"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

from coi_tracker.protocols.quantities import Limit, Quantity

DURATION_UNITS = {
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
LONGEST = timedelta(days=36600)

_QUANTITY = re.compile(r"(-?\d{1,15}(?:\.\d{1,9})?(?:e\d{1,2})?)(?: (\S+))?", re.ASCII)
_LIMIT_PART = re.compile(r"(<=|>=|<|>) (.+)")


class Unreadable(Exception):
    """A text that is not the quantity wanted."""

    def __init__(self, *, expected: str, came: str) -> None:
        super().__init__(f"expected {expected}; got {came}")
        self.expected = expected
        self.came = came


def read_quantity(text: object, units: tuple[str, ...]) -> Quantity:
    """A number with one of the units."""
    expected = f'a text of a number, a space and the unit {" or ".join(units)}, such as "5 {units[0]}"'
    match = _QUANTITY.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise Unreadable(expected=expected, came=described(text))
    if match[2] is None:
        raise Unreadable(expected=expected, came=f"{described(text)}, which has no unit")
    if match[2] not in units:
        raise Unreadable(expected=expected, came=f"{described(text)}, which has the unit {match[2]}")
    return Quantity(Decimal(match[1]), match[2])


def read_duration(text: object, *, zero: bool = False) -> timedelta:
    """A duration; longer than nothing unless `zero` is allowed."""
    quantity = read_quantity(text, tuple(DURATION_UNITS))
    seconds = quantity.value * Decimal(DURATION_UNITS[quantity.unit].total_seconds())
    if seconds != seconds.to_integral_value() or not 0 <= seconds <= Decimal(LONGEST.total_seconds()):
        raise Unreadable(expected="a duration of whole seconds, at most a hundred years", came=described(text))
    if not seconds and not zero:
        raise Unreadable(expected="a duration longer than nothing", came=described(text))
    return timedelta(seconds=int(seconds))


def read_limit(text: object) -> Limit:
    """`> 70 %`, `>= 10 % and <= 90 %`, or `is negative` for a word."""
    expected = 'a limit such as "> 70 %", ">= 4 h and < 8 h" or "is negative"'
    if not isinstance(text, str):
        raise Unreadable(expected=expected, came=described(text))
    if text.startswith("is ") and text[3:].strip():
        return Limit(None, None, False, False, text[3:].strip(), None)
    bounds = dict(_limit_part(part, expected) for part in text.split(" and "))
    limit = _limit_between(bounds, text.count(" and ") + 1)
    if limit is None:
        raise Unreadable(expected=f"{expected}, with one unit and the lower bound first", came=described(text))
    return limit


def _limit_part(part: str, expected: str) -> tuple[str, Quantity]:
    match = _LIMIT_PART.fullmatch(part)
    quantity = _QUANTITY.fullmatch(match[2]) if match else None
    if match is None or quantity is None:
        raise Unreadable(expected=expected, came=described(part))
    if quantity[2] is None:
        raise Unreadable(expected=expected, came=f"{described(part)}, which has no unit")
    return match[1], Quantity(Decimal(quantity[1]), quantity[2])


def _limit_between(bounds: dict[str, Quantity], written: int) -> Limit | None:
    """The limit of one lower and one upper bound at most, or None where they do not fit together."""
    low = bounds.get(">") or bounds.get(">=")
    high = bounds.get("<") or bounds.get("<=")
    found = [bound for bound in (low, high) if bound is not None]
    if len(found) != written or len({bound.unit for bound in found}) != 1:
        return None
    if low is not None and high is not None and low.value >= high.value:
        return None
    return Limit(
        low.value if low else None,
        high.value if high else None,
        ">=" in bounds,
        "<=" in bounds,
        None,
        found[0].unit,
    )


def described(raw: object) -> str:
    """What came, as its author would recognise it."""
    if isinstance(raw, str):
        return f'the text "{raw[:80]}"' + (" (cut)" if len(raw) > 80 else "")
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, dict):
        return "a table"
    if isinstance(raw, list):
        return f"a list of {len(raw)}"
    return f"{raw}, a {type(raw).__name__}" if not isinstance(raw, int | float) else f"the number {raw}"
