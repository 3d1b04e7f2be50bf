"""Labels on the pages: seen but never readable there, printed by jobs only, counted by people, reconciled by serial."""

from __future__ import annotations

import re
from typing import Any

import pytest
import zxingcpp
from flask.testing import FlaskClient

from coi_tracker.course import AccountId
from coi_tracker.services import sessions
from coi_tracker.services.printers import put_printer
from coi_tracker.vocabulary import HowDelivered, LabelState, PrinterKind, PrinterLanguage, Role
from labels.kinds import LabelKind
from labels.layout import draw
from labels.preview import preview_of
from labels.svg import svg_of
from tests.functional.test_web import Tags
from tests.integration.printing.shop import BY, Shop, shop_on
from tests.races.conftest import stage as furnished_stage
from tests.races.stage import Stage
from tests.unit.labels.sample import content, decoded, pdf_pages, pdf_text, svg_picture
from web import create_app
from web.printing import deliver, render
from web.session import PERSON

stage = furnished_stage


@pytest.fixture
def shop(stage: Stage) -> Shop:
    return shop_on(stage)


def browser(shop: Shop, account: str | None = None) -> FlaskClient:
    app = create_app(shop.record)
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    client.set_cookie(PERSON, sessions.begin(shop.record, AccountId(account or shop.asker)))
    return client


