"""How each class of need is met: the rule that puts the right scans, evidence and people into a draft.

A class without a rule of its own is met by giving whatever fields it asks for. Needs about the state of the course
(facts, deviations, labels that reconcile) put nothing in: the course is in that state, or the step is not possible.
The rules of enrolment, quality and treatment are in `meeting_care`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, singledispatch
from typing import Any

from coi_tracker.course import Container
from coi_tracker.process.custody import contents
from coi_tracker.process.enrolment import Identified
from coi_tracker.process.look import write_instant
from coi_tracker.process.quality import Gate
from coi_tracker.process.records import KnownContainer
from coi_tracker.process.scans import Paired, Scan, ShipperScan, members
from coi_tracker.process.signing import AnotherPerson, SameTwoAtBedside, SecondSigns, Signs
from coi_tracker.process.spec import Field, FieldKind, ProtocolPath, fields_of
from coi_tracker.process.supplies import (
    Confirmed,
    CountMatches,
    EquipmentGiven,
    Given,
    LineClear,
    LotsGiven,
    SealMatches,
    SuiteFree,
    TemperatureInside,
)
from coi_tracker.simulation.draft import Draft
from coi_tracker.simulation.intent import NotYet
from coi_tracker.simulation.values import bounds, count_inside, inside, quantity
from coi_tracker.vocabulary import ContainerState, LabelState


@singledispatch
def meet(need: Any, draft: Draft) -> None:
    """Put into the draft what this need wants to see. Raises NotYet when it cannot be had."""
    for field in fields_of(need):
        if field.required or field.name in draft.wishes:
            draft.put(field.name, partial(usual, field, draft))


@meet.register
def _gate(need: Gate, draft: Draft) -> None:
    for part in need.parts:
        meet(part.need, draft)


# --- evidence of every shape


@meet.register
def _given(need: Given, draft: Draft) -> None:
    if need.field.required or need.field.name in draft.wishes:
        draft.put(need.field.name, lambda: usual(need.field, draft))


@meet.register
def _confirmed(need: Confirmed, draft: Draft) -> None:
    draft.put(need.field.name, lambda: True)


def usual(field: Field, draft: Draft) -> Any:
    """A value of the field's shape, inside its choices and limits."""
    limits = draft.limit(field.limits) if isinstance(field.limits, ProtocolPath) else field.limits
    choices = draft.limit(field.choices) if isinstance(field.choices, ProtocolPath) else field.choices
    shapes: dict[FieldKind, Callable[[], Any]] = {
        FieldKind.TEXT: lambda: _text(field, draft),
        FieldKind.COUNT: lambda: count_inside(limits),
        FieldKind.QUANTITY: lambda: _quantity(field, draft, limits),
        FieldKind.FLAG: lambda: True,
        FieldKind.CHOICE: lambda: draft.one_of(choices),
        FieldKind.INSTANT: lambda: write_instant(draft.started if field.name.startswith("start") else draft.at),
        FieldKind.DATE: draft.today.isoformat,
        FieldKind.CODES: lambda: [draft.one_of(choices)] if choices else ["name"],
        FieldKind.ANSWERS: dict,
    }
    return shapes[field.kind]()


_WORDS = {"about": "receive_tissue", "test": "", "subject": ""}


def _text(field: Field, draft: Draft) -> str:
    if field.name == "subject":
        return draft.course.chain.split("/", 1)[1]
    if field.name == "study":
        return draft.protocol.key
    if field.name == "site":
        return draft.place
    if field.name == "test":
        return next(iter(draft.protocol.release_tests))
    return _WORDS.get(field.name) or f"{field.name} as it was"


def _quantity(field: Field, draft: Draft, limits: Any) -> dict[str, Any]:
    if field.unit == "cells" and bounds(limits)[1] is None:
        return quantity(inside(draft.protocol.dose.viable_cells), field.unit)
    return quantity(inside(limits), field.unit)


@meet.register
def _temperature(need: TemperatureInside, draft: Draft) -> None:
    low, high = bounds(draft.limit(need.range))
    middle = inside((low, high))
    draft.put("temperature_low", lambda: quantity(low if low is not None else middle - 20, "Cel"))
    draft.put("temperature_high", lambda: quantity(middle, "Cel"))


@meet.register
def _seal(need: SealMatches, draft: Draft) -> None:
    draft.put("seal", lambda: draft.fact("seal"))
    draft.put("seal_intact", lambda: True)


