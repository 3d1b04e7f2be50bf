"""How needs of enrolment, treatment and the infusion are spoiled."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from coi_tracker.course import OtherCourse, PlaceId
from coi_tracker.planning.regimen import amount_range
from coi_tracker.process.bedside import (
    BagGood,
    BagsHere,
    DispositionAllows,
    DoseDue,
    DrugOpen,
    Il2Due,
    NoOtherThawed,
    PlanDayIsToday,
    PlanFits,
    RecheckPasses,
    due_dose,
    regimen_of,
)
from coi_tracker.process.enrolment import (
    CohortFollows,
    CourseFollows,
    CriteriaAnswered,
    EligibleNow,
    EnrolmentOpen,
    Identified,
    NoOpenCourse,
    NotRegistered,
    OwnSubject,
    SlotFree,
)
from coi_tracker.process.look import read_instant, write_instant
from coi_tracker.simulation.spoil_scans import ELSEWHERE, known
from coi_tracker.simulation.spoiling import Found, Scene, spoil_need
from coi_tracker.simulation.values import failing, quantity
from coi_tracker.vocabulary import FINAL_STATES, ContainerKind, ContainerState, Disposition, LabelState, Standing
from coi_tracker.vocabulary import ReasonCode as Code

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@spoil_need.register
def _not_registered(need: NotRegistered, scene: Scene) -> Found:
    yield "registered already", scene.around(registered=True), Code.ALREADY_RECORDED


@spoil_need.register
def _own_subject(need: OwnSubject, scene: Scene) -> Found:
    yield "the number of another subject", scene.saying(subject="S-999"), Code.WRONG_SUBJECT
    yield "another site's subject", scene.saying(site=str(ELSEWHERE)), Code.PLACE_MISSING
    yield "another study", scene.saying(study="another"), Code.PROTOCOL_MISMATCH


@spoil_need.register
def _enrolment(need: EnrolmentOpen, scene: Scene) -> Found:
    yield "the study is closed", scene.around(study_open=False), Code.ENROLMENT_FULL
    yield "the study is full", scene.around(enrolled=scene.limit(need.limit)), Code.ENROLMENT_FULL


@spoil_need.register
def _criteria(need: CriteriaAnswered, scene: Scene) -> Found:
    answers = dict(scene.attempt.evidence["answers"])
    first = next(iter(answers))
    strict = next(c.key for c in scene.protocol.criteria if not c.waivable)
    open_ = next(c.key for c in scene.protocol.criteria if not c.may_be_outstanding)
    less = {k: v for k, v in answers.items() if k != first}
    yield "a criterion without an answer", scene.saying(answers=less), Code.EVIDENCE_MISSING
    for what, key, answer, code in (
        ("a criterion nobody asked for", "no_such_criterion", "met", Code.EVIDENCE_UNEXPECTED),
        ("a waiver the protocol does not allow", strict, "waived", Code.NOT_ELIGIBLE),
        ("outstanding where it may not be", open_, "outstanding", Code.NOT_ELIGIBLE),
        ("an answer that is none", first, "perhaps", Code.VALUE_OUT_OF_RANGE),
    ):
        more = scene.saying(answers={**answers, key: answer})
        yield what, more.saying(monitor_approval="agreed" if answer == "waived" else None), code
    for one in scene.protocol.criteria:
        if one.waivable:
            waived = scene.saying(answers={**answers, one.key: "waived"}, monitor_approval=None)
            yield "a waiver without the medical monitor", waived, Code.EVIDENCE_MISSING


@spoil_need.register
def _cohort(need: CohortFollows, scene: Scene) -> Found:
    given = scene.attempt.evidence
    other = next(c for c in scene.protocol.cohorts if c != given["cohort"])
    yield "a cohort that does not follow", scene.saying(cohort=other), Code.COHORT_MISMATCH
    denied = scene.saying(previous_course=not given["previous_course"])
    yield "a past that the record contradicts", denied, Code.COHORT_MISMATCH
    yield "a score that cannot be", scene.saying(tps=quantity(150, "%")), Code.VALUE_OUT_OF_RANGE
    elsewhere = [c.key for c in scene.protocol.criteria if given["cohort"] not in c.not_for]
    skipped = scene.knowing({"criteria.not_applicable": elsewhere[:1]})
    yield "a criterion of the cohort not applied", skipped, Code.NOT_ELIGIBLE


@spoil_need.register
def _eligible(need: EligibleNow, scene: Scene) -> Found:
    done = scene.course.done
    for step in ("record_eligibility", "assign_cohort"):
        yield f"no {step}", scene.done_at(step, None), Code.NOT_ELIGIBLE
    late = scene.done_at("record_eligibility", done["assign_cohort"].at + SECOND)
    yield "eligibility recorded anew after the cohort was assigned", late, Code.NOT_ELIGIBLE
    old = OtherCourse("COTHER", Standing.CLOSED, infused=False, opened_at=scene.attempt.happened_at)
    yield "eligibility of an earlier course", scene.around(others=(old,)), Code.NOT_ELIGIBLE


@spoil_need.register
def _no_open_course(need: NoOpenCourse, scene: Scene) -> Found:
    long_ago = scene.attempt.happened_at - 900 * DAY
    for standing in (Standing.ACTIVE, Standing.ON_HOLD, Standing.WITHDRAWN):
        other = OtherCourse("COTHER", standing, infused=False, opened_at=long_ago)
        yield f"another course is {standing}", scene.around(others=(other,)), Code.COURSE_OPEN


@spoil_need.register
def _course_follows(need: CourseFollows, scene: Scene) -> Found:
    other = {"resection": "core_biopsy", "core_biopsy": "resection"}[scene.attempt.evidence["route"]]
    yield "another route than the cohort's", scene.saying(route=other), Code.PROTOCOL_MISMATCH
    yield "another process than the cohort's", scene.saying(manufacture="another"), Code.PROTOCOL_MISMATCH
    yield "a facility nobody registered", scene.saying(facility="nowhere"), Code.PLACE_MISSING
    yield "a site as facility", scene.saying(facility=str(ELSEWHERE)), Code.PLACE_MISSING


@spoil_need.register
def _slot(need: SlotFree, scene: Scene) -> Found:
    loads, first = scene.attempt.around.days, date.fromisoformat(scene.attempt.evidence["day"])
    shut = (replace(loads[0], closed=True), *loads[1:])
    yield "the facility is closed", scene.around(days=shut), Code.PLAN_CONFLICT
    last = loads[-1]
    full = (*loads[:-1], replace(last, taken=tuple(range(1, last.capacity + 1))))
    yield "no position is free on one of the days", scene.around(days=full), Code.CAPACITY_FULL
    yield "a day nobody looked at", scene.around(days=loads[:-1]), Code.PLAN_CONFLICT
    yield "nobody looked at any day", scene.around(days=()), Code.PLAN_CONFLICT
    earlier = tuple(replace(load, day=load.day - 30 * DAY) for load in loads)
    sooner = scene.saying(day=(first - 30 * DAY).isoformat()).around(days=earlier)
    yield "before the tissue can come", sooner, Code.PLAN_CONFLICT


@spoil_need.register
def _identified(need: Identified, scene: Scene) -> Found:
    less = scene.around(identified=())
    for scan in scene.read("wristband") if need.wristband else ():
        less = less.reading(scan)
    yield "nobody compared identifiers", less, Code.EVIDENCE_MISSING
    yield "one identifier only", less.around(identified=("name",)), Code.EVIDENCE_MISSING
    yield "an identifier of somebody else", scene.around(misidentified=("birth_date",)), Code.WRONG_SUBJECT


# --- treatment


@spoil_need.register
def _disposition(need: DispositionAllows, scene: Scene) -> Found:
    for word in Disposition:
        if word not in scene.limit(need.allowed):
            yield f"disposition {word}", scene.having(disposition=word), Code.WRONG_STATE


@spoil_need.register
def _bags_here(need: BagsHere, scene: Scene) -> Found:
    bag = next(b for b in scene.course.of_kind(ContainerKind.BAG) if b.state is ContainerState.STORED)
    for what, changes in (
        ("a bag is held elsewhere", {"holder": PlaceId("facility-leiden")}),
        ("a bag is on its way", {"state": ContainerState.IN_TRANSIT}),
        ("the label of a bag is not verified", {"label": LabelState.ISSUED}),
    ):
        yield what, scene.container(bag, **changes), Code.MISSING_CONTAINER
    none = scene
    for one in scene.course.of_kind(ContainerKind.BAG):
        none = none.container(one, state=ContainerState.DESTROYED)
    yield "no bag is left", none, Code.MISSING_CONTAINER


@spoil_need.register
def _recheck(need: RecheckPasses, scene: Scene) -> Found:
    answers = dict(scene.attempt.evidence["answers"])
    for item in scene.protocol.treatment.recheck:
        bad = scene.saying(answers={**answers, item.key: failing(item.limit)})
        yield f"{item.key} outside its limit", bad, Code.NOT_ELIGIBLE
        less = {k: v for k, v in answers.items() if k != item.key}
        yield f"{item.key} is missing", scene.saying(answers=less), Code.EVIDENCE_MISSING
    yield "an item nobody asked for", scene.saying(answers={**answers, "mood": "good"}), Code.EVIDENCE_UNEXPECTED


@spoil_need.register
def _plan(need: PlanFits, scene: Scene) -> Found:
    yield "a regimen the protocol has not", scene.saying(regimen="another"), Code.PLAN_CONFLICT
    at = read_instant(scene.attempt.evidence["infusion_at"])
    yield "the first day is past", scene.saying(infusion_at=write_instant(at - 2 * DAY)), Code.PLAN_CONFLICT
    for field, value, unit in (("weight", 5, "kg"), ("height", 20, "cm"), ("creatinine", 21, "mg/dL")):
        yield f"{field} of no patient", scene.saying(**{field: quantity(value, unit)}), Code.VALUE_OUT_OF_RANGE
    for bag in [b for b in scene.course.of_kind(ContainerKind.BAG) if b.state not in FINAL_STATES][:1]:
        yield "a bag expires before", scene.container(bag, expires_at=at - SECOND), Code.PLAN_CONFLICT


@spoil_need.register
def _plan_day(need: PlanDayIsToday, scene: Scene) -> Found:
    at = read_instant(scene.course.facts["plan.infusion_at"])
    yield "no plan", scene.knowing({"plan.infusion_at": None}), Code.PLAN_CONFLICT
    for off in (DAY, -DAY):
        yield (
            "another day than planned",
            scene.knowing({"plan.infusion_at": write_instant(at + off)}),
            Code.PLAN_CONFLICT,
        )


@spoil_need.register
def _dose(need: DoseDue, scene: Scene) -> Found:
    at, drug = read_instant(scene.course.facts["plan.infusion_at"]), scene.attempt.evidence["drug"]
    regimen, due = regimen_of(scene.protocol, scene.course), due_dose(scene.protocol, scene.course)
    other = next(d.key for d in regimen.drugs if due is not None and d.key != due.drug)
    yield "another drug than the one due", scene.saying(drug=other), Code.PLAN_CONFLICT
    stopped = scene.knowing({f"dose.{d.key}.stopped": True for d in regimen.drugs})
    yield "no dose is due", stopped, Code.PLAN_CONFLICT
    _, high = amount_range(regimen.drug(drug), Decimal(scene.attempt.evidence["amount"]["value"]))
    yield "too much", scene.saying(amount=quantity(round(high, 3) + 1, "mg")), Code.VALUE_OUT_OF_RANGE
    yield "a day too soon", scene.knowing({"plan.infusion_at": write_instant(at + DAY)}), Code.TOO_EARLY
    yield "a day too late", scene.knowing({"plan.infusion_at": write_instant(at - DAY)}), Code.TOO_LATE
    again = scene.knowing({f"dose.{drug}.last_at": write_instant(scene.instant("started_at") - SECOND)})
    yield "a second dose on one day", again, Code.TOO_EARLY


@spoil_need.register
def _drug(need: DrugOpen, scene: Scene) -> Found:
    drug = scene.attempt.evidence["drug"]
    yield "a drug that is not of the regimen", scene.saying(drug="aspirin"), Code.VALUE_OUT_OF_RANGE
    yield "a drug that is stopped", scene.knowing({f"dose.{drug}.stopped": True}), Code.ALREADY_RECORDED
    yield "a drug that is complete", scene.knowing({f"dose.{drug}": 99}), Code.ALREADY_RECORDED


@spoil_need.register
def _no_other_thawed(need: NoOtherThawed, scene: Scene) -> Found:
    _, bag = known(scene.read("bag"))[0]
    other, _ = scene.twin(bag, state=ContainerState.IN_USE)
    yield "another bag is thawed", other, Code.WRONG_CONTAINER_STATE


@spoil_need.register
def _bag_good(need: BagGood, scene: Scene) -> Found:
    _, bag = known(scene.read(need.part))[0]
    when = scene.instant(need.at)
    yield "the bag is expired", scene.container(bag, expires_at=when - SECOND), Code.TOO_LATE
    if need.limit is not None:
        old = scene.container(bag, thawed_at=when - scene.limit(need.limit) - SECOND)
        yield "thawed for too long", old, Code.TOO_LATE


@spoil_need.register
def _il2(need: Il2Due, scene: Scene) -> Found:
    number, at = scene.attempt.evidence["number"], scene.instant("started_at")
    yield "another dose than the next", scene.saying(number=number + 1), Code.VALUE_OUT_OF_RANGE
    over = scene.protocol.il2.max_doses
    most = scene.knowing({"il2": over, "il2.last_at": write_instant(at - scene.protocol.il2.interval.start)})
    yield "more doses than allowed", most.saying(number=over + 1), Code.VALUE_OUT_OF_RANGE
    given = bool(scene.course.facts.get("il2"))
    clock = "infusion.end_at" if scene.protocol.il2.clock_starts == "infusion_end" else "infusion.start_at"
    fact, window = ("il2.last_at", scene.protocol.il2.interval) if given else (clock, scene.protocol.il2.first_after)
    soon = scene.knowing({fact: write_instant(at - window.start + SECOND)})
    yield "too soon after the one before", soon, Code.TOO_EARLY
    late = scene.knowing({fact: write_instant(at - window.end - SECOND)})
    yield "too long after the one before", late, Code.TOO_LATE
