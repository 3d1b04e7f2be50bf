"""Migrations make exactly the tables and triggers that are declared, keep data, and leave newer databases alone."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from coi_tracker.errors import Misconfigured
from coi_tracker.services import setup
from coi_tracker.services.changes import INSTALLER
from coi_tracker.services.record import Record
from coi_tracker.storage import migrate
from coi_tracker.storage.database import Database
from coi_tracker.storage.tables import Row
from coi_tracker.storage.triggers import FUNCTIONS, declared
from tests.integration.storage.builders import ON_POSTGRESQL, ON_SQLITE

pytestmark = pytest.mark.requirement("COI-DB-14")

ROOT = Path(__file__).parents[3]


def _check(url: str) -> None:
    with Database(url) as db:
        db.check()


def test_up_down_and_up_again(database_url):
    assert migrate.upgrade(database_url) == migrate.latest()
    assert migrate.downgrade(database_url, "base") is None
    assert migrate.upgrade(database_url) == migrate.latest()
    _check(database_url)


def test_up_twice_changes_nothing(database_url):
    assert migrate.upgrade(database_url) == migrate.upgrade(database_url) == migrate.current(database_url)


def test_each_revision_goes_down_and_up_with_data(filled_url, raw_to):
    """Down to the triggers and the state, not further: the tables below hold data that is there for good."""
    raw = raw_to(filled_url)
    entries = raw("SELECT * FROM events ORDER BY chain, seq")

    migrate.downgrade(filled_url, "0004")
    assert raw("SELECT * FROM events ORDER BY chain, seq") == entries
    migrate.upgrade(filled_url)

    assert raw("SELECT * FROM events ORDER BY chain, seq") == entries
    assert raw.refused_by("DELETE FROM events") == "events_no_delete"
    _check(filled_url)


@pytest.mark.requirement("COI-STOCK-04")
def test_the_place_of_a_lot_is_read_from_the_log_when_lots_get_one(furnished_url, raw_to):
    """Lots were entered before there was a table for it: the first place whose chain tells of one keeps it."""
    record = Record(Database(furnished_url))
    told: dict[str, Any] = {"by": INSTALLER, "reason": "a test"}
    for place in ("fac", "site"):
        setup.put_lot(record, "LOT_1", kind="media", expires=date(2027, 1, 31), place=place, **told)
    setup.put_lot(record, "LOT-2", kind="media", expires=date(2027, 1, 31), place="site", **told)
    record.database.close()
    raw = raw_to(furnished_url)
    raw("INSERT INTO lots (code, kind, expires, recalled) VALUES ('NOBODYS', 'media', '2027-01-31', false)")
    migrate.downgrade(furnished_url, "0010")
    assert migrate.upgrade(furnished_url) == migrate.latest()
    homes = raw("SELECT lot, place FROM lot_homes WHERE lot IN ('LOT_1', 'LOT-2', 'NOBODYS') ORDER BY place")
    assert homes == [("LOT_1", "fac"), ("LOT-2", "site")]


def test_down_to_the_ground_works_with_data(filled_url, raw_to):
    migrate.downgrade(filled_url, "base")
    assert migrate.upgrade(filled_url) == migrate.latest()
    assert raw_to(filled_url)("SELECT count(*) FROM events") == [(0,)]


def test_the_migrated_tables_are_the_declared_ones(migrated_url):
    engine = create_engine(migrate.address(migrated_url), poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Row.metadata) == []
    engine.dispose()


@ON_SQLITE
def test_every_check_and_index_is_the_declared_one_on_sqlite(migrated_url, raw_to, tmp_path):
    """Alembic compares neither checks nor the conditions of indexes."""
    declared_url = f"sqlite:///{tmp_path / 'declared.sqlite3'}"
    engine = create_engine(declared_url, poolclass=NullPool)
    Row.metadata.create_all(engine)
    engine.dispose()
    listing = "SELECT name, sql FROM sqlite_master WHERE type <> 'trigger' AND name NOT LIKE '%alembic_version%'"

    assert _clauses(raw_to(migrated_url)(listing)) == _clauses(raw_to(declared_url)(listing))


def _clauses(rows: list[tuple]) -> dict[str, list[str]]:
    """The clauses of each statement in no particular order: migrations write constraints in another one."""
    return {name: sorted(line.strip().rstrip(",") for line in (sql or "").splitlines()) for name, sql in rows}


@ON_POSTGRESQL
def test_every_check_and_index_is_the_declared_one_on_postgresql(migrated_url, raw_to, postgres_server):
    declared_url = postgres_server.create()
    engine = create_engine(migrate.address(declared_url), poolclass=NullPool)
    Row.metadata.create_all(engine)
    engine.dispose()
    questions = (
        """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND conname NOT LIKE 'alembic%' ORDER BY 1, 2""",
        """SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
        AND tablename <> 'alembic_version' ORDER BY 1""",
        """SELECT table_name, column_name, data_type, is_nullable, collation_name, column_default
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
        ORDER BY 1, 2""",
    )
    try:
        for question in questions:
            assert raw_to(migrated_url)(question) == raw_to(declared_url)(question)
    finally:
        postgres_server.drop(declared_url)


@ON_SQLITE
def test_the_triggers_are_the_declared_ones_on_sqlite(migrated_url, raw_to):
    found = raw_to(migrated_url)("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")

    assert dict(found) == {trigger.name: trigger.sql for trigger in declared("sqlite")}


@ON_POSTGRESQL
def test_the_triggers_are_the_declared_ones_on_postgresql(migrated_url, raw_to):
    raw = raw_to(migrated_url)
    names = raw("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
    functions = raw("SELECT proname, prosrc FROM pg_proc WHERE proname LIKE 'coi_%'")

    assert {name for (name,) in names} == {trigger.name for trigger in declared("postgresql")}
    assert dict(functions) == {function.name: function.body for function in FUNCTIONS}


@pytest.mark.requirement("COI-BAD-08")
def test_a_database_of_a_newer_version_is_left_alone(migrated_url, raw_to):
    raw = raw_to(migrated_url)
    raw("UPDATE alembic_version SET version_num = '9999'")

    for attempt in (migrate.upgrade, lambda url: migrate.downgrade(url, "base"), _check):
        with pytest.raises(Misconfigured, match=rf"revision {migrate.latest()} or older.*revision 9999.*install"):
            attempt(migrated_url)
    assert raw("SELECT version_num FROM alembic_version") == [("9999",)]


def test_an_older_database_asks_to_be_migrated(database_url):
    migrate.upgrade(database_url, "0002")

    with pytest.raises(Misconfigured, match=r"revision 0002; migrate it first"):
        _check(database_url)


def test_migrations_import_nothing_of_ours():
    for file in (ROOT / "migrations" / "versions").glob("*.py"):
        assert "coi_tracker" not in file.read_text(), file.name


def test_migrations_are_found_from_any_folder(database_url, tmp_path):
    code = f"from coi_tracker.storage import migrate; print(migrate.upgrade({database_url!r}))"
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert answer.stdout.strip() == migrate.latest()


def test_alembic_itself_finds_them(database_url):
    subprocess.run(
        [sys.executable, "-m", "alembic", "-x", f"url={database_url}", "upgrade", "head"],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    assert migrate.current(database_url) == migrate.latest()


def _upgrade_and_say(url: str) -> str | None:
    return migrate.upgrade(url)


def test_processes_that_start_at_once_migrate_one_after_the_other(database_url):
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert pool.map(_upgrade_and_say, [database_url] * 3) == [migrate.latest()] * 3


def test_threads_that_start_at_once_migrate_one_after_the_other(database_url):
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(migrate.upgrade, [database_url] * 4)) == {migrate.latest()}


def test_a_failing_migration_leaves_nothing_half_done(database_url, raw_to):
    """Tables are made in the same transaction as the version is written, on SQLite too."""
    migrate.upgrade(database_url, "0003")
    raw = raw_to(database_url)
    raw("CREATE TABLE infusions (x INTEGER)")  # in the way of 0004

    with pytest.raises(Exception, match="already exists"):
        migrate.upgrade(database_url)
    assert migrate.current(database_url) == "0003"
    assert not _there(raw, "hand_offs")


def _there(raw, table: str):
    found = "sqlite_master WHERE name" if raw.is_sqlite else "pg_class WHERE relname"
    return raw(f"SELECT count(*) FROM {found} = '{table}'") != [(0,)]


@pytest.mark.parametrize("address", ["mysql://x/y", "sqlite://", "not an address", "sqlite:///:memory:"])
def test_an_address_of_something_else_gets_a_sentence(address):
    with pytest.raises(Misconfigured, match="COI_DATABASE_URL"):
        Database(address)
