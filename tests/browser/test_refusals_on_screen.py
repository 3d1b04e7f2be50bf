"""Every reason for a refusal, seen on the screen with its words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from coi_tracker.course import Course, Reason
from coi_tracker.process.reasons import explain
from coi_tracker.services.attempts import record_refused_scan
from coi_tracker.services.changes import new_event_id
from coi_tracker.services.floor.sight import scene_for
from coi_tracker.services.requests import AttemptRequest
from coi_tracker.vocabulary import ReasonCode as Code
from coi_tracker.vocabulary import Role
from tests.browser.driver import running
from tests.browser.refusals import WAYS, Shop
from tests.browser.scans import Wedges
from tests.functional import floor_world
from tests.functional.floor_world import World
from tests.functional.wording import raw
from web import create_app
from web.session import STATION

pytestmark = [pytest.mark.slow, pytest.mark.requirement("COI-SCREEN-02", "COI-SCREEN-06")]

NEVER_AT_A_STATION = {
    Code.STATION_UNKNOWN: "without a station there is no page to be refused on: the page says so instead",
    Code.CLOCK_WRONG: "the station takes the server's time; only programs say their own",
    Code.SIGNATURE_MISSING: "nothing is handed in before everybody has signed; only programs can",
    Code.SIGNATURE_UNEXPECTED: "everybody is asked for the one signature that is hers; programs can send any",
    Code.EVIDENCE_MISSING: "nothing is handed in before everything is answered; only programs can",
    Code.EVIDENCE_UNEXPECTED: "only what is asked for can be answered; programs can say anything",
    Code.PROTOCOL_MISMATCH: "a course under rules that this installation does not have: after a wrong restore",
    Code.CONFLICT_RETRY: "two at the same moment; tried in tests/races",
}
"""What nobody can bring about at a screen, and why. Shown as it is read afterwards, on the page of the course."""


@pytest.fixture
def shop(prepared_database, browser) -> Iterator[Shop]:
    world = World.at(prepared_database(floor_world.make))
    with running(lambda: create_app(world.record)) as served:
        wedges = Wedges(browser, served.url, world.record, world.premises)
        yield Shop(world, wedges)
        assert wedges.close() == []
    world.close()


def never_at_a_station(shop: Shop) -> Course:
    """A course in whose record all of these stand, as programs or mishaps bring them about."""
    course = shop.world.course(floor_world.PREPARED)
    intent = shop.intend(course, "procure_tissue")
    station = shop.world.premises.stations[intent.place]
    for code in NEVER_AT_A_STATION:
        request = AttemptRequest(
            id=new_event_id(shop.world.record), step=intent.step, account=intent.account, role=intent.role,
            station=station, course=course.coi,
        )  # fmt: skip
        with shop.world.record.database.write() as tx:
            scene = scene_for(shop.world.record, tx, request)
            record_refused_scan(scene, (Reason(code, "one thing", "another"),))
    return course


def test_what_is_never_met_at_a_station_is_read_on_the_page_of_the_course(shop: Shop) -> None:
    course = never_at_a_station(shop)
    site = str(course.site)
    account = next(w.account for w in shop.world.premises.workers if w.role is Role.NURSE and w.place == site)
    device = shop.wedges.at(site, account)
    device.go(f"/courses/{course.coi}")
    for one in device.page.locator("details").all():
        one.evaluate("e => e.open = true")
    shown = device.page.locator("main").inner_text()
    for code in NEVER_AT_A_STATION:
        told = explain(code)
        assert [words for words in (told.title, told.do) if words not in shown] == [], code
    device.page.context.clear_cookies(name=STATION)
    device.go("/scan")
    device.see("This device is no station yet")


def test_every_reason_has_a_way_to_it_or_a_word_why_there_is_none() -> None:
    assert WAYS.keys() | NEVER_AT_A_STATION.keys() == set(Code)
    assert not WAYS.keys() & NEVER_AT_A_STATION.keys()


def test_every_reason_is_seen_on_the_red_screen_with_its_words(shop: Shop) -> None:
    missed, unclear = [], []
    for way in dict.fromkeys(WAYS.values()):
        seen = way(shop)
        lines = (line for line in seen.refusal.splitlines() if line not in set(Code))
        unclear += [f"{way.__name__}: {one}" for one in raw(lines)]
        for code in (code for code, leads in WAYS.items() if leads is way):
            told = explain(code)
            missing = [words for words in (str(code), told.title, told.do) if words not in seen.refusal]
            if missing:
                missed.append(f"{code}: not seen {missing} in {seen.headline!r} {' '.join(seen.refusal.split())[:700]}")
    assert "\n".join(missed) == ""
    assert "\n".join(unclear) == ""
