"""Start a PostgreSQL server of our own, on a Unix socket only, for as long as the tests run.

PostgreSQL refuses to run as root, and the ready-made fixtures fail there: as root the server is started as
`nobody`; anybody else runs it as themselves. Knows nothing of our tables.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

SUPERUSER = "coi_test"
ENVIRONMENT = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}


class PostgresMissing(Exception):
    """No PostgreSQL server programs on this machine; the text says what to install."""


def find_programs() -> Path:
    """The folder of `initdb` and `postgres`: the newest Debian version, or what pg_config names."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    for folder in [*debian, *_told_by_pg_config()]:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise PostgresMissing("PostgreSQL server programs not found; on Debian: apt-get install postgresql")


def _version(folder: Path) -> float:
    try:
        return float(folder.parent.name)
    except ValueError:
        return 0.0


def _told_by_pg_config() -> list[Path]:
    if not shutil.which("pg_config"):
        return []
    answer = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
    return [Path(answer.stdout.strip())] if answer.returncode == 0 else []


def _as_server_user() -> dict[str, Any]:
    """What Popen needs to leave root behind; nothing for anybody else."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


@dataclass
class PostgresServer:
    """A running server. `create()` gives the URL of a fresh database, cheaply."""

    folder: Path
    process: subprocess.Popen[bytes]
    templates: dict[str, str] = field(default_factory=dict)

    def url(self, database: str, *, user: str = SUPERUSER) -> str:
        """The address as SQLAlchemy 2.1 and libpq both read it (psycopg 3, socket in `folder`)."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def create(self, *, template: str = "template1") -> str:
        """A new database, copied from `template`; returns its URL."""
        name = f"t_{uuid.uuid4().hex}"
        self._run("CREATE DATABASE {} TEMPLATE {}", name, template)
        return self.url(name)

    def create_prepared(self, key: str, prepare: Callable[[str], None]) -> str:
        """A copy of a database that `prepare(url)` filled once for this server; `key` names what it did."""
        if key not in self.templates:
            url = self.create()
            prepare(url)
            self.templates[key] = _name_in(url)
        return self.create(template=self.templates[key])

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", _name_in(url))

    def stop(self) -> None:
        """End the server by its own process id, and remove its folder; safe to call twice."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # "fast": open sessions are rolled back
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _name_in(url: str) -> str:
    return str(conninfo_to_dict(url)["dbname"])


def start(*, fsync: bool = False, settings: dict[str, str] | None = None) -> PostgresServer:
    """Start a server in a folder of its own under /tmp. Tests of durability ask for `fsync=True`."""
    programs = find_programs()
    folder = Path(tempfile.mkdtemp(prefix="coi-pg-", dir="/tmp"))  # a socket's path has to stay short
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
    try:
        _make_cluster(programs, folder)
        server = PostgresServer(folder, _launch(programs, folder, fsync=fsync, settings=settings or {}))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    try:
        _wait_until_ready(server)
    except BaseException:
        server.stop()
        raise
    return server


def _make_cluster(programs: Path, folder: Path) -> None:
    command = [f"{programs}/initdb", "-D", f"{folder}/data", "-U", SUPERUSER, "-A", "trust", "-E", "UTF8"]
    made = subprocess.run(
        [*command, "--locale=C", "--no-sync"], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True,
        check=False, **_as_server_user(),
    )  # fmt: skip
    if made.returncode != 0:
        raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")


def _launch(programs: Path, folder: Path, *, fsync: bool, settings: dict[str, str]) -> subprocess.Popen[bytes]:
    # setpriv ends the server with us even if we are killed and no clean-up of ours can run.
    ends_with_us = ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []
    chosen = {"max_connections": "200", "fsync": "on" if fsync else "off", **settings}
    options = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
    command = [f"{programs}/postgres", "-D", f"{folder}/data", "-k", f"{folder}", "-h", "", *options]
    with (folder / "server.log").open("wb") as log:
        return subprocess.Popen(
            [*ends_with_us, *command], cwd=folder, env=ENVIRONMENT, stdout=log, stderr=log,
            stdin=subprocess.DEVNULL, **_as_server_user(),
        )  # fmt: skip


def _wait_until_ready(server: PostgresServer, *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while server.process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(server.url("postgres")).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    log = (server.folder / "server.log").read_text(errors="replace")
    raise RuntimeError(f"PostgreSQL did not start within {seconds} s:\n{log}")
