"""A course saved is the course loaded again, and only what changed is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from coi_tracker.course import AccountId, Done, EventId, PlaceId
from coi_tracker.errors import BrokenPromise
from coi_tracker.storage.chains import append_entry, chain_entries, find_entry, lock_chain, read_chain
from coi_tracker.storage.course_codec import whole_text
from coi_tracker.storage.course_rows import container_values, course_columns, load_course, save_course
from coi_tracker.storage.database import Database
from coi_tracker.storage.faults import Conflict
from coi_tracker.vocabulary import ContainerKind, ContainerState, LabelState, Material
from tests.integration.storage.builders import (
    NOW,
    a_container,
    a_course,
    an_entry,
    its_label,
    next_step,
    open_course,
    record_alone,
    signed,
    with_containers,
)

pytestmark = pytest.mark.requirement("COI-DB-01", "COI-DB-16")

FLASK = a_container("C1", ContainerKind.FLASK, 1)
BAG = a_container("C1", ContainerKind.BAG, 1, parents=(FLASK.id,), position="LN2/3/4")


def _loaded(db: Database, chain: str = "course/C1"):
    with db.read() as tx:
        row = read_chain(tx, chain)
        assert row is not None
        return load_course(tx, row)


@pytest.fixture
def opened(db):
    with db.write() as tx:
        course, _ = open_course(tx, with_containers(a_course("C1"), FLASK), signatures=signed("ann", "bob"))
    return course


def test_a_course_comes_back_as_it_was_saved(db, opened):
    assert _loaded(db) == opened


def test_a_chain_without_a_state_has_no_course(db):
    with db.write() as tx:
        record_alone(tx, "log")
    assert _loaded(db, "log") is None


def test_a_chain_without_a_course_keeps_its_state(db):
    with db.write() as tx:
        lock_chain(tx, "subject/003", create=True)
        entry = an_entry("subject/003")
        subject = replace(a_course("C9"), chain="subject/003", coi=None, facts={"sex": "f"}, seq=1, head=entry.digest)
        append_entry(tx, entry)
        save_course(tx, None, subject, entry=entry)
    assert _loaded(db, "subject/003") == subject
    with db.read() as tx:
        assert tx.query("SELECT count(*) FROM courses") == [(0,)]


def test_every_later_step_comes_back_too(db, opened):
    def step(course):
        course = with_containers(replace(course, material=Material.HARVESTED), BAG)
        done = {"fill": Done(NOW + timedelta(microseconds=7), EventId("e"), (AccountId("ann"),))}
        return replace(course, done=done)

    with db.write() as tx:
        after, _ = next_step(tx, "course/C1", step)
    assert _loaded(db) == after
    with db.read() as tx:
        assert tx.query("SELECT material, coi, site, facility FROM courses") == [("harvested", "C1", "site", "fac")]
        assert tx.query("SELECT coi, child, parent FROM lineage") == [("C1", BAG.id, FLASK.id)]


def test_only_what_changed_is_written(db, opened):
    with db.write() as tx:
        next_step(tx, "course/C1")
    assert tx.statements == 6  # BEGIN, lock, load, entry, chain, COMMIT


def test_a_dead_label_is_no_longer_loaded_and_its_reprint_takes_its_place(db, opened):
    reprint = replace(FLASK, serial="L-new", label=LabelState.ISSUED)

    def step(course):
        old = replace(its_label(FLASK), state=LabelState.SUPERSEDED, replaced_by="L-new")
        return course.with_container(reprint).with_label(its_label(reprint)).with_label(old)

    with db.write() as tx:
        after, entry = next_step(tx, "course/C1", step)
    loaded = _loaded(db)
    assert loaded is not None
    assert set(loaded.labels) == {"L-new"}
    assert whole_text(loaded) == whole_text(after)
    with db.read() as tx:
        assert tx.query("SELECT serial, state, replaced_by FROM labels ORDER BY serial") == [
            (FLASK.serial, "superseded", "L-new"),
            ("L-new", "issued", None),
        ]
        assert tx.query("SELECT event_id FROM label_issues WHERE serial = 'L-new'") == [(entry.id,)]


def test_a_dead_label_that_is_dealt_with_later_is_not_issued_again(db, opened):
    def kill(course):
        return course.with_label(replace(its_label(FLASK), state=LabelState.VOID))

    def destroy(course):
        assert not course.labels
        return course.with_label(replace(its_label(FLASK), state=LabelState.DESTROYED))

    with db.write() as tx:
        next_step(tx, "course/C1", kill)
    with db.write() as tx:
        next_step(tx, "course/C1", destroy)
    with db.read() as tx:
        assert tx.query("SELECT state FROM labels") == [("destroyed",)]
        assert tx.query("SELECT count(*) FROM label_issues") == [(1,)]


@pytest.mark.requirement("COI-DB-08")
def test_a_serial_that_was_given_once_is_never_given_again(db, opened):
    with db.write() as tx:
        next_step(tx, "course/C1", lambda c: c.with_label(replace(its_label(FLASK), state=LabelState.VOID)))

    with pytest.raises(Conflict) as refused, db.write() as tx:
        next_step(tx, "course/C1", lambda c: c.with_label(its_label(FLASK)))
    assert refused.value.constraint == "pk_label_issues"


@pytest.mark.requirement("COI-DB-09")
def test_hand_offs_open_and_close_with_the_offer(db, opened):
    def offer(to):
        return lambda c: c.with_container(replace(c.containers[FLASK.id], offered_to=to))

    with db.write() as tx:
        _, first = next_step(tx, "course/C1", offer(PlaceId("courier")))
    with db.write() as tx:
        _, second = next_step(tx, "course/C1", offer(PlaceId("site")))
    with db.write() as tx:
        _, third = next_step(tx, "course/C1", offer(None))
    with db.read() as tx:
        found = tx.query("SELECT to_place, opened_event, closed_event FROM hand_offs ORDER BY opened_event")
    assert found == [("courier", first.id, second.id), ("site", second.id, third.id)]


@pytest.mark.requirement("COI-DB-11")
def test_a_bag_is_infused_once_even_if_its_state_was_put_back(db, opened):
    def bag_is(state):
        return lambda c: c.with_container(replace(BAG, state=state))

    with db.write() as tx:
        next_step(tx, "course/C1", bag_is(ContainerState.INFUSED))
    with db.read() as tx:
        assert tx.query("SELECT container, coi FROM infusions") == [(BAG.id, "C1")]
        assert tx.query("SELECT infused FROM courses") == [(1,)]
    with db.write() as tx:
        next_step(tx, "course/C1", bag_is(ContainerState.IN_USE))
    with pytest.raises(Conflict) as refused, db.write() as tx:
        next_step(tx, "course/C1", bag_is(ContainerState.INFUSED))
    assert refused.value.constraint == "pk_infusions"


def test_a_container_of_another_course_is_not_saved(db, opened):
    with pytest.raises(BrokenPromise, match="C2/flask/1 of C2"), db.write() as tx:
        next_step(tx, "course/C1", lambda c: c.with_container(a_container("C2", ContainerKind.FLASK, 1)))


@pytest.mark.requirement("COI-DB-02")
def test_a_parent_of_another_course_is_refused(db, opened):
    with db.write() as tx:
        open_course(tx, with_containers(a_course("C2", subject="002"), a_container("C2", ContainerKind.FLASK, 1)))
    stolen = a_container("C1", ContainerKind.BAG, 1, parents=("C2/flask/1",))
    with pytest.raises(Conflict), db.write() as tx:
        next_step(tx, "course/C1", lambda c: with_containers(c, stolen))


@pytest.mark.requirement("COI-DB-07")
def test_a_head_that_is_not_the_entry_is_a_fault(db, opened):
    def forge(tx):
        lock_chain(tx, "course/C1")
        entry = an_entry("course/C1", seq=2, prev=opened.head)
        append_entry(tx, entry)
        save_course(tx, opened, replace(opened, seq=2, head="f" * 64), entry=entry)

    with pytest.raises(BrokenPromise), db.write() as tx:
        forge(tx)


def test_who_forgot_to_lock_is_refused(db, opened):
    """Somebody who saves over a course that has moved on since it was loaded loses."""
    with db.write() as tx:
        next_step(tx, "course/C1")

    def stale(tx):
        entry = an_entry("course/C1", seq=2, prev=opened.head)
        save_course(tx, opened, replace(opened, seq=2, head=entry.digest), entry=entry)

    with pytest.raises(Conflict) as refused, db.write() as tx:
        stale(tx)
    assert refused.value.constraint == "chains_unchanged"


@pytest.mark.requirement("COI-DB-17")
def test_an_entry_is_found_by_its_id(db, opened):
    with db.read() as tx:
        (first,) = chain_entries(tx, "course/C1")
        assert find_entry(tx, first.id) == first
        assert find_entry(tx, "none") is None
    assert first.recorded_at.tzinfo is not None


@pytest.mark.requirement("COI-DB-12")
def test_one_person_signs_an_entry_once(db, opened):
    with pytest.raises(Conflict) as refused, db.write() as tx:
        next_step(tx, "course/C1", signatures=signed("ann", "ann"))
    assert refused.value.constraint == "pk_signatures"


def test_state_rows_can_be_thrown_away_and_written_again_in_one_transaction(db, opened):
    """A rebuild: keys are checked at its end, and nothing that only grows is touched."""
    with db.write() as tx:
        tx.query("PRAGMA defer_foreign_keys = ON" if tx.kind == "sqlite" else "SET CONSTRAINTS ALL DEFERRED")
        for table in ("lineage", "containers", "courses"):
            tx.query(f"DELETE FROM {table}")
        columns = course_columns(opened, opened_at=NOW)
        tx.write(_insert("courses", columns), columns)
        values = container_values(FLASK)
        tx.write(_insert("containers", values), values)
    assert _loaded(db) == opened


def _insert(table: str, values) -> str:
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(':' + name for name in values)})"
