"""What the sequencer, the checkpoints and the exports read and write: the order of the log, its tree, its notes.

Hashes of tree nodes are bytes, digests of entries hex text, as their columns are. Knows no signature and no tree:
`custody_log` does. Listings are streamed, so that a log of any length fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from coi_tracker.storage.chains import lock_key
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.types import utc_from_text, utc_text, utc_text_or_none


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry that has no log index yet."""

    event_id: str
    chain: str
    seq: int
    digest: str


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An entry in the order of the log. ``text`` is its exact canonical text."""

    index: int
    id: str
    chain: str
    seq: int
    digest: str
    text: str


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The last entry of a chain."""

    chain: str
    seq: int
    digest: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed tree head, as its note."""

    size: int
    origin: str
    note: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class LogKey:
    """A verifier key and the tree size from which it signs."""

    vkey: str
    name: str
    since_size: int
    event_id: str | None


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries to list. All that is given has to fit; nothing given means all.

    `site`: the chains of the site's courses, of its subjects, of its stations, and of the place itself. `since` and
    `until` are times of recording, `until` excluded. `below`: only log indexes below this.
    """

    chains: tuple[str, ...] | None = None
    course: str | None = None
    site: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    below: int | None = None


def take_unsequenced(tx: Transaction, *, limit: int) -> list[Waiting]:
    """The entries that wait for a log index, in the order in which they are to get it; at most `limit`.

    Takes the sequencer's lock until the transaction ends, so that there is one sequencer at a time. Entries of one
    chain come in their order: each was committed before the next was written.
    """
    lock_sequencer(tx)
    rows = tx.query(
        "SELECT e.id, e.chain, e.seq, e.digest FROM unsequenced u JOIN events e ON e.id = u.event_id "
        "ORDER BY u.n LIMIT :limit",
        limit=limit,
    )
    return [Waiting(*row) for row in rows]


def lock_sequencer(tx: Transaction) -> None:
    """Wait to be the only one that extends the log. Recording never waits for this."""
    if tx.kind == "postgresql":
        tx.query("SELECT pg_advisory_xact_lock(:key)", key=lock_key("sequencer"))


def add_positions(tx: Transaction, waiting: Sequence[Waiting], *, first_index: int) -> None:
    """Queue log indexes for these entries, from `first_index` on; they wait no longer."""
    tx.write(
        "INSERT INTO log_positions (idx, event_id, digest) VALUES (:idx, :event_id, :digest)",
        *(
            {"idx": first_index + place, "event_id": entry.event_id, "digest": entry.digest}
            for place, entry in enumerate(waiting)
        ),
    )
    ids = [entry.event_id for entry in waiting]
    if ids:
        tx.write("DELETE FROM unsequenced WHERE event_id IN {ids}", {"ids": ids}, touching=len(ids))


def log_size(tx: Transaction) -> int:
    """How many entries have a log index: the next one to give."""
    rows = tx.query("SELECT COALESCE(max(idx) + 1, 0) FROM log_positions")
    return int(rows[0][0])


def waiting_count(tx: Transaction) -> int:
    """How many entries have none yet."""
    return int(tx.query("SELECT count(*) FROM unsequenced")[0][0])


def positions_of(tx: Transaction, event_ids: Sequence[str]) -> dict[str, int]:
    """The log indexes of these entries, of those that have one."""
    return dict(tx.query("SELECT event_id, idx FROM log_positions WHERE event_id IN {ids}", ids=list(event_ids)))


def unaccounted(tx: Transaction) -> Iterator[str]:
    """Ids of entries that neither have a log index nor wait for one. There are none, unless somebody interfered."""
    rows = tx.stream(
        "SELECT id FROM events e WHERE NOT EXISTS (SELECT 1 FROM log_positions p WHERE p.event_id = e.id) "
        "AND NOT EXISTS (SELECT 1 FROM unsequenced u WHERE u.event_id = e.id)"
    )
    return (row[0] for row in rows)


def add_nodes(tx: Transaction, nodes: Iterable[tuple[int, int, bytes]]) -> None:
    """Queue full nodes of the tree: (level, position, hash)."""
    tx.write(
        "INSERT INTO tree_nodes (level, position, hash) VALUES (:level, :position, :hash)",
        *({"level": level, "position": position, "hash": digest} for level, position, digest in nodes),
    )


_NODES = {
    "postgresql": """
SELECT n.level, n.position, n.hash FROM unnest(CAST(:levels AS bigint[]), CAST(:positions AS bigint[]))
  AS w(level, position) JOIN tree_nodes n ON n.level = w.level AND n.position = w.position
""",
    "sqlite": """
SELECT n.level, n.position, n.hash FROM json_each(:nodes) w CROSS JOIN tree_nodes n
  ON n.level = json_extract(w.value, '$[0]') AND n.position = json_extract(w.value, '$[1]')
""",  # CROSS: SQLite keeps the order, and finds each node by its key instead of reading them all
}


