"""What a station shows of anything that is scanned, what it offers, and what it never tells another place."""

from __future__ import annotations

import string
from dataclasses import asdict
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coi_tracker.identity import CODE_KINDS, CoiId, CommandCode
from coi_tracker.services import available
from coi_tracker.services.floor import drafts
from coi_tracker.services.floor.lookup import look_up
from coi_tracker.services.floor.offers import offers
from coi_tracker.services.floor.scanning import scan
from coi_tracker.services.floor.screen import OutcomeKind, State
from coi_tracker.vocabulary import Command, ContainerKind, HowRead, Role
from tests.functional import floor_world
from tests.functional.floor_world import World, payload
from tests.functional.test_floor_refusals import begun, entries, jars, procuring, wristband


def facts_about(world: World, number: str) -> set[str]:
    """Every word that would tell something of a course."""
    found = {number}
    for course in world.all_of(number):
        found |= {str(course.coi), CoiId(str(course.coi)).display(), *course.labels}
        found |= {c.serial for c in course.containers.values()}
    return found


@pytest.mark.requirement("COI-FLOOR-10")
def test_another_sites_course_is_not_findable(world: World) -> None:
    site = str(world.course(floor_world.PREPARED).site)
    far = world.course(floor_world.FAR)
    scanned = (jars(world, floor_world.FAR)[0], wristband(world, floor_world.FAR), str(far.coi), floor_world.FAR)
    for role in (Role.COORDINATOR, Role.NURSE, Role.PHYSICIAN, Role.CELL_LAB):
        station = world.station(role, site)
        for code in scanned:
            own = {code, *code.split(":"), CoiId(str(far.coi)).display()} | {c.serial for c in far.containers.values()}
            outcome = station.scan(code)
            told = repr(asdict(outcome))
            for serial in [c.serial for c in far.containers.values()]:
                told = told.replace("-".join((serial[:4], serial[4:8], serial[8:])), "")
            assert not [fact for fact in facts_about(world, floor_world.FAR) - own if fact in told]
            assert str(far.site) not in told
            assert outcome.screen.state is State.IDLE
            assert outcome.kind is OutcomeKind.REFUSED
            assert look_up(world.record, code, at=station.at).course is None
        assert offers(world.record, far.chain, at=station.at) == ()
        assert drafts.begin(world.record, station.at, "open_deviation", chain=far.chain).screen.step is None


@pytest.mark.requirement("COI-FLOOR-10")
def test_an_unknown_course_and_another_sites_course_are_told_the_same(world: World) -> None:
    station = world.station(Role.COORDINATOR, str(world.course(floor_world.PREPARED).site))
    unknown, far = CoiId.issue().text, str(world.course(floor_world.FAR).coi)
    assert station.scan(unknown).words == station.scan(far).words
    begun_far = drafts.begin(world.record, station.at, "open_deviation", chain=f"course/{far}")
    begun_unknown = drafts.begin(world.record, station.at, "open_deviation", chain=f"course/{unknown}")
    assert begun_far.words == begun_unknown.words


@pytest.mark.requirement("COI-FLOOR-10")
def test_the_subject_number_is_shown_at_the_site_alone(world: World) -> None:
    course = world.course(floor_world.INSIDE)
    flask = payload(course.of_kind(ContainerKind.FLASK)[0])
    at_site = world.station(Role.COORDINATOR, str(course.site)).scan(flask).screen.course
    at_facility = world.station(Role.OPERATOR, str(course.facility)).scan(flask).screen.course
    assert at_site is not None
    assert at_facility is not None
    assert at_site.subject == floor_world.INSIDE
    assert at_facility.subject is None
    assert floor_world.INSIDE not in repr(world.station(Role.OPERATOR, str(course.facility)).scan(flask))


def test_a_label_tells_what_it_is_where_it_stands_and_who_holds_it(world: World) -> None:
    course = world.course(floor_world.SHIPPED)
    bag = course.of_kind(ContainerKind.BAG)[0]
    screen = world.station(Role.CELL_LAB, str(course.site)).scan(payload(bag)).screen
    assert screen.state is State.SCANNED
    assert screen.container is not None
    assert (screen.container.id, screen.container.state) == (bag.id, "in_transit")
    assert (screen.container.holder, screen.container.offered_to) == (bag.holder, course.site)
    assert screen.course is not None
    assert screen.course.material == "outbound"


def test_a_badge_equipment_a_lot_and_a_subject_say_what_they_are(world: World) -> None:
    course = world.course(floor_world.INSIDE)
    station = world.station(Role.COORDINATOR, str(course.site))
    with world.record.database.read() as tx:
        badge = tx.query("SELECT badge, id FROM accounts WHERE badge IS NOT NULL ORDER BY id")[0]
        equipment = tx.query("SELECT code FROM equipment ORDER BY code")[0][0]
        lot = tx.query("SELECT code FROM lots ORDER BY code")[0][0]
    assert look_up(world.record, badge[0], at=station.at).badge == badge[1]
    assert look_up(world.record, equipment, at=station.at).is_a == "equipment"
    assert look_up(world.record, lot, at=station.at).is_a == "lot"
    subject = station.scan(floor_world.INSIDE)
    assert subject.screen.sighting is not None
    assert subject.screen.sighting.is_a == "subject"
    assert {o.step for o in subject.screen.offers} >= {"record_eligibility", "assign_cohort"}


