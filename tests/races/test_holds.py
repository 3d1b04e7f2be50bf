"""A hold on a place or on the study races with steps under it: see docs/guarantees.md for what is promised.

Shown over many rounds by the order of the log, which for a hold and the steps under it is the order of their commits,
and by the time at which an answer was there and a later attempt was sent.
"""

from __future__ import annotations

from bisect import bisect
from dataclasses import replace

import pytest

from coi_tracker.services.changes import new_event_id
from coi_tracker.services.requests import AttemptRequest
from coi_tracker.services.sequencer import sequence
from tests.races.crew import WORKERS, Outcome, at_once, flat
from tests.races.soundness import assert_chains_whole
from tests.races.stage import Stage

pytestmark = [pytest.mark.slow, pytest.mark.requirement("COI-MUST-17")]

COURSES, ROUNDS, REST = 3, 12, 0.04
STEPS_A_WORKER = 12


def repeated(stage: Stage, request: AttemptRequest, times: int) -> list[AttemptRequest]:
    """The same attempt under ids of their own."""
    return [replace(request, id=new_event_id(stage.record)) for _ in range(times)]


def holds_and_lifts(stage: Stage, name: str, chain: str) -> list[AttemptRequest]:
    """Place a hold on everything and lift it, again and again: the id of a hold is that of the attempt."""
    place = stage.request(f"hold_{name}", chain, blocks=["everything"])
    stage.attempt(place)
    lift = stage.request(f"lift_hold_on_{name}", chain)
    stage.attempt(lift)
    found = []
    for one in repeated(stage, place, ROUNDS):
        found += [one, replace(lift, id=new_event_id(stage.record), evidence={**lift.evidence, "hold": one.id})]
    return found


@pytest.mark.parametrize("name", ["place", "study"])
def test_no_step_commits_after_an_acknowledged_hold_and_ignores_it(stage: Stage, name: str) -> None:
    courses = [stage.drive(f"H-{n}", "open_course") for n in range(COURSES)]
    chain = f"place/{courses[0].facility}" if name == "place" else f"study/{stage.premises.study}"
    rights = [stage.request("issue_labels", c.chain, place=c.facility, kind="flask", count=1) for c in courses]
    batches = [repeated(stage, rights[n % COURSES], STEPS_A_WORKER) for n in range(WORKERS - 1)]
    holding = holds_and_lifts(stage, name, chain)
    outcomes = at_once(stage.work([holding, *batches], pauses={0: REST}))
    assert all(o.performed for o in outcomes[0]), [o.codes for o in outcomes[0]]
    assert_chains_whole(stage.record)
    free, held = judged(stage, outcomes[0], flat(outcomes[1:]))
    assert free, "no step was quicker than any hold: the race was none"
    assert held, "no step met a hold: the race was none"


def judged(stage: Stage, holding: list[Outcome], steps: list[Outcome]) -> tuple[int, int]:
    """Every step that the log has while a hold stands was refused, and told so; every other one was performed."""
    order = places_in_log(stage)
    bounds = [order[o.request.id] for o in holding]
    free = 0
    for step in steps:
        assert step.error is None, step.error
        stands = bisect(bounds, order[step.request.id]) % 2 == 1
        assert step.performed is not stands, "a hold that stood was ignored, or one that did not was obeyed"
        assert step.codes == ({"on_hold"} if stands else set())
        free += not stands
        for hold, lift in zip(holding[::2], holding[1::2], strict=True):
            if hold.answered < step.sent and step.answered < lift.sent:
                assert not step.performed, "sent after the hold was acknowledged, and performed"
    return free, len(steps) - free


def places_in_log(stage: Stage) -> dict[str, int]:
    """The log index of every entry."""
    sequence(stage.record)
    with stage.record.database.read() as tx:
        return dict(tx.query("SELECT event_id, idx FROM log_positions"))