def fetch_nodes(tx: Transaction, nodes: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """The hashes of these (level, position), in one statement. A node that is not there is left out."""
    wanted = list(nodes)
    if not wanted:
        return {}
    if tx.kind == "sqlite":
        rows = tx.query(_NODES[tx.kind], nodes=[list(node) for node in wanted])
    else:
        rows = tx.query(_NODES[tx.kind], levels=[one for one, _ in wanted], positions=[one for _, one in wanted])
    return {(level, position): bytes(digest) for level, position, digest in rows}


def add_checkpoint(tx: Transaction, checkpoint: Checkpoint) -> None:
    """Queue a signed tree head. Conflict pk_checkpoints when there is one of this size."""
    tx.write(
        "INSERT INTO checkpoints (size, origin, note, made_at) VALUES (:size, :origin, :note, :made_at)",
        {
            "size": checkpoint.size,
            "origin": checkpoint.origin,
            "note": checkpoint.note,
            "made_at": utc_text(checkpoint.made_at),
        },
    )


def last_checkpoint(tx: Transaction) -> Checkpoint | None:
    """The newest one."""
    row = tx.one("SELECT size, origin, note, made_at FROM checkpoints ORDER BY size DESC LIMIT 1")
    return None if row is None else Checkpoint(row[0], row[1], row[2], utc_from_text(row[3]))


def checkpoints(tx: Transaction) -> Iterator[Checkpoint]:
    """All of them, oldest first."""
    rows = tx.stream("SELECT size, origin, note, made_at FROM checkpoints ORDER BY size")
    return (Checkpoint(size, origin, note, utc_from_text(made_at)) for size, origin, note, made_at in rows)


def add_log_key(tx: Transaction, key: LogKey) -> None:
    """Queue a verifier key, the first or one that takes over."""
    tx.write(
        "INSERT INTO log_keys (vkey, name, since_size, event_id) VALUES (:vkey, :name, :since_size, :event_id)",
        {"vkey": key.vkey, "name": key.name, "since_size": key.since_size, "event_id": key.event_id},
    )


def log_keys(tx: Transaction) -> list[LogKey]:
    """All verifier keys, the oldest first."""
    return [
        LogKey(*row)
        for row in tx.query("SELECT vkey, name, since_size, event_id FROM log_keys ORDER BY since_size, vkey")
    ]


_HEADS = """
SELECT c.chain, e.seq, e.digest FROM events c JOIN events e ON e.chain = c.chain AND e.seq = (
    SELECT l.seq FROM events l JOIN log_positions p ON p.event_id = l.id
    WHERE l.chain = c.chain AND p.idx < :below ORDER BY l.seq DESC LIMIT 1)
WHERE c.seq = 1 AND c.chain <> 'log' ORDER BY c.chain
"""


def chain_heads(tx: Transaction, *, below: int) -> Iterator[ChainHead]:
    """The last entry with a log index below `below` of every chain but ``log``, by name in byte order.

    Found in the entries themselves, not in the state rows that could be rebuilt.
    """
    return (ChainHead(*row) for row in tx.stream(_HEADS, below=below))


_CONDITIONS: Mapping[str, str] = {
    "chains": "e.chain IN {chains}",
    "course": "e.chain = :course",
    "site": "e.chain IN (SELECT chain FROM courses WHERE site = :site "
    "UNION ALL SELECT 'subject/' || number FROM subjects WHERE site = :site UNION ALL SELECT 'place/' || :site "
    "UNION ALL SELECT 'station/' || code FROM stations WHERE place = :site)",
    "since": "e.recorded_at >= :since",
    "until": "e.recorded_at < :until",
    "below": "p.idx < :below",
}


_ENTRIES = """
SELECT p.idx, e.id, e.chain, e.seq, e.digest, e.entry FROM log_positions p JOIN events e ON e.id = p.event_id
WHERE CONDITIONS ORDER BY p.idx
"""


def entries(tx: Transaction, only: EntryFilter = EntryFilter()) -> Iterator[LogEntry]:
    """The entries that have a log index, in its order, with their exact text."""
    values = {
        "chains": only.chains,
        "course": None if only.course is None else f"course/{only.course}",
        "site": only.site,
        "since": utc_text_or_none(only.since),
        "until": utc_text_or_none(only.until),
        "below": only.below,
    }
    given = {name: value for name, value in values.items() if value is not None}
    conditions = " AND ".join(["1 = 1", *(_CONDITIONS[name] for name in given)])
    sql = _ENTRIES.replace("CONDITIONS", conditions)
    return (LogEntry(*row) for row in tx.stream(sql, **given))
