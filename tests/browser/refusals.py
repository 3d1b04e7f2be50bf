"""How somebody at a screen meets each reason for a refusal: what she does, on which course, until the screen is red.

What leads up to it is done without a screen. Each way gives what is seen at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from coi_tracker.course import Course
from coi_tracker.identity import CoiId, LabelSerial, ScanPayload
from coi_tracker.services import available, setup
from coi_tracker.services.changes import INSTALLER, new_event_id
from coi_tracker.simulation.intent import Intent
from coi_tracker.simulation.walking import Waiting, Walk, run
from coi_tracker.vocabulary import Command, ContainerKind, Role
from coi_tracker.vocabulary import ReasonCode as Code
from tests.browser.scans import Seen, Wedge, Wedges
from tests.functional import floor_world
from tests.functional.floor_world import World, payload
from tests.functional.station import Station

BY: dict[str, Any] = {"by": INSTALLER, "reason": "for a test"}


@dataclass
class Shop:
    """A world of courses, and the devices in it."""

    world: World
    wedges: Wedges

    def chain(self, chain: str) -> Course:
        return available.state_of(self.world.record, chain) or self.world.premises.new_chain(chain)

    def intend(self, course: Course, step: str, **wishes: Any) -> Intent:
        return self.wedges.intend(course, step, **wishes)

    def record(self, course: Course, step: str, **wishes: Any) -> None:
        self.wedges.do_without(course, step, **wishes)

    def beginning(self, number: str, step: str, *before: str, **who: Any) -> Wedge:
        """A device at which somebody has begun a step, and scanned some things."""
        course = self.world.course(number)
        intent = replace(self.intend(course, step), **who)
        station = Station.of(self.world.record, self.world.premises, intent.account, intent.place)
        station.begin(intent, course)
        for code in before:
            station.scan(code)
        return self.wedges.at(intent.place, intent.account)

    def signing(self, intent: Intent, course: Course) -> Wedge:
        """A device at which everything was scanned, and confirmed."""
        station = Station.of(self.world.record, self.world.premises, intent.account, intent.place)
        station.begin(intent, course)
        station.fill_in(intent, course)
        device = self.wedges.at(intent.place, intent.account)
        device.order(Command.CONFIRM)
        return device

    def handed_in(self, course: Course, step: str, change: dict[str, Any] | None = None, **wishes: Any) -> Seen:
        """Everything is answered, one thing otherwise than it should be; confirmed and signed on the screen."""
        intent = self.intend(course, step, **wishes)
        intent = replace(intent, evidence={**intent.evidence, **(change or {})})
        device = self.signing(intent, course)
        assert device.seen is not None
        return self.wedges.sign(device, intent, device.seen)

    def code(self, number: str, kind: ContainerKind, nth: int = 0) -> str:
        return payload(self.world.containers(number, kind)[nth])

    def enrolled(self, number: str, story: Callable[[Walk], Waiting]) -> Walk:
        """Somebody new at the first site."""
        premises = self.world.premises
        premises.site = self.world.course(floor_world.PREPARED).site
        walk = Walk(self.world.record, premises, premises.new_chain(f"subject/{number}"), premises.new_site())
        run(self.world.record, story(walk))
        return walk


Way = Callable[[Shop], Seen]
WAYS: dict[Code, Way] = {}
JAR = ContainerKind.TISSUE_JAR
PREPARED = floor_world.PREPARED


def way(*codes: Code) -> Callable[[Way], Way]:
    """Marks a way to these reasons."""

    def marked(function: Way) -> Way:
        WAYS.update(dict.fromkeys(codes, function))
        return function

    return marked


# --- what is scanned


def scanning(code: Code, what: Callable[[Shop], str], step: str = "procure_tissue", number: str = PREPARED) -> None:
    """The way on which the wrong thing is scanned into a step."""

    def found(shop: Shop) -> Seen:
        wrong = what(shop)
        return shop.beginning(number, step).read(wrong)

    WAYS[code] = found


def labels_of(shop: Shop, kind: ContainerKind, *, count: int, verified: bool = True) -> str:
    """New labels; what the last one says."""
    course = shop.world.course(PREPARED)
    shop.record(course, "issue_labels", kind=str(kind), count=count, place=course.site)
    if verified:
        shop.record(shop.world.course(PREPARED), "verify_label", place=course.site)
    return shop.code(PREPARED, kind, -1)


def voided(shop: Shop) -> str:
    """A label that was good once."""
    jar = shop.world.containers(PREPARED, JAR)[2]
    shop.record(shop.world.course(PREPARED), "void_label", container=jar.id, place=jar.holder)
    return payload(jar)


def reprinted(shop: Shop) -> str:
    """A label that has been replaced."""
    jar = shop.world.containers(PREPARED, JAR)[1]
    shop.record(shop.world.course(PREPARED), "reprint_label", container=jar.id, place=jar.holder)
    return payload(jar)


def held(shop: Shop) -> str:
    """A jar that is on hold."""
    course, jar = shop.world.course(floor_world.NEIGHBOUR), shop.world.containers(floor_world.NEIGHBOUR, JAR)[0]
    shop.record(course, "place_hold", place=course.site, container=jar.id, blocks=["procurement"])
    return payload(jar)


def of_an_earlier_course(shop: Shop) -> str:
    """A jar of the same person's first course."""
    old = next(c for c in shop.world.all_of(floor_world.AGAIN) if c.standing == "terminated")
    return payload(old.of_kind(JAR)[0])


