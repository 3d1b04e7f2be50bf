"""What can be done is offered as ready, and what is offered as blocked cannot be done: held against the simulation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from coi_tracker.course import Course
from coi_tracker.process.spec import On
from coi_tracker.services import available
from coi_tracker.services.attempts import look_at_attempt
from coi_tracker.services.floor.offers import offers
from coi_tracker.services.floor.screen import Offer
from coi_tracker.simulation.handing_in import request_of
from coi_tracker.simulation.intent import Intent, NotYet
from coi_tracker.simulation.satisfy import satisfy
from tests.functional.floor_world import World
from tests.functional.station import Station


def intents(world: World, course: Course, on: On) -> Iterator[Intent]:
    """A right attempt, now, for every step that the simulation can make one up for."""
    now = world.record.clock()
    for step in world.record.process.steps.values():
        if step.on is not on:
            continue
        try:
            intent = satisfy(step, world.premises.protocol_of(course), course, world.premises, now=now)
        except NotYet:
            continue
        if intent.at <= now:
            yield intent


def offered(world: World, course: Course, intent: Intent) -> Offer | None:
    station = Station.of(world.record, world.premises, intent.account, intent.place)
    found = offers(world.record, course.chain, at=station.at)
    return next((o for o in found if o.step == intent.step), None)


@pytest.mark.requirement("COI-FLOOR-06")
def test_whatever_can_be_done_is_offered_as_ready_and_what_cannot_is_blocked(world: World) -> None:
    """Blocked by the engine for more than what is missing: then no attempt at all can be performed."""
    done, blocked, wrong = 0, 0, []
    chains = [*available.chains_of(world.record, "course"), *available.chains_of(world.record, "subject")]
    for chain in chains:
        course = available.state_of(world.record, chain)
        assert course is not None
        for intent in intents(world, course, On.COURSE if course.coi else On.SUBJECT):
            event = look_at_attempt(world.record, request_of(world.record, world.premises, intent, course))
            offer = offered(world, course, intent)
            possible = event.kind == "performed"
            done, blocked = done + possible, blocked + (offer is not None and not offer.ready)
            if possible and (offer is None or not offer.ready):
                wrong.append((chain, intent.step, possible, offer and offer.blocked, event.reasons))
    print(f"{done} possible, {blocked} not")
    assert wrong == []
    assert done > 100
    assert blocked > 100
