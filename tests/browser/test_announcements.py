"""What a screen reader is told at the station, read from Chromium's own accessibility tree, and when it is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page

from coi_tracker.vocabulary import Command, Role
from tests.browser.conftest import OpenStation
from tests.browser.driver import Station
from tests.browser.stages import course_at, shipper_of
from tests.browser.test_races import nurses, thawed
from tests.floor import Floor

pytestmark = [
    pytest.mark.requirement("COI-SCREEN-06"),
    pytest.mark.parametrize("database_kind", ["sqlite"]),  # words are the same on both
]
EAR = """() => {
  const LIVE = '[aria-live], [role=alert], [role=status], [role=log]';
  const around = ({ target }) => (target.closest ? target : target.parentElement)?.closest(LIVE);
  const said = (one) => one && !one.hidden && one.innerText.trim();
  window.told = [];
  new MutationObserver((changes) => {
    for (const one of new Set(changes.map(around))) if (said(one)) window.told.push([one.id, one.innerText]);
  }).observe(document.body, {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ['hidden'],
  });
}"""
LIVE_LISTS = ":is([aria-live], [role=alert], [role=status], [role=log]) :is(#screen, #lines)"
"""Writes down what changes in a live region, each time anything does."""


@dataclass
class Heard:
    """The page as a screen reader has it: each live region and its words, what has the focus, what there is at all."""

    polite: str = ""
    at_once: str = ""
    focus: str = ""
    names: set[str] = field(default_factory=set)


def heard(page: Page) -> Heard:
    """The accessibility tree, from Chromium itself."""
    session = page.context.new_cdp_session(page)
    nodes = {one["nodeId"]: one for one in session.send("Accessibility.getFullAXTree")["nodes"]}
    session.detach()
    found = Heard()
    for node in nodes.values():
        if node["ignored"]:
            continue
        known = {one["name"]: one["value"].get("value") for one in node.get("properties", ())}
        name = f"{node['role']['value']} {node.get('name', {}).get('value', '')}".strip()
        found.names.add(name)
        if known.get("live") == "polite" and known.get("root") is None:
            found.polite += words(nodes, node)
        if known.get("live") == "assertive" and node["role"]["value"] == "alert":
            found.at_once += words(nodes, node)
        if known.get("focused") and node["role"]["value"] != "RootWebArea":
            found.focus = name
    return found


def words(nodes: dict[str, Any], node: dict[str, Any]) -> str:
    """What is read of a node and all that is in it."""
    own = node["name"]["value"] + " " if node["role"].get("value") == "StaticText" else ""
    return own + "".join(words(nodes, nodes[one]) for one in node.get("childIds", ()) if one in nodes)


@pytest.fixture
def at(tissue: Floor, serve: Any, open_station: OpenStation) -> tuple[Station, Floor]:
    """A coordinator at the site of the course."""
    site = str(course_at(tissue).site)
    return open_station(serve(tissue), tissue, tissue.person(Role.COORDINATOR, site).id, site), tissue


def test_what_was_taken_is_in_a_polite_region_and_the_lists_beside_it_are_in_none(at) -> None:
    station, floor = at
    course, courier = course_at(floor), floor.person(Role.COURIER).roles[0].place
    station.page.evaluate(EAR)
    verdicts = [station.scan(shipper_of(course)), station.command(Command.STEP, "release_to_courier")]
    verdicts += [station.scan(shipper_of(course)), station.scan(courier)]
    assert [one.kind for one in verdicts] == ["information", "accepted", "accepted", "accepted"]
    told = station.page.evaluate("told")
    assert [place for place, _ in told] == ["verdict"] * 4, "each once, and nothing that was only drawn anew"
    for verdict, (_, text) in zip(verdicts, told, strict=True):
        assert verdict.headline in text
    now = heard(station.page)
    assert "Accepted" in now.polite
    assert verdicts[-1].headline in now.polite
    assert now.at_once == ""
    assert station.page.locator("#screen, #lines").count() == 2
    assert station.page.locator(LIVE_LISTS).count() == 0


def test_a_refusal_is_an_alert_that_has_the_focus_and_nothing_else_is_there_until_it_was_read(at) -> None:
    station, floor = at
    course = course_at(floor)
    station.scan(shipper_of(course))
    station.command(Command.STEP, "release_to_courier")
    station.answer({"scan.shipper": shipper_of(course), "field.courier": floor.person(Role.COURIER).roles[0].place})
    station.page.focus("#v-field-seal")
    before = heard(station.page)
    assert before.focus.startswith("textbox")
    assert before.at_once == ""
    station.page.evaluate(EAR)
    assert station.scan("COI1:NOTHING").kind == "refused"
    assert [place for place, _ in station.page.evaluate("told")] == ["stop"], "said once"
    red = heard(station.page)
    for said in ("Refused.", "Expected", "Scanned or seen", "COI1:NOTHING", "What to do"):
        assert said in red.at_once
    assert red.focus == "button I have read this"
    assert {one for one in red.names if one.startswith(("textbox", "link", "button"))} == {"button I have read this"}
    station.press("Enter")
    station.until("document.getElementById('stop').hidden")
    after = heard(station.page)
    assert after.focus == before.focus, "back where one was"
    assert after.at_once == ""
    assert len(after.names) >= len(before.names) - 1, "everything is there again"


THAW = timedelta(minutes=180)
"""What the protocol allows."""


def test_that_time_runs_out_and_that_it_is_over_is_said_once_each_and_not_every_second(
    bedside: Floor, serve: Any, open_station: OpenStation
) -> None:
    course = course_at(bedside)
    began = next(one.thawed_at for one in course.containers.values() if one.thawed_at is not None)
    bedside.clock.forward(THAW - timedelta(minutes=16) - (bedside.clock() - began))
    station = open_station(serve(bedside), bedside, nurses(bedside, course)[0].id, str(course.site))
    page = station.page
    page.clock.install()
    station.go()
    station.ready()
    page.evaluate(EAR)
    station.scan(thawed(course))
    assert times(page) == [], "there is time"
    passes(bedside, page, 120)
    (hurry,) = times(page)
    assert hurry == "Hurry, 15 minutes left: bag 1, infused within 3.0 h of thaw."
    assert page.locator("[role=timer] .how").inner_text() == "HURRY, left"
    assert station.scan("COI1:NOTHING").kind == "refused"
    assert "Hurry" not in heard(page).polite, "nothing is read out beside what is red"
    for _ in range(2):  # not so long that the station locks
        page.dispatch_event("body", "pointerdown")
        passes(bedside, page, 426)
    assert times(page) == [hurry]
    page.get_by_role("button", name="I have read this").click()
    passes(bedside, page, 2)
    station.scan(thawed(course))
    passes(bedside, page, 10)
    assert times(page) == [hurry, "The time is over: bag 1, infused within 3.0 h of thaw."]
    assert times(page)[-1] in heard(page).polite
    passes(bedside, page, 60)
    assert page.locator("#times").inner_text() == "", "nobody comes to old minutes"
    assert len(times(page)) == 2


def passes(floor: Floor, page: Page, seconds: int) -> None:
    """Time goes by, second by second in the page, and for the server."""
    floor.clock.forward(timedelta(seconds=seconds))
    page.clock.run_for(seconds * 1000)


def times(page: Page) -> list[str]:
    """What was said of times."""
    return [words for place, words in page.evaluate("told") if place == "times"]
