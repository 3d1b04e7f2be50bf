"""What screens and lists ask for: courses by page, one course with all that belongs to it, how the log stands.

Reads only, a fixed number of statements a question, and never more rows than a page holds. Knows no personal data
and no layout.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coi_tracker.course import Course, Event, PlaceId, Reason
from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import CoiId, safe_excerpt
from coi_tracker.services.entries import event_of
from coi_tracker.services.printing import state_shown
from coi_tracker.services.record import Record
from coi_tracker.services.viewers import Viewer, seen_by
from coi_tracker.storage import log_store, registry
from coi_tracker.storage.chains import read_chain
from coi_tracker.storage.course_rows import load_course
from coi_tracker.storage.printing import issued_labels
from coi_tracker.storage.registry import Place
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.types import utc_from_text, utc_from_text_or_none
from coi_tracker.vocabulary import Track

PAGE = 50
"""Courses on a page."""
ENTRIES = 100
"""Entries on a page."""
MOST = 1000
"""Rows of anything else that a course can have many of."""


@dataclass(frozen=True, slots=True)
class CourseLine:
    """One course in a list."""

    coi: str
    study: str
    subject: str
    site: PlaceId
    cohort: str | None
    material: str
    disposition: str
    treatment: str
    standing: str
    opened_at: datetime
    entries: int


@dataclass(frozen=True, slots=True)
class CoursePage:
    """A page of courses, newest first. ``number`` counts from 1."""

    courses: tuple[CourseLine, ...]
    number: int
    pages: int
    total: int


@dataclass(frozen=True, slots=True)
class CourseFilter:
    """Which courses; what is None does not matter. ``search``: the start of a COI or of a subject number.

    ``open`` True: those that are not closed.
    """

    search: str | None = None
    site: str | None = None
    standing: str | None = None
    material: str | None = None
    disposition: str | None = None
    treatment: str | None = None
    open: bool = False


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One entry of a chain. ``text`` is its exact canonical text."""

    seq: int
    event: Event
    digest: str
    text: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Some entries of a chain, the newest first. ``older``: the number to go on from, None at the beginning."""

    entries: tuple[TimelineEntry, ...]
    last: int
    older: int | None


@dataclass(frozen=True, slots=True)
class LabelLine:
    """A label that was ever issued for a course. ``state`` is *expired* when nobody scanned it back in time."""

    serial: str
    container: str
    kind: str
    state: str
    replaced_by: str | None
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class HandOff:
    """A container offered by one place to another. ``closed_at`` None: not accepted yet."""

    container: str
    from_place: str
    to_place: str
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class CourseView:
    """All of one course but its entries."""

    course: Course
    opened_at: datetime
    labels: tuple[LabelLine, ...]
    hand_offs: tuple[HandOff, ...]
    places: Mapping[str, Place]


@dataclass(frozen=True, slots=True)
class LogStatus:
    """How long the log is and what of it is signed. ``waiting``: entries without a log index yet."""

    size: int
    waiting: int
    courses: int
    checkpoint: log_store.Checkpoint | None
    vkeys: tuple[str, ...]

    @property
    def since_checkpoint(self) -> int:
        """Entries that no checkpoint covers yet."""
        return self.size + self.waiting - (self.checkpoint.size if self.checkpoint else 0)


_COLUMNS = (
    "k.coi, k.study, k.subject, k.site, k.cohort, k.material, k.disposition, k.treatment, k.standing, k.opened_at"
)
_WHERE = """
WHERE k.site = COALESCE(:site, k.site) AND k.standing = COALESCE(:standing, k.standing)
AND k.material = COALESCE(:material, k.material) AND k.disposition = COALESCE(:disposition, k.disposition)
AND k.treatment = COALESCE(:treatment, k.treatment) AND k.standing <> COALESCE(:but, '')
AND (k.coi LIKE :search ESCAPE '!' OR k.subject LIKE :search ESCAPE '!')
"""


ORDERS = {
    "opened": "k.opened_at DESC",
    "coi": "k.coi",
    "subject": "k.subject",
    "site": "k.site",
    "material": "k.material",
    "disposition": "k.disposition",
    "treatment": "k.treatment",
    "standing": "k.standing",
}
"""What a list of courses can be sorted by; the newest come first where nothing else decides."""


def courses(
    record: Record,
    wanted: CourseFilter = CourseFilter(),
    *,
    page: int = 1,
    who: Viewer | None = None,
    order: str = "opened",
) -> CoursePage:
    """One page of the courses that fit and `who` may know of. A page beyond the last is the last.

    Raises KeyError for an order that is none of `ORDERS`.
    """
    rule, seen = seen_by(who)
    values = {**_values(wanted), **seen}
    by = ORDERS[order]
    with record.database.read() as tx:
        total = int(tx.query(f"SELECT count(*) FROM courses k {_WHERE} AND {rule}", **values)[0][0])  # noqa: S608
        pages = max(1, -(-total // PAGE))
        number = min(max(1, page), pages)
        rows = tx.query(
            f"SELECT {_COLUMNS}, c.seq FROM courses k JOIN chains c ON c.chain = k.chain {_WHERE} AND {rule} "  # noqa: S608
            f"ORDER BY {by}, k.opened_at DESC, k.coi LIMIT :most OFFSET :skip",
            **values,
            most=PAGE,
            skip=(number - 1) * PAGE,
        )
    return CoursePage(tuple(_line(row) for row in rows), number, pages, total)


def _values(wanted: CourseFilter) -> dict[str, str | None]:
    return {
        "site": wanted.site,
        "standing": wanted.standing,
        "material": wanted.material,
        "disposition": wanted.disposition,
        "treatment": wanted.treatment,
        "but": "closed" if wanted.open else None,
        "search": _starts_with(wanted.search),
    }


def every_coi(record: Record, wanted: CourseFilter, *, who: Viewer | None, most: int) -> tuple[str, ...]:
    """The COI of the courses that fit and `who` may know of, the oldest first, at most so many."""
    rule, seen = seen_by(who)
    sql = f"SELECT k.coi FROM courses k {_WHERE} AND {rule} ORDER BY k.opened_at, k.coi LIMIT :most"  # noqa: S608
    with record.database.read() as tx:
        return tuple(str(row[0]) for row in tx.query(sql, **_values(wanted), most=most, **seen))


def these_courses(record: Record, cois: Sequence[str], *, who: Viewer | None) -> tuple[CourseLine, ...]:
    """The lines of these courses, as far as `who` may know of them, the oldest first."""
    rule, seen = seen_by(who)
    where = f"WHERE k.coi IN {{cois}} AND {rule} ORDER BY k.opened_at, k.coi"
    sql = f"SELECT {_COLUMNS}, c.seq FROM courses k JOIN chains c ON c.chain = k.chain {where}"  # noqa: S608
    with record.database.read() as tx:
        rows = tx.query(sql, cois=list(cois), **seen) if cois else []
    return tuple(_line(row) for row in rows)


def _starts_with(text: str | None) -> str:
    """A pattern for LIKE in which nothing of the text is special. Hyphens and blanks of a typed COI do not count."""
    plain = (text or "").strip()[:60]
    if plain[:1].upper() == "C" and len(plain) > 4:
        plain = plain.replace("-", "").replace(" ", "").upper()
    for special in "!%_":
        plain = plain.replace(special, f"!{special}")
    return f"{plain}%"


def _line(row: tuple[Any, ...]) -> CourseLine:
    named = dict(zip(CourseLine.__slots__, row, strict=True))
    return CourseLine(**{**named, "opened_at": utc_from_text(row[9])})


def coi_of(text: str) -> str:
    """The COI that somebody typed or followed a link to, as it is stored. Raises NotUnderstood."""
    return CoiId.parse(text.replace("-", "").replace(" ", "").upper()).text if len(text) < 60 else _no_coi(text)


def _no_coi(text: str) -> str:
    raise NotUnderstood(
        expected="a COI identifier", came=safe_excerpt(text, 40), do="type it as it is printed on the label"
    )


def course_view(record: Record, coi: str, *, who: Viewer | None = None) -> CourseView | None:
    """One course: its state, every label, every hand-off, and the places it knows.

    None: no such course, or none that `who` may know of.
    """
    rule, seen = seen_by(who)
    with record.database.read() as tx:
        row = tx.one(f"SELECT chain, opened_at FROM courses k WHERE coi = :coi AND {rule}", coi=coi, **seen)  # noqa: S608
        locked = None if row is None else read_chain(tx, row[0])
        course = None if locked is None else load_course(tx, locked)
        if row is None or course is None:
            return None
        return CourseView(course, utc_from_text(row[1]), _labels(record, tx, course), _hand_offs(tx, coi), _places(tx))


def _places(tx: Transaction) -> dict[str, Place]:
    return {place.id: place for place in registry.places(tx)}


_HAND_OFFS = """
SELECT h.container, h.from_place, h.to_place, o.recorded_at, c.recorded_at
FROM containers k JOIN hand_offs h ON h.container = k.id
JOIN events o ON o.id = h.opened_event LEFT JOIN events c ON c.id = h.closed_event
WHERE k.coi = :coi ORDER BY o.recorded_at, h.container LIMIT :most
"""


def _labels(record: Record, tx: Transaction, course: Course) -> tuple[LabelLine, ...]:
    issued = issued_labels(tx, course.coi or "", most=MOST)
    return tuple(
        LabelLine(
            one.serial,
            one.container,
            one.kind,
            state_shown(record, tx, course, one),
            one.replaced_by,
            one.issued_at,
        )
        for one in issued
    )


def _hand_offs(tx: Transaction, coi: str) -> tuple[HandOff, ...]:
    rows = tx.query(_HAND_OFFS, coi=coi, most=MOST)
    return tuple(HandOff(c, f, t, utc_from_text(a), utc_from_text_or_none(b)) for c, f, t, a, b in rows)


def timeline_entry(row: tuple[Any, ...]) -> TimelineEntry:
    """The entry of a row: number, text, digest."""
    seq, text, digest = row
    return TimelineEntry(int(seq), event_of(json.loads(text)), digest, text)


def timeline(record: Record, chain: str, *, up_to: int | None = None, most: int = ENTRIES) -> Timeline:
    """The entries of a chain from number `up_to` (None: the last) backwards, at most `most`."""
    with record.database.read() as tx:
        locked = read_chain(tx, chain)
        last = 0 if locked is None else locked.seq
        first = last if up_to is None else min(up_to, last)
        rows = tx.query(
            "SELECT seq, entry, digest FROM events WHERE chain = :chain AND seq <= :first AND seq > :before "
            "ORDER BY seq DESC",
            chain=chain,
            first=first,
            before=max(0, first - most),
        )
    return Timeline(tuple(timeline_entry(row) for row in rows), last, first - most if first > most else None)


def log_status(record: Record) -> LogStatus:
    """How the log stands now."""
    with record.database.read() as tx:
        return LogStatus(
            size=log_store.log_size(tx),
            waiting=log_store.waiting_count(tx),
            courses=int(tx.query("SELECT count(*) FROM courses")[0][0]),
            checkpoint=log_store.last_checkpoint(tx),
            vkeys=tuple(key.vkey for key in log_store.log_keys(tx)),
        )


def states(record: Record) -> dict[str, dict[str, int]]:
    """How many courses are in which state, track by track, the most frequent first."""
    with record.database.read() as tx:
        return {track.value: dict(tx.query(_COUNTED.replace("TRACK", track.value))) for track in Track}


_COUNTED = "SELECT TRACK, count(*) FROM courses GROUP BY TRACK ORDER BY count(*) DESC, TRACK"


def places(record: Record) -> list[Place]:
    """Every place there is, by name: for choosing one."""
    with record.database.read() as tx:
        return sorted(registry.places(tx), key=lambda place: place.name)


def reasons_in_words(reasons: tuple[Reason, ...]) -> list[dict[str, str]]:
    """Reasons as a program reads them."""
    return [{"code": str(r.code), "expected": r.expected, "observed": r.observed} for r in reasons]
