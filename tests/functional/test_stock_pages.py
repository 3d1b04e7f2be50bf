"""Lots, equipment and shippers through their pages: every change with its reason, and what is scanned afterwards."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from coi_tracker.identity import EquipmentCode, LabelSerial, ScanPayload, StationCode, read_scan
from coi_tracker.services import available
from coi_tracker.services.floor.lookup import look_up
from coi_tracker.services.floor.standing import standing
from coi_tracker.simulation.furnishing import reopened
from coi_tracker.simulation.walking import drive
from coi_tracker.storage import stock
from coi_tracker.storage.stock import KeptShipper
from coi_tracker.vocabulary import PlaceKind, Role
from tests.floor import Floor
from tests.functional.admin_forms import change, refused
from tests.functional.stock_forms import HERE, THERE, add, in_days, latest, quality, touched, with_role
from tests.unit.labels.sample import decoded, pdf_pages, svg_picture

SCRIPT = '"><script>alert(1)</script>'


@pytest.fixture
def client(floor: Floor) -> FlaskClient:
    return quality(floor)


def sighted(floor: Floor, code: str):
    """What the station of the facility says of a code."""
    operator = floor.person(Role.OPERATOR, HERE).id
    return look_up(floor.record, code, at=standing(floor.record, operator, floor.station(HERE)))


@pytest.mark.requirement("COI-STOCK-01")
def test_a_lot_is_added_found_by_its_state_recalled_and_let_go_on(floor, client):
    page = add(client, "lots", code="M-77.a_1", kind="media", until=in_days(floor, 31))
    assert page == "/stock/lots/M-77.a_1"
    assert "in date" in client.get(page).text
    made = latest(floor, "lot", "M-77.a_1")
    assert (made.reason, made.by) == ("delivered today", floor.person(Role.QA, HERE).name)
    assert touched(made)["expires"] == (None, in_days(floor, 31))
    listed = client.get("/stock/lots?search=m-77").text
    assert page in listed
    assert "LOT-media-1" not in listed
    assert "LOT-il2-1" in client.get("/stock/lots?search=IL-2").text
    change(client, f"{page}/details", kind="media", until=in_days(floor, 30))
    assert page in client.get("/stock/lots?state=ends_soon").text
    assert page not in client.get("/stock/lots?state=good").text
    assert sighted(floor, "M-77.a_1").wrong == ()
    assert "recalled" in change(client, f"{page}/recall")
    assert touched(latest(floor, "lot", "M-77.a_1")) == {"recalled": (False, True)}
    assert page in client.get("/stock/lots?state=recalled").text
    assert sighted(floor, "M-77.a_1").wrong[0].code == "lot_expired"
    assert "recalled" in sighted(floor, "M-77.a_1").wrong[0].observed
    change(client, f"{page}/recall")
    assert sighted(floor, "M-77.a_1").wrong == ()
    history = client.get(page).text
    assert history.count("asked in person") == 3
    assert "LOT-media-1" not in history, "what was changed of another lot stands on its own page"


@pytest.mark.requirement("COI-STOCK-09")
def test_a_lot_is_entered_by_scanning_the_symbol_of_its_supplier(floor, client):
    page = add(client, "lots", code="010950600013435217270531" + "10M-77A", kind="media", until="")
    assert page == "/stock/lots/M-77A"
    assert "2027-05-31" in client.get(page).text
    assert touched(latest(floor, "lot", "M-77A"))["expires"] == (None, "2027-05-31")
    assert sighted(floor, "(01)09506000134352(10)M-77A(17)270531").wrong == ()


@pytest.mark.requirement("COI-STOCK-01")
def test_the_last_day_counts_at_the_place(floor, client):
    page = add(client, "lots", code="TODAY", kind="media", until=in_days(floor, 0))
    assert "expires within 30 days" in client.get(page).text
    change(client, f"{page}/details", kind="media", until=in_days(floor, -1), past="yes")
    assert "expired" in client.get(page).text
    assert page in client.get("/stock/lots?state=over").text
    assert sighted(floor, "TODAY").wrong[0].code == "lot_expired"


@pytest.mark.requirement("COI-STOCK-02")
def test_equipment_gets_a_code_that_is_scanned_from_its_label_at_once(floor, client):
    page = add(client, "equipment", kind="cell_counter", until=in_days(floor, 200))
    code = page.rpartition("/")[2]
    pdf = client.get(f"{page}/label.pdf")
    assert pdf.mimetype == "application/pdf"
    for picture in (*pdf_pages(pdf.data), svg_picture(client.get(f"{page}/label.svg").text)):
        assert {read_scan(text) for text in decoded(picture)} == {EquipmentCode(code)}
    seen = sighted(floor, code)
    assert seen.is_a == "equipment"
    assert seen.wrong == ()
    change(client, f"{page}/calibration", until=in_days(floor, 400))
    assert touched(latest(floor, "equipment", code)) == {"fit_until": (in_days(floor, 200), in_days(floor, 400))}
    assert "out of use" in change(client, f"{page}/use")
    assert touched(latest(floor, "equipment", code)) == {"out_of_use_since": (None, in_days(floor, 0))}
    assert sighted(floor, code).wrong[0].code == "equipment_unfit"
    assert "out of use since" in sighted(floor, code).wrong[0].observed
    assert page in client.get("/stock/equipment?state=out_of_use&search=counter").text
    change(client, f"{page}/use")
    assert sighted(floor, code).wrong == ()
    change(client, f"{page}/calibration", until=in_days(floor, -1), past="yes")
    assert "calibration over" in client.get(page).text
    assert sighted(floor, code).wrong[0].code == "equipment_unfit"


@pytest.mark.requirement("COI-STOCK-02")
def test_a_shipper_gets_a_label_that_is_scanned_at_once(floor, client):
    page = add(client, "shippers", until=in_days(floor, 100))
    serial = page.rpartition("/")[2]
    pdf = client.get(f"{page}/label.pdf")
    for picture in (*pdf_pages(pdf.data), svg_picture(client.get(f"{page}/label.svg").text)):
        read = {read_scan(text) for text in decoded(picture)}
        assert read == {ScanPayload(None, LabelSerial(serial)), LabelSerial(serial)}
    code = ScanPayload(None, LabelSerial(serial)).format()
    assert (sighted(floor, code).words, sighted(floor, code).wrong) == ("an empty shipper", ())
    change(client, f"{page}/qualification", until=in_days(floor, -1), past="yes")
    assert sighted(floor, code).wrong[0].code == "too_late"
    change(client, f"{page}/qualification", until=in_days(floor, 300))
    assert "out of use" in change(client, f"{page}/use")
    assert sighted(floor, code).wrong[0].code == "wrong_container_state"
    assert latest(floor, "shipper", f"shipper/{serial}").what == "shipper"
    change(client, f"{page}/use")
    assert sighted(floor, code).wrong == ()
    assert client.get(page).text.count("asked in person") == 4


@pytest.mark.requirement("COI-STOCK-02")
def test_a_shipper_that_is_loaded_says_so_and_for_whom_only_to_who_may_know(floor):
    serial = available.empty_shippers(floor.record, floor.clock())[0]
    home = next(one.home for one in all_shippers(floor) if one.serial == serial)
    premises = reopened(floor.record)
    premises.site = next(one for one in premises.of_kind(PlaceKind.SITE) if premises.facility_for(one) == home)
    course = drive(floor.record, premises, "0190", until="pack")
    page = f"/stock/shippers/{serial}"
    mine, boss = quality(floor, home).get(page), floor.client(floor.person(Role.ADMIN).id).get(page)
    assert mine.status_code == boss.status_code == 200
    assert "loaded" in mine.text
    assert "loaded" in boss.text
    assert f"/courses/{course.coi}" in mine.text
    assert "/courses/" not in boss.text


def all_shippers(floor: Floor) -> list[KeptShipper]:
    with floor.record.database.read() as tx:
        return stock.shippers(tx)


BAD_LOT = {"code": "OK-1", "kind": "media", "until": "2027-05-01"}


WRONG_LOTS: list[tuple[dict[str, str], str]] = [
    ({"kind": "unobtainium"}, "asks for: bag_set, cs10, feeder"),
    ({"kind": ""}, "got none"),
    ({"until": "2026-02-01"}, "which is over"),
    ({"until": ""}, "the last day it may be used"),
    ({"until": "soon"}, "a day, YYYY-MM-DD"),
    ({"until": "2226-01-01"}, "look at it again"),
    ({"code": "LOT-media-1"}, "entered by this place, as a lot of media"),
    ({"code": ""}, "the code of a lot"),
    ({"code": "X" * 10_000}, "10,000 characters"),
    ({"code": "IL2\x1d7"}, "\\x1d7"),
    ({"code": "naïve"}, "characters outside printable ASCII"),
    ({"code": "010950600013435217261231"}, "the lot in the symbol"),
    ({"code": "010950600013435310AB"}, "check digit"),
    ({"code": "(01)09506000134352(17)270531(10)AB"}, "2027-05-31, the last day in the symbol"),
    ({"code": "(01)09506000134352(10)AB", "until": ""}, "the last day it may be used"),
    ({"code": "(01)09506000134352(10)A/B"}, "the code of a lot"),
    ({"code": "(01)09506000134352(10)LOT-media-1"}, "entered by this place, as a lot of media"),
    ({"code": "https://supplier.example/AB1"}, "a web address"),
    ({"code": "=A99992600000100"}, "an ISBT 128 code"),
    ({"code": "COI1*CONFIRM"}, "the code of a lot"),
    ({"place": THERE}, "a place of the list"),
    ({"place": "nowhere"}, "a place of the list"),
    ({"reason": ""}, "a reason"),
    ({"reason": "x" * 501}, "a reason"),
    ({"code": SCRIPT}, "the code of a lot"),
]


@pytest.mark.requirement("COI-STOCK-03")
def test_what_is_no_lot_is_said_and_nothing_is_entered(floor, client):
    before = codes(client)
    for wrong, words in [*WRONG_LOTS, ({"code": floor.station(HERE)}, "a station code of this record")]:
        told = refused(client, "/stock/lots/new", **{"place": HERE, **BAD_LOT, **wrong})
        assert told.startswith("Not changed. Expected "), wrong
        assert words in told, wrong
        assert "<script>alert" not in told
    assert codes(client) == before


def codes(client: FlaskClient) -> list[str]:
    return re.findall(r'href="/stock/lots/([^"]+)"', client.get("/stock/lots").text)


@pytest.mark.requirement("COI-STOCK-03")
def test_a_lot_code_that_another_place_entered_is_refused_without_telling_which(floor, client):
    other = floor.client(with_role(floor, "quinn", Role.QA, THERE))
    told = refused(other, "/stock/lots/new", **BAD_LOT | {"code": "LOT-il2-1"}, place=THERE)
    assert "LOT-il2-1, which was entered by another place" in told
    assert HERE not in told
    assert "Rheinau" not in told


WRONG_CHANGES: list[tuple[str, dict[str, str], str]] = [
    ("equipment/new", {"kind": "teapot", "until": "2027-05-01", "place": HERE}, "biosafety_cabinet"),
    ("equipment/new", {"kind": "incubator", "until": "2026-01-01", "place": HERE}, "which is over"),
    ("shippers/new", {"until": "2026-01-01", "place": HERE}, "which is over"),
    ("shippers/new", {"until": "x" * 10_000, "place": HERE}, "a day, YYYY-MM-DD"),
    ("lots/LOT-media-1/details", {"kind": "il2", "until": "2027-05-01"}, "which it was when it was used"),
    ("lots/LOT-media-2/details", {"kind": "media", "until": "2027-08-24"}, "the same"),
    ("lots/LOT-media-2/recall", {"reason": " "}, "a reason"),
]


@pytest.mark.requirement("COI-STOCK-03")
def test_what_cannot_be_changed_so_is_said(client):
    for path, wrong, words in WRONG_CHANGES:
        assert words in refused(client, f"/stock/{path}", **wrong), path


@pytest.mark.requirement("COI-STOCK-03")
def test_what_was_typed_is_still_there_when_it_was_wrong(client):
    answer = client.post("/stock/lots/new", data={"form": "new", "code": "A B", "kind": "il2", "reason": SCRIPT})
    assert answer.status_code == 400
    assert 'value="A B"' in answer.text
    assert '<option value="il2" selected>' in answer.text
    assert "<script>alert" not in answer.text


@pytest.mark.requirement("COI-STOCK-08")
def test_the_label_of_a_station_is_printed_from_its_page_and_makes_a_device_that_station(floor):
    admin = floor.client(floor.person(Role.ADMIN).id)
    code = floor.station(HERE)
    pdf = admin.get(f"/admin/stations/{code}/label.pdf")
    (picture,) = pdf_pages(pdf.data)
    read = set(decoded(picture))
    assert {read_scan(text) for text in read} == {StationCode(code)}
    operator = floor.client(floor.person(Role.OPERATOR, HERE).id)
    assert operator.post("/station", data={"code": read.pop()}).status_code == 303
    assert operator.get("/scan").status_code == 200
    assert admin.get(f"/admin/stations/{code}/label.exe").status_code == 404
    assert operator.get(f"/admin/stations/{code}/label.pdf").status_code == 403
