"""A begun step: handled once, kept by the server, corrected, signed by two, handed in once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from coi_tracker.identity import CommandCode
from coi_tracker.services.floor import drafts
from coi_tracker.services.floor.finishing import hand_in
from coi_tracker.services.floor.scanning import scan
from coi_tracker.services.floor.screen import Outcome, OutcomeKind, Presence, State
from coi_tracker.simulation.clock import Clock
from coi_tracker.vocabulary import Command, ContainerKind, HowRead, Meaning, Role
from tests.functional import floor_world
from tests.functional.floor_world import World, payload
from tests.functional.station import Station
from tests.functional.test_floor_refusals import begun, entries, jars, procuring, wristband

CONFIRM, BACK = CommandCode(Command.CONFIRM).format(), CommandCode(Command.BACK).format()


def ready_to_sign(world: World) -> Station:
    """Everything of a procurement is scanned and answered."""
    station = procuring(world)
    station.scan(wristband(world, floor_world.PREPARED))
    for code in jars(world, floor_world.PREPARED):
        station.scan(code)
    station.command(Command.NEXT)
    site = station.at.station
    assert site
    put(world, station, "field.route", str(world.course(floor_world.PREPARED).route))
    put(world, station, "field.lesion_site", "left lower lobe")
    put(world, station, "field.lesion_size", "21 mm")
    put(world, station, "field.procured_at", "now")
    outcome = station.command(Command.CONFIRM)
    assert outcome.screen.state is State.SIGNING, outcome.words
    assert outcome.asks == "sign"
    return station


def put(world: World, station: Station, key: str, value: object) -> Outcome:
    outcome = drafts.put(world.record, station.at, key, value)
    assert outcome.kind is OutcomeKind.ACCEPTED, outcome.words
    return outcome


def forward(world: World, span: timedelta) -> None:
    clock = world.record.clock
    assert isinstance(clock, Clock)
    clock.forward(span)


def second(world: World) -> str:
    return world.other(Role.NURSE, str(world.course(floor_world.PREPARED).site))


# --- handled once


@pytest.mark.requirement("COI-FLOOR-03")
def test_a_scan_that_is_sent_again_is_answered_as_before_and_counts_once(world: World) -> None:
    station = procuring(world)
    first = station.scan(jars(world, floor_world.PREPARED)[0], scan_id="one")
    again = station.scan(jars(world, floor_world.PREPARED)[0], scan_id="one")
    assert (again.kind, again.headline, again.words) == (first.kind, first.headline, first.words)
    assert again.replayed
    assert again.screen.version == first.screen.version
    # The same label as a new scan is what it is: scanned twice.
    assert station.scan(jars(world, floor_world.PREPARED)[0], scan_id="two").words[0].code == "duplicate_scan"


@pytest.mark.requirement("COI-FLOOR-03")
def test_a_refusal_that_is_sent_again_is_recorded_once(world: World) -> None:
    station = procuring(world)
    first = station.scan("COI1:torn", scan_id="one")
    number = entries(world)
    again = station.scan("COI1:torn", scan_id="one")
    assert (again.entry, again.words) == (first.entry, first.words)
    assert entries(world) == number


@pytest.mark.requirement("COI-FLOOR-03")
@pytest.mark.parametrize("what", ["good", "wrong", "command"])
def test_of_many_who_send_one_scan_at_once_all_get_the_one_answer(world: World, what: str) -> None:
    station = procuring(world)
    code = {"good": jars(world, floor_world.PREPARED)[0], "wrong": "COI1:torn", "command": BACK}[what]
    if what == "command":
        station.scan(jars(world, floor_world.PREPARED)[0])
    number = entries(world)
    outcomes = at_once(8, lambda: scan(world.record, station.at, code, scan_id="raced", by=HowRead.SCANNED))
    assert len({(o.kind, o.headline, o.words, o.entry) for o in outcomes}) == 1
    assert sorted(o.replayed for o in outcomes) == [False] + [True] * 7
    assert entries(world) == number + (what == "wrong")


@pytest.mark.requirement("COI-FLOOR-03", "COI-FLOOR-14")
def test_of_many_who_confirm_at_once_one_records_and_all_hear_it(world: World) -> None:
    station = ready_to_sign(world)
    station.sign()
    station.sign(second(world))
    done = world.course(floor_world.PREPARED)
    assert str(done.material) == "procured"
    packer = begun(world, floor_world.PREPARED, "record_temperature", Role.COORDINATOR)
    put(world, packer, "field.where", "tank 3")
    put(world, packer, "field.temperature", "-180.5 Cel")
    number = entries(world)
    outcomes = at_once(6, lambda: scan(world.record, packer.at, CONFIRM, scan_id="raced"))
    assert {o.kind for o in outcomes} == {OutcomeKind.PERFORMED}
    assert len({o.entry for o in outcomes}) == 1
    assert entries(world) == number + 1


def at_once(number: int, act: Callable[[], Outcome]) -> list[Outcome]:
    together = threading.Barrier(number)

    def run(_: int) -> Outcome:
        together.wait()
        return act()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


# --- kept by the server


@pytest.mark.requirement("COI-FLOOR-05")
def test_a_begun_step_is_there_after_a_restart_and_after_another_persons_work(world: World) -> None:
    station = procuring(world)
    station.scan(jars(world, floor_world.PREPARED)[0])
    left = station.resume().screen

    other = world.station(Role.COORDINATOR, station.at.place.id)
    other.scan(str(world.course(floor_world.NEIGHBOUR).coi))
    other.command(Command.STEP, "open_deviation")
    assert other.resume().screen.step == "open_deviation"

    world.record.database.close()
    again = World.at(world.record.database.url)
    found = drafts.resume(again.record, station.at).screen
    assert (found.step, found.prompts, found.token) == (left.step, left.prompts, left.token)
    again.close()


@pytest.mark.requirement("COI-FLOOR-05")
def test_the_last_thing_is_taken_back_and_cancelling_records_nothing(world: World) -> None:
    station = procuring(world)
    number = entries(world)
    first, other, _ = jars(world, floor_world.PREPARED)
    station.scan(first)
    before = station.resume().screen.prompts
    station.scan(other)
    assert station.command(Command.BACK).screen.prompts == before
    assert drafts.take_back(world.record, station.at, "scan.jar", first.split(":")[2]).kind is OutcomeKind.ACCEPTED
    assert station.scan(first).kind is OutcomeKind.ACCEPTED
    assert station.command(Command.CANCEL).screen.state is State.SCANNED
    assert station.command(Command.CANCEL).screen.state is State.IDLE
    assert entries(world) == number


@pytest.mark.requirement("COI-FLOOR-01")
def test_a_step_can_be_begun_before_its_course_is_known(world: World) -> None:
    station = world.station(Role.PROCEDURALIST, str(world.course(floor_world.PREPARED).site))
    asked = station.command(Command.STEP, "procure_tissue")
    assert asked.screen.next is not None
    assert asked.screen.next.key == "target.course"
    assert station.scan(jars(world, floor_world.FAR)[0]).kind is OutcomeKind.REFUSED
    assert station.scan("anything").kind is OutcomeKind.REFUSED
    found = station.scan(jars(world, floor_world.PREPARED)[0])
    assert found.kind is OutcomeKind.ACCEPTED
    assert found.screen.course is not None
    assert found.screen.course.coi == world.course(floor_world.PREPARED).coi
    assert len(next(p for p in found.screen.prompts if p.key == "scan.jar").given) == 1


@pytest.mark.requirement("COI-FLOOR-05")
def test_what_another_version_has_left_is_begun_again(world: World) -> None:
    station = procuring(world)
    with world.record.database.write() as tx:
        tx.write("UPDATE station_drafts SET doc = replace(doc, '\"v\":1', '\"v\":0')", {})
    assert station.resume().screen.state is State.IDLE
    with world.record.database.write() as tx:
        tx.write(
            "UPDATE station_drafts SET doc = replace(replace(doc, '\"v\":0', '\"v\":1'), 'procure_', 'mislay_')", {}
        )
    assert station.resume().screen.step is None


@pytest.mark.requirement("COI-FLOOR-01")
def test_one_step_at_a_time(world: World) -> None:
    station = procuring(world)
    asked = station.command(Command.STEP, "open_deviation")
    assert (asked.kind, asked.screen.step) == (OutcomeKind.INFORMATION, "procure_tissue")
    assert station.command(Command.LOCK).asks == "lock"
    assert station.command(Command.YES).kind is OutcomeKind.INFORMATION
    assert station.command(Command.SIGN).kind is OutcomeKind.INFORMATION


@pytest.mark.requirement("COI-FLOOR-12")
def test_a_hand_off_shows_what_is_expected_scanned_missing_and_unexpected(world: World) -> None:
    course = world.course(floor_world.SHIPPED)
    station = begun(world, floor_world.SHIPPED, "receive_product", Role.CELL_LAB)
    bags = course.of_kind(ContainerKind.BAG)
    assert listed(station, "scan.bag") == {Presence.MISSING: len(bags)}
    assert listed(station, "scan.shipper")[Presence.PACKED] == 2 * len(bags)
    station.scan(payload(bags[0]))
    station.scan(jars(world, floor_world.NEIGHBOUR)[0])
    assert listed(station, "scan.bag") == {
        Presence.SCANNED: 1,
        Presence.MISSING: len(bags) - 1,
        Presence.UNEXPECTED: 1,
    }


def listed(station: Station, key: str) -> dict[Presence, int]:
    prompt = next(p for p in station.resume().screen.prompts if p.key == key)
    kinds = [line.presence for line in prompt.lines]
    return {kind: kinds.count(kind) for kind in kinds}


@pytest.mark.requirement("COI-FLOOR-13")
def test_a_thawed_bag_shows_until_when(world: World) -> None:
    course = world.course(floor_world.BEDSIDE)
    bag = next(b for b in course.of_kind(ContainerKind.BAG) if b.thawed_at is not None)
    station = world.station(Role.NURSE, str(course.site))
    (timer,) = station.scan(payload(bag)).screen.timers
    limit = world.premises.protocol_of(course).product.thaw_limit
    assert (timer.what, timer.since, timer.deadline) == ("thaw", bag.thawed_at, timer.since + limit)
    begun_step = begun(world, floor_world.BEDSIDE, "verify_at_bedside", Role.NURSE)
    assert begun_step.resume().screen.timers == (timer,)


# --- handed in


@pytest.mark.requirement("COI-FLOOR-14")
def test_what_is_not_complete_is_told_and_not_recorded(world: World) -> None:
    station = procuring(world)
    number = entries(world)
    outcome = station.command(Command.CONFIRM)
    assert outcome.kind is OutcomeKind.INFORMATION
    assert "which lesion" in {w.expected for w in outcome.words}
    assert entries(world) == number
    forced = hand_in(world.record, station.at, anyway=True)
    assert {"evidence_missing", "missing_container", "signature_missing"} <= {w.code for w in forced.words}
    assert forced.screen.state is State.REFUSED


@pytest.mark.requirement("COI-FLOOR-14")
def test_a_refused_step_is_answered_the_same_until_it_is_acknowledged_and_corrected(world: World) -> None:
    packer = begun(world, floor_world.PREPARED, "record_temperature", Role.COORDINATOR)
    put(world, packer, "field.where", "tank 3")
    warned = put(world, packer, "field.temperature", "500 Cel")
    assert warned.words[0].code == "value_out_of_range"  # kept, but said at once
    first = packer.command(Command.CONFIRM)
    number = entries(world)
    again = hand_in(world.record, packer.at)
    assert (again.kind, again.entry, again.words) == (OutcomeKind.REFUSED, first.entry, first.words)
    assert entries(world) == number
    assert packer.command(Command.ACKNOWLEDGE).screen.state is State.READY
    put(world, packer, "field.temperature", "37.1 Cel")
    assert packer.command(Command.CONFIRM).kind is OutcomeKind.PERFORMED
    assert entries(world) == number + 1


def test_a_late_entry_asks_when_why_and_for_one_person_more(world: World) -> None:
    coordinator = begun(world, floor_world.PREPARED, "record_temperature", Role.COORDINATOR)
    coordinator.command(Command.LATE)
    put(world, coordinator, "field.where", "tank 3")
    put(world, coordinator, "field.temperature", "-180 Cel")
    put(world, coordinator, "entry.comment", "read from the paper log")
    coming = drafts.put(world.record, coordinator.at, "entry.happened_at", "2099-01-01T00:00Z")
    assert coming.kind is OutcomeKind.REFUSED
    put(world, coordinator, "entry.happened_at", world.record.clock().isoformat())
    put(world, coordinator, "entry.late_reason", "no network")
    assert coordinator.command(Command.CONFIRM).asks == "sign"
    done = coordinator.sign(second(world), meaning=Meaning.LATE_ENTRY)
    assert done.kind is OutcomeKind.PERFORMED, done.words


@pytest.mark.requirement("COI-FLOOR-21")
def test_a_comment_or_a_late_entry_that_is_not_wanted_after_all_is_taken_back(world: World) -> None:
    station = begun(world, floor_world.PREPARED, "record_temperature", Role.COORDINATOR)
    put(world, station, "field.where", "tank 3")
    put(world, station, "field.temperature", "-180 Cel")
    station.command(Command.LATE)
    put(world, station, "entry.happened_at", "2026-03-01 08:00")
    station.command(Command.BACK)
    assert station.command(Command.BACK).screen.late is False
    station.command(Command.LATE)
    put(world, station, "entry.happened_at", "2026-03-01 08:00")
    assert drafts.take_back(world.record, station.at, "entry.late").screen.late is False
    station.command(Command.COMMENT)
    assert station.command(Command.BACK).screen.state is State.READY
    assert station.command(Command.COMMENT).screen.state is State.BEGUN
    assert station.command(Command.NEXT).screen.state is State.READY
    asked = station.command(Command.COMMENT).screen.next
    assert asked is not None
    assert asked.key == "entry.comment"
    done = station.command(Command.CONFIRM)
    assert done.kind is OutcomeKind.PERFORMED, done.words


@pytest.mark.requirement("COI-FLOOR-15")
def test_what_a_new_participant_says_is_sealed_while_the_step_is_begun(world: World) -> None:
    site = str(world.course(floor_world.PREPARED).site)
    station = world.station(Role.COORDINATOR, site)
    station.command(Command.STEP, "register_subject")
    spaced = station.scan("S 555")
    assert "letters, digits, dots and dashes" in spaced.words[0].expected
    assert "in the record" not in spaced.words[0].expected
    station.scan("S-555")
    for mistyped in ("2061-07-08", "0961-07-08"):
        born = station.scan(mistyped)
        assert "a day that has been" in born.words[0].expected
        assert mistyped not in repr(born)
    assert station.scan("1961-07-08").kind is OutcomeKind.ACCEPTED
    assert station.scan("Doe, Jane").kind is OutcomeKind.ACCEPTED
    with world.record.database.read() as tx:
        doc, sealed = tx.query("SELECT doc, sealed FROM station_drafts WHERE sealed IS NOT NULL")[0]
        kept = tx.query("SELECT verdict FROM station_scans")
    for text in (doc, bytes(sealed).decode("latin-1"), *(row[0] for row in kept), repr(station.outcomes)):
        assert "1961-07-08" not in text
        assert "Jane" not in text
    station.command(Command.NEXT)
    station.scan("female")
    assert station.command(Command.CONFIRM).kind is OutcomeKind.PERFORMED


@pytest.mark.requirement("COI-FLOOR-15")
@pytest.mark.parametrize("said", ["CHRSTNNE JNES", "COI1:", "", "31.12.1961"])
def test_what_a_person_says_is_not_recorded_however_it_is_misread(world: World, said: str) -> None:
    station = begun(world, floor_world.BEDSIDE, "verify_at_bedside", Role.NURSE)
    band = wristband(world, floor_world.BEDSIDE)
    bag = next(b for b in world.containers(floor_world.BEDSIDE, ContainerKind.BAG) if b.thawed_at is not None)
    station.scan(band)
    station.scan(payload(bag))
    number = entries(world)
    outcome = station.scan(said)
    assert outcome.kind is OutcomeKind.REFUSED
    assert said == "" or said not in repr(outcome)
    assert entries(world) == number
