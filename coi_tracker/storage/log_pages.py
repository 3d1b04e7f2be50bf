"""Pages of the log in its order, as far as somebody may know of it. Bounded, however long the log is.

A page looks at a stretch of log indexes of limited length, so that a reader who may see little does not make the
database read everything at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from coi_tracker.storage.log_store import LogEntry
from coi_tracker.storage.transaction import Transaction

STRETCH = 2_000
"""Log indexes that one page looks at."""


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some entries in the order of the log. ``next``: the first index that was not looked at; ``size``: of the log."""

    entries: tuple[LogEntry, ...]
    next: int
    size: int


_SOME = """
SELECT p.idx, e.id, e.chain, e.seq, e.digest, e.entry FROM log_positions p JOIN events e ON e.id = p.event_id
WHERE p.idx >= :start AND p.idx < :end {kinds} AND {seen} ORDER BY p.idx LIMIT :most
"""
_CHAINS_OF_PLACES = """(
e.chain IN {own}
OR EXISTS (SELECT 1 FROM courses k WHERE k.chain = e.chain AND {rule})
OR EXISTS (SELECT 1 FROM stations s WHERE e.chain = 'station/' || s.code AND s.place IN {seen_places})
OR EXISTS (SELECT 1 FROM subjects s WHERE e.chain = 'subject/' || s.number AND s.site IN {seen_places}))
"""


def log_page(
    tx: Transaction,
    *,
    start: int,
    most: int,
    places: Sequence[str] | None,
    rule: str = "1 = 1",
    values: dict[str, Any] | None = None,
    kinds: Sequence[str] = (),
) -> LogPage:
    """The entries from log index `start` on, at most `most`.

    `places`: only chains that have to do with these places, and courses (``k``) under `rule` with its `values`;
    None: every chain. `kinds`: only these.
    """
    size = int(tx.query("SELECT COALESCE(max(idx) + 1, 0) FROM log_positions")[0][0])
    end = min(start + STRETCH, size)
    sql = _SOME.replace("{kinds}", "AND e.kind IN {wanted}" if kinds else "")
    given: dict[str, Any] = {"wanted": list(kinds)} if kinds else {}
    if places is None:
        sql = sql.replace("{seen}", "1 = 1")
    else:
        sql = sql.replace("{seen}", _CHAINS_OF_PLACES.replace("{rule}", rule))
        own = [f"place/{place}" for place in places]
        given |= {"own": own, "seen_places": list(places), **(values or {})}
    rows = tx.query(sql, start=start, end=max(end, start), most=most, **given)
    found = tuple(LogEntry(*row) for row in rows)
    following = found[-1].index + 1 if len(found) == most else max(end, start)
    return LogPage(found, following, size)