def page(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    Tags(answer.text)
    return answer.text


def job_of(text: str) -> str:
    found = re.search(r'name="job" value="([0-9a-f-]+)"', text)
    assert found is not None
    return found[1]


def download(shop: Shop) -> Any:
    """A printer that is a file a person fetches."""
    site = shop.printer.place
    return put_printer(
        shop.record, "site-file", place=site, name="A file", kind=PrinterKind.DOWNLOAD, address="",
        language=PrinterLanguage.PDF, dpi=300, **BY,
    )  # fmt: skip


@pytest.mark.requirement("COI-PRINT-17")
def test_labels_are_printed_from_the_page_and_a_double_click_is_one_job(shop: Shop) -> None:
    serials = shop.issue(3)
    client, path = browser(shop), f"/courses/{shop.coi}"
    shown = page(client, f"{path}/labels")
    assert all(serial in shown for serial in serials)
    asked = {"job": job_of(shown), "printer": shop.printer.id, "serial": serials[:2]}
    first, second = client.post(f"{path}/print", data=asked), client.post(f"{path}/print", data=asked)
    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    assert "Print job: queued" in page(client, first.location)
    shop.work()
    assert shop.states(serials) == [LabelState.PRINTED, LabelState.PRINTED, LabelState.ISSUED]
    assert "Print job: printed" in page(client, first.location)
    again = client.post(f"{path}/print", data={**asked, "job": shop.new_id()})
    assert again.status_code == 400
    assert "Nothing was changed" in again.text
    assert shop.paper.out == serials[:2]


@pytest.mark.requirement("COI-PRINT-17")
def test_what_may_have_printed_is_counted_on_the_page(shop: Shop) -> None:
    serials = shop.issue(3)
    shop.paper.then, shop.paper.halves = [HowDelivered.IN_DOUBT], 1
    job = shop.ask(serials).job.id
    shop.work()
    client = browser(shop)
    assert "Some of these labels may have come out" in page(client, f"/prints/{job}")
    assert client.post(f"/prints/{job}/count", data={"serial": serials[:1]}).status_code == 303
    assert shop.states(serials) == [LabelState.PRINTED, LabelState.ISSUED, LabelState.ISSUED]
    assert "counted" in page(client, f"/prints/{job}")
    shown = page(client, f"/courses/{shop.coi}/labels")
    assert [f'value="{serial}" checked' in shown for serial in serials] == [False, True, True]


@pytest.mark.requirement("COI-PRINT-17")
def test_a_file_is_fetched_once_and_holds_labels_that_read(shop: Shop) -> None:
    serials = shop.issue(2)
    machine = download(shop)
    job = shop.ask(serials, printer=machine.id).job.id
    client = browser(shop)
    assert "Fetch the file" in page(client, f"/prints/{job}")
    answer = client.post(f"/prints/{job}/file")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    read = {text for picture in pdf_pages(answer.data) for text in decoded(picture)}
    assert {serial for serial in serials if any(serial in text for text in read)} == set(serials)
    assert "IOV-LUN-202" in pdf_text(answer.data), "as papers write the study"
    assert client.post(f"/prints/{job}/file").status_code == 400
    assert "may have" in page(client, f"/prints/{job}")


@pytest.mark.requirement("COI-PRINT-18")
def test_no_preview_on_a_page_can_be_scanned(shop: Shop) -> None:
    serial = shop.issue(1)[0]
    answer = browser(shop).get(f"/courses/{shop.coi}/labels/{serial}.svg")
    assert answer.mimetype == "image/svg+xml"
    assert readings(answer.text) == []


@pytest.mark.requirement("COI-PRINT-18")
@pytest.mark.parametrize("kind", LabelKind)
def test_a_preview_of_any_label_looks_like_it_and_reads_as_nothing(kind: LabelKind) -> None:
    drawing = draw(content(kind))
    assert readings(svg_of(drawing)), "the label itself reads"
    assert readings(preview_of(drawing)) == []
    assert re.findall(r"<text.*?</text>", preview_of(drawing)) == re.findall(r"<text.*?</text>", svg_of(drawing))


def readings(svg: str) -> list[str]:
    """What a reader that tries hard finds in a picture."""
    return [found.text for dpi in (300, 600) for found in zxingcpp.read_barcodes(svg_picture(svg, dpi=dpi))]


@pytest.mark.requirement("COI-PRINT-17")
def test_open_labels_are_named_with_what_they_stand_against(shop: Shop) -> None:
    serials = shop.issue(2)
    shown = page(browser(shop), f"/courses/{shop.coi}/labels")
    stops = shown.split('class="stops"')[1].split("</section>")[0]
    assert "close course" in stops
    assert all(serial in stops for serial in serials)


@pytest.mark.requirement("COI-WEB-04")
def test_labels_and_jobs_of_another_site_are_not_found_and_not_printed(shop: Shop) -> None:
    serials = shop.issue(1)
    job = shop.ask(serials).job.id
    places = shop.stage.premises.places
    other = next(
        w for w in shop.stage.premises.workers
        if w.role is Role.COORDINATOR and w.place != shop.printer.place and places[w.place].kind == "site"
    )  # fmt: skip
    client = browser(shop, other.account)
    for path in (f"/courses/{shop.coi}/labels", f"/courses/{shop.coi}/labels/{serials[0]}.svg", f"/prints/{job}"):
        assert client.get(path).status_code == 404, path
    for path in (f"/courses/{shop.coi}/print", f"/prints/{job}/cancel", f"/prints/{job}/count", f"/prints/{job}/file"):
        assert client.post(path, data={"serial": serials, "job": shop.new_id()}).status_code == 404, path
    nurse = next(w for w in shop.stage.premises.workers if w.role is Role.NURSE and w.place == shop.printer.place)
    assert browser(shop, nurse.account).post(f"/prints/{job}/cancel").status_code == 403
    assert shop.job(job).job.state == "queued"


def test_labels_come_out_of_the_worker_that_the_server_runs(shop: Shop, tmp_path: Any) -> None:
    folder = tmp_path / "printer"
    folder.mkdir()
    machine = put_printer(
        shop.record, "site-folder", place=shop.printer.place, name="A folder", kind=PrinterKind.FOLDER,
        address=str(folder), language=PrinterLanguage.ZPL, dpi=203, **BY,
    )  # fmt: skip
    shop.ask(shop.issue(2), printer=machine.id)
    shop.work(render=render, deliver=deliver)
    assert [file.suffix for file in folder.iterdir()] == [".zpl"]


@pytest.mark.requirement("COI-SCAN-23")
def test_what_is_wrong_with_a_label_stands_on_the_screen_of_a_station_once(shop: Shop) -> None:
    (serial,) = shop.issue(1)
    client = browser(shop)
    with shop.record.database.read() as tx:
        code = tx.query("SELECT code FROM stations WHERE place = :place", place=shop.printer.place)[0][0]
    assert client.post("/station", data={"code": code}).status_code == 303
    assert client.post("/scan/one", data={"code": serial}).status_code == 200
    screen = client.get("/scan").text.partition('id="screen"')[2]
    assert re.findall(r'<p class="title">(.*?)</p>', screen) == ["Label not scanned back"]
