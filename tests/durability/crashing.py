"""A PostgreSQL server that is made to crash, and started again on the same files. Ends only what it started, by id."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from tests import postgres
from tests.postgres import PostgresServer


def crash(server: PostgresServer, how: signal.Signals) -> None:
    """SIGQUIT: every process of the server ends at once, without a word to the disk. SIGKILL: its head is cut off."""
    children = _children(server.process.pid)
    server.process.send_signal(how)
    server.process.wait(timeout=30)
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{child}").exists() for child in children) and time.monotonic() < deadline:
        time.sleep(0.02)  # they notice that their server is gone


def revive(server: PostgresServer) -> None:
    """Start the server again; it recovers from its log before it answers."""
    (server.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
    server.process = postgres._launch(postgres.find_programs(), server.folder, fsync=True, settings={})
    postgres._wait_until_ready(server)


def _children(parent: int) -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _is_child(entry, parent)]


def _is_child(entry: Path, parent: int) -> bool:
    try:
        return f"\nPPid:\t{parent}\n" in (entry / "status").read_text()
    except OSError:
        return False  # it ended meanwhile
