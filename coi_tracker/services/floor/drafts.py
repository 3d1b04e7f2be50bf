"""A step that somebody has begun at a station: begun, answered, taken back, left, and found again.

Kept by the server for each station and account. `once` is an id like a scan's: a repeated call with it does nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from coi_tracker.course import Reason
from coi_tracker.process.enrolment import OwnSubject
from coi_tracker.process.look import reason
from coi_tracker.process.spec import On, Step
from coi_tracker.services.changes import new_event_id
from coi_tracker.services.floor.draft import Draft, Seat
from coi_tracker.services.floor.lookup import found_at
from coi_tracker.services.floor.putting import about, prompt_with, put_answer, without_answer
from coi_tracker.services.floor.screen import Outcome, Words
from coi_tracker.services.floor.standing import Standing
from coi_tracker.services.floor.targets import nameable, only_study
from coi_tracker.services.floor.work import Done, Hand, accepted, changed, handled, refused_scan, shown, told
from coi_tracker.services.record import Record
from coi_tracker.vocabulary import ReasonCode as Code
from coi_tracker.vocabulary import Role

NOTHING_BEGUN = Words("a step that was begun here", "nothing is begun", "scan something, or choose a step")


def begin(record: Record, at: Standing, step: str, *, chain: str | None = None, once: str | None = None) -> Outcome:
    """Begin a step, on the chain given or on what was scanned last here. What was begun before is dropped.

    Refused, and recorded, for a step that no role of this person here may do. Unknown steps and chains are told.
    """
    return handled(record, at, lambda hand: begin_step(hand, step, chain), once=once)


def begin_step(hand: Hand, name: str, chain: str | None = None) -> Done:
    """The same, within a call."""
    step = hand.record.process.step(name)
    if step is None:
        return Done(
            told("No such step", Words("a step of the process", name[:60], "choose one of the list")), hand.seat
        )
    role = hand.at.role_for(step.by)
    empty = replace(hand, seat=replace(hand.seat, draft=_empty(hand, step, role or sorted(step.by)[0])))
    wrong = tuple(_not_here(hand.at, step, role))
    if wrong:
        return replace(refused_scan(empty, (), wrong), seat=hand.seat)
    wanted = chain if chain is not None else _chain_for(hand, step)
    draft = empty.seat.draft
    assert draft is not None  # noqa: S101 - just made
    if wanted is None:
        return Done(accepted(f"{step.title}: begun"), replace(hand.seat, draft=draft, last=None, thing=None))
    if not _visible(hand, step, wanted):
        return Done(told("Not found here", Words("something that this place works on", "none", "scan it")), hand.seat)
    seat = about(empty, draft, wanted, new=bool(step.needs_of(OwnSubject)))
    return Done(accepted(f"{step.title}: begun"), replace(seat, last=None, thing=None))


def _empty(hand: Hand, step: Step, role: Role) -> Draft:
    attempt = new_event_id(hand.record)
    study = only_study(hand.tx)
    return Draft(new_event_id(hand.record), attempt, step.name, role, None, study, hand.now)


def _not_here(at: Standing, step: Step, role: Role | None) -> list[Reason]:
    """In the words of the engine, which says so again when the step is handed in."""
    found = []
    if at.place.kind not in step.at:
        found.append(reason(Code.PLACE_MISSING, "at a " + " or ".join(sorted(step.at)), str(at.place.kind)))
    if role is None:
        has = ", ".join(sorted(r.role for r in at.roles)) or "none"
        found.append(reason(Code.ROLE_MISSING, " or ".join(sorted(step.by)), f"has here: {has}"))
    return found


def _chain_for(hand: Hand, step: Step) -> str | None:
    """What was scanned last, if the step can be about it; the study, where there is one."""
    chain = hand.seat.chain or ""
    if step.on is On.STUDY:
        study = only_study(hand.tx)
        return None if study is None else f"study/{study}"
    if step.needs_of(OwnSubject):
        return None
    return chain if chain.startswith(f"{step.on}/") else None


def _visible(hand: Hand, step: Step, chain: str) -> bool:
    """Whether the place may know the chain. A planner elsewhere names a subject that the step is about."""
    if not chain.startswith(f"{step.on}/") or not nameable(chain.partition("/")[2]):
        return False
    if step.on is On.SUBJECT and (step.needs_of(OwnSubject) or hand.at.place.kind != "site"):
        return True
    if step.on in {On.PLACE, On.STUDY}:
        return True
    return found_at(hand.record, hand.tx, hand.at, chain=chain, serial=None) is not None


def put(record: Record, at: Standing, key: str, value: object, *, once: str | None = None) -> Outcome:
    """Answer the prompt with this key: by text as it would be scanned, or a JSON value. None takes the answer back.

    ``entry.comment``, ``entry.happened_at`` and ``entry.late_reason`` may be put before they are asked for.
    """
    if value is None:
        return take_back(record, at, key, once=once)
    return handled(record, at, lambda hand: _put(hand, key, value), once=once)


def _put(hand: Hand, key: str, value: Any) -> Done:
    draft = hand.seat.draft
    if draft is None:
        return Done(told("Nothing begun", NOTHING_BEGUN), hand.seat)
    hand = replace(hand, seat=replace(hand.seat, draft=_asking_for(draft, key)))
    sight = hand.look()
    prompt = prompt_with(sight, key)
    if prompt is None or prompt.key.startswith("scan."):
        words = Words("something that this step asks for", key[:60], "look at what is asked for")
        return Done(told("Not asked for", words), replace(hand.seat, draft=draft))
    return put_answer(hand, sight, prompt, value)


def _asking_for(draft: Draft, key: str) -> Draft:
    if key == "entry.comment":
        return replace(draft, comments=True)
    return replace(draft, late=True) if key in {"entry.happened_at", "entry.late_reason"} else draft


def take_back(record: Record, at: Standing, key: str, value: str | None = None, *, once: str | None = None) -> Outcome:
    """Take back what was scanned for a prompt: one serial or code, or (None) all of it."""
    return handled(record, at, lambda hand: _take_back(hand, key, value), once=once)


def _take_back(hand: Hand, key: str, value: str | None) -> Done:
    draft = hand.seat.draft
    if draft is None:
        return Done(told("Nothing begun", NOTHING_BEGUN), hand.seat)
    after = _without_reads(draft, key, value) if key.startswith("scan.") else without_answer(draft, key, value)
    if after is None or after == draft:
        return Done(told("Nothing to take back"), hand.seat)
    return Done(accepted("Taken back"), changed(hand, after))


def _without_reads(draft: Draft, key: str, value: str | None) -> Draft:
    part = key.removeprefix("scan.")
    bare = None if value is None else value.replace("-", "").replace(" ", "").upper()
    left = tuple(r for r in draft.reads if r.part != part or (bare is not None and r.serial != bare))
    return replace(draft, reads=left, passed=tuple(p for p in draft.passed if p != key))


def back(record: Record, at: Standing, *, once: str | None = None) -> Outcome:
    """Take back the last thing that was scanned or answered."""
    return handled(record, at, go_back, once=once)


def go_back(hand: Hand) -> Done:
    """The same, within a call."""
    draft = hand.seat.draft
    if draft is None:
        return Done(told("Nothing begun", NOTHING_BEGUN), hand.seat)
    if not draft.order:
        return Done(told("Nothing to take back"), hand.seat)
    *order, last = draft.order
    shorter = replace(draft, order=tuple(order))
    if last.startswith("read."):
        serial = last.removeprefix("read.")
        after: Draft | None = replace(shorter, reads=tuple(r for r in draft.reads if r.serial != serial))
    elif last.startswith("pass."):
        after = replace(shorter, passed=tuple(p for p in draft.passed if p != last.removeprefix("pass.")))
    else:
        after = without_answer(shorter, last, _last_of(draft, last))
    return Done(accepted("Taken back"), changed(hand, after or shorter))


def _last_of(draft: Draft, key: str) -> str | None:
    """Of several codes the last one."""
    value = draft.evidence.get(key.removeprefix("field."))
    return str(value[-1]) if isinstance(value, list) and len(value) > 1 else None


def acknowledge(record: Record, at: Standing, *, once: str | None = None) -> Outcome:
    """A refusal was read. After a refused hand-in the step can be corrected and handed in again, as a new attempt."""
    return handled(record, at, acknowledged, once=once)


def acknowledged(hand: Hand) -> Done:
    """The same, within a call."""
    draft = hand.seat.draft
    if draft is None or not draft.answered:
        return Done(told("Read"), hand.seat)
    return Done(told("Read. Correct it and hand it in again, or cancel"), changed(hand, draft))


def cancel(record: Record, at: Standing, *, once: str | None = None) -> Outcome:
    """Drop what was begun; nothing of it is recorded. With nothing begun: forget what was scanned."""
    return handled(record, at, cancelled, once=once)


def cancelled(hand: Hand) -> Done:
    """The same, within a call."""
    seat = hand.seat
    if seat.draft is None:
        return Done(told("Scan anything"), Seat(seat.station, seat.account, seat.version))
    return Done(told("Cancelled: nothing was recorded"), replace(seat, draft=None))


def resume(record: Record, at: Standing) -> Outcome:
    """The screen as it was left at this station by this person, also after a restart or somebody else's work."""
    return shown(record, at)
