"""Where events are sent to: set up by an administrator, each change with an entry in the log.

A webhook belongs to a token: it tells of what its token may see, and of nothing more when the token is over. What is
sent is fed from the log in its order (`deliveries`), so that nothing of it is in the way of recording. Sends nothing.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from coi_tracker.course import Actor
from coi_tracker.custody_log.chain import account_chain
from coi_tracker.errors import Misconfigured, NotUnderstood
from coi_tracker.services import tokens
from coi_tracker.services.changes import write_change
from coi_tracker.services.record import Record
from coi_tracker.services.sequencer import place_all, sequence
from coi_tracker.storage import integrations, log_store
from coi_tracker.storage.integrations import WebhookRow
from coi_tracker.storage.keyfile import MasterKey
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import Scope

KINDS = ("performed", "refused", "label_printed")
"""Kinds of entries that can be sent. What is about the set-up and the log itself is read from the log."""

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


@dataclass(frozen=True, slots=True)
class WebhookLine:
    """A webhook in a list. ``behind``: entries of the log that it has not got to. ``trouble``: why it waits."""

    id: str
    token: str
    url: str
    kinds: tuple[str, ...]
    active: bool
    made_at: datetime
    next_index: int
    behind: int
    tries: int
    not_before: datetime | None
    delivered_at: datetime | None
    trouble: str | None


def add(record: Record, key: str, *, token: str, url: str, kinds: Collection[str], by: Actor, reason: str) -> str:
    """Send events there from now on. Gives the secret that signs them, this once. Raises NotUnderstood."""
    keys = keys_of(record)
    _refuse_bad(key, url, kinds)
    sequence(record)  # what is recorded already is not told
    secret = base64.urlsafe_b64encode(record.draw(32)).decode().rstrip("=")
    with record.database.write() as tx:
        _refuse_bad_token(record, tx, token)
        if integrations.find_webhook(tx, key) is not None:
            raise NotUnderstood(expected="an id that no webhook ever had", came=key, do="choose another one")
        new = WebhookRow(
            id=key,
            token=token,
            url=url,
            secret=integrations.seal_secret(keys, key, secret),
            kinds=" ".join(kind for kind in KINDS if kind in kinds),
            active=True,
            made_at=record.clock(),
            next_index=place_all(tx),
        )
        integrations.add_webhook(tx, new)
        _write(record, tx, None, new, by=by, reason=reason)
    return secret


def pause(record: Record, key: str, *, by: Actor, reason: str) -> None:
    """Send nothing there until it is resumed. Raises NotUnderstood."""
    _switch(record, key, active=False, by=by, reason=reason)


def resume(record: Record, key: str, *, by: Actor, reason: str) -> None:
    """Go on where it stopped, at once: nothing in between is left out. Raises NotUnderstood."""
    _switch(record, key, active=True, by=by, reason=reason)


def _switch(record: Record, key: str, *, active: bool, by: Actor, reason: str) -> None:
    with record.database.write() as tx:
        old = integrations.find_webhook(tx, key)
        if old is None:
            raise NotUnderstood(expected="a webhook", came=repr(key[:60]), do="look at `coi webhooks list`")
        new = replace(old, active=active, tries=0, not_before=None, trouble=None)
        integrations.change_webhook(tx, new)
        _write(record, tx, old, new, by=by, reason=reason)


def webhooks(record: Record) -> list[WebhookLine]:
    """All of them, and how each stands."""
    with record.database.read() as tx:
        size = log_store.log_size(tx)
        return [_line(row, size) for row in integrations.webhooks(tx)]


def _line(row: WebhookRow, size: int) -> WebhookLine:
    return WebhookLine(
        id=row.id,
        token=row.token,
        url=row.url,
        kinds=tuple(row.kinds.split()),
        active=row.active,
        made_at=row.made_at,
        next_index=row.next_index,
        behind=max(0, size - row.next_index),
        tries=row.tries,
        not_before=row.not_before,
        delivered_at=row.delivered_at,
        trouble=row.trouble,
    )


def _refuse_bad(key: str, url: str, kinds: Collection[str]) -> None:
    if not _ID.fullmatch(key):
        raise NotUnderstood(
            expected="an id of 2 to 40 small letters, digits and . _ -", came=repr(key[:60]), do="choose another one"
        )
    if not kinds or not set(kinds) <= set(KINDS):
        raise NotUnderstood(
            expected=f"one or more of {', '.join(KINDS)}", came=", ".join(kinds)[:60] or "none", do="say what to send"
        )
    parts = urlsplit(url)
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= 500
    if not plain or parts.scheme not in {"https", "http"} or not parts.hostname or parts.username or parts.fragment:
        raise NotUnderstood(
            expected="an address https://HOST/... without a user name", came=repr(url[:80]), do="correct it"
        )


def _refuse_bad_token(record: Record, tx: Transaction, token: str) -> None:
    row = integrations.find_token(tx, id=token)
    found = None if row is None else tokens.caller(tx, row, now=record.clock())
    if found is None or Scope.READ_ENTRIES not in found.scopes:
        raise NotUnderstood(
            expected=f"a valid token with {Scope.READ_ENTRIES}", came=repr(token[:60]), do="issue one for this system"
        )


def keys_of(record: Record) -> tuple[MasterKey, ...]:
    """The keys that open secrets. Raises Misconfigured when the record was opened without."""
    if not record.person_keys:
        raise Misconfigured(
            expected="a record opened with its key file", came="one without", do="open it with `open_record(settings)`"
        )
    return record.person_keys


def _write(record: Record, tx: Transaction, old: WebhookRow | None, new: WebhookRow, *, by: Actor, reason: str) -> None:
    write_change(
        record,
        tx,
        chain=account_chain(f"webhook:{new.id}"),
        what="webhook",
        key=new.id,
        old=None if old is None else _told(old),
        new=_told(new),
        by=by,
        reason=reason,
    )


def _told(row: WebhookRow) -> dict[str, object]:
    """What the log tells of it: never the secret, and of the address no query, which may hold one."""
    address = urlsplit(row.url)
    return {
        "active": row.active,
        "address": f"{address.scheme}://{address.netloc}{address.path}",
        "kinds": row.kinds.split(),
        "token": row.token,
    }
