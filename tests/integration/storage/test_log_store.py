"""The order of the log: given once, without gaps, to one at a time; read in bounded memory."""

from __future__ import annotations

import itertools
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from coi_tracker.storage import log_store
from coi_tracker.storage.chains import NewEntry, append_entries
from coi_tracker.storage.database import Database
from coi_tracker.storage.faults import Conflict
from coi_tracker.storage.log_store import ChainHead, Checkpoint, EntryFilter, LogKey, Waiting
from coi_tracker.storage.types import utc_from_text
from tests.integration.storage.builders import (
    NOW,
    ON_POSTGRESQL,
    a_course,
    an_entry,
    next_step,
    open_course,
    record_alone,
)

pytestmark = pytest.mark.requirement("COI-LOG-04")


def _sequence(db: Database, *, limit: int = 1000) -> list[Waiting]:
    with db.write() as tx:
        waiting = log_store.take_unsequenced(tx, limit=limit)
        log_store.add_positions(tx, waiting, first_index=log_store.log_size(tx))
    return waiting


def _entries(db: Database, **only) -> list[log_store.LogEntry]:
    with db.read() as tx:
        return list(log_store.entries(tx, EntryFilter(**only)))


@pytest.fixture
def logged(db):
    """Two courses, three steps, a place, all with a log index."""
    with db.write() as tx:
        open_course(tx, a_course("C1"))
        open_course(tx, a_course("C2", subject="002"))
    with db.write() as tx:
        next_step(tx, "course/C1")
        record_alone(tx, "place/site")
    _sequence(db)
    return db


def test_every_entry_gets_an_index_in_the_order_of_its_chain(logged):
    found = _entries(logged)

    assert [entry.index for entry in found] == list(range(6))
    assert [entry.chain for entry in found] == [
        "subject/001", "subject/002", "course/C1", "course/C2", "course/C1", "place/site",
    ]  # fmt: skip
    assert [entry.seq for entry in found] == [1, 1, 1, 1, 2, 1]
    with logged.read() as tx:
        assert log_store.log_size(tx) == 6
        assert log_store.waiting_count(tx) == 0
        assert list(log_store.unaccounted(tx)) == []
        assert log_store.positions_of(tx, [found[3].id, "none"]) == {found[3].id: 3}


def test_nothing_to_do_is_done_quietly(logged):
    assert _sequence(logged) == []


def test_a_limit_leaves_the_rest_for_the_next_time(db):
    with db.write() as tx:
        for _ in range(5):
            record_alone(tx, "place/fac")
            tx.flush()
    sizes = [len(_sequence(db, limit=3)) for _ in range(4)]

    assert sizes == [3, 3, 1, 0]
    assert [entry.seq for entry in _entries(db, chains=("place/fac",))] == [1, 2, 3, 4, 5]


def test_sequencers_at_the_same_time_give_each_index_once(db):
    with db.write() as tx:
        for _ in range(40):
            record_alone(tx, "place/fac")
            tx.flush()

    def work(_: int) -> int:
        return sum(len(_sequence(db, limit=3)) for _ in range(6))

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(work, range(4))) == 42
    assert [entry.index for entry in _entries(db)] == list(range(42))


@ON_POSTGRESQL
def test_recording_does_not_wait_for_the_sequencer(db):
    with db.write() as sequencer:
        waiting = log_store.take_unsequenced(sequencer, limit=10)
        log_store.add_positions(sequencer, waiting, first_index=0)
        sequencer.flush()
        with db.write() as tx:
            record_alone(tx, "place/fac")


@ON_POSTGRESQL
def test_an_entry_that_commits_late_is_not_skipped(db):
    """It drew its number before the other, and is not there yet when the other is sequenced."""
    began, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with db.write() as tx:
            record_alone(tx, "place/slow")
            tx.flush()
            began.set()
            go_on.wait(10)

    thread = threading.Thread(target=slow)
    thread.start()
    began.wait(10)
    with db.write() as tx:
        record_alone(tx, "place/quick")
    assert [entry.chain for entry in _sequence(db)] == ["subject/001", "subject/002", "place/quick"]
    go_on.set()
    thread.join()
    assert [entry.chain for entry in _sequence(db)] == ["place/slow"]


def test_an_index_for_what_does_not_wait_is_refused(logged):
    first = _entries(logged)[0]
    again = Waiting(first.id, first.chain, first.seq, first.digest)
    with pytest.raises(Conflict), logged.write() as tx:
        log_store.add_positions(tx, [again], first_index=6)


