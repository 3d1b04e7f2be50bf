"""What a person's list of work says can be done now is what her station offers her there, and the other way round.

Held for every role at every place, on every course, against records with courses at many points of the process.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from coi_tracker.course import PlaceId
from coi_tracker.services import available, people, viewers
from coi_tracker.services.attempts import Answer
from coi_tracker.services.floor.offers import offers
from coi_tracker.services.floor.screen import Offer
from coi_tracker.services.floor.standing import standing
from coi_tracker.services.next_steps import ON_DEMAND
from coi_tracker.services.people import Person
from coi_tracker.services.record import Record
from coi_tracker.services.turns import Way
from coi_tracker.services.worklist import worklist
from coi_tracker.simulation.intent import Intent
from coi_tracker.simulation.walking import Walk, run
from coi_tracker.vocabulary import Role
from tests.floor import Floor, made
from tests.functional import floor_stories as stories
from tests.functional import floor_world
from tests.functional.floor_world import World
from tests.functional.station import furnished

Step = tuple[str, str]
"""A chain, and a step on it."""


def stands(record: Record) -> Iterator[tuple[Person, Role, PlaceId, str]]:
    """One person for every role at every place, and a station there."""
    found: dict[tuple[Role, PlaceId], Person] = {}
    for person in people.people(record):
        for has in person.roles:
            found.setdefault((has.role, has.place), person)
    stations = {one.place: one.code for one in available.set_up(record).stations}
    for (role, place), person in found.items():
        yield person, role, place, stations[place]


def listed(record: Record, person: Person, role: Role, place: PlaceId) -> tuple[set[Step], set[Step]]:
    """What her list of work says she can do now there, in this role; and what only its advice calls too early."""
    who = viewers.viewer(record, person.id)
    assert who is not None
    now, later = set(), set()
    for line in worklist(record, who, role=role).mine:
        what = (f"course/{line.coi}" if line.coi else f"subject/{line.subject}", line.what.step)
        if line.way is Way.NOW and line.place == place:
            now.add(what)
        if line.way is Way.LATER and line.what.step in ADVISED:
            later.add(what)
    return now, later


def offered(record: Record, person: Person, station: str) -> dict[Step, Offer]:
    """What her station offers on every course and subject."""
    at = standing(record, person.id, station)
    chains = [*available.chains_of(record, "course"), *available.chains_of(record, "subject")]
    return {(chain, one.step): one for chain in chains for one in offers(record, chain, at=at)}


AGAIN = frozenset(
    {
        "record_eligibility", "assign_cohort", "recheck_eligibility", "record_result", "assess_deviation",
        "request_exceptional_release",
    }
)  # fmt: skip
"""What was done once is done again when somebody decides to: the list does not ask for it, the station lets her."""
ADVISED = frozenset({"clear_line"})
"""A line is cleared on the day of the work, says the list; the rules let it be cleared before."""
WITHOUT_WHAT_COMES_FIRST = frozenset({"close_deviation"})
"""The list asks for the assessment of a deviation first; the rules let quality close one without it."""


def asked_for(record: Record, what: Step, later: set[Step]) -> bool:
    """Whether the list has to ask for what the station offers. `later`: what it says comes later, by no rule."""
    chain, step = what
    state = available.state_of(record, chain)
    assert state is not None
    decided = step in ON_DEMAND or step in WITHOUT_WHAT_COMES_FIRST or (step in AGAIN and step in state.done)
    return not decided and what not in later


def differences(record: Record) -> tuple[int, list[str]]:
    """How many steps both say, and every one that only one of them says."""
    agreed, wrong = 0, []
    for person, role, place, station in stands(record):
        (work, later), station_says = listed(record, person, role, place), offered(record, person, station)
        ready = {what for what, one in station_says.items() if one.ready}
        agreed += len(work & ready)
        for what in work - ready:
            why = station_says[what].blocked if what in station_says else "not offered at all"
            wrong.append(f"{role} at {place}: {what} is listed as now, and at the station {why}")
        wrong += [f"{role} at {place}: {w} is offered, not listed" for w in ready - work if asked_for(record, w, later)]
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


@dataclass
class Compared(Walk):
    """A participant's way on which station and list are held against each other before some of its steps."""

    before: set[str] = field(default_factory=set)
    agreed: int = 0

    def hand_in(self, intent: Intent) -> Answer:
        if intent.step in self.before:
            self.before.remove(intent.step)
            number, wrong = differences(self.record)
            assert wrong == [], f"before {intent.step}"
            self.agreed += number
        return super().hand_in(intent)


@pytest.mark.requirement("COI-PAGE-13", "COI-FLOOR-06")
def test_the_same_on_the_way_where_labels_tests_doses_and_deviations_are_chosen_from(database_url: str) -> None:
    record, premises = furnished(database_url)
    wanted = {"fill", "review_result", "assess_deviation", "close_deviation", "hold_dose", "infuse_bag"}
    chain = premises.new_chain("subject/S-001")
    walk = Compared(record, premises, chain, premises.new_site(), bags=3, before=wanted)
    run(record, stories.whole(walk))
    assert not walk.before, "each of them was come by"
    assert walk.agreed > 20
    record.database.close()
