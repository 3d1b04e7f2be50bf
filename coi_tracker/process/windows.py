"""When a step may be done, at the earliest and at the latest, read off the needs that will judge it.

For lists and screens that say what is due: nothing is decided here. That a window says the same as the need it is read
off is shown by a test, which tries both sides of every edge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from coi_tracker.process.bedside import BagGood, DoseDue, Il2Due, PlanDayIsToday, due_dose, regimen_of
from coi_tracker.process.look import Look, NotInProtocol, hours
from coi_tracker.process.signing import SameTwoAtBedside
from coi_tracker.process.spec import ProtocolPath
from coi_tracker.process.timing import OnDay, Within, start_of
from coi_tracker.vocabulary import FINAL_STATES, ContainerKind


@dataclass(frozen=True, slots=True)
class Window:
    """From ``opens`` to ``closes``, both included; None is an open end. ``says``: what it comes from, in words."""

    opens: datetime | None
    closes: datetime | None
    says: str


def windows(look: Look, *, of: Callable[[Any], bool] = bool) -> tuple[Window, ...]:
    """Every window of the step that can be told already, those inside a gate included. `of`: of which needs only."""
    needs = ((read, need) for kind, read in _READ.items() for need in look.step.needs_of(kind) if of(need))
    return tuple(window for read, need in needs for window in _told(read, need, look))


def both(found: tuple[Window, ...]) -> tuple[datetime | None, datetime | None]:
    """The latest opening and the earliest closing of several windows: all of them have to be kept."""
    opens = max((w.opens for w in found if w.opens is not None), default=None)
    closes = min((w.closes for w in found if w.closes is not None), default=None)
    return opens, closes


def _told(read: Callable[[Any, Look], Iterator[Window]], need: Any, look: Look) -> Iterator[Window]:
    """Nothing from a need that asks for what the protocol does not hold: the decision says so."""
    try:
        yield from read(need, look)
    except NotInProtocol:
        return


def day_of(look: Look, first: date, last: date | None = None) -> tuple[datetime, datetime]:
    """From the first instant of a day to the last one of a day, in the zone of the place."""
    zone = ZoneInfo(look.attempt.zone)
    return datetime.combine(first, time.min, zone), datetime.combine(last or first, time.max, zone)


def limit(look: Look, path: ProtocolPath | None) -> timedelta | None:
    """A span of the protocol; None where there is no limit."""
    return None if path is None else look.limit(path)


def _within(need: Within, look: Look) -> Iterator[Window]:
    start = start_of(look, need.since)
    if start is None or (need.after is None and need.before is None):
        return  # only the order of two steps
    after, before = limit(look, need.after), limit(look, need.before)
    spans = (f"{word} {hours(span)}" for word, span in (("at least", after), ("at most", before)) if span is not None)
    yield Window(
        start + (after or timedelta(0)),
        None if before is None else start + before,
        f"{' and '.join(spans)} after {_word(need.since)}",
    )


def _on_day(need: OnDay, look: Look) -> Iterator[Window]:
    start = start_of(look, need.since)
    if start is None:
        return
    day, slack = look.limit(need.day), timedelta(days=look.limit(need.tolerance).days)
    target = look.local_date(start) + timedelta(days=day)
    more = f", {slack.days} d either side" if slack.days else ""
    yield Window(*day_of(look, target - slack, target + slack), f"day {day} of the process{more}")


def _dose(_need: DoseDue, look: Look) -> Iterator[Window]:
    planned, due = look.instant("plan.infusion_at"), due_dose(look.protocol, look.course)
    if planned is None or due is None:
        return
    opens, closes = day_of(look, due.date(look.local_date(planned)))
    held = bool(look.course.facts.get(f"dose.{due.drug}.held"))
    yield Window(opens, None if held else closes, f"{_word(due.drug)} dose {due.number}, day {due.day:+d} of the plan")


def _il2(need: Il2Due, look: Look) -> Iterator[Window]:
    given = look.course.facts.get("il2") or 0
    start = need.counted_from(look, given)
    if start is None or given >= look.protocol.il2.max_doses:
        return
    span = look.protocol.il2.interval if given else look.protocol.il2.first_after
    held = bool(look.course.facts.get("il2.held"))
    says = f"{hours(span.start)} to {hours(span.end)} after {'the dose before' if given else 'the infusion'}"
    yield Window(start + span.start, None if held else start + span.end, says)


def _plan_day(_need: PlanDayIsToday, look: Look) -> Iterator[Window]:
    planned = look.instant("plan.infusion_at")
    if planned is None:
        return
    first = look.local_date(planned) + timedelta(days=regimen_of(look.protocol, look.course).first_day)
    yield Window(*day_of(look, first), "the first day of the planned regimen")


def _bag(need: BagGood, look: Look) -> Iterator[Window]:
    """Until the bag that was read, or the first one of those left, expires; and until a thaw timer has run down."""
    left = [
        b for b in look.containers(need.part) or look.course.of_kind(ContainerKind.BAG) if b.state not in FINAL_STATES
    ]
    expires = min((b.expires_at for b in left if b.expires_at is not None), default=None)
    if expires is not None:
        yield Window(None, expires, "the first bag expires" if len(left) > 1 else f"bag {left[0].part} expires")
    for bag in left:
        if need.limit is not None and bag.thawed_at is not None:
            span = look.limit(need.limit)
            yield Window(None, bag.thawed_at + span, f"bag {bag.part}: at most {hours(span)} after thaw")


def _checked(need: SameTwoAtBedside, look: Look) -> Iterator[Window]:
    span = look.limit(need.valid)
    for bag in look.containers(need.part):
        if bag.verified_at is not None:
            says = f"bag {bag.part}: at most {hours(span)} after the check at the bedside"
            yield Window(bag.verified_at, bag.verified_at + span, says)


COUNTED_FROM: Mapping[str, str] = {
    "tissue.procured_at": "the tissue was taken",
    "ld.last_at": "the last dose of lymphodepletion",
    "infusion.start_at": "the start of the infusion",
    "infusion.end_at": "the end of the infusion",
    "recheck_eligibility": "eligibility was rechecked",
}
"""Facts and steps that windows are counted from, in words."""


def _word(name: str) -> str:
    return COUNTED_FROM.get(name, name.replace("_", " "))


_READ: Mapping[type, Callable[[Any, Look], Iterator[Window]]] = {
    Within: _within,
    OnDay: _on_day,
    DoseDue: _dose,
    Il2Due: _il2,
    PlanDayIsToday: _plan_day,
    BagGood: _bag,
    SameTwoAtBedside: _checked,
}
