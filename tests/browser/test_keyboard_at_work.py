"""Work at the station and with labels, with the keyboard alone: a hold and its end, comments, late entries, files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from coi_tracker.identity import CoiId
from coi_tracker.services import printing
from coi_tracker.vocabulary import JobState, Role
from tests.browser.addresses import with_a_print_job
from tests.browser.keyboard import Keyboard, at_keyboard
from tests.browser.stages import course_at, shipper_of, tissue_on_the_way
from tests.browser.test_accessibility import CAMERA, CSV
from tests.browser.test_keyboard import last_entry
from tests.floor import Floor
from web import create_app

pytestmark = [
    pytest.mark.requirement("COI-SCREEN-04"),
    pytest.mark.parametrize("database_kind", ["sqlite"]),  # keys are the same on both
]


def begin(keyboard: Keyboard, code: str, step: str) -> None:
    """Type what is printed beside a code, and choose a step."""
    keyboard.to(name="code")
    keyboard.type(code, "Enter")
    expect(keyboard.page.locator("#station")).to_have_attribute("data-state", "scanned")
    keyboard.to(step)
    keyboard.press("Enter")
    keyboard.verdict("begun")


def confirm(keyboard: Keyboard) -> None:
    """Confirm, if there is anything to leave out; then it is to be signed."""
    station = keyboard.page.locator("#station")
    if station.get_attribute("data-state") != "signing":
        keyboard.to("Confirm")
        keyboard.press("Enter")
    expect(station).to_have_attribute("data-state", "signing")


def test_a_hold_is_placed_late_with_a_comment_and_lifted_by_quality(tissue: Floor, browser: Browser) -> None:
    course = course_at(tissue)
    site, first = str(course.site), tissue.person(Role.COORDINATOR, course.site)
    second, qa = tissue.person(Role.COORDINATOR, site, other_than=first.id), tissue.person(Role.QA, course.facility)
    with at_keyboard(browser, lambda: create_app(tissue.record)) as keyboard:
        keyboard.sign_in(first.id)
        keyboard.be_at(tissue.station(site))
        begin(keyboard, str(course.coi), "Place a hold on the course")
        keyboard.to("Comment")
        keyboard.press("Enter")
        keyboard.verdict("Type the comment")
        keyboard.type("at night", "Enter")
        keyboard.verdict("at night")
        keyboard.to("Late entry")
        keyboard.press("Enter")
        keyboard.verdict("when it happened")
        keyboard.type("03022026", "Tab")
        keyboard.type("0830AM", "Enter")
        keyboard.verdict("08:30")
        keyboard.type("no network", "Enter")
        keyboard.verdict("no network")
        keyboard.to("shipment")
        keyboard.press("Enter")
        keyboard.verdict("shipment")
        keyboard.to("Done with this one")
        keyboard.press("Enter")
        keyboard.verdict("done")
        keyboard.to("why, in words")
        keyboard.type("odd seal", "Enter")
        keyboard.verdict("odd seal")
        confirm(keyboard)
        keyboard.sign()
        keyboard.verdict("now a second person")
        keyboard.sign(second.id)
        keyboard.verdict("Recorded.")
        entry = last_entry(tissue, "place_hold")
        assert entry["evidence"]["comment"] == "at night"
        assert entry["evidence"]["late_reason"] == "no network"
        keyboard.follow("Sign out")
        keyboard.sign_in(qa.id)
        keyboard.follow("Scanner 1")
        keyboard.be_at(tissue.station(str(course.facility)))
        begin(keyboard, str(course.coi), "Lift a hold")
        keyboard.to("blocks shipment")
        keyboard.press("Enter")
        keyboard.verdict("the hold")
        keyboard.to("why, in words")
        keyboard.type("it is whole", "Enter")
        keyboard.verdict("it is whole")
        confirm(keyboard)
        keyboard.sign()
        keyboard.verdict("Recorded.")
    assert last_entry(tissue, "lift_hold")["actor"]["account"] == qa.id
    assert course_at(tissue).holds == ()


def test_the_camera_is_put_on_and_off(tissue: Floor, browser: Browser) -> None:
    site = str(course_at(tissue).site)
    with at_keyboard(browser, lambda: create_app(tissue.record)) as keyboard:
        keyboard.page.add_init_script(CAMERA)
        keyboard.sign_in(tissue.person(Role.COORDINATOR, site).id)
        keyboard.be_at(tissue.station(site))
        for pressed, shown in (("true", 1), ("false", 0)):
            keyboard.to("Camera")
            keyboard.press("Enter")
            expect(keyboard.page.locator("#camera")).to_have_attribute("aria-pressed", pressed)
            expect(keyboard.page.locator("#camera-room video")).to_have_count(shown)


def test_the_file_of_a_logger_is_handed_in(prepared_database, browser: Browser, tmp_path: Path) -> None:
    floor = Floor(prepared_database(tissue_on_the_way))
    course = course_at(floor)
    (file := tmp_path / "log.csv").write_text(CSV)
    with at_keyboard(browser, lambda: create_app(floor.record)) as keyboard:
        keyboard.sign_in(floor.person(Role.OPERATOR, course.facility).id)
        keyboard.be_at(floor.station(str(course.facility)))
        begin(keyboard, shipper_of(course), "Receive")
        keyboard.unfold("Read the file of the temperature logger")
        keyboard.hand_over("file", file)
        keyboard.follow("Read it")
        keyboard.verdict("the highest temperature of the logger: 14")
        expect(keyboard.page.get_by_role("alert").filter(has_text="Outside 2 to 8 °C")).to_be_visible()
        keyboard.to("Change: the lowest temperature")
        keyboard.press("Enter")
        keyboard.verdict("Taken back")
    floor.close()


@pytest.fixture
def labelled(prepared_database) -> Iterator[Floor]:
    """A record in which a course's labels wait at a printer whose files a person fetches."""
    found = Floor(prepared_database(with_a_print_job))
    yield found
    found.close()


def test_labels_are_looked_at_asked_for_fetched_and_counted(labelled: Floor, browser: Browser) -> None:
    coi = labelled.courses[-1]
    with at_keyboard(browser, lambda: create_app(labelled.record)) as keyboard:
        keyboard.sign_in(labelled.person(Role.COORDINATOR, labelled.site_of(coi)).id)
        keyboard.follow("Courses")
        keyboard.follow(CoiId(coi).display())
        keyboard.follow("Print, look at and reconcile")
        keyboard.follow("look")
        assert keyboard.page.url.endswith(".svg")
        keyboard.page.go_back()
        keyboard.follow("queued")
        keyboard.follow("Cancel this job")
        keyboard.follow("Labels of")
        keyboard.to("print L")
        for wish in (False, True):
            keyboard.press("Space")
            expect(keyboard.page.locator("input[name=serial]")).to_be_checked(checked=wish)
        labelled.clock.forward(timedelta(minutes=1))  # the job of now is the newest, and stands first
        keyboard.follow("Print the chosen labels")
        assert keyboard.download("Fetch the file, once").suggested_filename.endswith(".pdf")
        keyboard.follow("Labels of")
        keyboard.follow("27 Mar")
        keyboard.to(name="serial")
        keyboard.press("Space")
        expect(keyboard.page.locator("input[name=serial]")).to_be_checked()
        keyboard.follow("This is what came out")
        found = printing.jobs(labelled.record, course=coi)[0]
        assert found.job.state is JobState.COUNTED
        assert [str(one.state) for one in found.labels] == ["printed"]
        assert keyboard.round_trip() > 5
