"""All of a transaction or nothing of it; what cannot be done gets a sentence; trips to the database are counted."""

from __future__ import annotations

import contextlib
import os
import pickle
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from coi_tracker.errors import BrokenPromise
from coi_tracker.storage import migrate, registry
from coi_tracker.storage.chains import append_entry
from coi_tracker.storage.database import Database
from coi_tracker.storage.faults import Conflict, DurabilityUnknown, StorageUnavailable, Why
from coi_tracker.storage.registry import Study
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import ContainerKind
from tests import postgres
from tests.integration.storage.builders import (
    ON_POSTGRESQL,
    ON_SQLITE,
    a_container,
    a_course,
    an_entry,
    its_label,
    next_step,
    open_course,
    record_alone,
    with_containers,
)

pytestmark = pytest.mark.requirement("COI-DB-01", "COI-DB-16")


def writing(db: Database, work: Callable[[Transaction], object]) -> None:
    with db.write() as tx:
        work(tx)


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


@pytest.mark.requirement("COI-BAD-10")
@ON_SQLITE
def test_a_full_disk_gets_a_sentence_and_changes_nothing(db):
    def too_much(tx):
        pages = tx.query("PRAGMA page_count")[0][0]
        tx.query(f"PRAGMA max_page_count = {pages + 1}")
        record_alone(tx, "place/fac", entry="x" * 100_000)

    with pytest.raises(StorageUnavailable, match="room on the disk") as refused:
        writing(db, too_much)
    assert refused.value.why is Why.DISK_FULL
    db.close()
    with db.read() as tx:
        assert tx.query("SELECT count(*) FROM chains WHERE chain = 'place/fac'") == [(0,)]


@pytest.mark.requirement("COI-BAD-10")
@ON_POSTGRESQL
def test_a_full_disk_of_the_server_gets_the_same_sentence(db):
    def too_much(tx):
        record_alone(tx, "place/fac")
        tx.query("DO $$ BEGIN RAISE SQLSTATE '53100' USING MESSAGE = 'could not extend file'; END $$")

    with pytest.raises(StorageUnavailable, match="room on the disk"):
        writing(db, too_much)
    with db.read() as tx:
        assert tx.query("SELECT count(*) FROM chains WHERE chain = 'place/fac'") == [(0,)]


@pytest.mark.requirement("COI-BAD-11")
@ON_POSTGRESQL
def test_a_server_that_only_reads_gets_a_sentence(furnished_url, raw_to):
    raw_to(furnished_url)(
        f"ALTER DATABASE {furnished_url.split('/')[3].split('?')[0]} SET default_transaction_read_only = on"
    )
    with Database(furnished_url) as db, pytest.raises(StorageUnavailable, match="can be written to"):
        writing(db, lambda tx: record_alone(tx, "place/fac"))


@pytest.mark.requirement("COI-BAD-11")
@ON_SQLITE
def test_a_read_only_file_gets_a_sentence_and_can_be_read(furnished_url):
    """In a child that is nobody, because root may write everywhere."""
    file = Path(furnished_url.removeprefix("sqlite:///"))
    Database(furnished_url).close()
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write_end, _attempt_on_read_only(file).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(write_end)
    with os.fdopen(read_end) as answer:
        assert answer.read() == "read_only"


def _attempt_on_read_only(file: Path) -> str:
    try:
        for folder in list(file.parents)[:4]:
            if os.access(folder, os.W_OK) and folder != Path("/tmp"):
                folder.chmod(0o755)
        file.chmod(0o444)
        file.parent.chmod(0o555)
        if os.geteuid() == 0:
            os.setegid(65534)
            os.seteuid(65534)
        db = Database(f"sqlite:///{file}")
        try:
            with db.write() as tx:
                record_alone(tx, "place/fac")
        except StorageUnavailable as refused:
            return str(refused.why)
        return "written"
    except BaseException as error:  # noqa: BLE001 - the parent has to hear of it
        return repr(error)


def test_a_missing_file_is_not_made(tmp_path):
    with (
        Database(f"sqlite:///{tmp_path / 'none.sqlite3'}") as db,
        pytest.raises(StorageUnavailable, match="see that its server runs"),
    ):
        _keys(db)
    assert not (tmp_path / "none.sqlite3").exists()


