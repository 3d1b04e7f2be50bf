"""Bring a database to the version of this tracker, and say which version it has.

Finds the migrations beside the package, whatever the working directory. Two processes that start at once migrate
one after the other. Knows no table.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from coi_tracker.errors import CoiError, Misconfigured
from coi_tracker.storage.faults import fault

FOLDER = Path(__file__).resolve().parents[2] / "migrations"
_LOCK = 0x434F_494D  # an advisory lock of PostgreSQL, held while migrating
_ONE_AT_A_TIME = threading.Lock()  # Alembic keeps the running migration in module state


def address(url: str) -> URL:
    """The address of a database, if it is one that we can work with. Raises Misconfigured."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise _no_address("text that is not a database address") from error
    kind = parsed.get_backend_name()
    if kind not in ("sqlite", "postgresql"):
        raise _no_address(f"an address of the kind {kind!r}")
    if kind == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise _no_address("a SQLite address without a file")
    driver = "postgresql+psycopg" if kind == "postgresql" else "sqlite+pysqlite"
    return parsed.set(drivername=driver)


def _no_address(came: str) -> Misconfigured:
    return Misconfigured(
        expected="a database address like sqlite:///var/coi.sqlite3 or postgresql://user@host/name",
        came=came,
        do="set COI_DATABASE_URL to one",
    )


def latest() -> str:
    """The revision that this version of the tracker works with."""
    head = _scripts().get_current_head()
    if head is None:
        raise Misconfigured(
            expected=f"migrations in {FOLDER}", came="none", do="install the tracker with its migrations folder"
        )
    return head


def current(url: str) -> str | None:
    """The revision of a database; None when it has no tables of ours yet."""
    with _connected(url, writing=False) as connection:
        return _revision(connection)


def upgrade(url: str, revision: str = "head") -> str | None:
    """Bring a database forward, and return its revision. A newer one is left alone: Misconfigured."""
    with _ONE_AT_A_TIME, _connected(url, writing=True) as connection:
        refuse_newer(_revision(connection))
        command.upgrade(_config(connection), revision)
        return _revision(connection)


def downgrade(url: str, revision: str) -> str | None:
    """Take a database back to a revision (``base``: no tables). For tests and for going back after an upgrade."""
    with _ONE_AT_A_TIME, _connected(url, writing=True) as connection:
        refuse_newer(_revision(connection))
        command.downgrade(_config(connection), revision)
        return _revision(connection)


def refuse_newer(revision: str | None) -> None:
    """Raise Misconfigured when no migration of ours leads to this revision: a later version made it."""
    if revision is None or revision in {script.revision for script in _scripts().walk_revisions()}:
        return
    raise Misconfigured(
        expected=f"a database of revision {latest()} or older",
        came=f"revision {revision}, which this version does not know",
        do="install the newer version of the tracker that made it; nothing was changed",
    )


def refuse_other(revision: str | None) -> None:
    """Raise Misconfigured unless the database has exactly the revision that this version works with."""
    refuse_newer(revision)
    if revision != latest():
        raise Misconfigured(
            expected=f"a database of revision {latest()}",
            came="one without our tables" if revision is None else f"revision {revision}",
            do="migrate it first: coi init",
        )


def _scripts() -> ScriptDirectory:
    if not (FOLDER / "env.py").exists():
        raise Misconfigured(
            expected=f"the migrations in {FOLDER}",
            came="no such folder",
            do="run the tracker from its source tree, or install it in editable mode",
        )
    return ScriptDirectory.from_config(_config(None))


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def migrating_engine(url: URL) -> Engine:
    """An engine for migrations: no pool, one writer, and on SQLite tables and data change in one transaction."""
    if url.get_backend_name() == "postgresql":
        engine = create_engine(url, poolclass=NullPool)
        event.listen(engine, "begin", lambda c: c.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})")))
        return engine
    engine = create_engine(url, poolclass=NullPool, connect_args={"isolation_level": None, "timeout": 30})
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys=ON"))
    event.listen(engine, "begin", lambda c: c.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


@contextmanager
def _connected(url: str, *, writing: bool) -> Iterator[Connection]:
    where = address(url)
    file = Path(where.database or "") if where.get_backend_name() == "sqlite" else None
    if file is not None and not writing and not file.exists():
        raise Misconfigured(
            expected=f"the database file {file.name}", came="no such file", do="make it first: coi init"
        )
    engine = migrating_engine(where) if writing else create_engine(where, poolclass=NullPool)
    try:
        with engine.begin() as connection:
            yield connection
    except CoiError:
        raise
    except DBAPIError as error:
        raise (fault(error.orig) if isinstance(error.orig, Exception) else error) from error
    finally:
        engine.dispose()
