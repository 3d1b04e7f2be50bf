"""The work of a person: hers, of her places only, in a fixed number of statements."""

from __future__ import annotations

import time

import pytest

from coi_tracker.services import people, viewers
from coi_tracker.services.open_courses import Among, open_courses
from coi_tracker.services.turns import Way
from coi_tracker.services.worklist import due_of, worklist
from coi_tracker.vocabulary import PlaceKind, Role
from tests.counting import counting
from tests.floor import Floor, made


@pytest.fixture
def floor(prepared_database):
    floor = Floor(prepared_database(made))
    yield floor
    floor.close()


def viewer(floor, role, place=None):
    found = viewers.viewer(floor.record, floor.person(role, place).id)
    assert found is not None
    return found


@pytest.mark.requirement("COI-PAGE-06")
def test_everybody_gets_the_steps_of_her_roles_at_her_places_and_no_others(floor):
    some = 0
    for person in people.people(floor.record):
        who = viewers.viewer(floor.record, person.id)
        assert who is not None
        found = worklist(floor.record, who)
        for line in found.mine:
            assert line.role in line.what.roles
            assert any(r.role is line.role and r.place == line.place for r in who.roles)
            assert line.place in line.what.places
            some += 1
        seen = {one.coi for one in found.courses}
        assert seen == {coi for coi in floor.courses if who.everywhere or _has_to_do(floor, coi, who)}
        assert {line.coi for line in (*found.mine, *found.others)} <= seen
    assert some > 10


def _has_to_do(floor, coi, who):
    with floor.record.database.read() as tx:
        return viewers.may_see(tx, who, coi) and bool(who.places)


@pytest.mark.requirement("COI-PAGE-06")
def test_each_role_finds_what_waits_for_it(floor):
    wanted = {
        (Role.PLANNER, PlaceKind.FACILITY): {"book_slot"},
        (Role.COORDINATOR, PlaceKind.SITE): {"issue_labels", "plan_treatment"},
        (Role.OPERATOR, PlaceKind.FACILITY): {"clear_line", "issue_labels", "start_first_expansion"},
        (Role.QA, PlaceKind.FACILITY): {"accept_tissue"},
    }
    for (role, kind), steps in wanted.items():
        places = [r.place for p in people.people(floor.record) for r in p.roles if r.role is role]
        known = worklist(floor.record, viewer(floor, role)).places
        found = {
            line.what.step
            for place in set(places)
            if known[place].kind is kind
            for line in worklist(floor.record, viewer(floor, role, place)).mine
        }
        assert steps <= found, (role, found)


@pytest.mark.requirement("COI-PAGE-06")
def test_late_coming_and_blocked_are_told_apart(floor):
    found = worklist(floor.record, viewer(floor, Role.OPERATOR, "fac-rhine"))
    late = {line.what.step for line in found.late}
    assert "start_first_expansion" in late, "the tissue was taken weeks ago"
    start = next(line for line in found.mine if line.what.step == "start_first_expansion")
    assert start.way is Way.BLOCKED
    assert {str(r.code) for r in start.what.reasons} >= {"wrong_state", "too_late", "line_not_clear"}


@pytest.mark.requirement("COI-PAGE-07")
def test_a_list_of_work_costs_the_same_whatever_there_is(floor):
    record, database = counting(floor.record)
    who = viewer(floor, Role.AUDITOR)
    costs = []
    for most in (1, 2, 200):
        open_courses(record, who, most=most)  # the first time reads the protocol, once and for ever
        database.statements = 0
        found = open_courses(record, who, most=most)
        costs.append((len(found.courses), database.statements))
    database.statements = 0
    worklist(record, who)
    database.close()
    assert [number for number, _ in costs] == [1, 2, 4]
    assert len({statements for _, statements in costs}) == 1
    assert database.statements == costs[0][1] <= 8


@pytest.mark.requirement("COI-PAGE-07")
def test_what_is_due_on_a_page_of_a_list_is_asked_at_once(floor):
    record, database = counting(floor.record)
    who = viewer(floor, Role.AUDITOR)
    due_of(record, floor.courses, who=who)
    database.statements = 0
    started = time.perf_counter()
    found = due_of(record, floor.courses, who=who)
    print(f"{len(floor.courses)} courses in {(time.perf_counter() - started) * 1000:.1f} ms")
    database.close()
    assert database.statements <= 8
    assert set(found) == {floor.courses[1]}
    assert found[floor.courses[1]].late


@pytest.mark.requirement("COI-PAGE-05")
def test_courses_that_are_named_are_all_looked_at(floor):
    who = viewer(floor, Role.AUDITOR)
    named = open_courses(floor.record, who, Among(cois=tuple(floor.courses)), most=1)
    assert {one.course.coi for one in named.courses} == set(floor.courses)
    assert not named.more
    some = open_courses(floor.record, who, most=1)
    assert (len(some.courses), some.more) == (1, True)


@pytest.mark.requirement("COI-PAGE-05")
def test_what_is_due_on_another_sites_course_is_not_told(floor):
    coi = floor.courses[0]
    stranger = viewer(floor, Role.NURSE, floor.site_of(floor.courses[1]))
    assert open_courses(floor.record, stranger, Among(cois=(coi,))).courses == ()
    assert due_of(floor.record, [coi], who=stranger) == {}
    assert open_courses(floor.record, viewer(floor, Role.NURSE, floor.site_of(coi)), Among(cois=(coi,))).courses


@pytest.mark.requirement("COI-PAGE-06")
def test_a_course_that_is_closed_or_nobodys_is_no_work(floor):
    admin = viewer(floor, Role.ADMIN)
    assert worklist(floor.record, admin).courses == ()
    assert worklist(floor.record, admin).mine == ()