scanning(Code.UNKNOWN_LABEL, lambda _: ScanPayload(CoiId.issue(), LabelSerial.issue()).format())
scanning(Code.MALFORMED_LABEL, lambda s: s.code(PREPARED, JAR)[:-2])
scanning(Code.LABEL_VOID, voided)
scanning(Code.LABEL_SUPERSEDED, reprinted)
scanning(Code.WRONG_COURSE, lambda s: s.code(floor_world.NEIGHBOUR, JAR))
scanning(Code.WRONG_SUBJECT, lambda s: s.code(floor_world.NEIGHBOUR, ContainerKind.WRISTBAND))
scanning(Code.SAME_SUBJECT_OTHER_COURSE, of_an_earlier_course, number=floor_world.AGAIN)
scanning(Code.WRONG_CONTAINER_KIND, lambda s: next(iter(s.world.premises.equipment_codes.values()))[0])
scanning(Code.ON_HOLD, held, number=floor_world.NEIGHBOUR)
scanning(Code.LABEL_NOT_VERIFIED, lambda s: labels_of(s, JAR, count=1, verified=False))


@way(Code.WRONG_CUSTODIAN)
def at_the_wrong_place(shop: Shop) -> Seen:
    """A label that lies at the site is scanned back at the facility."""
    code = labels_of(shop, JAR, count=1, verified=False)
    facility = shop.world.course(PREPARED).facility
    operator = next(w for w in shop.world.premises.workers if w.role is Role.OPERATOR and w.place == facility)
    return shop.beginning(PREPARED, "verify_label", account=operator.account, place=facility).read(code)


@way(Code.DUPLICATE_SCAN)
def twice(shop: Shop) -> Seen:
    jar = shop.code(PREPARED, JAR)
    return shop.beginning(PREPARED, "procure_tissue", jar).read(jar)


@way(Code.WRONG_CONTAINER_STATE, Code.UNEXPECTED_CONTAINER)
def wristbands(shop: Shop) -> Seen:
    """One that somebody wears already; and one more than a patient has wrists for."""
    worn = shop.code(PREPARED, ContainerKind.WRISTBAND)
    labels_of(shop, ContainerKind.WRISTBAND, count=2)
    device = shop.beginning(PREPARED, "apply_wristband")
    first = device.read(worn)
    device.read(shop.code(PREPARED, ContainerKind.WRISTBAND, 1))
    second = device.read(shop.code(PREPARED, ContainerKind.WRISTBAND, 2))
    return replace(second, refusal=first.refusal + second.refusal)