@pytest.mark.requirement("COI-FLOOR-06")
def test_what_is_offered_is_what_the_engine_would_let_this_person_do(world: World) -> None:
    course = world.course(floor_world.PREPARED)
    station = world.station(Role.PROCEDURALIST, str(course.site))
    found = {o.step: o for o in offers(world.record, course.chain, at=station.at)}
    assert found["procure_tissue"].ready
    assert set(found) <= {s.name for s in world.record.process.steps.values() if Role.PROCEDURALIST in s.by}
    coordinator = world.station(Role.COORDINATOR, str(course.site))
    found = {o.step: o for o in offers(world.record, course.chain, at=coordinator.at)}
    assert not found["pack"].ready
    assert "wrong_state" in {w.code for w in found["pack"].blocked}
    assert not found["close_course"].ready
    assert found["issue_labels"].ready
    assert all(w.expected and w.do for o in found.values() for w in o.blocked)


@pytest.mark.requirement("COI-FLOOR-06")
def test_an_offer_says_what_the_scanned_thing_plays_in_it_and_has_its_command(world: World) -> None:
    course = world.course(floor_world.PREPARED)
    station = world.station(Role.PROCEDURALIST, str(course.site))
    first, *_ = station.scan(jars(world, floor_world.PREPARED)[0]).screen.offers
    assert (first.step, first.part, first.ready) == ("procure_tissue", "jar", True)
    assert station.scan(first.command).screen.step == "procure_tissue"


@pytest.mark.requirement("COI-FLOOR-06")
def test_a_hold_is_told_before_anybody_tries(world: World) -> None:
    nurse = begun(world, floor_world.PREPARED, "place_hold", Role.NURSE)
    drafts.put(world.record, nurse.at, "field.blocks", "procurement")
    drafts.put(world.record, nurse.at, "field.reason", "clinical question")
    nurse.command(Command.CONFIRM)
    nurse.sign()
    course = world.course(floor_world.PREPARED)
    station = world.station(Role.PROCEDURALIST, str(course.site))
    screen = station.scan(str(course.coi)).screen
    assert screen.course is not None
    assert [h.blocks for h in screen.course.holds] == [("procurement",)]
    offer = next(o for o in screen.offers if o.step == "procure_tissue")
    assert "on_hold" in {w.code for w in offer.blocked}


# --- anything as a scan

ODD = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=300),
    st.text(alphabet=string.printable, max_size=60),
    st.sampled_from(
        ["", " ", "\r\n", "COI1:", "COI1:*", "COI1:*STEP:-:AA", "COI9:-:X:Y", "\x00", "é" * 5000, "🧬", "-"]
    ),
    st.builds(lambda kind, seed: kind.issue(seed.randbytes).text, st.sampled_from(CODE_KINDS), st.randoms()),
    st.sampled_from([CommandCode(c).format() for c in Command if c not in {Command.STEP, Command.CANCEL}]),
    st.sampled_from(["yes", "12", "-1.5 Cel", "now", "2026-01-01", "procurement", "met"]),
)
STEPS = (None, "procure_tissue", "place_hold", "correct", "record_temperature", "verify_at_bedside", "open_deviation")
TYPED_ALONE = "record_temperature"
"""Where and how warm can both be typed and nobody signs: confirmed, it is rightly recorded now and then."""


@pytest.mark.requirement("COI-FLOOR-11")
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)  # what is stored of a text is tried on both below
def test_no_text_makes_the_station_fail_or_changes_a_course(world: World) -> None:
    course = world.course(floor_world.PREPARED)
    station = world.station(Role.NURSE, str(course.site))
    surgeon = procuring(world)
    before, numbers = world.course(floor_world.PREPARED), count()

    @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
    @given(step=st.sampled_from(STEPS), texts=st.lists(ODD, min_size=1, max_size=6))
    def any_text(step: str | None, texts: list[str]) -> None:
        who = surgeon if step == "procure_tissue" else station
        drafts.cancel(world.record, who.at)
        drafts.cancel(world.record, who.at)
        if step is not None:
            drafts.begin(world.record, who.at, step, chain=course.chain)
        for text in texts:
            if step == TYPED_ALONE and text == CommandCode(Command.CONFIRM).format():
                continue
            outcome = scan(world.record, who.at, text, scan_id=f"any-{next(numbers)}", by=HowRead.TYPED)
            assert outcome.kind in set(OutcomeKind) - {OutcomeKind.PERFORMED}
            if outcome.kind is OutcomeKind.REFUSED:
                assert all(w.expected and w.observed and w.do for w in outcome.words)

    any_text()
    after = available.state_of(world.record, course.chain)
    assert after is not None
    assert (after.containers, after.labels, after.facts, after.done) == (
        before.containers,
        before.labels,
        before.facts,
        before.done,
    )


@pytest.mark.requirement("COI-FLOOR-11")
@pytest.mark.parametrize(
    "text", ["x" * 1_000_000, "\x00\x01", "\u202eCOI1", "line\nline", "é\U0001f9ec", " ", "\ud800", "S-001\x00"]
)
def test_odd_text_is_kept_escaped_and_short(world: World, text: str) -> None:
    station = world.station(Role.NURSE, str(world.course(floor_world.PREPARED).site))
    number = entries(world)
    assert station.scan(text).kind is OutcomeKind.REFUSED
    assert entries(world) == number + 1
    step = procuring(world)
    assert step.scan(text).kind is OutcomeKind.REFUSED
