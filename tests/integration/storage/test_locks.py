"""Who waits for whom: one chain at a time, courses never for each other, a hold for the steps it is about.

What is guaranteed when a hold races with steps: once placing it is acknowledged, no step that commits afterwards was
decided without seeing it.
"""

from __future__ import annotations

import multiprocessing
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from coi_tracker.course import PlaceId, Subject, SubjectNumber
from coi_tracker.errors import BrokenPromise
from coi_tracker.storage import holdings
from coi_tracker.storage.around import AroundRequest, read_around
from coi_tracker.storage.chains import append_entry, chain_entries, lock_chain, move_head
from coi_tracker.storage.database import Database
from coi_tracker.storage.faults import Conflict
from coi_tracker.vocabulary import HoldScope
from tests.integration.storage.builders import (
    ON_POSTGRESQL,
    a_course,
    a_hold,
    an_entry,
    open_course,
    record_alone,
)

pytestmark = pytest.mark.requirement("COI-DB-16", "COI-MUST-16")


def _record_many(url: str, chains: list[str], count: int, seed: int) -> int:
    """One writer: entries in chains drawn at random."""
    draw = random.Random(seed)
    done = 0
    with Database(url) as db:
        for number in range(count):
            with db.write() as tx:
                row = lock_chain(tx, draw.choice(chains), create=True, shared=["place/fac", "study/S"])
                assert row is not None
                own: dict[str, Any] = {
                    "id": f"{seed}-{number}",
                    "entry": f'"{seed}-{number}"',
                    "digest": f"{seed:032x}{number:032x}",
                }
                entry = an_entry(row.chain, seq=row.seq + 1, prev=row.head, **own)
                append_entry(tx, entry)
                move_head(tx, row, entry)
            done += 1
    return done


def test_processes_on_the_same_chains_lose_and_fork_nothing(furnished_url):
    chains = ["course/A", "course/B", "place/fac"]
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        done = pool.starmap(_record_many, [(furnished_url, chains, 25, seed) for seed in range(4)])

    assert done == [25] * 4
    with Database(furnished_url) as db, db.read() as tx:
        found = {chain: list(chain_entries(tx, chain)) for chain in chains}
    assert sum(map(len, found.values())) == 100
    for entries in found.values():
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))


def test_two_who_make_the_same_chain_get_one_chain(db):
    together = threading.Barrier(2)

    def make(name: str) -> int:
        together.wait()
        with db.write() as tx:
            row = lock_chain(tx, "course/NEW", create=True)
            assert row is not None
            time.sleep(0.05)
            entry = an_entry("course/NEW", seq=row.seq + 1, prev=row.head)
            append_entry(tx, entry)
            move_head(tx, row, entry)
            return row.seq

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(make, ["one", "other"])) == [0, 1]


def test_a_chain_that_is_not_there_is_none(db):
    with db.write() as tx:
        assert lock_chain(tx, "course/NONE") is None


def test_a_reader_cannot_lock(db):
    with pytest.raises(BrokenPromise), db.read() as tx:
        lock_chain(tx, "course/NONE")


def _in_thread(work) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


@ON_POSTGRESQL
def test_steps_of_different_courses_do_not_wait_for_each_other(db):
    with db.write() as tx:
        record_alone(tx, "course/A")
        record_alone(tx, "course/B")
    with db.write() as one:
        lock_chain(one, "course/A", shared=["place/fac", "study/S"])
        with db.write() as other:
            assert lock_chain(other, "course/B", shared=["study/S", "place/fac"]) is not None


@ON_POSTGRESQL
def test_a_step_waits_for_the_step_before_it_and_sees_it(db):
    with db.write() as tx:
        record_alone(tx, "course/A")
    seen: list[int] = []

    def second() -> None:
        with db.write() as tx:
            row = lock_chain(tx, "course/A")
            assert row is not None
            seen.append(row.seq)

    with db.write() as tx:
        record_alone(tx, "course/A")
        tx.flush()
        thread = _in_thread(second)
        time.sleep(0.2)
        assert seen == []
    thread.join(10)
    assert seen == [2]


@pytest.mark.requirement("COI-MUST-17")
@ON_POSTGRESQL
def test_a_hold_waits_for_the_steps_under_way_and_later_steps_see_it(db):
    """The step below began before the hold and commits before it is acknowledged; the one after sees the hold."""
    with db.write() as tx:
        record_alone(tx, "course/A")
    acknowledged = threading.Event()
    on_facility = AroundRequest(holds_on=((HoldScope.PLACE, "fac"),))

    def hold() -> None:
        with db.write() as tx:
            lock_chain(tx, "place/fac", exclusive=["place/fac"], create=True)
            entry = record_alone(tx, "place/fac")
            holdings.place_hold(tx, a_hold("h1", HoldScope.PLACE, "fac"), event=entry.id)
        acknowledged.set()

    with db.write() as tx:
        lock_chain(tx, "course/A", shared=["place/fac"])
        assert read_around(tx, on_facility).holds == ()
        thread = _in_thread(hold)
        time.sleep(0.2)
        assert not acknowledged.is_set()
    thread.join(10)
    assert acknowledged.is_set()
    with db.write() as tx:
        lock_chain(tx, "course/A", shared=["place/fac"])
        assert [hold.id for hold in read_around(tx, on_facility).holds] == ["h1"]


