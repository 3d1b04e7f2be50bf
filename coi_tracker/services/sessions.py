"""Sessions of people at devices: begin, look up, lock, end.

The browser keeps a random token, the database its digest. A session is locked when nobody was seen for a while, and is
over after a working day, whatever happens in it. A session that began through another system is bound to it: the digest
is made over both, so its token opens nothing anywhere else. Does not know how somebody proves who she is.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from coi_tracker.course import AccountId
from coi_tracker.services.record import Record
from coi_tracker.storage import sessions
from coi_tracker.storage.sessions import Session

IDLE = timedelta(minutes=15)
"""Until the screen locks. Source: OWASP Session Management Cheat Sheet, low-risk 15 to 30 minutes; ours is not low."""
LONGEST = timedelta(hours=12)
"""A shift. Then a session is over, and everybody signs in anew."""
NOTICED = timedelta(seconds=30)
"""How exactly it is kept when somebody was last seen: a page does not wait for the disk each time."""
KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is at this device. ``locked``: the person has to prove again who she is before anything else."""

    account: AccountId
    locked: bool


def begin(record: Record, account: AccountId, *, instead_of: str | None = None, through: str = "") -> str:
    """The token of a new session of somebody who has just proved who she is; the one before it is over.

    `through`: the id of the system's token it began through, here and below; nothing: a browser at our own pages.
    """
    token, now = record.draw(32).hex(), record.clock()
    with record.database.write() as tx:
        if instead_of is not None:
            sessions.end(tx, _digest(instead_of, through), at=now)
        sessions.forget(tx, before=now - KEPT)
        sessions.add(tx, Session(_digest(token, through), account, now, now, now))
    return token


def look_up(
    record: Record, token: str, *, idle: timedelta = IDLE, longest: timedelta = LONGEST, through: str = ""
) -> SignedIn | None:
    """Who is at the device with this token. None: nobody. Locks a session that nobody was seen in for a while."""
    now, digest = record.clock(), _digest(token, through)
    with record.database.read() as tx:
        found = sessions.find(tx, digest)
    if found is None or found.ended_at is not None or now - found.started_at > longest:
        return None
    if found.locked_at is None and now - found.seen_at > idle:
        lock(record, token, through=through)
        return SignedIn(found.account, locked=True)
    if found.locked_at is None and now - found.seen_at > NOTICED:
        with record.database.write() as tx:
            sessions.seen(tx, digest, at=now)
    return SignedIn(found.account, locked=found.locked_at is not None)


def lock(record: Record, token: str, *, through: str = "") -> None:
    """Nothing more in this session before the person proves again who she is."""
    with record.database.write() as tx:
        sessions.lock(tx, _digest(token, through), at=record.clock())


def end(record: Record, token: str, *, through: str = "") -> None:
    """The end of a session: signed out."""
    with record.database.write() as tx:
        sessions.end(tx, _digest(token, through), at=record.clock())


def end_all(record: Record, account: str) -> None:
    """The end of every session of an account: its password was changed, or it was ended."""
    with record.database.write() as tx:
        sessions.end_all(tx, account, at=record.clock())


def _digest(token: str, through: str) -> str:
    bound = f"{through}\n{token}" if through else token  # no id of a token holds a line break
    return hashlib.sha256(bound.encode("utf-8", "replace")).hexdigest()
