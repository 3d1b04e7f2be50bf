"""Signatures under a begun step: two people, one digest, for some minutes, at one station or two."""

from __future__ import annotations

from datetime import timedelta

import pytest

from coi_tracker.services.floor.draft import SIGNATURE_LASTS
from coi_tracker.services.floor.finishing import hand_in
from coi_tracker.services.floor.screen import OutcomeKind, State
from coi_tracker.services.floor.signing import pending_signatures
from coi_tracker.simulation.furnishing import PASSWORD
from coi_tracker.vocabulary import Command, Role
from tests.functional import floor_world
from tests.functional.floor_world import World
from tests.functional.test_floor_drafts import forward, put, ready_to_sign, second
from tests.functional.test_floor_refusals import entries


@pytest.mark.requirement("COI-FLOOR-07", "COI-FLOOR-09")
def test_two_people_sign_the_same_digest_and_the_last_signature_records_the_step(world: World) -> None:
    station = ready_to_sign(world)
    summary = station.resume().screen.summary
    assert summary is not None
    assert any("left lower lobe" in sentence for sentence in summary.sentences)
    first = station.sign()
    assert first.kind is OutcomeKind.ACCEPTED
    assert [s.signed_at is not None for s in first.screen.signatures] == [True, False]
    done = station.sign(second(world))
    assert (done.kind, done.screen.state) == (OutcomeKind.PERFORMED, State.PERFORMED)


@pytest.mark.requirement("COI-FLOOR-09")
def test_the_second_person_is_another_one(world: World) -> None:
    station = ready_to_sign(world)
    station.sign()
    again = station.sign()
    assert again.kind is OutcomeKind.REFUSED
    assert again.words[0].code == "same_signer"
    assert again.screen.state is State.SIGNING


@pytest.mark.requirement("COI-FLOOR-09")
def test_the_second_person_has_a_role_for_it(world: World) -> None:
    station = ready_to_sign(world)
    station.sign()
    outcome = station.sign(world.other(Role.CELL_LAB, station.at.place.id))
    assert outcome.words[0].code == "role_missing"


@pytest.mark.requirement("COI-FLOOR-08")
def test_a_wrong_password_is_refused_recorded_and_leaves_the_step(world: World) -> None:
    station = ready_to_sign(world)
    number = entries(world)
    outcome = station.sign(password="not the one at all")
    assert outcome.words[0].code == "signature_failed"
    assert entries(world) == number + 1
    assert station.sign().kind is OutcomeKind.ACCEPTED


@pytest.mark.requirement("COI-FLOOR-08")
def test_a_signature_is_void_when_anything_changes(world: World) -> None:
    station = ready_to_sign(world)
    station.sign()
    put(world, station, "field.lesion_site", "right upper lobe")
    assert station.resume().screen.signatures[0].signed_at is None
    station.sign()
    assert station.command(Command.BACK).screen.signatures[0].signed_at is None


@pytest.mark.requirement("COI-FLOOR-08")
def test_a_signature_is_void_when_the_time_changes_that_it_was_given_for(world: World) -> None:
    """The time is no part of the digest."""
    station = ready_to_sign(world)
    now = world.record.clock()
    put(world, station, "entry.happened_at", (now - timedelta(hours=1)).isoformat())
    put(world, station, "entry.late_reason", "no network")
    digest = station.sign().screen.summary
    assert station.resume().screen.signatures[0].signed_at is not None
    put(world, station, "entry.happened_at", (now - timedelta(hours=2)).isoformat())
    screen = station.resume().screen
    assert digest is not None
    assert screen.summary is not None
    assert screen.summary.digest == digest.digest
    assert screen.signatures[0].signed_at is None


@pytest.mark.requirement("COI-FLOOR-08")
def test_a_signature_ends_after_minutes(world: World) -> None:
    station = ready_to_sign(world)
    until = station.sign().screen.signatures[0].until
    assert until == world.record.clock() + SIGNATURE_LASTS
    forward(world, SIGNATURE_LASTS)
    assert station.resume().screen.signatures[0].signed_at is None
    assert station.sign(second(world)).kind is OutcomeKind.ACCEPTED  # not the last one any more


@pytest.mark.requirement("COI-FLOOR-08")
def test_no_password_is_kept_anywhere(world: World) -> None:
    station = ready_to_sign(world)
    station.scan(PASSWORD)  # typed into the wrong field
    station.sign()
    with world.record.database.read() as tx:
        kept = tx.query("SELECT doc FROM station_drafts UNION ALL SELECT verdict FROM station_scans")
        kept += tx.query("SELECT entry FROM events")
    assert not [row for row in kept if PASSWORD in row[0]]


@pytest.mark.requirement("COI-FLOOR-09")
def test_the_second_person_signs_at_another_station(world: World) -> None:
    station = ready_to_sign(world)
    station.sign()
    account = second(world)
    (pending,) = pending_signatures(world.record, account)
    assert (pending.step, pending.meaning, pending.begun_by) == ("procure_tissue", "witnessed", station.at.name)
    assert pending.summary == station.resume().screen.summary
    assert pending_signatures(world.record, station.at.account) == ()
    assert pending_signatures(world.record, world.other(Role.CELL_LAB, station.at.place.id)) == ()
    far = world.course(floor_world.FAR)
    assert pending_signatures(world.record, world.other(Role.NURSE, str(far.site))) == ()

    elsewhere = world.station(Role.NURSE, station.at.place.id, nth=1)
    outcome = elsewhere.sign(account, token=pending.token)
    assert outcome.kind is OutcomeKind.PERFORMED
    assert outcome.screen.state is State.IDLE  # the screen of who signed, not of who began it
    assert pending_signatures(world.record, account) == ()
    assert hand_in(world.record, station.at).kind is OutcomeKind.PERFORMED  # who began it hears it too


@pytest.mark.requirement("COI-FLOOR-09")
def test_a_badge_says_whose_password_comes_next(world: World) -> None:
    station = ready_to_sign(world)
    station.sign()
    with world.record.database.read() as tx:
        row = tx.one("SELECT badge FROM accounts WHERE id = :id", id=second(world))
    assert row is not None
    asked = station.scan(row[0])
    assert (asked.kind, asked.asks) == (OutcomeKind.INFORMATION, "sign")
    assert station.sign().kind is OutcomeKind.PERFORMED
