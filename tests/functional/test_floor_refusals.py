"""A wrong scan at a station: refused at once, in words, recorded with exactly its reasons, and nothing is blocked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coi_tracker.identity import CoiId, LabelSerial, ScanPayload
from coi_tracker.services.floor import drafts
from coi_tracker.services.floor.screen import Outcome, OutcomeKind, Presence, State
from coi_tracker.vocabulary import Command, ContainerKind, Meaning, Role
from tests.functional import floor_world
from tests.functional.floor_world import World, payload
from tests.functional.station import Station

pytestmark = pytest.mark.requirement("COI-FLOOR-04")


def last_entry(world: World, outcome: Outcome) -> dict[str, Any]:
    with world.record.database.read() as tx:
        row = tx.one("SELECT entry FROM events WHERE id = :id", id=outcome.entry)
    assert row is not None, outcome
    return dict(json.loads(row[0]))


def entries(world: World) -> int:
    with world.record.database.read() as tx:
        return int(tx.query("SELECT count(*) FROM events")[0][0])


def begun(world: World, number: str, step: str, role: Role, *, place: str | None = None) -> Station:
    course = world.course(number)
    station = world.station(role, place or str(course.site))
    station.scan(str(course.coi))
    outcome = station.command(Command.STEP, step)
    assert outcome.kind is OutcomeKind.ACCEPTED, outcome.words
    return station


def assert_refused(world: World, station: Station, outcome: Outcome, code: str) -> None:
    """Red, in words, recorded with that reason alone in the chain of the course; the step is begun as before."""
    assert outcome.kind is OutcomeKind.REFUSED, (outcome.kind, outcome.headline)
    assert [w.code for w in outcome.words] == [code]
    assert all(w.expected and w.observed and w.do and w.title for w in outcome.words)
    entry = last_entry(world, outcome)
    assert entry["kind"] == "refused"
    assert [r["code"] for r in entry["reasons"]] == [code]
    assert entry["chain"] == outcome.screen.course.chain  # type: ignore[union-attr]
    assert entry["step"] == outcome.screen.step
    assert entry["actor"]["account"] == station.at.account
    assert entry["signatures"] == []
    assert outcome.screen.state is State.BEGUN


def jars(world: World, number: str) -> tuple[str, ...]:
    return tuple(payload(c) for c in world.containers(number, ContainerKind.TISSUE_JAR))


def wristband(world: World, number: str) -> str:
    return payload(world.containers(number, ContainerKind.WRISTBAND)[0])


def procuring(world: World) -> Station:
    return begun(world, floor_world.PREPARED, "procure_tissue", Role.PROCEDURALIST)


def good_still_goes(station: Station, code: str) -> None:
    assert station.scan(code).kind is OutcomeKind.ACCEPTED


@pytest.mark.parametrize(
    ("sort", "code"),
    [
        ("unknown", "unknown_label"),
        ("torn", "malformed_label"),
        ("foreign", "malformed_label"),
        ("neighbour", "wrong_course"),
        ("far", "wrong_course"),
        ("band", "wrong_subject"),
        ("twice", "duplicate_scan"),
        ("shipper", "wrong_container_kind"),
        ("coi", "wrong_course"),
        ("equipment", "wrong_container_kind"),
    ],
)
def test_a_wrong_scan_is_refused_with_its_reason_and_the_next_good_one_goes_on(
    world: World, sort: str, code: str
) -> None:
    station = procuring(world)
    first, second, *_ = jars(world, floor_world.PREPARED)
    station.scan(wristband(world, floor_world.PREPARED))
    assert station.scan(first).kind is OutcomeKind.ACCEPTED
    before = station.resume().screen
    wrong = {
        "unknown": ScanPayload(CoiId.issue(), LabelSerial.issue()).format(),
        "torn": first[:-2],
        "foreign": "]C1(01)04012345678901",
        "neighbour": jars(world, floor_world.NEIGHBOUR)[0],
        "far": jars(world, floor_world.FAR)[0],
        "band": wristband(world, floor_world.NEIGHBOUR),
        "twice": first,
        "shipper": _a_shipper(world),
        "coi": str(world.course(floor_world.NEIGHBOUR).coi),
        "equipment": _equipment(world),
    }[sort]
    outcome = station.scan(wrong)
    assert_refused(world, station, outcome, code)
    after = station.resume().screen
    assert [p.given for p in after.prompts] == [p.given for p in before.prompts]
    unexpected = [line for p in after.prompts for line in p.lines if line.presence is Presence.UNEXPECTED]
    assert unexpected
    good_still_goes(station, second)


def _a_shipper(world: World) -> str:
    with world.record.database.read() as tx:
        serial = tx.query("SELECT serial FROM shippers ORDER BY serial")[0][0]
    return ScanPayload(None, LabelSerial(serial)).format()


def _equipment(world: World) -> str:
    with world.record.database.read() as tx:
        return str(tx.query("SELECT code FROM equipment ORDER BY code")[0][0])


def test_a_label_of_another_course_of_the_same_subject_is_not_enough(world: World) -> None:
    old, new = sorted(world.all_of(floor_world.AGAIN), key=lambda c: c.standing != "terminated")
    station = begun(world, floor_world.AGAIN, "procure_tissue", Role.PROCEDURALIST)
    outcome = station.scan(payload(old.of_kind(ContainerKind.TISSUE_JAR)[0]))
    assert_refused(world, station, outcome, "same_subject_other_course")
    good_still_goes(station, payload(new.of_kind(ContainerKind.TISSUE_JAR)[0]))


def issue(world: World, number: str, kind: str, count: int) -> None:
    station = begun(world, number, "issue_labels", Role.COORDINATOR)
    for key, value in (("kind", kind), ("count", str(count)), ("reason", "one more")):
        assert drafts.put(world.record, station.at, f"field.{key}", value).kind is OutcomeKind.ACCEPTED
    assert station.command(Command.CONFIRM).kind is OutcomeKind.PERFORMED


def test_a_label_that_was_not_scanned_back_is_not_put_on_a_jar(world: World) -> None:
    issue(world, floor_world.PREPARED, "tissue_jar", 1)
    station = procuring(world)
    fresh = jars(world, floor_world.PREPARED)[-1]
    assert_refused(world, station, station.scan(fresh), "label_not_verified")
    good_still_goes(station, jars(world, floor_world.PREPARED)[0])


def test_a_dead_label_says_what_it_is(world: World) -> None:
    coordinator = begun(world, floor_world.PREPARED, "void_label", Role.COORDINATOR)
    dead = jars(world, floor_world.PREPARED)[2]
    assert coordinator.scan(dead).kind is OutcomeKind.ACCEPTED  # a label names the container
    drafts.put(world.record, coordinator.at, "field.reason", "smeared")
    coordinator.command(Command.CONFIRM)
    assert coordinator.sign().kind is OutcomeKind.PERFORMED
    station = procuring(world)
    assert_refused(world, station, station.scan(dead), "label_void")


def reprinted(world: World) -> tuple[str, str]:
    """A jar label that was replaced by another: the old and the new payload."""
    site = str(world.course(floor_world.PREPARED).site)
    coordinator = begun(world, floor_world.PREPARED, "reprint_label", Role.COORDINATOR)
    old = jars(world, floor_world.PREPARED)[0]
    coordinator.scan(old)
    drafts.put(world.record, coordinator.at, "field.reason", "torn")
    coordinator.command(Command.CONFIRM)
    coordinator.sign()
    done = coordinator.sign(world.other(Role.COORDINATOR, site), meaning=Meaning.WITNESSED)
    assert done.kind is OutcomeKind.PERFORMED, done.words
    return old, jars(world, floor_world.PREPARED)[0]


@pytest.mark.requirement("COI-FLOOR-17")
def test_a_replaced_label_says_by_which_one_when_and_by_whom(world: World) -> None:
    old, new = reprinted(world)
    station = procuring(world)
    outcome = station.scan(old)
    assert_refused(world, station, outcome, "label_superseded")
    display = LabelSerial(new.split(":")[2]).display()
    assert display in outcome.words[0].expected
    assert "EDT by" in outcome.words[0].expected

    station.command(Command.CANCEL)
    found = station.scan(old).screen.sighting
    assert found is not None
    assert found.replaced is not None
    assert found.replaced.by_serial == display
    assert found.replaced.at is not None
    assert found.replaced.by_name


def test_a_container_in_another_state_is_not_taken(world: World) -> None:
    station = begun(world, floor_world.PREPARED, "apply_wristband", Role.NURSE)
    assert_refused(world, station, station.scan(wristband(world, floor_world.PREPARED)), "wrong_container_state")


def test_one_more_than_the_step_takes_is_unexpected(world: World) -> None:
    issue(world, floor_world.PREPARED, "wristband", 2)
    fresh = [payload(c) for c in world.containers(floor_world.PREPARED, ContainerKind.WRISTBAND)[1:]]
    verifier = begun(world, floor_world.PREPARED, "verify_label", Role.COORDINATOR)
    for code in fresh:
        verifier.scan(code)
    assert verifier.command(Command.CONFIRM).kind is OutcomeKind.PERFORMED
    station = begun(world, floor_world.PREPARED, "apply_wristband", Role.NURSE)
    good_still_goes(station, fresh[0])
    assert_refused(world, station, station.scan(fresh[1]), "unexpected_container")


def test_what_another_place_holds_is_not_ours_to_use(world: World) -> None:
    course = world.course(floor_world.PREPARED)
    issue(world, floor_world.PREPARED, "tissue_jar", 1)
    station = begun(world, floor_world.PREPARED, "verify_label", Role.OPERATOR, place=str(course.facility))
    assert_refused(world, station, station.scan(jars(world, floor_world.PREPARED)[-1]), "wrong_custodian")


def test_a_held_container_is_refused_when_it_is_scanned(world: World) -> None:
    holder = begun(world, floor_world.PREPARED, "place_hold", Role.NURSE)
    held, free = jars(world, floor_world.PREPARED)[:2]
    holder.scan(held)
    drafts.put(world.record, holder.at, "field.blocks", "procurement")
    drafts.put(world.record, holder.at, "field.reason", "lid is cracked")
    holder.command(Command.CONFIRM)
    assert holder.sign().kind is OutcomeKind.PERFORMED
    station = procuring(world)
    assert_refused(world, station, station.scan(held), "on_hold")
    good_still_goes(station, free)


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("field.lots", "LOT-NOBODY-KNOWS", "lot_unknown"),
        ("field.lots", "LOT-media-1", "lot_expired"),
        ("field.equipment", "somewhere else", "equipment_unfit"),
        ("field.suite", "another suite", None),
    ],
)
def test_supplies_that_do_not_fit_are_refused_when_they_are_scanned(
    world: World, key: str, value: str, code: str | None
) -> None:
    course = world.course(floor_world.INSIDE)
    if code == "lot_expired":
        world.record.clock.now = world.record.clock.now.replace(year=2028)  # type: ignore[attr-defined]
    station = begun(world, floor_world.INSIDE, "start_first_expansion", Role.OPERATOR, place=str(course.facility))
    if code == "equipment_unfit":
        with world.record.database.read() as tx:
            value = tx.query("SELECT code FROM equipment WHERE place <> :p", p=course.facility)[0][0]
    number = entries(world)
    outcome = drafts.put(world.record, station.at, key, value)
    assert outcome.kind is OutcomeKind.REFUSED
    if code is None:
        assert outcome.words[0].expected.startswith("the suite or room: one of ")
        assert entries(world) == number  # nobody understood it, so there is nothing to record
    else:
        assert_refused(world, station, outcome, code)


def test_another_seal_is_refused_when_it_is_read(world: World) -> None:
    station = begun(world, floor_world.PACKED, "release_to_courier", Role.COORDINATOR)
    drafts.put(world.record, station.at, "field.seal", "another seal")
    outcome = drafts.put(world.record, station.at, "field.seal_intact", "yes")
    assert_refused(world, station, outcome, "seal_mismatch")


def test_identifiers_of_somebody_else_are_refused_and_never_shown(world: World) -> None:
    station = begun(world, floor_world.BEDSIDE, "verify_at_bedside", Role.NURSE)
    outcome = drafts.put(world.record, station.at, "identifier.birth_date", "1901-02-03")
    assert_refused(world, station, outcome, "wrong_subject")
    outcome = drafts.put(world.record, station.at, "identifier.subject_number", "S-999")
    assert_refused(world, station, outcome, "wrong_subject")
    with world.record.database.read() as tx:
        kept = tx.query("SELECT entry FROM events UNION ALL SELECT doc FROM station_drafts")
        kept += tx.query("SELECT verdict FROM station_scans")
    assert not [row for row in kept if "1901-02-03" in row[0]]


def test_an_unknown_code_with_nothing_begun_is_kept_with_the_station(world: World) -> None:
    station = world.station(Role.NURSE, str(world.course(floor_world.PREPARED).site))
    outcome = station.scan("Mu\u0308ller, *1956-01-02 \x07" + "x" * 300)
    assert outcome.kind is OutcomeKind.REFUSED
    entry = last_entry(world, outcome)
    assert entry["chain"] == f"station/{station.at.station}"
    assert entry["evidence"]["read"][0].startswith("Mu\\u0308ller, *1956-01-02 \\x07xxx")
    assert len(entry["evidence"]["read"][0]) <= 160
    assert station.resume().screen.state is State.IDLE


def test_who_has_no_role_for_a_step_cannot_begin_it_and_that_is_kept(world: World) -> None:
    course = world.course(floor_world.PREPARED)
    station = world.station(Role.NURSE, str(course.site))
    station.scan(str(course.coi))
    outcome = station.command(Command.STEP, "book_slot")
    assert outcome.kind is OutcomeKind.REFUSED
    assert {w.code for w in outcome.words} == {"role_missing", "place_missing"}
    assert last_entry(world, outcome)["chain"] == f"station/{station.at.station}"
    assert outcome.screen.state is State.SCANNED


@pytest.mark.requirement("COI-FLOOR-18")
def test_a_value_outside_its_limits_is_told_with_limits_and_unit(world: World) -> None:
    station = begun(world, floor_world.PREPARED, "record_temperature", Role.COORDINATOR)
    told = drafts.put(world.record, station.at, "field.temperature", "500").words[0]
    assert (told.expected, told.observed) == ("temperature: -273 to 100 °C", "500 °C")


@pytest.mark.requirement("COI-FLOOR-18")
def test_what_people_write_is_shown_in_their_letters(world: World) -> None:
    station = begun(world, floor_world.PREPARED, "record_temperature", Role.COORDINATOR)
    kept = drafts.put(world.record, station.at, "entry.comment", "Kühlkette geprüft, señal, ضوء 🧊")
    assert kept.headline == "a comment: Kühlkette geprüft, señal, ضوء 🧊"
    for unseen in ("turned \u202e round", "ends \x07", "two\u200djoined"):
        wrong = drafts.put(world.record, station.at, "entry.comment", unseen)
        assert "cannot be seen" in wrong.words[0].expected
        assert wrong.words[0].observed.isprintable()
        assert "\\" in wrong.words[0].observed
