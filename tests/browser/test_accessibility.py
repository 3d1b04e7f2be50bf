"""Every page and every state of the station, looked at by axe-core, zoomed, on a phone, and gone through with Tab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from coi_tracker.config import Settings
from coi_tracker.course import AccountId
from coi_tracker.services import sessions
from coi_tracker.simulation.furnishing import reopened
from coi_tracker.vocabulary import Command, ContainerKind, Role
from tests.browser.addresses import ways, with_a_print_job
from tests.browser.driver import Served, running
from tests.browser.looking import wrong_with
from tests.browser.scans import Wedges
from tests.browser.stages import birth_date_of, containers, course_at, payload, shipper_of
from tests.floor import Floor
from web import create_app
from web.session import PERSON
from web.station.cards import DEMONSTRATION

pytestmark = [
    pytest.mark.slow,
    pytest.mark.requirement("COI-SCREEN-03", "COI-SCREEN-04", "COI-SCREEN-05"),
    pytest.mark.parametrize("database_kind", ["sqlite"]),  # a page looks the same on both
]


@pytest.fixture
def floor(prepared_database):
    found = Floor(prepared_database(with_a_print_job))
    yield found
    found.close()


def test_nothing_is_wrong_with_any_page(floor: Floor, browser: Browser) -> None:
    app = create_app(floor.record, Settings(origin=DEMONSTRATION))
    page = browser.new_page()
    wrong = []
    with running(lambda: app) as served:
        for way in ways(app, floor):
            come_as(page, served, floor, way.account)
            answer = page.goto(served.url + way.path)
            assert answer is not None
            assert "html" in answer.headers["content-type"], way
            assert answer.status == (404 if way.name == "not_found" else 200), (way, answer.status)
            page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
            wrong += wrong_with(page, way.name)
    page.context.close()
    assert "\n".join(wrong) == ""


def come_as(page: Page, served: Served, floor: Floor, account: str | None) -> None:
    """Somebody else, or nobody, is signed in at this browser."""
    page.context.clear_cookies()
    if account is not None:
        token = sessions.begin(floor.record, AccountId(account))
        page.context.add_cookies([{"name": PERSON, "value": token, "url": served.url}])


# --- the station


@pytest.fixture
def at_work(tissue: Floor, browser: Browser) -> Iterator[Wedges]:
    yield from wedges_of(tissue, browser)


@pytest.fixture
def at_bedside(bedside: Floor, browser: Browser) -> Iterator[Wedges]:
    yield from wedges_of(bedside, browser)


def wedges_of(floor: Floor, browser: Browser) -> Iterator[Wedges]:
    with running(lambda: create_app(floor.record)) as served:
        found = Wedges(browser, served.url, floor.record, reopened(floor.record))
        yield found
        assert found.close() == []


CAMERA = """navigator.mediaDevices.getUserMedia = async () => {
  const canvas = document.createElement('canvas');
  canvas.getContext('2d').fillRect(0, 0, 9, 9);
  return canvas.captureStream(5);
}"""
"""A camera that sees nothing: what it shows is tried elsewhere."""
CSV = "time,temperature (°C)\n" + "\n".join(f"2026-03-0{day} 08:00:00,{4 + day * 2}" for day in range(1, 6))


def test_nothing_is_wrong_with_the_station_while_tissue_is_handed_over(at_work: Wedges, tissue: Floor) -> None:
    course, wrong = course_at(tissue), []
    site, courier = str(course.site), next(place for place in at_work.premises.stations if place == "swift")
    coordinator = tissue.person(Role.COORDINATOR, site)
    at_site = at_work.at(site, coordinator.id)
    wrong += wrong_with(at_site.page, "station-idle")
    at_site.read(shipper_of(course))
    for one in at_site.page.locator("details").all():
        one.evaluate("e => e.open = true")
    wrong += wrong_with(at_site.page, "station-scanned")
    at_site.order(Command.STEP, "release_to_courier")
    wrong += wrong_with(at_site.page, "station-begun")
    assert at_site.read("COI1:NOTHING").refusal
    wrong += wrong_with(at_site.page, "station-refused")
    at_site.order(Command.ACKNOWLEDGE)
    at_site.page.evaluate(CAMERA)
    at_site.page.click("#camera")
    at_site.page.wait_for_selector("#camera-room video")
    wrong += wrong_with(at_site.page, "station-camera")
    at_site.page.click("#camera")
    for text in (shipper_of(course), courier, str(course.facts["seal"]), "yes", "2"):
        assert at_site.read(text).kind == "accepted"
    assert at_site.order(Command.CONFIRM).state == "signing"
    wrong += wrong_with(at_site.page, "station-signing")
    assert at_site.password("not the password").refusal
    wrong += wrong_with(at_site.page, "station-refused-signature")
    at_site.order(Command.ACKNOWLEDGE)
    assert at_site.password().kind == "performed"
    wrong += wrong_with(at_site.page, "station-performed")
    at_site.order(Command.STEP, "place_hold")
    for command in (Command.COMMENT, Command.LATE):
        at_site.order(command)
        wrong += wrong_with(at_site.page, f"station-{command}")
    assert "\n".join(wrong) == ""


def test_nothing_is_wrong_with_the_station_at_the_bedside(at_bedside: Wedges, bedside: Floor) -> None:
    course, wrong = course_at(bedside), []
    site = str(course.site)
    nurse, second = bedside.person(Role.NURSE, site), bedside.person(Role.PHYSICIAN, site)
    at_bed = at_bedside.at(site, nurse.id)
    bag = next(one for one in containers(course, ContainerKind.BAG) if one.state == "in_use" or "thaw" in one.state)
    at_bed.read(payload(course, bag.serial))
    wrong += wrong_with(at_bed.page, "station-thawed")
    at_bed.order(Command.STEP, "verify_at_bedside")
    wrong += wrong_with(at_bed.page, "station-targets")
    at_bed.read(payload(course, containers(course, ContainerKind.WRISTBAND)[0].serial))
    at_bed.read(payload(course, bag.serial))
    wrong += wrong_with(at_bed.page, "station-identifier")
    assert course.subject is not None
    for text in (birth_date_of(course), str(course.subject.number)):
        assert at_bed.read(text).kind == "accepted"
    at_bed.order(Command.CONFIRM)
    assert at_bed.password().kind == "accepted"
    wrong += wrong_with(at_bed.page, "station-second")
    at_bedside.devices.clear()
    other = at_bedside.at(site, second.id)
    other.go("/scan/pending")
    other.see("Match bag")
    wrong += wrong_with(other.page, "station-pending")
    other.page.context.close()
    at_bed.page.context.close()
    assert "\n".join(wrong) == ""


def test_nothing_is_wrong_with_the_curve_of_a_logger(at_work: Wedges, tissue: Floor) -> None:
    course = course_at(tissue)
    for step in ("release_to_courier", "accept_by_courier"):
        at_work.do_without(course_at(tissue), step)
    operator = tissue.person(Role.OPERATOR, course.facility)
    device = at_work.at(str(course.facility), operator.id)
    device.read(shipper_of(course))
    device.order(Command.STEP, "receive_tissue")
    device.page.locator("#logger summary").click()
    device.page.set_input_files("#logger-file", {"name": "log.csv", "mimeType": "text/csv", "buffer": CSV.encode()})
    device.page.click("#logger button")
    device.page.wait_for_selector(".reading .curve")
    assert "\n".join(wrong_with(device.page, "station-logger")) == ""
