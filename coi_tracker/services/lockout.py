"""Wrong passwords and codes: counted, reported to the owner, and too many of them lock the account for a while.

Whoever asks for a proof of identity asks here, signatures included. Single failures are rows, a fixed number of them
for each account; a lock is an entry. What was typed is never kept. Does not know what was wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from coi_tracker.course import AccountId, Actor
from coi_tracker.custody_log.chain import account_chain
from coi_tracker.errors import NotUnderstood
from coi_tracker.services.changes import write_change
from coi_tracker.services.record import Record
from coi_tracker.storage import registry, sign_ins
from coi_tracker.storage.sign_ins import FailedTry, Standing
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import AskedFor

NOBODY = "?"
"""Stands for every account that does not exist: its failures cost the same time, and are kept the same way."""
KEPT = 50
"""Failed tries kept of an account, however many there are."""
DOORKEEPER = Actor(AccountId("doorkeeper"), "the tracker", role=None, place=None, place_kind=None, station=None)
"""Who locks an account after too many wrong tries."""
_EVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Failures:
    """What somebody is told when she signs in: tries that failed since the last time, and when the latest was."""

    count: int
    last_at: datetime | None


def count_failure(record: Record, account: str | None, *, asked_for: AskedFor, station: str | None = None) -> None:
    """One more failed try. Locks the account when it is one too many; None: there is no such account.

    Of a locked account none is too many: they count from the end of the lock.
    """
    whose = account or NOBODY
    now = record.clock()
    with record.database.write() as tx:
        before = sign_ins.hold_standing(tx, whose)
        sign_ins.note_failure(tx, FailedTry(whose, now, asked_for, station), slot=before.failures % KEPT)
        since = max(before.counted_from or _EVER, now - record.rules.window)
        after = replace(before, failures=before.failures + 1, unreported=before.unreported + 1, last_failed_at=now)
        too_many = sign_ins.failures_after(tx, whose, since) >= record.rules.tries
        if too_many and account is not None:
            after = _locked(record, tx, after, now)
        sign_ins.save_standing(tx, after)


def _locked(record: Record, tx: Transaction, standing: Standing, now: datetime) -> Standing:
    rules = record.rules
    until = now + rules.lock_after(standing.locks)
    write_change(
        record,
        tx,
        chain=account_chain(standing.account),
        what="lock",
        key=standing.account,
        old=None,
        new={"failures": rules.tries, "until": until},
        by=DOORKEEPER,
        reason=f"{rules.tries} failed tries within {int(rules.window.total_seconds() // 60)} minutes",
    )
    return replace(standing, locks=standing.locks + 1, locked_until=until, counted_from=until)


def is_locked(standing: Standing, now: datetime) -> bool:
    """Whether nobody gets in with this account at the moment, whatever she knows."""
    return standing.locked_until is not None and now < standing.locked_until


def locked_now(record: Record, account: str) -> bool:
    """The same, of an account."""
    with record.database.read() as tx:
        return is_locked(sign_ins.standing_of(tx, account), record.clock())


def right_again(record: Record, account: str) -> bool:
    """A right password: what was wrong before does not count any more. False: the account is locked.

    What failed stays unreported until the owner signs in. Writes only when there is something to forget.
    """
    now = record.clock()
    with record.database.read() as tx:
        standing = sign_ins.standing_of(tx, account)
    if is_locked(standing, now):
        return False
    if not _counts(standing):
        return True
    with record.database.write() as tx:
        held = sign_ins.hold_standing(tx, account)
        if is_locked(held, now):
            return False
        sign_ins.save_standing(tx, replace(held, locks=0, counted_from=now))
    return True


def _counts(standing: Standing) -> bool:
    failed = standing.last_failed_at
    return standing.locks > 0 or (failed is not None and failed > (standing.counted_from or _EVER))


def signed_in(record: Record, account: str) -> Failures | None:
    """Somebody is in: what failed since the last time. None: the account is locked."""
    now = record.clock()
    with record.database.write() as tx:
        held = sign_ins.hold_standing(tx, account)
        if is_locked(held, now):
            return None
        sign_ins.save_standing(tx, replace(held, unreported=0, locks=0, counted_from=now, signed_in_at=now))
    return Failures(held.unreported, held.last_failed_at)


def unlock(record: Record, account: str, *, by: Actor, reason: str) -> None:
    """Let the owner try again at once. Raises NotUnderstood when the account is not locked."""
    now = record.clock()
    with record.database.write() as tx:
        held = sign_ins.hold_standing(tx, account)
        if registry.find_account(tx, account) is None or not is_locked(held, now):
            raise NotUnderstood(expected="a locked account", came=repr(account[:60]), do="nothing was changed")
        sign_ins.save_standing(tx, replace(held, locks=0, locked_until=None, counted_from=now))
        write_change(
            record,
            tx,
            chain=account_chain(account),
            what="lock",
            key=account,
            old={"until": held.locked_until},
            new=None,
            by=by,
            reason=reason,
        )


def standings(record: Record) -> dict[str, Standing]:
    """How signing in went for everybody who ever tried; under NOBODY for accounts that do not exist."""
    with record.database.read() as tx:
        return {one.account: one for one in sign_ins.standings(tx)}


def failed_tries(record: Record, account: str | None = None, *, limit: int = 100) -> list[FailedTry]:
    """The latest failed tries of one account or of all, the newest first."""
    with record.database.read() as tx:
        return sign_ins.failed_tries(tx, account, limit=limit)
