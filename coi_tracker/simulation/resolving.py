"""From an intent to an attempt: labels looked up in every course, and what is around read, as the services do it.

Knows the bench and no step: everything is looked up that any step could ask for.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from coi_tracker.course import (
    AccountId,
    Actor,
    Around,
    Attempt,
    Container,
    ContainerId,
    Course,
    DayLoad,
    Hold,
    OtherCourse,
    PlaceId,
    Scanned,
    Shipper,
    Signer,
    SuiteUse,
)
from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import read_scan
from coi_tracker.simulation.cast import EQUIPMENT, FAR_DAY, LOTS, PEOPLE, PLACES
from coi_tracker.simulation.intent import Intent, ScanIntent
from coi_tracker.vocabulary import (
    FINAL_STATES,
    OPEN_LABELS,
    ContainerKind,
    ContainerState,
    LabelState,
    Meaning,
    ReasonCode,
)

if TYPE_CHECKING:
    from coi_tracker.simulation.bench import Bench

SERIALS_FOR = {"issue_labels": 50, "reprint_label": 1}


def resolve(bench: Bench, intent: Intent, course: Course) -> Attempt:
    """The attempt as the engine judges it."""
    fresh = SERIALS_FOR.get(intent.step, 0)
    if fresh > 1:
        count = intent.evidence.get("count")
        fresh = count if isinstance(count, int) and 0 < count <= fresh else 0
    return Attempt(
        id=bench.next_id(),
        step=intent.step,
        actor=actor_of(intent),
        happened_at=intent.at,
        recorded_at=intent.recorded_at or intent.at,
        zone=PLACES[intent.place].zone,
        scans=tuple(scanned(bench, one, course) for one in intent.scans),
        evidence=dict(intent.evidence),
        signers=tuple(signer_of(intent, account, meaning) for account, meaning in intent.signers),
        late_reason=intent.late_reason,
        refers_to=intent.refers_to,
        around=_around(bench, intent, course),
        fresh_coi=bench.coi() if intent.step == "open_course" else None,
        fresh_serials=tuple(bench.serial() for _ in range(fresh)),
        software="bench",
    )


def actor_of(intent: Intent) -> Actor:
    """The person as the record knows them, trained for ever."""
    person = PEOPLE[intent.account]
    return Actor(
        account=intent.account,
        name=person.name,
        role=intent.role,
        place=intent.place,
        place_kind=PLACES[intent.place].kind,
        station=f"station of {intent.place}",
        roles=frozenset({person.role} if person.place == intent.place else ()),
        trained_until=FAR_DAY,
    )


def signer_of(intent: Intent, account: AccountId, meaning: Meaning) -> Signer:
    """Somebody who signs with the right password."""
    person = PEOPLE[account]
    return Signer(account, person.name, meaning, intent.at, authentic=True, roles=frozenset({person.role}))


def scanned(bench: Bench, one: ScanIntent, course: Course) -> Scanned:
    """What the record knows of a label that was read."""
    if one.serial.startswith("SHIPPER"):
        return _shipper_scan(one)
    for other in _all(bench, course):
        label = other.labels.get(one.serial)
        if label is not None:
            return Scanned(
                raw=one.serial,
                how=one.how,
                part=one.part,
                serial=one.serial,
                label=label.state,
                replaced_by=label.replaced_by,
                container=other.containers[label.container],
                subject=other.subject.number if other.subject else None,
            )
    return Scanned(one.serial, one.how, one.part, fault=_misread(one.serial))


def _misread(raw: str) -> ReasonCode:
    try:
        read_scan(raw)
    except NotUnderstood:
        return ReasonCode.MALFORMED_LABEL
    return ReasonCode.UNKNOWN_LABEL


def _shipper_scan(one: ScanIntent) -> Scanned:
    container = Container(
        id=ContainerId(f"shipper/{one.serial}"),
        coi=None,
        kind=ContainerKind.SHIPPER,
        part=1,
        state=ContainerState.STORED,
        serial=one.serial,
        label=LabelState.APPLIED,
        holder=PlaceId("courier-swift"),
    )
    return Scanned(one.serial, one.how, one.part, one.serial, label=LabelState.APPLIED, container=container)


def _all(bench: Bench, course: Course) -> Iterator[Course]:
    yield course
    yield from (c for chain, c in bench.courses.items() if chain != course.chain)


def _around(bench: Bench, intent: Intent, course: Course) -> Around:
    return Around(
        enrolled=sum(1 for c in bench.courses.values() if c.coi is None and c.subject is not None),
        registered=course.subject is not None,
        identified=("birth_date", "name") if intent.identify else (),
        holds=tuple(_holds(bench, intent, course)),
        others=tuple(_others(bench, course)),
        lots=LOTS,
        equipment=EQUIPMENT,
        days=_days(bench, intent, course),
        suite=_suite(bench, intent, course),
        shipper=_shipper(bench, intent, course),
        places={p.id: p.kind for p in PLACES.values()},
        entries={d.event: step for step, d in course.done.items()},
        protocols=bench.later,
    )


def _holds(bench: Bench, intent: Intent, course: Course) -> Iterator[Hold]:
    places = {f"place/{p}" for p in (course.site, course.facility, intent.place) if p is not None}
    for chain in sorted(places | {f"study/{bench.protocol.key}"}):
        if chain in bench.courses and chain != course.chain:
            yield from bench.courses[chain].holds


def _others(bench: Bench, course: Course) -> Iterator[OtherCourse]:
    if course.subject is None:
        return
    for one in bench.courses.values():
        same = one.subject is not None and one.subject.number == course.subject.number
        if same and one.coi is not None and one.coi != course.coi:
            yield OtherCourse(one.coi, one.standing, infused(one), one.done["open_course"].at)


def infused(course: Course) -> bool:
    """Whether any of the product has gone into the patient."""
    return any(b.state is ContainerState.INFUSED for b in course.of_kind(ContainerKind.BAG))


def _days(bench: Bench, intent: Intent, course: Course) -> tuple[DayLoad, ...]:
    day = intent.evidence.get("day")
    try:
        first = date.fromisoformat(day) if isinstance(day, str) else None
    except ValueError:
        first = None
    return () if first is None else slot_loads(bench, course, first)


def slot_loads(bench: Bench, course: Course, first: date) -> tuple[DayLoad, ...]:
    """What the facility has on every process day of a course that is received on ``first``."""
    taken: dict[str, list[int]] = {}
    for other in bench.courses.values():
        if other.facility == course.facility:
            for day, position in other.facts.get("slot") or ():
                taken.setdefault(day, []).append(position)
    if course.manufacture is None:
        return ()
    days = (first + timedelta(days=d) for d in bench.protocol.manufactures[course.manufacture].process_days)
    return tuple(DayLoad(d, bench.capacity, tuple(taken.get(d.isoformat(), ())), closed=False) for d in days)


def _suite(bench: Bench, intent: Intent, course: Course) -> SuiteUse | None:
    suite: Any = intent.evidence.get("suite")
    if not isinstance(suite, str):
        return None
    others = [c for c in bench.courses.values() if c.coi is not None and c.coi != course.coi]
    claimed = [c.coi for c in (course, *others) if c.facts.get("line.suite") == suite]
    inside = [c for o in others for c in o.containers.values() if c.position == suite and c.state not in FINAL_STATES]
    labels = tuple(sorted(c.serial for c in inside if c.label in OPEN_LABELS))
    return SuiteUse(suite, claimed[0] if claimed else None, len(inside) - len(labels), labels)


def _shipper(bench: Bench, intent: Intent, course: Course) -> Shipper | None:
    serial = next((s.serial for s in intent.scans if s.serial.startswith("SHIPPER")), None)
    if serial is None:
        return None
    id_ = ContainerId(f"shipper/{serial}")
    loads = (c.coi for c in _all(bench, course) for one in c.containers.values() if one.shipper == id_)
    return Shipper(id_, serial, next(loads, None), bench.now + timedelta(days=10))
