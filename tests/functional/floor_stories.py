"""What participants go through so that every step of the process is done once at a station."""

from __future__ import annotations

from datetime import timedelta

from coi_tracker.process.bedside import due_dose
from coi_tracker.simulation.intent import Intent
from coi_tracker.simulation.values import failing
from coi_tracker.simulation.walking import TO_THE_COURIER, TO_THE_SITE, Waiting, Walk, run
from coi_tracker.vocabulary import ContainerKind, ContainerState, Treatment
from tests.functional.station import FloorWalk

OUTSTANDING = {"documented_progression": "outstanding"}


def whole(s: Walk) -> Waiting:
    """From registration to closing, with all that is done beside the main steps."""
    yield from s.enrol(answers=OUTSTANDING)
    yield from s.do("book_slot")
    yield from beside(s)
    yield from s.labels(ContainerKind.WRISTBAND)
    yield from s.do("apply_wristband")
    yield from s.labels(ContainerKind.TISSUE_JAR, 1)
    yield from tissue(s)
    yield from suites(s)
    yield from s.manufacture(after="start_first_expansion")
    yield from conditional(s)
    yield from to_the_site(s)
    yield from treated(s)
    yield from s.close()


def beside(s: Walk) -> Waiting:
    """Labels that end, a reprint, records, corrections, holds, an amendment."""
    yield from s.labels(ContainerKind.TISSUE_JAR, 4)
    for step in ("void_label", "destroy_label", "return_label", "reprint_label"):
        yield from s.do(step)
    yield from s.do("verify_label")
    yield from s.do("record_temperature", place=s.site)
    yield from s.do("review_audit_trail")
    yield from s.do("correct")
    yield from s.do("place_hold")
    yield from s.do("lift_hold")
    yield from s.do("destroy_label")


def tissue(s: Walk) -> Waiting:
    """Procured, packed, unpacked, packed again, received and accepted."""
    yield from s.day_before_slot()
    yield from s.perform("procure_tissue")
    yield from s.do("pack")
    yield from s.do("unpack")
    for step in TO_THE_COURIER:
        yield from s.perform(step)
        if step == "accept_by_courier":
            yield s.now + timedelta(hours=19)


def suites(s: Walk) -> Waiting:
    """Day 0, and what is done between the days."""
    yield from s.perform("start_first_expansion")
    yield from s.do("clear_line")
    yield from s.do("release_line")
    yield from s.do("record_environment")
    yield from s.do("exchange_medium")
    yield from s.labels(ContainerKind.QC_VIAL, 1)
    yield from s.do("take_sample")


def conditional(s: Walk) -> Waiting:
    """Released while a result is pending, then for good; a deviation on the way."""
    yield from s.results(final=False)
    yield from s.do("release_conditionally")
    yield from s.results()
    yield from s.do("release_product")
    for step in ("open_deviation", "assess_deviation", "close_deviation"):
        yield from s.do(step, place=s.mine.facility)


def to_the_site(s: Walk) -> Waiting:
    """Shipped; one bag is lost, found, and not used."""
    for step in TO_THE_SITE:
        yield from s.do(step)
        if step == "accept_product_by_courier":
            yield s.now + timedelta(hours=26)
    bag = s.mine.of_kind(ContainerKind.BAG)[-1]
    yield from s.do("report_lost", container=bag.id, place=s.site)
    yield from s.do("report_found", containers=(bag.id,), place=s.site)
    for hold in s.mine.holds:
        yield from s.do("lift_hold", hold=hold.id)
    yield from s.do("discard", containers=(bag.id,), place=s.site)


def treated(s: Walk) -> Waiting:
    """Lymphodepletion with a dose held and a drug stopped; one bag infused, one in part; IL-2 held and stopped."""
    yield from s.do("confirm_progression")
    yield from s.do("plan_treatment")
    yield from s.do("change_plan")
    yield from s.do("confirm_plan")
    yield from s.do("recheck_eligibility")
    yield from s.do("start_lymphodepletion")
    yield from s.do("give_dose", lasting=timedelta(minutes=2))
    yield from s.do("hold_dose")
    while (due := due_dose(s.protocol, s.mine)) is not None and due.number < 5:
        yield from s.do("give_dose", lasting=timedelta(minutes=2))
    if due is not None:
        yield from s.do("stop_drug")
    infusions = iter(("infuse_bag", "stop_infusion", "infuse_bag", "infuse_bag"))
    while s.mine.treatment is Treatment.LD_COMPLETE:
        for step in ("thaw_bag", "verify_at_bedside", next(infusions)):
            yield from s.do(step, lasting=timedelta(minutes=2))
    yield from s.do("give_il2")
    yield from s.do("hold_il2")
    yield from s.do("stop_il2")


def out_of_specification(s: Walk) -> Waiting:
    """Released exceptionally, found bad again, rejected, terminated."""
    yield from s.enrol()
    yield from s.prepare()
    yield from s.procure()
    yield from s.manufacture()
    name, test = next(iter(s.protocol.release_tests.items()))
    yield from s.results(values={name: failing(test.limit)})
    for step in ("declare_out_of_specification", "request_exceptional_release", "exceptional_release"):
        yield from s.do(step)
    yield from s.do("result_after_release", test=name, value=failing(test.limit))
    yield from s.do("reject_product")
    yield from s.do("terminate_course")


def rejected(s: Walk) -> Waiting:
    """Too little tissue; the subject withdraws. Before it, the course moves to an amended protocol."""
    yield from s.enrol()
    s.premises.release("iov_lun_202_amendment")
    yield from s.do("adopt_amendment")
    yield from s.prepare()
    yield from s.day_before_slot()
    yield from s.perform("procure_tissue")
    for step in TO_THE_COURIER[:-1]:
        yield from s.perform(step)
        if step == "accept_by_courier":
            yield s.now + timedelta(hours=19)
    yield from s.do("reject_tissue")
    yield from s.do("withdraw_subject")


def tell(record, premises, story, number: str, **plan) -> FloorWalk:
    """Play a story at stations, alone."""
    walk = FloorWalk(record, premises, premises.new_chain(f"subject/{number}"), premises.new_site(), **plan)
    run(record, story(walk))
    return walk


__all__ = ["ContainerState", "Intent", "out_of_specification", "rejected", "tell", "whole"]
