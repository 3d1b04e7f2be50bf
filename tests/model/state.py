"""When two courses are the same state: everything but ids, serials and instants; of time, only the order is kept.

Containers of one kind that agree in all that matters are not told apart. What has a final fate counts once, however
many there are. Deadlines that are still to come are kept in the order in which they fall, those that have passed as
passed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from coi_tracker.course import Container, Course
from coi_tracker.planning.regimen import next_dose
from coi_tracker.process.look import read_instant
from coi_tracker.protocols.model import Protocol
from coi_tracker.simulation.cast import PLACES
from coi_tracker.vocabulary import FINAL_STATES, OPEN_LABELS, ContainerKind, ContainerState, Material, Treatment

M, T = Material, Treatment
WITH_TISSUE = {M.PROCURED, M.INBOUND, M.RECEIVED}
COUNTED = ("material.before", "il2", "dose.cyclophosphamide", "dose.fludarabine")
IGNORED = ("plan.weight", "plan.height", "plan.creatinine", "plan.regimen", "slot", "fill.cells", "dose.", "infusion.")


def key(protocol: Protocol, course: Course, now: datetime) -> Hashable:
    """The state of a course at a time."""
    return (
        course.material,
        course.disposition,
        course.treatment,
        course.standing,
        course.protocol.version,
        containers(course),
        frozenset(Counter((s.kind, s.state) for s in course.labels.values() if s.state in OPEN_LABELS).items()),
        frozenset((h.scope, _what(course, h.target), h.blocks) for h in course.holds),
        frozenset((d.about, d.severity, d.approvals) for d in course.deviations),
        frozenset(_facts(protocol, course)),
        order_of(deadlines(protocol, course), now),
    )


def containers(course: Course) -> frozenset[tuple[Any, ...]]:
    """The containers of a course as a set with counts; a final fate counts once."""
    found: dict[tuple[Any, ...], int] = {}
    for one in course.containers.values():
        kind = sort_of(course, one)
        found[kind] = 1 if one.state in FINAL_STATES else found.get(kind, 0) + 1
    return frozenset((*kind, count) for kind, count in found.items())


def sort_of(course: Course, one: Container) -> tuple[Any, ...]:
    """What is the same of two containers that need not be told apart."""
    if one.state in FINAL_STATES:
        return one.kind, one.state, one.label in OPEN_LABELS
    return (
        one.kind,
        one.state,
        one.label,
        PLACES[one.holder].kind,
        None if one.offered_to is None else PLACES[one.offered_to].kind,
        one.shipper is not None,
        one.position is not None and one.position == course.facts.get("line.suite"),
        one.thawed_at is not None,
        one.verified_at is not None,
        any(h.target == one.id for h in course.holds),
        None if one.cassette is None else course.containers[one.cassette].state,
    )


def _what(course: Course, target: str) -> str:
    one = next((c for c in course.containers.values() if c.id == target), None)
    return "course" if one is None else f"{one.kind} {one.state}"


def _facts(protocol: Protocol, course: Course) -> Iterator[str]:
    for name, value in course.facts.items():
        if name in COUNTED:
            yield f"{name}={value}"
        elif name.startswith("lost."):
            yield f"lost {course.containers[name.removeprefix('lost.')].kind} {value}"  # type: ignore[index]
        elif name.startswith("result.") and name.count(".") == 1:
            yield f"{name} {protocol.release_tests[name.split('.')[1]].passes(value)}"
        elif name.endswith((".held", ".stopped")) or not name.startswith(IGNORED):
            yield name


# --- time


def deadlines(protocol: Protocol, course: Course) -> dict[str, datetime]:
    """What the course is too late for after which instant, as far as it can still matter."""
    return dict(_deadlines(protocol, course))


def _deadlines(protocol: Protocol, course: Course) -> Iterator[tuple[str, datetime]]:
    facts = course.facts
    if course.material in WITH_TISSUE:
        yield "tissue", read_instant(facts["tissue.procured_at"]) + protocol.tissue.time_to_culture
    yield from _culture(protocol, course)
    if course.treatment is T.PLANNED:
        yield "plan", _end_of_day(course, read_instant(facts["plan.infusion_at"]), _first_day(protocol))
        if "recheck_eligibility" in course.done:
            yield "recheck", course.done["recheck_eligibility"].at + protocol.treatment.recheck_window
    if course.treatment is T.LD_RUNNING:
        yield from _dose(protocol, course)
    if course.treatment is T.LD_COMPLETE and "ld.last_at" in facts:
        yield "infusion", read_instant(facts["ld.last_at"]) + protocol.treatment.infusion_not_after
    if course.treatment is T.INFUSED:
        yield "first il2", read_instant(facts["infusion.end_at"]) + protocol.il2.first_after.end
    if course.treatment is T.IL2_RUNNING:
        yield "il2", read_instant(facts["il2.last_at"]) + protocol.il2.interval.end
    yield from _bags(protocol, course)


def _culture(protocol: Protocol, course: Course) -> Iterator[tuple[str, datetime]]:
    made = protocol.manufactures[course.manufacture or ""]
    days = {
        M.FIRST_EXPANSION: made.rapid_expansion_day,
        M.RAPID_EXPANSION: made.scale_up_day,
        M.SCALED_UP: made.harvest_day,
    }
    if course.material in days and course.facility is not None:
        start = course.done["start_first_expansion"].at
        day = days[course.material] + made.tolerance.days
        yield "culture", _end_of_day(course, start, day, zone=PLACES[course.facility].zone)


def _dose(protocol: Protocol, course: Course) -> Iterator[tuple[str, datetime]]:
    regimen = protocol.regimens["standard"]
    given = {d.key: course.facts.get(f"dose.{d.key}") or 0 for d in regimen.drugs}
    stopped = frozenset(d.key for d in regimen.drugs if course.facts.get(f"dose.{d.key}.stopped"))
    due = next_dose(regimen, given, stopped)
    if due is not None:
        yield "dose", _end_of_day(course, read_instant(course.facts["plan.infusion_at"]), due.day)


def _bags(protocol: Protocol, course: Course) -> Iterator[tuple[str, datetime]]:
    for bag in course.of_kind(ContainerKind.BAG):
        if bag.state in FINAL_STATES:
            continue
        if bag.expires_at is not None:
            yield "expiry", bag.expires_at
        if bag.thawed_at is not None and bag.state is ContainerState.IN_USE:
            yield "thaw", bag.thawed_at + protocol.product.thaw_limit
        if bag.verified_at is not None and bag.state is ContainerState.IN_USE:
            yield "bedside", bag.verified_at + protocol.product.bedside_check_valid


def _first_day(protocol: Protocol) -> int:
    return protocol.regimens["standard"].first_day


def _end_of_day(course: Course, start: datetime, days: int, zone: str | None = None) -> datetime:
    where = ZoneInfo(zone or PLACES[course.site or next(iter(PLACES))].zone)
    day = start.astimezone(where).date() + timedelta(days=days)
    return datetime.combine(day, time(23, 59), where)


def order_of(found: dict[str, datetime], now: datetime) -> tuple[str, ...]:
    """The names of the deadlines that have passed, a bar, and those to come in the order in which they fall."""
    past = sorted(name for name, at in found.items() if at < now)
    ahead = sorted((at, name) for name, at in found.items() if at >= now)
    return (*past, "|", *(name for _, name in ahead))
