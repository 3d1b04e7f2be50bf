"""Decide and evolve: the only place where an attempt becomes a fact. Pure: no database, clock or network.

Every path refuses unless all holds. A refusal carries every reason at once and is an event like any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from coi_tracker.course import (
    Attempt,
    Course,
    Decision,
    Definition,
    Done,
    Event,
    Hold,
    Performed,
    Reason,
    Refused,
    Signer,
    Touch,
)
from coi_tracker.process.custody import contents
from coi_tracker.process.enrolment import Identified
from coi_tracker.process.look import Look, NotInProtocol, read_evidence, reason, write_field
from coi_tracker.process.scans import ShipperScan, assign, expired, fault_of, faults
from coi_tracker.process.signing import SecondSigns, Signs, signature_faults
from coi_tracker.process.spec import Need, On, Process, Step
from coi_tracker.protocols.model import Protocol
from coi_tracker.vocabulary import HoldBlocks, HoldScope, LabelState, Meaning, Track
from coi_tracker.vocabulary import ReasonCode as Code

TRACKS = {
    Track.MATERIAL: "material",
    Track.DISPOSITION: "disposition",
    Track.TREATMENT: "treatment",
    Track.STANDING: "standing",
}


def decide(process: Process, protocol: Protocol, course: Course, attempt: Attempt) -> Decision:
    """Whether the attempt is performed or refused, as the event the record will keep.

    Raises nothing for a wrong attempt: an unknown step is refused as well.
    """
    step = process.step(attempt.step)
    if step is None:
        return _refused(course, attempt, [reason(Code.WRONG_STATE, "a step of the process", attempt.step)])
    look, reasons = _look(step, protocol, course, attempt)
    reasons += [*_pinned(process, look), *_unmet(look)]
    if reasons:
        return _refused(course, attempt, _first_causes(_once(reasons)), look)
    return Performed(_performed(process, look))


def evolve(process: Process, course: Course, event: Event) -> Course:
    """The course after an event. Looks at nothing but the course and the entry; a refusal changes nothing else."""
    if event.kind == "performed":
        course = _applied(process, course, event)
    elif event.kind == "label_printed":
        course = _printed(course, event)
    return course


def _printed(course: Course, event: Event) -> Course:
    """The labels that came out are printed. One that was scanned back meanwhile, or is dead, stays what it is."""
    for serial in event.evidence["labels"]:
        label = course.labels.get(serial)
        if label is None or label.state is not LabelState.ISSUED:
            continue
        course = course.with_label(replace(label, state=LabelState.PRINTED))
        container = course.containers[label.container]
        if container.serial == serial:
            course = course.with_container(replace(container, label=LabelState.PRINTED))
    return course


def _applied(process: Process, course: Course, event: Event) -> Course:
    step = process.steps[event.step]
    for effect in step.effects:
        course = effect.apply(course, event)
    for move in step.moves:
        field = TRACKS[move.track]
        if move.to is not None:
            course = replace(course, **{field: type(getattr(course, field))(move.to)})
    signers = tuple(sorted(s.account for s in event.signers)) or (event.actor.account,)
    return replace(course, done={**course.done, step.name: Done(event.happened_at, event.id, signers)})


def _look(step: Step, protocol: Protocol, course: Course, attempt: Attempt) -> tuple[Look, list[Reason]]:
    evidence, reasons = read_evidence(step, attempt)
    seen = (expired(s, protocol.labels.verify_within, attempt.happened_at) for s in attempt.scans)
    scans = tuple(replace(s, fault=fault_of(course, s)) for s in seen)
    parts, astray, unread = assign(step, scans)
    reasons += faults(step, course, scans, astray)
    return Look(step, protocol, course, attempt, evidence, parts, unread), reasons


def _unmet(look: Look) -> Iterator[Reason]:
    yield from _person(look)
    yield from _clock(look)
    yield from _state(look)
    yield from _held(look)
    yield from signature_faults(look, _meanings(look))
    for need in look.step.needs:
        yield from _asked(need, look)


def _asked(need: Need, look: Look) -> Iterator[Reason]:
    """Why a need is not met. One that asks for what the protocol does not hold is not met either."""
    try:
        yield from need.unmet(look)
    except NotInProtocol as missing:
        wanted = f"{missing} in protocol {look.protocol.key} {look.protocol.version}, as this course has chosen"
        yield reason(Code.PROTOCOL_MISMATCH, wanted, "not there")


def _pinned(process: Process, look: Look) -> Iterator[Reason]:
    """The course is decided under the definitions it is pinned to, and in a chain of the sort the step is for."""
    course, protocol = look.course, look.protocol
    if (course.process.key, course.process.version) != (process.key, process.version):
        wanted = f"process {course.process.key} {course.process.version} of this course"
        yield reason(Code.PROTOCOL_MISMATCH, wanted, f"{process.key} {process.version}")
    if course.protocol.digest != protocol.digest:
        wanted = f"protocol {course.protocol.key} {course.protocol.version} of this course"
        yield reason(Code.PROTOCOL_MISMATCH, wanted, f"{protocol.key} {protocol.version}")
    wanted_chain = f"{look.step.on}/{course.coi or ''}"
    if not course.chain.startswith(wanted_chain) or (look.step.on is On.COURSE) is (course.coi is None):
        yield reason(Code.WRONG_STATE, f"a chain of a {look.step.on}", course.chain)


def _person(look: Look) -> Iterator[Reason]:
    actor, step = look.attempt.actor, look.step
    if actor.station is None:
        yield reason(Code.STATION_UNKNOWN, "a registered station of the place", "not registered")
    if actor.place is None or actor.place_kind not in step.at:
        yield reason(Code.PLACE_MISSING, "at a " + " or ".join(sorted(step.at)), str(actor.place_kind or "no place"))
    if actor.role is None or actor.role not in step.by or actor.role not in actor.roles:
        has = ", ".join(sorted(actor.roles)) or "none"
        yield reason(Code.ROLE_MISSING, " or ".join(sorted(step.by)), f"acting as {actor.role}; has here: {has}")
    elif actor.trained_until is None or actor.trained_until < look.today:
        yield reason(Code.TRAINING_EXPIRED, f"training as {actor.role} valid on {look.today}", str(actor.trained_until))
    yield from _own_place(look)


def _own_place(look: Look) -> Iterator[Reason]:
    """A site acts on its own subjects, a facility on its own courses."""
    kind, place, course = look.attempt.actor.place_kind, look.attempt.actor.place, look.course
    if kind == "site" and course.site is not None and place != course.site:
        yield reason(Code.PLACE_MISSING, f"at {course.site}", str(place))
    if kind == "facility" and course.facility is not None and place != course.facility:
        yield reason(Code.PLACE_MISSING, f"at {course.facility}", str(place))


def _clock(look: Look) -> Iterator[Reason]:
    attempt = look.attempt
    skew = attempt.recorded_at - attempt.happened_at
    slack = look.protocol.clock.tolerance
    if -skew > slack or (attempt.late_reason is None and skew > slack):
        seen = f"{skew.total_seconds():.0f} s from the server's time"
        yield reason(Code.CLOCK_WRONG, f"at most {slack.total_seconds():.0f} s, or a late entry with a reason", seen)
    if attempt.late_reason is None:
        return
    late = [s for s in attempt.signers if s.meaning is Meaning.LATE_ENTRY and s.account != attempt.actor.account]
    if not any(s.roles for s in late):
        wanted = "a late entry: a second person, with a role here, signs late_entry"
        yield reason(Code.SIGNATURE_MISSING, wanted, "nobody")
    last = max((d.at for d in look.course.done.values()), default=None)
    if last is not None and attempt.happened_at < last and look.step.moves:
        yield reason(
            Code.TOO_EARLY,
            f"not before the last recorded step ({last:%Y-%m-%d %H:%M} UTC)",
            str(attempt.happened_at),
        )


def _state(look: Look) -> Iterator[Reason]:
    if look.course.standing not in look.step.standing:
        words = " or ".join(sorted(look.step.standing))
        yield reason(Code.WRONG_STATE, f"standing {words}", look.course.standing)
    for move in look.step.moves:
        now = look.course.state_of(move.track)
        if now not in move.sources:
            yield reason(Code.WRONG_STATE, f"{move.track}: {' or '.join(sorted(move.sources))}", now)


def _held(look: Look) -> Iterator[Reason]:
    if not look.step.forbidden_by:
        return
    passed = look.step.forbidden_until is not None and look.step.forbidden_until in look.course.facts
    blocks = frozenset() if passed else look.step.forbidden_by
    read = {s.container.id for s in look.attempt.scans if s.container is not None}
    if look.step.needs_of(ShipperScan):
        read |= {c.id for c in contents(look.course)}  # who hands over a shipper hands over all that is in it
    for hold in (*look.course.holds, *look.attempt.around.holds):
        concerns = hold.scope is not HoldScope.CONTAINER or hold.target in read
        if concerns and (HoldBlocks.EVERYTHING in hold.blocks or blocks & set(hold.blocks)):
            words = ", ".join(sorted(hold.blocks))
            yield reason(Code.ON_HOLD, f"no hold on {hold.scope} {hold.target}", f"hold {hold.id} blocks {words}")


def _meanings(look: Look) -> frozenset[Meaning]:
    asked = {n.meaning for n in (*look.step.needs_of(Signs), *look.step.needs_of(SecondSigns))}
    return frozenset(asked | ({Meaning.LATE_ENTRY} if look.attempt.late_reason is not None else set()))


def _once(reasons: list[Reason]) -> list[Reason]:
    """Each reason once, in the order found."""
    return list(dict.fromkeys(reasons))


FOLLOWS = {Code.PLACE_MISSING: frozenset({Code.WRONG_CUSTODIAN, Code.EQUIPMENT_UNFIT})}
"""What is only so because of something else: at the wrong place, nothing is in the custody of the place."""


def _first_causes(reasons: list[Reason]) -> list[Reason]:
    """The reasons without those that only follow from another one: they would send people the wrong way."""
    found = {r.code for r in reasons}
    mere = {code for cause, follows in FOLLOWS.items() if cause in found for code in follows}
    return [r for r in reasons if r.code not in mere]


def _performed(process: Process, look: Look) -> Event:
    fields = {f.name: f for f in look.step.fields}
    evidence = {name: write_field(fields[name], value) for name, value in look.evidence.items()}
    for effect in look.step.effects:
        evidence |= effect.note(look)
    if look.step.needs_of(Identified) and look.attempt.around.identified:
        evidence["identified"] = sorted(look.attempt.around.identified)
    draft = _event(look.course, look.attempt, "performed", evidence, _touches(look), ())
    if look.step.name == "open_course":
        draft = replace(draft, chain=f"course/{look.attempt.fresh_coi}", course=look.attempt.fresh_coi)
    after = evolve(process, look.course, draft)
    touches = tuple(
        replace(t, state=after.containers[t.id].state) if t.id in after.containers else t for t in draft.containers
    )
    return replace(draft, containers=touches)


def _touches(look: Look) -> tuple[Touch, ...]:
    part_of = {id(s): part for part, scans in look.parts.items() for s in scans}
    found = [
        Touch(s.container.id, s.serial or "", part_of[id(s)], s.how, s.container.state)
        for scans in look.parts.values()
        for s in scans
        if s.container is not None
    ]
    shipper = look.attempt.around.shipper
    if shipper is not None and look.step.needs_of(ShipperScan):
        read = next((s for s in look.attempt.scans if s.serial == shipper.serial), None)
        if read is not None and read.container is not None:
            found.append(Touch(shipper.id, shipper.serial, "shipper", read.how, read.container.state))
    return tuple(found)


def refuse(course: Course, attempt: Attempt, reasons: list[Reason]) -> Refused:
    """A refusal for reasons found outside: nothing known to decide about, or a row that somebody else took."""
    return _refused(course, attempt, reasons)


def _refused(course: Course, attempt: Attempt, reasons: list[Reason], look: Look | None = None) -> Refused:
    touches = () if look is None else _touches(look)
    return Refused(_event(course, attempt, "refused", _harmless(attempt), touches, tuple(reasons)))


def _harmless(attempt: Attempt) -> dict[str, object]:
    """What was claimed, kept as text: a refused attempt may hold anything."""
    kept = {str(k)[:60]: ascii(v)[:200] for k, v in list(attempt.evidence.items())[:40]}
    raw = [s.raw[:160] for s in attempt.scans[:60]]
    found: dict[str, object] = {"claimed": kept} if kept else {}
    return found | ({"read": raw} if raw else {})


def _event(
    course: Course,
    attempt: Attempt,
    kind: str,
    evidence: dict[str, object],
    touches: tuple[Touch, ...],
    reasons: tuple[Reason, ...],
) -> Event:
    extra: dict[str, object] = {}
    if attempt.late_reason is not None:
        extra["late_reason"] = attempt.late_reason
    if attempt.comment is not None:
        extra["comment"] = attempt.comment
    return Event(
        id=attempt.id,
        chain=course.chain,
        course=course.coi,
        kind=kind,
        step=attempt.step,
        process=course.process,
        protocol=course.protocol,
        happened_at=attempt.happened_at,
        recorded_at=attempt.recorded_at,
        zone=attempt.zone,
        actor=attempt.actor,
        containers=touches,
        evidence={**evidence, **extra},
        signers=attempt.signers if kind == "performed" else _signed_once(attempt),
        reasons=reasons,
        refers_to=attempt.refers_to,
        software=attempt.software,
    )


def _signed_once(attempt: Attempt) -> tuple[Signer, ...]:
    """Who signed what is refused. Whoever signed twice stands once: the reasons say that it was twice."""
    return tuple({s.account: s for s in reversed(attempt.signers) if s.authentic}.values())[::-1]


def holds_that_forbid(step: Step, holds: tuple[Hold, ...]) -> tuple[Hold, ...]:
    """The holds that forbid a step, for screens that say so before anybody tries."""
    return tuple(
        h for h in holds if step.forbidden_by & {*h.blocks} or (step.forbidden_by and HoldBlocks.EVERYTHING in h.blocks)
    )


def definition_of(protocol: Protocol) -> Definition:
    """How an entry names a protocol."""
    return Definition(protocol.key, protocol.version, protocol.digest)
