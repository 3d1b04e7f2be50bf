"""What verification reads: every row of the log as it is, damaged or not, in the order in which it can be checked.

Text comes as bytes where the database could hold bytes that are no text (SQLite). Nothing here is trusted: a row that
is missing is None, not an error. Knows the columns, not what is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from coi_tracker.storage.log_store import Checkpoint
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.types import utc_from_text

TEXTS = ("chain", "id", "prev", "digest", "kind", "step", "coi", "recorded_at")


@dataclass(frozen=True, slots=True)
class AuditedEntry:
    """A row of the event table. ``text`` None: there is no such row. Anything may be of a type it should not be."""

    index: int | None
    event_id: str
    placed_digest: str | None
    chain: Any
    seq: Any
    id: Any
    prev: Any
    digest: Any
    kind: Any
    step: Any
    coi: Any
    recorded_at: Any
    text: bytes | None


_COLUMNS = {
    "sqlite": "CAST(e.chain AS BLOB), e.seq, CAST(e.id AS BLOB), CAST(e.prev AS BLOB), CAST(e.digest AS BLOB), "
    "CAST(e.kind AS BLOB), CAST(e.step AS BLOB), CAST(e.coi AS BLOB), CAST(e.recorded_at AS BLOB), "
    "CAST(e.entry AS BLOB)",
    "postgresql": "e.chain, e.seq, e.id, e.prev, e.digest, e.kind, e.step, e.coi, e.recorded_at, e.entry",
}
_POSITION = {
    "sqlite": "p.idx, CAST(p.event_id AS BLOB), CAST(p.digest AS BLOB)",
    "postgresql": "p.idx, p.event_id, p.digest",
}


def placed_entries(tx: Transaction) -> Iterator[AuditedEntry]:
    """Every log position with its entry, in log order; an entry that is gone has text None."""
    position, columns = _POSITION[tx.kind], _COLUMNS[tx.kind]
    sql = f"SELECT {position}, {columns} FROM log_positions p LEFT JOIN events e ON e.id = p.event_id ORDER BY p.idx"  # noqa: S608
    return (_audited(row) for row in tx.stream(sql))


def unplaced_entries(tx: Transaction) -> Iterator[tuple[AuditedEntry, bool]]:
    """Every entry without a log position, chain by chain, and whether it waits for one."""
    columns = _COLUMNS[tx.kind]
    waits = "EXISTS (SELECT 1 FROM unsequenced u WHERE u.event_id = e.id)"
    sql = (
        f"SELECT NULL, e.id, NULL, {columns}, {waits} FROM events e "  # noqa: S608
        "WHERE NOT EXISTS (SELECT 1 FROM log_positions p WHERE p.event_id = e.id) ORDER BY e.chain, e.seq"
    )
    return ((_audited(row[:-1]), bool(row[-1])) for row in tx.stream(sql))


def _audited(row: Sequence[Any]) -> AuditedEntry:
    *values, text = row
    index, event_id, placed_digest, *columns = (_plain(value) for value in values)
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return AuditedEntry(index, event_id, placed_digest, *columns, data)


def _plain(value: Any) -> Any:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


def with_placed_predecessor(tx: Transaction, ids: Sequence[str]) -> set[str]:
    """Those of these entries whose predecessor in their chain has a log index."""
    if not ids:
        return set()
    rows = tx.query(
        "SELECT n.id FROM events n JOIN events b ON b.chain = n.chain AND b.seq = n.seq - 1 "
        "JOIN log_positions p ON p.event_id = b.id WHERE n.id IN {ids}",
        ids=list(ids),
    )
    return {row[0] for row in rows}


def signature_rows(tx: Transaction, ids: Sequence[str]) -> dict[str, list[tuple[str, str, str, str]]]:
    """The rows of signatures under these entries: (account, meaning, time as text, digest signed), by entry."""
    rows = tx.query(
        "SELECT event_id, account, meaning, signed_at, signed FROM signatures WHERE event_id IN {ids}", ids=list(ids)
    )
    found: dict[str, list[tuple[str, str, str, str]]] = {}
    for event_id, *rest in rows:
        found.setdefault(event_id, []).append((rest[0], rest[1], rest[2], rest[3]))
    return found


def stray_signatures(tx: Transaction) -> list[tuple[str, str]]:
    """Signatures under no entry at all: (id of the entry that is not there, account)."""
    rows = tx.query(
        "SELECT event_id, account FROM signatures s WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.id = s.event_id) "
        "ORDER BY event_id, account LIMIT 50"
    )
    return [(row[0], row[1]) for row in rows]


def stray_waiting(tx: Transaction) -> list[str]:
    """Entries that wait for a log index though they have one, or though they are not there."""
    rows = tx.query(
        "SELECT u.event_id FROM unsequenced u WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.id = u.event_id) "
        "OR EXISTS (SELECT 1 FROM log_positions p WHERE p.event_id = u.event_id) ORDER BY u.n LIMIT 50"
    )
    return [row[0] for row in rows]


def nodes_between(tx: Transaction, level: int, first: int, last: int) -> dict[int, bytes]:
    """The stored nodes of one level from position `first` to `last`, both included."""
    rows = tx.query(
        "SELECT position, hash FROM tree_nodes WHERE level = :level AND position BETWEEN :first AND :last",
        level=level,
        first=first,
        last=last,
    )
    return {row[0]: bytes(row[1]) if isinstance(row[1], bytes | memoryview) else b"" for row in rows}


def node_counts(tx: Transaction) -> dict[int, tuple[int, int]]:
    """For each level how many nodes are stored, and the last position."""
    rows = tx.query("SELECT level, count(*), max(position) FROM tree_nodes GROUP BY level")
    return {level: (count, last) for level, count, last in rows}


def checkpoints_after(tx: Transaction, size: int, *, limit: int = 200) -> list[Checkpoint]:
    """The checkpoints of more than `size` entries, the smallest first, some at a time."""
    rows = tx.query(
        "SELECT size, origin, note, made_at FROM checkpoints WHERE size > :size ORDER BY size LIMIT :limit",
        size=size,
        limit=limit,
    )
    return [Checkpoint(of, origin, note, utc_from_text(made_at)) for of, origin, note, made_at in rows]


def chain_rows(tx: Transaction) -> Iterator[tuple[str, int, str | None, str | None]]:
    """Every state row of a chain: name, number and digest of its last entry, COI."""
    return ((row[0], row[1], row[2], row[3]) for row in tx.stream("SELECT chain, seq, head, coi FROM chains"))
