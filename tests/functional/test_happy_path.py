"""Whole courses from registration to closing, in every cohort and along the branches that are normal."""

from __future__ import annotations

import pytest

from coi_tracker.protocols import builtin
from coi_tracker.simulation import paths
from coi_tracker.simulation.bench import Bench
from coi_tracker.simulation.values import failing
from coi_tracker.vocabulary import (
    FINAL_STATES,
    OPEN_LABELS,
    ContainerKind,
    ContainerState,
    Disposition,
    Material,
    Standing,
    Treatment,
)

TRIAL = builtin("iov_lun_202")
EXAMPLE = builtin("example_melanoma_til")


def to_the_product(bench: Bench, chain: str, *, bags: int = 1) -> None:
    paths.procure(bench, chain)
    paths.manufacture(bench, chain, bags=bags)


def to_the_end(bench: Bench, chain: str) -> None:
    paths.ship(bench, chain)
    paths.treat(bench, chain)
    paths.close(bench, chain)


def a_whole_course(bench: Bench, chain: str, *, bags: int = 1) -> None:
    to_the_product(bench, chain, bags=bags)
    paths.results(bench, chain)
    bench.do("release_product", chain)
    to_the_end(bench, chain)


def assert_closed(bench: Bench, chain: str) -> None:
    course = bench.courses[chain]
    assert course.standing is Standing.CLOSED
    assert course.treatment is Treatment.COMPLETE
    assert all(c.state in FINAL_STATES for c in course.containers.values())
    assert not [s for s in course.labels.values() if s.state in OPEN_LABELS]
    assert any(b.state is ContainerState.INFUSED for b in course.of_kind(ContainerKind.BAG))


@pytest.mark.requirement("COI-PROC-01", "COI-PROC-03", "COI-PROT-04")
@pytest.mark.parametrize(("cohort", "days"), [("cohort_1", 22), ("cohort_2", 22), ("cohort_3", 16)], ids=str)
def test_every_first_cohort_runs_from_registration_to_closing(cohort: str, days: int) -> None:
    bench = Bench(TRIAL)
    chain = paths.enrol(bench, "S-001", cohort=cohort)
    a_whole_course(bench, chain, bags=3)
    assert_closed(bench, chain)
    done = bench.courses[chain].done
    assert (done["harvest"].at - done["start_first_expansion"].at).days in (days - 1, days)


@pytest.mark.requirement("COI-PROC-01")
def test_a_subject_treated_before_has_a_second_course_in_the_retreatment_cohort() -> None:
    bench = Bench(TRIAL)
    first = paths.enrol(bench, "S-001")
    a_whole_course(bench, first)
    second = paths.enrol(bench, "S-001", answers={"prior_cell_therapy": "not_applicable"}, again=True)
    assert bench.courses[second].cohort == "retreatment"
    a_whole_course(bench, second)
    assert_closed(bench, second)
    assert bench.courses[first].coi != bench.courses[second].coi


@pytest.mark.requirement("COI-PROT-06")
@pytest.mark.parametrize("cohort", ["surgical", "needle_high"])
def test_a_study_that_differs_in_everything_runs_on_the_same_definition(cohort: str) -> None:
    bench = Bench(EXAMPLE)
    chain = paths.enrol(bench, "M-1", cohort=cohort)
    a_whole_course(bench, chain, bags=2)
    assert_closed(bench, chain)


def test_banked_product_waits_for_documented_progression() -> None:
    bench = Bench(TRIAL)
    chain = paths.enrol(bench, "S-001", answers={"documented_progression": "outstanding"})
    to_the_product(bench, chain)
    paths.results(bench, chain)
    bench.do("release_product", chain)
    paths.ship(bench, chain)
    assert bench.courses[chain].facts["criteria.outstanding"] == ["documented_progression"]
    bench.do("confirm_progression", chain)
    paths.treat(bench, chain)
    paths.close(bench, chain)
    assert_closed(bench, chain)


