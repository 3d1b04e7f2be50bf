"""The capture field never loses the scanner: whatever has the focus, whatever the scanner is set to, whoever types."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from coi_tracker.identity import CODE_KINDS, CoiId, CommandCode, LabelSerial, ScanPayload
from coi_tracker.vocabulary import Command, Role
from tests.browser.conftest import OpenStation
from tests.browser.driver import Station, end_event, key_event
from tests.browser.gate import Gate, gated
from tests.browser.stages import course_at, payload, shipper_of
from tests.floor import PASSWORD, Floor

Scanned = Callable[[], list[str]]


@pytest.fixture
def at(tissue: Floor, serve: Callable[..., Any], open_station: OpenStation) -> tuple[Station, Gate, Floor]:
    """A coordinator at the site of the course, and what reaches the server."""
    served = serve(tissue)
    gate = gated(tissue, served)
    site = str(course_at(tissue).site)
    return open_station(served, tissue, tissue.person(Role.COORDINATOR, site).id, site), gate, tissue


@pytest.fixture(params=["sqlite"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """What keys do in a page is no matter of the database: one is enough here."""
    return str(request.param)


WHERE = {
    "the field": "document.getElementById('capture').focus()",
    "nowhere": "document.activeElement.blur()",
    "a button": "document.getElementById('sound').focus()",
    "a link": "document.querySelector('main a').focus()",
    "a summary": "document.querySelector('main summary')?.focus()",
    "the page": "document.getElementById('main').focus()",
    "a text area": "made('textarea').focus()",
    "a choice": "made('select').focus()",
    "a day": "made('input', 'date').focus()",
    "a number": "made('input', 'number').focus()",
    "another text": "made('input', 'text').focus()",
}
MADE = (
    "window.made = (name, type) => { const one = document.createElement(name); if (type) one.type = type;"
    "one.className = 'foreign'; document.getElementById('main').append(one); return one }; 0"
)


@pytest.mark.requirement("COI-SCAN-06")
@pytest.mark.parametrize("where", WHERE)
def test_a_scan_is_taken_wherever_the_focus_is_and_leaves_nothing_in_any_field(at, where):
    station, gate, floor = at
    code = shipper_of(course_at(floor))
    station.scan(code)
    station.page.evaluate(MADE)
    for suffix in ("Enter", "Tab"):
        station.page.evaluate(WHERE[where])
        station.scan(code, suffix=suffix)
    assert gate.in_order == [code] * 3
    values = station.page.evaluate("[...document.querySelectorAll('.foreign, #capture')].map((one) => one.value)")
    assert "".join(values) == ""
    assert station.page.get_by_role("button", name="Sound").get_attribute("aria-pressed") == "true", "Enter touched it"


@pytest.mark.requirement("COI-SCAN-06")
def test_prefixes_suffixes_and_pauses_of_scanners_are_no_part_of_a_code(at):
    station, gate, floor = at
    code = shipper_of(course_at(floor))
    for prefix in ("", "]Q1", "]Q3", "]d2", "]C0"):
        station.scan(prefix + code)
    station.scan(code, suffix="")  # no suffix: it ends with a pause
    station.keys(code)
    for name in ("Enter", "Enter", "Tab"):  # CR and LF, and a Tab too
        station.keyboard.send("Input.dispatchKeyEvent", end_event(name))
    station.settled()
    for letter in ("j", "m"):
        station.keys(code)
        station.keyboard.send(
            "Input.dispatchKeyEvent",
            {"type": "keyDown", "key": letter, "code": f"Key{letter.upper()}", "modifiers": 2},
        )
    station.settled()
    assert gate.in_order == [code] * 9


@pytest.mark.requirement("COI-STOCK-09")
@pytest.mark.parametrize("name", ["", "]d2", "]C1"])
def test_the_symbol_of_a_supplier_arrives_with_its_separators(at, name):
    station, gate, _ = at
    text = f"{name}010950600013435210M-77A\x1d17270531"
    station.scan(text)
    station.page.focus("#sound")
    station.scan(text)
    assert gate.in_order == [text] * 2
    assert station.page.input_value("#capture") == ""


@pytest.mark.requirement("COI-SCAN-06")
def test_pieces_that_a_busy_computer_held_back_are_one_scan(at):
    station, gate, floor = at
    code = shipper_of(course_at(floor))
    for cut in (1, 2, 3, 9, 20):
        station.keys(code[:cut])
        station.page.wait_for_timeout(400)
        station.scan(code[cut:])
    assert gate.in_order == [code] * 5
    assert station.page.input_value("#capture") == ""


@pytest.mark.requirement("COI-SCAN-06")
def test_a_serial_without_its_course_that_is_held_back_is_one_scan_though_no_scan_was_before_it(at):
    station, gate, floor = at
    serial = next(iter(course_at(floor).containers.values())).serial
    station.keys(serial[:10])
    station.page.wait_for_timeout(700)
    station.scan(serial[10:])
    assert gate.in_order == [serial]


@pytest.mark.requirement("COI-SCAN-06")
def test_a_foreign_code_that_is_held_back_is_one_scan_once_the_scanner_has_sent_a_suffix(at):
    station, gate, floor = at
    code = shipper_of(course_at(floor))
    station.scan(code)
    station.keys("SEAL-47")
    station.page.wait_for_timeout(700)
    station.scan("11-B")
    assert gate.in_order == [code, "SEAL-4711-B"]


@pytest.mark.requirement("COI-SCAN-06")
def test_a_computer_that_takes_the_scanner_for_another_keyboard_reads_the_same(at):
    """The scanner sends keys of a United States keyboard; the computer writes what stands on its own."""
    station, gate, floor = at
    course = course_at(floor)
    code = payload(course, next(iter(course.containers.values())).serial)
    german = str.maketrans({"Y": "Z", "Z": "Y", ":": "Ö", "-": "ß", "*": "("})
    french = str.maketrans(
        {
            "A": "Q",
            "Q": "A",
            "W": "Z",
            "Z": "W",
            "M": "?",
            ":": "M",
            "-": ")",
            **dict(zip("1234567890", "&é\"'(-è_çà", strict=True)),
        }
    )
    for keyboard in (german, french):
        for character in code:
            shown = character.translate(keyboard)
            event = {**key_event(character), "key": shown, "text": shown}
            station.keyboard.send("Input.dispatchKeyEvent", event)
        station.press("Enter")
        station.settled()
    for character in code:  # dead keys and an input method: the key has no character of its own
        event = {**key_event(character), "key": "Dead" if character == ":" else "Process", "text": ""}
        station.keyboard.send("Input.dispatchKeyEvent", event)
    station.press("Enter")
    station.settled()
    assert gate.in_order == [code] * 3


@pytest.mark.requirement("COI-SCAN-06")
def test_what_a_person_types_stays_in_its_field_and_is_recorded_as_typed(at):
    station, gate, floor = at
    course = course_at(floor)
    station.scan(shipper_of(course))
    station.command(Command.STEP, "release_to_courier")
    station.answer({"scan.shipper": shipper_of(course), "field.courier": floor.person(Role.COURIER).roles[0].place})
    assert station.asked == "field.seal"
    station.page.focus("#v-field-seal")
    station.page.keyboard.type("47 11", delay=90)
    assert station.page.input_value("#v-field-seal") == "47 11"
    station.page.keyboard.press("9")
    station.keyboard.send("Input.dispatchKeyEvent", {**key_event("x"), "timestamp": time.time()})
    station.scan(shipper_of(course))  # somebody scans while another one still types
    assert gate.in_order[-1] == shipper_of(course)
    station.press("Escape")
    expect(station.page.locator("#v-field-seal")).to_be_focused()  # where one was before the red screen
    station.page.fill("#v-field-seal", str(course.facts["seal"]))
    station.page.keyboard.press("Enter")
    station.settled()
    assert station.asked == "field.seal_intact"
    station.page.evaluate("document.activeElement.blur()")
    station.page.keyboard.type("yes", delay=120)
    station.page.keyboard.press("Enter")
    station.settled()
    assert station.asked == "field.count", station.refusal
    assert gate.in_order[-1] == "yes"
    assert station.lines()[-1]["what"] == "typed"


@pytest.mark.requirement("COI-SCAN-06")
def test_of_a_code_that_came_in_many_pieces_nothing_stays_in_the_field(at):
    station, gate, floor = at
    code = str(course_at(floor).coi)
    station.keys(code[:8], gap=0.08)
    station.keys(code[8:], gap=0.005)
    station.press("Enter")
    station.settled()
    assert gate.in_order == [code]
    assert station.page.input_value("#capture") == ""


@pytest.mark.requirement("COI-SCAN-06")
def test_a_badge_or_command_does_not_get_into_a_password_and_a_password_is_no_scan(at):
    station, gate, floor = at
    course = course_at(floor)
    station.scan(shipper_of(course))
    station.command(Command.STEP, "release_to_courier")
    station.answer(
        {
            "scan.shipper": shipper_of(course), "field.courier": floor.person(Role.COURIER).roles[0].place,
            "field.seal": str(course.facts["seal"]), "field.seal_intact": "yes", "field.count": "2",
        }
    )  # fmt: skip
    station.command(Command.CONFIRM)
    came = len(gate.came)
    station.page.focus("#sign-password")
    station.keys("rapid")  # a password manager, or a quick hand
    station.keys("-fire-9")
    station.page.wait_for_timeout(600)
    assert station.page.input_value("#sign-password") == "rapid-fire-9"
    assert len(gate.came) == came, "a password is not sent as a scan"
    for code in (str(floor.person(Role.NURSE).badge), CommandCode(Command.NEXT).format(), "COI1:SPOILED:CODE:X"):
        station.page.focus("#sign-password")
        station.scan(code)
        assert gate.in_order[-1] == code
        assert station.page.input_value("#sign-password") in ("", "rapid-fire-9")
        station.press("Escape")
    station.page.fill("#sign-password", PASSWORD)
    station.page.press("#sign-password", "Enter")
    station.see("Recorded.")
    kept = station.page.evaluate("JSON.stringify([localStorage, sessionStorage])")
    assert PASSWORD not in kept
    assert "rapid" not in kept


@pytest.mark.requirement("COI-SCAN-06")
def test_ten_megabytes_pasted_are_refused_in_words_and_scanning_goes_on(at):
    station, gate, floor = at
    paste = """(size) => { const data = new DataTransfer(); data.setData('text/plain', 'A'.repeat(size));
      const event = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
      return document.activeElement.dispatchEvent(event) }"""
    assert station.page.evaluate(paste, 10_000_000) is False, "the browser does not insert it"
    assert "10,000,000 characters at once" in station.refusal
    assert "What to do" in station.refusal
    assert gate.came == []
    assert station.scan(shipper_of(course_at(floor))).kind == "information"
    assert station.refusal == ""
    station.page.evaluate("document.activeElement.blur()")
    station.page.evaluate(paste.replace("'A'.repeat(size)", "'L'.repeat(4)"), 0)
    assert station.page.input_value("#capture") == "LLLL"
    assert station.page.evaluate("document.querySelectorAll('dialog').length") == 0


@pytest.mark.requirement("COI-SCAN-06")
def test_the_page_says_when_its_window_is_not_in_front(at):
    station, _, _ = at
    station.page.evaluate("window.dispatchEvent(new Event('blur'))")
    station.see("This window is not in front.")
    station.page.evaluate("window.dispatchEvent(new Event('focus'))")
    assert not station.page.locator("#front").is_visible()


@pytest.mark.requirement("COI-SCAN-06")
def test_a_station_open_in_two_windows_scans_in_one_of_them(at):
    station, gate, floor = at
    other = Station(station.context.new_page(), station.url)
    other.go()
    other.ready()
    station.see("This station is open in another window.")
    code = shipper_of(course_at(floor))
    other.scan(code)
    assert gate.in_order == [code]
    station.page.get_by_role("button", name="Go on here").click()
    station.ready()
    other.see("This station is open in another window.")


@pytest.mark.requirement("COI-SCAN-06")
def test_the_page_knows_a_code_of_ours_exactly_as_the_tracker_does(at):
    station, _, _ = at
    chance = random.Random(7)
    right = [kind.issue(chance.randbytes).text for kind in CODE_KINDS for _ in range(20)]
    right += [
        ScanPayload(c, LabelSerial.issue(chance.randbytes)).format() for c in (None, CoiId.issue(chance.randbytes))
    ]
    right += [CommandCode(one).format() for one in Command if one is not Command.STEP]
    right += [CommandCode(Command.STEP, name).format() for name in at[2].record.process.steps]
    wrong = [_spoiled(code, chance) for code in right]
    assert _known(station.page, right) == [True] * len(right)
    assert _known(station.page, wrong) == [False] * len(wrong)


def _spoiled(code: str, chance: random.Random) -> str:
    place = chance.randrange(1, len(code))
    other = chance.choice([c for c in "0123456789ABCDEFGHJKMNPQRSTVWXYZ" if c != code[place]])
    return code[:place] + other + code[place + 1 :]


def _known(page: Page, codes: list[str]) -> list[bool]:
    asked = "async (codes) => { const m = await import('/static/station/codes.js'); return codes.map(m.isOurs) }"
    found = page.evaluate(asked, codes)
    assert isinstance(found, list)
    return found
