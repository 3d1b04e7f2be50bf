"""Many courses at once, as the rules look at them, in a fixed number of statements: for lists of what is to be done.

Reads only. Knows which courses somebody may know of, not what is done with them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coi_tracker.course import Container, Course, Hold, Label
from coi_tracker.protocols.model import Protocol
from coi_tracker.services.record import Record
from coi_tracker.services.rehearsal import Setting
from coi_tracker.services.viewers import Viewer, seen_by
from coi_tracker.storage import registry
from coi_tracker.storage.course_codec import container_from, course_from, label_from
from coi_tracker.storage.holdings import hold_of_row
from coi_tracker.storage.registry import Place
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.types import utc_from_text

MOST = 200
"""Courses that a list of work looks at."""


@dataclass(frozen=True, slots=True)
class OpenCourse:
    """A course, the protocol it follows and when it was opened (a subject without a course: None)."""

    course: Course
    protocol: Protocol
    opened_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenCourses:
    """What was found, and what is around it. ``more``: there are further ones that were not looked at."""

    courses: tuple[OpenCourse, ...]
    subjects: tuple[OpenCourse, ...]
    setting: Setting
    more: bool = False


@dataclass(frozen=True, slots=True)
class Among:
    """Which courses. What is None does not matter. ``cois``: these ones only, closed ones too."""

    site: str | None = None
    cois: tuple[str, ...] | None = None


_COURSES = """
SELECT c.chain, c.seq, c.head, k.coi, c.state, k.opened_at FROM courses k JOIN chains c ON c.chain = k.chain
WHERE k.standing <> 'closed' AND k.site = COALESCE(:site, k.site) AND {rule}
ORDER BY k.opened_at, k.coi LIMIT :most
"""
_THESE = """
SELECT c.chain, c.seq, c.head, k.coi, c.state, k.opened_at FROM courses k JOIN chains c ON c.chain = k.chain
WHERE k.coi IN {{cois}} AND {rule} ORDER BY k.opened_at, k.coi LIMIT :most
"""
_SUBJECTS = """
SELECT c.chain, c.seq, c.head, c.coi, c.state FROM subjects k JOIN chains c ON c.chain = 'subject/' || k.number
WHERE k.site = COALESCE(:site, k.site) AND {rule}
AND NOT EXISTS (SELECT 1 FROM courses o WHERE o.study = k.study AND o.subject = k.number)
ORDER BY c.chain LIMIT :most
"""
_CONTAINERS = "SELECT id, coi, kind, part, state, holder, serial, position, doc FROM containers WHERE coi IN {cois}"
_LABELS = """
SELECT l.serial, l.container, l.kind, l.state, l.replaced_by, l.coi, COALESCE(p.printed_at, i.issued_at)
FROM labels l JOIN label_issues i ON i.serial = l.serial LEFT JOIN label_prints p ON p.serial = l.serial
WHERE l.coi IN {cois} AND l.live
"""
_HOLDS = "SELECT id, scope, target, blocks, placed_by, reason FROM holds WHERE lifted_event IS NULL"


def open_courses(
    record: Record, who: Viewer | None, among: Among = Among(), *, most: int = MOST, now: datetime | None = None
) -> OpenCourses:
    """The courses that are not closed and that `who` may know of, the oldest first; and subjects without a course.

    `most` does not limit courses that are named.
    """
    most = most if among.cois is None else len(among.cois)
    with record.database.read() as tx:
        rows = _course_rows(tx, who, among, most)
        cois = [row[3] for row in rows[:most]]
        containers, labels, since = _held(tx, cois)
        places: dict[str, Place] = {place.id: place for place in registry.places(tx)}
        subjects = [] if among.cois is not None else _subject_rows(tx, who, among, most)
        setting = Setting(now or record.clock(), places, _holds(tx), since)
        found = tuple(
            _open(record, tx, row, containers[row[3]], labels[row[3]], utc_from_text(row[5])) for row in rows[:most]
        )
        waiting = tuple(_open(record, tx, row, [], [], None) for row in subjects)
    return OpenCourses(found, waiting, setting, len(rows) > most)


def _course_rows(tx: Transaction, who: Viewer | None, among: Among, most: int) -> list[tuple[Any, ...]]:
    rule, seen = seen_by(who)
    if among.cois is None:
        return tx.query(_COURSES.format(rule=rule), site=among.site, most=most + 1, **seen)
    if not among.cois:
        return []
    return tx.query(_THESE.format(rule=rule), cois=list(among.cois), most=most + 1, **seen)


def _subject_rows(tx: Transaction, who: Viewer | None, among: Among, most: int) -> list[tuple[Any, ...]]:
    """A subject without a course is known at its site, and to the sponsor."""
    rule, values = "1 = 1", {}
    if who is not None and not who.everywhere:
        rule, values = "k.site IN {sites}", {"sites": [str(place) for place in who.places] or [""]}
    sql = _SUBJECTS.replace("{rule}", rule)
    return tx.query(sql, site=among.site, most=most, **values)


_Held = tuple[Mapping[str, list[Container]], Mapping[str, list[Label]], Mapping[str, datetime]]


def _held(tx: Transaction, cois: Sequence[str]) -> _Held:
    containers: defaultdict[str, list[Container]] = defaultdict(list)
    labels: defaultdict[str, list[Label]] = defaultdict(list)
    since: dict[str, datetime] = {}
    if not cois:
        return containers, labels, since
    for row in tx.query(_CONTAINERS, cois=list(cois)):
        containers[row[1]].append(container_from(row[:8], rest=row[8]))
    for row in tx.query(_LABELS, cois=list(cois)):
        labels[row[5]].append(label_from(*row[:5]))
        since[row[0]] = utc_from_text(row[6])
    return containers, labels, since


def _open(
    record: Record,
    tx: Transaction,
    row: tuple[Any, ...],
    containers: Sequence[Container],
    labels: Sequence[Label],
    opened_at: datetime | None,
) -> OpenCourse:
    chain, seq, head, coi, state = row[:5]
    ordered = sorted(containers, key=lambda one: one.id)
    course = course_from(state, chain=chain, seq=seq, head=head, coi=coi, containers=ordered, labels=labels)
    return OpenCourse(course, record.protocol(tx, course.protocol), opened_at)


def _holds(tx: Transaction) -> tuple[Hold, ...]:
    return tuple(hold_of_row(r[0], r[1], r[2], json.loads(r[3]), r[4], r[5]) for r in tx.query(_HOLDS))


def places_of(record: Record) -> Mapping[str, Place]:
    """Every place by its id."""
    with record.database.read() as tx:
        return {place.id: place for place in registry.places(tx)}
