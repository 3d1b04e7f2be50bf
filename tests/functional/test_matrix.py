"""The generated matrix: for every step a right attempt is performed, and without any one requirement it is refused.

Nothing here names a step: attempts, and what is taken away from them, follow from what the definition declares.
"""

from __future__ import annotations

import pytest

from coi_tracker.course import Performed, Refused
from coi_tracker.engine import decide
from coi_tracker.process.graph import STATES
from coi_tracker.process.til_v1 import TIL_V1
from coi_tracker.simulation.spoil import late_entry
from coi_tracker.simulation.spoiling import Scene
from coi_tracker.vocabulary import ReasonCode as Code
from coi_tracker.vocabulary import Standing
from tests.functional.matrix import EXAMPLE, TRIAL, scenes_of, spoiled

STEPS = sorted(TIL_V1.steps)
STUDIES = (TRIAL, EXAMPLE)


def decided(scene: Scene) -> Performed | Refused:
    return decide(TIL_V1, scene.protocol, scene.course, scene.attempt)


def codes(scene: Scene) -> set[Code]:
    return {r.code for r in decided(scene).event.reasons}


@pytest.mark.parametrize("study", STUDIES)
def test_there_is_a_right_attempt_for_every_step(study: str) -> None:
    assert sorted(scenes_of(study)) == STEPS


@pytest.mark.requirement("COI-MUST-12", "COI-PROC-02")
@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("step", STEPS)
def test_a_right_attempt_is_performed(step: str, study: str) -> None:
    for scene in scenes_of(study)[step]:
        assert isinstance(decided(scene), Performed)


@pytest.mark.requirement("COI-MUST-13", "COI-ENG-02", "COI-PROC-02")
@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("step", STEPS)
def test_without_any_single_requirement_it_is_refused_for_exactly_that_reason(step: str, study: str) -> None:
    wrong = {
        f"{one.guard}: {one.what}": (sorted(codes(one.scene)), one.code)
        for one in spoiled(study, step)
        if codes(one.scene) != {one.code}
    }
    assert wrong == {}
    print(f"{step}: {len(spoiled(study, step))} cases")


@pytest.mark.requirement("COI-MUST-14", "COI-ENG-06")
@pytest.mark.parametrize("step", STEPS)
def test_out_of_state_it_is_refused(step: str) -> None:
    scene = scenes_of(TRIAL)[step][0]
    tried = 0
    for standing in set(Standing) - scene.step.standing:
        tried += 1
        assert codes(scene.having(standing=standing)) == {Code.WRONG_STATE}
    for move in scene.step.moves:
        for word in STATES[move.track] - move.sources:
            tried += 1
            kind = type(getattr(scene.course, move.track))
            assert codes(scene.having(**{move.track: kind(word)})) == {Code.WRONG_STATE}
    print(f"{step}: {tried} states")


@pytest.mark.requirement("COI-MUST-14")
def test_every_step_on_every_course_it_is_not_for_is_refused() -> None:
    """Each right attempt, on the courses of all other right attempts that are in a state its step does not allow."""
    scenes = [scene for several in scenes_of(TRIAL).values() for scene in several]
    tried = 0
    for scene in scenes:
        for other in scenes:
            allowed = other.course.standing in scene.step.standing and all(
                other.course.state_of(m.track) in m.sources for m in scene.step.moves
            )
            if not allowed:
                tried += 1
                assert Code.WRONG_STATE in codes(scene.having(**_tracks(other)))
    print(f"{tried} pairs of a step and a state it is not for")


def _tracks(scene: Scene) -> dict[str, object]:
    course = scene.course
    return {name: getattr(course, name) for name in ("material", "disposition", "treatment", "standing")}


@pytest.mark.requirement("COI-PROC-11")
@pytest.mark.parametrize("step", STEPS)
def test_a_late_entry_with_a_reason_and_another_signature_is_performed_and_marked(step: str) -> None:
    for scene in scenes_of(TRIAL)[step]:
        decision = decided(late_entry(scene))
        assert isinstance(decision, Performed), decision.event.reasons
        assert decision.event.evidence["late_reason"] == "system_down"


@pytest.mark.requirement("COI-ENG-06")
def test_a_step_that_does_not_exist_is_refused() -> None:
    scene = scenes_of(TRIAL)["infuse_bag"][0]
    assert codes(scene.attempting(step="infuse_everything")) == {Code.WRONG_STATE}


def test_the_matrix_covers_every_reason_but_those_found_outside_the_engine() -> None:
    found = {one.code for study in STUDIES for step in STEPS for one in spoiled(study, step)}
    outside = {Code.CONFLICT_RETRY}  # given by the services when somebody else was quicker with a row
    assert set(Code) - found == outside
    total = sum(len(spoiled(study, step)) for study in STUDIES for step in STEPS)
    sorts = sum(len(scenes_of(study)[step]) for study in STUDIES for step in STEPS)
    print(f"{len(STEPS)} steps, {sorts} right attempts, {total} cases, {len(found)} reasons")
