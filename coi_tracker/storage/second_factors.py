"""Secrets of one-time codes, recovery codes, and links to outside identities: reading and writing their rows.

A secret is encrypted for its row under a key of the key file, as participants' data is. Knows no code.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidTag

from coi_tracker.errors import BrokenPromise, Misconfigured
from coi_tracker.storage.keyfile import MasterKey
from coi_tracker.storage.sealing import seal, unseal
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.types import utc_from_text, utc_from_text_or_none, utc_text, utc_text_or_none

_PURPOSE = "second factor secrets"


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """An account's second factor. ``sealed`` None: there is none yet, only the wish for one."""

    account: str
    required: bool = False
    sealed: bytes | None = None
    confirmed_at: datetime | None = None
    used_step: int | None = None


@dataclass(frozen=True, slots=True)
class OutsideIdentity:
    """A subject of an issuer, and whose account it is."""

    issuer: str
    subject: str
    account: str
    linked_at: datetime


def second_factor(tx: Transaction, account: str) -> SecondFactor:
    """What is kept of an account's second factor."""
    row = tx.one(
        "SELECT account, required, secret, confirmed_at, used_step FROM second_factors WHERE account = :account",
        account=account,
    )
    return SecondFactor(account) if row is None else _factor(row)


def second_factors(tx: Transaction) -> dict[str, SecondFactor]:
    """Of every account that has one or has to have one."""
    rows = tx.query("SELECT account, required, secret, confirmed_at, used_step FROM second_factors ORDER BY account")
    return {row[0]: _factor(row) for row in rows}


def _factor(row: tuple[object, ...]) -> SecondFactor:
    account, required, secret, confirmed_at, used_step = row
    sealed = None if secret is None else bytes(secret)  # type: ignore[call-overload]
    return SecondFactor(str(account), bool(required), sealed, utc_from_text_or_none(confirmed_at), used_step)  # type: ignore[arg-type]


def save_second_factor(tx: Transaction, now: SecondFactor) -> None:
    """Queue what is kept from now on."""
    tx.write(
        "INSERT INTO second_factors (account, required, secret, confirmed_at, used_step) "
        "VALUES (:account, :required, :secret, :confirmed_at, :used_step) ON CONFLICT (account) DO UPDATE SET "
        "required = excluded.required, secret = excluded.secret, confirmed_at = excluded.confirmed_at, "
        "used_step = excluded.used_step",
        {
            "account": now.account,
            "required": now.required,
            "secret": now.sealed,
            "confirmed_at": utc_text_or_none(now.confirmed_at),
            "used_step": now.used_step,
        },
    )


def use_step(tx: Transaction, account: str, step: int) -> None:
    """Queue that the code of a time step was used. Conflict when it, or a later one, was used before."""
    tx.write(
        "UPDATE second_factors SET used_step = :step "
        "WHERE account = :account AND confirmed_at IS NOT NULL AND (used_step IS NULL OR used_step < :step)",
        {"account": account, "step": step},
        touching=1,
    )


def seal_secret(keys: tuple[MasterKey, ...], account: str, secret: str) -> bytes:
    """The secret of an account's codes, encrypted for its row."""
    key = keys[0]
    return seal(key.derived(_PURPOSE), secret.encode(), key_id=bytes.fromhex(key.id), where=_where(account))


def open_secret(keys: tuple[MasterKey, ...], account: str, sealed: bytes) -> str:
    """The secret again. Raises Misconfigured without its key, BrokenPromise when the row was changed."""
    wanted = sealed[1:5].hex()
    key = next((key for key in keys if key.id == wanted), None)
    if key is None:
        raise Misconfigured(
            expected=f"the key {wanted} in the key file",
            came="a file without it",
            do="use the key file that this database was encrypted with",
        )
    try:
        return unseal(key.derived(_PURPOSE), sealed, where=_where(account)).decode()
    except InvalidTag as error:
        raise BrokenPromise(
            expected=f"the second factor of {account}",
            came="something else: changed, or moved from another row",
            do="remove it, let its owner set up another one, and find out who changed it",
        ) from error


def _where(account: str) -> str:
    return f"second_factors.secret:{account}"


def rewrap_secrets(tx: Transaction, keys: tuple[MasterKey, ...]) -> None:
    """Queue every secret encrypted anew by the first key of the file."""
    for account, factor in second_factors(tx).items():
        if factor.sealed is not None:
            sealed = seal_secret(keys, account, open_secret(keys, account, factor.sealed))
            where = {"account": account, "secret": sealed}
            tx.write("UPDATE second_factors SET secret = :secret WHERE account = :account", where)


def replace_recovery_codes(tx: Transaction, account: str, digests: tuple[str, ...]) -> None:
    """Queue other recovery codes; those before are gone."""
    tx.write("DELETE FROM recovery_codes WHERE account = :account", {"account": account})
    tx.write(
        "INSERT INTO recovery_codes (account, digest) VALUES (:account, :digest)",
        *({"account": account, "digest": digest} for digest in digests),
    )


def use_recovery_code(tx: Transaction, account: str, digest: str) -> None:
    """Queue that a recovery code is gone. Conflict when there is no such code."""
    tx.write(
        "DELETE FROM recovery_codes WHERE account = :account AND digest = :digest",
        {"account": account, "digest": digest},
        touching=1,
    )


def count_recovery_codes(tx: Transaction, account: str) -> int:
    """How many are left."""
    row = tx.one("SELECT count(*) FROM recovery_codes WHERE account = :account", account=account)
    return int(row[0]) if row else 0


def outside_identities(tx: Transaction, account: str | None = None) -> list[OutsideIdentity]:
    """The links of one account, or of all."""
    rows = tx.query(
        "SELECT issuer, subject, account, linked_at FROM outside_identities "
        "WHERE account = COALESCE(:account, account) ORDER BY account, issuer, subject",
        account=account,
    )
    return [OutsideIdentity(row[0], row[1], row[2], utc_from_text(row[3])) for row in rows]


def find_outside_identity(tx: Transaction, issuer: str, subject: str) -> OutsideIdentity | None:
    """Whose account a subject of an issuer is."""
    row = tx.one(
        "SELECT issuer, subject, account, linked_at FROM outside_identities "
        "WHERE issuer = :issuer AND subject = :subject",
        issuer=issuer,
        subject=subject,
    )
    return None if row is None else OutsideIdentity(row[0], row[1], row[2], utc_from_text(row[3]))


def link_identity(tx: Transaction, link: OutsideIdentity) -> None:
    """Queue a link. Conflict (pk_outside_identities) when the subject is linked already."""
    tx.write(
        "INSERT INTO outside_identities (issuer, subject, account, linked_at) "
        "VALUES (:issuer, :subject, :account, :linked_at)",
        {
            "issuer": link.issuer,
            "subject": link.subject,
            "account": link.account,
            "linked_at": utc_text(link.linked_at),
        },
    )


def unlink_identity(tx: Transaction, issuer: str, subject: str) -> None:
    """Queue the end of a link."""
    tx.write(
        "DELETE FROM outside_identities WHERE issuer = :issuer AND subject = :subject",
        {"issuer": issuer, "subject": subject},
        touching=1,
    )
