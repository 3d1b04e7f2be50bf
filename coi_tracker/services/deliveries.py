"""Send events on: for each webhook the next entries of the log that it wants, in order, until they were taken.

A worker leases a webhook, sends outside of any transaction, and notes how far it got. What was not taken is tried
again later and later; after so many tries the webhook stops, and goes on from there when somebody resumes it. So each
event is delivered at least once, in the order of the log, and the same event always under the same id. No webhook
waits for another. Whoever calls hands in how a letter is sent: the tracker itself knows no HTTP. Why the log itself
is what is worked off: docs/decisions/0141.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from coi_tracker.custody_log.chain import parse_chain
from coi_tracker.errors import CoiError
from coi_tracker.services import log_pages, tokens, webhooks
from coi_tracker.services.record import Record
from coi_tracker.services.sequencer import sequence
from coi_tracker.storage import integrations
from coi_tracker.storage.integrations import WebhookRow
from coi_tracker.storage.log_store import LogEntry
from coi_tracker.vocabulary import Scope

PAGE, AT_ONCE = 50, 500
"""Entries that are read at once, and letters of one turn at most."""
TURN = 5.0
"""Seconds after which a worker notes for all to see how far it got; a letter that is under way is waited for."""
LEASE = timedelta(minutes=1)
"""Longer than a turn and its last letter can take: a worker that died is followed by another after that."""
MOST_TRIES = 20
"""Then the webhook stops. With the waits below that is after about half a day."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=2), timedelta(hours=1)
NOT_SHOWN = frozenset({"subject", "account"})
"""Chains of people: a letter says only that it is one, the number or name is read from the log."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One event on its way. ``body`` is what is signed and sent, byte for byte."""

    id: str
    url: str
    body: bytes
    secret: str = field(repr=False)

    def signature(self, at: datetime) -> tuple[str, str]:
        """The time in seconds, and the HMAC-SHA256 (hex) over ``<time>.<body>`` that proves who sent it when."""
        when = str(int(at.timestamp()))
        signed = hmac.new(self.secret.encode(), f"{when}.".encode() + self.body, hashlib.sha256)
        return when, signed.hexdigest()


Send = Callable[[Letter, datetime], str | None]
"""Sends a letter. None: it was taken. Otherwise a few words about what went wrong."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one round did: letters taken, and the webhooks that have trouble."""

    taken: int = 0
    troubled: tuple[str, ...] = ()


def deliver(record: Record, send: Send) -> Delivered:
    """One turn of every webhook that is due, side by side, until all are done."""
    webhooks_due = due(record)
    if not webhooks_due:
        return Delivered()
    with ThreadPoolExecutor(len(webhooks_due), "webhook") as crew:
        turns = [crew.submit(serve, record, one, send) for one in webhooks_due]
    found = [one.result() for one in turns]
    return Delivered(sum(one.taken for one in found), tuple(name for one in found for name in one.troubled))


def due(record: Record) -> list[str]:
    """The webhooks that have something to do now, after giving every entry its place in the log."""
    sequence(record)
    now = record.clock()
    return [
        one.id
        for one in webhooks.webhooks(record)
        if one.active and one.behind and (one.not_before is None or one.not_before <= now)
    ]


def serve(record: Record, webhook: str, send: Send) -> Delivered:
    """One turn of one webhook. Nothing when somebody else is at it, or it is not due."""
    now = record.clock()
    until = now + LEASE
    with record.database.write() as tx:
        row = integrations.lease_webhook(tx, webhook, now=now, until=until)
    if row is None:
        return Delivered()
    after, count = row, 0
    try:
        after, count = _send_on(record, row, send)
    finally:
        with record.database.write() as tx:
            integrations.give_back(tx, after, leased_until=until)
    return Delivered(count, () if after.trouble is None else (webhook,))


def _send_on(record: Record, row: WebhookRow, send: Send) -> tuple[WebhookRow, int]:
    """How the webhook stands after its turn; and how many letters were taken."""
    try:
        secret = integrations.open_secret(webhooks.keys_of(record), row.id, row.secret)
    except CoiError:
        return _later(row, "its secret cannot be opened with the key file", at=record.clock()), 0
    count, ends = 0, time.monotonic() + TURN
    while True:
        found = _next(record, row, most=PAGE)
        if found is None:
            return replace(row, active=False, trouble="its token is over, or may not read entries"), count
        entries, following = found
        row, sent = _send_each(record, row, entries, send=send, secret=secret, ends=ends)
        count += sent
        if sent < len(entries) or (following == row.next_index and not entries):
            return row, count
        row = replace(row, next_index=following, tries=0, not_before=None, trouble=None)
        if count >= AT_ONCE or time.monotonic() >= ends:
            return row, count


def _send_each(
    record: Record, row: WebhookRow, entries: Sequence[LogEntry], *, send: Send, secret: str, ends: float
) -> tuple[WebhookRow, int]:
    """One letter after the other until one is not taken, or the turn is over; one in each turn, however short it is."""
    for sent, entry in enumerate(entries):
        if sent and time.monotonic() >= ends:
            return row, sent
        trouble = send(letter(row, entry, secret), record.clock())
        if trouble is not None:
            return _later(replace(row, next_index=entry.index), trouble, at=record.clock()), sent
        row = _taken(row, at=record.clock(), next_index=entry.index + 1)
    return row, len(entries)


def _next(record: Record, row: WebhookRow, *, most: int) -> tuple[tuple[LogEntry, ...], int] | None:
    with record.database.read() as tx:
        token = integrations.find_token(tx, id=row.token)
        caller = None if token is None else tokens.caller(tx, token, now=record.clock())
        if caller is None or Scope.READ_ENTRIES not in caller.scopes:
            return None
        page = log_pages.page(tx, caller.viewer, start=row.next_index, most=most, kinds=row.kinds.split())
    return page.entries, page.next


def _taken(row: WebhookRow, *, at: datetime, next_index: int) -> WebhookRow:
    return replace(row, next_index=next_index, tries=0, not_before=None, trouble=None, delivered_at=at)


def _later(row: WebhookRow, trouble: str, *, at: datetime) -> WebhookRow:
    tries = row.tries + 1
    stopped = tries >= MOST_TRIES
    words = f"{trouble[:200]}; stopped after {tries} tries" if stopped else trouble[:200]
    return replace(row, tries=tries, not_before=at + wait_after(tries), trouble=words, active=not stopped)


def wait_after(tries: int) -> timedelta:
    """How long to wait after so many tries in vain: twice as long each time, up to an hour."""
    return min(FIRST_WAIT * (1 << min(tries - 1, 20)), LONGEST_WAIT)


def letter(row: WebhookRow, entry: LogEntry, secret: str) -> Letter:
    """The letter about an entry. Its id is the same however often it is sent."""
    body = json.dumps(told(entry), sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
    return Letter(f"{row.id}:{entry.index}", row.url, body, secret)


def told(entry: LogEntry) -> Mapping[str, Any]:
    """What a letter tells: that there is an entry and where. Never what it holds, and nobody's name or number."""
    value = json.loads(entry.text)
    kind, _ = parse_chain(entry.chain)
    return {
        "chain": kind if kind in NOT_SHOWN else entry.chain,
        "course": value["course"],
        "digest": entry.digest,
        "entry": entry.id,
        "index": entry.index,
        "kind": value["kind"],
        "recorded_at": value["recorded_at"],
        "step": value["step"],
    }
