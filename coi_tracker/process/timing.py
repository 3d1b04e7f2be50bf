"""Needs about time: windows in hours from recorded instants, days of a process at a place, evidence in order.

Hours are counted between instants in UTC, so they are right across a clock change; days are calendar days in the
zone of the place. A window may be excused by an open deviation that the named roles have approved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from coi_tracker.course import Reason
from coi_tracker.process.look import Look, hours, reason
from coi_tracker.process.spec import Field, ProtocolPath
from coi_tracker.vocabulary import ReasonCode as Code
from coi_tracker.vocabulary import Role

DEVIATION = Field("deviation", "the open deviation that decides", required=False)
BY_QA = frozenset({Role.QA})


@dataclass(frozen=True, slots=True)
class Within:
    """Not earlier and not later than so long after an instant.

    ``since`` is a fact, or the name of a step (its latest performance). ``at`` is the evidence that says when this
    step happened; without it the time of the attempt counts. ``excused_by``: a deviation with these approvals excuses
    being late, and a start that was never recorded; being early is never excused.
    """

    since: str
    after: ProtocolPath | None = None
    before: ProtocolPath | None = None
    at: str | None = None
    excused_by: frozenset[Role] | None = None
    ASKS: ClassVar[tuple[Field, ...]] = (DEVIATION,)

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Too early or too late, with the window and what was found."""
        start = start_of(look, self.since)
        when = look.evidence.get(self.at, look.now) if self.at else look.now
        excused = self.excused_by is not None and look.excused(self.excused_by)
        if start is None:
            if not excused:
                yield reason(Code.TOO_EARLY, f"{self.since} recorded before", "not recorded")
            return
        gone = when - start
        if self.after is not None and gone < look.limit(self.after):
            yield reason(Code.TOO_EARLY, f"{hours(look.limit(self.after))} after {self.since}", hours(gone))
        if gone.total_seconds() < 0 and self.after is None:
            yield reason(Code.TOO_EARLY, f"after {self.since} ({start:%Y-%m-%d %H:%M} UTC)", hours(gone))
        if self.before is not None and gone > look.limit(self.before) and not excused:
            yield reason(Code.TOO_LATE, f"{hours(look.limit(self.before))} after {self.since}", hours(gone))

    def say(self) -> str:
        """The need in words."""
        low = f"not before *{self.after}*" if self.after else ""
        high = f"not later than *{self.before}*" if self.before else ""
        excuse = f" (or a deviation approved by {', '.join(sorted(self.excused_by))})" if self.excused_by else ""
        return f"{' and '.join(x for x in (low, high) if x) or 'not before'} after {self.since}{excuse}"


def start_of(look: Look, since: str) -> datetime | None:
    """The instant a window is counted from."""
    if since in look.course.done:
        return look.course.done[since].at
    return look.instant(since) if since in look.course.facts else None


@dataclass(frozen=True, slots=True)
class OnDay:
    """On a day of the process, counted in calendar days at the place from another step, with a tolerance."""

    day: ProtocolPath
    tolerance: ProtocolPath
    since: str
    ASKS: ClassVar[tuple[Field, ...]] = (DEVIATION,)

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Too early or too late by days."""
        start = start_of(look, self.since)
        if start is None:
            yield reason(Code.TOO_EARLY, f"{self.since} recorded before", "not recorded")
            return
        day, slack = look.limit(self.day), look.limit(self.tolerance).days
        gone = (look.today - look.local_date(start)).days
        excused = look.excused(BY_QA)
        wanted = f"day {day - slack} to {day + slack} after {self.since}"
        if gone < day - slack and not excused:
            yield reason(Code.TOO_EARLY, wanted, f"day {gone}")
        if gone > day + slack and not excused:
            yield reason(Code.TOO_LATE, wanted, f"day {gone}")

    def say(self) -> str:
        """The need in words."""
        return f"on day *{self.day}* +- *{self.tolerance}* after {self.since} (or a deviation approved by qa)"


@dataclass(frozen=True, slots=True)
class InOrder:
    """Two instants given as evidence are in order, and not in the future."""

    first: str
    second: str

    def unmet(self, look: Look) -> Iterator[Reason]:
        """The end before the start, or a time that has not come yet."""
        first, second = look.evidence.get(self.first), look.evidence.get(self.second)
        if first is None or second is None:
            return
        if second < first:
            yield reason(Code.VALUE_OUT_OF_RANGE, f"{self.second} not before {self.first}", f"{second} < {first}")
        if _ahead(look, second):
            yield reason(Code.VALUE_OUT_OF_RANGE, f"{self.second} not in the future", str(second))

    def say(self) -> str:
        """The need in words."""
        return f"{self.first} before {self.second}, neither in the future"


def _ahead(look: Look, value: object) -> bool:
    """Whether a date or an instant has not come yet."""
    if isinstance(value, datetime):
        return value > look.attempt.recorded_at
    return isinstance(value, date) and value > look.local_date(look.attempt.recorded_at)


@dataclass(frozen=True, slots=True)
class NotFuture:
    """A date or instant of the past: documented things have happened."""

    field: str

    def unmet(self, look: Look) -> Iterator[Reason]:
        """A time that has not come yet."""
        value = look.evidence.get(self.field)
        if _ahead(look, value):
            yield reason(Code.VALUE_OUT_OF_RANGE, f"{self.field} not in the future", str(value))

    def say(self) -> str:
        """The need in words."""
        return f"{self.field} is not in the future"
