"""Work at the scan station by scanning only, in a real browser, on both databases: hand-offs, two people, the bedside.

What is refused is seen on the screen with its words, and never stops the next scan.
"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from coi_tracker.course import Course
from coi_tracker.vocabulary import Command, ContainerKind, Material, Role
from tests.browser.conftest import OpenStation
from tests.browser.driver import Served, Station, Verdict
from tests.browser.stages import birth_date_of, containers, course_at, number_of, payload, shipper_of
from tests.floor import PASSWORD, Floor


def jars(course: Course) -> list[str]:
    """What the labels of the jars say."""
    return [payload(course, jar.serial) for jar in containers(course, ContainerKind.TISSUE_JAR)]


def courier_of(floor: Floor) -> str:
    return next(p.roles[0].place for p in [floor.person(Role.COURIER)])


def release(station: Station, floor: Floor, course: Course) -> None:
    """The site gives the shipper to the courier."""
    assert station.command(Command.STEP, "release_to_courier").kind == "accepted"
    station.answer(
        {
            "scan.shipper": shipper_of(course),
            "field.courier": courier_of(floor),
            "field.seal": str(course.facts["seal"]),
            "field.seal_intact": "yes",
            "field.count": "2",
        }
    )
    assert station.command(Command.CONFIRM).kind == "information"
    assert station.type_password().kind == "performed"


def accept(station: Station, course: Course) -> None:
    """The courier takes it."""
    station.scan(shipper_of(course))
    assert station.command(Command.STEP, "accept_by_courier").kind == "accepted"
    station.answer(
        {
            "scan.shipper": shipper_of(course),
            "field.seal": str(course.facts["seal"]),
            "field.seal_intact": "yes",
            "field.count": "2",
        }
    )
    station.command(Command.CONFIRM)
    assert station.type_password().kind == "performed"


@pytest.mark.requirement("COI-SCAN-01")
def test_tissue_goes_from_the_site_to_the_facility_by_scanning_only(tissue, serve, open_station: OpenStation):
    course, served = course_at(tissue), serve(tissue)
    site, facility = str(course.site), str(course.facility)
    coordinator = tissue.person(Role.COORDINATOR, site)
    at_site = open_station(served, tissue, coordinator.id, site)
    assert at_site.scan(shipper_of(course)).kind == "information"
    release(at_site, tissue, course)
    at_site.see("Recorded.")

    courier = tissue.person(Role.COURIER, courier_of(tissue))
    accept(open_station(served, tissue, courier.id, courier_of(tissue)), course)
    assert course_at(tissue).material is Material.INBOUND

    tissue.clock.forward(timedelta(hours=18))
    operator = tissue.person(Role.OPERATOR, facility)
    other = tissue.person(Role.OPERATOR, facility, other_than=operator.id)
    receiving = open_station(served, tissue, operator.id, facility)
    receiving.scan(shipper_of(course))
    assert receiving.command(Command.STEP, "receive_tissue").kind == "accepted"
    receiving.answer({"scan.shipper": shipper_of(course)})
    one, two = jars(course)
    assert receiving.scan(one).kind == "accepted"
    receiving.see("1 scanned, 1 missing, 0 unexpected")
    assert receiving.scan(one).kind == "refused", "the same jar twice"
    assert "duplicate_scan" in receiving.refusal
    assert receiving.scan(two).kind == "accepted", "a bad scan does not block the next good one"
    assert receiving.refusal == ""
    receiving.answer(
        {
            "field.seal": str(course.facts["seal"]),
            "field.seal_intact": "yes",
            "field.temperature_low": "3.1",
            "field.temperature_high": "6.2",
        }
    )
    assert receiving.command(Command.CONFIRM).kind == "information"
    assert receiving.type_password().kind == "accepted"
    assert receiving.scan(str(other.badge)).headline.startswith(other.name)
    assert receiving.type_password().kind == "performed"
    assert course_at(tissue).material is Material.RECEIVED


@pytest.mark.requirement("COI-SCAN-02")
def test_a_refusal_is_red_has_words_and_stays_until_it_was_read(tissue, serve, open_station: OpenStation):
    course, served = course_at(tissue), serve(tissue)
    site = str(course.site)
    station = open_station(served, tissue, tissue.person(Role.COORDINATOR, site).id, site)
    for read in (
        lambda: station.press("Enter"),
        lambda: station.press("Escape"),
        lambda: station.page.get_by_role("button", name="I have read this").click(),
        lambda: station.command(Command.ACKNOWLEDGE),
    ):
        assert station.scan("COI1:NOTHING:OF:OURS").kind == "refused"
        stop = station.page.locator("#stop[role=alert]")
        box = stop.bounding_box()
        assert box is not None
        assert (box["width"], box["height"]) == (1280, 800), "the whole screen"
        assert stop.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(143, 15, 22)"
        for words in ("Refused.", "Expected", "Scanned or seen", "COI1:NOTHING:OF:OURS", "What to do"):
            assert words in station.refusal
        station.page.wait_for_timeout(700)
        assert station.refusal, "it does not go away by itself"
        read()
        station.until("document.getElementById('stop').hidden")
    assert [line["kind"] for line in station.lines()].count("refused") == 4, "the list of scans keeps them"
    assert station.scan(shipper_of(course)).kind == "information"


@pytest.mark.requirement("COI-SCAN-03")
def test_accept_and_refuse_are_announced_and_colour_is_never_the_only_sign(tissue, serve, open_station: OpenStation):
    course, served = course_at(tissue), serve(tissue)
    site = str(course.site)
    station = open_station(served, tissue, tissue.person(Role.COORDINATOR, site).id, site)
    station.page.evaluate(
        "window.tones = []; const start = OscillatorNode.prototype.start;"
        "OscillatorNode.prototype.start = function (at)"
        "{ window.tones.push(this.type + this.frequency.value); start.call(this, at) };"
        "navigator.vibrate = (one) => { window.shaken = one; return true }"
    )
    station.scan(shipper_of(course))
    station.command(Command.STEP, "release_to_courier")
    live = station.page.locator("#verdict[aria-live=polite]")
    assert "Accepted." in live.inner_text()
    assert "✓" in live.inner_text()
    good = station.page.evaluate("window.tones.splice(0)")
    station.scan("COI1:NOTHING")
    assert "✕" in station.refusal
    bad = station.page.evaluate("window.tones.splice(0)")
    assert good
    assert bad
    assert not set(good) & set(bad), "another tone"
    assert station.page.evaluate("window.shaken") == [200, 80, 200]
    station.press("Escape")
    station.page.get_by_role("button", name="Sound").click()
    assert station.page.get_by_role("button", name="Sound").get_attribute("aria-pressed") == "false"
    station.page.reload()
    station.ready()
    assert station.page.get_by_role("button", name="Sound").get_attribute("aria-pressed") == "false"


@pytest.mark.requirement("COI-SCAN-04")
def test_at_the_bedside_wristband_and_bag_are_held_against_each_other_while_time_runs(
    bedside, serve, open_station: OpenStation
):
    course, served = course_at(bedside), serve(bedside)
    site = str(course.site)
    nurse = bedside.person(Role.NURSE, site)
    second = bedside.person(Role.PHYSICIAN, site)
    station = open_station(served, bedside, nurse.id, site)
    bag = next(one for one in containers(course, ContainerKind.BAG) if one.state == "in_use" or "thaw" in one.state)
    wristband = containers(course, ContainerKind.WRISTBAND)[0]
    station.scan(payload(course, bag.serial))
    station.page.wait_for_selector("[role=timer].ticking")
    left = station.page.locator("[role=timer] .left").inner_text()
    bedside.clock.forward(timedelta(seconds=5))  # the page goes by the server's clock, and that stands still here
    expect(station.page.locator("[role=timer] .left")).not_to_have_text(left)
    assert station.page.locator("[role=timer] .how").inner_text() in ("left", "HURRY, left")
    assert station.command(Command.STEP, "verify_at_bedside").kind == "accepted"
    assert station.page.locator(".target").count() == 2
    other = course_at(bedside, 0)
    station.answer({"scan.wristband": payload(course, wristband.serial)})
    station.answer(
        {
            "scan.bag": payload(course, bag.serial),
            "identifier.birth_date": birth_date_of(course),
            "identifier.subject_number": number_of(course),
        }
    )
    assert other.coi != course.coi
    assert birth_date_of(course) not in station.page.content()
    assert birth_date_of(course) not in str(station.lines()), "what is personal is not kept by the browser"
    station.command(Command.CONFIRM)
    assert station.type_password().kind == "accepted"
    assert station.scan(str(second.badge)) == Verdict("information", f"{second.name}: password")
    assert station.type_password().kind == "performed", station.refusal


SHOWN = (
    "document.getElementById('screen').innerText + '|' + document.activeElement.name + '|' + document.activeElement.id"
)
"""Everything a person sees of the step, and where the next key goes."""


@pytest.mark.requirement("COI-FLOOR-20")
def test_a_page_loaded_again_in_the_middle_of_two_signatures_shows_what_was_there(
    bedside, serve, open_station: OpenStation
):
    course, served = course_at(bedside), serve(bedside)
    site = str(course.site)
    nurse, second = bedside.person(Role.NURSE, site), bedside.person(Role.PHYSICIAN, site)
    station = open_station(served, bedside, nurse.id, site)
    bag = next(one for one in containers(course, ContainerKind.BAG) if one.state == "in_use")
    station.scan(payload(course, bag.serial))
    station.command(Command.STEP, "verify_at_bedside")
    station.answer(
        {
            "scan.wristband": payload(course, containers(course, ContainerKind.WRISTBAND)[0].serial),
            "scan.bag": payload(course, bag.serial),
            "identifier.birth_date": birth_date_of(course),
            "identifier.subject_number": number_of(course),
        }
    )
    station.command(Command.CONFIRM)
    assert station.type_password().kind == "accepted"
    station.scan(str(second.badge))
    station.until("document.activeElement.id === 'sign-password'")
    before = without_time(station)
    station.page.reload()
    station.ready()
    assert without_time(station) == before
    assert f"Password of {second.name}" in before
    station.scan(f"{bag.serial}")
    refused = " ".join(station.refusal.split())
    assert "Refused." in refused
    station.page.reload()
    station.ready()
    assert " ".join(station.refusal.split()) == refused, "it stays until it was read"
    station.press("Escape")
    station.page.reload()
    station.ready()
    assert station.refusal == ""
    station.scan(str(second.badge))
    assert station.type_password().kind == "performed", station.refusal


def without_time(station: Station) -> str:
    """What is seen, without the clock that counts down."""
    return re.sub(r"\d+:\d\d(:\d\d)?\s", "", str(station.page.evaluate(SHOWN)))


@pytest.mark.requirement("COI-SCAN-05")
def test_a_second_person_signs_at_another_device_and_the_first_one_sees_it(tissue, serve, open_station: OpenStation):
    course, served = course_at(tissue), serve(tissue)
    site, facility = str(course.site), str(course.facility)
    coordinator = tissue.person(Role.COORDINATOR, site)
    release(open_scanned(open_station, served, tissue, coordinator.id, site, course), tissue, course)
    courier = courier_of(tissue)
    accept(open_station(served, tissue, tissue.person(Role.COURIER, courier).id, courier), course)
    operator = tissue.person(Role.OPERATOR, facility)
    other = tissue.person(Role.OPERATOR, facility, other_than=operator.id)
    first = open_station(served, tissue, operator.id, facility)
    first.scan(shipper_of(course))
    first.command(Command.STEP, "receive_tissue")
    first.answer(
        {
            "scan.shipper": shipper_of(course), "scan.jar": jars(course), "field.seal": str(course.facts["seal"]),
            "field.seal_intact": "yes", "field.temperature_low": "3.1", "field.temperature_high": "6.2",
        }
    )  # fmt: skip
    first.command(Command.CONFIRM)
    assert first.type_password().kind == "accepted"
    digest = first.page.locator(".digest").inner_text()

    second = open_station(served, tissue, other.id, facility)
    second.go("/scan/pending")
    second.see("Receive the tumour tissue at the facility")
    assert second.page.locator(".digest").inner_text() == digest
    second.page.fill("input[name=password]", "not the password")
    second.page.keyboard.press("Enter")
    second.see("Refused.")
    second.page.fill("input[name=password]", PASSWORD)
    second.page.keyboard.press("Enter")
    second.see("Recorded.")
    assert course_at(tissue).material is Material.RECEIVED
    first.until("document.getElementById('station').dataset.state !== 'signing'")


def open_scanned(
    open_station: OpenStation, served: Served, floor: Floor, account: str, place: str, course: Course
) -> Station:
    """A station at which the shipper was scanned."""
    station = open_station(served, floor, account, place)
    station.scan(shipper_of(course))
    return station
