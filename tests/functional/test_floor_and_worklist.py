"""What a person's list of work says can be done now is what her station offers her there, and the other way round.

Held for every role at every place, on every course, against records with courses at many points of the process.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from coi_tracker.services import available, people, viewers
from coi_tracker.services.floor.offers import offers
from coi_tracker.services.floor.screen import Offer
from coi_tracker.services.floor.standing import standing
from coi_tracker.services.next_steps import ON_DEMAND
from coi_tracker.services.people import Person
from coi_tracker.services.record import Record
from coi_tracker.services.turns import Way
from coi_tracker.services.worklist import worklist
from coi_tracker.vocabulary import Role
from tests.floor import Floor, made
from tests.functional import floor_world
from tests.functional.floor_world import World

Step = tuple[str, str]
"""A chain, and a step on it."""


def stands(record: Record) -> Iterator[tuple[Person, Role, str, str]]:
    """One person for every role at every place, and a station there."""
    found: dict[tuple[Role, str], Person] = {}
    for person in people.people(record):
        for has in person.roles:
            found.setdefault((has.role, has.place), person)
    stations = {one.place: one.code for one in available.set_up(record).stations}
    for (role, place), person in found.items():
        yield person, role, place, stations[place]


def listed(record: Record, person: Person, role: Role, place: str) -> set[Step]:
    """What her list of work says she can do now at this place, in this role."""
    who = viewers.viewer(record, person.id)
    assert who is not None
    return {
        (f"course/{line.coi}" if line.coi else f"subject/{line.subject}", line.what.step)
        for line in worklist(record, who, role=role).mine
        if line.way is Way.NOW and line.place == place
    }


def offered(record: Record, person: Person, station: str) -> dict[Step, Offer]:
    """What her station offers on every course and subject."""
    at = standing(record, person.id, station)
    chains = [*available.chains_of(record, "course"), *available.chains_of(record, "subject")]
    return {(chain, one.step): one for chain in chains for one in offers(record, chain, at=at)}


def asked_for(record: Record, what: Step) -> bool:
    """Whether somebody waits for the step. A station offers more, and rightly so: what somebody may decide to do.

    That are the steps which nothing of a course asks for, and what was recorded on a subject and is recorded anew.
    """
    chain, step = what
    state = available.state_of(record, chain)
    assert state is not None
    return step not in ON_DEMAND and not (state.coi is None and step in state.done)


def differences(record: Record) -> tuple[int, list[str]]:
    """How many steps both say, and every one that only one of them says."""
    agreed, wrong = 0, []
    for person, role, place, station in stands(record):
        work, station_says = listed(record, person, role, place), offered(record, person, station)
        ready = {what for what, one in station_says.items() if one.ready}
        agreed += len(work & ready)
        for what in work - ready:
            why = station_says[what].blocked if what in station_says else "not offered at all"
            wrong.append(f"{role} at {place}: {what} is listed as now, and at the station {why}")
        wrong += [f"{role} at {place}: {w} is offered, not listed" for w in ready - work if asked_for(record, w)]
    return agreed, wrong


@pytest.mark.requirement("COI-PAGE-13", "COI-FLOOR-06")
def test_the_station_offers_what_the_list_of_work_says_can_be_done_now(prepared_database) -> None:
    world = World.at(prepared_database(floor_world.make))
    assert differences(world.record)[1] == []
    world.close()


@pytest.mark.requirement("COI-PAGE-13", "COI-FLOOR-06")
def test_the_same_a_moment_a_day_and_a_month_after_four_courses_at_two_sites(prepared_database) -> None:
    floor, agreed = Floor(prepared_database(made)), 0
    for later in (timedelta(0), timedelta(days=1), timedelta(days=30)):
        floor.clock.forward(later)
        number, wrong = differences(floor.record)
        assert wrong == [], f"after {later}"
        agreed += number
    floor.close()
    assert agreed > 20
