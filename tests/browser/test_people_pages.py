"""Signing in and administration in a real browser: by keyboard alone, accessible, and not wider than the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from coi_tracker.course import AccountId
from coi_tracker.services import lockout, people, second_factor, sessions
from coi_tracker.services.changes import INSTALLER, administrator
from coi_tracker.services.signing_in import sign_in
from coi_tracker.vocabulary import Role
from tests.browser.driver import Served, type_into
from tests.floor import PASSWORD, Floor
from web.session import PERSON

WIDTHS = (1280, 820, 360)


@pytest.fixture
def page(browser: Browser, serve: Callable[[Floor], Served], floor: Floor) -> Iterator[Page]:
    """A browser in which nobody is signed in. It must not complain: a refused script or style is a complaint."""
    context = browser.new_context(base_url=serve(floor).url)
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert [fault for fault in faults if "401" not in fault and "400" not in fault] == []


def be(page: Page, floor: Floor, account: str) -> None:
    """Somebody is signed in here."""
    token = sessions.begin(floor.record, AccountId(account))
    page.context.add_cookies([{"name": PERSON, "value": token, "url": page.url}])


def sound(page: Page) -> None:
    """Accessible by WCAG 2.2 AA as far as a program can tell, and as wide as the screen at most, at three widths."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, f"{page.url} at {width} is wider by {over}"
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = Axe().run(page, options=options).response["violations"]
    assert [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in found] == [], page.url


def small(page: Page) -> list[str]:
    """What can be touched in the page and is lower than a gloved finger. Links in a text are as high as the text."""
    found: list[str] = page.evaluate(
        """[...document.querySelectorAll('main a.button, main button, main select, main summary, main .sections a,'
        + 'main input:not([type=hidden]):not([type=checkbox]):not([type=radio])')]
        .filter(one => { const box = one.getBoundingClientRect(); return box.width && box.height < 44; })
        .map(one => one.outerHTML.slice(0, 100))"""
    )
    return found


@pytest.mark.requirement("COI-PPL-01")
def test_signing_in_with_everything_there_is_by_keyboard_alone(page, floor):
    nurse = floor.person(Role.NURSE)
    by_another = administrator("zoe", "Zoe Admin")
    secret = second_factor.begin(floor.record, nurse.id).secret
    second_factor.confirm(floor.record, nurse.id, pyotp.TOTP(secret).at(floor.clock()))
    people.set_password(
        floor.record, nurse.id, password="given by another", by=by_another, reason="x", hasher=people.INVENTED
    )
    sign_in(floor.record, nurse.id, "wrong password")
    floor.clock.forward(timedelta(minutes=2))
    page.goto("/courses")
    sound(page)
    type_into(page, "account", nurse.badge)
    page.keyboard.press("Tab")
    type_into(page, "password", "given by another")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Code")).to_be_visible()
    sound(page)
    type_into(page, "code", pyotp.TOTP(secret).at(floor.clock()))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Another password")).to_be_visible()
    sound(page)
    words = {"old": "given by another", "new": "my very own words", "again": "my very own words"}
    for name, word in words.items():
        type_into(page, name, word)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Failed tries")).to_be_visible()
    sound(page)
    expect(page.get_by_role("button", name="I have read it. Go on")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Courses")).to_be_visible()


@pytest.mark.requirement("COI-PPL-09")
def test_a_second_factor_is_set_up_by_keyboard_alone(page, floor):
    nurse = floor.person(Role.NURSE)
    page.goto("/sign-in")
    be(page, floor, nurse.id)
    page.goto("/me")
    sound(page)
    page.get_by_role("link", name="Set up a second factor").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name="QR code for the device")).to_be_visible()
    sound(page)
    type_into(page, "code", pyotp.TOTP(page.locator(".secret").inner_text()).at(floor.clock()))
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Your second factor is set up")
    sound(page)


@pytest.mark.requirement("COI-PPL-01")
def test_a_badge_scanned_at_a_locked_screen_asks_for_that_persons_password(page, floor):
    nurse, other = floor.person(Role.NURSE), floor.person(Role.PHYSICIAN)
    page.goto("/sign-in")
    be(page, floor, nurse.id)
    page.goto("/me")
    page.get_by_role("button", name="Lock").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Locked")).to_be_visible()
    sound(page)
    type_into(page, "password", other.badge)  # where the focus is
    page.keyboard.press("Enter")
    expect(page.get_by_label("Account, or scan your badge")).to_have_value(str(other.badge))
    type_into(page, "password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=other.name)).to_be_visible()
    assert lockout.failed_tries(floor.record) == []


@pytest.mark.requirement("COI-PPL-11")
@pytest.mark.parametrize("database_kind", ["sqlite"])  # a page looks the same on both
def test_every_page_of_administration_is_accessible_and_fits(page, floor):
    boss, nurse = floor.person(Role.ADMIN), floor.person(Role.NURSE)
    for _ in range(5):
        sign_in(floor.record, nurse.id, "wrong password")
    people.change_account(floor.record, nurse.id, name="Jonas", by=INSTALLER, reason="wrote it down wrong before")
    place = nurse.roles[0].place
    page.goto("/sign-in")
    be(page, floor, boss.id)
    paths = ["accounts", "accounts/new", f"accounts/{nurse.id}", "failed-tries", "places", "places/new"]
    paths += [f"places/{place}", "stations", f"stations/{floor.station(place)}", "printers", "printers/new"]
    for path in [*paths, "studies", "studies/iov_lun_202", "protocols/release"]:
        page.goto(f"/admin/{path}")
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        sound(page)
        assert small(page) == [], path


@pytest.mark.requirement("COI-PPL-11")
def test_an_account_is_added_and_given_a_role_by_keyboard_alone(page, floor):
    page.goto("/sign-in")
    be(page, floor, floor.person(Role.ADMIN).id)
    page.goto("/admin/accounts/new")
    for name, word in {"account": "nina", "name": "Nina Berg"}.items():
        type_into(page, name, word)
        page.keyboard.press("Tab")
    for _ in range(2):
        page.keyboard.press("Tab")  # over the badge and its code
    type_into(page, "reason", "a new nurse")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Changed.")
    page.locator("summary", has_text="Give a role").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    type_into(page, "role", "nurse")
    for _ in range(2):
        page.keyboard.press("Tab")
    type_into(page, "trained_until", "01312027")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.get_by_label("Why").locator("visible=true").focus()
    type_into(page, "reason", "GCP course of May")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Changed.")
    found = people.find_person(floor.record, "nina")
    assert found is not None
    assert [(one.role, str(one.trained_until)) for one in found.roles] == [(Role.NURSE, "2027-01-31")]
