"""Sessions of people at devices, as rows. Knows no rule about how long one lasts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from coi_tracker.course import AccountId
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.types import utc_from_text, utc_from_text_or_none, utc_text


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody at a device. ``proved_at``: when the person last gave a password, ``locked_at``: not usable before."""

    token: str
    account: AccountId
    started_at: datetime
    seen_at: datetime
    proved_at: datetime
    locked_at: datetime | None = None
    ended_at: datetime | None = None


_COLUMNS = "token, account, started_at, seen_at, proved_at, locked_at, ended_at"


def add(tx: Transaction, session: Session) -> None:
    """Queue a new session."""
    tx.write(
        f"INSERT INTO web_sessions ({_COLUMNS}) VALUES (:token, :account, :at, :at, :at, NULL, NULL)",  # noqa: S608
        {"token": session.token, "account": session.account, "at": utc_text(session.started_at)},
    )


def find(tx: Transaction, token: str) -> Session | None:
    """The session with this digest, ended or not."""
    row = tx.one(f"SELECT {_COLUMNS} FROM web_sessions WHERE token = :token", token=token)  # noqa: S608
    if row is None:
        return None
    return Session(
        str(row[0]),
        AccountId(row[1]),
        utc_from_text(row[2]),
        utc_from_text(row[3]),
        utc_from_text(row[4]),
        utc_from_text_or_none(row[5]),
        utc_from_text_or_none(row[6]),
    )


def seen(tx: Transaction, token: str, *, at: datetime) -> None:
    """Queue that the person is still there. A session that was locked or ended meanwhile stays so."""
    sql = "UPDATE web_sessions SET seen_at = :at WHERE token = :token AND locked_at IS NULL AND ended_at IS NULL"
    tx.write(sql, {"token": token, "at": utc_text(at)})


def lock(tx: Transaction, token: str, *, at: datetime) -> None:
    """Queue that nothing may be done before the person proves again who she is."""
    sql = "UPDATE web_sessions SET locked_at = :at WHERE token = :token AND locked_at IS NULL"
    tx.write(sql, {"token": token, "at": utc_text(at)})


def end(tx: Transaction, token: str, *, at: datetime) -> None:
    """Queue the end of a session, for ever."""
    sql = "UPDATE web_sessions SET ended_at = :at WHERE token = :token AND ended_at IS NULL"
    tx.write(sql, {"token": token, "at": utc_text(at)})


def end_all(tx: Transaction, account: str, *, at: datetime) -> None:
    """Queue the end of every session of an account."""
    sql = "UPDATE web_sessions SET ended_at = :at WHERE account = :account AND ended_at IS NULL"
    tx.write(sql, {"account": account, "at": utc_text(at)})


def forget(tx: Transaction, *, before: datetime) -> None:
    """Queue that sessions nobody was seen in since then are deleted."""
    tx.write("DELETE FROM web_sessions WHERE seen_at < :before", {"before": utc_text(before)})
