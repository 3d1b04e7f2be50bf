"""Every page that one only meets on the way in, looked at like all others: wide, zoomed, on a phone and with Tab."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyotp
import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from coi_tracker.config import Settings
from coi_tracker.services import outside_identity, people
from coi_tracker.services.changes import INSTALLER, administrator
from coi_tracker.services.record import Record
from coi_tracker.services.sign_in_rules import SignInRules, TotpFor
from coi_tracker.vocabulary import Role
from tests.browser.driver import Served, running
from tests.browser.looking import wrong_with
from tests.browser.test_accessibility import come_as
from tests.floor import PASSWORD, Floor
from tests.oidc_provider import CLIENT, SECRET, running_provider
from web import create_app

pytestmark = [
    pytest.mark.slow,
    pytest.mark.requirement("COI-SCREEN-03", "COI-SCREEN-04", "COI-SCREEN-05"),
    pytest.mark.parametrize("database_kind", ["sqlite"]),  # a page looks the same on both
]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.context.close()


def enter(page: Page, served: Served, account: str, password: str) -> None:
    """Give account and password."""
    page.goto(f"{served.url}/sign-in")
    page.fill("input[name=account]", account)
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_load_state()


def enter_code(page: Page, code: str) -> None:
    """Give the digits of the device."""
    page.fill("input[name=code]", code)
    page.press("input[name=code]", "Enter")
    page.wait_for_load_state()


def test_nothing_is_wrong_on_the_way_in(floor: Floor, page: Page) -> None:
    nurse, other = floor.person(Role.NURSE), floor.person(Role.COORDINATOR)
    people.set_password(
        floor.record,
        other.id,
        password="somebody knows this",
        by=administrator("zoe", "Zoe Admin"),
        reason="forgotten",
        hasher=people.INVENTED,
    )
    strict = replace(floor.record, rules=SignInRules(totp_for=TotpFor.EVERYBODY))
    wrong = []
    with running(lambda: create_app(floor.record)) as served, running(lambda: create_app(strict)) as asking:
        enter(page, served, nurse.id, "not the password")
        wrong += wrong_with(page, "sign-in-refused")
        enter(page, served, nurse.id, PASSWORD)
        assert page.url.startswith(f"{served.url}/sign-in/told")
        wrong += wrong_with(page, "sign-in-told")
        page.goto(f"{served.url}/scan")
        wrong += wrong_with(page, "station-none")
        page.get_by_role("button", name="Lock").click()
        wrong += wrong_with(page, "sign-in-locked")
        page.context.clear_cookies()
        enter(page, served, other.id, "somebody knows this")
        assert page.url.startswith(f"{served.url}/sign-in/password")
        wrong += wrong_with(page, "sign-in-new-password")
        page.context.clear_cookies()
        enter(page, asking, nurse.id, PASSWORD)
        assert page.url.startswith(f"{asking.url}/sign-in/second-factor")
        wrong += wrong_with(page, "sign-in-second-factor")
    assert "\n".join(wrong) == ""


def test_nothing_is_wrong_while_a_second_factor_is_set_up_asked_for_and_taken_away(floor: Floor, page: Page) -> None:
    nurse, wrong = floor.person(Role.NURSE), []
    with running(lambda: create_app(floor.record)) as served:
        come_as(page, served, floor, nurse.id)
        page.goto(f"{served.url}/me/second-factor")
        enter_code(page, "000000")
        wrong += wrong_with(page, "second-factor-refused")
        enter_code(page, pyotp.TOTP(page.locator(".secret").inner_text()).at(floor.clock()))
        assert page.locator(".codes li").count() > 5
        wrong += wrong_with(page, "second-factor-codes")
        page.goto(f"{served.url}/me?done=password")
        wrong += wrong_with(page, "me-second-factor")
        page.goto(f"{served.url}/admin/accounts")
        wrong += wrong_with(page, "forbidden")
        page.context.clear_cookies()
        enter(page, served, nurse.id, PASSWORD)
        assert page.url.startswith(f"{served.url}/sign-in/code")
        wrong += wrong_with(page, "sign-in-code")
        enter_code(page, "000000")
        wrong += wrong_with(page, "sign-in-code-refused")
        link = {"issuer": "https://id.example.org/a/long/way/to/it", "subject": "x" * 200}
        outside_identity.link(floor.record, nurse.id, **link, by=INSTALLER, reason="shown in person")
        come_as(page, served, floor, floor.person(Role.ADMIN).id)
        page.goto(f"{served.url}/admin/accounts/{nurse.id}")
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        assert page.get_by_role("button", name="Take the second factor away").is_visible()
        wrong += wrong_with(page, "admin-account-second-factor")
    assert "\n".join(wrong) == ""


def test_nothing_is_wrong_on_the_way_through_another_organisation(
    floor: Floor, page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    wrong = []
    with running_provider() as provider, running(hospital(floor.record, provider.issuer, tmp_path)) as served:
        provider.client.redirect_uris.append(f"{served.url}/sign-in/outside/back")
        page.goto(f"{served.url}/sign-in")
        wrong += wrong_with(page, "organisation")
        page.get_by_role("link", name="Sign in with Hospital").click()
        assert provider.someone in page.get_by_role("alert").inner_text(), "nobody is linked to this person"
        wrong += wrong_with(page, "organisation-stranger")
        page.goto(f"{served.url}/sign-in/outside/back?error=access_denied")
        assert "did not succeed" in page.get_by_role("alert").inner_text()
        wrong += wrong_with(page, "organisation-refused")
    with running(hospital(floor.record, "http://127.0.0.1:9", tmp_path)) as silent:
        page.goto(f"{silent.url}/sign-in/outside")
        wrong += wrong_with(page, "organisation-silent")
    assert "\n".join(wrong) == ""


def hospital(record: Record, issuer: str, folder: Path) -> Callable[[], Flask]:
    """The application, taking the accounts of a hospital. Its clock is the real one, as the hospital's."""
    (secret := folder / "secret").write_text(SECRET)
    settings = Settings(oidc_issuer=issuer, oidc_client_id=CLIENT, oidc_client_secret_file=secret, oidc_name="Hospital")
    return lambda: create_app(replace(record, clock=lambda: datetime.now(UTC)), settings)
