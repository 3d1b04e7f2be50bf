"""Administration and the auditor's work with the keyboard alone: what is set up, looked for, made and downloaded."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from coi_tracker.config import Settings
from coi_tracker.protocols.loading import builtin_text
from coi_tracker.services import administration, available, keys, people, printers
from coi_tracker.vocabulary import Role
from tests.browser.keyboard import Keyboard, at_keyboard
from tests.floor import Floor
from web import create_app

pytestmark = [
    pytest.mark.requirement("COI-SCREEN-04"),
    pytest.mark.parametrize("database_kind", ["sqlite"]),  # keys are the same on both
]
STUDY = "iov_lun_202"


@pytest.fixture
def admin(floor: Floor, browser: Browser) -> Iterator[Keyboard]:
    """An administrator, signed in and at the pages of administration."""
    with at_keyboard(browser, lambda: create_app(floor.record)) as keyboard:
        keyboard.sign_in(floor.person(Role.ADMIN).id)
        keyboard.follow("Administration")
        yield keyboard


def test_a_place_is_added_and_a_day_of_it_closed_and_a_station_put_there(admin: Keyboard, floor: Floor) -> None:
    admin.follow("Places and days")
    admin.follow("Add a place")
    admin.fill(key="north", kind="site", name="North Clinic", country="DE", reason="joins the study")
    admin.follow("Add")
    admin.told("Changed.")
    admin.unfold("Close or open days")
    admin.fill(first="12242026", reason="nobody is in")
    admin.follow("Close these days")
    admin.told("Changed.")
    expect(admin.page.locator("time[datetime='2026-12-24']").first).to_be_visible()
    admin.follow("Stations")
    admin.unfold("Add a station")
    admin.fill(place="North", name="Bench", reason="for the clinic")
    admin.follow("Add")
    station = next(one for one in available.set_up(floor.record).stations if one.place == "north")
    assert admin.page.locator("dd.coi").inner_text().replace("-", "") == station.code
    admin.unfold("Take it out of use")
    admin.fill(reason="it fell down")
    admin.follow("Out of use")
    assert "ended" in admin.page.locator(".facts").inner_text()


def test_a_printer_is_added_and_taken_out_of_use(admin: Keyboard, floor: Floor) -> None:
    admin.follow("Printers")
    admin.follow("Add a printer")
    admin.fill(key="bench", name="Bench printer", kind="download", language="pdf", reason="new")
    admin.follow("Add")
    assert in_use(floor, "bench")
    admin.unfold("Take it out of use")
    admin.fill(reason="out of paper for ever")
    admin.follow("Out of use")
    admin.told("Changed.")
    assert not in_use(floor, "bench")


def in_use(floor: Floor, key: str) -> bool:
    """Whether the printer can be asked for anything."""
    found = printers.find_printer(floor.record, key)
    assert found is not None
    return found.active


def test_a_study_is_closed_and_opened_and_another_version_of_its_protocol_released(
    admin: Keyboard, floor: Floor, tmp_path: Path
) -> None:
    (file := tmp_path / "amendment.toml").write_text(builtin_text("iov_lun_202_amendment"))
    admin.follow("Studies")
    admin.follow(STUDY)
    for wish, state in (("Close enrolment", "closed"), ("Open enrolment", "open")):
        admin.unfold(wish)
        admin.fill(reason="the sponsor says so")
        admin.follow(wish)
        assert f"Enrolment\n{state}" in admin.page.locator(".facts").inner_text()
    admin.follow("Release another version")
    admin.hand_over("file", file)
    admin.follow("Look at it")
    expect(admin.page.get_by_text("differ from version")).to_be_visible()
    admin.fill(reason="the ethics committee agreed")
    admin.follow("Release version")
    assert len(administration.studies(floor.record)[0].versions) == 2


def test_a_role_is_taken_away_a_password_drawn_and_an_account_ended(admin: Keyboard, floor: Floor) -> None:
    nurse = floor.person(Role.NURSE)
    admin.fill(search=nurse.id)
    admin.follow("Show")
    admin.follow(nurse.id)
    admin.unfold("Take away")
    admin.fill(reason="went to another ward")
    admin.follow("Take nurse away")
    admin.told("Changed.")
    admin.unfold("Set another password")
    admin.fill(reason="forgot it")
    admin.follow("Draw a password")
    expect(admin.page.locator(".once code")).not_to_be_empty()
    admin.unfold("End this account")
    admin.fill(reason="left the hospital")
    admin.follow("End this account")
    found = people.find_person(floor.record, nurse.id)
    assert found is not None
    assert (found.active, len(found.roles)) == (False, len(nurse.roles) - 1)


def test_an_auditor_asks_the_log_and_takes_a_bundle_home(floor: Floor, browser: Browser, tmp_path: Path) -> None:
    keys.create(tmp_path, "test/log")
    keys.publish(floor.record, keys.read(tmp_path / keys.FILE))
    with at_keyboard(browser, lambda: create_app(floor.record, Settings(key_dir=tmp_path))) as auditor:
        auditor.sign_in(floor.person(Role.AUDITOR).id)
        auditor.follow("My work")
        auditor.follow("changes of the set-up")
        auditor.fill(**{"from": "03012026", "to": "03312026"})
        auditor.follow("Show")
        assert auditor.page.locator("tbody tr").count() > 10
        auditor.follow("Older")
        expect(auditor.page.get_by_text("Page 2 of").last).to_be_visible()
        auditor.follow("Export a bundle")
        auditor.fill(course=floor.courses[0])
        bundle = auditor.download("Export the course")
        assert bundle.suggested_filename == f"coi-{floor.courses[0]}.zip"
        with zipfile.ZipFile(bundle.path()) as found:
            assert "verify.py" in {Path(name).name for name in found.namelist()}
        auditor.round_trip()
