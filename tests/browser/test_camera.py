"""The camera as a scanner, end to end: pictures of our labels go in where a camera would be, entries come out."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from coi_tracker.vocabulary import Role
from labels.plain_reading import Matrix
from labels.symbol import QUIET_ZONES, Symbology, checked_symbol
from tests.browser.conftest import FLAGS
from tests.browser.driver import Station
from tests.browser.gate import gated
from tests.browser.stages import course_at, shipper_of
from tests.floor import PASSWORD

WIDTH, HEIGHT = 640, 480
FAKE = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]


def picture(matrix: Matrix, symbology: Symbology, chance: random.Random) -> Image.Image:
    """A label as a camera sees it: a little turned, on grey, not quite white."""
    zone = QUIET_ZONES[symbology]
    rows = matrix * 60 if len(matrix) == 1 else matrix
    scale = max(1, (WIDTH - 120) // (len(rows[0]) + 2 * zone)) if len(matrix) == 1 else 8
    dots = Image.frombytes("L", (len(rows[0]), len(rows)), bytes(25 if dark else 235 for row in rows for dark in row))
    paper = Image.new("L", (dots.width + 2 * zone, dots.height + (0 if len(matrix) == 1 else 2 * zone)), 235)
    paper.paste(dots, (zone, 0 if len(matrix) == 1 else zone))
    high = paper.height if len(matrix) == 1 else paper.height * scale
    paper = paper.resize((paper.width * scale, high), Image.Resampling.NEAREST)
    paper = paper.rotate(chance.uniform(-4, 4), expand=True, fillcolor=150, resample=Image.Resampling.BICUBIC)
    frame = Image.new("L", (WIDTH, HEIGHT), 150)
    frame.paste(paper, ((WIDTH - paper.width) // 2, (HEIGHT - paper.height) // 2))
    return frame


def film(frames: list[Image.Image], file: Path) -> Path:
    """What Chromium takes for a camera: pictures one after another, over and over."""
    with file.open("wb") as out:
        for frame in frames:
            packed = BytesIO()
            frame.convert("RGB").save(packed, "JPEG", quality=80)
            out.write(packed.getvalue())
    return file


@pytest.fixture
def with_camera(chromium: str, browser: Any) -> Iterator[Callable[[Path], Any]]:
    """A Chromium whose camera shows a film. (A second playwright cannot be started beside the first: it is shared.)"""
    started = []

    def start(file: Path) -> Any:
        found = browser.browser_type.launch(
            executable_path=chromium, args=[*FLAGS, *FAKE, f"--use-file-for-fake-video-capture={file}"]
        )
        started.append(found)
        return found

    yield start
    for one in started:
        one.close()


@pytest.mark.requirement("COI-SCAN-10")
@pytest.mark.parametrize("symbology", Symbology)
def test_the_camera_reads_our_symbols_through_the_same_queue(tissue, serve, with_camera, tmp_path, symbology):
    course, served = course_at(tissue), serve(tissue)
    gate = gated(tissue, served)
    code = shipper_of(course)
    meant = code.split(":")[2] if symbology is Symbology.CODE_128 else code
    chance = random.Random(symbology.value)
    matrix = checked_symbol(meant, symbology)
    blank = Image.new("L", (WIDTH, HEIGHT), 150)
    file = film([picture(matrix, symbology, chance) for _ in range(60)] + [blank] * 10, tmp_path / "camera.mjpeg")
    context = with_camera(file).new_context(viewport={"width": 360, "height": 740}, permissions=["camera"])
    station = Station(context.new_page(), served.url)
    asked: list[str] = []
    station.page.on("request", lambda request: asked.append(request.url))
    site = str(course.site)
    station.sign_in(tissue.person(Role.COORDINATOR, site).id)
    station.be(tissue.station(site))
    assert not [url for url in asked if "camera" in url or "zxing" in url], "loaded only when asked for"
    station.page.get_by_role("button", name="Camera").click()
    station.see("Release the shipper to the courier")
    assert gate.in_order[0] == meant
    assert len(gate.came) == 1, "held in front of the camera it is one scan"
    assert station.page.get_by_role("button", name="Camera").get_attribute("aria-pressed") == "true"
    station.page.get_by_role("button", name="Camera").click()
    expect(station.page.locator("video")).to_have_count(0)
    assert station.faults == []


@pytest.mark.requirement("COI-SCAN-10")
def test_a_label_with_its_code_in_two_places_is_one_reading(tissue, serve, open_station):
    site = str(course_at(tissue).site)
    station = open_station(serve(tissue), tissue, tissue.person(Role.COORDINATOR, site).id, site)
    asked = "async (texts) => (await import('/static/station/camera.js')).distinct(texts)"
    payload, other = "COI1:C92Z0PVFV7364:L4E9CJPG2PPK:QX", "COI1:C92Z0PVFV7364:LGY1D4V637GW:PA"
    assert station.page.evaluate(asked, [payload, payload]) == [payload]
    assert station.page.evaluate(asked, ["L4E9CJPG2PPK", payload]) == [payload]
    assert station.page.evaluate(asked, [payload, "LGY1D4V637GW"]) == [payload, "LGY1D4V637GW"]
    assert station.page.evaluate(asked, [payload, other]) == [payload, other]
    assert station.page.evaluate(asked, []) == []


@pytest.mark.requirement("COI-SCAN-10")
def test_a_value_is_taken_when_three_pictures_in_a_row_agree_and_once(tissue, serve, open_station):
    site = str(course_at(tissue).site)
    station = open_station(serve(tissue), tissue, tissue.person(Role.COORDINATOR, site).id, site)

    def seen(*pictures: tuple[int, list[str]]) -> list[str]:
        asked = """async (pictures) => { const { Agreement } = await import('/static/station/camera.js');
          const one = new Agreement(); return pictures.map(([at, texts]) => one.see(texts, at)).filter(Boolean) }"""
        return list(station.page.evaluate(asked, [list(one) for one in pictures]))

    a, b = ["A"], ["B"]
    assert seen((0, a), (90, a)) == []
    assert seen((0, a), (90, a), (180, b), (270, a), (360, a)) == []
    assert seen((0, a), (90, []), (180, a), (270, a)) == []
    assert seen((0, a), (90, a), (180, ["A", "B"]), (270, a)) == [], "two codes in one picture"
    assert seen(*((n * 90, a) for n in range(60))) == ["A"], "held still"
    assert seen(*((n * 90, a) for n in range(3)), *((n * 90, b) for n in range(4, 7))) == ["A", "B"]
    away = [(5000 + n * 90, a) for n in range(3)]
    assert seen(*((n * 90, a) for n in range(3)), (3000, []), *away) == ["A", "A"], "shown again"


@pytest.mark.requirement("COI-SCAN-10")
def test_without_a_camera_the_page_says_so(tissue, serve, open_station):
    site = str(course_at(tissue).site)
    station = open_station(serve(tissue), tissue, tissue.person(Role.COORDINATOR, site).id, site)
    station.page.get_by_role("button", name="Camera").click()
    station.until("/Type the code|Allow it/.test(document.getElementById('camera-room').innerText)")
    assert station.page.get_by_role("button", name="Camera").get_attribute("aria-pressed") == "false"


@pytest.mark.requirement("COI-SCAN-10", "COI-PPL-01")
def test_a_telephone_signs_in_and_becomes_a_station_by_what_its_camera_sees(tissue, serve, with_camera, tmp_path):
    """One camera that sees a station's code and then a badge, over and over: each field takes its own kind only."""
    served, site = serve(tissue), str(course_at(tissue).site)
    nurse, chance = tissue.person(Role.NURSE, site), random.Random(1)
    shown = [
        picture(checked_symbol(code), Symbology.QR, chance)
        for code in (tissue.station(site), str(nurse.badge))
        for _ in range(40)
    ]
    context = with_camera(film(shown, tmp_path / "camera.mjpeg")).new_context(
        viewport={"width": 360, "height": 740}, permissions=["camera"]
    )
    station = Station(context.new_page(), served.url)
    station.go("/sign-in?to=/scan")
    station.page.get_by_role("button", name="Camera").click()
    expect(station.page.locator("input[name=account]")).to_have_value(str(nurse.badge))
    expect(station.page.locator("input[name=password]")).to_be_focused()
    expect(station.page.locator("video")).to_have_count(0)
    station.page.keyboard.type(PASSWORD)
    station.page.keyboard.press("Enter")
    station.see("This device is no station yet")
    station.page.get_by_role("button", name="Camera").click()
    station.ready()
    station.see(nurse.name)
    assert station.faults == []


