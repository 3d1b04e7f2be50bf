"""The log in its order, by page, as far as somebody may know of it: for auditors' programs and for webhooks.

Reads only. Whoever sees everything sees every chain; others the chains of their courses, subjects, stations and places.
"""

from __future__ import annotations

from collections.abc import Sequence

from coi_tracker.course import PlaceId, SubjectNumber
from coi_tracker.custody_log.chain import parse_chain
from coi_tracker.services.record import Record
from coi_tracker.services.viewers import Viewer, may_see, seen_by
from coi_tracker.storage import log_pages
from coi_tracker.storage.log_pages import LogPage
from coi_tracker.storage.transaction import Transaction

MOST = 500
"""Entries on a page."""


def entries_from(record: Record, who: Viewer, *, start: int, most: int = MOST, kinds: Sequence[str] = ()) -> LogPage:
    """The entries from a log index on that somebody may know of."""
    with record.database.read() as tx:
        return page(tx, who, start=start, most=most, kinds=kinds)


def page(tx: Transaction, who: Viewer, *, start: int, most: int, kinds: Sequence[str] = ()) -> LogPage:
    """The same, in a transaction."""
    rule, values = seen_by(who)
    return log_pages.log_page(
        tx,
        start=start,
        most=min(most, MOST),
        places=None if who.everywhere else who.places,
        rule=rule,
        values=dict(values),
        kinds=kinds,
    )


def knows_of(record: Record, who: Viewer, chain: str) -> bool:
    """Whether somebody may know of a chain. A subject that is not registered anywhere hides nothing."""
    if who.everywhere:
        return True
    kind, key = parse_chain(chain)
    with record.database.read() as tx:
        return _knows_of(tx, who, kind, key or "")


def _knows_of(tx: Transaction, who: Viewer, kind: str, key: str) -> bool:
    if kind == "course":
        return may_see(tx, who, key)
    if kind == "subject":
        rows = tx.query("SELECT site FROM subjects WHERE number = :number", number=SubjectNumber(key))
        return not rows or any(row[0] in who.places for row in rows)
    if kind == "place":
        return PlaceId(key) in who.places
    if kind == "station":
        row = tx.one("SELECT place FROM stations WHERE code = :code", code=key)
        return row is not None and row[0] in who.places
    return kind == "study"