@way(Code.LOT_UNKNOWN, Code.EQUIPMENT_UNFIT)
def supplies(shop: Shop) -> Seen:
    """A lot nobody knows, a machine of another place."""
    things = [payload(c) for k in (JAR, ContainerKind.FLASK) for c in shop.world.containers(floor_world.INSIDE, k)]
    device = shop.beginning(floor_world.INSIDE, "start_first_expansion", *things)
    facility = str(shop.world.course(floor_world.INSIDE).facility)
    elsewhere = next(c for (p, _), cs in shop.world.premises.equipment_codes.items() if p != facility for c in cs)
    for key, text in (("field.fragments", "40"), ("field.suite", f"{facility}/suite-1")):
        while device.look().asks != key:
            device.order(Command.NEXT)
        device.read(text)
    told = device.read("LOT-OF-NOBODY").refusal
    last = device.read(elsewhere)
    return replace(last, refusal=told + last.refusal)


def answering(code: Code, step: str, number: str, **wrong: str) -> None:
    """The way on which an answer is refused as soon as it is given."""

    def found(shop: Shop) -> Seen:
        course = shop.world.course(number)
        intent = shop.intend(course, step)
        return shop.wedges.do(replace(intent, evidence={**intent.evidence, **wrong}), course)

    WAYS[code] = found


answering(Code.SEAL_MISMATCH, "release_to_courier", floor_world.PACKED, seal="another")
answering(Code.LINE_NOT_CLEAR, "clear_line", floor_world.SHIPPED, suite="fac-east/suite-1")


# --- who signs


@way(Code.ROLE_MISSING, Code.PLACE_MISSING)
def not_her_step(shop: Shop) -> Seen:
    site = str(shop.world.course(PREPARED).site)
    nurse = next(w for w in shop.world.premises.workers if w.role is Role.NURSE and w.place == site)
    device = shop.wedges.at(site, nurse.account)
    device.read(str(shop.world.course(PREPARED).coi))
    return device.order(Command.STEP, "book_slot")


@way(Code.TRAINING_EXPIRED)
def untrained(shop: Shop) -> Seen:
    course, premises = shop.world.course(floor_world.INSIDE), shop.world.premises
    today = premises.today(course.facility)  # type: ignore[arg-type]
    one = next(w for w in premises.people(Role.OPERATOR, course.facility) if w.until < today)  # type: ignore[arg-type]
    return shop.wedges.do(replace(shop.intend(course, "record_environment"), account=one.account), course)


@way(Code.SIGNATURE_FAILED, Code.SAME_SIGNER)
def signatures(shop: Shop) -> Seen:
    """A wrong password; and the first person twice."""
    course = shop.world.course(floor_world.FAR)
    intent = shop.intend(course, "procure_tissue")
    device = shop.signing(intent, course)
    first = device.password("not the password")
    device.press("Escape")
    device.password()
    second = device.read(shop.wedges.badge(intent.account))
    return replace(second, refusal=first.refusal + second.refusal)


# --- what is handed in


def handing_in(code: Code, step: str, number: str, change: dict[str, Any] | None = None) -> None:
    """The way on which a step is handed in with everything given, when it cannot be, or with one wrong answer."""
    WAYS[code] = lambda shop: shop.handed_in(shop.world.course(number), step, change)


handing_in(Code.MISSING_CONTAINER, "release_to_courier", floor_world.PACKED, {"count": 1})
handing_in(
    Code.TEMPERATURE_OUT_OF_RANGE, "receive_product", floor_world.SHIPPED,
    {"temperature_high": {"value": "-90", "unit": "Cel"}},
)  # fmt: skip
handing_in(Code.VALUE_OUT_OF_RANGE, "start_first_expansion", floor_world.INSIDE, {"fragments": 4000})
handing_in(Code.RESULTS_OPEN, "release_product", floor_world.INSIDE)
handing_in(Code.GATE_NOT_MET, "start_lymphodepletion", floor_world.SHIPPED)
handing_in(Code.RECONCILIATION_OPEN, "close_course", PREPARED)
handing_in(Code.WRONG_STATE, "start_lymphodepletion", PREPARED)
handing_in(Code.PLAN_CONFLICT, "plan_treatment", floor_world.SHIPPED, {"infusion_at": "2026-04-29T15:45:00.000000Z"})


@way(Code.DEVIATION_OPEN)
def with_a_deviation(shop: Shop) -> Seen:
    course = shop.world.course(floor_world.SHIPPED)
    shop.record(course, "open_deviation", severity="critical", place=course.facility)
    return shop.handed_in(shop.world.course(floor_world.SHIPPED), "release_product")


