"""Tokens of other systems, and where events are sent to, as rows. Knows no token, only digests, and sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag

from coi_tracker.errors import BrokenPromise, Misconfigured
from coi_tracker.storage.keyfile import MasterKey
from coi_tracker.storage.sealing import seal, unseal
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.types import utc_from_text, utc_from_text_or_none, utc_text, utc_text_or_none

_PURPOSE = "webhook secrets"


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as it is kept. ``places`` and ``scopes`` are words with blanks between."""

    id: str
    name: str
    digest: str
    kind: str
    station: str | None
    places: str
    scopes: str
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WebhookRow:
    """Where events are sent to, as it is kept. ``secret`` is encrypted for this row."""

    id: str
    token: str
    url: str
    secret: bytes
    kinds: str
    active: bool
    made_at: datetime
    next_index: int
    tries: int = 0
    not_before: datetime | None = None
    leased_until: datetime | None = None
    delivered_at: datetime | None = None
    trouble: str | None = None


_TOKEN = "id, name, digest, kind, station, places, scopes, issued_at, expires_at, revoked_at, used_at"  # noqa: S105
_WEBHOOK = (
    "id, token, url, secret, kinds, active, made_at, next_index, tries, not_before, leased_until, delivered_at, trouble"
)


def add_token(tx: Transaction, token: TokenRow) -> None:
    """Queue a new token. Conflict pk_api_tokens when its id was ever given."""
    tx.write(
        f"INSERT INTO api_tokens ({_TOKEN}) VALUES (:id, :name, :digest, :kind, :station, :places, :scopes, "  # noqa: S608
        ":issued_at, :expires_at, NULL, NULL)",
        {
            **{name: getattr(token, name) for name in ("id", "name", "digest", "kind", "station", "places", "scopes")},
            "issued_at": utc_text(token.issued_at),
            "expires_at": utc_text(token.expires_at),
        },
    )


def find_token(tx: Transaction, *, digest: str | None = None, id: str | None = None) -> TokenRow | None:  # noqa: A002
    """The token with this digest or id, revoked or not."""
    column, value = ("digest", digest) if digest is not None else ("id", id)
    row = tx.one(f"SELECT {_TOKEN} FROM api_tokens WHERE {column} = :value", value=value)  # noqa: S608
    return None if row is None else _token(row)


def tokens(tx: Transaction) -> list[TokenRow]:
    """Every token there ever was, by id."""
    return [_token(row) for row in tx.query(f"SELECT {_TOKEN} FROM api_tokens ORDER BY id")]  # noqa: S608


def _token(row: tuple[Any, ...]) -> TokenRow:
    issued, expires, revoked, used = row[7:]
    return TokenRow(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        row[6],
        issued_at=utc_from_text(issued),
        expires_at=utc_from_text(expires),
        revoked_at=utc_from_text_or_none(revoked),
        used_at=utc_from_text_or_none(used),
    )


def revoke_token(tx: Transaction, token: str, *, at: datetime) -> None:
    """Queue the end of a token, for ever. Conflict when it ended before."""
    sql = "UPDATE api_tokens SET revoked_at = :at WHERE id = :id AND revoked_at IS NULL"
    tx.write(sql, {"id": token, "at": utc_text(at)}, touching=1)


def token_used(tx: Transaction, token: str, *, at: datetime) -> None:
    """Queue when it was last seen."""
    tx.write("UPDATE api_tokens SET used_at = :at WHERE id = :id", {"id": token, "at": utc_text(at)})


def add_webhook(tx: Transaction, webhook: WebhookRow) -> None:
    """Queue a new address for events. Conflict pk_webhooks when its id was ever given."""
    tx.write(
        f"INSERT INTO webhooks ({_WEBHOOK}) VALUES (:id, :token, :url, :secret, :kinds, :active, :made_at, "  # noqa: S608
        ":next_index, :tries, :not_before, :leased_until, :delivered_at, :trouble)",
        _webhook_values(webhook),
    )


def change_webhook(tx: Transaction, webhook: WebhookRow) -> None:
    """Queue a change of everything but how far it got and since when it is there."""
    tx.write(
        "UPDATE webhooks SET active = :active, url = :url, kinds = :kinds, secret = :secret, tries = :tries, "
        "not_before = :not_before, trouble = :trouble WHERE id = :id",
        _webhook_values(webhook),
        touching=1,
    )


