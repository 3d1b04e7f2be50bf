"""How times and days are kept: as text that sorts, the same on SQLite and PostgreSQL, and the same as in the log.

Knows no table. A naive ``datetime`` never gets past here, in either direction.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from coi_tracker.errors import BrokenPromise


def utc_text(moment: datetime) -> str:
    """``YYYY-MM-DDTHH:MM:SS.ffffffZ``. Raises BrokenPromise for a naive time."""
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise BrokenPromise(
            expected="a time with its time zone",
            came=f"the naive time {moment.isoformat()}",
            do="give every time as aware UTC before it is stored",
        )
    aware = moment.astimezone(UTC)
    return f"{aware.year:04d}{aware.strftime('-%m-%dT%H:%M:%S.%fZ')}"  # strftime does not pad years before 1000


def utc_from_text(text: str) -> datetime:
    """The aware UTC time that `utc_text` wrote. Raises BrokenPromise for any other text."""
    try:
        if len(text) != 27 or (text[4], text[7], text[10], text[19], text[26]) != ("-", "-", "T", ".", "Z"):
            raise ValueError("of another shape")
        return datetime.fromisoformat(text)  # a tenth of the time of strptime, and a course holds many instants
    except ValueError as error:
        raise BrokenPromise(
            expected="a stored time like 2026-01-31T08:00:00.000000Z",
            came=repr(text[:40]),
            do="verify the database against its log; somebody changed it from outside",
        ) from error


def utc_text_or_none(moment: datetime | None) -> str | None:
    """As `utc_text`; nothing stays nothing."""
    return None if moment is None else utc_text(moment)


def utc_from_text_or_none(text: str | None) -> datetime | None:
    """As `utc_from_text`; nothing stays nothing."""
    return None if text is None else utc_from_text(text)


class UtcText(TypeDecorator[datetime]):
    """An instant, as the text that the log has for it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> str | None:
        """Aware UTC only."""
        return utc_text_or_none(value)

    def process_result_value(self, value: Any | None, _dialect: Dialect) -> datetime | None:
        """Aware UTC, always."""
        return utc_from_text_or_none(value)


class DayText(TypeDecorator[date]):
    """A calendar day of a place, ``YYYY-MM-DD``."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: date | None, _dialect: Dialect) -> str | None:
        """A day, not an instant: an instant has no day without a time zone."""
        if isinstance(value, datetime):
            raise BrokenPromise(
                expected="a calendar day", came=f"the instant {value}", do="choose the day in the place's time zone"
            )
        return None if value is None else value.isoformat()

    def process_result_value(self, value: Any | None, _dialect: Dialect) -> date | None:
        """The day again."""
        return None if value is None else date.fromisoformat(value)


WholeNumber = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits on both: SQLite's INTEGER is, and only that name makes a self-numbering key there."""

ByteOrderedText = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""Text that an index gives back in byte order, which is the order of the heads tree."""
