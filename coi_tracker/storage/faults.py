"""What a database says when it cannot or will not, turned into the three things a caller can act on.

`StorageUnavailable`: nothing was written, try again or repair. `Conflict`: the database refused a row, by the name
of a constraint. `DurabilityUnknown`: the commit was sent and its outcome is not certain. Knows drivers, no tables
beyond their constraint names.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from enum import StrEnum
from functools import cache, partial
from typing import Any

import psycopg
from psycopg import errors as pg
from sqlalchemy import ColumnElement, PrimaryKeyConstraint, UniqueConstraint

from coi_tracker.errors import CoiError
from coi_tracker.storage.tables import Row

DRIVER_ERRORS = (sqlite3.Error, psycopg.Error)


class Why(StrEnum):
    """Why the database could not do it."""

    DISK_FULL = "disk_full"
    READ_ONLY = "read_only"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    FORBIDDEN = "forbidden"
    NOT_MIGRATED = "not_migrated"
    DAMAGED = "damaged"
    OTHER = "other"


_SENTENCES: dict[Why, tuple[str, str]] = {
    Why.DISK_FULL: ("room on the disk of the database", "free space there, then repeat the attempt"),
    Why.READ_ONLY: ("a database that can be written to", "give the tracker write access, or use the primary server"),
    Why.BUSY: ("the record to be free within the time limit", "repeat the attempt: nothing of it was recorded"),
    Why.UNREACHABLE: ("an answer of the database", "see that its server runs and its address is right, then repeat"),
    Why.FORBIDDEN: (
        "the rights of the tracker's database role",
        "grant them with the owner's role, see docs/storage.md",
    ),
    Why.NOT_MIGRATED: ("the tables of this version", "migrate the database first"),
    Why.DAMAGED: ("a database file that can be read", "restore the last backup and verify it against a checkpoint"),
    Why.OTHER: ("the database to do what was asked", "repeat the attempt; if it stays, show this to the operator"),
}


class StorageUnavailable(CoiError):
    """The database cannot be used now. Nothing of the transaction was written."""

    def __init__(self, why: Why, *, came: str) -> None:
        expected, do = _SENTENCES[why]
        super().__init__(expected=expected, came=came, do=do)
        self.why = why

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), self.why, came=self.came), ()


class DurabilityUnknown(CoiError):
    """The commit was sent, but nobody knows whether it will outlast a failure. Repeating it is harmless."""

    def __init__(self, *, came: str) -> None:
        super().__init__(
            expected="the database to confirm the commit on every copy it promises",
            came=came,
            do="show it as not yet confirmed, and send the same attempt again with the same id",
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), came=self.came), ()


class Conflict(CoiError):
    """The database refused a row. `constraint` names what it broke, with the same name on both databases.

    On SQLite a foreign key has no name in the refusal: it is always ``foreign_key`` there.
    """

    def __init__(self, constraint: str, *, came: str) -> None:
        super().__init__(
            expected=f"rows that keep the database's rule {constraint}",
            came=came,
            do="read the record again: somebody else was first, or the change is not allowed",
        )
        self.constraint = constraint

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), self.constraint, came=self.came), ()


def fault(error: Exception) -> CoiError:
    """What a driver's error means to a caller."""
    if isinstance(error, sqlite3.Error):
        return _sqlite_fault(error)
    if isinstance(error, psycopg.Error):
        return _postgres_fault(error)
    return StorageUnavailable(Why.OTHER, came=_first_line(error))


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200].rstrip(".") if lines else type(error).__name__


_SQLITE_REASONS = (
    ("SQLITE_FULL", Why.DISK_FULL),
    ("SQLITE_READONLY", Why.READ_ONLY),
    ("SQLITE_BUSY", Why.BUSY),
    ("SQLITE_LOCKED", Why.BUSY),
    ("SQLITE_CANTOPEN", Why.UNREACHABLE),
    ("SQLITE_IOERR_SHMSIZE", Why.DISK_FULL),  # the index beside the write-ahead log finds no room
    ("SQLITE_IOERR_WRITE", Why.DISK_FULL),  # a quota or a limit; a full disk itself is SQLITE_FULL
    ("SQLITE_IOERR", Why.DAMAGED),
    ("SQLITE_CORRUPT", Why.DAMAGED),
    ("SQLITE_NOTADB", Why.DAMAGED),
    ("SQLITE_PERM", Why.FORBIDDEN),
    ("SQLITE_AUTH", Why.FORBIDDEN),
)


