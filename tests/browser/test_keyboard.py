"""Everything with the keyboard alone: Tab, Shift+Tab, Enter, Space, arrows and letters. Where one is can be seen."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from coi_tracker.identity import CoiId
from coi_tracker.services import people
from coi_tracker.vocabulary import Role
from tests.browser.keyboard import Keyboard, at_keyboard
from tests.browser.stages import course_at
from tests.floor import Floor
from web import create_app

pytestmark = [
    pytest.mark.requirement("COI-SCREEN-04", "COI-SCREEN-06"),
    pytest.mark.parametrize("database_kind", ["sqlite"]),  # keys are the same on both
]


@pytest.fixture
def keyboard(tissue: Floor, browser: Browser) -> Iterator[Keyboard]:
    with at_keyboard(browser, lambda: create_app(tissue.record)) as found:
        yield found


def test_a_step_with_a_second_person_from_signing_in_to_the_record(keyboard: Keyboard, tissue: Floor) -> None:
    course = course_at(tissue)
    site = str(course.site)
    first = tissue.person(Role.COORDINATOR, site)
    second = tissue.person(Role.COORDINATOR, site, other_than=first.id)
    keyboard.sign_in(first.id)
    keyboard.be_at(tissue.station(site))

    keyboard.to(name="code")
    keyboard.type("no code of ours", "Enter")
    keyboard.verdict("Not one of our labels", "#stop")
    keyboard.to("I have read this")
    keyboard.press("Enter")
    expect(keyboard.page.locator("#stop")).to_be_hidden()
    assert (stop := keyboard.at()) is not None
    assert stop.id == "capture", "back where one was"

    keyboard.type(str(course.coi), "Enter")
    keyboard.verdict(str(course.coi)[:4])
    keyboard.to("Reprint")
    keyboard.press("Space")
    keyboard.verdict("Reprint")
    keyboard.to("tissue jar 1")
    keyboard.press("Enter")
    keyboard.verdict("tissue jar 1")
    keyboard.to(name="value")
    keyboard.type("torn", "Enter")
    keyboard.verdict("torn")
    while keyboard.page.locator("#station").get_attribute("data-state") != "signing":
        keyboard.to("Confirm")
        keyboard.press("Enter")
        keyboard.verdict("signed")
    keyboard.sign()
    keyboard.verdict("now a second person")
    keyboard.sign(second.id)
    keyboard.verdict("Recorded.")
    entry = last_entry(tissue, "reprint_label")
    assert [one["account"] for one in entry["signatures"]] == [first.id, second.id]
    assert keyboard.round_trip() > 5


def last_entry(floor: Floor, step: str) -> dict:
    with floor.record.database.read() as tx:
        row = tx.query("SELECT entry FROM events WHERE step = :step ORDER BY recorded_at DESC LIMIT 1", step=step)[0]
    return dict(json.loads(row[0]))


def test_a_course_is_searched_and_opened(keyboard: Keyboard, tissue: Floor) -> None:
    course = course_at(tissue)
    keyboard.sign_in(tissue.person(Role.COORDINATOR, course.site).id)
    keyboard.to("Courses")
    keyboard.press("Enter")
    keyboard.page.wait_for_url(f"{keyboard.url}/courses")
    keyboard.round_trip()
    keyboard.to(name="search")
    assert course.subject is not None
    keyboard.type(course.subject.number, "Enter")
    keyboard.page.wait_for_url("**/courses?**")
    assert course.coi is not None
    keyboard.to(CoiId(course.coi).display()[:6])
    keyboard.press("Enter")
    keyboard.page.wait_for_url(f"**/courses/{course.coi}*")
    assert keyboard.round_trip() > 5


def test_an_account_is_added(keyboard: Keyboard, tissue: Floor) -> None:
    keyboard.sign_in(tissue.person(Role.ADMIN).id)
    keyboard.to("Administration")
    keyboard.press("Enter")
    keyboard.page.wait_for_url(f"{keyboard.url}/admin/accounts")
    keyboard.to("Add an account")
    keyboard.press("Enter")
    keyboard.page.wait_for_url("**/accounts/new")
    keyboard.to(name="account")
    keyboard.type("new.nurse")
    keyboard.to(name="name")
    keyboard.type("New Nurse")
    keyboard.to("none yet")
    keyboard.press("ArrowDown")
    keyboard.to(name="reason")
    keyboard.type("begins on Monday")
    keyboard.to("Add")
    keyboard.press("Enter")
    keyboard.page.wait_for_url("**/accounts/new.nurse*")
    found = people.find_person(tissue.record, "new.nurse")
    assert found is not None
    assert found.badge, "the second choice: a badge was drawn"
    keyboard.round_trip()
