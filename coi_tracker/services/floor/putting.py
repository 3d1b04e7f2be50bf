"""An answer to one prompt: text as it was scanned or typed, or a JSON value, put where it belongs in the draft."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from coi_tracker.errors import readable_excerpt
from coi_tracker.identity import EquipmentCode, PositionCode, safe_excerpt
from coi_tracker.process.enrolment import OwnSubject
from coi_tracker.process.look import read_instant
from coi_tracker.process.spec import Field, FieldKind, On
from coi_tracker.services import plain
from coi_tracker.services.floor.answering import identified, not_a_value, take_evidence
from coi_tracker.services.floor.asking import chosen_words, given_words
from coi_tracker.services.floor.draft import Draft, Seat
from coi_tracker.services.floor.screen import Prompt, PromptKind
from coi_tracker.services.floor.sight import Sight
from coi_tracker.services.floor.supplier import supplier_lot
from coi_tracker.services.floor.targets import find_target
from coi_tracker.services.floor.values import NotAValue, checked, chosen, instant_of, value_of
from coi_tracker.services.floor.work import Done, Hand, accepted, changed, refused_scan
from coi_tracker.services.requests import UUID7, ScanClaim

LONGEST_TEXT = 2000
OLDEST = 120
"""Years that nobody is older than."""


def put_answer(hand: Hand, sight: Sight, prompt: Prompt, value: Any, *, claim: ScanClaim | None = None) -> Done:
    """Put one answer. What is of another shape is said; what the engine refuses is recorded."""
    claims = () if claim is None else (claim,)
    try:
        return _PUT[prompt.kind](Asked(hand, sight, prompt, claims), value)
    except NotAValue as fault:
        came = "something else" if prompt.personal else readable_excerpt(str(value), 60)
        return not_a_value(hand, f"{prompt.asks}: {fault}", came)


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt that is being answered. ``claims``: the code that was scanned for it, for a refusal to record."""

    hand: Hand
    sight: Sight
    prompt: Prompt
    claims: tuple[ScanClaim, ...]


def _field(asked: Asked, value: Any) -> Done:
    hand, sight, prompt = asked.hand, asked.sight, asked.prompt
    name = prompt.key.removeprefix("field.")
    draft = sight.draft
    if name.startswith("answers."):
        return _answer(hand, draft, prompt, name.removeprefix("answers."), value)
    supplied = supplier_lot(hand.tx, value) if name == "lots" and isinstance(value, str) else None
    if supplied is not None and supplied.wrong is not None:
        return refused_scan(hand, asked.claims, (supplied.wrong,), shown_as=safe_excerpt(value, 40))
    value = value if supplied is None else supplied.code
    field = _field_of(sight, name, prompt)
    new = _value(hand, field, prompt, value)
    if prompt.several:
        old = list(draft.evidence.get(name) or ())
        new = [*old, *(v for v in new if v not in old)]
    words = ", ".join(given_words(field, new, prompt.choices, zone=hand.at.place.zone))
    shown_as = f"{prompt.asks}: {words}"[:200]
    evidence = {**draft.evidence, name: new}
    return take_evidence(hand, draft, evidence, key=prompt.key, shown_as=shown_as, claims=asked.claims)


def _field_of(sight: Sight, name: str, prompt: Prompt) -> Field:
    found = {f.name: f for f in sight.step.fields}
    return found.get(name) or Field(name, prompt.asks, prompt.shape or FieldKind.TEXT)


def _value(hand: Hand, field: Field, prompt: Prompt, value: Any) -> Any:
    """The recorded form of an answer; of a closed list only what is on it."""
    if not isinstance(value, str):
        found = checked(field, value)
    elif prompt.closed:
        word = _choice(prompt, value)
        found = value_of(field, word, now=hand.now, zone=hand.at.place.zone)
    else:
        found = value_of(field, value, now=hand.now, zone=hand.at.place.zone)
    return found


