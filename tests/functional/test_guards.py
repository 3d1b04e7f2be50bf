"""Take any one guard out of the definition, and the matrix goes red: none is there for nothing, none is untested."""

from __future__ import annotations

import pytest

from coi_tracker.course import Performed
from coi_tracker.engine import decide
from coi_tracker.process.spec import Process
from coi_tracker.process.til_v1 import TIL_V1
from coi_tracker.simulation.spoiling import Spoiled
from tests.functional.guards import Guard, guards
from tests.functional.matrix import EXAMPLE, TRIAL, spoiled

GUARDS = tuple(guards(TIL_V1))


def red(process: Process, case: Spoiled) -> bool:
    """Whether a case of the matrix fails under a process: performed, refused for something else, or broken."""
    scene = case.scene
    try:
        decision = decide(process, scene.protocol, scene.course, scene.attempt)
    except Exception:  # noqa: BLE001  a step that breaks on what it should have refused is red as well
        return True
    return isinstance(decision, Performed) or {r.code for r in decision.reasons} != {case.code}


def notices(guard: Guard) -> bool:
    """Whether a case of either study notices that the guard is gone."""
    process = guard.in_(TIL_V1)
    cases = (c for study in (TRIAL, EXAMPLE) for c in spoiled(study, guard.step) if c.guard == guard.name)
    return any(red(process, case) for case in cases)


@pytest.mark.requirement("COI-MUST-11")
def test_no_guard_can_be_taken_away_unnoticed() -> None:
    survivors = [f"{g.step}.{g.name}: {g.what}" for g in GUARDS if not notices(g)]
    steps = len({g.step for g in GUARDS})
    print(f"{len(GUARDS)} guards of {steps} steps taken away one at a time, {len(survivors)} unnoticed")
    assert survivors == []


def test_every_step_has_guards() -> None:
    assert {g.step for g in GUARDS} == set(TIL_V1.steps)
