"""When the server is gone, an answer is lost, the session is over, or two want the same: what was scanned is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Route, expect

from coi_tracker.identity import CommandCode, LabelSerial
from coi_tracker.vocabulary import Command, Material, Role
from tests.browser.conftest import OpenStation
from tests.browser.driver import Station, end_event, type_into
from tests.browser.gate import gated, handled_by
from tests.browser.stages import course_at, payload, shipper_of
from tests.floor import PASSWORD, Floor


def at_the_site(floor: Floor, served, open_station: OpenStation) -> Station:
    """A coordinator at the site of the course."""
    site = str(course_at(floor).site)
    return open_station(served, floor, floor.person(Role.COORDINATOR, site).id, site)


def codes_of(floor: Floor, count: int) -> list[str]:
    """Labels of the course and codes that nobody knows, in turn."""
    course, drawn = course_at(floor), iter(range(1, 1000))
    right = [payload(course, one.serial) for one in course.containers.values()]
    unknown = (
        LabelSerial.issue(lambda n: bytes((next(drawn) * 7 + k) % 256 for k in range(n))).text for _ in range(99)
    )
    return [right[n % len(right)] if n % 2 else next(unknown) for n in range(count)]


@pytest.mark.requirement("COI-SCAN-07")
def test_while_the_server_does_not_answer_the_page_says_that_nothing_is_confirmed(tissue, serve, open_station):
    station = at_the_site(tissue, serve(tissue), open_station)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    station.page.route("**/scan/one", hold)
    station.shoot(codes_of(tissue, 2)[1])
    station.see("The server has not answered yet.")
    assert station.page.locator("#link [data-count]").inner_text() == "1 scan is kept."
    held[0].continue_()
    station.settled()
    expect(station.page.locator("#link")).to_be_hidden()


@pytest.mark.requirement("COI-SCAN-07")
def test_what_is_scanned_while_the_server_is_gone_is_kept_and_sent_once_in_order(tissue, serve, open_station):
    served = serve(tissue)
    gate = gated(tissue, served)
    station = at_the_site(tissue, served, open_station)
    codes = codes_of(tissue, 12)
    for code in codes[:4]:
        station.shoot(code)
    station.settled()
    station.press("Escape")
    served.stop()
    for code in codes[4:9]:
        station.shoot(code)
    station.see("The server does not answer.")
    station.see("not yet confirmed")
    station.until("document.querySelector('#link [data-count]').textContent === '5 scans are kept.'")
    assert "accepted" not in station.page.locator("#lines li").first.inner_text()
    served.start()
    for code in codes[9:]:
        station.shoot(code)
    station.settled()
    assert gate.in_order == codes
    assert handled_by(tissue) == len(codes)
    assert not station.page.locator("#link").is_visible()
    station.faults.clear()


@pytest.mark.requirement("COI-SCAN-07")
def test_what_is_scanned_while_the_server_is_gone_survives_that_the_page_is_closed(tissue, serve, open_station):
    served = serve(tissue)
    gate = gated(tissue, served)
    station = at_the_site(tissue, served, open_station)
    codes = codes_of(tissue, 3)
    served.stop()
    for code in codes:
        station.shoot(code)
    station.see("The server does not answer.")
    context = station.page.context
    station.page.close()
    served.start()
    again = Station(context.new_page(), served.url)
    again.go()
    again.ready()
    again.settled()
    assert gate.in_order == codes
    assert handled_by(tissue) == len(codes)


@pytest.mark.requirement("COI-SCAN-07")
def test_an_answer_that_is_lost_is_asked_for_again_and_the_scan_is_handled_once(tissue, serve, open_station):
    served = serve(tissue)
    gate = gated(tissue, served)
    station = at_the_site(tissue, served, open_station)
    gate.lose = lambda number: number in (2, 3, 6)
    codes = codes_of(tissue, 6)
    for code in codes:
        station.shoot(code)
    station.settled()
    assert gate.in_order == codes
    assert len(gate.came) == len(codes) + 3
    assert handled_by(tissue) == len(codes)


@pytest.mark.requirement("COI-SCAN-08")
def test_a_session_that_ends_in_the_middle_of_a_step_loses_nothing(tissue, serve, open_station):
    served = serve(tissue)
    gate = gated(tissue, served)
    course = course_at(tissue)
    station = at_the_site(tissue, served, open_station)
    station.scan(shipper_of(course))
    station.command(Command.STEP, "release_to_courier")
    station.scan(shipper_of(course))
    assert station.asked == "field.courier"
    tissue.clock.forward(timedelta(minutes=20))
    courier = tissue.person(Role.COURIER).roles[0].place
    station.shoot(courier)
    station.see("You are not signed in any more.")
    station.shoot(str(course.facts["seal"]))
    station.see("2 scans are kept.")
    station.page.get_by_role("link", name="Sign in to go on").click()
    station.see("Locked")
    station.page.fill("input[name=password]", PASSWORD)
    station.page.keyboard.press("Enter")
    station.ready()
    station.settled()
    assert station.asked == "field.seal_intact", "both were taken, and the step goes on"
    assert gate.in_order[-2:] == [courier, course.facts["seal"]]


@pytest.mark.requirement("COI-SCAN-08")
def test_a_badge_changes_the_person_and_asks_for_the_password_only(tissue, serve, open_station):
    served, site = serve(tissue), str(course_at(tissue).site)
    station = at_the_site(tissue, served, open_station)
    nurse = tissue.person(Role.NURSE, site)
    station.shoot(str(nurse.badge))
    station.until("location.pathname === '/sign-in' && document.readyState === 'complete'")
    assert station.page.input_value("input[name=account]") == nurse.id
    station.page.go_back()
    station.until("location.pathname === '/sign-in' && document.readyState === 'complete'")
    station.page.goto(f"{served.url}/scan")
    station.until("location.pathname === '/sign-in' && document.readyState === 'complete'")
    station.page.goto(f"{served.url}/sign-in?account={nurse.id}&to=/scan")
    type_into(station.page, "password", PASSWORD)
    station.page.keyboard.press("Enter")
    station.ready()
    station.see(nurse.name)


@pytest.mark.requirement("COI-SCAN-08")
def test_the_lock_command_locks_and_what_was_begun_is_there_afterwards(tissue, serve, open_station):
    served, course = serve(tissue), course_at(tissue)
    station = at_the_site(tissue, served, open_station)
    station.scan(shipper_of(course))
    station.command(Command.STEP, "release_to_courier")
    station.shoot(CommandCode(Command.LOCK).format())
    station.until("location.pathname === '/sign-in' && document.readyState === 'complete'")
    station.see("Locked")
    station.go("/scan")
    station.until("location.pathname === '/sign-in' && document.readyState === 'complete'")
    type_into(station.page, "password", PASSWORD)
    station.page.keyboard.press("Enter")
    station.ready()
    station.see("Release the shipper to the courier")
    assert station.asked == "scan.shipper"


@pytest.mark.requirement("COI-SCAN-08")
def test_a_station_that_nobody_touches_shows_the_lock_and_no_course(tissue, serve, open_station):
    served, course = serve(tissue), course_at(tissue)
    station = at_the_site(tissue, served, open_station)
    station.page.clock.install()
    station.go("/scan")
    station.ready()
    station.scan(shipper_of(course))
    station.page.clock.fast_forward("14:00")
    assert station.page.url.endswith("/scan")
    tissue.clock.forward(timedelta(minutes=16))
    station.page.clock.fast_forward("02:00")
    station.until("location.pathname === '/sign-in' && document.readyState === 'complete'")
    station.see("Locked")
    assert str(course.coi)[:4] not in station.page.locator("main").inner_text()


@pytest.mark.requirement("COI-SCAN-09")
def test_two_couriers_race_for_the_same_bags_and_one_of_them_is_told(product, serve, open_station):
    course, served = course_at(product), serve(product)
    first = product.person(Role.COURIER)
    place = first.roles[0].place
    second = product.person(Role.COURIER, place, other_than=first.id)
    racers = [open_station(served, product, one.id, place) for one in (first, second)]
    for station in racers:
        station.scan(shipper_of(course))
        station.command(Command.STEP, "accept_product_by_courier")
        station.answer(
            {
                "scan.shipper": shipper_of(course),
                "field.seal": str(course.facts["seal"]),
                "field.seal_intact": "yes",
                "field.count": "4",
            }
        )
        station.command(Command.CONFIRM)
        station.page.fill("#sign-password", PASSWORD)
        station.page.focus("#sign-password")
    before = [station.handled for station in racers]
    for station in racers:
        station.keyboard.send("Input.dispatchKeyEvent", end_event("Enter"))
    told = [station.verdict(after=count) for station, count in zip(racers, before, strict=True)]
    assert sorted(one.kind for one in told) == ["performed", "refused"]
    loser = racers[[one.kind for one in told].index("refused")]
    assert "What to do" in loser.refusal
    assert course_at(product).material is Material.OUTBOUND