def _answer(hand: Hand, draft: Draft, prompt: Prompt, question: str, value: Any) -> Done:
    text = _text(value, 200)
    word = _choice(prompt, text) if prompt.closed else text
    answers = {**dict(draft.evidence.get("answers") or {}), question: word}
    evidence = {**draft.evidence, "answers": answers}
    return take_evidence(hand, draft, evidence, key=prompt.key, shown_as=f"{prompt.asks}: {plain.words(word)}")


def _choice(prompt: Prompt, text: str) -> str:
    """Of a closed list the answer that the text means: as it is kept, or in the words it is offered with."""
    values = [c.value for c in prompt.choices]
    found = chosen(values, text)
    said = chosen([c.words for c in prompt.choices], text) if found is None else None
    if said is not None:
        found = next(c.value for c in prompt.choices if c.words == said)
    if found is None:
        raise NotAValue("one of " + ", ".join(c.words for c in prompt.choices)[:300])
    return found


def _text(value: Any, longest: int = LONGEST_TEXT) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise NotAValue(f"text of 1 to {longest} characters")
    text = value.strip()
    if not all(c.isprintable() or c in "\n\t" for c in text):
        raise NotAValue("text without signs that cannot be seen: control, direction and joining characters")
    return text


def _identifier(asked: Asked, value: Any) -> Done:
    hand, sight, prompt = asked.hand, asked.sight, asked.prompt
    name = prompt.key.removeprefix("identifier.")
    return identified(hand, sight.draft, name, _personal(hand, prompt, value))


def _personal(hand: Hand, prompt: Prompt, value: Any) -> str:
    text = _text(value, 200)
    if prompt.shape is FieldKind.DATE:
        text = value_of(Field("date", prompt.asks, FieldKind.DATE), text, now=hand.now, zone=hand.at.place.zone)
    return text


def _person(asked: Asked, value: Any) -> Done:
    hand, sight, prompt = asked.hand, asked.sight, asked.prompt
    name = prompt.key.removeprefix("person.")
    draft = sight.draft
    person = {**draft.person, name: _personal(hand, prompt, value)}
    if prompt.shape is FieldKind.DATE and not _can_be_born(person[name], hand):
        raise NotAValue(f"a day that has been, in the last {OLDEST} years")
    seat = changed(hand, draft, person=person, order=(*draft.order, prompt.key))
    return Done(accepted(f"{prompt.asks}: given"), seat)


def _can_be_born(day: str, hand: Hand) -> bool:
    """Whether somebody who is treated today can be born on that day: another one was mistyped."""
    today = hand.now.astimezone(ZoneInfo(hand.at.place.zone)).date()
    return date(today.year - OLDEST, 1, 1) <= date.fromisoformat(day) <= today


def _entry(asked: Asked, value: Any) -> Done:
    hand, sight, prompt = asked.hand, asked.sight, asked.prompt
    name, text = prompt.key.removeprefix("entry."), _text(value)
    found: Mapping[str, Any] = {name: text}
    shown = chosen_words(text, prompt.choices)
    if name == "happened_at":
        moment = read_instant(instant_of(text, now=hand.now, zone=hand.at.place.zone))
        if moment > hand.now:
            raise NotAValue("a time that has come")
        found, shown = {name: moment}, plain.moment(moment, hand.at.place.zone)
    if name == "refers_to" and not UUID7.fullmatch(text):
        raise NotAValue("the id of an entry, or one of the list")
    seat = changed(hand, sight.draft, **found, order=(*sight.draft.order, prompt.key))
    return Done(accepted(f"{prompt.asks}: {readable_excerpt(shown, 100)}"), seat)


