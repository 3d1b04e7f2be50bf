"""What is listed as next is what can be done: held against every step of an invented trial, just before it was done."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import partial
from operator import is_

import pytest

from coi_tracker.process.til_v1 import TIL_V1
from coi_tracker.process.windows import windows
from coi_tracker.services.next_steps import ON_DEMAND, next_steps
from coi_tracker.services.rehearsal import seen
from coi_tracker.services.turns import Way
from coi_tracker.vocabulary import ReasonCode as Code
from tests.functional.trials import opened, small_trial
from tests.integration.work.replay import Moment, moments

AN_INSTANT = timedelta(microseconds=1)
STORIES: dict[str, list[Moment]] = {}
ABOUT_TIME = frozenset({Code.TOO_EARLY, Code.TOO_LATE, Code.PLAN_CONFLICT})


@pytest.fixture
def trial(prepared_database):
    record = opened(prepared_database(small_trial))
    yield record
    record.database.close()


@pytest.fixture
def story(trial):
    """Every performed step of the trial, folded once for each database."""
    kind = trial.database.kind
    if kind not in STORIES:
        STORIES[kind] = list(moments(trial))
    return STORIES[kind]


def listed(record, moment):
    return next_steps(record.process_of(moment.course), moment.protocol, moment.course, moment.setting)


@pytest.mark.requirement("COI-PAGE-02")
def test_every_step_that_was_done_was_listed_as_somebodys_turn_just_before(trial, story):
    found: Counter[str] = Counter()
    missed = []
    for moment in story:
        event = moment.event
        if event.step in ON_DEMAND or moment.course.coi is None:
            continue
        fit = [one for one in listed(trial, moment) if one.step == event.step and event.actor.place in one.places]
        again = event.step == "recheck_eligibility" and event.step in moment.course.done  # earlier than it had to be
        if again or any(one.way is Way.NOW and event.actor.role in one.roles for one in fit):
            found[event.step] += 1
        else:
            missed.append((event.step, moment.course.coi, [(one.way, one.reasons) for one in fit]))
    assert missed == []
    assert len(found) > 30
    print(f"{found.total()} steps of {len(found)} sorts were listed just before they were done")


@pytest.mark.requirement("COI-PAGE-02")
def test_what_is_listed_says_who_where_and_what_is_in_the_way(trial, story):
    for moment in story[::4]:
        for one in listed(trial, moment):
            step = TIL_V1.steps[one.step]
            assert set(one.roles) == step.by
            assert one.places or "courier" in one.kinds
            assert one.way is not Way.BLOCKED or one.reasons
            assert one.way is not Way.NOW or not one.reasons
            assert one.way is not Way.LATER or one.opens_at > moment.setting.now
            assert one.late == (one.due_at is not None and one.due_at < moment.setting.now)


@pytest.mark.requirement("COI-PAGE-02")
def test_a_step_that_is_nobodys_turn_is_known_by_name():
    assert set(TIL_V1.steps) >= ON_DEMAND
    asked = set(TIL_V1.steps) - ON_DEMAND
    assert {"harvest", "give_dose", "infuse_bag", "review_result", "lift_hold", "close_course"} <= asked


def faults(need, look, at):
    """What a need says about time at another moment."""
    started = {name: at for name in look.evidence if name.endswith("_at")}
    attempt = replace(look.attempt, happened_at=at, recorded_at=at)
    other = replace(look, attempt=attempt, evidence={**look.evidence, **started})
    return [one for one in need.unmet(other) if one.code in ABOUT_TIME]


@pytest.mark.requirement("COI-PAGE-03")
def test_a_window_opens_and_closes_in_the_very_instant_in_which_the_rule_says_so(story):
    edges: Counter[str] = Counter()
    for moment in story:
        step = TIL_V1.steps[moment.event.step]
        place = next((p for p in moment.setting.places.values() if p.id == moment.event.actor.place), None)
        if place is None or moment.course.coi is None:
            continue
        look = seen(moment.protocol, moment.course, step, setting=moment.setting, at=(place.id, place.kind))
        look = replace(look, evidence={k: v for k, v in look.evidence.items() if k != "deviation"})
        for need in look.step.needs_of(object):
            for window in windows(look, of=partial(is_, need)) if _timed(need) else ():
                edges[type(need).__name__] += 1
                if window.opens is not None:
                    assert faults(need, look, window.opens - AN_INSTANT), (need, window)
                    assert not faults(need, look, window.opens), (need, window)
                if window.closes is not None:
                    assert faults(need, look, window.closes + AN_INSTANT), (need, window)
                    assert not faults(need, look, window.closes), (need, window)
    assert set(edges) == {"Within", "OnDay", "PlanDayIsToday", "Il2Due"}
    print(dict(edges))


def _timed(need):
    return type(need).__name__ in {"Within", "OnDay", "PlanDayIsToday", "Il2Due"}


@pytest.mark.requirement("COI-PAGE-02")
def test_the_gate_is_told_part_by_part(trial, story):
    seen_parts = [
        {part.name: bool(part.reasons) for part in one.gate}
        for moment in story
        if moment.course.coi is not None and moment.course.treatment == "planned"
        for one in listed(trial, moment)
        if one.step == "start_lymphodepletion"
    ]
    assert seen_parts
    assert all(len(parts) == 10 for parts in seen_parts)
    assert any(parts["eligibility recheck"] for parts in seen_parts)
    assert any(not any(parts.values()) for parts in seen_parts)


@pytest.mark.requirement("COI-PAGE-02")
def test_who_may_not_do_it_because_she_did_the_step_before_is_told_so(story):
    for moment in story:
        if moment.event.step == "review_result":
            recorder = moment.course.facts[f"result.{moment.event.evidence['test']}.by"]
            mine, others = (
                [
                    one
                    for one in next_steps(TIL_V1, moment.protocol, moment.course, moment.setting, account=account)
                    if one.step == "review_result"
                ]
                for account in (recorder, moment.event.actor.account)
            )
            assert any(r.code is Code.SAME_SIGNER for one in mine for r in one.reasons)
            assert any(one.way is Way.NOW for one in others)
            return
    raise AssertionError("no result was reviewed")
