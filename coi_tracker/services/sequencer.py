"""The sequencer: gives entries their place in the one order of the log, and grows the tree over them.

It runs behind the recording of steps, one at a time under a lock, in short transactions of a bounded number of
entries; where it is stopped, the next run goes on. Within a chain, log order is chain order. Knows digests, not what
entries say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from coi_tracker.custody_log.merkle import Node, new_nodes, nodes_for_root
from coi_tracker.errors import BrokenPromise
from coi_tracker.services.record import Record
from coi_tracker.storage.log_audit import with_placed_predecessor
from coi_tracker.storage.log_store import (
    Waiting,
    add_nodes,
    add_positions,
    fetch_nodes,
    log_size,
    take_unsequenced,
    waiting_count,
)
from coi_tracker.storage.transaction import Transaction

BATCH = 500
"""Entries placed in one transaction. On SQLite that is how long a step may have to wait for the writer."""


def sequence(record: Record, *, batch: int = BATCH) -> int:
    """Give a log index to every entry that waits for one; how many got one."""
    with record.database.read() as tx:
        if waiting_count(tx) == 0:
            return 0
    placed = 0
    while True:
        with record.database.write() as tx:
            count = place_next(tx, limit=batch)
        placed += count
        if count < batch:
            return placed


def place_next(tx: Transaction, *, limit: int = BATCH) -> int:
    """Place up to `limit` waiting entries in this transaction; how many."""
    waiting = take_unsequenced(tx, limit=limit)
    place(tx, waiting)
    return len(waiting)


def place_all(tx: Transaction) -> int:
    """Place whatever waits in this transaction; the size of the log then."""
    while place_next(tx) == BATCH:
        pass
    return log_size(tx)


def place(tx: Transaction, waiting: Sequence[Waiting]) -> int:
    """Queue positions and tree nodes for these entries, at the end of the log; its size then.

    The sequencer's lock is held. Raises BrokenPromise when an entry would come before one that it follows.
    """
    first = log_size(tx)
    if not waiting:
        return first
    refuse_disorder(tx, waiting)
    add_positions(tx, waiting, first_index=first)
    add_nodes(
        tx, grown(first, [bytes.fromhex(entry.digest) for entry in waiting], fetch_nodes(tx, nodes_for_root(first)))
    )
    return first + len(waiting)


def grown(first: int, leaves: Sequence[bytes], peaks: dict[Node, bytes]) -> Iterator[tuple[int, int, bytes]]:
    """The nodes that come to be when `leaves` are appended to a tree of `first` leaves with these peaks."""
    known = dict(peaks)
    for index, leaf in enumerate(leaves, first):
        for level, position, node in new_nodes(index, leaf, lambda *at: known[at]):
            known[level, position] = node
            yield level, position, node


def refuse_disorder(tx: Transaction, waiting: Sequence[Waiting]) -> None:
    """Chain order is log order: of each chain the batch continues what is placed, without a gap."""
    by_chain = sorted(enumerate(waiting), key=lambda placed: placed[1].chain)
    openers = []
    for _, group in groupby(by_chain, key=lambda placed: placed[1].chain):
        entries = [entry for _, entry in group]
        openers.append(entries[0])
        for before, after in pairwise(entries):
            if after.seq != before.seq + 1:
                raise _disorder(after)
    sure = with_placed_predecessor(tx, [entry.event_id for entry in openers if entry.seq > 1])
    for entry in openers:
        if entry.seq > 1 and entry.event_id not in sure:
            raise _disorder(entry)


def _disorder(entry: Waiting) -> BrokenPromise:
    return BrokenPromise(
        expected=f"the entry before number {entry.seq} of {entry.chain} to have its place in the log first",
        came="none",
        do="stop the sequencer and verify the database against its log: somebody changed it from outside",
    )
