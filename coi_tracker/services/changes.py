"""Every change of the set-up is an entry: what was, what is now, why and who, in the chain of what was changed.

Knows how such an entry is written, in the transaction of the change itself. Does not know what a place or an account
is: the services that change them say what goes into the entry, and that never holds a password or personal data of a
participant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from typing import Any

from coi_tracker.course import AccountId, Actor, Event, EventId, nothing
from coi_tracker.custody_log.entry import format_time
from coi_tracker.errors import BrokenPromise, NotUnderstood
from coi_tracker.services.entries import NO_DEFINITION, new_entry
from coi_tracker.services.log_chain import uuid7
from coi_tracker.services.record import Record
from coi_tracker.storage.chains import NewEntry, append_entry, lock_chain, move_head
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import Role

INSTALLER = Actor(
    account=AccountId("installer"),
    name="the installation",
    role=None,
    place=None,
    place_kind=None,
    station=None,
)
"""Who makes the first administrator, and the people and places of a demonstration."""


def administrator(account: str, name: str) -> Actor:
    """The actor of a change that an administrator makes. Whether she is one was found out before."""
    return Actor(AccountId(account), name, Role.ADMIN, place=None, place_kind=None, station=None)


def new_event_id(record: Record) -> EventId:
    """A fresh id for an entry or an attempt, by the record's clock and chance."""
    return EventId(uuid7(record.clock(), record.draw(10)))


def write_change(
    record: Record,
    tx: Transaction,
    *,
    chain: str,
    what: str,
    key: str,
    old: object,
    new: object,
    by: Actor,
    reason: str,
    zone: str = "Etc/UTC",
) -> NewEntry:
    """Queue the entry of a change, and return it. `old`, `new`: a value or dataclass, None where there is none.

    Takes the chain's lock exclusively, so that a step which rests on the changed thing comes before or after it.
    """
    locked = lock_chain(tx, chain, exclusive=(chain,), create=True)
    if locked is None:
        raise BrokenPromise(expected=f"the chain {chain}", came="none", do="report this fault of the product")
    evidence = {"key": key, "new": plain(new), "old": plain(old), "reason": _reason(reason), "what": what}
    entry = new_entry(_event(record, chain, evidence, by=by, zone=zone), seq=locked.seq + 1, prev=locked.head)
    append_entry(tx, entry)
    move_head(tx, locked, entry)
    return entry


def _reason(text: str) -> str:
    shown = " ".join(text.split())
    if not shown or len(shown) > 500:
        raise NotUnderstood(
            expected="a reason of 1 to 500 characters", came=f"{len(shown)} characters", do="say why it is changed"
        )
    return shown


def _event(record: Record, chain: str, evidence: Mapping[str, Any], *, by: Actor, zone: str) -> Event:
    now = record.clock()
    return Event(
        id=new_event_id(record),
        chain=chain,
        course=None,
        kind="setup_changed",
        step="",
        process=NO_DEFINITION,
        protocol=NO_DEFINITION,
        happened_at=now,
        recorded_at=now,
        zone=zone,
        actor=by,
        containers=(),
        evidence=evidence or nothing(),
        signers=(),
        reasons=(),
        refers_to=None,
        software=record.software,
    )


def plain(value: Any) -> Any:
    """A value of ours as JSON: dataclasses as objects, days and instants as text. No floats come in."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, str) else value
