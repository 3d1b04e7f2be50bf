"""One transaction: reading at once, writing gathered into as few trips to the database as can be.

What is written is queued and sent in one trip, in order, before the next read or the commit. After any error the
transaction is lost: it never commits a part. Knows no table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from coi_tracker.errors import BrokenPromise, CoiError
from coi_tracker.storage.faults import DRIVER_ERRORS, Conflict, DurabilityUnknown, fault, is_lost
from coi_tracker.storage.triggers import Kind
from coi_tracker.storage.wire import Values, Wire


class Transaction:
    """Given by `Database.write()` and `Database.read()`; of no use outside that block.

    ``round_trips`` counts what was sent and waited for: BEGIN, every query, every batch of writes, COMMIT. (On
    SQLite nothing travels; what is counted is the same.) ``statements`` counts the statements in those.
    """

    def __init__(self, wire: Wire, *, writing: bool) -> None:
        self._wire = wire
        self._queue: list[tuple[str, list[Values], int | None]] = []
        self._failure: CoiError | None = None
        self.lost = False
        self.writing = writing
        self.round_trips = 0
        self.statements = 0

    @property
    def kind(self) -> Kind:
        """Which database this is."""
        return self._wire.kind

    def begin(self) -> None:
        """Called by the database that made this."""
        self._count(1)
        with self._faults():
            self._wire.begin(writing=self.writing)

    def query(self, sql: str, /, **values: Any) -> list[tuple[Any, ...]]:
        """All rows of one statement. ``:name`` is a value, ``IN {name}`` a list of them."""
        self.flush()
        self._count(1)
        with self._faults():
            return self._wire.query(sql, values)

    def one(self, sql: str, /, **values: Any) -> tuple[Any, ...] | None:
        """The only row of a statement, or None. Raises BrokenPromise when there are more."""
        rows = self.query(sql, **values)
        if len(rows) > 1:
            raise BrokenPromise(
                expected="at most one row", came=f"{len(rows)} rows", do="report this: a query misses part of its key"
            )
        return rows[0] if rows else None

    def stream(self, sql: str, /, **values: Any) -> Iterator[tuple[Any, ...]]:
        """The rows of one query in bounded memory. One stream at a time in a transaction."""
        self.flush()
        with self._faults():
            for rows in self._wire.stream(sql, values):
                self._count(1)
                yield from rows

    def write(self, sql: str, *rows: Values, touching: int | None = None) -> None:
        """Queue a statement that writes, once for each row of values.

        `touching`: how many rows it has to touch in all; anything else is a Conflict when it is sent.
        """
        if not self.writing:
            raise BrokenPromise(
                expected="a transaction that writes", came="one that reads", do="open it with Database.write()"
            )
        if rows:
            self._queue.append((sql, list(rows), touching))

    def flush(self) -> None:
        """Send what is queued. Called for you before each query and before the commit."""
        if self._failure is not None:
            raise self._failure
        if not self._queue:
            return
        batch, self._queue = self._queue, []
        self._count(len(batch))
        with self._faults():
            touched = self._wire.send([(sql, rows) for sql, rows, _ in batch])
        for (sql, _, wanted), found in zip(batch, touched, strict=True):
            if wanted is not None and wanted != found:
                self._fail(_stale(sql, wanted, found))

    def commit(self) -> None:
        """Called by the database that made this."""
        self.flush()
        self._count(1)
        with self._faults():
            self._wire.commit()

    def rollback(self) -> None:
        """Called by the database that made this."""
        self._queue.clear()
        with self._faults():
            self._wire.rollback()

    def _count(self, statements: int) -> None:
        self.round_trips += 1
        self.statements += statements

    def _faults(self) -> _Faults:
        return _Faults(self)

    def _fail(self, failure: CoiError) -> None:
        self._failure = failure
        raise failure


def _stale(sql: str, wanted: int, found: int) -> Conflict:
    table = sql.split()[1].lower()
    return Conflict(f"{table}_unchanged", came=f"{found} rows of {table} where {wanted} had to change")


class _Faults:
    """Turns a driver's error into ours, and remembers that the transaction is lost."""

    __slots__ = ("_transaction",)

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, DRIVER_ERRORS):
            self._transaction.lost = self._transaction.lost or is_lost(error)
            self._transaction._failure = fault(error)
            raise self._transaction._failure from error
        if isinstance(error, CoiError):
            self._transaction.lost = self._transaction.lost or isinstance(error, DurabilityUnknown)
            self._transaction._failure = error
