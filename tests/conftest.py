"""Fixtures that every room's tests share: fresh databases of both kinds, and what the machine may lack.

What is missing is never passed over quietly: the tests that need it are skipped with a line in the closing
summary, and under CI they fail.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import postgres

MISSING = "MISSING: "


def absent(what: str) -> None:
    """Skip loudly, because something is not on this machine; under CI that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{MISSING}{what} (under CI nothing may be left out)", pytrace=False)
    pytest.skip(MISSING + what)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was missing, where nobody overlooks it."""
    counts: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
        if MISSING in reason:
            what = reason.split(MISSING, 1)[1]
            counts[what] = counts.get(what, 0) + 1
    for what, count in counts.items():
        terminalreporter.write_line(f"WARNING: {count} tests did not run. {what}", red=True, bold=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.PostgresServer]:
    """One server for the session (with xdist: one for each worker). Fast, not durable: fsync is off."""
    try:
        server = postgres.start()
    except postgres.PostgresMissing as missing:
        absent(str(missing))
        raise AssertionError("not reached") from missing
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_kind(request: pytest.FixtureRequest) -> str:
    """The two databases the product runs on; a test that asks for a database runs on both."""
    return str(request.param)


@pytest.fixture
def database_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a fresh, empty database: a SQLite file, then a PostgreSQL database."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'coi.sqlite3'}"
        return
    server: postgres.PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create()
    yield url
    server.drop(url)


@pytest.fixture
def prepared_database(
    database_kind: str,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Callable[[Callable[[str], None]], str]]:
    """Give a copy of a database that a function filled once: `url = prepared_database(migrate)`.

    The function is called with a URL once a session and kind; every test gets a copy of the result. It has to
    close its connections: neither a file nor a PostgreSQL template can be copied while somebody writes to it.
    """
    made: list[str] = []

    def copy(prepare: Callable[[str], None]) -> str:
        key = f"{prepare.__module__}.{prepare.__qualname__}"
        if database_kind == "sqlite":
            return _copied_sqlite(tmp_path_factory.getbasetemp(), tmp_path, key, prepare)
        server: postgres.PostgresServer = request.getfixturevalue("postgres_server")
        made.append(server.create_prepared(key, prepare))
        return made[-1]

    yield copy
    for url in made:
        request.getfixturevalue("postgres_server").drop(url)


def _copied_sqlite(base: Path, target: Path, key: str, prepare: Callable[[str], None]) -> str:
    template = base / f"template-{key.replace('<', '').replace('>', '')}.sqlite3"
    if not template.exists():
        unfinished = template.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        prepare(f"sqlite:///{unfinished}")
        if (wal := Path(f"{unfinished}-wal")).exists() and wal.stat().st_size:
            raise RuntimeError(f"{key} left a connection open: its database cannot be copied")
        unfinished.rename(template)
    copy = target / "coi.sqlite3"
    shutil.copyfile(template, copy)
    return f"sqlite:///{copy}"


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is. Tests start it with a fresh profile each."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    absent("Chromium not found; on Debian: apt-get install chromium")
    raise AssertionError("not reached")
