"""Ways through the process on a bench: the steps in the order people do them, chapter by chapter.

Each function takes a bench and the chain of a course and leaves the course where the chapter ends. What a step needs
first (labels, a cleared line) is provided on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coi_tracker.course import Event
from coi_tracker.process.bedside import due_dose
from coi_tracker.process.supplies import LineClear
from coi_tracker.simulation.bench import Bench
from coi_tracker.simulation.satisfy import AT_THE_SITE, earliest, labels_wanted
from coi_tracker.simulation.values import failing
from coi_tracker.vocabulary import FINAL_STATES, ContainerKind, ContainerState, Treatment

MANUFACTURE = ("start_first_expansion", "start_rapid_expansion", "scale_up", "harvest", "fill", "cryopreserve")
TO_THE_COURIER = ("pack", "release_to_courier", "accept_by_courier", "receive_tissue", "accept_tissue")
TO_THE_SITE = ("pack_product", "release_product_to_courier", "accept_product_by_courier", "receive_product")


def perform(bench: Bench, chain: str, step: str, **wishes: Any) -> Event:
    """Do a step, with the labels it lacks issued and verified and the line cleared before."""
    wanted = bench.process.steps[step]
    for kind, count in labels_wanted(wanted, bench.protocol, bench.courses[chain]).items():
        labels(bench, chain, kind, count)
    if wanted.needs_of(LineClear):
        _to_the_day(bench, chain, step)
        bench.do("clear_line", chain)
    return bench.do(step, chain, **wishes)


def _to_the_day(bench: Bench, chain: str, step: str) -> None:
    """Wait for the right day before the line is cleared."""
    course = bench.courses[chain]
    zone = bench.zone(course.facility or bench.facility)
    right = earliest(bench.process.steps[step], bench.protocol, course, zone)
    bench.now = max(bench.now, right or bench.now)


def labels(bench: Bench, chain: str, kind: ContainerKind, count: int = 1) -> None:
    """Issue labels and scan them back."""
    place = bench.courses[chain].site if kind in AT_THE_SITE else bench.courses[chain].facility
    bench.do("issue_labels", chain, kind=str(kind), count=count, place=place)
    bench.do("verify_label", chain, place=place)


def enrol(
    bench: Bench,
    number: str,
    *,
    cohort: str | None = None,
    answers: Mapping[str, str] | None = None,
    again: bool = False,
) -> str:
    """Register a subject (unless it comes again) and open a course. Gives the chain of the course."""
    subject = bench.subject(number)
    chosen = {} if cohort is None else {"cohort": cohort}
    if not again:
        bench.do("register_subject", subject)
    bench.do("record_eligibility", subject, answers=answers or {})
    bench.do("assign_cohort", subject, **chosen)
    return bench.do("open_course", subject).chain


def procure(bench: Bench, chain: str, *, jars: int = 1, wristband: bool = True) -> None:
    """From the slot to tissue that quality has accepted."""
    bench.do("book_slot", chain)
    if wristband:
        labels(bench, chain, ContainerKind.WRISTBAND)
        bench.do("apply_wristband", chain)
    labels(bench, chain, ContainerKind.TISSUE_JAR, jars)
    for step in ("procure_tissue", *TO_THE_COURIER):
        perform(bench, chain, step)


def manufacture(bench: Bench, chain: str, *, bags: int = 1, until: str = "cryopreserve") -> None:
    """From accepted tissue to frozen bags, each step on its day."""
    for step in MANUFACTURE[: MANUFACTURE.index(until) + 1]:
        if step == "fill":
            labels(bench, chain, ContainerKind.BAG, bags)
        if step == "cryopreserve":
            labels(bench, chain, ContainerKind.CASSETTE, bags)
        perform(bench, chain, step)


def results(bench: Bench, chain: str, *, final: bool = True, values: Mapping[str, str] | None = None) -> None:
    """Record and review the results; ``final`` False: those that come after release stay open."""
    for name, test in bench.protocol.release_tests.items():
        if f"result.{name}.reviewed" in bench.courses[chain].facts or (test.final_after_release and not final):
            continue
        given = {"value": values[name]} if values and name in values else {}
        bench.do("record_result", chain, test=name, **given)
        bench.do("review_result", chain, test=name)


def failing_results(bench: Bench, chain: str) -> None:
    """Record and review the results, the first one out of specification."""
    name, test = next(iter(bench.protocol.release_tests.items()))
    results(bench, chain, values={name: failing(test.limit)})


def ship(bench: Bench, chain: str) -> None:
    """From released bags in the store to bags at the site."""
    for step in TO_THE_SITE:
        bench.do(step, chain)


def plan(bench: Bench, chain: str) -> None:
    """Plan, confirm, and recheck on the day; lymphodepletion can start."""
    bench.do("plan_treatment", chain)
    bench.do("confirm_plan", chain)
    bench.do("recheck_eligibility", chain)


def deplete(bench: Bench, chain: str) -> None:
    """Lymphodepletion, from its start to the last dose."""
    bench.do("start_lymphodepletion", chain)
    doses(bench, chain)


def doses(bench: Bench, chain: str) -> None:
    """Every dose that is due, each on its day."""
    while due_dose(bench.protocol, bench.courses[chain]) is not None:
        bench.do("give_dose", chain)


def infuse(bench: Bench, chain: str) -> None:
    """Every bag at the site, one at a time."""
    while bench.courses[chain].treatment is Treatment.LD_COMPLETE:
        for step in ("thaw_bag", "verify_at_bedside", "infuse_bag"):
            bench.do(step, chain)


def il2(bench: Bench, chain: str, *, given: int | None = None) -> None:
    """Doses of IL-2; fewer than the protocol's are stopped with a reason."""
    most = bench.protocol.il2.max_doses
    for _ in range(most if given is None else given):
        bench.do("give_il2", chain)
    if bench.courses[chain].treatment is not Treatment.COMPLETE:
        bench.do("stop_il2", chain)


def treat(bench: Bench, chain: str) -> None:
    """From bags at the site to the end of IL-2."""
    plan(bench, chain)
    deplete(bench, chain)
    infuse(bench, chain)
    il2(bench, chain)


def close(bench: Bench, chain: str) -> None:
    """Give every container that is left a final fate, and close the course."""
    for one in tuple(bench.courses[chain].containers.values()):
        if one.state in FINAL_STATES:
            continue
        if one.state is ContainerState.LABELLED:
            bench.do("destroy_label", chain, container=one.id)
        else:
            bench.do("discard", chain, containers=(one.id,))
    bench.do("close_course", chain)
