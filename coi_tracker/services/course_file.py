"""What else belongs to a course: refusals, signatures, holds and deviations with what became of them, plan, results.

Reads only, a fixed number of statements. The rules are asked for days and limits; none is repeated here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from coi_tracker.course import Course, Event
from coi_tracker.planning.regimen import schedule
from coi_tracker.process.bedside import due_dose, regimen_of
from coi_tracker.process.look import NotInProtocol, read_instant
from coi_tracker.protocols.model import Protocol
from coi_tracker.services import queries
from coi_tracker.services.entries import event_of
from coi_tracker.services.next_steps import next_steps
from coi_tracker.services.open_courses import Among, open_courses
from coi_tracker.services.record import Record
from coi_tracker.services.turns import NextStep
from coi_tracker.services.viewers import Viewer, seen_by
from coi_tracker.storage.chains import read_chain
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.types import utc_from_text

MOST = 300
"""Rows of one sort on the page of a course."""
ABOUT_TROUBLE = ("place_hold", "lift_hold", "open_deviation", "assess_deviation", "close_deviation")


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """Who signed which entry, and what the signature means."""

    seq: int
    step: str
    account: str
    name: str
    meaning: str
    at: datetime


@dataclass(frozen=True, slots=True)
class EventLine:
    """An entry and its number in the chain."""

    seq: int
    event: Event


@dataclass(frozen=True, slots=True)
class Trouble:
    """A hold or a deviation from its beginning: what opened it, and what was done about it. ``open``: it stands."""

    begun: EventLine
    after: tuple[EventLine, ...]
    open: bool


@dataclass(frozen=True, slots=True)
class SlotDay:
    """A day at the facility that is booked for the course."""

    day: date
    facility: str
    position: int
    purpose: str


@dataclass(frozen=True, slots=True)
class DoseDay:
    """One dose of the plan: its day at the site, and what became of it."""

    drug: str
    number: int
    day: int
    date: date
    state: str  # given, due, held, stopped or planned


@dataclass(frozen=True, slots=True)
class Result:
    """One test of the specification. ``passes`` None: there is no result yet, or none that can be read."""

    test: str
    limit: str
    unit: str
    value: str | None
    passes: bool | None
    recorded_by: str | None
    reviewed_by: str | None
    after_release: bool


@dataclass(frozen=True, slots=True)
class CourseFile:
    """All of it."""

    next: tuple[NextStep, ...]
    refusals: tuple[EventLine, ...]
    signatures: tuple[SignatureLine, ...]
    troubles: tuple[Trouble, ...]
    slot: tuple[SlotDay, ...]
    doses: tuple[DoseDay, ...]
    results: tuple[Result, ...]
    names: Mapping[str, str]


_OF_KIND = "SELECT seq, entry FROM events WHERE chain = :chain AND kind = 'refused' ORDER BY seq DESC LIMIT :most"
_OF_STEPS = """
SELECT seq, entry FROM events WHERE chain = :chain AND kind = 'performed' AND step IN {steps} ORDER BY seq LIMIT :most
"""
_SIGNED = """
SELECT e.seq, e.step, s.account, a.name, s.meaning, s.signed_at FROM events e
JOIN signatures s ON s.event_id = e.id LEFT JOIN accounts a ON a.id = s.account
WHERE e.chain = :chain ORDER BY e.seq DESC, s.signed_at LIMIT :most
"""
_SLOT = "SELECT day, facility, position, purpose FROM bookings WHERE coi = :coi ORDER BY day"


def course_file(record: Record, coi: str, *, who: Viewer | None) -> CourseFile | None:
    """What else belongs to a course. None: no such course, or none that `who` may know of."""
    found = open_courses(record, who, Among(cois=(coi,)))
    if not found.courses:
        return None
    one = found.courses[0]
    course, protocol = one.course, one.protocol
    with record.database.read() as tx:
        rows = _rows(tx, course.chain, coi)
        names = _names(tx, course)
    return CourseFile(
        next=next_steps(record.process_of(course), protocol, course, found.setting),
        refusals=_lines(rows["refused"]),
        signatures=tuple(
            SignatureLine(s, t or "", a, n or a, m, utc_from_text(w)) for s, t, a, n, m, w in rows["signed"]
        ),
        troubles=tuple(_troubles(course, _lines(rows["trouble"]))),
        slot=tuple(SlotDay(date.fromisoformat(d), f, int(p), w) for d, f, p, w in rows["slot"]),
        doses=tuple(_doses(course, protocol, found.setting.zone(course.site))),
        results=tuple(_results(course, protocol)),
        names=names,
    )


def _rows(tx: Transaction, chain: str, coi: str) -> dict[str, list[tuple[Any, ...]]]:
    return {
        "refused": tx.query(_OF_KIND, chain=chain, most=MOST),
        "trouble": tx.query(_OF_STEPS, chain=chain, steps=list(ABOUT_TROUBLE), most=MOST),
        "signed": tx.query(_SIGNED, chain=chain, most=MOST),
        "slot": tx.query(_SLOT, coi=coi),
    }


def _names(tx: Transaction, course: Course) -> dict[str, str]:
    """The names of the accounts that the facts of the course mention."""
    mentioned = {v for k, v in course.facts.items() if isinstance(v, str) and k.endswith((".by", ".reviewed"))}
    accounts = mentioned | {h.placed_by for h in course.holds} | {"nobody"}
    return dict(tx.query("SELECT id, name FROM accounts WHERE id IN {ids}", ids=sorted(accounts)))


def _lines(rows: list[tuple[Any, ...]]) -> tuple[EventLine, ...]:
    return tuple(EventLine(int(seq), event_of(json.loads(text))) for seq, text in rows)


def _troubles(course: Course, lines: tuple[EventLine, ...]) -> Iterator[Trouble]:
    """Each hold and each deviation, the newest first, with the entries that name it."""
    standing = {h.id for h in course.holds} | {d.id for d in course.deviations}
    for line in reversed(lines):
        if line.event.step not in ("place_hold", "open_deviation"):
            continue
        about = line.event.id
        after = (o for o in lines if about in (o.event.evidence.get("hold"), o.event.evidence.get("deviation")))
        yield Trouble(line, tuple(after), line.event.id in standing)


def _doses(course: Course, protocol: Protocol, zone: str) -> Iterator[DoseDay]:
    planned = course.facts.get("plan.infusion_at")
    if planned is None:
        return
    infusion = read_instant(planned).astimezone(ZoneInfo(zone)).date()
    try:
        regimen, due = regimen_of(protocol, course), due_dose(protocol, course)
    except NotInProtocol:
        return
    for dose in schedule(regimen):
        state = "due" if dose == due else _state(course, dose.drug, dose.number)
        yield DoseDay(dose.drug, dose.number, dose.day, dose.date(infusion), state)


def _state(course: Course, drug: str, number: int) -> str:
    if number <= (course.facts.get(f"dose.{drug}") or 0):
        return "given"
    return "stopped" if course.facts.get(f"dose.{drug}.stopped") else "planned"


def _results(course: Course, protocol: Protocol) -> Iterator[Result]:
    for name, test in protocol.release_tests.items():
        value = course.facts.get(f"result.{name}")
        yield Result(
            test=name,
            limit=str(test.limit),
            unit=test.unit or "",
            value=value,
            passes=None if value is None else _passes(test, value),
            recorded_by=course.facts.get(f"result.{name}.by"),
            reviewed_by=course.facts.get(f"result.{name}.reviewed"),
            after_release=test.final_after_release,
        )


def _passes(test: Any, value: str) -> bool | None:
    try:
        return bool(test.passes(value))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries of a chain; what is None does not matter."""

    kind: str | None = None
    step: str | None = None


