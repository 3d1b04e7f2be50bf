"""Open a database and lend out transactions on it. Knows how to connect and to wait, and no table.

SQLite: write-ahead log, every commit on the disk before it is answered, one writer at a time (in this process by a
lock, between processes by SQLite). PostgreSQL: a pool of connections that are seen to be alive when they are lent.
"""

from __future__ import annotations

import contextlib
import os
import select
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from coi_tracker.storage import migrate
from coi_tracker.storage.append_only import assert_append_only
from coi_tracker.storage.faults import DRIVER_ERRORS, StorageUnavailable, Why, fault
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.triggers import Kind
from coi_tracker.storage.wire import PostgresWire, SqliteWire, Wire

SECONDS_TO_WAIT = 30
"""For a lock, a writer or a free connection. Longer waits are answered with `StorageUnavailable`, busy."""

_SESSION = "-c lock_timeout={wait}s -c idle_in_transaction_session_timeout=300s -c TimeZone=UTC"

_writers: dict[str, threading.Lock] = {}
_databases: weakref.WeakSet[Database] = weakref.WeakSet()


class Database:
    """A database of the record, on SQLite or PostgreSQL. Threads may share it; a forked child gets fresh connections.

    `commit_patience`: seconds that a commit may wait for a synchronous copy before it is answered with
    `DurabilityUnknown`. `connections`: how many PostgreSQL connections this process uses at most.
    """

    def __init__(self, url: str, *, commit_patience: float = 20, connections: int = 20) -> None:
        self._url = migrate.address(url)
        self._patience = commit_patience
        self.url = url
        self.kind: Kind = "sqlite" if self._url.get_backend_name() == "sqlite" else "postgresql"
        self._engine = _sqlite(self._url) if self.kind == "sqlite" else _postgres(self._url, connections)
        _databases.add(self)

    def check(self) -> None:
        """Raise unless the tables are those of this version (Misconfigured) and append-only (BrokenPromise)."""
        migrate.refuse_other(migrate.current(self.url))
        with self.read() as tx:
            assert_append_only(tx)

    def close(self) -> None:
        """Close every connection that is not lent out."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that writes: committed at the end of the block, undone by any exception."""
        with self._writer(), self._transaction(writing=True) as tx:
            yield tx

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that only reads, and sees one moment of the record throughout."""
        with self._transaction(writing=False) as tx:
            yield tx

    def _writer(self) -> AbstractContextManager[None]:
        return _only_writer(str(self._url.database)) if self.kind == "sqlite" else nullcontext()

    @contextmanager
    def _transaction(self, *, writing: bool) -> Iterator[Transaction]:
        connection = self._connect()
        tx = Transaction(self._wire(connection), writing=writing)
        try:
            tx.begin()
            yield tx
            tx.commit()
        except BaseException:
            with contextlib.suppress(Exception):
                tx.rollback()
            raise
        finally:
            if tx.lost:
                connection.invalidate()
            connection.close()

    def _connect(self) -> Any:
        try:
            return self._engine.raw_connection()
        except DRIVER_ERRORS as error:
            raise fault(error) from error
        except PoolTimeout as error:
            raise StorageUnavailable(Why.BUSY, came="no free connection to the database") from error

    def _wire(self, connection: Any) -> Wire:
        if self.kind == "sqlite":
            return SqliteWire(connection.driver_connection)
        warnings = connection.info.setdefault("warnings", [])
        return PostgresWire(connection.driver_connection, warnings=warnings, commit_patience=self._patience)

    def _forget_connections(self) -> None:
        self._engine.dispose(close=False)


@contextmanager
def _only_writer(file: str) -> Iterator[None]:
    """Threads of one process queue up fairly here; SQLite itself makes them poll, for seconds at times."""
    lock = _writers.setdefault(file, threading.Lock())
    if not lock.acquire(timeout=SECONDS_TO_WAIT):
        raise StorageUnavailable(Why.BUSY, came=f"another writer for {SECONDS_TO_WAIT} seconds")
    try:
        yield
    finally:
        lock.release()


def _start_anew_after_fork() -> None:
    _writers.clear()
    for database in list(_databases):
        database._forget_connections()


os.register_at_fork(after_in_child=_start_anew_after_fork)


def _sqlite(url: URL) -> Engine:
    file = Path(str(url.database)).resolve()

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(file))}?mode=rw",  # a missing file is an error, never a new empty database
            uri=True,
            timeout=SECONDS_TO_WAIT,
            isolation_level=None,
            check_same_thread=False,
        )
        _prepare_sqlite(connection)
        return connection

    return create_engine("sqlite+pysqlite://", creator=connect, pool_size=20, max_overflow=-1, poolclass=QueuePool)


def _prepare_sqlite(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        return
    deadline = time.monotonic() + SECONDS_TO_WAIT
    while True:  # SQLite's own waiting does not cover this change
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "readonly" in str(error):
                return  # it can still be read
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _postgres(url: URL, connections: int) -> Engine:
    given = url.query.get("options", "")
    ours = _SESSION.format(wait=SECONDS_TO_WAIT)
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=SECONDS_TO_WAIT,
        connect_args={"options": f"{given} {ours}".strip(), "connect_timeout": 10, "application_name": "coi"},
    )
    event.listen(engine, "connect", _hear_warnings)
    event.listen(engine, "checkout", _refuse_dead)
    return engine


def _hear_warnings(driver: Any, record: Any) -> None:
    heard: list[str] = record.info.setdefault("warnings", [])

    def hear(notice: Any) -> None:
        if notice.severity_nonlocalized == "WARNING":
            heard.append(notice.message_primary or "a warning")

    driver.add_notice_handler(hear)


def _refuse_dead(driver: Any, _record: Any, _proxy: Any) -> None:
    """An idle connection has nothing to say; one that has was closed by the server. Costs no trip."""
    poll = select.poll()
    try:
        poll.register(driver.fileno(), select.POLLIN)
    except Exception as error:
        raise DisconnectionError("closed") from error
    if poll.poll(0):
        raise DisconnectionError("the server closed this connection")
