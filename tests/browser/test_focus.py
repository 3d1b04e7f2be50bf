"""Where one goes on when what had the focus is drawn anew or gone: never at the top of the page again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from coi_tracker.vocabulary import Command, Role
from tests.browser.conftest import OpenStation
from tests.browser.driver import Served, Station
from tests.browser.keyboard import Keyboard, at_keyboard
from tests.browser.stages import course_at, shipper_of
from tests.browser.test_keyboard_at_work import begin, confirm
from tests.floor import Floor
from web import create_app

pytestmark = [
    pytest.mark.requirement("COI-SCREEN-07"),
    pytest.mark.parametrize("database_kind", ["sqlite"]),  # the focus is the same on both
]
HOLD = "Place a hold on the course"
PERSON_THINKS = 600
"""Milliseconds: longer than the station waits for more keys."""


@contextmanager
def coordinator(tissue: Floor, browser: Browser) -> Iterator[Keyboard]:
    site = str(course_at(tissue).site)
    with at_keyboard(browser, lambda: create_app(tissue.record)) as keyboard:
        keyboard.sign_in(tissue.person(Role.COORDINATOR, site).id)
        keyboard.be_at(tissue.station(site))
        yield keyboard


def asked(keyboard: Keyboard) -> str:
    """The focus is at what is asked next, and can be seen there."""
    expect(keyboard.page.locator("#screen .ask .asks")).to_be_focused()
    stop = keyboard.at()
    assert stop is not None
    return stop.words


def test_after_a_button_one_goes_on_at_what_is_asked_next_and_at_the_end_at_the_field_for_codes(tissue, browser):
    with coordinator(tissue, browser) as keyboard:
        begin(keyboard, str(course_at(tissue).coi), HOLD)
        first = asked(keyboard)
        keyboard.press("Tab")
        assert keyboard.page.evaluate("document.activeElement.closest('.ask') !== null"), "Tab leads into the answers"
        keyboard.to("shipment")
        keyboard.press("Enter")
        keyboard.verdict("shipment")
        keyboard.to("Done with this one")
        keyboard.press("Enter")
        keyboard.verdict("done")
        assert asked(keyboard) not in ("", first)
        keyboard.to("why, in words")
        keyboard.type("odd seal", "Enter")
        keyboard.verdict("odd seal")
        confirm(keyboard)
        expect(keyboard.page.locator("#sign-password")).to_be_focused()
        keyboard.press("Tab", "Tab")
        keyboard.to("Cancel this step")
        keyboard.press("Enter")
        expect(keyboard.page.locator("#station")).not_to_have_attribute("data-state", "signing")
        if keyboard.page.locator("#station").get_attribute("data-state") == "scanned":
            expect(keyboard.page.locator("#screen :focus")).to_have_count(1)
            keyboard.to("Forget this scan")
            keyboard.press("Enter")
        expect(keyboard.page.locator("#capture")).to_be_focused()


def test_what_is_typed_there_is_taken_however_long_one_thinks_before_enter(tissue, browser):
    with coordinator(tissue, browser) as keyboard:
        begin(keyboard, str(course_at(tissue).coi), HOLD)
        asked(keyboard)
        keyboard.type("shipment")
        expect(keyboard.page.locator("#capture")).to_have_value("shipment")
        keyboard.page.wait_for_timeout(PERSON_THINKS)
        keyboard.press("Enter")
        keyboard.verdict("shipment")
        asked(keyboard)


def test_what_is_still_there_after_a_scan_or_a_refusal_keeps_the_focus(tissue, serve, open_station: OpenStation):
    station = at_the_site(tissue, serve(tissue), open_station)
    for name in ("Cancel this step", "Comment"):
        station.page.get_by_role("button", name=name).focus()
        if name == "Comment":
            assert station.scan("COI1:NOTHING").kind == "refused"
            station.page.get_by_role("button", name="I have read this").click()
            expect(station.page.locator("#stop")).to_be_hidden()
        else:
            assert station.scan(shipper_of(course_at(tissue))).kind == "accepted"
        expect(station.page.get_by_role("button", name=name)).to_be_focused()


def at_the_site(floor: Floor, served: Served, open_station: OpenStation) -> Station:
    """A coordinator who has begun to hand over what is packed."""
    course = course_at(floor)
    station = open_station(served, floor, floor.person(Role.COORDINATOR, str(course.site)).id, str(course.site))
    station.scan(shipper_of(course))
    station.command(Command.STEP, "release_to_courier")
    return station


@dataclass
class Slow:
    """In front of the application: answers to touches come when somebody says so."""

    app: Callable[..., Iterable[bytes]]
    go: Event = field(default_factory=Event)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/scan/act":
            assert self.go.wait(timeout=30)
        return self.app(environ, start)


def test_whoever_types_when_the_answer_comes_goes_on_typing(tissue, serve, open_station: OpenStation):
    served = serve(tissue)
    app = served.app()
    served.stop()
    slow = Slow(app.wsgi_app)
    served.app = lambda: slow
    served.start()
    station = at_the_site(tissue, served, open_station)
    summary = station.page.locator("details:has(#v-field-seal) summary")
    summary.click()
    before = station.handled
    station.page.get_by_role("button", name="Back").click()
    station.page.focus("#v-field-seal")
    station.page.keyboard.type("AB-1", delay=60)
    station.page.keyboard.press("ArrowLeft")
    slow.go.set()
    station.verdict(after=before)
    seal = station.page.locator("#v-field-seal")
    expect(seal).to_be_focused()
    station.page.keyboard.type("7", delay=60)
    expect(seal).to_have_value("AB-71")


def test_the_button_that_tries_again_leaves_the_focus_at_what_came_back(tissue, serve, open_station: OpenStation):
    served = serve(tissue)
    station = at_the_site(tissue, served, open_station)
    served.stop()
    station.shoot(shipper_of(course_at(tissue)))
    station.see("The server does not answer.")
    station.page.get_by_role("button", name="Try now").focus()
    served.start()
    station.press("Enter")
    station.settled()
    expect(station.page.locator("#link")).to_be_hidden()
    expect(station.page.locator("#screen .ask .asks")).to_be_focused()
    station.faults.clear()


def test_on_a_telephone_no_field_takes_the_focus_by_itself_and_shows_its_keys(tissue, serve, browser: Browser):
    course = course_at(tissue)
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    station = Station(context.new_page(), serve(tissue).url)
    station.sign_in(tissue.person(Role.COORDINATOR, str(course.site)).id)
    station.be(tissue.station(str(course.site)))
    station.scan(str(course.coi))
    before = station.handled
    station.page.get_by_role("button", name=HOLD).tap()
    station.verdict(after=before)
    expect(station.page.locator("#screen .ask .asks")).to_be_focused()
    station.command(Command.CANCEL)
    if station.page.locator("#station").get_attribute("data-state") == "scanned":
        before = station.handled
        station.page.get_by_role("button", name="Forget this scan").tap()
        station.verdict(after=before)
    expect(station.page.locator("#screen h2").first).to_be_focused()
    context.close()
    assert station.faults == []
