"""From the declared needs of a step to the prompts of a screen, in the order people work: things first, then words.

Every class of need is asked for by a rule of its own; one without a rule is asked for by its fields. Knows no single
step, so a new step of known needs has its screen without a change here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import singledispatch
from typing import Any

from coi_tracker.process.bedside import RecheckPasses
from coi_tracker.process.enrolment import CriteriaAnswered, Identified, OwnSubject
from coi_tracker.process.quality import Gate
from coi_tracker.process.records import KnownContainer, OwnContainer, Reference
from coi_tracker.process.scans import Scan, ShipperScan
from coi_tracker.process.shipping import RouteIsOrdered
from coi_tracker.process.signing import SecondSigns, Signs
from coi_tracker.process.spec import Field, FieldKind, On, ProtocolPath, fields_of
from coi_tracker.process.supplies import EquipmentGiven, Given, LotsGiven
from coi_tracker.services import plain
from coi_tracker.services.floor.asking_care import ask_answers, ask_identifiers, ask_recheck
from coi_tracker.services.floor.containers import ask_scan, ask_shipper
from coi_tracker.services.floor.options import options
from coi_tracker.services.floor.screen import Choice, Progress, Prompt, PromptKind
from coi_tracker.services.floor.values import in_words
from coi_tracker.services.floor.view import View
from coi_tracker.vocabulary import TissueRoute

ORDER = (
    PromptKind.TARGET,
    PromptKind.SCAN,
    PromptKind.PERSON,
    PromptKind.IDENTIFIER,
    PromptKind.FIELD,
    PromptKind.ENTRY,
)
FILLED = frozenset({"subject", "study", "site", "identifiers_kept", "unit"})
"""Evidence that follows from the rest: nobody is asked for it."""


def prompts_of(view: View) -> tuple[Prompt, ...]:
    """Every prompt of the step, with what was given and which one is next."""
    found: dict[str, Prompt] = {}
    for prompt in (*_person(view), *_needs(view), *_entry(view)):
        found.setdefault(prompt.key, prompt)
    ordered = sorted(found.values(), key=lambda p: ORDER.index(p.kind))
    return in_progress(ordered, view.draft.passed)


def in_progress(prompts: Iterable[Prompt], passed: Iterable[str]) -> tuple[Prompt, ...]:
    """The prompts with their progress: the first that is not done is next."""
    left = frozenset(passed)
    marked: list[Prompt] = []
    for prompt in prompts:
        done = complete(prompt) or (prompt.key in left and satisfied(prompt))
        waiting = any(p.progress is Progress.NEXT for p in marked)
        progress = Progress.DONE if done else Progress.OPEN if waiting else Progress.NEXT
        marked.append(replace(prompt, progress=progress))
    return tuple(marked)


def satisfied(prompt: Prompt) -> bool:
    """Whether nothing required of it is missing."""
    enough = len(prompt.given) >= max(prompt.fewest, int(prompt.required))
    return not prompt.required or (enough and not prompt.wanted)


def complete(prompt: Prompt) -> bool:
    """Whether there is nothing more to give."""
    if not prompt.given or not satisfied(prompt):
        return False
    if prompt.wanted_kinds_given:
        return True
    return not prompt.several or (prompt.most is not None and len(prompt.given) >= prompt.most)


def _needs(view: View) -> Iterator[Prompt]:
    for need in view.step.needs:
        yield from ask(need, view)


@singledispatch
def ask(need: Any, view: View) -> Iterator[Prompt]:
    """The prompts for one need."""
    for field in fields_of(need):
        yield from ask_field(need, field, view)


@ask.register
def _scan(need: Scan, view: View) -> Iterator[Prompt]:
    yield ask_scan(need, view)


@ask.register
def _shipper(need: ShipperScan, view: View) -> Iterator[Prompt]:
    yield ask_shipper(need, view)


@ask.register
def _gate(need: Gate, view: View) -> Iterator[Prompt]:
    for part in need.parts:
        yield from ask(part.need, view)


@ask.register(Signs)
@ask.register(SecondSigns)
@ask.register(OwnSubject)
def _nothing(_need: Any, _view: View) -> Iterator[Prompt]:
    """Signatures come after the prompts; whose subject it is, where and of which study, follows from the rest."""
    return iter(())


@ask.register
def _identified(need: Identified, view: View) -> Iterator[Prompt]:
    return ask_identifiers(need, view)


@ask.register
def _criteria(need: CriteriaAnswered, view: View) -> Iterator[Prompt]:
    yield from ask_answers(view)
    if "waived" in dict(view.evidence.get("answers") or {}).values():
        field = Field("monitor_approval", "the medical monitor's approval of the waivers")
        yield from ask_field(need, field, view)


@ask.register
def _recheck(_need: RecheckPasses, view: View) -> Iterator[Prompt]:
    return ask_recheck(view)


@ask.register
def _reference(_need: Reference, view: View) -> Iterator[Prompt]:
    done = sorted(view.course.done.items(), key=lambda one: one[1].at, reverse=True)
    steps = view.scene.record.process.steps
    choices = tuple(
        Choice(d.event, f"{steps[name].title if name in steps else name}, {plain.moment(d.at, view.zone)}")
        for name, d in done
    )
    refers_to = view.draft.refers_to
    yield Prompt(
        "entry.refers_to",
        PromptKind.ENTRY,
        "the entry that is corrected",
        Progress.OPEN,
        choices=choices,
        given=(chosen_words(refers_to, choices),) if refers_to else (),
    )


@ask.register
def _lots(need: LotsGiven, view: View) -> Iterator[Prompt]:
    known = view.scene.rows.lots
    return _supplies(view, "lots", "the ancillary lots used", need.kinds, {c: x.kind for c, x in known.items()})


@ask.register
def _equipment(need: EquipmentGiven, view: View) -> Iterator[Prompt]:
    known = view.scene.rows.equipment
    return _supplies(view, "equipment", "the equipment used", need.kinds, {c: x.kind for c, x in known.items()})


def _supplies(view: View, name: str, asks: str, path: ProtocolPath, kind_of: dict[str, str]) -> Iterator[Prompt]:
    """One code for each kind that the protocol names; more may be given."""
    kinds = tuple(view.limit(path) or ())
    given = tuple(view.evidence.get(name) or ())
    if not kinds and not given:
        return
    have = {kind_of.get(code) for code in given}
    yield Prompt(
        f"field.{name}",
        PromptKind.FIELD,
        asks,
        Progress.OPEN,
        shape=FieldKind.CODES,
        several=True,
        fewest=0,
        given=tuple(f"{plain.words(kind_of.get(code, 'not known'))} {code}" for code in given),
        wanted=tuple(k for k in kinds if k not in have),
        wanted_kinds_given=bool(kinds) and all(k in have for k in kinds),
    )


@ask.register(KnownContainer)
@ask.register(OwnContainer)
def _container(need: KnownContainer | OwnContainer, view: View) -> Iterator[Prompt]:
    """A container that is told and not handed on: nobody knows its id, its label or the list says it."""
    (field,) = need.ASKS
    asks = "the container: scan its label, or choose it"
    yield from ask_field(need, replace(field, asks=asks if field.required else f"{asks}, if it is about one"), view)


@ask.register
def _given(need: Given, view: View) -> Iterator[Prompt]:
    """What belongs to the other route of taking tissue is not asked for; what belongs to this one is."""
    field = need.field
    if field.name in {"lesion_size", "cores"} and view.step.needs_of(RouteIsOrdered):
        wanted = "lesion_size" if view.course.route is TissueRoute.RESECTION else "cores"
        if field.name != wanted:
            return
        field = replace(field, required=True)
    yield from ask_field(need, field, view)


def ask_field(need: Any, field: Field, view: View) -> Iterator[Prompt]:
    """The prompt of one piece of evidence; none for what follows from the rest or has no possible answer."""
    if field.name in FILLED:
        return
    choices, closed = options(need, field, view)
    value = view.evidence.get(field.name)
    if closed and not choices and not field.required and value is None:
        return
    several = field.kind is FieldKind.CODES
    yield Prompt(
        f"field.{field.name}",
        PromptKind.FIELD,
        field.asks.partition(": ")[0] if choices else field.asks,
        Progress.OPEN,
        required=field.required,
        shape=field.kind,
        unit=field.unit,
        limits=_limits(field, view),
        choices=choices,
        closed=closed,
        several=several,
        most=len(choices) if several and closed else None if several else 1,
        given=() if value is None else given_words(field, value, choices, zone=view.zone),
    )


def given_words(field: Field, value: Any, choices: tuple[Choice, ...], *, zone: str) -> tuple[str, ...]:
    """An answer as it was offered to choose, otherwise as people read such a value."""
    known = {choice.value: choice.words for choice in choices}
    if isinstance(value, list) and known:
        return tuple(known.get(str(one), str(one)) for one in value)
    words = known.get(str(value))
    return in_words(field, value, zone=zone) if words is None else (words,)


def chosen_words(value: str, choices: tuple[Choice, ...]) -> str:
    """The words of a choice; what is not among them as it is."""
    return next((choice.words for choice in choices if choice.value == value), value)


def _limits(field: Field, view: View) -> str | None:
    found = view.limit(field.limits) if isinstance(field.limits, ProtocolPath) else field.limits
    if found is None or not isinstance(found, tuple):
        return None if found is None else str(found)
    low, high = found
    unit = f" {plain.unit(field.unit)}" if field.unit else ""
    if low is None or high is None:
        return f"at least {low}{unit}" if low is not None else f"at most {high}{unit}"
    return f"{low} to {high}{unit}"


_PERSON = (
    ("birth_date", "the birth date", FieldKind.DATE, True),
    ("name", "the name", FieldKind.TEXT, False),
    ("record_number", "the record number of the hospital", FieldKind.TEXT, False),
)


def _person(view: View) -> Iterator[Prompt]:
    """What is kept apart of a new participant."""
    if view.step.on is not On.SUBJECT or not view.step.needs_of(OwnSubject):
        return
    for name, asks, shape, required in _PERSON:
        yield Prompt(
            f"person.{name}",
            PromptKind.PERSON,
            f"{asks}, kept apart and encrypted",
            Progress.OPEN,
            required=required,
            shape=shape,
            personal=True,
            given=("given",) if name in view.draft.person else (),
        )


def _entry(view: View) -> Iterator[Prompt]:
    draft = view.draft
    if draft.late:
        when = draft.happened_at
        given = () if when is None else (plain.moment(when, view.zone),)
        yield _of_entry("happened_at", "when it happened", FieldKind.INSTANT, given)
        reason = (draft.late_reason,) if draft.late_reason else ()
        yield _of_entry("late_reason", "why it is entered late", FieldKind.TEXT, reason)
    if draft.comments or draft.comment:
        comment = _of_entry("comment", "a comment", FieldKind.TEXT, (draft.comment,) if draft.comment else ())
        yield replace(comment, required=False)


def _of_entry(name: str, asks: str, shape: FieldKind, given: tuple[str, ...]) -> Prompt:
    return Prompt(f"entry.{name}", PromptKind.ENTRY, asks, Progress.OPEN, shape=shape, given=given)
