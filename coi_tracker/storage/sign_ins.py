"""How signing in went for an account, how old its password is, and which it had before.

Rows only: how many wrong tries are too many is decided by the services. Knows no password, only hashes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.types import utc_from_text, utc_from_text_or_none, utc_text, utc_text_or_none
from coi_tracker.vocabulary import AskedFor


@dataclass(frozen=True, slots=True)
class Standing:
    """How signing in went so far. ``failures`` ever, ``unreported`` since somebody was last told of them.

    Failures before ``counted_from`` do not count towards the next lock. ``locks``: one after the other, without a
    right password between them.
    """

    account: str
    failures: int = 0
    unreported: int = 0
    locks: int = 0
    counted_from: datetime | None = None
    last_failed_at: datetime | None = None
    locked_until: datetime | None = None
    signed_in_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FailedTry:
    """One failed try, as it is kept."""

    account: str
    at: datetime
    asked_for: AskedFor
    station: str | None


@dataclass(frozen=True, slots=True)
class PasswordAge:
    """Since when an account has its password, and whether its owner has to choose another one."""

    set_at: datetime
    must_change: bool


_COLUMNS = "account, failures, unreported, locks, counted_from, last_failed_at, locked_until, signed_in_at"
_STANDING = f"SELECT {_COLUMNS} FROM sign_ins WHERE account = :account"  # noqa: S608 - our own names


def standing_of(tx: Transaction, account: str) -> Standing:
    """How it is now, without a lock."""
    row = tx.one(_STANDING, account=account)
    return Standing(account) if row is None else _standing(row)


def hold_standing(tx: Transaction, account: str) -> Standing:
    """How it is now, locked until the transaction ends: of two who fail at once, one waits and counts on."""
    tx.write(
        "INSERT INTO sign_ins (account) VALUES (:account) "
        "ON CONFLICT (account) DO UPDATE SET account = excluded.account",
        {"account": account},
    )
    return standing_of(tx, account)


def standings(tx: Transaction) -> list[Standing]:
    """Of everybody who ever signed in or failed to, by account."""
    return [_standing(row) for row in tx.query(f"SELECT {_COLUMNS} FROM sign_ins ORDER BY account")]  # noqa: S608


def _standing(row: tuple[object, ...]) -> Standing:
    account, failures, unreported, locks, *times = row
    return Standing(str(account), failures, unreported, locks, *map(utc_from_text_or_none, times))  # type: ignore[arg-type]


def save_standing(tx: Transaction, now: Standing) -> None:
    """Queue how it is from now on. Its row was held before."""
    tx.write(
        "UPDATE sign_ins SET failures = :failures, unreported = :unreported, locks = :locks, "
        "counted_from = :counted_from, last_failed_at = :last_failed_at, locked_until = :locked_until, "
        "signed_in_at = :signed_in_at WHERE account = :account",
        {
            "account": now.account,
            "failures": now.failures,
            "unreported": now.unreported,
            "locks": now.locks,
            "counted_from": utc_text_or_none(now.counted_from),
            "last_failed_at": utc_text_or_none(now.last_failed_at),
            "locked_until": utc_text_or_none(now.locked_until),
            "signed_in_at": utc_text_or_none(now.signed_in_at),
        },
        touching=1,
    )


def note_failure(tx: Transaction, failed: FailedTry, *, slot: int) -> None:
    """Queue a failed try, in the place of the one that had this slot."""
    tx.write(
        "INSERT INTO failed_sign_ins (account, slot, at, asked_for, station) "
        "VALUES (:account, :slot, :at, :asked_for, :station) ON CONFLICT (account, slot) DO UPDATE SET "
        "at = excluded.at, asked_for = excluded.asked_for, station = excluded.station",
        {
            "account": failed.account,
            "slot": slot,
            "at": utc_text(failed.at),
            "asked_for": str(failed.asked_for),
            "station": failed.station,
        },
    )


def failures_after(tx: Transaction, account: str, moment: datetime) -> int:
    """How many tries failed after a moment."""
    row = tx.one(
        "SELECT count(*) FROM failed_sign_ins WHERE account = :account AND at > :moment",
        account=account,
        moment=utc_text(moment),
    )
    return int(row[0]) if row else 0


def failed_tries(tx: Transaction, account: str | None = None, *, limit: int) -> list[FailedTry]:
    """The latest failed tries of one account, or of all, the newest first."""
    rows = tx.query(
        "SELECT account, at, asked_for, station FROM failed_sign_ins WHERE account = COALESCE(:account, account) "
        "ORDER BY at DESC, account LIMIT :limit",
        account=account,
        limit=limit,
    )
    return [FailedTry(row[0], utc_from_text(row[1]), AskedFor(row[2]), row[3]) for row in rows]


def password_age(tx: Transaction, account: str) -> PasswordAge | None:
    """Since when an account has its password; None when it has none."""
    row = tx.one("SELECT set_at, must_change FROM passwords WHERE account = :account", account=account)
    return None if row is None else PasswordAge(utc_from_text(row[0]), bool(row[1]))


def set_password_age(tx: Transaction, account: str, age: PasswordAge) -> None:
    """Queue since when an account has its password."""
    tx.write(
        "INSERT INTO passwords (account, set_at, must_change) VALUES (:account, :set_at, :must_change) "
        "ON CONFLICT (account) DO UPDATE SET set_at = excluded.set_at, must_change = excluded.must_change",
        {"account": account, "set_at": utc_text(age.set_at), "must_change": age.must_change},
    )


def old_passwords(tx: Transaction, account: str) -> list[str]:
    """The hashes of the passwords an account had before, the newest first."""
    rows = tx.query(
        "SELECT password_hash FROM old_passwords WHERE account = :account ORDER BY until DESC", account=account
    )
    return [row[0] for row in rows]


def keep_old_password(tx: Transaction, account: str, password_hash: str, *, until: datetime, keep: int) -> None:
    """Queue the hash of the password that goes; of all that went, only the newest stay."""
    tx.write(
        "INSERT INTO old_passwords (account, until, password_hash) VALUES (:account, :until, :password_hash) "
        "ON CONFLICT (account, until) DO UPDATE SET password_hash = excluded.password_hash",
        {"account": account, "until": utc_text(until), "password_hash": password_hash},
    )
    tx.write(
        "DELETE FROM old_passwords WHERE account = :account AND until NOT IN "
        "(SELECT until FROM old_passwords WHERE account = :account ORDER BY until DESC LIMIT :keep)",
        {"account": account, "keep": keep},
    )
