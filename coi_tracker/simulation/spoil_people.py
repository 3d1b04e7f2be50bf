"""How needs about signatures, time and the things around the cells are spoiled."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from coi_tracker.course import AccountId, Label, SuiteUse
from coi_tracker.process.look import write_instant
from coi_tracker.process.signing import AnotherPerson, SameTwoAtBedside, SecondSigns, Signs
from coi_tracker.process.spec import FieldKind
from coi_tracker.process.supplies import (
    Confirmed,
    CountMatches,
    EquipmentGiven,
    Given,
    LineClear,
    LotsGiven,
    Reconciled,
    SealMatches,
    SuiteFree,
    TemperatureInside,
)
from coi_tracker.process.timing import InOrder, NotFuture, OnDay, Within
from coi_tracker.simulation.spoil_scans import ELSEWHERE, known
from coi_tracker.simulation.spoiling import Found, Scene, moved, spoil_need
from coi_tracker.simulation.values import bounds, outside, quantity, step_of
from coi_tracker.vocabulary import LabelState, Role
from coi_tracker.vocabulary import ReasonCode as Code

SECOND = timedelta(seconds=1)
SOON = timedelta(minutes=5)
YEARS = timedelta(days=9000)


@spoil_need.register
def _given(need: Given, scene: Scene) -> Found:
    field = need.field
    choices = scene.limit(field.choices)
    if choices:
        odd: Any = ["no such word"] if field.kind is FieldKind.CODES else "no such word"
        yield f"{field.name} is not on the list", scene.saying(**{field.name: odd}), Code.VALUE_OUT_OF_RANGE
    if field.kind is FieldKind.CODES and choices:
        yield f"{field.name} is empty", scene.saying(**{field.name: []}), Code.VALUE_OUT_OF_RANGE
    beyond = outside(scene.limit(field.limits))
    if beyond is not None:
        value = int(beyond) if field.kind is FieldKind.COUNT else quantity(beyond, field.unit)
        yield f"{field.name} is out of its limits", scene.saying(**{field.name: value}), Code.VALUE_OUT_OF_RANGE


@spoil_need.register
def _confirmed(need: Confirmed, scene: Scene) -> Found:
    yield f"{need.field.name}: no", scene.saying(**{need.field.name: False}), need.code


# --- people


@spoil_need.register
def _signs(need: Signs, scene: Scene) -> Found:
    mine = scene.attempt.actor.account
    others = tuple(s for s in scene.attempt.signers if s.account != mine)
    yield "the actor does not sign", scene.attempting(signers=others), Code.SIGNATURE_MISSING


@spoil_need.register
def _second(need: SecondSigns, scene: Scene) -> Found:
    actor = scene.attempt.actor
    first = tuple(s for s in scene.attempt.signers if s.account == actor.account)
    second = next(s for s in scene.attempt.signers if s.account != actor.account)
    yield "no second person signs", scene.attempting(signers=first), Code.SIGNATURE_MISSING
    again = replace(second, account=actor.account, name=actor.name)
    yield "the same person signs twice", scene.attempting(signers=(*first, again)), Code.SAME_SIGNER
    wrong = replace(second, roles=frozenset({Role.AUDITOR, Role.ADMIN}) - need.by)
    yield "the second person has no such role", scene.attempting(signers=(*first, wrong)), Code.ROLE_MISSING


@spoil_need.register
def _another(need: AnotherPerson, scene: Scene) -> Found:
    name = need.fact
    for key, value in scene.attempt.evidence.items():
        name = name.replace("{" + key + "}", str(value))
    yield "the same person as before", scene.knowing({name: scene.attempt.actor.account}), Code.SAME_SIGNER


@spoil_need.register
def _same_two(need: SameTwoAtBedside, scene: Scene) -> Found:
    _, bag = known(scene.read(need.part))[0]
    start, valid = scene.instant(need.at), scene.limit(need.valid)
    yield "never verified at the bedside", scene.container(bag, verified_at=None), Code.GATE_NOT_MET
    others = (AccountId("nurse-8"), AccountId("nurse-9"))
    yield "verified by two others", scene.container(bag, verified_by=others), Code.GATE_NOT_MET
    one = (bag.verified_by[0], others[0])
    yield "verified by one other", scene.container(bag, verified_by=one), Code.GATE_NOT_MET
    late = scene.container(bag, verified_at=start - valid - SECOND)
    yield "verified too long before", late, Code.TOO_LATE
    yield "verified afterwards", scene.container(bag, verified_at=start + SECOND), Code.TOO_EARLY


# --- time


@spoil_need.register
def _within(need: Within, scene: Scene) -> Found:
    when = scene.instant(need.at)
    yield f"{need.since} was never recorded", moved(scene, need.since, None), Code.TOO_EARLY
    if need.after is not None:
        early = moved(scene, need.since, when - scene.limit(need.after) + SECOND)
        yield f"too soon after {need.since}", early, Code.TOO_EARLY
    else:
        yield f"before {need.since}", moved(scene, need.since, when + SECOND), Code.TOO_EARLY
    if need.before is not None:
        late = moved(scene, need.since, when - scene.limit(need.before) - SECOND)
        yield f"too long after {need.since}", late, Code.TOO_LATE


@spoil_need.register
def _on_day(need: OnDay, scene: Scene) -> Found:
    start = scene.course.done[need.since].at
    off = timedelta(days=scene.limit(need.tolerance).days + 1)
    yield f"{need.since} was never recorded", moved(scene, need.since, None), Code.TOO_EARLY
    yield "days too soon", moved(scene, need.since, start + off), Code.TOO_EARLY
    yield "days too late", moved(scene, need.since, start - off), Code.TOO_LATE


@spoil_need.register
def _in_order(need: InOrder, scene: Scene) -> Found:
    first = scene.attempt.evidence[need.first]
    if len(first) == len("2026-11-22"):
        before, ahead = "1999-12-31", "2199-12-31"
    else:
        before = write_instant(scene.instant(need.first) - SECOND)
        ahead = write_instant(scene.attempt.recorded_at + SOON)
    yield "the end before the start", scene.saying(**{need.second: before}), Code.VALUE_OUT_OF_RANGE
    yield "the end is still to come", scene.saying(**{need.second: ahead}), Code.VALUE_OUT_OF_RANGE


@spoil_need.register
def _not_future(need: NotFuture, scene: Scene) -> Found:
    given = scene.attempt.evidence[need.field]
    ahead = "2199-12-31" if len(given) == len("2026-11-22") else write_instant(scene.attempt.recorded_at + SOON)
    yield f"{need.field} is still to come", scene.saying(**{need.field: ahead}), Code.VALUE_OUT_OF_RANGE


# --- things


@spoil_need.register
def _temperature(need: TemperatureInside, scene: Scene) -> Found:
    low, high = bounds(scene.limit(need.range))
    if high is not None:
        hot = scene.saying(temperature_high=quantity(high + step_of(high), "Cel"))
        yield "too warm on the way", hot, Code.TEMPERATURE_OUT_OF_RANGE
    if low is not None:
        cold = scene.saying(temperature_low=quantity(low - step_of(low), "Cel"))
        yield "too cold on the way", cold, Code.TEMPERATURE_OUT_OF_RANGE
    given = scene.attempt.evidence
    swapped = scene.saying(temperature_low=given["temperature_high"], temperature_high=given["temperature_low"])
    yield "lowest and highest exchanged", swapped, Code.TEMPERATURE_OUT_OF_RANGE


@spoil_need.register
def _seal(need: SealMatches, scene: Scene) -> Found:
    yield "another seal", scene.saying(seal="another"), Code.SEAL_MISMATCH
    yield "a broken seal", scene.saying(seal_intact=False), Code.SEAL_MISMATCH


@spoil_need.register
def _count(need: CountMatches, scene: Scene) -> Found:
    count = scene.attempt.evidence["count"]
    yield "one counted too many", scene.saying(count=count + 1), Code.UNEXPECTED_CONTAINER
    yield "one counted too few", scene.saying(count=count - 1), Code.MISSING_CONTAINER


@spoil_need.register
def _lots(need: LotsGiven, scene: Scene) -> Found:
    used, lots = list(scene.attempt.evidence.get("lots", ())), scene.attempt.around.lots
    yield "an unknown lot", scene.saying(lots=[*used[1:], "LOT-?"]), Code.LOT_UNKNOWN
    one = lots[used[0]] if used else next(iter(lots.values()))
    listed = scene.saying(lots=used or [one.code])
    old = {**lots, one.code: replace(one, expires=scene.attempt.happened_at.date() - timedelta(days=2))}
    yield "an expired lot", listed.around(lots=old), Code.LOT_EXPIRED
    recalled = listed.around(lots={**lots, one.code: replace(one, recalled=True)})
    yield "a recalled lot", recalled, Code.LOT_EXPIRED
    if used:
        yield "a kind without a lot", scene.saying(lots=used[1:]), Code.EVIDENCE_MISSING


@spoil_need.register
def _equipment(need: EquipmentGiven, scene: Scene) -> Found:
    used, known_ = list(scene.attempt.evidence.get("equipment", ())), scene.attempt.around.equipment
    yield "unknown equipment", scene.saying(equipment=[*used[1:], "E?"]), Code.EQUIPMENT_UNFIT
    for code in used[:1]:
        one, today = known_[code], scene.attempt.happened_at.date()
        away = {**known_, code: replace(one, place=ELSEWHERE)}
        yield "equipment of another place", scene.around(equipment=away), Code.EQUIPMENT_UNFIT
        old = {**known_, code: replace(one, fit_until=today - timedelta(days=2))}
        yield "equipment past its calibration", scene.around(equipment=old), Code.EQUIPMENT_UNFIT
        retired = scene.around(out_of_use={code: today - timedelta(days=2)})
        yield "equipment out of use", retired, Code.EQUIPMENT_UNFIT
        yield "a kind without equipment", scene.saying(equipment=used[1:]), Code.EVIDENCE_MISSING


@spoil_need.register
def _suite_free(need: SuiteFree, scene: Scene) -> Found:
    suite = scene.attempt.evidence["suite"]
    for what, use in (
        ("the suite is cleared for another course", SuiteUse(suite, "COTHER", 0, ())),
        ("another course's container is in the suite", SuiteUse(suite, None, 1, ())),
        ("another course's label is in the suite", SuiteUse(suite, None, 0, ("L1",))),
        ("nobody looked into the suite", None),
    ):
        yield what, scene.around(suite=use), Code.LINE_NOT_CLEAR


@spoil_need.register
def _line(need: LineClear, scene: Scene) -> Found:
    yield "no line clearance", scene.knowing({"line.suite": None}), Code.LINE_NOT_CLEAR
    yield "line clearance of another suite", scene.knowing({"line.suite": "another"}), Code.LINE_NOT_CLEAR


@spoil_need.register
def _reconciled(need: Reconciled, scene: Scene) -> Found:
    for kind in sorted(need.kinds):
        of_kind = scene.course.of_kind(kind)
        if of_kind:
            stray = Label(f"LSTRAY{kind}", of_kind[0].id, kind, LabelState.PRINTED)
            left = replace(scene, course=scene.course.with_label(stray))
            yield f"a printed {kind} label is unaccounted for", left, Code.RECONCILIATION_OPEN
