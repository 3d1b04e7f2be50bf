"""How statements reach SQLite and PostgreSQL: the two drivers behind one small face.

Statements are written once, with ``:name`` for a value and ``IN {name}`` for a list of values. Knows drivers and
nothing of tables, and lets drivers' errors through: the transaction turns them into ours.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Protocol

import psycopg

from coi_tracker.storage.faults import DurabilityUnknown, is_lost
from coi_tracker.storage.triggers import Kind

Values = Mapping[str, Any]
Batch = Sequence[tuple[str, Sequence[Values]]]

_STREAMED_AT_ONCE = 1000


class Wire(Protocol):
    """A connection in the hands of one transaction."""

    kind: Kind

    def begin(self, *, writing: bool) -> None:
        """Start: a writer holds the database's write lock (SQLite), a reader sees one moment throughout."""

    def query(self, sql: str, values: Values) -> list[tuple[Any, ...]]:
        """Send one statement; its rows, if it has any."""

    def stream(self, sql: str, values: Values) -> Iterator[list[tuple[Any, ...]]]:
        """Send one query; its rows, some at a time, in bounded memory."""

    def send(self, batch: Batch) -> list[int]:
        """Send many statements in one trip; how many rows each of them touched."""

    def commit(self) -> None:
        """Make it last. Raises DurabilityUnknown when nobody can say whether it does."""

    def rollback(self) -> None:
        """Forget it; never raises."""


@cache
def _for_sqlite(sql: str) -> str:
    return re.sub(r"IN \{(\w+)\}", r"IN (SELECT value FROM json_each(:\1))", sql)


@cache
def _for_postgres(sql: str) -> str:
    listed = re.sub(r"IN \{(\w+)\}", r"= ANY(%(\1)s)", sql.replace("%", "%%"))
    return re.sub(r"(?<![:\w]):([a-z_]\w*)", r"%(\1)s", listed)


class SqliteWire:
    """SQLite: the file's one writer, or a reader of its latest state."""

    kind: Kind = "sqlite"

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver

    def begin(self, *, writing: bool) -> None:
        """`BEGIN IMMEDIATE` waits for the other writer at once, not in the middle."""
        self._driver.execute(f"PRAGMA query_only = {'OFF' if writing else 'ON'}")
        self._driver.execute("BEGIN IMMEDIATE" if writing else "BEGIN")

    def query(self, sql: str, values: Values) -> list[tuple[Any, ...]]:
        return self._driver.execute(_for_sqlite(sql), _with_lists_as_json(values)).fetchall()

    def stream(self, sql: str, values: Values) -> Iterator[list[tuple[Any, ...]]]:
        cursor = self._driver.execute(_for_sqlite(sql), _with_lists_as_json(values))
        while rows := cursor.fetchmany(_STREAMED_AT_ONCE):
            yield rows

    def send(self, batch: Batch) -> list[int]:
        return [
            self._driver.executemany(_for_sqlite(sql), [_with_lists_as_json(row) for row in rows]).rowcount
            for sql, rows in batch
        ]

    def commit(self) -> None:
        self._driver.execute("COMMIT")

    def rollback(self) -> None:
        if self._driver.in_transaction:
            self._driver.execute("ROLLBACK")


def _with_lists_as_json(values: Values) -> dict[str, Any]:
    return {
        name: json.dumps(list(value)) if isinstance(value, list | tuple) else value for name, value in values.items()
    }


class PostgresWire:
    """PostgreSQL: READ COMMITTED for writers, who lock rows; one snapshot, read only, for readers."""

    kind: Kind = "postgresql"

    def __init__(self, driver: psycopg.Connection[Any], *, warnings: list[str], commit_patience: float) -> None:
        self._driver = driver
        self._warnings = warnings
        self._patience = commit_patience

    def begin(self, *, writing: bool) -> None:
        level = psycopg.IsolationLevel.READ_COMMITTED if writing else psycopg.IsolationLevel.REPEATABLE_READ
        self._driver.isolation_level = level
        self._driver.read_only = (
            None if writing else True
        )  # as the server says; the driver sends BEGIN ahead of the first statement

    def query(self, sql: str, values: Values) -> list[tuple[Any, ...]]:
        cursor = self._driver.execute(_for_postgres(sql), _with_lists(values))
        return cursor.fetchall() if cursor.description else []

    def stream(self, sql: str, values: Values) -> Iterator[list[tuple[Any, ...]]]:
        with self._driver.cursor(name="coi_stream") as cursor:
            cursor.execute(_for_postgres(sql), _with_lists(values))
            while rows := cursor.fetchmany(_STREAMED_AT_ONCE):
                yield rows

    def send(self, batch: Batch) -> list[int]:
        cursors = []
        with self._driver.pipeline():
            for sql, rows in batch:
                cursor = self._driver.cursor()
                cursor.executemany(_for_postgres(sql), [_with_lists(row) for row in rows])
                cursors.append(cursor)
        return [cursor.rowcount for cursor in cursors]

    def commit(self) -> None:
        """With no synchronous standby left, COMMIT waits for ever, and a cancelled wait looks like success.

        So a watchdog ends the wait, and any warning while committing means that nobody knows.
        """
        self._warnings.clear()
        watchdog = threading.Timer(self._patience, self._stop_waiting)
        watchdog.daemon = True
        watchdog.start()
        try:
            self._driver.commit()
        except psycopg.Error as error:
            if is_lost(error):
                raise DurabilityUnknown(came="the connection was lost while committing") from error
            raise
        finally:
            watchdog.cancel()
        if self._warnings:
            raise DurabilityUnknown(came=self._warnings[0])

    def _stop_waiting(self) -> None:
        self._driver.cancel_safe(timeout=5)

    def rollback(self) -> None:
        try:
            self._driver.rollback()
        except psycopg.Error:
            self._driver.close()  # the server forgets it with the connection; the pool notices


def _with_lists(values: Values) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
