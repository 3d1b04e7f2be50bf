"""Send events on: for each webhook the next entries of the log that it wants, in order, until they were taken.

A worker leases a webhook, sends outside of any transaction, and notes how far it got. What was not taken is tried
again later and later; after so many tries the webhook stops, and goes on from there when somebody resumes it. So each
event is delivered at least once, in the order of the log, and the same event always under the same id. Whoever calls
hands in how a letter is sent: the tracker itself knows no HTTP.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from coi_tracker.custody_log.chain import parse_chain
from coi_tracker.services import log_pages, tokens, webhooks
from coi_tracker.services.record import Record
from coi_tracker.services.sequencer import sequence
from coi_tracker.storage import integrations
from coi_tracker.storage.integrations import WebhookRow
from coi_tracker.storage.log_store import LogEntry
from coi_tracker.vocabulary import Scope

AT_ONCE = 50
"""Letters that a worker sends before it notes how far it got for all to see."""
LEASE = timedelta(minutes=15)
"""Longer than so many letters can take: a worker that died is followed by another after that."""
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
    """One round over all webhooks that are due, after giving every entry its place in the log."""
    sequence(record)
    taken, troubled = 0, []
    for one in webhooks.webhooks(record):
        if not one.active or not one.behind or (one.not_before and one.not_before > record.clock()):
            continue  # nothing is written where nothing is to do
        count, trouble = _serve(record, one.id, send)
        taken += count
        if trouble:
            troubled.append(one.id)
    return Delivered(taken, tuple(troubled))


def _serve(record: Record, webhook: str, send: Send) -> tuple[int, bool]:
    """Letters taken for one webhook, and whether it ended in trouble."""
    now = record.clock()
    until = now + LEASE
    with record.database.write() as tx:
        row = integrations.lease_webhook(tx, webhook, now=now, until=until)
    if row is None:
        return 0, False
    after, count = row, 0
    try:
        after, count = _send_on(record, row, send)
    finally:
        with record.database.write() as tx:
            integrations.give_back(tx, after, leased_until=until)
    return count, after.trouble is not None


def _send_on(record: Record, row: WebhookRow, send: Send) -> tuple[WebhookRow, int]:
    """How the webhook stands after sending what there is, as far as it goes; and how many letters were taken."""
    count, secret = 0, integrations.open_secret(webhooks.keys_of(record), row.id, row.secret)
    while count < AT_ONCE:
        found = _next(record, row, most=AT_ONCE - count)
        if found is None:
            return replace(row, active=False, trouble="its token is over, or may not read entries"), count
        entries, following = found
        for entry in entries:
            trouble = send(letter(row, entry, secret), record.clock())
            if trouble is not None:
                return _later(row, trouble, at=record.clock(), index=entry.index), count
            count += 1
            row = _taken(row, at=record.clock(), next_index=entry.index + 1)
        if following == row.next_index and not entries:
            break
        row = replace(row, next_index=following)
    return row, count


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


def _later(row: WebhookRow, trouble: str, *, at: datetime, index: int) -> WebhookRow:
    tries = row.tries + 1
    stopped = tries >= MOST_TRIES
    words = f"{trouble[:200]}; stopped after {tries} tries" if stopped else trouble[:200]
    return replace(
        row, next_index=index, tries=tries, not_before=at + wait_after(tries), trouble=words, active=not stopped
    )


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
