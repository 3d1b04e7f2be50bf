"""Signing in through another organisation, tried against a real OpenID provider that listens on 127.0.0.1."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from coi_tracker.config import Settings
from coi_tracker.errors import Misconfigured, NotUnderstood
from coi_tracker.services import outside_identity, people
from coi_tracker.services.outside_identity import OutsideUnreachable, Provider, come_back, leave
from coi_tracker.services.record import Record
from coi_tracker.services.signing_in import NotSignedIn, SignedIn
from tests.integration.people.conftest import BY, entries_of
from tests.oidc_provider import CLIENT, SECRET, OpenIdProvider, running_provider

pytestmark = pytest.mark.requirement("COI-PPL-10")

BACK = "http://127.0.0.1:8000/sign-in/outside/back"


@pytest.fixture(autouse=True)
def plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """Authlib's server wants to be told that this is a test."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.fixture
def hospital() -> Iterator[OpenIdProvider]:
    with running_provider(BACK) as provider:
        yield provider


@pytest.fixture
def linked(record: Record, hospital: OpenIdProvider) -> Record:
    """``anna`` is linked to the person who is signed in at the hospital; the clock is the real one."""
    now = replace(record, clock=lambda: datetime.now(UTC))
    outside_identity.link(now, "anna", issuer=hospital.issuer, subject=hospital.someone, **BY)
    return now


def _known(hospital: OpenIdProvider) -> Provider:
    return Provider("Hospital", hospital.issuer, CLIENT, SECRET)


def _there_and_back(record: Record, provider: Provider, **changed: str) -> Any:
    """Leave, let the provider send the browser back, and come back with what it said; `changed` on the way."""
    leaving = leave(record, provider, back=BACK)
    sent = requests.get(leaving.address, allow_redirects=False, timeout=10)
    assert sent.status_code == 302, sent.text
    answer = {**dict(parse_qsl(urlsplit(sent.headers["Location"]).query)), **changed}
    return come_back(record, provider, answer, keep=leaving.keep, back=BACK)


def test_who_is_linked_is_signed_in(linked: Record, hospital: OpenIdProvider) -> None:
    found = _there_and_back(linked, _known(hospital))
    assert isinstance(found, SignedIn)
    assert (found.account, found.name) == ("anna", "Anna Lind")


def test_a_subject_that_nobody_is_linked_to_is_told_what_to_give_the_administrator(
    linked: Record, hospital: OpenIdProvider
) -> None:
    hospital.someone = "somebody-else"
    found = _there_and_back(linked, _known(hospital))
    assert isinstance(found, NotSignedIn)
    assert "somebody-else" in found.why


def test_the_same_subject_of_another_issuer_is_somebody_else(linked: Record, hospital: OpenIdProvider) -> None:
    with running_provider(BACK) as other:
        other.someone = hospital.someone
        assert isinstance(_there_and_back(linked, _known(other)), NotSignedIn)


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "another"},
        {"aud": "another-client"},
        {"aud": ["another-client"], "azp": CLIENT},
        {"aud": [CLIENT, "another-client"], "azp": "another-client"},
        {"iss": "https://another.example"},
        {"exp": int(time.time()) - 3600},
        {"at_hash": "bm90IHRoaXMgb25l"},
    ],
    ids=lambda lie: "-".join(map(str, lie)),
)
def test_a_token_that_is_not_for_us_now_and_here_lets_nobody_in(
    linked: Record, hospital: OpenIdProvider, lie: dict[str, Any]
) -> None:
    hospital.lies = lie
    found = _there_and_back(linked, _known(hospital))
    assert isinstance(found, NotSignedIn)
    assert "did not succeed" in found.why


def test_a_token_signed_with_another_key_lets_nobody_in(linked: Record, hospital: OpenIdProvider) -> None:
    hospital.wrong_key = True
    assert isinstance(_there_and_back(linked, _known(hospital)), NotSignedIn)


@pytest.mark.parametrize(
    "changed", [{"state": "another"}, {"state": ""}, {"code": "another"}, {"iss": "https://another.example"}], ids=str
)
def test_an_answer_to_another_question_lets_nobody_in(
    linked: Record, hospital: OpenIdProvider, changed: dict[str, str]
) -> None:
    assert isinstance(_there_and_back(linked, _known(hospital), **changed), NotSignedIn)


def test_what_another_browser_began_lets_nobody_in(linked: Record, hospital: OpenIdProvider) -> None:
    mine, other = (leave(linked, _known(hospital), back=BACK) for _ in range(2))
    sent = requests.get(other.address, allow_redirects=False, timeout=10)
    answer = dict(parse_qsl(urlsplit(sent.headers["Location"]).query))
    for keep in (mine.keep, "", "AAAA", "\u00e4", other.keep[:-8] + "AAAAAAA="):
        assert isinstance(come_back(linked, _known(hospital), answer, keep=keep, back=BACK), NotSignedIn)
    assert isinstance(come_back(linked, _known(hospital), answer, keep=other.keep, back=BACK), SignedIn)


