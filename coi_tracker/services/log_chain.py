"""Entries about the log itself: its heads and its keys, in the chain ``log``. Knows no course and no step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from coi_tracker.custody_log.chain import LOG_CHAIN
from coi_tracker.custody_log.entry import canonical, digest, entry_problems, log_entry
from coi_tracker.errors import BrokenPromise
from coi_tracker.services.record import Record
from coi_tracker.storage.chains import LockedChain, NewEntry, append_entry, lock_chain, move_head
from coi_tracker.storage.transaction import Transaction


def lock_log(tx: Transaction) -> LockedChain:
    """The chain ``log``, locked: nobody else adds to it until this transaction ends. No course waits for it."""
    locked = lock_chain(tx, LOG_CHAIN, create=True)
    if locked is None:
        raise BrokenPromise(expected="a chain of the log", came="none", do="report this fault of the product")
    return locked


def append_to_log(
    record: Record, tx: Transaction, *, after: LockedChain, kind: str, evidence: Mapping[str, Any]
) -> NewEntry:
    """Queue an entry of the chain ``log`` after its locked head."""
    at = record.clock()
    value = log_entry(
        kind,
        evidence,
        entry_id=uuid7(at, record.draw(10)),
        seq=after.seq + 1,
        prev=after.head,
        at=at,
        software=record.software,
    )
    problems = entry_problems(value)
    if problems:
        raise BrokenPromise(expected="a well-formed entry", came="; ".join(problems)[:400], do="report this fault")
    entry = _new_entry(value, at)
    append_entry(tx, entry)
    move_head(tx, after, entry)
    return entry


def _new_entry(value: Mapping[str, Any], at: datetime) -> NewEntry:
    text = canonical(value)
    return NewEntry(
        id=value["id"],
        chain=LOG_CHAIN,
        seq=value["seq"],
        prev=value["prev"],
        digest=digest(text).hex(),
        kind=value["kind"],
        step=None,
        coi=None,
        recorded_at=at,
        entry=text.decode("utf-8"),
    )


def uuid7(at: datetime, chance: bytes) -> str:
    """A UUID of version 7 (RFC 9562 section 5.7): milliseconds of `at`, then 74 bits of the 10 bytes `chance`."""
    milliseconds = int((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000) & (2**48 - 1)
    bits = int.from_bytes(chance, "big")
    digits = f"{milliseconds:012x}7{bits & 0xFFF:03x}{0x8 | bits >> 12 & 0x3:x}{bits >> 14 & (2**60 - 1):015x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
