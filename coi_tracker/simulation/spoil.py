"""Every way to take one requirement away from a right attempt: those of its step, and those of all steps.

For each it says the only reason the engine may refuse for. The rules for the needs are in `spoil_scans`,
`spoil_people`, `spoil_care` and `spoil_quality`; here are the attributes of a step and the rules of the engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from coi_tracker.course import AccountId, ContainerId, Definition, Hold, PlaceId, Scanned, Signer, SubjectNumber
from coi_tracker.process.bedside import DoseDue, DrugOpen, PlanDayIsToday
from coi_tracker.process.graph import STATES
from coi_tracker.process.quality import Gate
from coi_tracker.process.scans import ShipperScan
from coi_tracker.process.spec import On
from coi_tracker.simulation import spoil_care, spoil_people, spoil_quality, spoil_scans
from coi_tracker.simulation.spoil_scans import known, never_was
from coi_tracker.simulation.spoiling import Scene, Spoiled, spoil_need
from coi_tracker.vocabulary import (
    ContainerKind,
    HoldBlocks,
    HoldScope,
    LabelState,
    Meaning,
    PlaceKind,
    Role,
    Standing,
    Track,
)
from coi_tracker.vocabulary import ReasonCode as Code

RULES = (spoil_care, spoil_people, spoil_quality, spoil_scans)
"""Importing them registers what they know."""

ENGINE = "engine"
LONG = timedelta(minutes=30)
TRACKS = {track: str(track) for track in Track}


def spoils(scene: Scene) -> Iterator[Spoiled]:
    """Every spoiled copy of the scene."""
    yield from _attributes(scene)
    yield from _fields(scene)
    for place, need in enumerate(scene.step.needs):
        yield from _need(f"needs[{place}]", need, scene)
    for what, spoiled, code in (
        *_person(scene),
        *_pins(scene),
        *_clock(scene),
        *_late(scene),
        *_signatures(scene),
        *_evidence(scene),
        *_scans(scene),
    ):
        yield Spoiled(ENGINE, what, spoiled, code)


def _need(guard: str, need: Any, scene: Scene) -> Iterator[Spoiled]:
    if isinstance(need, Gate):
        passed = need.until is not None and need.until in scene.course.facts
        for place, part in enumerate(() if passed else need.parts):
            for what, spoiled, _ in spoil_need(part.need, scene):
                yield Spoiled(f"{guard}.parts[{place}]", f"{part.name}: {what}", spoiled, Code.GATE_NOT_MET)
        return
    for what, spoiled, code in spoil_need(need, scene):
        yield Spoiled(guard, what, spoiled, code)


# --- attributes of a step


def _attributes(scene: Scene) -> Iterator[Spoiled]:
    step, actor = scene.step, scene.attempt.actor
    for role in (Role.ADMIN, Role.AUDITOR, Role.COURIER):
        if role not in step.by:
            other = scene.acting(role=role, roles=actor.roles | {role})
            yield Spoiled("by", f"acting as {role}", other, Code.ROLE_MISSING)
    for kind in sorted(set(PlaceKind) - step.at):
        yield Spoiled("at", f"at a {kind}", scene.acting(place_kind=kind), Code.PLACE_MISSING)
    for standing in sorted(set(Standing) - step.standing):
        yield Spoiled("standing", f"standing {standing}", scene.having(standing=standing), Code.WRONG_STATE)
    for place, move in enumerate(step.moves):
        for word in sorted(STATES[move.track] - move.sources):
            field = TRACKS[move.track]
            now = type(getattr(scene.course, field))(word)
            yield Spoiled(f"moves[{place}]", f"{move.track} {word}", scene.having(**{field: now}), Code.WRONG_STATE)
    yield from _holds(scene)


def _holds(scene: Scene) -> Iterator[Spoiled]:
    until, forbidden = scene.step.forbidden_until, sorted(scene.step.forbidden_by)
    for block in forbidden if until not in scene.course.facts else ():
        for what, held in _held(scene, block):
            yield Spoiled(f"forbidden_by[{block}]", what, held, Code.ON_HOLD)
    for block in forbidden[:1]:
        begun = scene if until is None else scene.knowing({until: True})
        hold = _hold(HoldScope.COURSE, str(scene.course.coi), HoldBlocks.EVERYTHING)
        more = begun.having(holds=(*scene.course.holds, hold))
        yield Spoiled(f"forbidden_by[{block}]", "a hold on everything", more, Code.ON_HOLD)


def _held(scene: Scene, block: HoldBlocks) -> Iterator[tuple[str, Scene]]:
    """The scene under a hold of every scope."""
    mine = scene.course.holds
    of_course = _hold(HoldScope.COURSE, str(scene.course.coi), block)
    yield f"a hold on {block}", scene.having(holds=(*mine, of_course))
    for scope in (HoldScope.PLACE, HoldScope.STUDY):
        yield f"a hold of the {scope} on {block}", scene.around(holds=(_hold(scope, "there", block),))
    for one in _handled(scene)[:1]:
        of_container = _hold(HoldScope.CONTAINER, one, block)
        yield f"a hold of a container on {block}", scene.having(holds=(*mine, of_container))


def _handled(scene: Scene) -> tuple[str, ...]:
    """Containers that are read, or are in the shipper that is."""
    read = [c.id for _, c in known(scene.attempt.scans) if c.kind is not ContainerKind.SHIPPER]
    packed = [c.id for c in scene.course.containers.values() if c.shipper] if scene.step.needs_of(ShipperScan) else []
    return (*read, *packed)


def _hold(scope: HoldScope, target: str, block: HoldBlocks) -> Hold:
    return Hold("hold-1", scope, target, (block,), AccountId("somebody"))


def _fields(scene: Scene) -> Iterator[Spoiled]:
    for field in scene.step.fields:
        if field.required:
            less = scene.saying(**{field.name: None})
            yield Spoiled(f"field[{field.name}]", f"{field.name} is not given", less, Code.EVIDENCE_MISSING)


# --- rules of the engine

Cases = Iterator[tuple[str, Scene, Code]]


def _person(scene: Scene) -> Cases:
    actor, course = scene.attempt.actor, scene.course
    yield "a role the person does not have here", scene.acting(roles=frozenset()), Code.ROLE_MISSING
    yield "no role", scene.acting(role=None), Code.ROLE_MISSING
    yield "a station nobody registered", scene.acting(station=None), Code.STATION_UNKNOWN
    yield "no place", scene.acting(place=None, place_kind=None), Code.PLACE_MISSING
    yield "training that has expired", scene.acting(trained_until=date(2000, 1, 1)), Code.TRAINING_EXPIRED
    yield "no training", scene.acting(trained_until=None), Code.TRAINING_EXPIRED
    for kind, own in ((PlaceKind.SITE, course.site), (PlaceKind.FACILITY, course.facility)):
        if actor.place_kind is kind and own is not None:
            yield f"at another {kind}", scene.acting(place=PlaceId(f"{kind}-other")), Code.PLACE_MISSING


def _pins(scene: Scene) -> Cases:
    other = Definition("other", "9", "0" * 64)
    yield "a course under another protocol", scene.having(protocol=other), Code.PROTOCOL_MISMATCH
    yield "a course under another process", scene.having(process=other), Code.PROTOCOL_MISMATCH
    limited = (*scene.step.needs_of(DoseDue), *scene.step.needs_of(DrugOpen), *scene.step.needs_of(PlanDayIsToday))
    if limited:
        gone = scene.knowing({"plan.regimen": "of an earlier version"})
        yield "a regimen that the protocol no longer has", gone, Code.PROTOCOL_MISMATCH
    on = On.PLACE if scene.step.on is not On.PLACE else On.STUDY
    if not scene.step.needs or scene.step.name != "register_subject":
        yield f"in the chain of a {on}", scene.having(chain=f"{on}/somewhere"), Code.WRONG_STATE


def _clock(scene: Scene) -> Cases:
    attempt = scene.attempt
    slow = scene.attempting(recorded_at=attempt.happened_at + LONG)
    yield "a clock that is slow, and no late entry", slow, Code.CLOCK_WRONG


def _late(scene: Scene) -> Cases:
    late = scene.attempting(late_reason="system_down", recorded_at=scene.attempt.happened_at + LONG)
    yield "a late entry that nobody else signs", late, Code.SIGNATURE_MISSING
    stranger = replace(_extra(scene, Meaning.LATE_ENTRY), roles=frozenset())
    strange = late.attempting(signers=(*scene.attempt.signers, stranger))
    yield "a late entry signed by somebody without a role here", strange, Code.SIGNATURE_MISSING
    if scene.step.moves:
        second = _extra(scene, Meaning.LATE_ENTRY)
        signed = late.attempting(signers=(*scene.attempt.signers, second))
        after = signed.done_at("record_temperature", scene.attempt.happened_at + timedelta(minutes=1))
        yield "a late entry from before the last step", after, Code.TOO_EARLY


def late_entry(scene: Scene) -> Scene:
    """The same attempt as a right late entry, signed by somebody else."""
    late = scene.attempting(late_reason="system_down", recorded_at=scene.attempt.happened_at + LONG)
    return late.attempting(signers=(*scene.attempt.signers, _extra(scene, Meaning.LATE_ENTRY)))


def _extra(scene: Scene, meaning: Meaning) -> Signer:
    return Signer(AccountId("third"), "Third Person", meaning, scene.attempt.happened_at, True, frozenset(Role))


def _signatures(scene: Scene) -> Cases:
    signers = scene.attempt.signers
    for one in signers:
        others = tuple(s for s in signers if s is not one)
        failed = scene.attempting(signers=(*others, replace(one, authentic=False)))
        yield f"a wrong password of {one.name}", failed, Code.SIGNATURE_FAILED
        untrained = scene.attempting(signers=(*others, replace(one, trained=False)))
        yield f"{one.name} signs untrained", untrained, Code.TRAINING_EXPIRED
    asked = {s.meaning for s in signers}
    odd = next(m for m in Meaning if m not in asked and m is not Meaning.LATE_ENTRY)
    more = scene.attempting(signers=(*signers, _extra(scene, odd)))
    yield "a signature nobody asked for", more, Code.SIGNATURE_UNEXPECTED


def _evidence(scene: Scene) -> Cases:
    yield "evidence nobody asked for", scene.saying(surprise="yes"), Code.EVIDENCE_UNEXPECTED
    for field in scene.step.fields:
        yield f"{field.name} of another shape", scene.saying(**{field.name: [[]]}), Code.VALUE_OUT_OF_RANGE


def _scans(scene: Scene) -> Cases:
    if not scene.attempt.scans:
        return
    stranger = Scanned("LSTRANGER", scene.attempt.scans[0].how, fault=Code.UNKNOWN_LABEL)
    yield "one more label nobody issued", scene.also_reading(stranger), Code.UNKNOWN_LABEL
    for scan, one in known(scene.attempt.scans):
        if one.kind is ContainerKind.SHIPPER:
            continue
        yield f"{one.kind} read twice", scene.reading(scan, scan, scan), Code.DUPLICATE_SCAN
        for label, code in (
            (LabelState.SUPERSEDED, Code.LABEL_SUPERSEDED),
            (LabelState.VOID, Code.LABEL_VOID),
            (LabelState.DESTROYED, Code.LABEL_VOID),
            (LabelState.RETURNED, Code.LABEL_VOID),
            (LabelState.EXPIRED, Code.LABEL_VOID),
        ):
            yield f"a {label} label on {one.kind}", scene.reading(scan, replace(scan, label=label)), code
        yield from _strangers(scene, scan)


def _strangers(scene: Scene, scan: Scanned) -> Cases:
    """In place of the right container: no label, half a label, another's container, another sort of container."""
    one = scan.container
    assert one is not None  # noqa: S101  the caller looked
    empty = never_was(scene, one)
    misread = Scanned(scan.raw, scan.how, scan.part)
    for fault in (Code.UNKNOWN_LABEL, Code.MALFORMED_LABEL):
        yield f"{fault} for {one.kind}", empty.reading(scan, replace(misread, fault=fault)), fault
    theirs = replace(one, id=ContainerId(f"COTHER/{one.kind}/1"), coi="COTHER", serial="LTHEIRS")
    foreign = replace(scan, serial="LTHEIRS", raw="LTHEIRS", container=theirs)
    band = one.kind is ContainerKind.WRISTBAND
    other = empty.reading(scan, replace(foreign, subject=SubjectNumber("S-OTHER")))
    yield f"{one.kind} of another subject", other, Code.WRONG_SUBJECT if band else Code.WRONG_COURSE
    mine = scene.course.subject.number if scene.course.subject else None
    same = empty.reading(scan, replace(foreign, subject=mine))
    yield f"{one.kind} of another course of the same subject", same, Code.SAME_SUBJECT_OTHER_COURSE
    shipper = replace(one, id=ContainerId("shipper/ODD"), coi=None, kind=ContainerKind.SHIPPER, serial="LODD")
    if not scene.step.needs_of(ShipperScan):
        odd = empty.reading(scan, replace(scan, serial="LODD", raw="LODD", container=shipper))
        yield f"a shipper in place of {one.kind}", odd, Code.WRONG_CONTAINER_KIND
