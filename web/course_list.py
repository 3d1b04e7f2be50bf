"""What a list of courses is narrowed to and sorted by, and the page of it that is shown. Knows addresses, no HTML.

Sorting by what is due first has to look at every course that fits, so it looks at open ones, up to a limit.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import CoiId, LabelSerial, ScanPayload, read_scan
from coi_tracker.services import queries
from coi_tracker.services.queries import PAGE, CourseFilter, CourseLine
from coi_tracker.services.record import Record
from coi_tracker.services.turns import NextStep
from coi_tracker.services.viewers import Viewer
from coi_tracker.services.worklist import due_of
from coi_tracker.vocabulary import Disposition, Material, PlaceKind, Standing, Treatment
from web import wording

MOST = 500
"""Courses that a list by due date looks at, and that a file holds."""
NAMES = ("search", "site", "material", "disposition", "treatment", "standing", "due", "sort")
DUE = {"late": "late", "today": "within a day", "week": "within a week", "any": "any time"}
"""What can be due: late by now, or within so long."""
WITHIN = {"late": timedelta(0), "today": timedelta(days=1), "week": timedelta(days=7), "any": timedelta(days=36500)}
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ShownPage:
    """A page of courses, with what is due first on each. ``short``: there were more than were looked at."""

    courses: tuple[CourseLine, ...]
    due: Mapping[str, NextStep]
    number: int
    pages: int
    total: int
    short: bool = False


def chosen(given: Mapping[str, str]) -> dict[str, str]:
    """What the address says, each a word at most; what makes no sense is as if it were not there."""
    found = {name: given.get(name, "").strip()[:100] for name in NAMES}
    known = {"due": DUE, "sort": {**queries.ORDERS, "due": ""}}
    return {name: value if value in known.get(name, (value,)) else "" for name, value in found.items()}


def choices(places: Iterable[Any]) -> dict[str, list[tuple[str, str]]]:
    """What the fields of the form offer: value and words."""
    sites = [(p.id, p.name) for p in places if p.kind is PlaceKind.SITE]
    words = {name: [(str(one), wording.words(one)) for one in kind] for name, kind in _STATES.items()}
    return {
        "site": sorted(sites, key=lambda one: one[1]),
        **words,
        "due": list(DUE.items()),
        "sort": list(_SORTS.items()),
    }


_STATES = {"material": Material, "disposition": Disposition, "treatment": Treatment, "standing": Standing}
_SORTS = {
    "opened": "newest first",
    "due": "due first",
    **{name: name for name in ("subject", "site", "material", "disposition", "treatment", "standing", "coi")},
}


def labelled(text: str) -> str | None:
    """The serial, when what was typed or scanned is a label."""
    try:
        read = read_scan(text)
    except NotUnderstood:
        return None
    if isinstance(read, ScanPayload):
        return read.serial.text
    return read.text if isinstance(read, LabelSerial) else None


def _filter(of: Mapping[str, str], *, open_only: bool = False) -> CourseFilter:
    texts = {name: of[name] or None for name in ("search", "site", *_STATES)}
    return CourseFilter(**texts, open=open_only)


def page(record: Record, of: Mapping[str, str], *, who: Viewer, number: int) -> ShownPage:
    """The page that was asked for; a page beyond the last is the last."""
    if of["due"] or of["sort"] == "due":
        return _by_due(record, of, who=who, number=number)
    found = queries.courses(record, _filter(of), page=number, who=who, order=of["sort"] or "opened")
    due = due_of(record, [line.coi for line in found.courses], who=who)
    return ShownPage(found.courses, due, found.number, found.pages, found.total)


def _by_due(record: Record, of: Mapping[str, str], *, who: Viewer, number: int) -> ShownPage:
    cois = queries.every_coi(record, _filter(of, open_only=True), who=who, most=MOST + 1)
    due = due_of(record, cois[:MOST], who=who)
    fit = sorted((_when(due.get(coi)), coi) for coi in cois[:MOST] if _fits(_when(due.get(coi)), of, record))
    pages = max(1, -(-len(fit) // PAGE))
    here = min(max(1, number), pages)
    shown = [coi for _, coi in fit[(here - 1) * PAGE : here * PAGE]]
    lines = {line.coi: line for line in queries.these_courses(record, shown, who=who)}
    ordered = tuple(lines[coi] for coi in shown if coi in lines)
    return ShownPage(ordered, due, here, pages, len(fit), short=len(cois) > MOST)


def _when(one: NextStep | None) -> datetime:
    """When something is due; at the end of time where nothing is."""
    return NEVER if one is None or one.due_at is None else one.due_at.astimezone(UTC)


def _fits(at: datetime, of: Mapping[str, str], record: Record) -> bool:
    return not of["due"] or (at < NEVER and at <= record.clock() + WITHIN[of["due"]])


def as_csv(record: Record, of: Mapping[str, str], *, who: Viewer) -> str:
    """The list as a file, the header first. A cell that a spreadsheet would calculate is made plain text."""
    written = io.StringIO()
    out = csv.writer(written)
    out.writerow(("coi", "subject", "site", "cohort", *_STATES, "opened_at", "due_at", "due_step"))
    cois = queries.every_coi(record, _filter(of), who=who, most=MOST)
    due = due_of(record, cois, who=who)
    for line in queries.these_courses(record, cois, who=who):
        first = due.get(line.coi)
        states = (line.material, line.disposition, line.treatment, line.standing)
        at = wording.iso(first.due_at) if first is not None and first.due_at is not None else ""
        row = (
            CoiId(line.coi).text,
            line.subject,
            line.site,
            line.cohort or "",
            *states,
            wording.iso(line.opened_at),
            at,
        )
        out.writerow([_plain(cell) for cell in (*row, first.step if first else "")])
    return written.getvalue()


def _plain(cell: str) -> str:
    return f"'{cell}" if cell[:1] in "=+-@\t\r" else cell
