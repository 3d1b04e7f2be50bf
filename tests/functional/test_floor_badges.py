"""A badge at a station: whose it is, whether its owner is asked for anything here, and what is there after a reload."""

from __future__ import annotations

from datetime import timedelta

import pytest

from coi_tracker.services import people
from coi_tracker.services.floor.screen import OutcomeKind, State
from coi_tracker.simulation.satisfy import satisfy
from coi_tracker.vocabulary import Command, Role
from tests.functional import floor_world
from tests.functional.floor_world import World
from tests.functional.station import Station
from tests.functional.test_floor_drafts import ready_to_sign, second


def badge_of(world: World, account: str) -> str:
    return next(str(one.badge) for one in people.people(world.record) if one.id == account)


def name_of(world: World, account: str) -> str:
    return next(one.name for one in people.people(world.record) if one.id == account)


def alone_to_sign(world: World) -> Station:
    """Somebody has begun a hold, which nobody but herself signs, and everything is answered."""
    course = world.course(floor_world.PREPARED)
    step = world.record.process.steps["place_hold"]
    protocol = world.premises.protocol_of(course)
    intent = satisfy(step, protocol, course, world.premises, now=world.record.clock(), place=course.site)
    station = Station.of(world.record, world.premises, intent.account, intent.place)
    station.begin(intent, course)
    station.fill_in(intent, course)
    assert station.command(Command.CONFIRM).screen.state is State.SIGNING
    return station


@pytest.mark.requirement("COI-FLOOR-19")
def test_anothers_badge_where_only_one_signs_is_refused_with_who_signs_and_how_to_change_the_person(world: World):
    station = alone_to_sign(world)
    other = world.other(Role.NURSE, station.at.place.id)
    seen = station.scan(badge_of(world, other))
    assert (seen.kind, seen.asks, seen.headline) == (OutcomeKind.REFUSED, None, "Somebody else signs here")
    (words,) = seen.words
    assert words.expected == f"{station.at.name}, who began this step, signs: authorised"
    assert words.observed == f"the badge of {name_of(world, other)}"
    assert station.at.name in words.do
    assert "lock" in words.do
    assert seen.screen.signer is None, "the form asks for her own password, as before"
    assert station.sign().kind is OutcomeKind.PERFORMED


@pytest.mark.requirement("COI-FLOOR-19")
def test_who_has_signed_or_has_no_role_for_it_is_told_by_the_badge_already(world: World) -> None:
    station = ready_to_sign(world)
    station.sign()
    again = station.scan(badge_of(world, station.at.account))
    assert (again.kind, again.words[0].code) == (OutcomeKind.REFUSED, "same_signer")
    unfit = station.scan(badge_of(world, world.other(Role.CELL_LAB, station.at.place.id)))
    assert (unfit.kind, unfit.words[0].code) == (OutcomeKind.REFUSED, "role_missing")
    assert station.sign(second(world)).kind is OutcomeKind.PERFORMED


@pytest.mark.requirement("COI-FLOOR-19")
def test_a_badge_where_nothing_is_asked_says_whose_it_is_and_what_she_is_here(world: World) -> None:
    course = world.course(floor_world.BEDSIDE)
    station = world.station(Role.NURSE, str(course.site))
    doctor = world.other(Role.PHYSICIAN, station.at.place.id)
    courier = next(w for w in world.premises.workers if w.role is Role.COURIER).account
    station.scan(str(course.coi))
    for account, told in (
        (doctor, "physician at Fairmont Hollow Cancer Centre (invented), can sign in here with the password"),
        (station.at.account, "nurse at Fairmont Hollow Cancer Centre (invented), signed in here now"),
        (courier, "no role at Fairmont Hollow Cancer Centre (invented), can sign in here with the password"),
    ):
        seen = station.scan(badge_of(world, account))
        assert seen.headline == f"the badge of {name_of(world, account)}: {told}"
        for screen in (seen.screen, station.resume().screen):
            assert screen.sighting is not None
            assert (screen.sighting.is_a, screen.sighting.display) == ("badge", name_of(world, account))
            assert (screen.sighting.badge, screen.course and screen.course.coi) == (account, course.coi)
    assert station.scan(str(course.coi)).screen.sighting.is_a == "course"  # type: ignore[union-attr]


@pytest.mark.requirement("COI-FLOOR-19")
def test_a_badge_says_that_a_training_has_ended(world: World) -> None:
    course = world.course(floor_world.BEDSIDE)
    station = world.station(Role.NURSE, str(course.site))
    ended = {w.account: w.until for w in world.premises.workers if w.place == course.site}
    account = min(ended, key=lambda one: ended[one])
    world.record.clock.forward(timedelta(days=800))  # type: ignore[attr-defined]
    assert "(the training has ended)" in station.scan(badge_of(world, account)).headline


@pytest.mark.requirement("COI-FLOOR-20")
def test_a_page_that_is_loaded_again_asks_for_the_same_persons_password(world: World) -> None:
    station = ready_to_sign(world)
    station.sign()
    asked = station.scan(badge_of(world, second(world)))
    assert asked.screen.signer is not None
    assert (asked.screen.signer.account, asked.screen.signer.name) == (second(world), name_of(world, second(world)))
    assert station.resume().screen == asked.screen
    assert station.sign().kind is OutcomeKind.PERFORMED
    assert station.resume().screen.signer is None