def _target(asked: Asked, value: Any) -> Done:
    hand, sight, prompt = asked.hand, asked.sight, asked.prompt
    on, text = On(prompt.key.removeprefix("target.")), _text(value, 60)
    draft, step = sight.draft, sight.step
    if on is On.STUDY and step.on is not On.STUDY:
        word = _choice(prompt, text)
        return Done(accepted(f"study {plain.study(word)}"), changed(hand, draft, study=word))
    new = bool(step.needs_of(OwnSubject))
    if sight.draft.study is None and (new or on is On.PLACE):
        raise NotAValue("the study is to be chosen first")
    named = text if not prompt.closed else _choice(prompt, text)
    chain = find_target(hand.tx, hand.at, on, named, new=new)
    if chain is None and new:
        raise NotAValue("a number of letters, digits, dots and dashes, without a space, such as 101-001")
    if chain is None:
        raise NotAValue("one that is in the record and belongs to this place")
    called = plain.study(named) if on is On.STUDY else hand.at.called(named)
    return Done(accepted(f"{on} {readable_excerpt(called, 60)}"), about(hand, draft, chain, new=new))


def about(hand: Hand, draft: Draft, chain: str, *, new: bool) -> Seat:
    """The seat with a draft that is about this chain; what is new in the record says itself whose it is."""
    kind, _, key = chain.partition("/")
    study = draft.study if kind != "study" else key
    evidence = dict(draft.evidence)
    if new:
        evidence |= {"subject": key, "study": study, "site": hand.at.place.id, "identifiers_kept": []}
    return changed(hand, draft, chain=chain, study=study, evidence=evidence)


_PUT: Mapping[PromptKind, Callable[[Asked, Any], Done]] = {
    PromptKind.FIELD: _field,
    PromptKind.IDENTIFIER: _identifier,
    PromptKind.PERSON: _person,
    PromptKind.ENTRY: _entry,
    PromptKind.TARGET: _target,
}


def prompt_for_text(sight: Sight) -> Prompt | None:
    """The prompt that plain text answers: the next one, unless it wants things to be scanned."""
    prompt = sight.next
    return None if prompt is None or prompt.kind is PromptKind.SCAN else prompt


def prompt_for_code(sight: Sight, read: EquipmentCode | PositionCode) -> Prompt | None:
    """The prompt that a code of equipment or of a position answers, wherever it stands."""
    key = "field.equipment" if isinstance(read, EquipmentCode) else "field.position"
    found = next((p for p in sight.prompts if p.key == key), None)
    if found is not None:
        return found
    text = prompt_for_text(sight)
    return text if text is not None and text.shape is FieldKind.TEXT and not text.personal else None


def prompt_with(sight: Sight, key: str) -> Prompt | None:
    """The prompt of this key; the comment and the late entry can be answered before they are asked for."""
    return next((p for p in sight.prompts if p.key == key), None)


_UNASKED: Mapping[str, Mapping[str, Any]] = {
    "late": {"late": False, "happened_at": None, "late_reason": None},
    "comments": {"comments": False, "comment": None},
}
"""What somebody asked for by hand, a late entry or a comment, and does not want after all: with all that was said."""


def without_answer(draft: Draft, key: str, value: str | None) -> Draft | None:
    """The draft without what was answered to a prompt; None when nothing was."""
    kind, _, name = key.partition(".")
    if kind == "field":
        return _without_evidence(draft, name, value)
    if kind == "identifier" and name in draft.identifiers:
        return draft.changed(identifiers={k: v for k, v in draft.identifiers.items() if k != name})
    if kind == "person" and name in draft.person:
        return draft.changed(person={k: v for k, v in draft.person.items() if k != name})
    if kind == "entry" and getattr(draft, name, None):
        return draft.changed(**_UNASKED.get(name, {name: None}))
    return None


def _without_evidence(draft: Draft, name: str, value: str | None) -> Draft | None:
    evidence = dict(draft.evidence)
    if name.startswith("answers."):
        answers = dict(evidence.get("answers") or {})
        if answers.pop(name.removeprefix("answers."), None) is None:
            return None
        evidence["answers"] = answers
    elif name not in evidence:
        return None
    elif value is not None and isinstance(evidence[name], list):
        evidence[name] = [v for v in evidence[name] if v != value]
    else:
        del evidence[name]
    return replace(draft.changed(evidence=evidence), passed=tuple(p for p in draft.passed if p != f"field.{name}"))