def test_a_file_that_is_no_database_gets_a_sentence(tmp_path):
    (tmp_path / "odd.sqlite3").write_bytes(b"not a database at all" * 100)
    with Database(f"sqlite:///{tmp_path / 'odd.sqlite3'}") as db, pytest.raises(StorageUnavailable) as refused:
        _keys(db)
    assert refused.value.why is Why.DAMAGED


def test_a_database_without_tables_gets_a_sentence(tmp_path):
    sqlite3.connect(tmp_path / "empty.sqlite3").close()
    with Database(f"sqlite:///{tmp_path / 'empty.sqlite3'}") as db, pytest.raises(StorageUnavailable, match="migrate"):
        _keys(db)


@ON_SQLITE
def test_a_writer_that_never_ends_gets_the_others_a_sentence(db, raw_to, monkeypatch):
    monkeypatch.setattr("coi_tracker.storage.database.SECONDS_TO_WAIT", 0.2)
    started, release = threading.Event(), threading.Event()

    def hold() -> None:
        with db.write():
            started.set()
            release.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    started.wait(10)
    with pytest.raises(StorageUnavailable) as refused, db.write():
        pass
    release.set()
    holder.join()
    assert refused.value.why is Why.BUSY


@ON_SQLITE
def test_another_process_that_holds_the_file_gets_a_sentence(furnished_url, raw_to, monkeypatch):
    monkeypatch.setattr("coi_tracker.storage.database.SECONDS_TO_WAIT", 0.1)
    raw_to(furnished_url)("BEGIN IMMEDIATE")
    with Database(furnished_url) as db, pytest.raises(StorageUnavailable) as refused, db.write():
        pass
    assert refused.value.why is Why.BUSY


@pytest.mark.postgres
def test_a_server_that_is_not_there_gets_a_sentence(tmp_path):
    with (
        Database(f"postgresql://nobody@/none?host={tmp_path}") as db,
        pytest.raises(StorageUnavailable, match="see that its server runs") as refused,
    ):
        _keys(db)
    assert refused.value.why is Why.UNREACHABLE


@ON_POSTGRESQL
def test_a_connection_that_the_server_closed_is_replaced(db, raw_to):
    with db.read():
        pass
    _end_all_connections(db.url)

    with db.write() as tx:
        record_alone(tx, "place/fac")


@ON_POSTGRESQL
def test_a_connection_lost_in_the_middle_gets_a_sentence_and_the_next_one_works(db):
    def interrupted(tx):
        record_alone(tx, "place/fac")
        _end_all_connections(db.url)

    with pytest.raises(StorageUnavailable) as refused:
        writing(db, interrupted)
    assert refused.value.why is Why.UNREACHABLE

    with db.read() as tx:
        assert tx.query("SELECT count(*) FROM chains WHERE chain = 'place/fac'") == [(0,)]


def _end_all_connections(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        time.sleep(0.1)


@ON_POSTGRESQL
def test_a_commit_whose_connection_is_lost_is_of_unknown_durability(db):
    """The server may have committed before it went away: nobody knows."""

    def interrupted(tx):
        record_alone(tx, "place/fac")
        tx.flush()
        _end_all_connections(db.url)

    with pytest.raises(DurabilityUnknown, match="same attempt again"):
        writing(db, interrupted)


@pytest.mark.postgres
def test_a_commit_that_no_standby_confirms_is_of_unknown_durability():
    """Cancelled, such a commit looks like success but for a warning."""
    server = postgres.start()
    try:
        url = server.create()
        migrate.upgrade(url)
        with psycopg.connect(url, autocommit=True) as owner:
            owner.execute("ALTER SYSTEM SET synchronous_standby_names = 'ghost'")
            owner.execute("SELECT pg_reload_conf()")
        time.sleep(0.3)
        with Database(url, commit_patience=0.5) as db:
            with pytest.raises(DurabilityUnknown, match="canceling wait for synchronous replication"):
                writing(db, lambda tx: record_alone(tx, "place/fac"))
            with db.read() as tx:
                assert tx.query("SELECT count(*) FROM events") == [(1,)]  # committed here, and not known elsewhere
    finally:
        server.stop()


@pytest.mark.postgres
def test_a_password_in_the_address_is_in_no_sentence(tmp_path):
    with (
        Database(f"postgresql://somebody:hunter2@/none?host={tmp_path}") as db,
        pytest.raises(StorageUnavailable) as refused,
    ):
        _keys(db)
    assert "hunter2" not in str(refused.value)


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
