"""Somebody tried to reach what her roles do not give her: kept in her account's chain, like any other refusal.

Steps are refused by the process itself; this is for what is no step: pages and programs' addresses. At most so many an
hour are kept for one account, so that somebody who tries all night cannot fill the log.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from coi_tracker.course import Actor, Event, Reason
from coi_tracker.custody_log.chain import account_chain
from coi_tracker.errors import BrokenPromise
from coi_tracker.identity import safe_excerpt
from coi_tracker.services.changes import new_event_id
from coi_tracker.services.entries import NO_DEFINITION, new_entry
from coi_tracker.services.record import Record
from coi_tracker.services.viewers import Viewer
from coi_tracker.storage.chains import append_entry, lock_chain, move_head
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.types import utc_text
from coi_tracker.vocabulary import ReasonCode

MOST_AN_HOUR = 60
"""Entries of one account. What comes after that in the hour is refused all the same."""


def keep_denial(record: Record, who: Viewer, *, tried: str, needed: Collection[str], has: str | None = None) -> bool:
    """Keep that somebody was refused what she tried to reach. False: enough of this hour were kept already.

    `needed`: the roles that would have done. `has`: what she has in their place, where that is no roles.
    """
    chain = account_chain(who.account)
    with record.database.write() as tx:
        locked = lock_chain(tx, chain, exclusive=(chain,), create=True)
        if locked is None:
            raise BrokenPromise(expected=f"the chain {chain}", came="none", do="report this fault of the product")
        if _kept_lately(record, tx, chain) >= MOST_AN_HOUR:
            return False
        entry = new_entry(_event(record, who, chain, tried, needed, has), seq=locked.seq + 1, prev=locked.head)
        append_entry(tx, entry)
        move_head(tx, locked, entry)
    return True


def _kept_lately(record: Record, tx: Transaction, chain: str) -> int:
    since = utc_text(record.clock() - timedelta(hours=1))
    sql = "SELECT count(*) FROM events WHERE chain = :chain AND kind = 'refused' AND recorded_at > :since"
    return int(tx.query(sql, chain=chain, since=since)[0][0])


def _event(
    record: Record, who: Viewer, chain: str, tried: str, needed: Collection[str], has: str | None = None
) -> Event:
    now = record.clock()
    roles = ", ".join(sorted({str(one.role) for one in who.roles})) or "none"
    wanted = " or ".join(sorted(needed)) or "nobody"
    return Event(
        id=new_event_id(record),
        chain=chain,
        course=None,
        kind="refused",
        step="",
        process=NO_DEFINITION,
        protocol=NO_DEFINITION,
        happened_at=now,
        recorded_at=now,
        zone="Etc/UTC",
        actor=Actor(who.account, who.name, None, place=None, place_kind=None, station=None),
        containers=(),
        evidence={"tried": safe_excerpt(tried, 120)},
        signers=(),
        reasons=(Reason(ReasonCode.ROLE_MISSING, wanted, has or f"roles: {roles}"),),
        refers_to=None,
        software=record.software,
    )
