"""A small record in a real database: chains of steps that no process decided upon, keys, checkpoints.

Deterministic but for the database's own numbers. The entries are well formed and signed; what they tell is nonsense.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from coi_tracker.custody_log.entry import canonical, digest, format_time, parse_time
from coi_tracker.custody_log.note import SigningKey
from coi_tracker.services import keys
from coi_tracker.services.checkpoints import checkpoint
from coi_tracker.services.record import Record
from coi_tracker.storage import migrate
from coi_tracker.storage.chains import NewEntry, SignedBy, append_entries, lock_chain, move_head
from coi_tracker.storage.database import Database
from coi_tracker.storage.transaction import Transaction
from tests.unit.custody_log import synthetic

ORIGIN = synthetic.ORIGIN
START = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
CHAINS = ("course/C000", "course/C001", "course/C002", "subject/001", "place/site-1", "station/st-2", "station/st-9")


def ticking() -> Callable[[], datetime]:
    """A clock that goes one second a look."""
    seconds = itertools.count()
    return lambda: START + timedelta(seconds=next(seconds))


def drawing() -> Callable[[int], bytes]:
    """Bytes that look random and are the same in every run."""
    number = itertools.count()
    return lambda size: hashlib.sha256(f"draw {next(number)}".encode()).digest()[:size]


def open_record(url: str) -> Record:
    return Record(Database(url), clock=ticking(), draw=drawing())


def migrated(url: str) -> None:
    """For `prepared_database`: tables, a place with a station, another place's station, and no entry."""
    migrate.upgrade(url)
    database = Database(url)
    with database.write() as tx:
        furnish(tx)
    database.close()


def furnish(tx: Transaction) -> None:
    for place in ("site-1", "site-2"):
        tx.write(
            "INSERT INTO places (id, kind, name, country, zone, daily_capacity) "
            "VALUES (:id, 'site', :id, 'CH', 'Europe/Zurich', 0)",
            {"id": place},
        )
    for code, place in (("st-2", "site-1"), ("st-9", "site-2")):
        tx.write(
            "INSERT INTO stations (code, place, name, active) VALUES (:code, :place, :code, :active)",
            {"code": code, "place": place, "active": True},
        )
    tx.write(
        "INSERT INTO studies (key, title, open, enrolment_limit) VALUES ('S', 'S', :open, 9)",
        {"open": True},
    )


_numbers = itertools.count(10_000)


def steps(record: Record, count: int, *, chains: tuple[str, ...] = CHAINS, signed_every: int = 3) -> None:
    """`count` steps, one transaction each, spread over chains; some refused, some signed by two people."""
    for number in range(count):
        with record.database.write() as tx:
            step(tx, chains[number * 5 % len(chains)], signed=number % signed_every == 0)


def step(tx: Transaction, chain: str, *, signed: bool = False, **changes: Any) -> NewEntry:
    """One step of somebody in a chain."""
    locked = lock_chain(tx, chain, create=True)
    assert locked is not None
    number = next(_numbers)
    at = format_time(START + timedelta(seconds=number))
    value = {**synthetic.step_entry(number, chain, at), "seq": locked.seq + 1, "prev": locked.head, **changes}
    if signed:
        value["signatures"] = [synthetic.signature(value, account, at) for account in ("u-17", "u-18")]
    entry = new_entry(value)
    append_entries(tx, [entry])
    move_head(tx, locked, entry)
    return entry


def new_entry(value: dict[str, Any]) -> NewEntry:
    text = canonical(value)
    signatures = tuple(
        SignedBy(s["account"], s["meaning"], parse_time(s["at"]), s["signed"]) for s in value["signatures"]
    )
    return NewEntry(
        id=value["id"],
        chain=value["chain"],
        seq=value["seq"],
        prev=value["prev"],
        digest=digest(text).hex(),
        kind=value["kind"],
        step=value["step"],
        coi=value["course"],
        recorded_at=parse_time(value["recorded_at"]),
        entry=text.decode(),
        signatures=signatures,
    )


def own_courses(tx: Transaction) -> None:
    """State rows that say whose the chains are: C000 and C001 of the first site, C002 of the second."""
    event = tx.query("SELECT id FROM events WHERE chain = 'subject/001' AND seq = 1")[0][0]
    for number, site in (("001", "site-1"), ("002", "site-2")):
        tx.write(
            "INSERT INTO subjects (study, number, site, registered_event) VALUES ('S', :number, :site, :event)",
            {"number": number, "site": site, "event": event},
        )
    for coi, subject, site in (("C000", "001", "site-1"), ("C001", "001", "site-1"), ("C002", "002", "site-2")):
        tx.write(
            "INSERT INTO courses (coi, chain, study, subject, site, material, disposition, treatment, standing, "
            "infused, opened_at) VALUES (:coi, 'course/' || :coi, 'S', :subject, :site, 'ordered', 'none', "
            "'screened', 'active', :no, '2026-03-29T00:30:00.000000Z')",
            {"coi": coi, "subject": subject, "site": site, "no": False},
        )


def published(record: Record, folder: Path) -> SigningKey:
    """A new key of the log, told to it."""
    key = keys.create(folder, ORIGIN)
    keys.publish(record, key)
    return key


def seeded_key() -> SigningKey:
    """The key of `filled`."""
    return SigningKey.from_seed(ORIGIN, bytes(32))


def filled(url: str) -> None:
    """For `prepared_database`: 28 entries under two checkpoints, of 17 and 28, and three that wait."""
    migrated(url)
    record = open_record(url)
    keys.publish(record, seeded_key())
    for count in (15, 10):
        steps(record, count)
        checkpoint(record, seeded_key())
    steps(record, 3)
    record.database.close()