def test_product_out_of_specification_is_infused_only_by_an_exceptional_release() -> None:
    bench = Bench(TRIAL)
    chain = paths.enrol(bench, "S-001")
    to_the_product(bench, chain)
    paths.failing_results(bench, chain)
    for step in ("declare_out_of_specification", "request_exceptional_release", "exceptional_release"):
        bench.do(step, chain)
    to_the_end(bench, chain)
    assert_closed(bench, chain)
    assert bench.courses[chain].disposition is Disposition.EXCEPTIONALLY_RELEASED


def test_product_out_of_specification_can_be_rejected_and_the_course_ends() -> None:
    bench = Bench(TRIAL)
    chain = paths.enrol(bench, "S-001")
    to_the_product(bench, chain)
    paths.failing_results(bench, chain)
    for step in ("declare_out_of_specification", "reject_product", "terminate_course"):
        bench.do(step, chain)
    paths.close(bench, chain)
    course = bench.courses[chain]
    assert (course.standing, course.material) == (Standing.CLOSED, Material.DESTROYED)


def conditionally_released(bench: Bench) -> str:
    chain = paths.enrol(bench, "S-001")
    to_the_product(bench, chain, bags=2)
    paths.results(bench, chain, final=False)
    bench.do("release_conditionally", chain)
    paths.ship(bench, chain)
    return chain


@pytest.mark.requirement("COI-SIM-06")
def test_a_conditional_release_becomes_a_release_when_final_sterility_is_negative() -> None:
    bench = Bench(TRIAL)
    chain = conditionally_released(bench)
    paths.results(bench, chain)
    bench.do("release_product", chain)
    paths.treat(bench, chain)
    paths.close(bench, chain)
    assert_closed(bench, chain)
    assert bench.courses[chain].disposition is Disposition.RELEASED


@pytest.mark.requirement("COI-SIM-06")
def test_a_positive_final_sterility_holds_every_bag_back_and_blocks_the_plan() -> None:
    bench = Bench(TRIAL)
    chain = conditionally_released(bench)
    paths.plan(bench, chain)
    paths.results(bench, chain, values={"sterility": failing(TRIAL.release_tests["sterility"].limit)})
    bench.do("result_after_release", chain, test="sterility", value="growth")
    course = bench.courses[chain]
    assert course.disposition is Disposition.OUT_OF_SPECIFICATION
    assert {h.target for h in course.holds} == {b.id for b in course.of_kind(ContainerKind.BAG)}
    assert "plan.confirmed" not in course.facts
    bench.do("terminate_course", chain)
    paths.close(bench, chain)
    assert bench.courses[chain].standing is Standing.CLOSED


def test_a_positive_final_sterility_after_the_infusion_deletes_nothing_and_the_course_still_closes() -> None:
    bench = Bench(TRIAL)
    chain = conditionally_released(bench)
    paths.treat(bench, chain)
    bench.do("result_after_release", chain, test="sterility", value="growth")
    paths.close(bench, chain)
    assert_closed(bench, chain)


def test_insufficient_tissue_ends_a_course_and_a_second_one_procures_again() -> None:
    bench = Bench(TRIAL)
    first = paths.enrol(bench, "S-001", cohort="cohort_3")
    paths.procure(bench, first)
    for step in ("reject_tissue", "terminate_course"):
        bench.do(step, first)
    paths.close(bench, first)
    second = paths.enrol(bench, "S-001", cohort="cohort_3", again=True)
    a_whole_course(bench, second)
    assert_closed(bench, second)


def test_il2_may_be_stopped_early() -> None:
    bench = Bench(TRIAL)
    chain = paths.enrol(bench, "S-001")
    to_the_product(bench, chain)
    paths.results(bench, chain)
    bench.do("release_product", chain)
    paths.ship(bench, chain)
    for part in (paths.plan, paths.deplete, paths.infuse):
        part(bench, chain)
    paths.il2(bench, chain, given=2)
    paths.close(bench, chain)
    assert_closed(bench, chain)
