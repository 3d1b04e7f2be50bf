"""Values that a limit allows, and values that it does not: quantities, counts, days, words of a result.

Written in the forms evidence has in JSON. Knows limits, no steps.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from coi_tracker.process.look import write_instant
from coi_tracker.protocols.quantities import CountRange, Limit, Range

MORNING = time(9)


def quantity(value: Decimal | int, unit: str | None) -> dict[str, Any]:
    """A number with its unit, as evidence."""
    return {"unit": unit, "value": format(Decimal(value).normalize(), "f")}


def inside(limits: Any) -> Decimal:
    """A number well inside a Range, a CountRange, a Limit, or a pair of bounds; 1 where there is none."""
    low, high = bounds(limits)
    if low is None or high is None:
        return high - step_of(high) if high is not None else (low + step_of(low) if low is not None else Decimal(1))
    return low if low == high else (low + high) / 2


def outside(limits: Any) -> Decimal | None:
    """A number outside, on the side that has a bound and is no less than zero if it can be; None without bounds."""
    low, high = bounds(limits)
    if high is not None:
        return high + step_of(high)
    return None if low is None else low - step_of(low)


def step_of(bound: Decimal) -> Decimal:
    """Some way from a bound: a tenth of it, at least 1."""
    return max(abs(bound) / 10, Decimal(1))


def bounds(limits: Any) -> tuple[Decimal | None, Decimal | None]:
    """Lower and upper bound of any sort of limit."""
    if isinstance(limits, Range | CountRange | Limit):
        low, high = limits.low, limits.high
    else:
        low, high = limits if limits is not None else (None, None)
    return (None if low is None else Decimal(low)), (None if high is None else Decimal(high))


def count_inside(limits: Any) -> int:
    """A whole number inside."""
    low, high = bounds(limits)
    return int(low if low is not None else high if high is not None else 1)


def passing(limit: Limit) -> str:
    """A result that meets a limit, as it is written down."""
    return limit.expect if limit.expect is not None else format(inside(limit).normalize(), "f")


def failing(limit: Limit) -> str:
    """A result that does not meet a limit, as it is written down."""
    if limit.expect is not None:
        return f"not {limit.expect}"
    low, _ = bounds(limit)
    value = low - step_of(low) if low is not None else outside(limit)
    assert value is not None  # noqa: S101  a limit without a word has a bound
    return format(value.normalize(), "f")


def local(instant: datetime, zone: str) -> date:
    """The calendar day of an instant at a place."""
    return instant.astimezone(ZoneInfo(zone)).date()


def morning(day: date, zone: str) -> datetime:
    """Nine in the morning of a day at a place."""
    return datetime.combine(day, MORNING, ZoneInfo(zone)).astimezone(UTC)


def ago(at: datetime, gone: timedelta) -> str:
    """An instant before another one, as evidence."""
    return write_instant(at - gone)
