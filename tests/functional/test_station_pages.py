"""The scan station through its addresses: what it needs, what works without a script, files of loggers, cards."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from coi_tracker.config import Settings
from coi_tracker.identity import BadgeCode, CommandCode, EquipmentCode, StationCode, read_scan
from coi_tracker.vocabulary import FINAL_STATES, Command, ContainerKind, Role
from tests.browser.stages import (
    at_the_bedside,
    course_at,
    payload,
    shipper_of,
    tissue_on_the_way,
    tissue_packed,
    treatment_planned,
)
from tests.floor import Floor
from web import create_app
from web.session import PERSON

ROOT = Path(__file__).parents[2]
HARMFUL = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


@pytest.fixture
def floor(prepared_database):
    floor = Floor(prepared_database(tissue_packed))
    yield floor
    floor.close()


@pytest.fixture
def site(floor):
    return str(course_at(floor).site)


@pytest.fixture
def client(floor, site):
    return floor.client(floor.person(Role.COORDINATOR, site).id, station=floor.station(site))


def scan(client, code, once=None, **more):
    return client.post("/scan/one", data={"code": code, "once": once or "", **more})


@pytest.mark.requirement("COI-SCAN-01")
def test_the_station_needs_somebody_with_a_role_and_a_device_that_is_a_station(floor, site):
    assert floor.client().get("/scan").status_code == 302
    coordinator = floor.person(Role.COORDINATOR, site)
    told = floor.client(coordinator.id).get("/scan").text
    assert "This device is no station yet" in told
    assert "Scan the code that is printed on the station" in told
    assert scan(floor.client(coordinator.id), "x").status_code == 400
    admin = floor.client(floor.person(Role.ADMIN).id)
    for path in ("/scan", "/scan/pending", "/scan/now"):
        assert admin.get(path).status_code == 403
    at_work = floor.client(coordinator.id, station=floor.station(site))
    assert at_work.get("/").location == "/scan"


@pytest.mark.requirement("COI-SCAN-01")
def test_without_a_script_codes_are_typed_and_a_refusal_has_its_words(floor, client):
    course = course_at(floor)
    page = client.get("/scan").text
    assert "<noscript>" in page
    assert "needs JavaScript" in page
    seen = scan(client, shipper_of(course)).text
    assert "What you can do now" in seen
    assert "Release the shipper to the courier" in seen
    begun = client.post("/scan/act", data={"act": "begin", "step": "release_to_courier"}).text
    assert "Accepted." in begun
    assert 'data-key="scan.shipper"' in begun
    refused = scan(client, "COI1:-:NOTHING:X").text
    assert "Refused." in refused
    assert 'role="alert"' in refused
    for words in ("Expected", "Scanned or seen", "What to do"):
        assert words in refused
    assert 'data-key="field.courier"' in scan(client, shipper_of(course)).text
    cancelled = client.post("/scan/act", data={"act": "cancel"}).text
    assert "nothing was recorded" in cancelled


@pytest.mark.requirement("COI-SCAN-07")
def test_a_scan_sent_again_changes_nothing_and_gets_the_same_verdict(floor, client):
    course = course_at(floor)
    script = {"Accept": "application/json", "HX-Request": "true"}
    first, again = (
        client.post("/scan/one", data={"code": shipper_of(course), "once": "a1"}, headers=script).json for _ in "ab"
    )
    assert first["kind"] == again["kind"] == "information"
    assert first["headline"] == again["headline"]
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert first["go"] is None
    assert "<script" not in first["screen"]


@pytest.mark.requirement("COI-SCAN-08")
def test_the_script_is_told_that_the_session_is_over_and_nothing_else(floor, site):
    client = floor.client()
    answer = client.post("/scan/one", data={"code": "x"}, headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["X-Sign-In"] == "/sign-in"
    assert answer.data == b""


@pytest.mark.requirement("COI-SCAN-12")
def test_what_is_scanned_or_written_is_never_run(floor, client):
    course = course_at(floor)
    pages = [scan(client, HARMFUL).text]
    scan(client, shipper_of(course))
    client.post("/scan/act", data={"act": "begin", "step": "unpack"})
    scan(client, shipper_of(course))
    pages += [scan(client, HARMFUL).text, client.get("/scan").text]
    pages += [client.post("/scan/act", data={"act": "put", "key": "entry.comment", "value": HARMFUL}).text]
    for page in pages:
        assert "<script>alert" not in page
        assert "<img" not in page
    assert "&lt;script&gt;" in pages[-1]
    policy = client.get("/scan").headers["Content-Security-Policy"]
    assert "script-src 'self' 'wasm-unsafe-eval'" in policy
    assert not re.search(r"<[^>]+\son\w+=|<script(?![^>]*src=)|style=", pages[-1])


@pytest.mark.requirement("COI-SCAN-12")
def test_a_text_that_is_too_long_is_refused_and_not_cut(floor, client):
    scan(client, shipper_of(course_at(floor)))
    client.post("/scan/act", data={"act": "begin", "step": "unpack"})
    longest = {"act": "put", "key": "entry.comment", "value": "x" * 2000}
    assert "Accepted" in client.post("/scan/act", data=longest).text
    refused = client.post("/scan/act", data=longest | {"value": "y" * 2001}).text
    assert "text of 1 to 2000 characters" in refused
    assert "x" * 2000 in client.get("/scan").text


@pytest.mark.requirement("COI-FLOOR-18")
def test_what_would_be_refused_is_not_called_ready(floor, client):
    scan(client, shipper_of(course_at(floor)))
    client.post("/scan/act", data={"act": "begin", "step": "record_temperature"})
    client.post("/scan/act", data={"act": "put", "key": "field.where", "value": "shipper"})
    hot = client.post("/scan/act", data={"act": "put", "key": "field.temperature", "value": "500"}).text
    assert "it would be refused as it is" in hot
    assert "Kept, but look." in hot
    assert "Accepted." not in hot
    assert "Confirm to record it" not in hot
    client.post("/scan/act", data={"act": "take_back", "key": "field.temperature"})
    right = client.post("/scan/act", data={"act": "put", "key": "field.temperature", "value": "5"}).text
    assert "Confirm to record it" in right
    assert "Accepted." in right


@pytest.mark.requirement("COI-FLOOR-07")
def test_who_confirms_a_plan_reads_the_plan_in_what_is_signed(prepared_database):
    floor = Floor(prepared_database(treatment_planned))
    course = course_at(floor)
    client = floor.client(floor.person(Role.PHYSICIAN, str(course.site)).id, station=floor.station(str(course.site)))
    scan(client, str(course.coi))
    client.post("/scan/act", data={"act": "begin", "step": "confirm_plan"})
    page = scan(client, CommandCode(Command.CONFIRM).format()).text
    facts = course.facts
    assert re.search(r"The plan in the record: infusion \d+ \w+ 2026, \d\d:\d\d \w+, regimen standard, weight", page)
    for name in ("weight", "height", "creatinine"):
        assert f"{name} {facts[f'plan.{name}']['value']} " in page
    floor.close()


@pytest.mark.requirement("COI-SCAN-23")
def test_from_a_scanned_course_one_gets_to_its_page_and_to_printing_and_while_at_work_to_neither(floor, client):
    coi = str(course_at(floor).coi)
    ways = {f'href="/courses/{coi}"', f'href="/courses/{coi}/labels"'}
    shown = scan(client, coi).text
    assert all(way in shown for way in ways)
    for way in ways:
        assert client.get(way[6:-1]).status_code == 200
    begun = scan(client, CommandCode(Command.STEP, "issue_labels").format())
    assert begun.status_code == 200
    assert not any(way in begun.text for way in ways)


@pytest.mark.parametrize("act", ["", "explode", "put", "begin", "take_back"])
def test_a_touch_that_cannot_be_understood_is_said(client, act):
    assert client.post("/scan/act", data={"act": act}).status_code == 400


LOG = "Time;Temp °C\n" + "".join(f"2026-03-02 {h:02d}:00;{t}\n" for h, t in enumerate([4, 5, 9.5, 11, 6, 4]))


def upload(client, data, name="log.csv", **fields):
    """A form with a file, in memory as a whole."""
    parts = [f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items()]
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    body = b"".join(parts) + head + data + b"\r\n--x--\r\n"
    return client.post("/scan/logger", data=body, content_type="multipart/form-data; boundary=x")


@pytest.fixture
def receiving(prepared_database):
    """A record in which the courier has the tissue."""
    floor = Floor(prepared_database(tissue_on_the_way))
    yield floor
    floor.close()


@pytest.mark.requirement("COI-SCAN-11")
def test_the_file_of_a_logger_is_drawn_and_its_lowest_and_highest_go_into_the_step(receiving):
    course = course_at(receiving)
    facility = str(course.facility)
    client = receiving.client(receiving.person(Role.OPERATOR, facility).id, station=receiving.station(facility))
    scan(client, shipper_of(course))
    client.post("/scan/act", data={"act": "begin", "step": "receive_tissue"})
    assert "Read the file of the temperature logger" in scan(client, shipper_of(course)).text
    page = upload(client, LOG.encode(), "TL-1 <b>.csv").text
    assert '<svg class="curve"' in page
    assert "Outside 2 to 8 °C: 1 time." in page
    assert "TL-1 &lt;b&gt;.csv" in page
    assert 'class="out-words"' in page, "an excursion is marked with a word, not by colour alone"
    assert re.search(r"<td>11 °C</td>\s*<td>2</td>", page), "and stands in a table"
    assert "<bdi>4 °C</bdi>" in page
    assert "<bdi>11 °C</bdi>" in page
    good = LOG.replace("9.5", "5.5").replace("11", "6.5")
    page = upload(client, good.encode(), "TL-1.csv").text
    assert "Inside 2 to 8 °C all the way." in page
    assert "<bdi>6.5 °C</bdi>" in page


@pytest.mark.requirement("COI-SCAN-11")
@pytest.mark.parametrize(
    ("name", "data", "status", "words"),
    [
        ("notes.pdf", b"%PDF-1.7 and more", 400, "The file was not taken."),
        ("log.csv", b"a;b\n1;2\n", 400, "lines with a day, a time and a temperature"),
        ("log.csv", b"x" * 5_050_000, 400, "at most 5 MB"),
        ("log.csv", b"x" * 7_000_000, 413, "at most 5 MB"),
    ],
)
def test_files_of_the_wrong_kind_or_size_are_refused_in_words(client, name, data, status, words):
    answer = upload(client, data, name)
    assert answer.status_code == status
    assert words in answer.text
    assert "Scan, or type" in answer.text, "the station is still there"


@pytest.mark.requirement("COI-SCAN-11")
def test_a_file_needs_the_mark_of_the_page_like_every_form(floor, site):
    app = create_app(floor.record)
    client = app.test_client()
    other = floor.client(floor.person(Role.COORDINATOR, site).id, station=floor.station(site))
    for cookie in (PERSON, "coi_station"):
        client.set_cookie(cookie, other.get_cookie(cookie).value)
    assert upload(client, LOG.encode()).status_code == 400
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/scan").text)
    assert token is not None
    assert upload(client, LOG.encode(), csrf_token=token[1]).status_code == 200


@pytest.mark.requirement("COI-SCAN-13")
def test_the_cards_hold_a_code_of_every_command_and_step_that_reads_as_what_stands_beside_it(floor, client):
    page = client.get("/scan/cards").text
    cards = re.findall(r"<li>(<svg.*?</svg>)<strong>(.*?)</strong>", page)
    read = [read_scan(_read(svg)) for svg, _ in cards]
    assert all(isinstance(one, CommandCode) for one in read)
    wanted = {CommandCode(one) for one in Command if one is not Command.STEP}
    wanted |= {CommandCode(Command.STEP, step) for step in floor.record.process.steps}
    assert set(read) == wanted


def _read(svg: str) -> str:
    """What an independent decoder reads in the picture."""
    size = int(re.findall(r'viewBox="0 0 (\d+)', svg)[0])
    image = Image.new("L", (size, size), 255)
    for x, y in re.findall(r"M(\d+) (\d+)h1", svg):
        image.putpixel((int(x), int(y)), 0)
    found = zxingcpp.read_barcode(image.resize((size * 4, size * 4), Image.Resampling.NEAREST))
    assert found is not None
    return str(found.text)


@pytest.mark.requirement("COI-SCAN-13")
def test_badges_are_printed_in_the_demonstration_only(floor, site):
    coordinator = floor.person(Role.COORDINATOR, site)
    assert floor.client(coordinator.id).get("/scan/cards/demonstration").status_code == 404
    app = create_app(floor.record, Settings(origin="demo.invalid/coi-log"))
    client = app.test_client()
    client.set_cookie(PERSON, floor.client(coordinator.id).get_cookie(PERSON).value)
    page = client.get("/scan/cards/demonstration").text
    codes = [_read(svg) for svg in re.findall(r"<svg.*?</svg>", page)]
    assert any(code.startswith("LOT-") for code in codes), "lots have the codes of who made them"
    read = [read_scan(code) for code in codes if not code.startswith("LOT-")]
    assert {type(one) for one in read} >= {BadgeCode, StationCode, EquipmentCode}
    assert any(one.coi is not None for one in read if hasattr(one, "coi"))


@pytest.mark.requirement("COI-SCAN-13")
def test_the_demonstration_has_cards_for_all_that_is_scanned_at_the_bedside(prepared_database):
    floor = Floor(prepared_database(at_the_bedside))
    course = course_at(floor)
    client = create_app(floor.record, Settings(origin="demo.invalid/coi-log")).test_client()
    cookie = floor.client(floor.person(Role.NURSE, str(course.site)).id).get_cookie(PERSON)
    assert cookie is not None
    client.set_cookie(PERSON, cookie.value)
    page = client.get("/scan/cards/demonstration").text
    nurses = re.findall(rf"<code>(B\w+)</code><span class=\"quiet\">nurse, {course.site}<", page)
    assert len(set(nurses)) == 2, "one signs, another one signs as second"
    wanted = {ContainerKind.WRISTBAND, ContainerKind.BAG, ContainerKind.CASSETTE}
    carried = [one for one in course.containers.values() if one.kind in wanted and one.state not in FINAL_STATES]
    assert len(carried) >= 3
    assert all(payload(course, one.serial) in page for one in carried)
    floor.close()


@pytest.mark.requirement("COI-SCAN-14")
def test_the_page_weighs_less_than_250_kilobytes_and_vendored_files_are_what_they_were(client):
    page = client.get("/scan")
    names = set(re.findall(r'(?:href|src)="(/static/[^"?]+)', page.text))
    modules = {f"/static/station/{f.name}" for f in (ROOT / "web/static/station").glob("*.js") if f.name != "camera.js"}
    weight = len(page.data)
    for name in names | modules:
        with client.get(name) as file:
            weight += len(file.data)
    print(f"{weight} bytes without compression")
    assert weight < 250_000
    for line in (ROOT / "web/static/vendor/HASHES").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((ROOT / "web/static/vendor" / name).read_bytes()).hexdigest() == digest
    kept = {line.split()[1] for line in (ROOT / "web/static/vendor/HASHES").read_text().splitlines()}
    assert {f.name for f in (ROOT / "web/static/vendor").iterdir()} - kept == {"HASHES", "NOTICE.txt"}
    with client.get("/static/vendor/zxing-wasm-3.1.4-reader.wasm") as wasm:
        assert wasm.mimetype == "application/wasm"
