"""Writers that are killed: a host that has imported everything forks them, kills them, and looks at what is left.

`python -m tests.durability` is the host. A writer records attempts as fast as it can and tells each acknowledged id
through a pipe, at once and unbuffered; the host sends SIGKILL at a random moment and reads the pipe to its end. So
what came out of the pipe is exactly what somebody was told.
"""

from __future__ import annotations

import os
import pickle
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from coi_tracker.custody_log.note import SigningKey
from coi_tracker.errors import CoiError
from coi_tracker.process.describe import definition
from coi_tracker.services import available, keys
from coi_tracker.services.attempts import record_attempt
from coi_tracker.services.changes import new_event_id
from coi_tracker.services.checkpoints import checkpoint
from coi_tracker.services.record import Record
from coi_tracker.services.requests import AttemptRequest
from coi_tracker.services.sequencer import sequence
from coi_tracker.simulation.clock import Clock
from coi_tracker.storage.database import Database
from coi_tracker.storage.transaction import Transaction

MOST, LONGEST = 3, 0.02
"""A writer is let acknowledge 0 to so many entries, and then killed at any moment within so many seconds."""


@dataclass(frozen=True)
class Killing:
    """What the host has to do: kill so many writers of these attempts. With `key_folder` they also sign checkpoints."""

    url: str
    study: str
    now: datetime
    attempts: Sequence[AttemptRequest]
    kills: int
    seed: int
    key_folder: Path | None = None


@dataclass
class Deaths:
    """What happened: acknowledged ids, how many writers were still at work when they were killed, what was wrong."""

    acknowledged: list[str] = field(default_factory=list)
    at_work: int = 0
    wrong: list[str] = field(default_factory=list)


def kill(killing: Killing) -> Deaths:
    """Let a host do it, and give what it saw."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.durability"], input=pickle.dumps(killing), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    found: Deaths = pickle.loads(done.stdout)
    return found


def host() -> None:
    """Read what to do from standard input, do it, write what was seen to standard output."""
    killing: Killing = pickle.loads(sys.stdin.buffer.read())
    deaths, chance = Deaths(), random.Random(killing.seed)
    record = opened(killing)
    for _ in range(killing.kills):
        _one_death(killing, record, deaths, entries=chance.randint(0, MOST), then=chance.uniform(0, LONGEST))
    sys.stdout.buffer.write(pickle.dumps(deaths))


def opened(killing: Killing) -> Record:
    """The record, with its protocols read."""
    record = Record(Database(killing.url, connections=2), clock=Clock(killing.now))
    definition(record.process)
    released = available.released_versions(record, killing.study)
    with record.database.read() as tx:
        for one in released.values():
            record.protocol(tx, one)
    return record


def _one_death(killing: Killing, record: Record, deaths: Deaths, *, entries: int, then: float) -> None:
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        _write_until_killed(killing, record, theirs)
    os.close(theirs)
    told = b""
    while told.count(b"\n") <= entries and (piece := os.read(ours, 4096)):  # the first line: it has connected
        told += piece
    time.sleep(then)
    os.kill(child, signal.SIGKILL)
    told += _rest(ours)
    _, status = os.waitpid(child, 0)
    deaths.at_work += os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    acknowledged = told.decode().splitlines()[1:]
    deaths.acknowledged += acknowledged
    with record.database.read() as tx:
        deaths.wrong += wrongs(tx, acknowledged)


def _rest(pipe: int) -> bytes:
    found = b""
    while piece := os.read(pipe, 65536):
        found += piece
    os.close(pipe)
    return found


def wrongs(tx: Transaction, acknowledged: Sequence[str]) -> list[str]:
    """What a kill must never leave behind, asked for in a few statements."""
    here = {row[0] for row in tx.query("SELECT id FROM events WHERE id IN {ids}", ids=list(acknowledged))}
    found = [f"acknowledged and lost: {one}" for one in acknowledged if one not in here]
    found += [f"half-written: {what}" for what, sql in _HALVES.items() if tx.query(sql) != [(0,)]]
    return found


_HALVES = {
    "a chain's row is not at its last entry": "SELECT count(*) FROM chains c WHERE c.seq <> "
    "(SELECT COALESCE(max(e.seq), 0) FROM events e WHERE e.chain = c.chain)",
    "entries without their place in the queue": "SELECT (SELECT count(*) FROM events) - "
    "(SELECT count(*) FROM unsequenced) - (SELECT count(*) FROM log_positions)",
    "a label without its issue": "SELECT count(*) FROM labels l WHERE NOT EXISTS "
    "(SELECT 1 FROM label_issues i WHERE i.serial = l.serial)",
    "an issue without its label": "SELECT count(*) FROM label_issues i WHERE NOT EXISTS "
    "(SELECT 1 FROM labels l WHERE l.serial = i.serial)",
    "positions without their leaf in the tree": "SELECT (SELECT count(*) FROM log_positions) - "
    "(SELECT count(*) FROM tree_nodes WHERE level = 0)",
}


def _write_until_killed(killing: Killing, record: Record, pipe: int) -> Any:
    record = replace(record, database=Database(killing.url, connections=2))
    key = None if killing.key_folder is None else keys.load(record, killing.key_folder)
    with record.database.read() as tx:
        tx.query("SELECT 1")
    os.write(pipe, b"connected\n")
    for turn in range(1_000_000):
        acknowledged = write_one(killing, record, turn)
        if key is not None:
            _run_behind(record, key, turn)
        os.write(pipe, f"{acknowledged}\n".encode())
    os._exit(0)


def write_one(killing: Killing, record: Record, turn: int) -> str:
    """Record the next attempt; the acknowledged id."""
    attempt = killing.attempts[(turn + os.getpid()) % len(killing.attempts)]
    answer = record_attempt(record, replace(attempt, id=new_event_id(record)))
    return answer.event.id


def _run_behind(record: Record, key: SigningKey, turn: int) -> None:
    try:
        sequence(record, batch=3)
        if turn % 3 == 2:
            checkpoint(record, key)
    except CoiError as error:
        sys.stderr.write(f"{error}\n")
        os._exit(3)
