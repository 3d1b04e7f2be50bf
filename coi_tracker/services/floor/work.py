"""One call of a station, handled once: the seat locked, the answer kept with what it changed, the screen drawn.

Everything that a station does goes through `handled`. Knows no command and no step.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from coi_tracker.course import Reason
from coi_tracker.identity import safe_excerpt
from coi_tracker.services.attempts import record_refused_scan
from coi_tracker.services.changes import new_event_id
from coi_tracker.services.floor.draft import UNEXPECTED_KEPT, Draft, Seat, seat_of, stored_of
from coi_tracker.services.floor.drawing import draw
from coi_tracker.services.floor.judging import words_of
from coi_tracker.services.floor.screen import Outcome, OutcomeKind, State, Words
from coi_tracker.services.floor.sight import Sight, look, scene_for
from coi_tracker.services.floor.standing import Standing
from coi_tracker.services.record import Record
from coi_tracker.services.requests import AttemptRequest, ScanClaim
from coi_tracker.storage.drafts import find_verdict, forget_verdicts, keep_verdict, lock_draft, read_draft, save_draft
from coi_tracker.storage.faults import Conflict
from coi_tracker.storage.transaction import Transaction

REPEATED_WITHIN = timedelta(days=2)
"""How long a page that was cut off may repeat a scan and get the first answer."""
TRIES = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is answered and kept for a repeated call; the screen is drawn anew. ``state``: shown this once.

    ``finish``: not an answer yet; the step is to be handed in, which needs a transaction of its own.
    """

    kind: OutcomeKind
    headline: str
    words: tuple[Words, ...] = ()
    entry: str | None = None
    asks: str | None = None
    state: State | None = None
    finish: bool = False

    def text(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> Verdict:
        """As it was kept."""
        doc: dict[str, Any] = json.loads(text)
        state = None if doc["state"] is None else State(doc["state"])
        words = tuple(Words(**one) for one in doc["words"])
        return cls(**{**doc, "kind": OutcomeKind(doc["kind"]), "words": words, "state": state})


@dataclass(frozen=True, slots=True)
class Hand:
    """What one call works with, under the lock of the seat."""

    record: Record
    tx: Transaction
    at: Standing
    seat: Seat
    now: datetime

    def look(self) -> Sight:
        """A look at what is begun."""
        return look(self.record, self.tx, self.at, self.seat, now=self.now)


@dataclass(frozen=True, slots=True)
class Done:
    """What a call has done: its verdict, the seat afterwards, and the last look at it, when there was one."""

    verdict: Verdict
    seat: Seat
    sight: Sight | None = None


Act = Callable[[Hand], Done]
Finish = Callable[[Record, Standing, str | None], Outcome]


def handled(
    record: Record, at: Standing, act: Act, *, once: str | None = None, finish: Finish | None = None
) -> Outcome:
    """Do one thing at a station. `once` seen before: nothing is done, and the first verdict is given again."""
    outcome = _tried(record, at, act, once)
    if outcome is None and finish is not None:
        return finish(record, at, once)
    assert outcome is not None  # noqa: S101 - only a caller that can finish asks for it
    return outcome


def _tried(record: Record, at: Standing, act: Act, once: str | None) -> Outcome | None:
    """Again when somebody else was quicker with a row that both wanted."""
    for _ in range(TRIES - 1):
        try:
            return _handled(record, at, act, once)
        except Conflict:
            continue
    return _handled(record, at, act, once)


def _handled(record: Record, at: Standing, act: Act, once: str | None) -> Outcome | None:
    now = record.clock()
    key = None if once is None else _scan_key(once)
    with record.database.write() as tx:
        stored = lock_draft(tx, at.station, account=at.account, now=now)
        seat = seat_of(record, stored, station=at.station, account=at.account)
        before = None if key is None else find_verdict(tx, at.station, account=at.account, scan=key)
        if before is not None:
            verdict = Verdict.from_text(before)
            return _outcome(record, tx, at, Done(verdict, seat), now, replayed=True)
        done = _counted(act(Hand(record, tx, at, seat, now)), seat)
        if done.verdict.finish:
            _keep(record, tx, done, seat, now)
            return None
        outcome = _outcome(record, tx, at, done, now)
        _keep(record, tx, done, seat, now, waits=outcome.screen.state is State.SIGNING)
        if key is not None:
            keep_verdict(tx, at.station, account=at.account, scan=key, verdict=done.verdict.text(), now=now)
        return outcome


def _counted(done: Done, before: Seat) -> Done:
    """The seat with its next version, when anything of it changed."""
    if done.seat == before:
        return done
    return replace(done, seat=replace(done.seat, version=before.version + 1))


def _scan_key(once: str) -> str:
    """An id of a scan, whatever a program sends for one."""
    return safe_excerpt(once, 100) or "-"


def _keep(record: Record, tx: Transaction, done: Done, seat: Seat, now: datetime, *, waits: bool = False) -> None:
    if done.seat == seat:
        return
    save_draft(tx, stored_of(record, done.seat, waits=waits, now=now))
    if (done.seat.draft is None) is not (seat.draft is None):  # now and then is enough
        forget_verdicts(tx, seat.station, account=seat.account, before=now - REPEATED_WITHIN)


def _outcome(
    record: Record, tx: Transaction, at: Standing, done: Done, now: datetime, *, replayed: bool = False
) -> Outcome:
    verdict = done.verdict
    screen = draw(record, tx, at, done.seat, now=now, sight=done.sight)
    if verdict.state is not None and not (replayed and done.seat.draft is not None):
        screen = replace(screen, state=verdict.state)
    return Outcome(
        verdict.kind, verdict.headline, screen, verdict.words, verdict.entry, replayed=replayed, asks=verdict.asks
    )


def shown(record: Record, at: Standing, headline: str = "") -> Outcome:
    """The screen as it is, without doing anything."""
    now = record.clock()
    with record.database.read() as tx:
        stored = read_draft(tx, at.station, account=at.account)
        seat = seat_of(record, stored, station=at.station, account=at.account)
        return _outcome(record, tx, at, Done(Verdict(OutcomeKind.INFORMATION, headline), seat), now)


# --- verdicts


def accepted(headline: str, *words: Words) -> Verdict:
    """Kept."""
    return Verdict(OutcomeKind.ACCEPTED, headline, words)


def told(headline: str, *words: Words, asks: str | None = None) -> Verdict:
    """Neither kept nor refused."""
    return Verdict(OutcomeKind.INFORMATION, headline, words, asks=asks)


def refused(headline: str, *words: Words, entry: str | None = None) -> Verdict:
    """Refused, and nothing changed."""
    return Verdict(OutcomeKind.REFUSED, headline, words, entry)


def refused_scan(
    hand: Hand, claims: tuple[ScanClaim, ...], reasons: tuple[Reason, ...], *, shown_as: str | None = None
) -> Done:
    """Record the refusal of one scan or answer, and say so. What was begun stays as it was.

    `shown_as`: how it stands in the list of what was unexpected.
    """
    seat, draft = hand.seat, hand.seat.draft
    scene = scene_for(hand.record, hand.tx, _request_about(hand, claims))
    entry = record_refused_scan(scene, reasons)
    words = tuple(words_of(r, hand.at) for r in reasons)
    if draft is not None and shown_as is not None:
        unexpected = (*draft.unexpected, (shown_as, words[0].title or ""))[-UNEXPECTED_KEPT:]
        seat = replace(seat, draft=replace(draft, unexpected=unexpected))
    return Done(refused(words[0].title or "Refused", *words, entry=entry.id), seat)


def _request_about(hand: Hand, claims: tuple[ScanClaim, ...]) -> AttemptRequest:
    """An attempt with nothing but this scan: what was begun is not handed in by a wrong scan."""
    draft = hand.seat.draft
    kind, _, key = ("" if draft is None or draft.chain is None else draft.chain).partition("/")
    return AttemptRequest(
        id=new_event_id(hand.record),
        step="" if draft is None else draft.step,
        account=hand.at.account,
        role=None if draft is None else draft.role,
        station=hand.at.station,
        course=key if kind == "course" else None,
        subject=key if kind == "subject" else None,
        study=None if draft is None else draft.study,
        target=key if kind in {"place", "study"} else None,
        scans=claims,
    )


def changed(hand: Hand, draft: Draft, **values: Any) -> Seat:
    """The seat with a draft of other content; one that was refused goes on under a new attempt id."""
    after = draft.changed(**values)
    if after.answered:
        after = replace(after, attempt=new_event_id(hand.record), answered=False)
    return replace(hand.seat, draft=after)
