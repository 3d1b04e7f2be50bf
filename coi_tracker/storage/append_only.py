"""See at start-up that the triggers are there, as declared; and give the application its rights on PostgreSQL.

The tracker does not start on a database whose record could be changed. What the owner of a SQLite file or a
PostgreSQL superuser does cannot be refused, only found: see the verification of the log.
"""

from __future__ import annotations

from coi_tracker.errors import BrokenPromise, Misconfigured
from coi_tracker.storage.tables import Row
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.triggers import APPEND_ONLY, FUNCTIONS, NEVER_DELETED, SEARCH_PATH, declared

_REPAIR = "stop, find out who changed the database, restore it from a backup and verify it against a checkpoint"


def assert_append_only(tx: Transaction) -> None:
    """Raise BrokenPromise, naming the first, when a trigger is missing, switched off or not as declared."""
    found = _on_sqlite(tx) if tx.kind == "sqlite" else _on_postgres(tx)
    for trigger in declared(tx.kind):
        if trigger.name not in found:
            raise _broken(trigger.name, trigger.table, "none")
        if found[trigger.name] != trigger.sql:
            raise _broken(trigger.name, trigger.table, "one that is switched off or differs")


def _broken(name: str, table: str, came: str) -> BrokenPromise:
    return BrokenPromise(expected=f"the trigger {name} on {table} as this version declares it", came=came, do=_REPAIR)


def _on_sqlite(tx: Transaction) -> dict[str, str]:
    rows = tx.query("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    return {str(name): str(sql) for name, sql in rows}


def _on_postgres(tx: Transaction) -> dict[str, str]:
    """Triggers that are switched on and run an unchanged function; each with its declared text if nothing differs."""
    if tx.query("SHOW session_replication_role") != [("origin",)]:
        raise _broken("every", "every table", "a session in which triggers do not run")
    sound = _sound_functions(tx)
    rows = tx.query(
        "SELECT t.tgname, c.relname, t.tgtype, p.proname, pg_get_triggerdef(t.oid) FROM pg_trigger t "
        "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid "
        "WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND c.relnamespace = 'public'::regnamespace"
    )
    texts = {trigger.name: trigger for trigger in declared("postgresql")}
    found = {}
    for name, table, _, function, definition in rows:
        wanted = texts.get(name)
        same = wanted and wanted.table == table and wanted.function == function and function in sound
        found[name] = wanted.sql if wanted and same and _says(definition, wanted.sql) else definition
    return found


def _says(definition: str, declared_sql: str) -> bool:
    """Whether PostgreSQL's own wording of a trigger is what we declared."""
    return _plain(definition) == _plain(declared_sql)


def _plain(sql: str) -> str:
    for noise in ("public.", "(", ")", "\n"):
        sql = sql.replace(noise, " " if noise == "\n" else "")
    return " ".join(sql.lower().split())


def _sound_functions(tx: Transaction) -> set[str]:
    rows = tx.query(
        "SELECT proname, prosrc, proconfig FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
        "AND proname IN {names}",
        names=[function.name for function in FUNCTIONS],
    )
    bodies = {function.name: function.body for function in FUNCTIONS}
    path = [f"search_path={SEARCH_PATH}"]
    return {name for name, source, settings in rows if source == bodies[name] and settings == path}


def grant_application_role(tx: Transaction, role: str) -> None:
    """Give an existing PostgreSQL role what the tracker needs and no more. Run as the owner, after each migration.

    The role may add to the tables that only grow, and never change, remove or truncate there. It may not own
    the tables: an owner can switch triggers off.
    """
    if tx.kind != "postgresql":
        raise Misconfigured(expected="a PostgreSQL database", came="SQLite, which has no roles", do="leave this out")
    name = '"' + role.replace('"', '""') + '"'
    if tx.one("SELECT 1 FROM pg_roles WHERE rolname = :role AND NOT rolsuper", role=role) is None:
        raise Misconfigured(
            expected=f"a role {role} without superuser rights", came="none", do="create it first: CREATE ROLE ... LOGIN"
        )
    tx.write(f"GRANT USAGE ON SCHEMA public TO {name}", {})
    tx.write(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {name}", {})
    tx.write(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}", {})
    tx.write(f"GRANT SELECT ON alembic_version TO {name}", {})
    for table in sorted(Row.metadata.tables):
        tx.write(f"GRANT {_rights(table)} ON {table} TO {name}", {})


def _rights(table: str) -> str:
    if table in APPEND_ONLY:
        return "SELECT, INSERT"
    if table in NEVER_DELETED:
        return "SELECT, INSERT, UPDATE"
    return "SELECT, INSERT, UPDATE, DELETE"
