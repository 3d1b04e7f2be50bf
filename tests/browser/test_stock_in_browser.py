"""The stock in a real browser, by keyboard alone and up to the bench: a lot is added, used, recalled and refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from coi_tracker.course import AccountId, Course
from coi_tracker.services import available, rebuild, sessions
from coi_tracker.services.record import Record
from coi_tracker.simulation.clock import Clock
from coi_tracker.simulation.furnishing import furnish, reopened
from coi_tracker.simulation.walking import drive
from coi_tracker.storage import migrate
from coi_tracker.storage.database import Database
from coi_tracker.vocabulary import PlaceKind, Role
from tests.browser.driver import running, type_into
from tests.browser.scans import Wedges
from tests.floor import PERSONS, STARTED, Floor
from web import create_app
from web.session import PERSON


def two_suites_cleared(url: str) -> None:
    """Two courses of one facility, each before its first expansion, each with a cleared line."""
    migrate.upgrade(url)
    database = Database(url)
    record = Record(database, clock=Clock(STARTED), person_keys=PERSONS)
    premises = furnish(record, sites=1, shippers=4)
    premises.site = premises.of_kind(PlaceKind.SITE)[0]
    for number in ("0100", "0101"):
        drive(record, premises, number, until="clear_line")
    database.close()


@pytest.fixture
def floor(prepared_database) -> Iterator[Floor]:
    floor = Floor(prepared_database(two_suites_cleared))
    yield floor
    assert rebuild.check(floor.record).findings == ()
    floor.close()


@pytest.fixture
def bench(floor: Floor, browser: Browser) -> Iterator[Wedges]:
    app = create_app(floor.record)
    with running(lambda: app) as served:
        found = Wedges(browser, served.url, floor.record, reopened(floor.record))
        yield found
        assert found.close() == []


def as_quality(bench: Wedges, floor: Floor, place: str) -> Page:
    """Quality assurance of a place, at a computer of her own."""
    page = bench.browser.new_context(base_url=bench.url).new_page()
    token = sessions.begin(floor.record, AccountId(floor.person(Role.QA, place).id))
    page.context.add_cookies([{"name": PERSON, "value": token, "url": bench.url}])
    return page


def course(floor: Floor, number: int) -> Course:
    found = available.state_of(floor.record, f"course/{floor.courses[number]}")
    assert found is not None
    return found


def add_by_keyboard(page: Page, code: str) -> None:
    """The form, with nothing but keys."""
    page.goto("/stock/lots/new")
    type_into(page, "code", code)
    page.keyboard.press("Tab")
    type_into(page, "kind", "media")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")  # the only place
    type_into(page, "until", "12312026")
    page.keyboard.press("Tab")  # to the button of the calendar
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")  # no day in the past is meant
    type_into(page, "reason", "delivery of Monday")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Changed.")


def recall_by_keyboard(page: Page, code: str) -> None:
    page.goto(f"/stock/lots/{code}")
    page.locator("summary", has_text="Recall it").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    type_into(page, "reason", "letter of the supplier")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Changed.")


@pytest.mark.requirement("COI-STOCK-01", "COI-STOCK-05", "COI-STOCK-06")
def test_a_lot_is_added_used_at_the_bench_recalled_and_refused(floor: Floor, bench: Wedges) -> None:
    first, second = course(floor, 1), course(floor, 0)
    page = as_quality(bench, floor, str(first.facility))
    add_by_keyboard(page, "M-77")
    wished = bench.intend(first, "start_first_expansion")
    lots = ["M-77", *(one for one in wished.evidence["lots"] if "media" not in one)]
    done = bench.do(bench.intend(first, "start_first_expansion", lots=lots), first)
    assert done.kind == "performed", done.headline
    recall_by_keyboard(page, "M-77")
    expect(page.locator(".facts .state.bad")).to_contain_text("recalled")
    expect(page.locator(f"a[href='/courses/{first.coi}']")).to_be_visible()
    stopped = bench.do(bench.intend(second, "start_first_expansion", lots=lots), second)
    assert stopped.kind == "refused"
    assert "lot M-77 not recalled" in stopped.refusal
    assert "lot_expired" in stopped.refusal
    page.context.close()