def test_a_code_is_good_once(linked: Record, hospital: OpenIdProvider) -> None:
    leaving = leave(linked, _known(hospital), back=BACK)
    sent = requests.get(leaving.address, allow_redirects=False, timeout=10)
    answer = dict(parse_qsl(urlsplit(sent.headers["Location"]).query))
    tries = [come_back(linked, _known(hospital), answer, keep=leaving.keep, back=BACK) for _ in range(2)]
    assert [type(one) for one in tries] == [SignedIn, NotSignedIn]


def test_coming_back_too_late_lets_nobody_in(linked: Record, hospital: OpenIdProvider) -> None:
    hospital.lies = {"exp": int(time.time()) + 3600}
    leaving = leave(linked, _known(hospital), back=BACK)
    sent = requests.get(leaving.address, allow_redirects=False, timeout=10)
    answer = dict(parse_qsl(urlsplit(sent.headers["Location"]).query))
    later = replace(linked, clock=lambda: datetime.now(UTC) + timedelta(minutes=11))
    assert isinstance(come_back(later, _known(hospital), answer, keep=leaving.keep, back=BACK), NotSignedIn)


def test_a_deactivated_account_is_not_opened_from_outside(linked: Record, hospital: OpenIdProvider) -> None:
    people.change_account(linked, "anna", active=False, **BY)
    assert isinstance(_there_and_back(linked, _known(hospital)), NotSignedIn)


def test_a_wrong_client_secret_lets_nobody_in(linked: Record, hospital: OpenIdProvider) -> None:
    wrong = replace(_known(hospital), client_secret="another")
    assert isinstance(_there_and_back(linked, wrong), NotSignedIn)


def test_a_provider_that_is_gone_or_another_one_is_said_so(linked: Record, hospital: OpenIdProvider) -> None:
    with pytest.raises(OutsideUnreachable, match="sign in with your password"):
        leave(linked, replace(_known(hospital), issuer="http://127.0.0.1:9"), back=BACK)
    elsewhere = hospital.issuer.replace("127.0.0.1", "localhost")
    with pytest.raises(OutsideUnreachable):
        leave(linked, replace(_known(hospital), issuer=elsewhere), back=BACK)


def test_links_are_made_and_ended_with_an_entry_each(record: Record) -> None:
    outside_identity.link(record, "anna", issuer="https://id.example/", subject="42", **BY)
    with pytest.raises(NotUnderstood, match="linked to nobody"):
        outside_identity.link(record, "anna", issuer="https://id.example", subject="42", **BY)
    assert [(one.issuer, one.subject) for one in outside_identity.links(record, "anna")] == [
        ("https://id.example", "42")
    ]
    outside_identity.unlink(record, "anna", issuer="https://id.example", subject="42", **BY)
    with pytest.raises(NotUnderstood, match="a link of this account"):
        outside_identity.unlink(record, "anna", issuer="https://id.example", subject="42", **BY)
    told = [e["evidence"] for e in entries_of(record, "account/anna") if e["evidence"]["what"] == "outside identity"]
    assert [(one["old"], one["new"]) for one in told] == [
        (None, {"issuer": "https://id.example", "subject": "42"}),
        ({"issuer": "https://id.example", "subject": "42"}, None),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "", "issuer": "https://id.example"},
        {"subject": "x" * 256, "issuer": "https://id.example"},
        {"subject": "a\u202eb", "issuer": "https://id.example"},
    ],
)
def test_a_subject_that_cannot_be_one_is_refused(record: Record, change: dict[str, Any]) -> None:
    with pytest.raises(NotUnderstood, match="the subject"):
        outside_identity.link(record, "anna", **change, **BY)


def test_a_provider_is_read_from_the_settings_whole_or_not_at_all(tmp_path: Any) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    assert outside_identity.provider_of(Settings()) is None
    whole = Settings(oidc_issuer="https://id.example/", oidc_client_id=CLIENT, oidc_client_secret_file=file)
    assert outside_identity.provider_of(whole) == Provider("the organisation", "https://id.example", CLIENT, SECRET)
    with pytest.raises(Misconfigured, match="COI_OIDC_CLIENT_ID"):
        outside_identity.provider_of(Settings(oidc_issuer="https://id.example"))
    with pytest.raises(ValueError, match="not an issuer"):
        Settings(oidc_issuer="http://id.example")
