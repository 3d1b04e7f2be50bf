"""Tokens and webhooks in a real browser, by keyboard alone: what is shown once is gone after reload and back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from coi_tracker.course import AccountId
from coi_tracker.services import sessions, tokens, webhooks
from coi_tracker.vocabulary import Role
from tests.browser.conftest import FLAGS
from tests.browser.driver import running
from tests.browser.keyboard import Keyboard
from tests.browser.looking import wrong_with
from tests.floor import Floor
from web import create_app
from web.session import PERSON

pytestmark = [
    pytest.mark.requirement("COI-API-14", "COI-API-15"),
    pytest.mark.parametrize("database_kind", ["sqlite"]),  # a page looks the same on both
]


@pytest.fixture
def keyboard(floor: Floor, browser: Browser) -> Iterator[Keyboard]:
    """An administrator with no mouse, at the pages of other systems."""
    with running(lambda: create_app(floor.record)) as served:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        token = sessions.begin(floor.record, AccountId(floor.person(Role.ADMIN).id))
        page.context.add_cookies([{"name": PERSON, "value": token, "url": served.url}])
        page.goto(f"{served.url}/admin/integrations")
        yield Keyboard(page, served.url)
        page.context.close()


def shown_once(page: Page) -> str:
    """The secret on the page."""
    found = page.locator(".once textarea")
    expect(found).to_be_visible()
    return found.input_value()


def is_gone(page: Page, secret: str, address: str) -> None:
    """Neither reload nor back nor forward brings it back, and it is in no address."""
    expect(page).to_have_url(address)
    for go in (page.reload, page.go_back, page.go_forward, page.reload):
        go()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert secret not in page.content()
        assert secret not in page.url


def test_a_token_and_a_webhook_are_made_by_keyboard_alone_and_shown_once(keyboard: Keyboard, floor: Floor) -> None:
    page, at = keyboard.page, f"{keyboard.url}/admin/integrations"
    keyboard.to("Issue a token")
    keyboard.press("Enter")
    expect(page).to_have_url(f"{at}/new-token")
    keyboard.to(name="key")
    keyboard.type("lims")
    keyboard.to(name="name")
    keyboard.type("LIMS of the lab")
    keyboard.to(name="place")
    keyboard.press("Space")
    keyboard.to("read:entries")
    keyboard.press("Space")
    keyboard.to(name="reason")
    keyboard.type("contract 7")
    keyboard.to("Issue the token")
    keyboard.press("Enter")
    token = shown_once(page)
    assert "\n".join(wrong_with(page, "admin.token-once")) == ""
    assert tokens.caller_of(floor.record, token) is not None
    is_gone(page, token, f"{at}/tokens/lims")

    page.goto(at)
    keyboard.to("Add a webhook")
    keyboard.press("Enter")
    expect(page).to_have_url(f"{at}/new-webhook")
    assert "\n".join(wrong_with(page, "admin.new_webhook-with-token")) == ""
    keyboard.to(name="key")
    keyboard.type("bell")
    keyboard.to(name="url")
    keyboard.type("https://lims.example/coi")
    keyboard.to(name="reason")
    keyboard.type("contract 7")
    keyboard.to("Add the webhook")
    keyboard.press("Enter")
    secret = shown_once(page)
    assert "\n".join(wrong_with(page, "admin.webhook-once")) == ""
    is_gone(page, secret, f"{at}/webhooks/bell")
    keyboard.to("Pause it")
    keyboard.press("Enter")
    keyboard.to(name="reason")
    keyboard.type("their maintenance", "Enter")
    expect(page.get_by_text("Changed.")).to_be_visible()
    assert not webhooks.webhooks(floor.record)[0].active
    keyboard.round_trip()


def test_without_a_script_a_reload_shows_a_refusal_and_no_secret(browser: Browser, floor: Floor) -> None:
    context = browser.new_context(java_script_enabled=False)
    with running(lambda: create_app(floor.record)) as served:
        session = sessions.begin(floor.record, AccountId(floor.person(Role.ADMIN).id))
        context.add_cookies([{"name": PERSON, "value": session, "url": served.url}])
        page = context.new_page()
        page.goto(f"{served.url}/admin/integrations/new-token")
        form = page.locator("form.sheet", has=page.locator("select[name=station]"))
        form.locator("input[name=key]").fill("bench-3")
        form.locator("input[name=reason]").fill("new scanner")
        form.get_by_role("button").click()
        token = shown_once(page)
        page.reload()
        expect(page.get_by_role("alert")).to_contain_text("an id that no token ever had")
        assert token not in page.content()
        context.close()


def test_a_page_that_the_browser_kept_to_go_back_to_shows_no_secret_again(
    browser: Browser, chromium: str, floor: Floor
) -> None:
    kept = browser.browser_type.launch(
        executable_path=chromium, args=FLAGS, ignore_default_args=["--disable-back-forward-cache"]
    )
    with running(lambda: create_app(floor.record)) as served:
        page, nurse = kept.new_page(), floor.person(Role.NURSE).id
        session = sessions.begin(floor.record, AccountId(floor.person(Role.ADMIN).id))
        page.context.add_cookies([{"name": PERSON, "value": session, "url": served.url}])
        page.goto(f"{served.url}/admin/accounts/{nurse}")
        form = page.locator("form[action$='/password']")
        page.get_by_text("Set another password").click()
        form.locator("input[name=reason]").fill("forgotten")
        form.get_by_role("button").click()
        expect(page).to_have_url(f"{served.url}/admin/accounts/{nurse}")
        password = page.locator(".once code").inner_text()
        page.evaluate("addEventListener('pageshow', () => document.body.dataset.kept = 'yes')")
        page.goto(f"{served.url}/admin/accounts")
        page.evaluate("history.back()")
        expect(page.locator("body[data-kept=yes]")).to_be_visible()
        assert password not in page.content()
        kept.close()
