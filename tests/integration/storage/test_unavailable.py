"""A database that is full, read-only, busy, away or damaged gets a sentence, and nothing is half-written."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from pathlib import Path

import psycopg
import pytest

from coi_tracker.storage import migrate, registry
from coi_tracker.storage.database import Database
from coi_tracker.storage.faults import DurabilityUnknown, StorageUnavailable, Why
from tests import postgres
from tests.integration.storage.builders import (
    ON_POSTGRESQL,
    ON_SQLITE,
    record_alone,
    writing,
)

pytestmark = pytest.mark.requirement("COI-DB-16")


def _keys(db: Database) -> list[str]:
    with db.read() as tx:
        return [study.key for study in registry.studies(tx)]


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
