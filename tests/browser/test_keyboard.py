"""Everything with the keyboard alone: Tab, Shift+Tab, Enter, Space, arrows and letters. Where one is can be seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from coi_tracker.identity import CoiId
from coi_tracker.services import people
from coi_tracker.vocabulary import Role
from tests.browser.driver import PATIENCE, running
from tests.browser.stages import course_at
from tests.floor import PASSWORD, Floor
from web import create_app

pytestmark = [
    pytest.mark.requirement("COI-SCREEN-04", "COI-SCREEN-06"),
    pytest.mark.parametrize("database_kind", ["sqlite"]),  # keys are the same on both
]
MOST_STOPS = 150
PERSON = 50
"""Milliseconds between two keys of somebody who types well: slower than any scanner."""
FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  const [x, y] = [box.left + Math.min(box.width / 2, 20), box.top + box.height / 2];
  const top = document.elementFromPoint(x, y);
  const label = one.labels && one.labels.length ? one.labels[0].innerText : '';
  return {
    tag: one.tagName, words: (label || one.innerText || one.getAttribute('aria-label') || '').trim(),
    name: one.name || '', id: one.id,
    seen: one.matches(':focus-visible') && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1,
    uncovered: Boolean(top) && (one.contains(top) || top.contains(one)),
    place: [...document.querySelectorAll('*')].indexOf(one),
  };
}"""


@dataclass(frozen=True)
class Stop:
    """Where the focus is."""

    tag: str
    words: str
    name: str
    id: str
    seen: bool
    uncovered: bool
    place: int


@dataclass
class Keyboard:
    """Somebody without a mouse. Nothing here clicks, fills in or focuses."""

    page: Page
    url: str

    def at(self) -> Stop | None:
        """Where the focus is; it has to be seen."""
        found = self.page.evaluate(FOCUS)
        if found is None or found["tag"] == "MAIN":
            return None
        stop = Stop(**found)
        assert stop.seen, f"the focus cannot be seen: {stop}"
        assert stop.uncovered, f"something lies over what has the focus: {stop}"
        return stop

    def to(self, words: str = "", *, name: str = "", back: bool = False) -> Stop:
        """Tab to what has these words, or this name."""
        stop = self.at()
        for _ in range(MOST_STOPS):
            if stop is not None and (words.lower() in stop.words.lower() if words else name == stop.name):
                return stop
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
            stop = self.at()
        raise AssertionError(f"nobody comes to {words or name!r} with Tab")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str, *then: str) -> None:
        self.page.keyboard.type(text, delay=PERSON)
        self.press(*then)

    def sign_in(self, account: str) -> None:
        self.page.goto(f"{self.url}/sign-in?to=/scan")
        self.to(name="account")
        self.type(account)
        self.to(name="password")
        self.type(PASSWORD, "Enter")
        self.page.wait_for_url(f"{self.url}/scan")

    def verdict(self, words: str, role: str = "#verdict") -> None:
        """These words are announced: politely what was taken, at once what was not."""
        live = self.page.locator(role)
        expect(live).to_contain_text(words, timeout=PATIENCE)
        assert live.get_attribute("role" if role == "#stop" else "aria-live") == (
            "alert" if role == "#stop" else "polite"
        )

    def round_trip(self) -> int:
        """Tab through the whole page and out of it again, and back: nothing holds the focus. How many stops."""
        places: list[int] = []
        for _ in range(MOST_STOPS):
            self.press("Tab")
            stop = self.at()
            if stop is None or (places and stop.place == places[0]):
                break
            places.append(stop.place)
        else:
            raise AssertionError("Tab does not come round")
        assert len(set(places)) == len(places), "Tab goes in a small circle"
        self.press("Shift+Tab")
        last = self.at()
        assert last is not None
        assert last.place == places[-1], "Shift+Tab does not lead back"
        return len(places)


@pytest.fixture
def keyboard(tissue: Floor, browser: Browser) -> Iterator[Keyboard]:
    with running(lambda: create_app(tissue.record)) as served:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(PATIENCE)
        yield Keyboard(page, served.url)
        page.context.close()


def test_a_step_with_a_second_person_from_signing_in_to_the_record(keyboard: Keyboard, tissue: Floor) -> None:
    course = course_at(tissue)
    site = str(course.site)
    first = tissue.person(Role.COORDINATOR, site)
    second = tissue.person(Role.COORDINATOR, site, other_than=first.id)
    keyboard.sign_in(first.id)
    keyboard.type(tissue.station(site), "Enter")
    keyboard.page.wait_for_selector("#station[data-ready=yes]")

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
    keyboard.verdict("tissue_jar/1")
    keyboard.to(name="value")
    keyboard.type("torn", "Enter")
    keyboard.verdict("torn")
    while keyboard.page.locator("#station").get_attribute("data-state") != "signing":
        keyboard.to("Confirm")
        keyboard.press("Enter")
        keyboard.verdict("signed")
    keyboard.to(name="password")
    keyboard.type(PASSWORD, "Enter")
    keyboard.verdict("now a second person")
    keyboard.to(name="account")
    keyboard.type(second.id, "Tab")
    keyboard.to(name="password")
    keyboard.type(PASSWORD, "Enter")
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
