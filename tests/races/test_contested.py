"""Sixteen processes want the same thing: one gets it, the others are told why, and the record stays whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coi_tracker.services.requests import AttemptRequest
from coi_tracker.vocabulary import ContainerState, Material
from tests.races.crew import WORKERS, Outcome, at_once, flat
from tests.races.soundness import assert_chains_whole
from tests.races.stage import Stage

pytestmark = [pytest.mark.slow, pytest.mark.requirement("COI-MUST-16")]


def contest(stage: Stage, requests: list[AttemptRequest]) -> list[Outcome]:
    """Let one process hand each of them in, at once."""
    outcomes = flat(at_once(stage.work([[r] for r in requests])))
    assert not [o.error for o in outcomes if o.error]
    assert_chains_whole(stage.record, acknowledged=[o.request.id for o in outcomes])
    return outcomes


def one_winner(outcomes: list[Outcome], *, winners: int = 1) -> tuple[Outcome, set[str]]:
    """The only one that was performed, and the reasons that the others were given: each got at least one."""
    won = [o for o in outcomes if o.performed]
    assert len(won) == winners
    lost = [o for o in outcomes if not o.performed]
    assert all(o.codes for o in lost)
    return won[0], set().union(*(o.codes for o in lost))


def test_tissue_is_accepted_by_one_courier(stage: Stage) -> None:
    course = stage.drive("R-001", "release_to_courier")
    offered = stage.request("accept_by_courier", course.chain)
    _, reasons = one_winner(contest(stage, stage.by_others(offered, WORKERS)))
    assert reasons & {"wrong_state", "wrong_container_state", "handoff_missing", "custody_elsewhere"}, reasons
    assert stage.now(course.chain).material is Material.INBOUND


def test_a_pool_is_filled_once(stage: Stage) -> None:
    course = stage.drive("R-002", "harvest")
    stage.make_ready(course, "fill")
    fill = stage.request("fill", course.chain)
    _, reasons = one_winner(contest(stage, stage.by_others(fill, WORKERS)))
    assert "wrong_container_state" in reasons


def test_a_bag_is_infused_once(stage: Stage) -> None:
    course = stage.drive("R-003", "verify_at_bedside", bags=1)
    infuse = stage.request("infuse_bag", course.chain)
    _, reasons = one_winner(contest(stage, stage.by_others(infuse, WORKERS)))
    assert "wrong_container_state" in reasons
    bags = [c for c in stage.now(course.chain).containers.values() if c.state is ContainerState.INFUSED]
    with stage.record.database.read() as tx:
        assert [row[0] for row in tx.query("SELECT container FROM infusions")] == [bag.id for bag in bags]


@pytest.mark.requirement("COI-DB-17")
def test_the_same_attempt_sent_by_all_is_recorded_once_and_all_get_the_first_answer(stage: Stage) -> None:
    course = stage.drive("R-004", "book_slot")
    same = stage.request("record_temperature", course.chain)
    outcomes = contest(stage, [same] * WORKERS)
    answers = [o.answer for o in outcomes if o.answer is not None]
    assert len(answers) == WORKERS
    assert len({a.entry for a in answers}) == 1
    assert [a.replayed for a in answers].count(False) == 1
    assert stage.now(course.chain).seq == answers[0].seq


def test_a_subject_gets_one_course(stage: Stage) -> None:
    subject = stage.drive("R-005", "assign_cohort")
    wanted = stage.request("open_course", subject.chain)
    _, reasons = one_winner(contest(stage, stage.by_others(wanted, WORKERS)))
    with stage.record.database.read() as tx:
        assert tx.query("SELECT count(*) FROM courses WHERE subject = 'R-005'") == [(1,)]
    assert reasons


def test_the_last_place_of_the_study_goes_to_one_subject(stage: Stage) -> None:
    with stage.record.database.write() as tx:
        tx.write("UPDATE studies SET enrolment_limit = 3 WHERE key = :key", {"key": stage.premises.study})
    for number in ("R-006", "R-007"):
        stage.drive(number, "register_subject")
    requests = [stage.request("register_subject", f"subject/R-1{n:02}") for n in range(WORKERS)]
    _, reasons = one_winner(contest(stage, requests))
    assert reasons <= {"enrolment_full", "capacity_full", "study_closed", "conflict_retry"}, reasons
    with stage.record.database.read() as tx:
        assert tx.query("SELECT enrolled FROM studies") == [(3,)]
        assert tx.query("SELECT count(*) FROM subjects") == [(3,)]
        assert tx.query("SELECT count(*) FROM persons") == [(3,)]


def test_the_last_slot_of_a_day_goes_to_one_course(stage: Stage) -> None:
    courses = [stage.drive(f"R-2{n:02}", "open_course") for n in range(WORKERS)]
    wanted = stage.request("book_slot", courses[0].chain)
    requests = [
        replace(stage.request("book_slot", c.chain), evidence=wanted.evidence, station=wanted.station) for c in courses
    ]
    capacity = next(p.daily_capacity for p in stage.premises.places.values() if p.id == courses[0].facility)
    _, reasons = one_winner(contest(stage, requests), winners=capacity)
    assert "capacity_full" in reasons
    assert reasons <= {"capacity_full", "conflict_retry"}
    with stage.record.database.read() as tx:
        taken = tx.query("SELECT day, count(*), count(DISTINCT position) FROM bookings GROUP BY day")
    assert {row[1:] for row in taken} == {(capacity, capacity)}


def test_a_suite_is_cleared_for_one_course(stage: Stage) -> None:
    courses = [stage.drive(f"R-3{n:02}", "accept_tissue") for n in range(4)]
    requests = [stage.request("clear_line", c.chain) for c in courses]
    suite = requests[0].evidence["suite"]
    requests = [replace(r, evidence={**r.evidence, "suite": suite}) for r in requests]
    won, reasons = one_winner(contest(stage, [*requests, *(r for q in requests for r in stage.by_others(q, 3))]))
    assert reasons <= {"line_not_clear", "wrong_state", "already_recorded", "conflict_retry"}, reasons
    with stage.record.database.read() as tx:
        assert tx.query("SELECT suite, coi FROM suite_claims") == [(suite, won.request.course)]


def test_a_shipper_is_packed_for_one_course(stage: Stage) -> None:
    courses = [stage.drive(f"R-4{n:02}", "procure_tissue") for n in range(4)]
    requests = [stage.request("pack", c.chain) for c in courses]
    box = next(s for s in requests[0].scans if s.part is None)
    requests = [replace(r, scans=tuple(box if s.part is None else s for s in r.scans)) for r in requests]
    won, reasons = one_winner(contest(stage, requests))
    with stage.record.database.read() as tx:
        assert tx.query("SELECT coi FROM shipper_loads WHERE closed_event IS NULL") == [(won.request.course,)]
    assert reasons, reasons
