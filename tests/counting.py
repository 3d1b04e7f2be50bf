"""Counts the statements that a record sends to its database, where they are sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from coi_tracker.services.record import Record
from coi_tracker.storage.database import Database
from coi_tracker.storage.transaction import Transaction


class CountingDatabase(Database):
    """A database that knows how many statements were sent for reading."""

    statements = 0

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """As always, and counted."""
        with super().read() as tx:
            yield tx
            self.statements += tx.statements


def counting(record: Record) -> tuple[Record, CountingDatabase]:
    """The same record through a database that counts. Close it."""
    database = CountingDatabase(record.database.url)
    return replace(record, database=database), database
