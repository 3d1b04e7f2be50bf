"""How needs of enrolment, quality and treatment are met; registered with `meeting`, which has the others."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from coi_tracker.planning.regimen import amount
from coi_tracker.process.bedside import (
    DoseDue,
    DrugOpen,
    Il2Due,
    PlanFits,
    RecheckPasses,
    due_dose,
    regimen_of,
)
from coi_tracker.process.enrolment import CohortFollows, CourseFollows, CriteriaAnswered, SlotFree
from coi_tracker.process.look import write_instant
from coi_tracker.process.quality import ResultFits, ResultThere
from coi_tracker.process.records import Amendment, OpenDeviation, OpenHold, Reference
from coi_tracker.process.shipping import CourierKnown, RouteIsOrdered
from coi_tracker.simulation.draft import Draft
from coi_tracker.simulation.intent import NotYet
from coi_tracker.simulation.meeting import meet
from coi_tracker.simulation.values import count_inside, inside, local, passing, quantity
from coi_tracker.vocabulary import TissueRoute

# --- enrolment and the order


@meet.register
def _criteria(need: CriteriaAnswered, draft: Draft) -> None:
    wished = draft.wishes.get("answers", {})
    draft.evidence["answers"] = {c.key: "met" for c in draft.protocol.criteria} | dict(wished)
    if "waived" in draft.evidence["answers"].values():
        draft.put("monitor_approval", lambda: "agreed by telephone, note to file 7")


@meet.register
def _cohort(need: CohortFollows, draft: Draft) -> None:
    before = draft.things.treated_before(draft.course)
    wanted = draft.wishes.get("cohort")
    fit = [c for c in draft.protocol.cohorts.values() if c.previous_course == before and wanted in (None, c.key)]
    if not fit:
        raise NotYet(f"{draft.step.name}: a cohort for these answers")
    positive = draft.protocol.tps_positive_from
    tps = {"positive": positive, "negative_or_unknown": positive / 2, "any": positive}[fit[0].tps]
    draft.put("tps", lambda: quantity(tps, "%"))
    draft.put("fit_for_resection", lambda: fit[0].fit_for_resection)
    draft.put("previous_course", lambda: before)
    draft.put("cohort", lambda: fit[0].key)


@meet.register
def _follows(need: CourseFollows, draft: Draft) -> None:
    cohort = draft.protocol.cohorts.get(draft.course.cohort or "")
    if cohort is None:
        raise NotYet(f"{draft.step.name}: a cohort")
    facility = draft.place if draft.things.kind(draft.place) == "facility" else draft.things.new_facility()
    draft.put("route", lambda: str(cohort.route))
    draft.put("manufacture", lambda: cohort.manufactures[0])
    draft.put("facility", lambda: facility)


@meet.register
def _slot(need: SlotFree, draft: Draft) -> None:
    first = local(draft.at + draft.limit(need.lead), draft.zone)
    draft.put("day", lambda: draft.things.slot_day(draft.course, first).isoformat())


@meet.register
def _route(need: RouteIsOrdered, draft: Draft) -> None:
    draft.put("route", lambda: str(draft.course.route))
    tissue = draft.protocol.tissue
    if draft.course.route is TissueRoute.RESECTION:
        draft.put("lesion_size", lambda: quantity(inside(tissue.lesion_size), "mm"))
    else:
        draft.put("cores", lambda: count_inside(tissue.cores))


@meet.register
def _courier(need: CourierKnown, draft: Draft) -> None:
    draft.put("courier", draft.things.courier)


# --- quality


@meet.register
def _result(need: ResultFits, draft: Draft) -> None:
    facts = draft.course.facts
    open_ = [t for t in draft.protocol.release_tests if f"result.{t}.reviewed" not in facts]
    fresh = [t for t in open_ if f"result.{t}" not in facts]
    if not open_ and "test" not in draft.wishes:
        raise NotYet(f"{draft.step.name}: a test without a reviewed result")
    draft.put("test", lambda: (fresh or open_)[0])
    test = draft.protocol.release_tests[draft.evidence["test"]]
    draft.put("value", lambda: passing(test.limit))
    draft.put("unit", lambda: test.unit)
    draft.put("method", lambda: test.method)


@meet.register
def _result_there(need: ResultThere, draft: Draft) -> None:
    facts = draft.course.facts
    tests = draft.protocol.release_tests
    open_ = [t for t in tests if f"result.{t}" in facts and f"result.{t}.reviewed" not in facts]
    if not open_:
        raise NotYet(f"{draft.step.name}: a result to review")
    if "test" not in draft.wishes:
        draft.evidence["test"] = open_[0]


@meet.register
def _deviation(need: OpenDeviation, draft: Draft) -> None:
    if not draft.course.deviations:
        raise NotYet(f"{draft.step.name}: an open deviation")
    draft.put("deviation", lambda: draft.course.deviations[0].id)


@meet.register
def _hold(need: OpenHold, draft: Draft) -> None:
    if not draft.course.holds:
        raise NotYet(f"{draft.step.name}: a hold that stands")
    draft.put("hold", lambda: draft.course.holds[0].id)
    draft.never |= {h.placed_by for h in draft.course.holds if h.id == draft.evidence["hold"]}


@meet.register
def _reference(need: Reference, draft: Draft) -> None:
    draft.refers_to = draft.things.entry(draft.course)


@meet.register
def _amendment(need: Amendment, draft: Draft) -> None:
    draft.put("version", lambda: draft.things.newer_version(draft.course))
    draft.put("differences", lambda: "as shown")


# --- treatment


@meet.register
def _plan(need: PlanFits, draft: Draft) -> None:
    draft.put("regimen", lambda: draft.protocol.treatment.default_regimen)
    regimen = draft.protocol.regimens.get(draft.evidence["regimen"])
    days = timedelta(days=0 if regimen is None else -regimen.first_day)
    draft.put("infusion_at", lambda: write_instant(draft.at + days))
    draft.put("weight", lambda: quantity(70, "kg"))
    draft.put("height", lambda: quantity(170, "cm"))
    draft.put("creatinine", lambda: quantity(Decimal("0.9"), "mg/dL"))


@meet.register
def _recheck(need: RecheckPasses, draft: Draft) -> None:
    items = draft.protocol.treatment.recheck
    draft.put("answers", lambda: {i.key: passing(i.limit) for i in items})


@meet.register
def _dose(need: DoseDue, draft: Draft) -> None:
    due = due_dose(draft.protocol, draft.course)
    if due is None:
        raise NotYet(f"{draft.step.name}: a dose that is due")
    regimen = regimen_of(draft.protocol, draft.course)
    weight, height = (Decimal(draft.fact(f"plan.{what}")["value"]) for what in ("weight", "height"))
    ordered = amount(regimen.drug(due.drug), weight_kg=weight, height_cm=height, formula=regimen.bsa_formula)
    draft.put("drug", lambda: due.drug)
    draft.put("amount", lambda: quantity(round(ordered, 3), "mg"))


@meet.register
def _drug(need: DrugOpen, draft: Draft) -> None:
    due = due_dose(draft.protocol, draft.course)
    if due is None:
        raise NotYet(f"{draft.step.name}: a drug with doses left")
    draft.put("drug", lambda: due.drug)


@meet.register
def _il2(need: Il2Due, draft: Draft) -> None:
    draft.put("number", lambda: (draft.course.facts.get("il2") or 0) + 1)
    draft.put("started_at", lambda: write_instant(draft.started))