def _sqlite_fault(error: sqlite3.Error) -> CoiError:
    message = _first_line(error)
    if isinstance(error, sqlite3.IntegrityError):
        return Conflict(_sqlite_constraint(message), came=message)
    name = getattr(error, "sqlite_errorname", "")
    if message.startswith(("no such table", "no such column")):
        return StorageUnavailable(Why.NOT_MIGRATED, came=message)
    if "readonly" in message:
        return StorageUnavailable(Why.READ_ONLY, came=message)
    why = next((why for start, why in _SQLITE_REASONS if name.startswith(start)), Why.OTHER)
    return StorageUnavailable(why, came=message)


def _sqlite_constraint(message: str) -> str:
    """The constraint's name out of SQLite's sentence, which names columns instead for unique keys."""
    kind, _, rest = message.partition(" constraint failed")
    if kind == "FOREIGN KEY":
        return "foreign_key"
    if kind in ("UNIQUE", "PRIMARY KEY"):
        return _unique_names().get(rest.removeprefix(": "), rest.removeprefix(": "))
    if kind in ("CHECK", "NOT NULL"):
        return rest.removeprefix(": ")
    return message.split(":", 1)[0]  # a trigger: its text begins with the name


@cache
def _unique_names() -> dict[str, str]:
    """The names of all unique keys, by the columns (or the index) that SQLite names in their place."""
    found = {}
    for table in Row.metadata.tables.values():
        for index in table.indexes:
            found[f"index '{index.name}'"] = found[_columns(table.name, index.columns)] = str(index.name)
        for key in table.constraints:
            if isinstance(key, UniqueConstraint | PrimaryKeyConstraint):
                found[_columns(table.name, key.columns)] = str(key.name)
    return found


def _columns(table: str, columns: Iterable[ColumnElement[Any]]) -> str:
    return ", ".join(f"{table}.{column.key}" for column in columns)


_POSTGRES_REASONS: tuple[tuple[type[psycopg.Error], Why], ...] = (
    (pg.DiskFull, Why.DISK_FULL),
    (pg.ReadOnlySqlTransaction, Why.READ_ONLY),
    (pg.LockNotAvailable, Why.BUSY),
    (pg.DeadlockDetected, Why.BUSY),
    (pg.SerializationFailure, Why.BUSY),
    (pg.QueryCanceled, Why.BUSY),
    (pg.TooManyConnections, Why.BUSY),
    (pg.OutOfMemory, Why.BUSY),
    (pg.InsufficientPrivilege, Why.FORBIDDEN),
    (pg.UndefinedTable, Why.NOT_MIGRATED),
    (pg.UndefinedColumn, Why.NOT_MIGRATED),
    (pg.DataCorrupted, Why.DAMAGED),
    (pg.IndexCorrupted, Why.DAMAGED),
)


def _postgres_fault(error: psycopg.Error) -> CoiError:
    message = _first_line(error)
    if isinstance(error, psycopg.IntegrityError):
        return Conflict(error.diag.constraint_name or f"not null: {error.diag.column_name}", came=message)
    if isinstance(error, psycopg.DataError):
        return Conflict("value", came=message)
    for kind, why in _POSTGRES_REASONS:
        if isinstance(error, kind):
            return StorageUnavailable(why, came=message)
    if is_lost(error):
        return StorageUnavailable(Why.UNREACHABLE, came=message)
    return StorageUnavailable(Why.OTHER, came=message)


def is_lost(error: BaseException) -> bool:
    """Whether the connection is of no more use. SQLite has no connection to lose."""
    if not isinstance(error, psycopg.Error) or isinstance(error, psycopg.IntegrityError):
        return False
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate.startswith(("08", "57P", "25P03", "F0"))
