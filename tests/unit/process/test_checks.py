"""A broken definition is refused when it is imported, with a sentence for everything that is wrong with it."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from coi_tracker.errors import BrokenPromise
from coi_tracker.process.checks import PROOFS, problems, prove
from coi_tracker.process.effects import Thaws
from coi_tracker.process.scans import Scan, ShipperScan
from coi_tracker.process.signing import SecondSigns, Signs
from coi_tracker.process.spec import Move, Process
from coi_tracker.process.til_v1 import TIL_V1
from coi_tracker.vocabulary import ContainerKind, ContainerState, Meaning, Role, Standing, Track, Treatment
from tests.unit.process.broken import changed, effects_with, needs_with, needs_without, with_step, without


def refusal(process: Process) -> tuple[str, ...]:
    """The sentences with which a definition is refused."""
    with pytest.raises(BrokenPromise):
        prove(process)
    return problems(process)


@pytest.mark.requirement("COI-PROC-04", "COI-PROC-05", "COI-PROC-06", "COI-PROC-07")
def test_the_definition_in_use_keeps_every_promise() -> None:
    assert problems(TIL_V1) == ()


def test_the_proofs_cost_less_than_fifty_milliseconds() -> None:
    def cost() -> float:
        start = time.process_time()
        prove(TIL_V1)
        return time.process_time() - start

    assert min(cost() for _ in range(5)) < 0.050


def test_there_is_a_proof_for_every_promise() -> None:
    assert len(PROOFS) == 11


def test_the_error_says_all_that_is_wrong_at_once() -> None:
    broken = replace(
        TIL_V1,
        steps={**TIL_V1.steps, "pack": replace(TIL_V1.steps["pack"], source=" ", by=frozenset())},
    )
    with pytest.raises(BrokenPromise, match=r"pack: has no source\. pack: nobody may do it; mend the definition"):
        prove(broken)


def test_a_step_must_call_itself_by_the_name_it_is_found_under() -> None:
    broken = replace(TIL_V1, steps={**TIL_V1.steps, "pack": replace(TIL_V1.steps["pack"], name="wrap")})
    assert "pack: the step under this name calls itself wrap" in refusal(broken)


def test_a_step_must_stand_in_one_chapter_once() -> None:
    chapters = dict(TIL_V1.chapters)
    chapters["Order"] = (*chapters["Order"], "pack", "dance")
    chapters["At any time"] = chapters["At any time"][1:]
    assert refusal(replace(TIL_V1, chapters=chapters)) == (
        "pack: stands in the chapters 2 times",
        "place_hold: stands in no chapter",
        "dance: stands in a chapter, but is no step",
    )


@pytest.mark.requirement("COI-PROC-02")
@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("title", "", "pack: has no title"),
        ("source", "", "pack: has no source"),
        ("by", frozenset(), "pack: nobody may do it"),
        ("at", frozenset(), "pack: there is no place to do it"),
        ("standing", frozenset(), "pack: is possible in no standing"),
    ],
)
def test_every_step_has_a_source_roles_and_places(field: str, value: object, sentence: str) -> None:
    assert refusal(changed("pack", **{field: value})) == (sentence,)


@pytest.mark.requirement("COI-PROC-04")
def test_a_state_that_nothing_leads_to_is_a_second_start() -> None:
    assert "treatment: planned is a second start: nothing leads to it" in refusal(without("plan_treatment"))


@pytest.mark.requirement("COI-PROC-04")
def test_a_state_that_only_unreachable_ones_lead_to_cannot_be_reached() -> None:
    assert "treatment: ld_running is not to be reached from none" in refusal(without("plan_treatment"))


@pytest.mark.requirement("COI-PROC-04")
def test_a_state_that_only_an_effect_leads_to_is_reached_by_it() -> None:
    assert "treatment: eligible is a second start: nothing leads to it" not in problems(TIL_V1)
    broken = changed("record_eligibility", effects=())
    assert "treatment: eligible is a second start: nothing leads to it" in refusal(broken)


@pytest.mark.requirement("COI-PROC-05")
def test_a_state_that_nothing_leads_out_of_is_a_trap() -> None:
    broken = without("close_course")
    assert "standing: withdrawn is a trap: nothing leads from it to closed" in refusal(broken)


@pytest.mark.requirement("COI-PROC-05")
def test_a_circle_without_a_way_out_is_a_trap_too() -> None:
    close = TIL_V1.steps["close_course"]
    ended = frozenset({Standing.WITHDRAWN, Standing.TERMINATED})
    broken = changed("close_course", moves=(replace(close.moves[0], sources=ended),))
    broken = replace(broken, steps={k: v for k, v in broken.steps.items() if k not in {"withdraw_subject"}})
    sentences = refusal(replace(broken, steps={k: v for k, v in broken.steps.items() if k != "terminate_course"}))
    assert "standing: active is a trap: nothing leads from it to closed" in sentences
    assert "standing: on_hold is a trap: nothing leads from it to closed" in sentences


@pytest.mark.requirement("COI-PROC-05")
@pytest.mark.parametrize("ends", [{}, {Track.MATERIAL: frozenset({"vanished"})}])
def test_the_ends_of_every_track_are_declared(ends: dict[Track, frozenset[str]]) -> None:
    broken = replace(TIL_V1, ends={**TIL_V1.ends, Track.MATERIAL: frozenset(), **ends})
    assert refusal(broken) == ("material: the ends are not states of it, or none are declared",)


def test_a_move_names_states_of_its_own_track() -> None:
    move = Move(Track.MATERIAL, frozenset({"procured", "eligible"}), "planned")
    sentences = refusal(changed("pack", moves=(move,)))
    assert "pack: 'eligible' is no state of material" in sentences
    assert "pack: 'planned' is no state of material" in sentences


def test_a_move_starts_somewhere() -> None:
    assert "pack: its move of material starts nowhere" in refusal(
        changed("pack", moves=(Move(Track.MATERIAL, frozenset()),))
    )


def test_a_step_moves_a_track_once() -> None:
    move = TIL_V1.steps["pack"].moves[0]
    assert "pack: moves material twice" in refusal(changed("pack", moves=(move, move)))
    planned = Move(Track.TREATMENT, frozenset({Treatment.LD_RUNNING}), Treatment.LD_COMPLETE)
    assert "give_dose: moves treatment itself and by an effect" in refusal(changed("give_dose", moves=(planned,)))


@pytest.mark.requirement("COI-PROC-06")
@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("procure_tissue", "the material"),
        ("receive_tissue", "the material"),
        ("harvest", "the material"),
        ("cryopreserve", "the material"),
        ("infuse_bag", "the material"),
        ("discard", "the material"),
        ("pack", "containers"),
        ("thaw_bag", "containers"),
        ("move", "containers"),
        ("apply_wristband", "containers"),
    ],
)
def test_material_moves_only_with_a_scan_of_it(name: str, what: str) -> None:
    assert f"{name}: moves {what} without a scan of it" in refusal(needs_without(name, Scan, ShipperScan))


@pytest.mark.requirement("COI-PROC-06")
@pytest.mark.parametrize("name", ["release_to_courier", "accept_by_courier", "accept_product_by_courier"])
def test_what_is_in_a_shipper_moves_only_with_a_scan_of_the_shipper(name: str) -> None:
    assert any("without a scan of it" in s for s in refusal(needs_without(name, ShipperScan)))


@pytest.mark.requirement("COI-PROC-06")
def test_a_scan_that_may_be_left_out_is_no_scan() -> None:
    loose = Scan(ContainerKind.BAG, "bag", frozenset({ContainerState.IN_USE}), (0, 1))
    step = TIL_V1.steps["infuse_bag"]
    needs = tuple(loose if isinstance(n, Scan) else n for n in step.needs)
    assert "infuse_bag: moves the material without a scan of it" in refusal(changed("infuse_bag", needs=needs))


@pytest.mark.requirement("COI-PROC-06")
def test_a_scan_of_something_else_does_not_move_the_material() -> None:
    needs = tuple(
        replace(n, kind=ContainerKind.WRISTBAND) if isinstance(n, Scan) else n for n in TIL_V1.steps["discard"].needs
    )
    assert "discard: moves the material without a scan of it" in refusal(changed("discard", needs=needs))


@pytest.mark.requirement("COI-PROC-06")
def test_an_exception_from_scanning_is_justified_and_needed() -> None:
    unscanned = {**TIL_V1.unscanned, "report_lost": " ", "harvest": "it is heavy", "juggle": "no hand free"}
    assert refusal(replace(TIL_V1, unscanned=unscanned)) == (
        "harvest: is excused from a scan that it does not need to be excused from",
        "report_lost: moves the material without a scan of it",
        "juggle: is excused from a scan, but is no step",
    )


TWO = [
    ("release_product", "releases product"),
    ("release_conditionally", "releases product"),
    ("exceptional_release", "releases product"),
    ("start_lymphodepletion", "starts lymphodepletion"),
    ("verify_at_bedside", "matches bag and patient"),
    ("infuse_bag", "infuses"),
    ("stop_infusion", "infuses"),
]


@pytest.mark.requirement("COI-PROC-07")
@pytest.mark.parametrize("missing", [Signs, SecondSigns])
@pytest.mark.parametrize(("name", "what"), TWO)
def test_points_of_no_return_take_two_people(name: str, what: str, missing: type) -> None:
    assert refusal(needs_without(name, missing)) == (f"{name}: {what} with fewer than two people signing",)


@pytest.mark.parametrize(("name", "what"), TWO)
def test_points_of_no_return_are_not_passed_after_withdrawal(name: str, what: str) -> None:
    broken = changed(name, standing=frozenset({Standing.ACTIVE, Standing.WITHDRAWN}))
    assert refusal(broken) == (f"{name}: {what} when the course is withdrawn",)


@pytest.mark.requirement("COI-PROC-07")
def test_a_new_step_that_releases_product_takes_two_people_whatever_its_name() -> None:
    step = replace(TIL_V1.steps["release_product"], name="review_result", needs=())
    assert "review_result: releases product with fewer than two people signing" in refusal(with_step(step))


@pytest.mark.requirement("COI-PROC-07")
def test_a_second_signature_that_nobody_may_give_is_refused() -> None:
    broken = needs_with("pack", Signs(), SecondSigns(Meaning.WITNESSED, frozenset[Role]()))
    assert refusal(broken) == ("pack: nobody may be the second person",)


def test_effects_cannot_be_added_without_their_scans() -> None:
    assert "pack: Thaws speaks of bag, which is not scanned" in refusal(effects_with("pack", Thaws()))
