"""Records with a small simulated trial in them, for the tests that look at one."""

from __future__ import annotations

from pathlib import Path

from coi_tracker.services.record import Record
from coi_tracker.simulation.report import Report
from coi_tracker.simulation.trial import simulate
from coi_tracker.storage import migrate
from coi_tracker.storage.database import Database
from coi_tracker.storage.keyfile import MasterKey

KEYS = (MasterKey("00000000", bytes(32)),)
PARTICIPANTS = 12
SEED = 7
reports: dict[str, Report] = {}


def migrated(url: str) -> str:
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).touch()
    migrate.upgrade(url)
    return url


def opened(url: str) -> Record:
    return Record(Database(url), person_keys=KEYS)


def small_trial(url: str) -> None:
    """Twelve participants."""
    record = opened(migrated(url))
    reports[record.database.kind] = simulate(record, seed=SEED, participants=PARTICIPANTS)
    record.database.close()


def entries(record: Record) -> list[str]:
    """Every entry, byte for byte, chain by chain."""
    with record.database.read() as tx:
        return [str(row[0]) for row in tx.query("SELECT entry FROM events ORDER BY chain, seq")]
