"""What a reviewer of the audit trail asks the log: what was refused, entered late or changed in the set-up, and when.

Reads only, a page at a time. Somebody who may not know of every course is told of her own places' entries only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from coi_tracker.course import Event
from coi_tracker.services.entries import event_of
from coi_tracker.services.record import Record
from coi_tracker.services.viewers import Viewer, seen_by
from coi_tracker.storage import registry
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.types import utc_text

PAGE = 50
"""Entries on a page."""
USUAL = 30
"""Days that are shown when no period is chosen."""


class Question(StrEnum):
    """What can be asked."""

    REFUSALS = "refusals"
    LATE = "late"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` up to, and without, `until`; `site` None: everywhere she may look."""

    since: datetime
    until: datetime
    site: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """An entry, and the course it belongs to, if to one."""

    seq: int
    coi: str | None
    event: Event


@dataclass(frozen=True, slots=True)
class FoundPage:
    """A page of entries, the newest first. ``number`` counts from 1; ``places``: every place by its id."""

    entries: tuple[Found, ...]
    number: int
    pages: int
    total: int
    places: Mapping[str, Any]


_CONDITIONS = {
    Question.REFUSALS: "e.kind = 'refused'",
    # The text is canonical JSON: a quotation mark of a comment is escaped, so this can be a key only.
    Question.LATE: "e.kind = 'performed' AND e.entry LIKE '%\"late_reason\":\"%'",
    Question.CHANGES: "e.kind = 'setup_changed'",
}
_FROM = """
FROM events e LEFT JOIN courses k ON k.coi = e.coi
WHERE {condition} AND e.recorded_at >= :since AND e.recorded_at < :until AND {mine} AND {site}
"""
_AT = "e.entry LIKE :at_{name} ESCAPE '!'"
_OF_SITE = "(k.site = :site OR k.facility = :site OR e.chain = 'place/' || :site OR {at})"


def ask(record: Record, question: Question, period: Period, *, who: Viewer | None, page: int = 1) -> FoundPage:
    """One page of the answer. A page beyond the last is the last."""
    where, values = _where(question, period, who)
    with record.database.read() as tx:
        total = _count(tx, where, values)
        pages = max(1, -(-total // PAGE))
        number = min(max(1, page), pages)
        rows = _page(tx, where, values, number)
        places: dict[str, Any] = {place.id: place for place in registry.places(tx)}
    return FoundPage(tuple(_found(row) for row in rows), number, pages, total, places)


def count(record: Record, question: Question, period: Period, *, who: Viewer | None) -> int:
    """How long the answer is."""
    where, values = _where(question, period, who)
    with record.database.read() as tx:
        return _count(tx, where, values)


def _count(tx: Transaction, where: str, values: dict[str, str]) -> int:
    return int(tx.query(f"SELECT count(*) {where}", **values)[0][0])


def _where(question: Question, period: Period, who: Viewer | None) -> tuple[str, dict[str, str]]:
    mine, values = _mine(who)
    if period.site is not None:
        values |= {"site": period.site, "at_site": _acted_at(period.site)}
    where = _FROM.format(
        condition=_CONDITIONS[question],
        mine=mine,
        site="1 = 1" if period.site is None else _OF_SITE.format(at=_AT.format(name="site")),
    )
    return where, values | {"since": utc_text(period.since), "until": utc_text(period.until)}


def _page(tx: Transaction, where: str, values: dict[str, str], number: int) -> list[tuple[Any, ...]]:
    order = "ORDER BY e.recorded_at DESC, e.chain, e.seq DESC LIMIT :most OFFSET :skip"
    return tx.query(
        f"SELECT e.seq, k.coi, e.entry {where} {order}",
        **values,
        most=PAGE,
        skip=(number - 1) * PAGE,
    )


def _found(row: tuple[Any, ...]) -> Found:
    seq, coi, text = row
    return Found(int(seq), coi, event_of(json.loads(text)))


def _mine(who: Viewer | None) -> tuple[str, dict[str, str]]:
    """Entries of courses she may know of, of her places' own chains, and of attempts made there."""
    rule, values = seen_by(who)
    if who is None or who.everywhere:
        return rule, dict(values)
    names = [f"mine_{n}" for n in range(len(who.places))]
    acted = {f"at_{name}": _acted_at(place) for name, place in zip(names, who.places, strict=True)}
    chains = {f"chain_{name}": f"place/{place}" for name, place in zip(names, who.places, strict=True)}
    # An attempt made at one of her places, on a course of somebody else, tells of a course she may not know of.
    here = " OR ".join([f"({_AT.format(name=name)} AND e.coi IS NULL)" for name in names] + ["1 = 0"])
    own = " OR ".join([f"e.chain = :{name}" for name in chains] + ["1 = 0"])
    return f"((k.coi IS NOT NULL AND {rule}) OR {here} OR {own})", {**values, **acted, **chains}


def _acted_at(place: str) -> str:
    """A pattern for entries whose actor was at a place, in the canonical order of an entry's keys."""
    plain = json.dumps(place, ensure_ascii=False)
    for special in "!%_":
        plain = plain.replace(special, f"!{special}")
    return f'{{"actor":{{"account":%,"place":{plain},"role":%'


def last_days(record: Record, days: int) -> Period:
    """The last so many days, up to now."""
    now = record.clock()
    return Period(now - timedelta(days=days), now + timedelta(seconds=1))