def test_entries_of_one_course_one_site_one_time(logged):
    assert [e.chain for e in _entries(logged, course="C1")] == ["course/C1", "course/C1"]
    assert [e.chain for e in _entries(logged, chains=("course/C2", "subject/002"))] == ["subject/002", "course/C2"]
    assert len(_entries(logged, site="site")) == 6
    assert _entries(logged, site="elsewhere") == []
    assert [e.index for e in _entries(logged, below=2)] == [0, 1]
    assert _entries(logged, since=NOW + timedelta(days=400)) == []
    with logged.read() as tx:
        moments = [row[0] for row in tx.query("SELECT recorded_at FROM events ORDER BY recorded_at")]

    third = utc_from_text(moments[2])
    assert len(_entries(logged, until=third)) == 2
    assert len(_entries(logged, since=third)) == 4


def test_entries_keep_their_exact_text(db):
    text = '{"a":"é\u202e🧪\\u0000","b":[1,{"c":null}]}'
    with db.write() as tx:
        record_alone(tx, "place/fac", entry=text)
    _sequence(db)
    assert _entries(db, chains=("place/fac",))[0].text == text


@pytest.mark.requirement("COI-LOG-05")
def test_heads_are_the_last_entries_below_an_index_in_byte_order(logged):
    for chain in ("place/Z", "place/a", "place/É", "place/_", "log"):
        with logged.write() as tx:
            record_alone(tx, chain)
    _sequence(logged)
    with logged.write() as tx:
        record_alone(tx, "place/Z")  # has no index yet
    with logged.read() as tx:
        heads = list(log_store.chain_heads(tx, below=log_store.log_size(tx)))
        early = list(log_store.chain_heads(tx, below=4))
    names = [head.chain for head in heads]

    assert names == sorted(names, key=str.encode)
    assert "log" not in names
    assert {head.chain: head.seq for head in heads}["place/Z"] == 1
    assert {head.chain: head.seq for head in heads}["course/C1"] == 2
    first = _entries(logged, course="C1")[0]
    assert ChainHead("course/C1", 1, first.digest) in early
    assert len(early) == 4


def test_nodes_are_fetched_in_one_statement(db):
    nodes = {(level, place): bytes([level, place]) * 16 for level, place in itertools.product(range(4), range(5))}
    with db.write() as tx:
        log_store.add_nodes(tx, [(level, place, digest) for (level, place), digest in nodes.items()])
    with db.read() as tx:
        wanted = [(0, 1), (3, 4), (2, 2), (9, 9)]
        before = tx.round_trips
        assert log_store.fetch_nodes(tx, wanted) == {node: nodes[node] for node in wanted[:3]}
        assert tx.round_trips - before == 1
        assert log_store.fetch_nodes(tx, []) == {}


@pytest.mark.requirement("COI-LOG-06")
def test_checkpoints_are_kept_in_order(logged):
    notes = [Checkpoint(size, "coi.example", f"note {size}", NOW) for size in (2, 6)]
    with logged.write() as tx:
        assert log_store.last_checkpoint(tx) is None
        for note in notes:
            log_store.add_checkpoint(tx, note)
    with logged.read() as tx:
        assert log_store.last_checkpoint(tx) == notes[1]
        assert list(log_store.checkpoints(tx)) == notes
    with pytest.raises(Conflict) as refused, logged.write() as tx:
        log_store.add_checkpoint(tx, notes[0])
    assert refused.value.constraint == "pk_checkpoints"


@pytest.mark.requirement("COI-LOG-07")
def test_keys_are_listed_in_the_order_in_which_they_sign(logged):
    event = _entries(logged)[0].id
    keys = [LogKey("k+0+a", "coi.example", 0, None), LogKey("k+1+b", "coi.example", 4, event)]
    with logged.write() as tx:
        for key in reversed(keys):
            log_store.add_log_key(tx, key)
    with logged.read() as tx:
        assert log_store.log_keys(tx) == keys


@pytest.mark.slow
@pytest.mark.requirement("COI-LOG-10")
def test_a_long_log_is_read_in_bounded_memory(db):
    with db.write() as tx:
        entry: NewEntry | None = None
        made: list[NewEntry] = []
        for _ in range(8_000):
            entry = an_entry("place/fac", entry, entry=f'"{len(made):06d}{"x" * 1500}"')
            made.append(entry)
        append_entries(tx, made)
    del made
    _sequence(db, limit=100_000)
    tracemalloc.start()
    with db.read() as tx:
        count = sum(1 for _ in log_store.entries(tx))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 8_002
    assert most < 8_000_000  # the texts alone are 12 MB


def test_two_streams_one_after_the_other(logged):
    with logged.read() as tx:
        assert len(list(log_store.entries(tx))) == len(list(log_store.entries(tx))) == 6
