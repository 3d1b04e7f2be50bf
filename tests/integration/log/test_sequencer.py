"""The sequencer gives every entry its place, one after the other, and grows the tree over them."""

from __future__ import annotations

import contextlib
import threading

import pytest

from coi_tracker.custody_log import merkle
from coi_tracker.errors import BrokenPromise
from coi_tracker.services.sequencer import place, place_next, sequence
from coi_tracker.storage.log_store import LogEntry, Waiting, entries, fetch_nodes, log_size, waiting_count
from tests.integration.log import builders

SEQUENCED = pytest.mark.requirement("COI-LOG-04")


def the_log(record) -> list[LogEntry]:
    with record.database.read() as tx:
        return list(entries(tx))


@SEQUENCED
def test_every_entry_gets_an_index_without_gaps(record) -> None:
    builders.steps(record, 40)
    assert sequence(record, batch=7) == 40
    assert [entry.index for entry in the_log(record)] == list(range(40))
    assert sequence(record) == 0
    with record.database.read() as tx:
        assert waiting_count(tx) == 0


@SEQUENCED
def test_log_order_is_chain_order_in_every_chain(record) -> None:
    builders.steps(record, 40)
    sequence(record, batch=3)
    for chain in builders.CHAINS:
        numbers = [entry.seq for entry in the_log(record) if entry.chain == chain]
        assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.requirement("COI-LOG-02")
@pytest.mark.parametrize("batch", [1, 2, 5, 100])
def test_the_stored_tree_is_the_tree_over_the_digests(record, batch: int) -> None:
    builders.steps(record, 21)
    sequence(record, batch=batch)
    leaves = [bytes.fromhex(entry.digest) for entry in the_log(record)]
    with record.database.read() as tx:
        for size in range(1, 22):
            nodes = fetch_nodes(tx, merkle.nodes_for_root(size))
            assert merkle.root_at(size, lambda *node, known=nodes: known[node]) == merkle.root(leaves[:size])


@SEQUENCED
def test_stopped_between_batches_the_next_run_goes_on(record) -> None:
    builders.steps(record, 20)
    with record.database.write() as tx:
        assert place_next(tx, limit=6) == 6
    with contextlib.suppress(KeyboardInterrupt), record.database.write() as tx:
        place_next(tx, limit=6)
        raise KeyboardInterrupt
    assert sequence(record, batch=6) == 14
    assert [entry.index for entry in the_log(record)] == list(range(20))


@SEQUENCED
def test_sequencers_and_writers_at_once_lose_and_double_nothing(record) -> None:
    chains = [(f"course/T{n}",) for n in range(3)]
    writers = [threading.Thread(target=builders.steps, args=(record, 15), kwargs={"chains": c}) for c in chains]
    sequencers = [threading.Thread(target=lambda: [sequence(record, batch=4) for _ in range(8)]) for _ in range(3)]
    for thread in (*writers, *sequencers):
        thread.start()
    for thread in (*writers, *sequencers):
        thread.join()
    sequence(record)
    found = the_log(record)
    assert [entry.index for entry in found] == list(range(45))
    for (chain,) in chains:
        assert [entry.seq for entry in found if entry.chain == chain] == list(range(1, 16))


@SEQUENCED
def test_an_entry_is_never_placed_before_one_that_it_follows(record) -> None:
    with record.database.write() as tx:
        first, second, third = (waiting(builders.step(tx, "course/C000")) for _ in range(3))
    for disorder in ([second], [first, third], [second, first]):
        with pytest.raises(BrokenPromise, match="course/C000"), record.database.write() as tx:
            place(tx, disorder)
    with record.database.read() as tx:
        assert log_size(tx) == 0


def waiting(entry) -> Waiting:
    return Waiting(entry.id, entry.chain, entry.seq, entry.digest)