@pytest.mark.requirement("COI-SCAN-10")
def test_a_second_text_out_of_the_bars_of_one_code_counts_for_nothing(tissue, serve, open_station):
    """As zxing reads a clean Code 128 now and then; what stands elsewhere, or is no Code 128, is a second code."""
    site = str(course_at(tissue).site)
    station = open_station(serve(tissue), tissue, tissue.person(Role.COORDINATOR, site).id, site)
    asked = "async (found) => (await import('/static/station/camera.js')).withoutGhosts(found).map((one) => one.text)"

    def seen(*found: tuple[str, str, int]) -> list[str]:
        corners = ("topLeft", "topRight", "bottomRight", "bottomLeft")
        spots = zip(corners, ((0, 0), (90, 0), (90, 30), (0, 30)), strict=True)
        at = dict(spots)
        return list(
            station.page.evaluate(
                asked,
                [
                    {"text": text, "format": name, "position": {k: {"x": x, "y": y + down} for k, (x, y) in at.items()}}
                    for text, name, down in found
                ],
            )
        )

    bars, ghost = ("L4E9CJPG2PPK", "Code128", 0), ('L4E9CJP"2PPK', "Code128", 2)
    assert seen(bars, ghost) == [bars[0]]
    assert seen(ghost, bars) == [bars[0]]
    assert seen(ghost) == [ghost[0]], "alone it is refused as what it is"
    assert seen(bars, ("LOT-7", "Code128", 200)) == [bars[0], "LOT-7"]
    assert seen(bars, ("LOT-7", "QRCode", 2)) == [bars[0], "LOT-7"]
    assert seen(("LGY1D4V637GW", "Code128", 2), bars) == ["LGY1D4V637GW", bars[0]], "two of ours"
