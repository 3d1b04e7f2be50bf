"""One scan, handled once: the function behind the capture field of a station."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from coi_tracker.course import Reason
from coi_tracker.identity import (
    BadgeCode,
    Code,
    CoiId,
    CommandCode,
    EquipmentCode,
    LabelSerial,
    PositionCode,
    Read,
    ScanPayload,
)
from coi_tracker.process.spec import FieldKind
from coi_tracker.services.floor.answering import take_coi, take_label, take_unfitting, take_unread
from coi_tracker.services.floor.commands import obey
from coi_tracker.services.floor.draft import Draft
from coi_tracker.services.floor.drawing import state_of
from coi_tracker.services.floor.finishing import finish
from coi_tracker.services.floor.lookup import Found, sighted
from coi_tracker.services.floor.putting import prompt_for_code, prompt_for_text, put_answer
from coi_tracker.services.floor.screen import Outcome, OutcomeKind, State, Words
from coi_tracker.services.floor.signing import slot_for
from coi_tracker.services.floor.standing import Standing
from coi_tracker.services.floor.values import like_a_label
from coi_tracker.services.floor.work import Done, Hand, Verdict, handled, refused, refused_scan, told
from coi_tracker.services.record import Record
from coi_tracker.services.requests import CODE_LIMIT, ScanClaim
from coi_tracker.services.routing import ReadCode, read_codes
from coi_tracker.storage import registry
from coi_tracker.vocabulary import HowRead, ReasonCode

NOT_KEPT = Words(
    expected="a command, a badge, or the password in its own field",
    observed="text, which is not kept: it could have been a password",
    do="scan the badge of who signs, and type the password where it is asked for",
)


def scan(record: Record, at: Standing, code: str, *, scan_id: str, by: HowRead = HowRead.SCANNED) -> Outcome:
    """Handle one scan or typed text. `scan_id`: a new one (up to 100 characters) for each scan, the same when repeated.

    A scan id seen before at this station and person changes nothing and gives the first verdict again. Never raises for
    what was scanned.
    """
    read = read_codes((ScanClaim(code[:CODE_LIMIT], by),))[0]
    return handled(record, at, lambda hand: _one(hand, read), once=scan_id, finish=finish)


def _one(hand: Hand, code: ReadCode) -> Done:
    if isinstance(code.read, CommandCode):
        return obey(hand, code.read)
    draft = hand.seat.draft
    return _looked_up(hand, code) if draft is None else _into(hand, draft, code)


# --- nothing is begun


def _looked_up(hand: Hand, code: ReadCode) -> Done:
    found = sighted(hand.record, hand.tx, hand.at, code)
    seat = replace(hand.seat, chain=found.chain, serial=found.serial, last=None, thing=None)
    if found.chain is not None:
        return Done(_tell(found), seat)
    if not found.sighting.wrong:
        return Done(_tell(found), replace(hand.seat, thing=code.claim.code, last=None))
    words = found.sighting.wrong[0]
    why = Reason(ReasonCode(words.code or "malformed_label"), words.expected, words.observed)
    done = refused_scan(hand, (code.claim,), (why,))
    return replace(done, verdict=replace(done.verdict, words=found.sighting.wrong))


def _tell(found: Found) -> Verdict:
    return told(found.sighting.words, *found.sighting.wrong)


# --- into what is begun


def _into(hand: Hand, draft: Draft, code: ReadCode) -> Done:
    rule = _INTO.get(type(code.read))
    if rule is not None:
        return rule(hand, draft, code)
    if code.read is None:
        return _text(hand, draft, code)
    return _unfitting_or_value(hand, code, code.read)


def _badge(hand: Hand, draft: Draft, code: ReadCode) -> Done:
    """Who signs next, if it is a person who may; while things are still being scanned it changes nothing."""
    assert isinstance(code.read, BadgeCode)  # noqa: S101 - chosen by its kind
    carrier = registry.find_badge(hand.tx, code.read.text)
    if carrier is None or not carrier.active:
        words = Words("the badge of an active account", "a badge that nobody carries", "sign with another badge")
        return Done(refused("Unknown badge", words), hand.seat)
    sight = hand.look()
    if state_of(sight) is not State.SIGNING:
        change = [] if carrier.id == hand.at.account else [_to_change(hand, carrier.name)]
        return Done(told(f"The badge of {carrier.name}: nothing is to be signed yet", *change), hand.seat, sight)
    slot = slot_for(sight, hand, (carrier.id, carrier.name), shown="the badge of ")
    if isinstance(slot, Words):
        seat = replace(hand.seat, draft=replace(draft, signer=None, signer_name=None))
        return Done(refused(slot.title or "Somebody else signs here", slot), seat)
    seat = replace(hand.seat, draft=replace(draft, signer=carrier.id, signer_name=carrier.name))
    return Done(told(f"{carrier.name}: password", asks="sign"), seat)


def _to_change(hand: Hand, name: str) -> Words:
    """How another person comes to this station while something is begun."""
    return Words(
        f"what the step of {hand.at.name} asks for",
        f"the badge of {name}",
        f"go on; or scan the lock command first, then {name} signs in: what is begun waits for {hand.at.name}",
    )


def _code(hand: Hand, _draft: Draft, code: ReadCode) -> Done:
    """Equipment and positions answer their own prompts."""
    assert isinstance(code.read, EquipmentCode | PositionCode)  # noqa: S101 - chosen by its kind
    sight = hand.look()
    prompt = prompt_for_code(sight, code.read)
    if prompt is None:
        return take_unfitting(hand, code, _called(code.read))
    return put_answer(hand, sight, prompt, code.read.text, claim=code.claim)


def _unfitting_or_value(hand: Hand, code: ReadCode, read: Read) -> Done:
    """Codes of stations and places: an answer where text is asked for."""
    sight = hand.look()
    prompt = prompt_for_text(sight)
    if prompt is not None and prompt.shape is FieldKind.TEXT and not prompt.personal:
        return put_answer(hand, sight, prompt, str(read), claim=code.claim)
    return take_unfitting(hand, code, _called(read))


def _called(read: Read) -> str:
    """A code as people call it: the station S10FMR6Z."""
    return f"{read.NOUN.removesuffix(' code')} {read.display()}" if isinstance(read, Code) else f"code {read}"


def _text(hand: Hand, _draft: Draft, code: ReadCode) -> Done:
    """Text is the answer to what is asked for; what was meant as a label, or answers nothing, is refused."""
    text = code.claim.code
    sight = hand.look()
    prompt = prompt_for_text(sight)
    personal = prompt is not None and prompt.personal  # what a person says is never recorded, whatever it looks like
    if like_a_label(text) and not personal:
        return take_unread(hand, code)
    if prompt is not None and (text.strip() or personal):
        return put_answer(hand, sight, prompt, text, claim=code.claim)
    if state_of(sight) in {State.SIGNING, State.READY, State.REFUSED}:
        return Done(Verdict(OutcomeKind.REFUSED, "Not asked for", (NOT_KEPT,)), hand.seat, sight)
    return take_unread(hand, code)


_INTO: Mapping[type, Callable[[Hand, Draft, ReadCode], Done]] = {
    ScanPayload: take_label,
    LabelSerial: take_label,
    CoiId: take_coi,
    BadgeCode: _badge,
    EquipmentCode: _code,
    PositionCode: _code,
}