_CHOSEN = """
SELECT seq, entry, digest FROM events WHERE chain = :chain AND seq <= :first
AND kind = COALESCE(:kind, kind) AND COALESCE(step, '') = COALESCE(:step, step, '') ORDER BY seq DESC LIMIT :most
"""


def chosen_entries(
    record: Record, chain: str, wanted: EntryFilter, *, up_to: int | None = None, most: int = queries.ENTRIES
) -> queries.Timeline:
    """The entries of a chain that fit, from number `up_to` (None: the last) backwards, at most `most`."""
    with record.database.read() as tx:
        locked = read_chain(tx, chain)
        last = 0 if locked is None else locked.seq
        first = last if up_to is None else min(up_to, last)
        rows = tx.query(_CHOSEN, chain=chain, first=first, kind=wanted.kind, step=wanted.step, most=most + 1)
    older = int(rows[most][0]) if len(rows) > most else None
    return queries.Timeline(tuple(queries.timeline_entry(row) for row in rows[:most]), last, older)


def course_of_label(record: Record, serial: str, *, who: Viewer | None) -> tuple[str, str] | None:
    """The course and the container that a label was issued for. None: no such label, or not one for `who` to know."""
    rule, seen = seen_by(who)
    sql = "SELECT k.coi, i.container FROM label_issues i JOIN courses k ON k.coi = i.coi WHERE i.serial = :serial AND "
    with record.database.read() as tx:
        row = tx.one(sql + rule, serial=serial, **seen)
    return None if row is None else (str(row[0]), str(row[1]))
