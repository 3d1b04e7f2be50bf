"""kill -9 of a writer at random moments, two hundred times: what was acknowledged is there, nothing is half-written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from coi_tracker.services import keys
from coi_tracker.services.requests import AttemptRequest
from tests.durability.victims import Killing, kill
from tests.races.soundness import assert_chains_whole, assert_whole
from tests.races.stage import Stage

pytestmark = [pytest.mark.slow, pytest.mark.requirement("COI-MUST-18")]

ORIGIN = "durability.example/log"


def attempts(stage: Stage) -> Sequence[AttemptRequest]:
    """Small and large steps on several courses, all right at one time."""
    chains = [stage.drive(f"K-{n}", "open_course").chain for n in range(4)]
    steps = ("record_temperature", "issue_labels", "open_deviation")
    return [stage.request(step, chain) for chain in chains for step in steps]


def killing(stage: Stage, kills: int, seed: int, **also: object) -> Killing:
    """Kill so many writers on this stage."""
    wanted = attempts(stage)
    return Killing(stage.url, stage.premises.study, stage.clock.now, wanted, kills, seed, **also)  # type: ignore[arg-type]


def test_a_writer_killed_a_hundred_times_loses_nothing_that_was_acknowledged(stage: Stage) -> None:
    work = killing(stage, kills=100, seed=7)
    deaths = kill(work)
    assert deaths.wrong == []
    assert deaths.at_work == 100
    assert len(deaths.acknowledged) > 100
    assert_chains_whole(stage.record, acknowledged=deaths.acknowledged)
    assert_whole(stage.record)
    stage.do("record_temperature", f"course/{work.attempts[0].course}")


@pytest.mark.requirement("COI-LOG-04")
def test_killing_what_runs_behind_leaves_a_log_that_the_next_run_finishes(stage: Stage, folder: Path) -> None:
    key = keys.create(folder / "keys", ORIGIN)
    keys.publish(stage.record, key)
    deaths = kill(killing(stage, kills=25, seed=8, key_folder=folder / "keys"))
    assert deaths.wrong == []
    assert deaths.at_work == 25
    assert_chains_whole(stage.record, acknowledged=deaths.acknowledged)
    assert_whole(stage.record, key=key)
