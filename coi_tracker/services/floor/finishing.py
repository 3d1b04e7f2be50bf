"""A begun step is handed in: one attempt, with the id that was fixed when it was begun."""

from __future__ import annotations

from dataclasses import dataclass, replace

from coi_tracker.errors import NotUnderstood
from coi_tracker.services.attempts import Answer, record_attempt
from coi_tracker.services.floor.commands import confirm
from coi_tracker.services.floor.draft import Draft, Seat, request_of, seat_of
from coi_tracker.services.floor.drafts import NOTHING_BEGUN
from coi_tracker.services.floor.judging import words_of
from coi_tracker.services.floor.screen import Outcome, OutcomeKind, State, Words
from coi_tracker.services.floor.sight import look
from coi_tracker.services.floor.standing import Standing
from coi_tracker.services.floor.work import Done, Hand, Verdict, handled, told
from coi_tracker.services.record import Record
from coi_tracker.services.requests import AttemptRequest
from coi_tracker.storage.drafts import read_draft


def hand_in(record: Record, at: Standing, *, once: str | None = None, anyway: bool = False) -> Outcome:
    """Record the step. Performed ends the draft; refused keeps it, until it is acknowledged and corrected.

    What is not complete is told, and recorded only when it is handed in `anyway`. Handed in again without a change, the
    attempt id is the same: the record gives its first answer again.
    """
    return handled(record, at, lambda hand: _ready(hand, anyway=anyway), once=once, finish=finish)


def _ready(hand: Hand, *, anyway: bool) -> Done:
    draft = hand.seat.draft
    if draft is None:
        return _again(hand)
    if anyway or draft.answered:
        return Done(Verdict(OutcomeKind.INFORMATION, "", finish=True), hand.seat)
    return confirm(hand, hand.look())


def _again(hand: Hand) -> Done:
    """Handed in before, and the answer did not arrive."""
    if hand.seat.last is None:
        return Done(told("Nothing begun", NOTHING_BEGUN), hand.seat)
    verdict = Verdict(OutcomeKind.PERFORMED, "Recorded", entry=hand.seat.last, state=State.PERFORMED)
    return Done(verdict, hand.seat)


@dataclass(frozen=True, slots=True)
class _Handed:
    """What was handed in, under which draft."""

    draft: Draft
    answer: Answer


def finish(record: Record, at: Standing, once: str | None) -> Outcome:
    """Record the attempt of the draft at this seat, and put the answer where the draft was."""
    found = _request(record, at)
    if found is None:
        return handled(record, at, _again, once=once)
    draft, request = found
    try:
        handed = _Handed(draft, record_attempt(record, request))
    except NotUnderstood as fault:  # personal data that cannot be kept: nothing was recorded
        words = Words(fault.expected, fault.came, fault.do)
        return handled(record, at, lambda hand: Done(told("Not understood", words), hand.seat), once=once)
    return handled(record, at, lambda hand: _answered(hand, handed), once=once)


def _request(record: Record, at: Standing) -> tuple[Draft, AttemptRequest] | None:
    now = record.clock()
    with record.database.read() as tx:
        seat = seat_of(record, read_draft(tx, at.station, account=at.account), station=at.station, account=at.account)
        if seat.draft is None:
            return None
        sight = look(record, tx, at, seat, now=now)
    return seat.draft, request_of(seat.draft, seat, digest=sight.digest, now=now)


def _answered(hand: Hand, handed: _Handed) -> Done:
    answer, seat = handed.answer, hand.seat
    mine = seat.draft is not None and seat.draft.attempt == handed.draft.attempt
    if answer.performed:
        verdict = Verdict(OutcomeKind.PERFORMED, _headline(hand, handed), entry=answer.event.id, state=State.PERFORMED)
        after = Seat(seat.station, seat.account, seat.version, answer.event.chain, None, None, answer.event.id)
        return Done(verdict, after if mine else seat)
    words = tuple(words_of(r, hand.at) for r in answer.reasons)
    title = words[0].title if len(words) == 1 else f"Refused, for {len(words)} reasons"
    verdict = Verdict(OutcomeKind.REFUSED, title or "Refused", words, answer.event.id)
    if not mine or seat.draft is None:
        return Done(verdict, seat)
    return Done(verdict, replace(seat, draft=replace(seat.draft.changed(), answered=True)))


def _headline(hand: Hand, handed: _Handed) -> str:
    step = hand.record.process.step(handed.draft.step)
    return f"{step.title if step else handed.draft.step}: recorded"
