"""Whether a record is whole: nothing lost, no fork, no gap, nothing doubled.

Looks at the database itself, after the processes are done. Used by the races and by the tests that kill.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from coi_tracker.custody_log.entry import digest
from coi_tracker.custody_log.note import SigningKey
from coi_tracker.services import rebuild
from coi_tracker.services.checkpoints import checkpoint
from coi_tracker.services.findings import Report
from coi_tracker.services.record import Record
from coi_tracker.services.sequencer import sequence
from coi_tracker.services.verification import verify
from coi_tracker.storage.chains import chain_entries, read_chain
from coi_tracker.storage.transaction import Transaction


def assert_chains_whole(record: Record, *, acknowledged: Iterable[str] = ()) -> None:
    """Every acknowledged id is there, once; every chain is numbered and linked; its row stands at its last entry."""
    with record.database.read() as tx:
        ids = [row[0] for row in tx.stream("SELECT id FROM events")]
        assert len(ids) == len(set(ids))
        assert set(acknowledged) <= set(ids), "an acknowledged entry is lost"
        assert _placed_or_waiting(tx) == sorted(ids), "an entry is neither in the log's order nor waiting for it"
        for chain in [row[0] for row in tx.query("SELECT chain FROM chains ORDER BY chain")]:
            _assert_chain(tx, chain)


def _placed_or_waiting(tx: Transaction) -> list[str]:
    rows = tx.stream("SELECT event_id FROM unsequenced UNION ALL SELECT event_id FROM log_positions")
    return sorted(row[0] for row in rows)


def _assert_chain(tx: Transaction, chain: str) -> None:
    head = read_chain(tx, chain)
    assert head is not None
    previous, length = None, 0
    for entry in chain_entries(tx, chain):
        length += 1
        value = json.loads(entry.entry)
        assert (value["chain"], value["seq"], value["prev"]) == (chain, length, previous)
        previous = digest(entry.entry.encode()).hex()
        assert entry.digest == previous
    assert (head.seq, head.head) == (length, previous), f"the row of {chain} is not at its last entry"


def assert_whole(record: Record, *, key: SigningKey | None = None) -> None:
    """The log verifies, whatever state it was left in; again once all is in order and signed; state equals fold."""
    _assert_clean(verify(record))
    _assert_clean(rebuild.check(record))
    sequence(record)
    if key is not None:
        checkpoint(record, key)
    _assert_clean(verify(record))


def _assert_clean(report: Report) -> None:
    assert report.first_bad is None, report.first_bad.sentence()