@way(Code.COURSE_OPEN)
def another_course(shop: Shop) -> Seen:
    return shop.handed_in(shop.chain(f"subject/{PREPARED}"), "open_course")


@way(Code.COHORT_MISMATCH)
def another_cohort(shop: Shop) -> Seen:
    return shop.handed_in(shop.chain(f"subject/{PREPARED}"), "assign_cohort", {"cohort": "cohort_2"})


@way(Code.ALREADY_RECORDED)
def registered_twice(shop: Shop) -> Seen:
    course = shop.chain(f"subject/{PREPARED}")
    return shop.handed_in(course, "register_subject", place=shop.world.course(PREPARED).site)


@way(Code.REFERENCE_UNKNOWN)
def corrected_what_is_not(shop: Shop) -> Seen:
    course = shop.world.course(PREPARED)
    intent = replace(shop.intend(course, "correct"), refers_to=new_event_id(shop.world.record))
    device = shop.signing(intent, course)
    assert device.seen is not None
    return shop.wedges.sign(device, intent, device.seen)


@way(Code.NOT_ELIGIBLE)
def not_eligible(shop: Shop) -> Seen:
    def story(s: Walk) -> Waiting:
        yield from s.do("register_subject", place=s.site)
        yield from s.do("record_eligibility")
        yield from s.do("assign_cohort")
        yield from s.do("record_eligibility", answers={"adult": "not_met"})

    return shop.handed_in(shop.enrolled("S-101", story).subject, "open_course")


@way(Code.CAPACITY_FULL)
def slots(shop: Shop) -> Seen:
    """A day on which the facility has no room any more."""
    course = shop.enrolled("S-102", lambda s: s.enrol()).mine
    intent = shop.intend(course, "book_slot")
    east = shop.world.premises.places[course.facility]  # type: ignore[index]
    setup.put_place(
        shop.world.record, east.id, kind=east.kind, name=east.name, country=east.country, zone=east.zone,
        daily_capacity=0, **BY,
    )  # fmt: skip
    device = shop.signing(intent, course)
    assert device.seen is not None
    return device.seen


@way(Code.TOO_EARLY)
def before_the_step_before_it(shop: Shop) -> Seen:
    """A late entry: the shipper was handed over before it was packed."""
    course = shop.world.course(floor_world.PACKED)
    intent = shop.intend(course, "release_to_courier")
    device = shop.signing(intent, course)
    device.order(Command.LATE)
    early = shop.world.record.clock() - timedelta(days=80)
    answers = {"entry.happened_at": early.isoformat(), "entry.late_reason": "no network"}
    while (key := device.look().asks) in answers:
        device.read(answers[str(key)])
    device.order(Command.CONFIRM)
    device.password()
    device.read(shop.wedges.badge(shop.world.other(Role.NURSE, intent.place)))
    return device.password()


@way(Code.TOO_LATE)
def on_the_road_for_too_long(shop: Shop) -> Seen:
    for step in ("release_to_courier", "accept_by_courier"):
        shop.record(shop.world.course(floor_world.PACKED), step)
    shop.world.record.clock.forward(timedelta(hours=60))  # type: ignore[attr-defined]
    return shop.handed_in(shop.world.course(floor_world.PACKED), "receive_tissue")


@way(Code.ENROLMENT_FULL)
def closed(shop: Shop) -> Seen:
    setup.set_study_open(shop.world.record, shop.world.premises.study, is_open=False, **BY)
    return shop.handed_in(shop.chain("subject/S-103"), "register_subject", place=shop.world.course(PREPARED).site)


@way(Code.LOT_EXPIRED)
def old_lot(shop: Shop) -> Seen:
    """A year and a half later."""
    device = shop.beginning(floor_world.INSIDE, "start_first_expansion")
    shop.world.record.clock.forward(timedelta(days=500))  # type: ignore[attr-defined]
    assert device.seen is not None
    intent = shop.intend(shop.world.course(floor_world.INSIDE), "start_first_expansion", lots=["LOT-media-1"])
    return shop.wedges.do(intent, shop.world.course(floor_world.INSIDE))
