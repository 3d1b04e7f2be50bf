"""What a scanned command does: the same as the button that bears its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from coi_tracker.identity import CommandCode
from coi_tracker.process.spec import FieldKind
from coi_tracker.services import plain
from coi_tracker.services.floor.asking import satisfied
from coi_tracker.services.floor.drafts import NOTHING_BEGUN, acknowledged, begin_step, cancelled, go_back
from coi_tracker.services.floor.drawing import state_of
from coi_tracker.services.floor.putting import put_answer
from coi_tracker.services.floor.screen import OutcomeKind, Progress, Prompt, PromptKind, State, Words
from coi_tracker.services.floor.sight import Sight
from coi_tracker.services.floor.work import Done, Hand, Verdict, accepted, changed, told
from coi_tracker.vocabulary import Command


def obey(hand: Hand, code: CommandCode) -> Done:
    """Do what the command says, or say why there is nothing to do."""
    if code.command is Command.STEP:
        return _step(hand, code.step or "")
    if code.command is Command.LOCK:
        return Done(told("Locked", asks="lock"), hand.seat)
    if code.command in _ALWAYS:
        return _ALWAYS[code.command](hand)
    draft = hand.seat.draft
    if draft is None:
        return Done(told("Nothing begun", NOTHING_BEGUN), hand.seat)
    return _BEGUN[code.command](hand, hand.look())


def _step(hand: Hand, name: str) -> Done:
    draft = hand.seat.draft
    if draft is None:
        return begin_step(hand, name)
    if draft.step == name:
        return Done(told("It is begun already"), hand.seat)
    begun = hand.record.process.steps[draft.step].title
    words = Words("one step at a time", f"“{begun}” is begun", "finish it, or scan cancel first")
    return Done(told("Another step is begun", words), hand.seat)


def confirm(hand: Hand, sight: Sight) -> Done:
    """What may be left out is left out; then sign, or hand it in."""
    missing = tuple(p for p in sight.prompts if not satisfied(p))
    if missing:
        return Done(told("Not complete yet", *map(_missing, missing)), hand.seat, sight)
    if sight.draft.answered:
        return Done(told("It was refused: read why, then scan acknowledge"), hand.seat, sight)
    open_ = tuple(p.key for p in sight.prompts if p.progress is not Progress.DONE)
    if open_:
        seat = replace(hand.seat, draft=replace(sight.draft, passed=(*sight.draft.passed, *open_)))
        hand = replace(hand, seat=seat)
        sight = hand.look()
    if state_of(sight) is State.SIGNING:
        return Done(told("To be signed", asks="sign"), hand.seat, sight)
    return Done(Verdict(OutcomeKind.INFORMATION, "", finish=True), hand.seat, sight)


def _missing(prompt: Prompt) -> Words:
    done = ", ".join(prompt.given) or "nothing yet"
    wanted = f" ({', '.join(map(plain.words, prompt.wanted))})" if prompt.wanted else ""
    return Words(prompt.asks + wanted, done, "scan or answer it")


def _sign(hand: Hand, sight: Sight) -> Done:
    found = confirm(hand, sight)
    if not found.verdict.finish:
        return found
    return Done(told("Nothing is to be signed: confirm"), found.seat, found.sight)


def _second(hand: Hand, sight: Sight) -> Done:
    if state_of(sight) is not State.SIGNING:
        return _sign(hand, sight)
    return Done(told("Second person: scan the badge, then the password", asks="sign"), hand.seat, sight)


def _next(hand: Hand, sight: Sight) -> Done:
    """Done with this one, or leave it out."""
    prompt = sight.next
    if prompt is None:
        return confirm(hand, sight)
    if prompt.kind is not PromptKind.IDENTIFIER and not satisfied(prompt):
        return Done(told("Needed", _missing(prompt)), hand.seat, sight)
    draft = sight.draft
    after = replace(draft, passed=(*draft.passed, prompt.key), order=(*draft.order, f"pass.{prompt.key}"))
    return Done(accepted(f"{prompt.asks}: done"), replace(hand.seat, draft=after))


def _answer(text: str, *shapes: FieldKind) -> Callable[[Hand, Sight], Done]:
    def answer(hand: Hand, sight: Sight) -> Done:
        prompt = sight.next
        if prompt is None or prompt.shape not in shapes:
            return Done(told("Not asked for"), hand.seat, sight)
        return put_answer(hand, sight, prompt, text)

    return answer


def _comment(hand: Hand, sight: Sight) -> Done:
    draft = sight.draft
    passed = tuple(p for p in draft.passed if p != "entry.comment")
    order = (*draft.order, "entry.comments")
    return Done(accepted("Type the comment"), changed(hand, draft, comments=True, passed=passed, order=order))


def _late(hand: Hand, sight: Sight) -> Done:
    seat = changed(hand, sight.draft, late=True, order=(*sight.draft.order, "entry.late"))
    return Done(accepted("A late entry: when it happened, and why it is late"), seat)


_ALWAYS: Mapping[Command, Callable[[Hand], Done]] = {
    Command.CANCEL: cancelled,
    Command.ACKNOWLEDGE: acknowledged,
    Command.BACK: go_back,
}
_BEGUN: Mapping[Command, Callable[[Hand, Sight], Done]] = {
    Command.CONFIRM: confirm,
    Command.NEXT: _next,
    Command.YES: _answer("yes", FieldKind.FLAG),
    Command.NO: _answer("no", FieldKind.FLAG),
    Command.NOW: _answer("now", FieldKind.INSTANT, FieldKind.DATE),
    Command.SIGN: _sign,
    Command.SECOND: _second,
    Command.COMMENT: _comment,
    Command.LATE: _late,
}
