"""Many courses at once, as the rules look at them, in a fixed number of statements: for lists of what is to be done.

Page by page, those first for which hours count: under treatment, then on the road, then in culture, ended ones last.
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
"""Courses that one page of a list of work looks at."""


@dataclass(frozen=True, slots=True)
class OpenCourse:
    """A course, the protocol it follows and when it was opened (a subject without a course: None)."""

    course: Course
    protocol: Protocol
    opened_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenCourses:
    """What was found, and what is around it. ``total``: how many courses fit; this is one ``page`` of ``pages``."""

    courses: tuple[OpenCourse, ...]
    subjects: tuple[OpenCourse, ...]
    setting: Setting
    total: int
    page: int = 1
    pages: int = 1
    first: int = 1  # the place of the first course of this page among all

    @property
    def more(self) -> bool:
        """Whether there are further ones that were not looked at."""
        return self.pages > 1


@dataclass(frozen=True, slots=True)
class Among:
    """Which courses. What is None does not matter. ``cois``: these ones only, closed ones too. ``page``: from 1."""

    site: str | None = None
    cois: tuple[str, ...] | None = None
    page: int = 1


_FIT = "k.standing <> 'closed' AND k.site = COALESCE(:site, k.site) AND {rule}"
_NO_COURSE = """k.site = COALESCE(:site, k.site) AND {rule_of_subjects}
AND NOT EXISTS (SELECT 1 FROM courses o WHERE o.study = k.study AND o.subject = k.number)"""
_MATTERS = """CASE WHEN k.standing NOT IN ('active', 'on_hold') THEN 4
WHEN k.treatment IN ('ld_running', 'ld_complete', 'infused', 'il2_running') THEN 0
WHEN k.material IN ('procured', 'inbound', 'received', 'outbound', 'at_site') THEN 1
WHEN k.material IN ('first_expansion', 'rapid_expansion', 'scaled_up', 'harvested') THEN 2 ELSE 3 END"""
_COURSES = f"""
SELECT c.chain, c.seq, c.head, k.coi, c.state, k.opened_at FROM courses k JOIN chains c ON c.chain = k.chain
WHERE {_FIT} ORDER BY {_MATTERS}, k.opened_at, k.coi LIMIT :most OFFSET :skipped
"""  # noqa: S608 - our own words only
_COUNTS = f"""
SELECT (SELECT count(*) FROM courses k WHERE {_FIT}), (SELECT count(*) FROM subjects k WHERE {_NO_COURSE})
"""  # noqa: S608 - our own words only
_THESE = """
SELECT c.chain, c.seq, c.head, k.coi, c.state, k.opened_at FROM courses k JOIN chains c ON c.chain = k.chain
WHERE k.coi IN {{cois}} AND {rule} ORDER BY k.opened_at, k.coi LIMIT :most
"""
_SUBJECTS = f"""
SELECT c.chain, c.seq, c.head, c.coi, c.state FROM subjects k JOIN chains c ON c.chain = 'subject/' || k.number
WHERE {_NO_COURSE} ORDER BY c.chain LIMIT :most OFFSET :skipped
"""  # noqa: S608 - our own words only
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
    """The courses that are not closed and that `who` may know of; and subjects without a course. One page of `most`.

    `most` does not limit courses that are named. A page beyond the last is the last.
    """
    with record.database.read() as tx:
        rows, subjects, total, page, pages = _rows(tx, who, among, most)
        containers, labels, since = _held(tx, [row[3] for row in rows])
        places: dict[str, Place] = {place.id: place for place in registry.places(tx)}
        setting = Setting(now or record.clock(), places, _holds(tx), since)
        found = tuple(_open(record, tx, row, containers[row[3]], labels[row[3]], utc_from_text(row[5])) for row in rows)
        waiting = tuple(_open(record, tx, row, [], [], None) for row in subjects)
    return OpenCourses(found, waiting, setting, total, page, pages, (page - 1) * most + 1)


_Rows = list[tuple[Any, ...]]


def _rows(tx: Transaction, who: Viewer | None, among: Among, most: int) -> tuple[_Rows, _Rows, int, int, int]:
    """Courses and subjects of the page, how many courses fit, which page it is, and of how many."""
    rule, values = seen_by(who)
    if among.cois is not None:
        named = {"cois": list(among.cois), "most": len(among.cois)}
        rows = tx.query(_THESE.format(rule=rule), **named, **values) if among.cois else []
        return rows, [], len(rows), 1, 1
    of_subjects, sites = _rule_of_subjects(who)
    courses, subjects = tx.query(_with(_COUNTS, rule, of_subjects), site=among.site, **values, **sites)[0]
    pages = max(1, -(-max(courses, subjects) // most))
    page = min(max(1, among.page), pages)
    cut = {"site": among.site, "most": most, "skipped": (page - 1) * most}
    found = tx.query(_with(_COURSES, rule, of_subjects), **cut, **values)
    return found, tx.query(_with(_SUBJECTS, rule, of_subjects), **cut, **sites), courses, page, pages


def _with(sql: str, rule: str, of_subjects: str) -> str:
    return sql.replace("{rule}", rule).replace("{rule_of_subjects}", of_subjects)


def _rule_of_subjects(who: Viewer | None) -> tuple[str, dict[str, Any]]:
    """A subject without a course is known at its site, and to the sponsor."""
    if who is None or who.everywhere:
        return "1 = 1", {}
    return "k.site IN {sites}", {"sites": [str(place) for place in who.places] or [""]}


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
