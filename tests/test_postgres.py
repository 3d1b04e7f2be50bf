"""The launcher and the database fixtures do what the other tests rely on."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests import postgres


def answer(url: str, query: str) -> object:
    """One value from either kind of database, without any code of ours."""
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as lite:
            row = lite.execute(query).fetchone()
        lite.close()
    else:
        with psycopg.connect(url) as connection:
            row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def make_table(url: str) -> None:
    if url.startswith("sqlite"):
        lite = sqlite3.connect(url.removeprefix("sqlite:///"))
        lite.executescript("CREATE TABLE jar (n INTEGER); INSERT INTO jar VALUES (7);")
        lite.close()
    else:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE jar (n INTEGER)")
            connection.execute("INSERT INTO jar VALUES (7)")


def root_folder() -> Path:
    return Path(__file__).parents[1]


def has_ended(pid: int, *, seconds: float = 15) -> bool:
    """True once the process is gone; one that nobody has waited for yet (a zombie) has ended as well."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


@contextmanager
def folder_for_anybody() -> Iterator[Path]:
    """A folder that another user may enter; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="coi-test-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.mark.requirement("COI-REPO-09")
def test_a_fresh_database_of_each_kind_answers(database_url: str) -> None:
    assert answer(database_url, "SELECT 40 + 2") == 42


@pytest.mark.parametrize("turn", [1, 2])
def test_a_prepared_database_is_a_copy_of_its_own(
    prepared_database: Callable[[Callable[[str], None]], str], turn: int
) -> None:
    url = prepared_database(make_table)
    assert answer(url, "SELECT count(*) FROM jar") == 1
    if url.startswith("postgresql"):
        with psycopg.connect(url) as connection:
            connection.execute("DELETE FROM jar")
    else:
        lite = sqlite3.connect(url.removeprefix("sqlite:///"))
        lite.executescript("DELETE FROM jar;")
        lite.close()


@pytest.mark.postgres
def test_sqlalchemy_reads_the_url_as_psycopg_3(postgres_server: postgres.PostgresServer) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    url = postgres_server.create()
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("SELECT current_setting('fsync')")).scalar() == "off"
    assert engine.driver == "psycopg"
    engine.dispose()
    postgres_server.drop(url)


@pytest.mark.postgres
def test_the_server_does_not_run_as_root_and_listens_on_no_port(
    postgres_server: postgres.PostgresServer,
) -> None:
    url = postgres_server.url("postgres")
    assert answer(url, "SELECT current_setting('listen_addresses')") == ""
    assert (postgres_server.folder / "data").stat().st_uid != 0


@pytest.mark.postgres
def test_a_durable_server_syncs_and_leaves_nothing_behind(postgres_server: object) -> None:
    server = postgres.start(fsync=True)
    try:
        assert answer(server.url("postgres"), "SELECT current_setting('fsync')") == "on"
    finally:
        server.stop()
    assert server.process.poll() is not None
    assert not server.folder.exists()


@pytest.mark.postgres
def test_the_server_ends_when_the_tests_are_killed(postgres_server: object) -> None:
    if not shutil.which("setpriv"):
        pytest.skip("setpriv, which ends the server with its parent, is not on this machine")
    script = (
        "import os, signal; from tests import postgres; server = postgres.start();"
        "print(server.folder, server.process.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", script], cwd=root_folder(), capture_output=True, text=True, check=False
    )
    folder, pid = killed.stdout.split()
    assert has_ended(int(pid))
    shutil.rmtree(folder)


@pytest.mark.requirement("COI-REPO-09")
@pytest.mark.postgres
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try it as somebody else; you are somebody else")
def test_a_plain_user_can_start_it_too(postgres_server: object) -> None:
    """As `nobody`, with the system's Python and a copy of what that user cannot read where it lies."""
    python = f"/usr/bin/python3.{sys.version_info.minor}"
    if not Path(python).exists():
        pytest.skip("no system Python of this version, which a plain user might run")
    psycopg_home = Path(psycopg.__file__).parents[1]
    with folder_for_anybody() as folder:
        shutil.copytree(root_folder() / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
        for part in [*sorted(psycopg_home.glob("psycopg*")), psycopg_home / "typing_extensions.py"]:
            target = folder / part.name
            shutil.copytree(part, target) if part.is_dir() else shutil.copyfile(part, target)
        script = (
            "import os, psycopg; from tests import postgres; server = postgres.start();"
            "psycopg.connect(server.create()).close(); print(os.geteuid()); server.stop()"
        )
        done = subprocess.run(
            [python, "-c", script], cwd=folder, user="nobody", group="nogroup", extra_groups=[],
            env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) != 0
