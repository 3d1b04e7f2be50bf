"""The tracker does not start on a database whose record could be changed; its own role on PostgreSQL cannot."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors as pg

from coi_tracker.errors import BrokenPromise, Misconfigured
from coi_tracker.storage.append_only import grant_application_role
from coi_tracker.storage.database import Database
from coi_tracker.storage.triggers import APPEND_ONLY, NEVER_DELETED, declared
from tests.integration.storage.builders import ON_POSTGRESQL, ON_SQLITE, a_course, next_step, open_course

pytestmark = pytest.mark.requirement("COI-DB-05")


def _check(url: str) -> None:
    with Database(url) as db:
        db.check()


def test_a_sound_database_passes(filled_url):
    _check(filled_url)


@ON_SQLITE
@pytest.mark.parametrize("trigger", [trigger.name for trigger in declared("sqlite")])
def test_a_missing_trigger_is_named_on_sqlite(filled_url, raw_to, trigger):
    raw_to(filled_url)(f"DROP TRIGGER {trigger}")
    with pytest.raises(BrokenPromise, match=rf"the trigger {trigger} on .* got none; stop"):
        _check(filled_url)


@ON_SQLITE
def test_a_weakened_trigger_is_named_on_sqlite(filled_url, raw_to):
    raw = raw_to(filled_url)
    raw("DROP TRIGGER events_no_update")
    raw("CREATE TRIGGER events_no_update BEFORE UPDATE ON events FOR EACH ROW BEGIN SELECT 1; END")
    with pytest.raises(BrokenPromise, match="events_no_update on events"):
        _check(filled_url)


WEAKENED = {
    "dropped": "DROP TRIGGER events_no_update ON events",
    "switched off": "ALTER TABLE events DISABLE TRIGGER events_no_update",
    "all switched off": "ALTER TABLE events DISABLE TRIGGER ALL",
    "for replicas only": "ALTER TABLE events ENABLE REPLICA TRIGGER events_no_update",
    "on another moment": "DROP TRIGGER events_no_update ON events; CREATE TRIGGER events_no_update AFTER UPDATE "
    "ON events FOR EACH STATEMENT EXECUTE FUNCTION coi_refuse()",
    "of a gutted function": "CREATE OR REPLACE FUNCTION coi_refuse() RETURNS trigger LANGUAGE plpgsql "
    "SET search_path = public, pg_temp AS $$BEGIN RETURN NULL; END$$",
    "with another search path": "ALTER FUNCTION coi_refuse() SET search_path = pg_temp, public",
    "for some rows only": "DROP TRIGGER containers_stays ON containers; CREATE TRIGGER containers_stays "
    "BEFORE UPDATE ON containers FOR EACH ROW WHEN (false) EXECUTE FUNCTION coi_refuse()",
}


@ON_POSTGRESQL
@pytest.mark.parametrize("how", WEAKENED)
def test_a_weakened_trigger_is_named_on_postgresql(filled_url, raw_to, how):
    raw_to(filled_url)(WEAKENED[how])
    with pytest.raises(BrokenPromise, match=r"the trigger .* restore it from a backup"):
        _check(filled_url)


@ON_POSTGRESQL
def test_a_session_in_which_triggers_do_not_run_is_refused(filled_url):
    with pytest.raises(BrokenPromise, match="triggers do not run"):
        _check(f"{filled_url}&options=-c%20session_replication_role=replica")


@pytest.fixture
def as_application(filled_url):
    """The address of the same database for a role that has what the tracker needs and owns nothing."""
    with psycopg.connect(filled_url, autocommit=True) as owner:
        owner.execute("DROP ROLE IF EXISTS coi_app")
        owner.execute("CREATE ROLE coi_app LOGIN")
    with Database(filled_url) as db, db.write() as tx:
        grant_application_role(tx, "coi_app")
    yield filled_url.replace("coi_test@", "coi_app@")
    with psycopg.connect(filled_url, autocommit=True) as owner:
        owner.execute("DROP OWNED BY coi_app")
        owner.execute("DROP ROLE coi_app")


@pytest.mark.requirement("COI-DB-04")
@ON_POSTGRESQL
def test_the_application_role_does_all_its_work(as_application):
    with Database(as_application) as db:
        db.check()
        with db.write() as tx:
            open_course(tx, a_course("C7"))
        with db.write() as tx:
            next_step(tx, "course/C7")


FORBIDDEN = [
    *(f"UPDATE {table} SET {keys[0][0]} = {keys[0][0]}" for table, keys in APPEND_ONLY.items()),
    *(f"DELETE FROM {table}" for table in (*APPEND_ONLY, *NEVER_DELETED)),
    *(f"TRUNCATE {table}" for table in (*APPEND_ONLY, *NEVER_DELETED, "unsequenced")),
    "ALTER TABLE events DISABLE TRIGGER ALL",
    "DROP TRIGGER events_no_update ON events",
    "DROP TABLE signatures",
    "CREATE TRIGGER mine BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION coi_refuse()",
    "CREATE OR REPLACE FUNCTION coi_refuse() RETURNS trigger LANGUAGE sql AS 'SELECT 1'",
    "SET session_replication_role = replica",
    "UPDATE alembic_version SET version_num = 'x'",
]


@pytest.mark.requirement("COI-DB-04")
@ON_POSTGRESQL
def test_the_application_role_cannot_change_the_record_or_its_guards(as_application):
    with psycopg.connect(as_application, autocommit=True) as application:
        for statement in FORBIDDEN:
            with pytest.raises((pg.InsufficientPrivilege, pg.InvalidFunctionDefinition)):
                application.execute(statement)


@pytest.mark.requirement("COI-DB-04")
@ON_POSTGRESQL
def test_a_temporary_table_does_not_stand_in_for_ours(as_application):
    """A trigger that looked there would let an entry out of the queue that has no log index."""
    with psycopg.connect(as_application, autocommit=True) as application:
        application.execute("CREATE TEMPORARY TABLE log_positions AS SELECT event_id FROM unsequenced")
        with pytest.raises(psycopg.IntegrityError):
            application.execute("DELETE FROM unsequenced")


@ON_POSTGRESQL
def test_a_role_that_is_not_there_gets_a_sentence(filled_url):
    with Database(filled_url) as db:
        for role in ("nobody_such", "coi_test"):
            with pytest.raises(Misconfigured, match="CREATE ROLE"), db.write() as tx:
                grant_application_role(tx, role)


@ON_SQLITE
def test_sqlite_has_no_roles(filled_url):
    with Database(filled_url) as db, pytest.raises(Misconfigured, match="SQLite"), db.write() as tx:
        grant_application_role(tx, "coi_app")
