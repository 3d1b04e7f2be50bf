"""The rows that a step locks first, and the entries it appends. Knows the log's columns, not what an entry says.

On PostgreSQL a step takes, in one statement and always in the same order: shared advisory locks on what may hold
it up (its places, its study), then the row of its chain. Placing a hold takes the exclusive lock. So a hold that is
acknowledged is seen by every step that commits later, and steps of different courses never wait for each other.
On SQLite the transaction is the only writer anyhow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from coi_tracker.errors import BrokenPromise
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.types import utc_from_text, utc_text

_CHAIN = "SELECT chain, seq, head, coi, state FROM chains WHERE chain = :chain"

_LOCKED_CHAIN = """
WITH taken AS MATERIALIZED (
  SELECT CASE WHEN alone
    THEN CAST(pg_advisory_xact_lock(key) AS text)
    ELSE CAST(pg_advisory_xact_lock_shared(key) AS text) END AS locked
  FROM unnest(CAST(:keys AS bigint[]), CAST(:alone AS boolean[])) AS wanted(key, alone)
)
SELECT chain, seq, head, coi, state FROM chains
WHERE chain = :chain AND (SELECT count(locked) FROM taken) >= 0
FOR UPDATE
"""


@dataclass(frozen=True, slots=True)
class LockedChain:
    """The state row of a chain, locked until the transaction ends. ``seq`` 0 and ``state`` None: no entry yet."""

    chain: str
    seq: int
    head: str | None
    coi: str | None
    state: str | None


@dataclass(frozen=True, slots=True)
class SignedBy:
    """One signature under a new entry. ``signed``: the digest that it covers, in hex."""

    account: str
    meaning: str
    at: datetime
    signed: str


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry to append: its exact text, and the parts of it that have columns. ``digest`` and ``prev`` in hex."""

    id: str
    chain: str
    seq: int
    prev: str | None
    digest: str
    kind: str
    step: str | None
    coi: str | None
    recorded_at: datetime
    entry: str
    signatures: tuple[SignedBy, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as it was appended."""

    id: str
    chain: str
    seq: int
    digest: str
    kind: str
    step: str | None
    coi: str | None
    recorded_at: datetime
    entry: str


def lock_chain(
    tx: Transaction,
    chain: str,
    *,
    shared: Iterable[str] = (),
    exclusive: Iterable[str] = (),
    create: bool = False,
    new: bool = False,
) -> LockedChain | None:
    """Lock what a step depends on and then its chain; None when there is no such chain.

    `shared`, `exclusive`: names of places and studies (``place/<id>``, ``study/<key>``; any text will do, as long as
    all say the same). `create`: make the chain if it is missing; of two who do, one waits and then sees the other's.
    `new`: it is likely to be missing, so make it first, which saves a trip.
    """
    if create and new:
        _create(tx, chain)
    found = _locked(tx, chain, frozenset(shared), frozenset(exclusive))
    if found is None and create:
        _create(tx, chain)
        found = _locked(tx, chain, frozenset(), frozenset())
    return found


def _create(tx: Transaction, chain: str) -> None:
    tx.write("INSERT INTO chains (chain, seq) VALUES (:chain, 0) ON CONFLICT (chain) DO NOTHING", {"chain": chain})


def _locked(tx: Transaction, chain: str, shared: frozenset[str], exclusive: frozenset[str]) -> LockedChain | None:
    if not tx.writing:
        raise BrokenPromise(
            expected="a transaction that writes", came="one that reads", do="open it with Database.write()"
        )
    if tx.kind == "sqlite":
        row = tx.one(_CHAIN, chain=chain)
    else:
        wanted = sorted({lock_key(name): name in exclusive for name in shared | exclusive}.items())
        keys, alone = [key for key, _ in wanted], [only for _, only in wanted]
        row = tx.one(_LOCKED_CHAIN, chain=chain, keys=keys, alone=alone)
    return None if row is None else LockedChain(*row)


def read_chain(tx: Transaction, chain: str) -> LockedChain | None:
    """The state row of a chain as it is now, without a lock: for screens and comparisons."""
    row = tx.one(_CHAIN, chain=chain)
    return None if row is None else LockedChain(*row)


def lock_key(name: str) -> int:
    """The 64-bit number of an advisory lock. Two names that share one would only wait for each other needlessly."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


_APPEND = """
INSERT INTO events (chain, seq, id, prev, digest, kind, step, coi, recorded_at, entry)
VALUES (:chain, :seq, :id, :prev, :digest, :kind, :step, :coi, :recorded_at, :entry)
"""
_SIGN = """
INSERT INTO signatures (event_id, account, meaning, signed_at, signed)
VALUES (:event_id, :account, :meaning, :signed_at, :signed)
"""


def append_entry(tx: Transaction, entry: NewEntry) -> None:
    """Queue an entry and its signatures. The chain's row is moved on by `save_course` or `move_head`."""
    tx.write(_APPEND, _entry_values(entry), touching=1)
    tx.write(_SIGN, *_signature_values(entry))


def append_entries(tx: Transaction, entries: Sequence[NewEntry]) -> None:
    """Queue many, in their order: for imports and generators."""
    tx.write(_APPEND, *(_entry_values(entry) for entry in entries))
    tx.write(_SIGN, *(values for entry in entries for values in _signature_values(entry)))


def _entry_values(entry: NewEntry) -> dict[str, object]:
    return {
        "chain": entry.chain,
        "seq": entry.seq,
        "id": entry.id,
        "prev": entry.prev,
        "digest": entry.digest,
        "kind": entry.kind,
        "step": entry.step,
        "coi": entry.coi,
        "recorded_at": utc_text(entry.recorded_at),
        "entry": entry.entry,
    }


def _signature_values(entry: NewEntry) -> list[dict[str, object]]:
    return [
        {
            "event_id": entry.id,
            "account": signature.account,
            "meaning": str(signature.meaning),
            "signed_at": utc_text(signature.at),
            "signed": signature.signed,
        }
        for signature in entry.signatures
    ]


def move_head(tx: Transaction, locked: LockedChain, entry: NewEntry) -> None:
    """Queue the move of a locked chain's head to an entry, its state unchanged: refusals, and the log's own chain."""
    tx.write(
        "UPDATE chains SET seq = :seq, head = :head WHERE chain = :chain AND seq = :before",
        {"chain": locked.chain, "seq": entry.seq, "head": entry.digest, "before": locked.seq},
        touching=1,
    )


_BY_ID = "SELECT id, chain, seq, digest, kind, step, coi, recorded_at, entry FROM events WHERE id = :id"
_OF_CHAIN = """
SELECT id, chain, seq, digest, kind, step, coi, recorded_at, entry FROM events WHERE chain = :chain ORDER BY seq
"""


def find_entry(tx: Transaction, entry_id: str) -> StoredEntry | None:
    """The entry with this id, wherever it is: a repeated attempt gets the first answer."""
    row = tx.one(_BY_ID, id=entry_id)
    return None if row is None else _stored(row)


def chain_entries(tx: Transaction, chain: str) -> Iterable[StoredEntry]:
    """The entries of one chain from the first to the last, in bounded memory."""
    return map(_stored, tx.stream(_OF_CHAIN, chain=chain))


def _stored(row: tuple[object, ...]) -> StoredEntry:
    values = dict(zip(StoredEntry.__slots__, row, strict=True))
    return StoredEntry(**{**values, "recorded_at": utc_from_text(str(values["recorded_at"]))})  # type: ignore[arg-type]