@pytest.mark.requirement("COI-MUST-17")
@ON_POSTGRESQL
def test_a_step_that_waited_for_a_hold_sees_it(db):
    """It began while the hold was being placed: what it reads after its locks is what was committed before them."""
    with db.write() as tx:
        record_alone(tx, "course/A")
    seen: list[str] = []

    def step() -> None:
        with db.write() as tx:
            lock_chain(tx, "course/A", shared=["place/fac"])
            around = read_around(tx, AroundRequest(holds_on=((HoldScope.PLACE, "fac"),)))
            seen.extend(hold.id for hold in around.holds)

    with db.write() as tx:
        lock_chain(tx, "place/fac", exclusive=["place/fac"], create=True)
        thread = _in_thread(step)
        time.sleep(0.2)
        entry = record_alone(tx, "place/fac")
        holdings.place_hold(tx, a_hold("h1", HoldScope.PLACE, "fac"), event=entry.id)
    thread.join(10)
    assert seen == ["h1"]


def _race(url: str, seed: int) -> list[tuple[int, int]]:
    """Steps under a facility: (when it was acknowledged, how many holds it saw). Times of one machine's clock."""
    seen = []
    with Database(url) as db:
        for _ in range(30):
            with db.write() as tx:
                lock_chain(tx, f"course/{seed}", shared=["place/fac"], create=True)
                holds = read_around(tx, AroundRequest(holds_on=((HoldScope.PLACE, "fac"),))).holds
                started = time.monotonic_ns()
                own: dict[str, Any] = {
                    "id": f"{seed}-{started}",
                    "entry": f'"{seed}-{started}"',
                    "digest": f"{seed:032x}{started:032x}",
                }
                record_alone(tx, f"course/{seed}", **own)
            seen.append((started, len(holds)))
    return seen


@pytest.mark.requirement("COI-MUST-17")
def test_no_step_decided_after_a_hold_was_acknowledged_ignores_it(furnished_url):
    with multiprocessing.get_context("spawn").Pool(3) as pool, Database(furnished_url) as db:
        steps = pool.starmap_async(_race, [(furnished_url, seed) for seed in range(3)])
        acknowledged = []
        for number in range(5):
            time.sleep(0.1)
            with db.write() as tx:
                lock_chain(tx, "place/fac", exclusive=["place/fac"], create=True)
                entry = record_alone(tx, "place/fac")
                holdings.place_hold(tx, a_hold(f"h{number}", HoldScope.PLACE, "fac"), event=entry.id)
            acknowledged.append(time.monotonic_ns())
        for started, holds in [seen for found in steps.get(60) for seen in found]:
            assert holds >= sum(moment < started for moment in acknowledged)


def test_two_who_claim_a_suite_that_was_free_get_one_suite(db):
    with db.write() as tx:
        open_course(tx, a_course("C1"))
        open_course(tx, a_course("C2", subject="002"))
        holdings.claim_suite(tx, "suite-1", coi="C1", instead_of=None)
    with pytest.raises(Conflict) as refused, db.write() as tx:
        holdings.claim_suite(tx, "suite-1", coi="C2", instead_of=None)
    assert refused.value.constraint == "pk_suite_claims"
    with db.write() as tx:
        holdings.claim_suite(tx, "suite-1", coi="C2", instead_of="C1")
    with pytest.raises(Conflict) as stale, db.write() as tx:
        holdings.claim_suite(tx, "suite-1", coi="C1", instead_of="C1")
    assert stale.value.constraint == "suite_claims_unchanged"


def test_two_who_register_the_last_subject_get_one_place(db):
    together = threading.Barrier(2)

    def register(number: str) -> str:
        together.wait()
        try:
            with db.write() as tx:
                entry = record_alone(tx, f"subject/{number}")
                subject = Subject(SubjectNumber(number), "S", PlaceId("site"))
                holdings.register_subject(tx, subject, event=entry.id)
                tx.flush()
                time.sleep(0.05)
        except Conflict as refused:
            return refused.constraint
        return "registered"

    with ThreadPoolExecutor(2) as threads:
        answers = sorted(threads.map(register, ["003", "004"]))
    assert answers == ["ck_studies_enrolment_limit", "registered"]


@ON_POSTGRESQL
def test_the_locks_are_asked_for_in_one_order_whoever_asks(db):
    """Two who want the same locks the other way round do not block each other for ever."""
    with db.write() as tx:
        record_alone(tx, "course/A")
        record_alone(tx, "course/B")

    def work(job: tuple[str, list[str]]) -> int:
        chain, targets = job
        for _ in range(40):
            with db.write() as tx:
                lock_chain(tx, chain, exclusive=targets)
        return 40

    with ThreadPoolExecutor(2) as threads:
        jobs = [("course/A", ["place/x", "place/y"]), ("course/B", ["place/y", "place/x"])]
        assert list(threads.map(work, jobs)) == [40, 40]
