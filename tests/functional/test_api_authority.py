"""Who may what through the API: scopes, places, stations, and the person behind an attempt."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from coi_tracker.services import people, queries
from coi_tracker.services.changes import new_event_id
from coi_tracker.vocabulary import Role, Scope
from tests.floor import PASSWORD
from tests.systems import (
    System,
    admin_of,
    assert_problem,
    deviation_attempt,
    integration,
    labels_attempt,
)
from web.session import PERSON


def entry_of(answer):
    return json.loads(answer.json["entry"])


def last_of(floor, chain):
    return queries.timeline(floor.record, chain, most=1).entries[0].event


READS = {
    "/courses": Scope.READ_COURSES,
    "/courses/{coi}": Scope.READ_COURSES,
    "/courses/{coi}/labels": Scope.READ_COURSES,
    "/courses/{coi}/entries": Scope.READ_ENTRIES,
    "/entries": Scope.READ_ENTRIES,
    "/places": Scope.READ_PLACES,
    "/plans": Scope.READ_COURSES,
}
WRITES = {
    "/attempts": Scope.WRITE_ATTEMPTS,
    "/scans": Scope.WRITE_ATTEMPTS,
    "/sessions": Scope.WRITE_ATTEMPTS,
    "/exports": Scope.EXPORT,
}


@pytest.mark.requirement("COI-API-04")
def test_every_address_needs_its_scope_and_what_is_denied_is_kept(floor):
    coi = floor.courses[0]
    for number, scope in enumerate(Scope):
        key = f"only-{number}"
        system = integration(floor, floor.site_of(coi), scopes=(scope,), key=key)
        tried = []
        for path, needed in READS.items():
            answer = system.get(path.format(coi=coi))
            assert (answer.status_code == 403) == (needed is not scope), (path, scope, answer.text)
            tried += [f"GET {path.format(coi=coi)}"] * (needed is not scope)
        for path, needed in WRITES.items():
            answer = system.post(path, {})
            assert (answer.status_code == 403) == (needed is not scope), (path, scope, answer.text)
            tried += [f"POST {path}"] * (needed is not scope)
        kept = queries.timeline(floor.record, f"account/token:{key}").entries
        assert [one.event.evidence["tried"] for one in reversed(kept) if one.event.kind == "refused"] == tried
        assert kept[0].event.reasons[0].observed.startswith(f"scopes: {scope}")


@pytest.mark.requirement("COI-API-04")
def test_the_matrix_of_scopes_names_every_address_there_is(floor):
    spec = integration(floor).get("/openapi.json").json
    named = {(path, "get") for path in READS} | {(path, "post") for path in WRITES}
    there = {(path, method) for path, methods in spec["paths"].items() for method in methods}
    assert there - named == {("/health", "get"), ("/sessions", "delete")}
    told = {path: methods["get"].get("x-scopes") for path, methods in spec["paths"].items() if "get" in methods}
    assert told == {**{path: [scope] for path, scope in READS.items()}, "/health": None}


@pytest.mark.requirement("COI-API-04")
def test_nobody_gets_in_without_a_valid_token(floor):
    coi = floor.courses[0]
    system = integration(floor)
    person = floor.client(floor.person(Role.QA).id).get_cookie(PERSON).value
    for token in ("", "x", "coi_" + "A" * 43, system.token[:-1], system.token + "x", system.token.upper()):
        found = System(floor, token)
        found.client.set_cookie(PERSON, person)
        for path in READS:
            answer = found.get(path.format(coi=coi))
            assert_problem(answer, 401, "no-token")
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        for path in WRITES:
            assert_problem(found.post(path, {}), 401, "no-token")
    assert system.get("/courses", headers={"Authorization": f"Basic {system.token}"}).status_code == 401


@pytest.mark.requirement("COI-API-04")
def test_another_sites_course_is_not_there(floor):
    coi, other = floor.courses[0], floor.courses[1]
    system = integration(floor, floor.site_of(coi))
    unknown = "CTFNABAEVCBDH"
    seen = {one["coi"] for one in system.get("/courses").json["courses"]}
    assert coi in seen
    assert seen == {one for one in floor.courses if floor.site_of(one) == floor.site_of(coi)}
    assert system.get(f"/courses?search={other}").json["total"] == 0
    assert {one["coi"] for one in system.get("/plans").json["plans"]} == seen
    for path in ("", "/labels", "/entries"):
        foreign, nothing = system.get(f"/courses/{other}{path}"), system.get(f"/courses/{unknown}{path}")
        assert_problem(foreign, 404, "not-found")
        assert foreign.data == nothing.data
    foreign, nothing = (system.post("/exports", {"course": one}) for one in (other, unknown))
    assert foreign.status_code == nothing.status_code
    assert [one["id"] for one in system.get("/places").json["places"]] == [floor.site_of(coi)]


@pytest.mark.requirement("COI-API-04")
def test_an_attempt_on_another_sites_course_is_kept_and_tells_nothing(floor):
    coi, other = floor.courses[0], floor.courses[1]
    system = integration(floor, floor.site_of(coi))
    attempt = deviation_attempt(floor, coi, course=other)
    foreign = system.post("/attempts", attempt)
    nothing = system.post("/attempts", {**attempt, "id": new_event_id(floor.record), "course": "CTFNABAEVCBDH"})
    assert_problem(foreign, 404, "not-found")
    assert foreign.data == nothing.data
    assert last_of(floor, f"course/{other}").id == attempt["id"]
    assert system.post("/attempts", attempt).data == foreign.data, "and so when it is repeated"


@pytest.mark.requirement("COI-API-04")
def test_a_label_of_another_sites_course_does_not_belong_here_and_that_is_all(floor):
    coi, other = floor.courses[0], floor.courses[1]
    system = integration(floor, floor.site_of(coi))
    serial = queries.course_view(floor.record, other, who=None).labels[0].serial  # type: ignore[union-attr]
    attempt = deviation_attempt(floor, coi, course=None, scans=[{"code": serial}])
    found = assert_problem(system.post("/attempts", attempt), 422, "refused")
    assert [one["code"] for one in found["reasons"]] == ["wrong_course"]
    assert (found["course"], found["entry"], found["chain"], found["seq"]) == (None, None, None, None)
    assert other not in json.dumps(found)
    looked = system.post("/scans", {"code": serial, "station": attempt["station"]})
    assert looked.status_code == 200
    assert other not in looked.text


@pytest.mark.requirement("COI-API-02")
def test_signing_in_fails_alike_whatever_was_wrong_and_locks_after_too_many(floor):
    coordinator = floor.person(Role.COORDINATOR)
    system = integration(floor)
    wrong, nobody = system.sign_in(coordinator.id, "wrong"), system.sign_in("nobody", "wrong")
    assert_problem(wrong, 403, "not-proved")
    assert wrong.data == nobody.data
    assert system.sign_in(coordinator.badge or "").status_code == 201
    floor.clock.forward(timedelta(minutes=1))
    for _ in range(5):
        system.sign_in(coordinator.id, "wrong")
    assert_problem(system.sign_in(coordinator.id), 403, "not-proved")


@pytest.mark.requirement("COI-API-02")
def test_wrong_passwords_count_together_whichever_server_and_token_they_came_through(floor):
    coordinator = floor.person(Role.COORDINATOR).id
    servers = [integration(floor, key=key) for key in ("lims", "other")]  # an application each
    for turn in range(5):
        assert_problem(servers[turn % 2].sign_in(coordinator, "wrong"), 403, "not-proved")
    for server in servers:
        assert_problem(server.sign_in(coordinator), 403, "not-proved")
    assert floor.client().post("/sign-in", data={"account": coordinator, "password": PASSWORD}).status_code == 401


@pytest.mark.requirement("COI-API-02")
def test_a_session_is_over_when_nobody_was_there_or_signed_out(floor):
    attempt = labels_attempt(floor, floor.courses[0])
    system = integration(floor, floor.site_of(floor.courses[0]))
    system.sign_in(attempt["account"])
    floor.clock.forward(timedelta(minutes=16))
    assert_problem(system.post("/attempts", attempt), 403, "not-proved")
    system.sign_in(attempt["account"])
    assert system.client.delete("/api/v1/sessions", headers=system.headers).status_code == 204
    assert_problem(system.post("/attempts", attempt), 403, "not-proved")


@pytest.mark.requirement("COI-API-02")
def test_a_session_opens_nothing_but_through_the_system_it_began_at(floor):
    coi = floor.courses[0]
    attempt = labels_attempt(floor, coi)
    began, other = (integration(floor, floor.site_of(coi), key=key) for key in ("lims", "other"))
    assert began.sign_in(attempt["account"]).status_code == 201
    other.person = began.person
    assert_problem(other.post("/attempts", attempt), 403, "not-proved")
    assert other.post("/scans", {"code": coi, "station": attempt["station"]}).json["offers"] == []
    assert other.client.delete("/api/v1/sessions", headers=other.headers).status_code == 204, "which ends nothing"
    browser = floor.client()
    browser.set_cookie(PERSON, began.person)
    assert browser.get("/me").status_code == 302, "nor is it a way into the pages"
    assert began.post("/attempts", attempt).status_code == 201
    began.person = floor.client(attempt["account"]).get_cookie(PERSON).value
    again = {**attempt, "id": new_event_id(floor.record)}
    assert_problem(began.post("/attempts", again), 403, "not-proved")


@pytest.mark.requirement("COI-API-02")
def test_who_has_to_change_the_password_does_not_get_in(floor):
    coordinator = floor.person(Role.COORDINATOR)
    people.set_password(
        floor.record, coordinator.id, password="a quite new passphrase 7", by=admin_of(floor), reason="forgotten"
    )
    found = assert_problem(integration(floor).sign_in(coordinator.id, "a quite new passphrase 7"), 403, "not-proved")
    assert "change the password" in found["came"]


def test_an_address_that_does_not_say_which_scope_opens_it_is_closed(floor):
    from web.api import callers

    api = integration(floor).client.application.extensions["api"]
    api.add_url_rule("/forgotten", "forgotten", lambda: "open to all")
    with pytest.raises(LookupError, match="forgotten"):
        callers.refuse_undeclared(api)
