"""What every benchmark needs: a fresh database of each kind, fully durable; a table on paper; the machine's name."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from coi_tracker.storage.migrate import address
from tests import postgres

KINDS = ("sqlite", "postgresql")


def said() -> str:
    """The machine and the day, in a line."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    today = datetime.now(UTC).date()
    return (
        f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {today}"
    )


@contextmanager
def fresh(kind: str) -> Iterator[str]:
    """The address of an empty database: SQLite in a file, PostgreSQL with fsync on, both thrown away at the end."""
    folder = Path(tempfile.mkdtemp(prefix="coi-bench-"))
    server = (
        postgres.start(fsync=True, settings={"max_wal_size": "4GB", "shared_buffers": "512MB"})
        if kind == "postgresql"
        else None
    )
    try:
        if server is None:
            (folder / "coi.sqlite3").touch()
            yield f"sqlite:///{folder / 'coi.sqlite3'}"
        else:
            yield server.create()
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Floor:
    """The least that a durable record costs here: the bare driver, BEGIN, one insert of an entry's size, COMMIT."""

    def __init__(self, url: str, *, size: int = 1600) -> None:
        where = address(url)
        self.body, self.n = "x" * size, time.time_ns()
        self.sqlite = where.get_backend_name() == "sqlite"
        create = "CREATE TABLE IF NOT EXISTS floor (n BIGINT PRIMARY KEY, body TEXT)"
        if self.sqlite:
            self.connection: Any = sqlite3.connect(str(where.database), isolation_level=None, timeout=60)
            self.connection.execute("PRAGMA synchronous = FULL")
        else:
            text = where.set(drivername="postgresql").render_as_string(hide_password=False)
            self.connection = psycopg.connect(text, autocommit=True)
            self.connection.execute("SELECT pg_advisory_lock(1)")
        self.connection.execute(create)
        if not self.sqlite:
            self.connection.execute("SELECT pg_advisory_unlock(1)")

    def commit(self) -> None:
        """One of them."""
        self.n += 1
        self.connection.execute("BEGIN IMMEDIATE" if self.sqlite else "BEGIN")
        marks = "?, ?" if self.sqlite else "%s, %s"
        self.connection.execute(f"INSERT INTO floor VALUES ({marks})", (self.n, self.body))
        self.connection.execute("COMMIT")

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def seconds(work: Callable[[], Any]) -> float:
    """How long it takes, once."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def middle(times: Sequence[float]) -> float:
    """The median, in milliseconds."""
    return statistics.median(times) * 1000


def high(times: Sequence[float]) -> float:
    """What 19 of 20 stay under, in milliseconds."""
    return sorted(times)[int(len(times) * 0.95)] * 1000


def show(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table in Markdown, ready to be pasted into docs/performance.md."""
    print(f"\n{title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "|".join("---" if n == 0 else "--:" for n in range(len(head))) + "|")
    for row in rows:
        print("| " + " | ".join(_cell(value) for value in row) + " |", flush=True)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}" if value < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
