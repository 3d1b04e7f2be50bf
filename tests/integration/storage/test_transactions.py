"""All of a transaction or nothing of it; what cannot be done gets a sentence; trips to the database are counted."""

from __future__ import annotations

import contextlib
import os
import pickle

import pytest

from coi_tracker.errors import BrokenPromise
from coi_tracker.storage import registry
from coi_tracker.storage.chains import append_entry
from coi_tracker.storage.database import Database
from coi_tracker.storage.faults import Conflict, DurabilityUnknown, StorageUnavailable, Why
from coi_tracker.storage.registry import Study
from coi_tracker.vocabulary import ContainerKind
from tests.integration.storage.builders import (
    ON_SQLITE,
    a_container,
    a_course,
    an_entry,
    its_label,
    next_step,
    open_course,
    record_alone,
    with_containers,
    writing,
)

pytestmark = pytest.mark.requirement("COI-DB-01", "COI-DB-16")


def _keys(db: Database) -> list[str]:
    with db.read() as tx:
        return [study.key for study in registry.studies(tx)]


def test_what_a_block_wrote_is_there_after_it(db):
    with db.write() as tx:
        registry.put_study(tx, Study("T", "t", True, 1))

    assert _keys(db) == ["S", "T"]


def test_an_exception_undoes_everything(db):
    def half(tx):
        registry.put_study(tx, Study("T", "t", True, 1))
        tx.flush()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        writing(db, half)
    assert _keys(db) == ["S"]


def test_a_refused_row_undoes_what_went_before_it(db):
    def wrong(tx):
        registry.put_study(tx, Study("T", "t", True, 1))
        registry.put_study(tx, Study("", "empty", True, 1))

    with pytest.raises(Conflict) as refused:
        writing(db, wrong)
    assert refused.value.constraint == "ck_studies_key_filled"
    assert _keys(db) == ["S"]


def test_a_swallowed_refusal_does_not_commit_the_rest(db):
    """On SQLite a refused statement leaves the transaction open: ours is lost all the same."""

    def stubborn(tx):
        registry.put_study(tx, Study("T", "t", True, 1))
        tx.flush()
        registry.put_study(tx, Study("", "empty", True, 1))
        with contextlib.suppress(Conflict):
            tx.flush()

    with pytest.raises(Conflict):
        writing(db, stubborn)
    assert _keys(db) == ["S"]


def test_an_update_that_finds_nothing_to_change_is_a_conflict(db):
    with pytest.raises(Conflict) as refused, db.write() as tx:
        tx.write("UPDATE studies SET title = 'x' WHERE key = :key", {"key": "none"}, touching=1)

    assert refused.value.constraint == "studies_unchanged"


def test_a_reader_cannot_write(db):
    with pytest.raises(BrokenPromise, match=r"Database\.write"), db.read() as tx:
        registry.put_study(tx, Study("T", "t", True, 1))
    with pytest.raises(StorageUnavailable) as refused, db.read() as tx:
        tx.query("DELETE FROM studies")

    assert refused.value.why is Why.READ_ONLY


def test_a_reader_sees_one_moment(db):
    with db.read() as tx:
        before = registry.studies(tx)
        with db.write() as other:
            registry.put_study(other, Study("T", "t", True, 1))
        assert registry.studies(tx) == before


def test_a_first_step_and_a_next_step_take_few_trips(db):
    flask = a_container("C1", ContainerKind.FLASK, 1)
    with db.write() as tx:
        open_course(tx, with_containers(a_course("C1"), flask))
    assert tx.round_trips == 6  # BEGIN, no chain yet, make it, lock it, write everything, COMMIT

    bag = a_container("C1", ContainerKind.BAG, 1, parents=(flask.id,), offered_to="site")
    with db.write() as tx:
        next_step(tx, "course/C1", lambda c: c.with_container(bag).with_label(its_label(bag)))
    assert tx.round_trips == 5  # BEGIN, lock, load, write everything, COMMIT
    assert tx.statements == 11


@pytest.mark.requirement("COI-MUST-21")
def test_trips_do_not_grow_with_what_a_course_has_and_has_done(db):
    with db.write() as tx:
        open_course(tx, a_course("C1"))
    trips = []
    for part in range(1, 40):
        vial = a_container("C1", ContainerKind.QC_VIAL, part)
        with db.write() as tx:
            next_step(tx, "course/C1", lambda c, v=vial: c.with_container(v).with_label(its_label(v)))
        trips.append((tx.round_trips, tx.statements))

    assert set(trips) == {(5, 9)}


def test_an_empty_transaction_still_begins_and_commits(db):
    with db.write() as tx:
        pass
    assert tx.round_trips == 2


def test_lists_of_values_reach_the_database_as_lists(db):
    with db.read() as tx:
        question = "SELECT id FROM places WHERE id IN {ids} ORDER BY id"
        assert tx.query(question, ids=["site", "none"]) == [("site",)]
        assert tx.query(question, ids=()) == []


def test_percent_signs_and_colons_in_text_are_left_alone(db):
    with db.read() as tx:
        assert tx.query("SELECT count(*) FROM places WHERE name LIKE 'S%' AND zone <> :zone", zone="a:b%") == [(1,)]


def test_text_that_a_database_cannot_hold_is_refused_as_a_whole(db):
    with db.write() as tx:
        record_alone(tx, "station/ST1", entry='{"raw":"\\u0000\u202e\U0001f9ea"}')
    if db.kind == "postgresql":
        with pytest.raises(Conflict) as refused, db.write() as tx:
            registry.put_study(tx, Study("T\x00", "t", True, 1))
        assert refused.value.constraint == "value"


@ON_SQLITE
def test_every_commit_is_on_the_disk_before_it_is_answered(db):
    with db.read() as tx:
        assert tx.query("PRAGMA journal_mode") == [("wal",)]
        assert tx.query("PRAGMA synchronous") == [(2,)]
        assert tx.query("PRAGMA foreign_keys") == [(1,)]
        assert tx.query("PRAGMA busy_timeout") == [(30000,)]


@pytest.mark.parametrize(
    "error",
    [StorageUnavailable(Why.BUSY, came="x"), DurabilityUnknown(came="x"), Conflict("pk_events", came="x")],
)
def test_errors_cross_process_borders(error):
    again = pickle.loads(pickle.dumps(error))

    assert (type(again), str(again)) == (type(error), str(error))


def test_a_forked_child_gets_connections_of_its_own(db):
    with db.read():
        pass
    child = os.fork()
    if child == 0:
        try:
            with db.write() as tx:
                record_alone(tx, "place/fac")
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    with db.read() as tx:
        assert tx.query("SELECT count(*) FROM chains WHERE chain = 'place/fac'") == [(1,)]


def test_a_repeated_id_is_refused_under_another_number(db):
    with db.write() as tx:
        first = record_alone(tx, "place/fac")
    with pytest.raises(Conflict) as refused:
        writing(db, lambda tx: append_entry(tx, an_entry("place/site", id=first.id)))
    assert refused.value.constraint == "uq_events_id"
