"""What verification reads: every row of the log as it is, damaged or not, in the order in which it can be checked.

Text comes as bytes where the database could hold bytes that are no text (SQLite). Nothing here is trusted: a row that
is missing is None, not an error. Knows the columns, not what is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from coi_tracker.storage.log_store import LogKey
from coi_tracker.storage.transaction import Transaction


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


def _texts(tx: Transaction, *columns: str) -> str:
    """Columns of text to select: on SQLite as bytes, for a damaged file can hold bytes there that are no text."""
    return ", ".join(f"CAST({column} AS BLOB)" if tx.kind == "sqlite" else column for column in columns)


def _event(tx: Transaction) -> str:
    rest = ("e.id", "e.prev", "e.digest", "e.kind", "e.step", "e.coi", "e.recorded_at", "e.entry")
    return f"{_texts(tx, 'e.chain')}, e.seq, {_texts(tx, *rest)}"


def placed_entries(tx: Transaction) -> Iterator[AuditedEntry]:
    """Every log position with its entry, in log order; an entry that is gone has text None."""
    sql = (
        f"SELECT p.idx, {_texts(tx, 'p.event_id', 'p.digest')}, {_event(tx)} "  # noqa: S608 - our own names
        "FROM log_positions p LEFT JOIN events e ON e.id = p.event_id ORDER BY p.idx"
    )
    return (_audited(row) for row in tx.stream(sql))


def unplaced_entries(tx: Transaction) -> Iterator[tuple[AuditedEntry, bool]]:
    """Every entry without a log position, chain by chain, and whether it waits for one."""
    waits = "EXISTS (SELECT 1 FROM unsequenced u WHERE u.event_id = e.id)"
    sql = (
        f"SELECT NULL, {_texts(tx, 'e.id')}, NULL, {_event(tx)}, {waits} FROM events e "  # noqa: S608 - our own names
        "WHERE NOT EXISTS (SELECT 1 FROM log_positions p WHERE p.event_id = e.id) ORDER BY e.chain, e.seq"
    )
    return ((_audited(row[:-1]), bool(row[-1])) for row in tx.stream(sql))


def _audited(row: Sequence[Any]) -> AuditedEntry:
    *values, text = row
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return AuditedEntry(*[*map(_plain, values), data])


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
    columns = _texts(tx, "event_id", "account", "meaning", "signed_at", "signed")
    rows = tx.query(f"SELECT {columns} FROM signatures WHERE event_id IN {{ids}}", ids=list(ids))  # noqa: S608
    found: dict[str, list[tuple[str, str, str, str]]] = {}
    for row in rows:
        event_id, account, meaning, signed_at, signed = map(_plain, row)
        found.setdefault(event_id, []).append((account, meaning, signed_at, signed))
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


@dataclass(frozen=True, slots=True)
class AuditedCheckpoint:
    """A row of checkpoints; ``made_at`` is text as it stands."""

    size: int
    origin: str
    note: str
    made_at: str


def checkpoints_after(tx: Transaction, size: int, *, limit: int = 200) -> list[AuditedCheckpoint]:
    """The checkpoints of more than `size` entries, the smallest first, some at a time."""
    rows = tx.query(
        f"SELECT size, {_texts(tx, 'origin', 'note', 'made_at')} FROM checkpoints "  # noqa: S608 - our own names
        "WHERE size > :size ORDER BY size LIMIT :limit",
        size=size,
        limit=limit,
    )
    return [AuditedCheckpoint(*map(_plain, row)) for row in rows]


def key_rows(tx: Transaction) -> list[LogKey]:
    """The rows of verifier keys, the oldest first."""
    columns = f"{_texts(tx, 'vkey', 'name')}, since_size, {_texts(tx, 'event_id')}"
    rows = tx.query(f"SELECT {columns} FROM log_keys ORDER BY since_size, vkey")  # noqa: S608 - our own names
    return [LogKey(*map(_plain, row)) for row in rows]


def chain_rows(tx: Transaction) -> Iterator[tuple[Any, Any, Any]]:
    """Every state row of a chain: name, number and digest of its last entry."""
    sql = f"SELECT {_texts(tx, 'chain')}, seq, {_texts(tx, 'head')} FROM chains"  # noqa: S608 - our own names
    return ((_plain(chain), seq, _plain(head)) for chain, seq, head in tx.stream(sql))
