"""Signing in, locking, and what nobody reaches without a role: on both databases, through the pages themselves."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from coi_tracker.services import queries
from coi_tracker.vocabulary import Role
from tests.floor import PASSWORD
from web import access, create_app
from web.session import PERSON


def sign_in(client, account, password=PASSWORD, to="/courses"):
    return client.post("/sign-in", data={"account": account, "password": password, "to": to})


@pytest.mark.requirement("COI-WEB-01")
def test_somebody_signs_in_by_account_or_badge_and_goes_on_where_she_wanted(floor):
    nurse = floor.person(Role.NURSE)
    for name in (nurse.id, nurse.badge, f" {nurse.badge}\r\n"):
        client = floor.client()
        asked = client.get("/courses?search=01")
        assert (asked.status_code, asked.location) == (302, "/sign-in?to=/courses?search%3D01")
        answer = sign_in(client, name, to="/courses?search=01")
        assert (answer.status_code, answer.location) == (303, "/courses?search=01")
        assert nurse.name in client.get("/courses").text


@pytest.mark.parametrize(("account", "password"), [("nobody", PASSWORD), ("", PASSWORD), ("BXXXXXXXXX", PASSWORD)])
@pytest.mark.requirement("COI-WEB-01")
def test_who_does_not_fit_stays_outside_and_learns_nothing(floor, account, password):
    client, nurse = floor.client(), floor.person(Role.NURSE)
    wrong = sign_in(client, nurse.id, "another password")
    none = sign_in(floor.client(), account, password)
    assert wrong.status_code == none.status_code == 401
    told = [re.search(r'role="alert">(.*?)</p>', answer.text) for answer in (wrong, none)]
    assert told[0] is not None
    assert told[1] is not None
    assert told[0][1] == told[1][1]
    assert PERSON not in str(wrong.headers)
    assert client.get("/courses").status_code == 302


@pytest.mark.requirement("COI-WEB-02")
def test_a_session_cannot_be_foisted_on_somebody(floor):
    client, nurse = floor.client(), floor.person(Role.NURSE)
    client.set_cookie(PERSON, "chosen by a stranger")
    sign_in(client, nurse.id)
    first = client.get_cookie(PERSON).value
    assert first != "chosen by a stranger"
    sign_in(client, nurse.id)
    assert client.get_cookie(PERSON).value != first
    client.set_cookie(PERSON, first)
    assert client.get("/courses").status_code == 302, "the session before is over"


@pytest.mark.requirement("COI-WEB-02")
def test_a_screen_locks_when_nobody_was_there_and_ends_after_a_shift(floor):
    client = floor.client(floor.person(Role.NURSE).id)
    floor.clock.forward(timedelta(minutes=14))
    assert client.get("/courses").status_code == 200
    floor.clock.forward(timedelta(minutes=16))
    assert client.get("/courses").status_code == 302
    page = client.get("/sign-in").text
    assert "Locked" in page
    assert floor.person(Role.NURSE).name in page
    other = floor.client(floor.person(Role.NURSE).id)
    last = 0
    for _ in range(61):
        floor.clock.forward(timedelta(minutes=12))
        last = other.get("/courses").status_code
    assert last == 302


@pytest.mark.requirement("COI-WEB-02")
def test_locking_and_signing_out_end_what_a_copied_cookie_could_do(floor):
    for leave in ("/lock", "/sign-out"):
        client = floor.client(floor.person(Role.NURSE).id)
        kept = client.get_cookie(PERSON).value
        assert client.post(leave).status_code == 303
        client.set_cookie(PERSON, kept)
        assert client.get("/courses").status_code == 302


@pytest.mark.parametrize(
    "to", ["//evil.example/", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "\n/x"]
)
@pytest.mark.requirement("COI-WEB-03")
def test_nobody_is_sent_to_another_site(floor, to):
    assert sign_in(floor.client(), floor.person(Role.NURSE).id, to=to).location == "/"


@pytest.mark.requirement("COI-WEB-03")
def test_a_form_of_another_site_is_not_taken(floor):
    app = create_app(floor.record)
    client = app.test_client()
    assert sign_in(client, floor.person(Role.NURSE).id).status_code == 400
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)
    assert token is not None
    data = {"account": floor.person(Role.NURSE).id, "password": PASSWORD, "csrf_token": token[1]}
    assert client.post("/sign-in", data=data).status_code == 303


@pytest.mark.requirement("COI-WEB-04")
def test_another_sites_course_is_not_found(floor):
    coi = floor.courses[0]
    own, other = (
        floor.client(floor.person(Role.NURSE, place).id)
        for place in (floor.site_of(coi), floor.site_of(floor.courses[1]))
    )
    assert floor.site_of(coi) != floor.site_of(floor.courses[1])
    assert own.get(f"/courses/{coi}").status_code == 200
    assert f"/courses/{coi}" in own.get("/courses").text
    assert f"/courses/{coi}" not in other.get("/courses").text
    assert "No course fits" in other.get(f"/courses?search={coi}").text
    assert other.get(f"/courses/{coi}").status_code == 404
    unknown = "CTFNABAEVCBDH"
    assert _plain(other.get(f"/courses/{coi}").text, coi) == _plain(other.get(f"/courses/{unknown}").text, unknown)


def _plain(page: str, coi: str) -> str:
    """A page without what differs each time it is loaded."""
    return re.sub(r'(content|value)="[^"]*"', "", page).replace(coi, "")


@pytest.mark.requirement("COI-WEB-04")
def test_an_administrator_has_no_business_with_courses_and_trying_is_kept(floor):
    admin = floor.person(Role.ADMIN)
    client = floor.client(admin.id)
    for path in ("/courses", f"/courses/{floor.courses[0]}"):
        assert client.get(path).status_code == 403
    kept = queries.timeline(floor.record, f"account/{admin.id}").entries
    assert [one.event.evidence["tried"] for one in kept[:2]] == [f"GET /courses/{floor.courses[0]}", "GET /courses"]
    assert all(one.event.kind == "refused" and one.event.reasons[0].code == "role_missing" for one in kept[:2])


def test_an_address_that_does_not_say_who_may_use_it_is_closed(floor):
    app = create_app(floor.record)
    app.add_url_rule("/forgotten", "forgotten", lambda: "open to all")
    with pytest.raises(LookupError, match="forgotten"):
        access.refuse_undeclared(app)
    client = app.test_client()
    client.set_cookie(PERSON, floor.client(floor.person(Role.QA).id).get_cookie(PERSON).value)
    assert client.get("/forgotten").status_code == 403


def test_a_device_becomes_a_station_by_its_code_and_only_for_those_who_work_there(floor):
    nurse = floor.person(Role.NURSE)
    here = floor.station(nurse.roles[0].place)
    elsewhere = floor.station(floor.site_of(next(c for c in floor.courses if floor.site_of(c) != nurse.roles[0].place)))
    client = floor.client(nurse.id)
    assert client.post("/station", data={"code": elsewhere}).status_code == 403
    assert client.post("/station", data={"code": nurse.badge}).status_code == 400
    assert client.post("/station", data={"code": here}).status_code == 303
    assert "no station" not in client.get("/courses").text
