"""Databases as the tests of storage need them, and a raw connection past all of our code."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import psycopg
import pytest

from coi_tracker.storage import migrate
from coi_tracker.storage.database import Database
from coi_tracker.storage.faults import DRIVER_ERRORS, Conflict, fault
from tests.integration.storage import builders


def _migrated(url: str) -> None:
    migrate.upgrade(url)


def _furnished(url: str) -> None:
    migrate.upgrade(url)
    db = Database(url)
    builders.furnish(db)
    db.close()


def _filled(url: str) -> None:
    _furnished(url)
    db = Database(url)
    builders.fill(db)
    db.close()


@pytest.fixture
def migrated_url(prepared_database):
    """A database with tables and nothing in them."""
    return prepared_database(_migrated)


@pytest.fixture
def furnished_url(prepared_database):
    """A database with places, people and subjects."""
    return prepared_database(_furnished)


@pytest.fixture
def filled_url(prepared_database):
    """A database with a row in every table that only grows."""
    return prepared_database(_filled)


@pytest.fixture
def db(furnished_url) -> Iterator[Database]:
    """A furnished database, open."""
    database = Database(furnished_url)
    yield database
    database.close()


class Raw:
    """Somebody at the database's own prompt: statements as they are, and what the database says to them."""

    def __init__(self, url: str, *, undone: bool = False) -> None:
        self.is_sqlite = url.startswith("sqlite")
        self.undone = undone and not self.is_sqlite
        self.driver: Any
        if self.is_sqlite:
            self.driver = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=30)
            self.driver.execute("PRAGMA foreign_keys = ON")
        else:
            self.driver = psycopg.connect(url, autocommit=not self.undone)

    def __call__(self, statement: str) -> list[tuple]:
        with self.driver.transaction() if self.undone else nullcontext():  # a savepoint
            cursor = self.driver.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def refused_by(self, statement: str) -> str | None:
        """The name of the rule that refused a statement; None when it went through."""
        try:
            self(statement)
        except DRIVER_ERRORS as error:
            refusal = fault(error)
            assert isinstance(refusal, Conflict), refusal
            return refusal.constraint
        return None

    def close(self) -> None:
        if self.undone:
            self.driver.rollback()
        self.driver.close()


@pytest.fixture
def raw(database_kind, request) -> Iterator[Raw]:
    """A raw connection to a filled database: a copy of the file, or a transaction that is undone."""
    name = "filled_url" if database_kind == "sqlite" else "shared_filled_url"
    connection = Raw(request.getfixturevalue(name), undone=True)
    if connection.undone:
        connection.driver.execute("SELECT 1")  # begins, so that what follows are savepoints in it
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def shared_filled_url(postgres_server) -> Iterator[str]:
    """One filled PostgreSQL database for all who undo what they did."""
    url = postgres_server.create()
    _filled(url)
    yield url
    postgres_server.drop(url)


@pytest.fixture
def raw_to() -> Iterator[Callable[[str], Raw]]:
    """Raw connections to databases of your choice."""
    opened: list[Raw] = []

    def connect(url: str) -> Raw:
        opened.append(Raw(url))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()
