"""Signing in through the pages: codes, passwords that have to be changed, other organisations, a change of person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from coi_tracker.config import Settings
from coi_tracker.services import lockout, outside_identity, people, second_factor, sessions
from coi_tracker.services.changes import INSTALLER, administrator
from coi_tracker.services.people import Person
from coi_tracker.services.sign_in_rules import SignInRules, TotpFor
from coi_tracker.vocabulary import Role
from tests.floor import PASSWORD, Floor
from tests.oidc_provider import CLIENT, SECRET, OpenIdProvider, running_provider
from web import create_app
from web.half_way import COOKIE
from web.session import PERSON

ADMIN: dict[str, Any] = {"by": administrator("zoe", "Zoe Admin"), "reason": "asked in person"}
OWN = "my very own words"


@pytest.fixture
def nurse(floor: Floor) -> Person:
    return floor.person(Role.NURSE)


def cookie_of(client: FlaskClient) -> str:
    found = client.get_cookie(COOKIE, path="/sign-in")
    assert found is not None
    return found.value


def found_in(text: str, pattern: str) -> str:
    """The first group of a pattern that has to be there."""
    found = re.search(pattern, text, re.DOTALL)
    assert found is not None, pattern
    return found[1]


def sign_in(client: FlaskClient, account: str, password: str = PASSWORD, to: str = "/courses") -> TestResponse:
    return client.post("/sign-in", data={"account": account, "password": password, "to": to})


def is_in(client: FlaskClient) -> bool:
    return client.get("/courses").status_code == 200


def set_by_another(floor, nurse, password: str = "the administrator knows") -> str:
    people.set_password(floor.record, nurse.id, password=password, hasher=people.INVENTED, **ADMIN)
    return password


def code_of(floor, secret: str) -> str:
    return pyotp.TOTP(secret).at(floor.clock())


# --- passwords ------------------------------------------------------------------------------------


@pytest.mark.requirement("COI-PPL-04")
def test_a_password_that_somebody_else_set_opens_nothing_but_the_page_that_changes_it(floor, nurse):
    given, client = set_by_another(floor, nurse), floor.client()
    answer = sign_in(client, nurse.id, given, to="/log")
    assert (answer.status_code, answer.location) == (303, "/sign-in/password?to=/log")
    assert client.get_cookie(PERSON) is None
    assert not is_in(client)
    assert nurse.name in client.get(answer.location).text
    wrong = [{"old": given, "new": OWN, "again": "something else"}, {"old": "wrong", "new": OWN, "again": OWN}]
    wrong += [{"old": given, "new": text, "again": text} for text in ("short", "password2026", given)]
    for data in wrong:
        refused = client.post("/sign-in/password", data=data)
        assert refused.status_code == 400
        assert "Not changed" in refused.text
        assert data["new"] not in refused.text
        assert not is_in(client)
    done = client.post("/sign-in/password", data={"old": given, "new": OWN, "again": OWN, "to": "/log"})
    assert (done.status_code, urlsplit(done.location).path) == (303, "/sign-in/told")
    assert is_in(client)
    assert client.get_cookie(COOKIE, path="/sign-in") is None
    assert sign_in(floor.client(), nurse.id, given).status_code == 401


@pytest.mark.requirement("COI-PPL-05")
def test_a_password_that_is_too_old_is_changed_first(floor, nurse):
    floor.clock.forward(timedelta(days=366))
    assert sign_in(floor.client(), nurse.id).location == "/sign-in/password?to=/courses"


@pytest.mark.requirement("COI-PPL-04")
@pytest.mark.parametrize("path", ["/sign-in/password", "/sign-in/code", "/sign-in/second-factor"])
def test_who_is_not_half_way_starts_at_the_beginning(floor, nurse, path):
    stranger = floor.client()
    stranger.set_cookie(COOKIE, "made up", path="/sign-in")
    other = create_app(replace(floor.record, person_keys=()))  # another key signs its cookies
    other.config["WTF_CSRF_ENABLED"] = False
    elsewhere = other.test_client()
    sign_in(elsewhere, nurse.id, set_by_another(floor, nurse))
    stolen = floor.client()
    stolen.set_cookie(COOKIE, cookie_of(elsewhere), path="/sign-in")
    for client in (stranger, stolen, floor.client()):
        for answer in (client.get(path), client.post(path, data={"old": "x", "new": OWN, "again": OWN, "code": "1"})):
            assert (answer.status_code, urlsplit(answer.location).path) == (303, "/sign-in")


@pytest.mark.requirement("COI-PPL-07")
def test_her_own_password_is_changed_on_her_page_and_ends_her_other_sessions(floor, nurse):
    here, elsewhere = floor.client(nurse.id), floor.client(nurse.id)
    assert "Change my password" in here.get("/me").text
    refused = here.post("/me/password", data={"old": "wrong", "new": OWN, "again": OWN})
    assert refused.status_code == 400
    done = here.post("/me/password", data={"old": PASSWORD, "new": OWN, "again": OWN})
    assert (done.status_code, done.location) == (303, "/me?done=password")
    assert is_in(here)
    assert not is_in(elsewhere)


# --- what failed ----------------------------------------------------------------------------------


@pytest.mark.requirement("COI-PPL-03")
def test_failed_tries_are_told_before_anything_else_until_they_are_read(floor, nurse):
    for _ in range(3):
        sign_in(floor.client(), nurse.id, "wrong password")
    client = floor.client()
    answer = sign_in(client, nurse.id, to="/log")
    assert (answer.status_code, answer.location) == (303, "/sign-in/told?to=/log")
    for _ in range(2):
        assert "3 tries with your account failed" in client.get(answer.location).text
    assert client.post("/sign-in/told", data={"to": "/log"}).location == "/log"
    assert client.get("/sign-in/told").location == "/"
    assert sign_in(floor.client(), nurse.id).location == "/courses"
    assert client.get("/me").text.count("sign in</td>") == 3


@pytest.mark.requirement("COI-PPL-02")
def test_a_locked_account_is_answered_like_a_wrong_password(floor, nurse):
    answers = [sign_in(floor.client(), nurse.id, "wrong password") for _ in range(5)]
    locked = sign_in(floor.client(), nurse.id)
    told = {found_in(one.text, r'role="alert">(.*?)</p>') for one in (*answers, locked)}
    assert len(told) == 1
    assert {one.status_code for one in (*answers, locked)} == {401}
    lockout.unlock(floor.record, nurse.id, **ADMIN)
    assert sign_in(floor.client(), nurse.id).status_code == 303


@pytest.mark.requirement("COI-PPL-02")
def test_tries_are_kept_with_the_station_they_were_made_at(floor, nurse):
    station = floor.station(nurse.roles[0].place)
    client = floor.client(nurse.id, station=station)
    client.post("/sign-out")
    sign_in(client, nurse.id, "wrong password")
    assert lockout.failed_tries(floor.record, nurse.id)[0].station == station


# --- a change of person ---------------------------------------------------------------------------


@pytest.mark.requirement("COI-PPL-01")
def test_a_badge_in_the_field_of_the_password_means_somebody_else_and_no_failure(floor, nurse):
    other = floor.person(Role.PHYSICIAN)
    client = floor.client(nurse.id)
    client.post("/lock")
    assert f'value="{nurse.id}"' in client.get("/sign-in").text
    answer = sign_in(client, nurse.id, f"{other.badge}\r\n")
    assert answer.status_code == 200
    assert f'value="{other.badge}"' in answer.text
    assert lockout.failed_tries(floor.record) == []
    assert sign_in(client, other.badge).status_code == 303
    assert other.name in client.get("/me").text


@pytest.mark.requirement("COI-PPL-01")
def test_another_badge_at_a_station_locks_the_screen_and_asks_for_that_persons_password(floor, nurse):
    other = floor.person(Role.PHYSICIAN)
    client = floor.client(nurse.id)
    kept = client.get_cookie(PERSON).value
    page = client.post("/change-person", data={"badge": other.badge})
    assert page.status_code == 200
    assert f'value="{other.badge}"' in page.text
    assert "Locked" in page.text
    assert not is_in(client)
    assert sign_in(client, other.badge).status_code == 303
    client.set_cookie(PERSON, kept)
    assert not is_in(client), "the session of the person before is over"


# --- second factor --------------------------------------------------------------------------------


def has_code(floor, nurse) -> tuple[str, tuple[str, ...]]:
    secret = second_factor.begin(floor.record, nurse.id).secret
    codes = second_factor.confirm(floor.record, nurse.id, code_of(floor, secret))
    assert codes is not None
    floor.clock.forward(timedelta(minutes=2))
    return secret, codes


@pytest.mark.requirement("COI-PPL-09")
def test_a_code_is_asked_for_after_the_password_and_nothing_is_open_before(floor, nurse):
    secret, codes = has_code(floor, nurse)
    client = floor.client()
    answer = sign_in(client, nurse.id, to="/log")
    assert (answer.status_code, answer.location) == (303, "/sign-in/code?to=/log")
    assert not is_in(client)
    assert client.get("/sign-in/password").status_code == 303, "proved only by half"
    assert client.post("/sign-in/code", data={"code": "000000"}).status_code == 401
    assert not is_in(client)
    done = client.post("/sign-in/code", data={"code": code_of(floor, secret), "to": "/log"})
    assert (done.status_code, done.location) == (303, "/sign-in/told?to=/log")
    assert is_in(client)
    again = floor.client()
    sign_in(again, nurse.id)
    assert again.post("/sign-in/code", data={"code": codes[0]}).status_code == 303
    assert is_in(again)


@pytest.mark.requirement("COI-PPL-09")
def test_who_has_to_have_one_sets_it_up_before_anything_else(floor, nurse):
    asked = replace(floor.record, rules=SignInRules(totp_for=TotpFor.EVERYBODY))
    app = create_app(asked)
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    answer = sign_in(client, nurse.id, to="/log")
    assert (answer.status_code, answer.location) == (303, "/sign-in/second-factor?to=/log")
    assert not is_in(client)
    page = client.get(answer.location)
    secret = found_in(page.text, r'class="secret">(\w+)<')
    assert '<svg class="qr"' in page.text
    assert "otpauth" not in page.text
    wrong = client.post("/sign-in/second-factor", data={"code": "000000", "to": "/log"})
    assert (wrong.status_code, secret in wrong.text) == (400, True)
    done = client.post("/sign-in/second-factor", data={"code": code_of(floor, secret), "to": "/log"})
    assert done.text.count("<li><code>") == second_factor.RECOVERY_CODES
    assert 'href="/log"' in done.text
    assert is_in(client)


@pytest.mark.requirement("COI-PPL-09")
def test_somebody_sets_one_up_by_her_own_wish(floor, nurse):
    client = floor.client(nurse.id)
    secret = found_in(client.get("/me/second-factor").text, r'class="secret">(\w+)<')
    assert client.post("/me/second-factor", data={"code": "1"}).status_code == 400
    assert "Recovery codes" in client.post("/me/second-factor", data={"code": code_of(floor, secret)}).text
    assert client.get("/me/second-factor").location == "/me"
    assert "8 recovery codes left" in client.get("/me").text
    assert client.post("/me/second-factor", data={"code": "1"}).location == "/me"


# --- another organisation -------------------------------------------------------------------------


BACK = "http://localhost/sign-in/outside/back"


@pytest.fixture
def hospital(monkeypatch) -> Iterator[OpenIdProvider]:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with running_provider(BACK) as provider:
        yield provider


@pytest.fixture
def with_hospital(floor, hospital, tmp_path) -> FlaskClient:
    """A browser at an installation that takes the hospital's accounts. Its clock is the real one, as the hospital's."""
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    settings = Settings(
        oidc_issuer=hospital.issuer, oidc_client_id=CLIENT, oidc_client_secret_file=secret, oidc_name="Hospital"
    )
    app = create_app(replace(floor.record, clock=lambda: datetime.now(UTC)), settings)
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


def there(client: FlaskClient, to: str = "/log") -> str:
    """Leave for the provider; the address that it sends the browser back to."""
    left = client.get(f"/sign-in/outside?to={to}")
    assert left.status_code == 302, left.text
    sent = requests.get(left.location, allow_redirects=False, timeout=10)
    assert sent.status_code == 302, sent.text
    return sent.headers["Location"].removeprefix("http://localhost")


@pytest.mark.requirement("COI-PPL-10")
def test_the_hospital_lets_in_who_is_linked_and_nobody_else(floor, nurse, hospital, with_hospital):
    assert "Sign in with Hospital" in with_hospital.get("/sign-in").text
    unknown = with_hospital.get(there(with_hospital))
    assert unknown.status_code == 401
    assert hospital.someone in unknown.text
    outside_identity.link(
        floor.record, nurse.id, issuer=hospital.issuer, subject=hospital.someone, by=INSTALLER, reason="test"
    )
    floor.clock.forward(datetime.now(UTC) - floor.clock())
    people.set_password(
        floor.record, nurse.id, password=OWN + "2", by=INSTALLER, reason="of today", hasher=people.INVENTED
    )
    answer = with_hospital.get(there(with_hospital))
    assert (answer.status_code, answer.location) == (303, "/log")
    assert nurse.name in with_hospital.get("/me").text


@pytest.mark.requirement("COI-PPL-10")
def test_an_answer_that_this_browser_did_not_ask_for_lets_nobody_in(floor, nurse, hospital, with_hospital):
    outside_identity.link(
        floor.record, nurse.id, issuer=hospital.issuer, subject=hospital.someone, by=INSTALLER, reason="test"
    )
    mine = there(with_hospital)
    victim = with_hospital.application.test_client()
    assert victim.get(mine).status_code == 401, "of another browser"
    state = parse_qs(urlsplit(mine).query)["state"][0]
    assert with_hospital.get(mine.replace(state, "another")).status_code == 401
    assert with_hospital.get("/sign-in/outside/back").status_code == 401
    assert with_hospital.get("/sign-in/outside/back?error=access_denied&state=" + state).status_code == 401
    hospital.lies = {"nonce": "another"}
    assert with_hospital.get(mine).status_code == 401
    assert with_hospital.get_cookie(PERSON) is None


@pytest.mark.requirement("COI-PPL-10")
def test_what_the_hospital_says_signs_nothing_and_skips_no_second_factor(floor, nurse, hospital, with_hospital):
    outside_identity.link(
        floor.record, nurse.id, issuer=hospital.issuer, subject=hospital.someone, by=INSTALLER, reason="test"
    )
    has_code(floor, nurse)
    answer = with_hospital.get(there(with_hospital))
    assert answer.location == "/sign-in/code?to=/log"
    assert with_hospital.get_cookie(PERSON) is None
    assert "Each signature still asks for your password" in with_hospital.get("/sign-in").text


@pytest.mark.requirement("COI-PPL-10")
def test_without_a_provider_there_is_no_way_to_one_and_a_silent_one_is_said_so(floor, hospital, tmp_path):
    assert floor.client().get("/sign-in/outside").status_code == 404
    assert "Sign in with" not in floor.client().get("/sign-in").text
    silent = Settings(oidc_issuer="http://127.0.0.1:9", oidc_client_id=CLIENT)
    answer = create_app(floor.record, silent).test_client().get("/sign-in/outside")
    assert answer.status_code == 503
    assert "sign in with your password" in answer.text


def test_a_session_of_somebody_who_left_is_worth_nothing(floor, nurse):
    client = floor.client(nurse.id)
    people.change_account(floor.record, nurse.id, active=False, **ADMIN)
    assert not is_in(client)
    token = sessions.begin(floor.record, nurse.id)
    client.set_cookie(PERSON, token)
    assert not is_in(client)
