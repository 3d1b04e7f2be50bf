"""Work and courses by keyboard alone, on a telephone and on paper."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from coi_tracker.course import AccountId
from coi_tracker.services import sessions
from coi_tracker.vocabulary import Role
from tests.browser.driver import PATIENCE
from web.session import PERSON

pytestmark = pytest.mark.requirement("COI-PAGE-11")
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}}


@pytest.fixture
def quality(floor, serve, browser: Browser):
    """A page of quality assurance at the facility that has a course to accept."""
    served = serve(floor)
    context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=served.url)
    token = sessions.begin(floor.record, AccountId(floor.person(Role.QA, "fac-rhine").id))
    context.add_cookies([{"name": PERSON, "value": token, "url": served.url}])
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    yield page
    context.close()


def tab_to(page: Page, selector: str, *, most: int = 120) -> None:
    """Press Tab until the focus is there: what cannot be reached so cannot be used without a mouse."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"{selector} is not reached by the Tab key")


def test_from_my_work_to_the_lineage_by_keyboard_alone(floor, quality: Page) -> None:
    coi = floor.courses[3]
    quality.goto("/work")
    quality.keyboard.press("Tab")
    quality.keyboard.press("Enter")
    assert quality.evaluate("document.activeElement.id") == "main", "the first stop is a way past the head"
    tab_to(quality, f"a[href='/courses/{coi}']")
    quality.keyboard.press("Enter")
    quality.wait_for_url(f"**/courses/{coi}")
    tab_to(quality, ".sections a[href='#lineage']")
    quality.keyboard.press("Enter")
    quality.wait_for_url("**#lineage")
    hidden = quality.evaluate(
        "() => document.querySelector('.sections').getBoundingClientRect().bottom"
        " - document.querySelector('#lineage').getBoundingClientRect().top"
    )
    assert hidden <= 1, "the heading is not under the list of sections"
    tab_to(quality, ".picture")
    tab_to(quality, "summary")
    quality.keyboard.press("Enter")
    assert quality.evaluate("document.activeElement.parentElement.open")


LONGEST = """() => document.querySelectorAll('table.wide tbody tr').forEach((row) => {
  const say = (name, words) => { row.querySelector(`td[data-label="${name}"]`).textContent = words; };
  say('Subject', '109-001'); say('Cohort', 'retreatment'); say('Material', '⚠ insufficient');
  say('Disposition', '⚠ out of specification'); say('Treatment', 'lymphodepletion running');
  say('Opened', '16 Nov 2026'); say('Due first', '⚠ late by 5 days, give a dose of lymphodepletion');
})"""
"""The longest words that a list of courses can show, in every row of it."""


def test_the_list_of_courses_fits_a_table_screen_whatever_words_are_in_it(quality: Page) -> None:
    quality.goto("/courses")
    quality.evaluate(LONGEST)
    for width in (1217, 1280, 1366):
        quality.set_viewport_size({"width": width, "height": 800})
        assert quality.evaluate(WIDE) <= 0, width


def test_a_telephone_needs_no_scrolling_sideways_but_for_the_picture(floor, quality: Page) -> None:
    paths = [
        "/work",
        "/courses",
        f"/courses/{floor.courses[3]}",
        f"/courses/{floor.courses[1]}",
        "/log/entries/changes",
        "/log/export",
    ]
    for width in (820, 360):
        quality.set_viewport_size({"width": width, "height": 800})
        for path in paths:
            quality.goto(path)
            assert quality.evaluate(WIDE) <= 0, (path, width)
    quality.goto(f"/courses/{floor.courses[3]}")
    quality.focus(".picture")
    quality.keyboard.press("End")
    for _ in range(5):
        quality.keyboard.press("ArrowRight")
    for _ in range(200):  # (Playwright's own waiting would need eval, which pages forbid.)
        if quality.evaluate("document.querySelector('.picture').scrollLeft") > 50:
            return
        quality.wait_for_timeout(50)
    raise AssertionError("the picture does not scroll by keyboard")


def test_axe_finds_nothing_on_the_pages_of_the_work(floor, quality: Page) -> None:
    for path in (
        "/work",
        "/courses?sort=due",
        f"/courses/{floor.courses[1]}",
        f"/courses/{floor.courses[3]}",
        "/log/entries/changes",
    ):
        quality.goto(path)
        quality.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        found = Axe().run(quality, options=WCAG).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], path


def test_on_paper_there_is_the_course_and_no_buttons(floor, quality: Page) -> None:
    quality.goto(f"/courses/{floor.courses[3]}")
    quality.emulate_media(media="print")
    for gone in (".top", ".sections", "form"):
        assert not quality.locator(gone).first.is_visible(), gone
    for there in ("#next", "svg.lineage", "#timeline", "tr[id^=label-] >> nth=0"):  # what is folded up, too
        assert quality.locator(there).is_visible(), there
