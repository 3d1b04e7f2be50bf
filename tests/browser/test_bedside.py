"""At the bedside, gloves on, in noise: what matters is the largest on the screen, and in sight without touching it."""

from __future__ import annotations

from typing import Any

import pytest

from coi_tracker.vocabulary import Command, ContainerKind
from tests.browser.conftest import OpenStation
from tests.browser.driver import Station
from tests.browser.stages import birth_date_of, containers, course_at, number_of, payload
from tests.browser.test_races import nurses, thawed
from tests.floor import Floor

SIZES = ((1280, 800), (820, 800), (360, 740))
LARGE = """() => {
  const shown = (one) => { const box = one.getBoundingClientRect(); return box.width > 1 && box.height > 1; };
  const texts = [...document.querySelectorAll('#station *')].filter((one) =>
    [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()) && shown(one));
  const size = (one) => parseFloat(getComputedStyle(one).fontSize);
  const matters = '.timer .left, .how, .target *, .coi, .asks, .headline, .headline *';
  const rest = texts.filter((one) => !one.matches(matters));
  const least = (all) => Math.min(...all.map(size));
  return {
    rest: Math.max(...rest.map(size)), which: rest.sort((a, b) => size(b) - size(a))[0].textContent.trim().slice(0, 60),
    timer: least([...document.querySelectorAll('.timer .left')]),
    coi: least([...document.querySelectorAll('.whose .coi')]),
    asks: least([...document.querySelectorAll('.target .name, .asks')]),
  };
}"""
"""The sizes of letters: of the timer, the COI and what is asked next, and the largest of everything else."""
IN_SIGHT = """(selector) => {
  const one = document.querySelector(selector);
  const box = one && one.getBoundingClientRect();
  return box && [Math.round(box.top), Math.round(box.bottom), innerHeight];
}"""


def begun(floor: Floor, serve: Any, open_station: OpenStation, width: int, height: int) -> Station:
    """A nurse has scanned the thawed bag and begun to match it with the wristband."""
    course = course_at(floor)
    nurse, _ = nurses(floor, course)
    station = open_station(serve(floor), floor, nurse.id, str(course.site))
    station.page.set_viewport_size({"width": width, "height": height})
    station.scan(thawed(course))
    in_sight(station, "button.offer strong")
    station.command(Command.STEP, "verify_at_bedside")
    return station


def in_sight(station: Station, selector: str) -> None:
    """All of it can be seen, without anybody having touched the screen."""
    seen = station.page.evaluate(IN_SIGHT, selector)
    assert seen is not None, f"{selector} is not there"
    top, bottom, height = seen
    assert top >= 0, f"{selector} is from {top} to {bottom} of {height}"
    assert bottom <= height, f"{selector} is from {top} to {bottom} of {height}"


@pytest.mark.requirement("COI-SCAN-04")
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_next_thing_the_bag_the_wristband_and_the_timer_are_the_largest_and_in_sight(
    bedside: Floor, serve, open_station: OpenStation, width: int, height: int
) -> None:
    course = course_at(bedside)
    station = begun(bedside, serve, open_station, width, height)
    large = station.page.evaluate(LARGE)
    for what in ("timer", "coi", "asks"):
        assert large[what] >= large["rest"], f"{what}: {large}"
    in_sight(station, ".target.next")
    in_sight(station, ".timer .left")
    station.scan(payload(course, containers(course, ContainerKind.WRISTBAND)[0].serial))
    in_sight(station, ".target.next")
    station.scan(thawed(course))
    assert [one.inner_text() for one in station.page.locator(".target .name").all()] == ["Wristband 1", "Bag 1"]
    in_sight(station, ".ask .asks")
    in_sight(station, ".ask input")
    station.answer({"identifier.birth_date": birth_date_of(course), "identifier.subject_number": number_of(course)})
    station.command(Command.CONFIRM)
    in_sight(station, "#sign-password")


@pytest.mark.requirement("COI-FLOOR-15")
def test_what_the_person_is_asked_for_cannot_be_read_off_the_screen(
    bedside: Floor, serve, open_station: OpenStation
) -> None:
    course = course_at(bedside)
    number = number_of(course)
    station = begun(bedside, serve, open_station, 1280, 800)
    station.answer(
        {
            "scan.wristband": payload(course, containers(course, ContainerKind.WRISTBAND)[0].serial),
            "scan.bag": thawed(course),
            "identifier.birth_date": birth_date_of(course),
        }
    )
    assert station.asked == "identifier.subject_number"
    for hidden in (f"subject {number}", birth_date_of(course)):
        assert hidden not in " ".join(station.page.locator("main").inner_text().split()), hidden
