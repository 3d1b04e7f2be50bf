"""What administration is not: no authority over courses, none for oneself, and none for anybody else."""

from __future__ import annotations

import re

import pytest

from coi_tracker.services import administration, people
from coi_tracker.services.changes import INSTALLER
from coi_tracker.vocabulary import Role
from tests.functional.admin_forms import change, refused

NO_COURSES = pytest.mark.requirement("COI-PPL-12")


@NO_COURSES
def test_an_administrator_sees_no_course_anywhere(floor, admin, nurse):
    for path in ("/courses", f"/courses/{floor.courses[0]}"):
        assert admin.get(path).status_code == 403
    subjects = {f"0{n}" for n in (100, 101, 102, 103)}
    listed = ["/admin/accounts", "/admin/places", "/admin/stations", "/admin/printers", "/admin/studies", "/"]
    listed += ["/admin/integrations", "/admin/integrations/new-token", "/admin/integrations/new-webhook"]
    listed += [f"/admin/accounts/{one.id}" for one in people.people(floor.record)]
    listed += [f"/admin/places/{one.id}" for one in administration.places(floor.record)]
    listed += [f"/admin/stations/{one.code}" for one in administration.stations(floor.record)]
    listed += ["/admin/studies/iov_lun_202", "/me"]
    for path in listed:
        page = admin.get(path, follow_redirects=True)
        assert page.status_code == 200, path
        assert 'href="/courses' not in page.text, path
        for coi in floor.courses:
            assert coi not in page.text, path
        assert not subjects & set(re.findall(r"\b0\d{3}\b", page.text)), path


@NO_COURSES
def test_who_also_has_another_role_sees_courses_by_that_one(floor):
    boss = floor.person(Role.ADMIN)
    people.give_role(
        floor.record, boss.id, role=Role.NURSE, place=floor.site_of(floor.courses[0]), by=INSTALLER, reason="test"
    )
    client = floor.client(boss.id)
    assert client.get(f"/courses/{floor.courses[0]}").status_code == 200
    assert client.get(f"/courses/{floor.courses[1]}").status_code == 404
    assert client.get("/admin/accounts").status_code == 200


@NO_COURSES
def test_an_administrator_gives_herself_nothing_and_cannot_end_the_last_one(floor, admin):
    boss = floor.person(Role.ADMIN)
    role = {"role": "qa", "place": boss.roles[0].place}
    assert "another administrator" in refused(admin, f"/admin/accounts/{boss.id}/roles", **role)
    for one in people.people(floor.record):
        if one.id != boss.id and any(held.role is Role.ADMIN for held in one.roles):
            change(admin, f"/admin/accounts/{one.id}/active")
    assert "the last one" in refused(admin, f"/admin/accounts/{boss.id}/active")


@NO_COURSES
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_nobody_else_administers_anything(floor, role):
    client = floor.client(floor.person(role).id)
    for path in ("/admin", "/admin/accounts", "/admin/places/new", "/admin/failed-tries", "/admin/protocols/release"):
        assert client.get(path).status_code == 403
    assert client.post("/admin/accounts/new", data={"account": "nina", "name": "N", "reason": "x"}).status_code == 403
    assert people.find_person(floor.record, "nina") is None
    assert "Administration" not in client.get("/me").text