def find_webhook(tx: Transaction, webhook: str) -> WebhookRow | None:
    """The webhook with this id."""
    row = tx.one(f"SELECT {_WEBHOOK} FROM webhooks WHERE id = :id", id=webhook)  # noqa: S608
    return None if row is None else _webhook(row)


def webhooks(tx: Transaction) -> list[WebhookRow]:
    """All of them, by id."""
    return [_webhook(row) for row in tx.query(f"SELECT {_WEBHOOK} FROM webhooks ORDER BY id")]  # noqa: S608


def _webhook_values(webhook: WebhookRow) -> dict[str, Any]:
    instants = ("made_at", "not_before", "leased_until", "delivered_at")
    plain = {name: getattr(webhook, name) for name in WebhookRow.__slots__ if name not in instants}
    return {**plain, **{name: utc_text_or_none(getattr(webhook, name)) for name in instants}}


def _webhook(row: tuple[Any, ...]) -> WebhookRow:
    made, index, tries, not_before, leased, delivered, trouble = row[6:]
    return WebhookRow(
        row[0],
        row[1],
        row[2],
        secret=bytes(row[3]),
        kinds=row[4],
        active=bool(row[5]),
        made_at=utc_from_text(made),
        next_index=int(index),
        tries=int(tries),
        not_before=utc_from_text_or_none(not_before),
        leased_until=utc_from_text_or_none(leased),
        delivered_at=utc_from_text_or_none(delivered),
        trouble=trouble,
    )


def lease_webhook(tx: Transaction, webhook: str, *, now: datetime, until: datetime) -> WebhookRow | None:
    """Take a webhook that is due for one worker, until then. None: not due, or somebody else is at it."""
    lock = " FOR UPDATE SKIP LOCKED" if tx.kind == "postgresql" else ""
    sql = (
        f"SELECT {_WEBHOOK} FROM webhooks WHERE id = :id AND active "  # noqa: S608
        "AND (not_before IS NULL OR not_before <= :now) AND (leased_until IS NULL OR leased_until <= :now)"
    )
    row = tx.one(sql + lock, id=webhook, now=utc_text(now))
    if row is None:
        return None
    tx.write(
        "UPDATE webhooks SET leased_until = :until WHERE id = :id",
        {"id": webhook, "until": utc_text(until)},
        touching=1,
    )
    return _webhook(row)


def give_back(tx: Transaction, webhook: WebhookRow, *, leased_until: datetime) -> None:
    """Queue how far a worker got, what went wrong, and that it is free again: if the lease is still this worker's."""
    tx.write(
        "UPDATE webhooks SET next_index = :next_index, tries = :tries, not_before = :not_before, trouble = :trouble, "
        "delivered_at = :delivered_at, leased_until = NULL, active = (active AND :active) "
        "WHERE id = :id AND leased_until = :leased_until",
        {**_webhook_values(webhook), "leased_until": utc_text(leased_until)},
    )


def seal_secret(keys: Sequence[MasterKey], webhook: str, secret: str) -> bytes:
    """What signs the deliveries of a webhook, encrypted for its row."""
    key = keys[0]
    return seal(key.derived(_PURPOSE), secret.encode(), key_id=bytes.fromhex(key.id), where=_where(webhook))


def open_secret(keys: Sequence[MasterKey], webhook: str, sealed: bytes) -> str:
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
        return unseal(key.derived(_PURPOSE), sealed, where=_where(webhook)).decode()
    except InvalidTag as error:
        raise BrokenPromise(
            expected=f"the secret of the webhook {webhook}",
            came="something else: changed, or moved from another row",
            do="make another webhook, and find out who changed this one",
        ) from error


def _where(webhook: str) -> str:
    return f"webhooks.secret:{webhook}"


def rewrap_secrets(tx: Transaction, keys: Sequence[MasterKey]) -> None:
    """Queue every secret encrypted anew by the first key of the file."""
    for one in webhooks(tx):
        sealed = seal_secret(keys, one.id, open_secret(keys, one.id, one.secret))
        tx.write("UPDATE webhooks SET secret = :secret WHERE id = :id", {"id": one.id, "secret": sealed})
