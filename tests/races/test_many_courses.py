"""Sixteen processes at work on many courses at once, each course wanted by several: nothing lost, forked or doubled."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coi_tracker.services.changes import new_event_id
from tests.races.crew import WORKERS, at_once, flat
from tests.races.soundness import assert_chains_whole, assert_whole
from tests.races.stage import Stage

pytestmark = [pytest.mark.slow, pytest.mark.requirement("COI-MUST-16")]

COURSES = 6
ROUNDS = 8
STEPS = ("record_temperature", "issue_labels", "open_deviation", "place_hold")


@pytest.mark.requirement("COI-DB-16")
def test_what_sixteen_processes_record_on_the_same_and_on_different_courses_is_all_there(stage: Stage) -> None:
    chains = [stage.drive(f"M-{n}", "open_course").chain for n in range(COURSES)]
    right = [stage.request(step, chain) for step in STEPS for chain in chains]
    batches = []
    for worker in range(WORKERS):
        mine = [right[(worker * 5 + n) % len(right)] for n in range(ROUNDS)]
        fresh = [replace(one, id=new_event_id(stage.record)) for one in mine]
        unknown = replace(fresh[0], id=new_event_id(stage.record), step="fly_to_the_moon")
        batches.append([*fresh, unknown, fresh[0]])  # the last is the first again
    outcomes = flat(at_once(stage.work(batches)))

    assert not [o.error for o in outcomes if o.error]
    sent = {o.request.id for o in outcomes}
    assert_chains_whole(stage.record, acknowledged=sent)
    answers: dict[str, set[str]] = {}
    for outcome in outcomes:
        assert outcome.answer is not None
        answers.setdefault(outcome.request.id, set()).add(outcome.answer.entry)
        assert outcome.performed or outcome.codes
    assert all(len(entries) == 1 for entries in answers.values()), "a repeated id gets the first answer"
    with stage.record.database.read() as tx:
        stored = dict(tx.query("SELECT id, entry FROM events WHERE id IN {ids}", ids=sorted(sent)))
    assert {one: {text} for one, text in stored.items()} == answers, "what is stored is what was answered"
    assert_whole(stage.record)