@meet.register
def _counted(need: CountMatches, draft: Draft) -> None:
    draft.put("count", lambda: len(contents(draft.course)))


@meet.register
def _lots(need: LotsGiven, draft: Draft) -> None:
    kinds = draft.limit(need.kinds)
    draft.put("lots", lambda: [draft.things.lot(k, draft.today) for k in kinds] or None)


@meet.register
def _equipment(need: EquipmentGiven, draft: Draft) -> None:
    kinds = draft.limit(need.kinds)
    draft.put("equipment", lambda: [draft.things.equipment(k, draft.place, draft.today) for k in kinds] or None)


@meet.register
def _suite(need: SuiteFree, draft: Draft) -> None:
    draft.put("suite", lambda: draft.things.suite(draft.place, draft.course))


@meet.register
def _cleared(need: LineClear, draft: Draft) -> None:
    draft.put("suite", lambda: draft.fact("line.suite"))


# --- scans


@meet.register
def _scan(need: Scan, draft: Draft) -> None:
    found = members(draft.course, need) if need.all is not None else _candidates(need, draft)
    if need.all is not None and not found:
        raise NotYet(f"{draft.step.name}: {need.kind} to scan, {need.all}")
    if need.all is None:
        low, high = _bounds(need, draft)
        found = found[: min(high, draft.wishes.get("how_many", {}).get(need.part, high))]
        if len(found) < low:
            raise NotYet(f"{draft.step.name}: {low} {need.kind or 'container'} as {need.part}, {len(found)} ready")
    draft.scans[need.part] = found


def _bounds(need: Scan, draft: Draft) -> tuple[int, int]:
    if isinstance(need.count, tuple):
        return need.count
    found = draft.limit(need.count)
    return found.low, found.high


def _candidates(need: Scan, draft: Draft) -> tuple[Container, ...]:
    course = draft.course
    of_kind = course.of_kind(need.kind) if need.kind else _in_order(course.containers.values())
    fit = tuple(c for c in of_kind if c.state in need.states and c.label in _labels(need, c))
    here = fit if need.elsewhere else draft.here(fit)
    bags = draft.scans.get("bag", ())
    if need.part == "cassette" and bags and draft.step.needs_of(Paired):
        pairs = {b.cassette for b in bags}
        return tuple(c for c in here if c.id in pairs)
    if need.kind is None and need.labels is None and "containers" not in draft.wishes:
        return here[:1]
    return here


def _in_order(containers: Any) -> tuple[Container, ...]:
    return tuple(sorted(containers, key=lambda c: (c.kind, c.part)))


def _labels(need: Scan, one: Container) -> frozenset[LabelState]:
    usual_one = LabelState.VERIFIED if one.state is ContainerState.LABELLED else LabelState.APPLIED
    return need.labels or frozenset({usual_one})


@meet.register
def _shipper(need: ShipperScan, draft: Draft) -> None:
    if need.ours:
        draft.shipper = draft.things.shipper_serial(draft.fact("shipper"))
    else:
        draft.shipper = draft.wishes.get("shipper") or draft.things.empty_shipper(draft.at)


@meet.register
def _known(need: KnownContainer, draft: Draft) -> None:
    fit = [c for c in _in_order(draft.course.containers.values()) if c.state in need.states]
    here = [c for c in fit if c.holder == draft.place]
    if not (fit or "container" in draft.wishes):
        raise NotYet(f"{draft.step.name}: a container that is {' or '.join(sorted(need.states))}")
    draft.put("container", lambda: (here or fit)[0].id)


# --- people


@meet.register
def _signs(need: Signs, draft: Draft) -> None:
    draft.first = need.meaning


@meet.register
def _second(need: SecondSigns, draft: Draft) -> None:
    draft.second.append((need.meaning, need.by))


@meet.register
def _another(need: AnotherPerson, draft: Draft) -> None:
    name = need.fact
    for key, value in draft.evidence.items():
        name = name.replace("{" + key + "}", str(value))
    before = draft.course.facts.get(name)
    if before is not None:
        draft.never.add(before)


@meet.register
def _same_two(need: SameTwoAtBedside, draft: Draft) -> None:
    bags = draft.scans.get(need.part, ())
    if not bags or any(b.verified_at is None for b in bags):
        raise NotYet(f"{draft.step.name}: a bag verified at the bedside")
    draft.only = bags[0].verified_by


@meet.register
def _identified(need: Identified, draft: Draft) -> None:
    draft.identify = not (need.wristband and draft.scans.get("wristband"))
