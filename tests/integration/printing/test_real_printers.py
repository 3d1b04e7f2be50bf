"""Real bytes over real lines: the virtual printer, its faults, the print system's commands, and folders."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from coi_tracker.errors import NotUnderstood
from coi_tracker.services import print_counting, printers, setup
from coi_tracker.services.print_work import Outcome
from coi_tracker.vocabulary import HowDelivered, JobState, LabelState, PrinterKind, PrinterLanguage
from labels.delivery import Patience, send_to_port
from labels.virtual_printer import VirtualPrinter
from tests.integration.printing.shop import BY, Shop, shop_on
from tests.races.stage import Stage
from tests.unit.labels.sample import decoded
from web import printing as composition

QUICK = Patience(connect=2.0, answer=2.0, whole=20.0, pause=0.02)
TAKEN, NOTHING_SENT, IN_DOUBT = HowDelivered.TAKEN, HowDelivered.NOTHING_SENT, HowDelivered.IN_DOUBT


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def zpl(shop: Shop, serials: list[str]) -> bytes:
    """A job as the tracker draws it."""
    seen: list[bytes] = []

    def draw(labels, printer):
        seen.append(composition.render(labels, printer))
        return seen[0]

    shop.ask(serials, check=draw)
    return seen[0]


@pytest.fixture
def connected(stage: Stage, tmp_path: Path) -> Iterator[tuple[Shop, VirtualPrinter]]:
    """A shop whose printer is a virtual one that answers."""
    with VirtualPrinter(tmp_path / "out") as machine:
        yield shop_on(stage, address=machine.address, answers=True), machine


def work(shop: Shop):
    return shop.work(render=composition.render, deliver=composition.deliver)


@pytest.mark.requirement("COI-PRINT-09", "COI-PRINT-10")
def test_what_the_printer_shows_is_read_back_as_what_was_issued(connected: tuple[Shop, VirtualPrinter]) -> None:
    shop, machine = connected
    serials = shop.issue(3)
    shop.ask(serials, check=composition.render)
    done = work(shop)
    assert done is not None
    assert (done.job.state, done.job.words) == (JobState.PRINTED, "printer site-zebra took all of it")
    assert machine.printed == serials
    assert machine.damaged == []
    for picture, serial in zip(sorted(machine.folder.iterdir()), serials, strict=True):
        read = set(decoded(Image.open(picture)))
        assert len(read) == 1
        assert serial in read.pop()
        assert shop.states([serial]) == [LabelState.PRINTED]


@pytest.mark.requirement("COI-PRINT-03", "COI-PRINT-09")
def test_a_printer_that_is_off_is_named_with_how_long_it_was_tried_and_prints_once_it_is_on(
    stage: Stage, tmp_path: Path
) -> None:
    port = free_port()
    shop = shop_on(stage, address=f"127.0.0.1:{port}", answers=True)
    serials = shop.issue(2)
    job = shop.ask(serials).job.id
    tried = work(shop)
    assert tried is not None
    assert tried.job.state is JobState.QUEUED
    assert tried.job.words is not None
    assert (
        f"printer site-zebra at 127.0.0.1:{port} cannot be reached (connection refused), tried for " in tried.job.words
    )
    assert tried.job.words.endswith("; try 1, 0 s after it was asked for, the next in 5 s")
    shop.pass_time(minutes=3)
    again = work(shop)
    assert again is not None
    assert str(again.job.words).endswith("; try 2, 3 min after it was asked for, the next in 15 s")
    shop.pass_time(minutes=1)
    with VirtualPrinter(tmp_path / "out", port) as machine:
        work(shop)
        assert machine.printed == serials
    assert shop.job(job).job.state is JobState.PRINTED
    assert shop.said_to_be_printed() == serials


@pytest.mark.requirement("COI-PRINT-04", "COI-PRINT-05", "COI-PRINT-10")
def test_a_printer_that_breaks_off_half_way_leaves_a_job_to_be_counted(stage: Stage, tmp_path: Path) -> None:
    with VirtualPrinter(tmp_path / "out") as machine:
        shop = shop_on(stage, address=machine.address, answers=True)
        serials = shop.issue(4)
        machine.breaks_after = len(zpl(shop, serials)) * 6 // 10
        half = work(shop)
        assert half is not None
        assert half.job.state is JobState.MAY_HAVE_PRINTED
        assert half.job.words is not None
        assert "site-zebra" in half.job.words
        assert "count which labels came out" in half.job.words
        assert 0 < len(machine.printed) < 4
        assert shop.said_to_be_printed() == []
        machine.breaks_after = None
        shop.pass_time(hours=1)
        assert work(shop) is None

        print_counting.settle_job(shop.record, half.job.id, printed=machine.printed, by=shop.asker)
        rest = [serial for serial in serials if serial not in machine.printed]
        shop.ask(rest)
        work(shop)
        assert machine.printed == serials == shop.said_to_be_printed()


@pytest.mark.requirement("COI-PRINT-09", "COI-PRINT-10")
@pytest.mark.parametrize("mute", [False, True])
def test_a_printer_without_paper_gets_nothing_and_the_job_waits(stage: Stage, tmp_path: Path, mute: bool) -> None:
    with VirtualPrinter(tmp_path / "out", paper=0, mute_when_out=mute) as machine:
        shop = shop_on(stage, address=machine.address, answers=True)
        serials = shop.issue(2)
        shop.ask(serials)
        tried = shop.work(render=composition.render, deliver=quickly)
        assert tried is not None
        assert tried.job.state is JobState.QUEUED
        assert tried.job.words is not None
        assert ("out of paper" if mute else "the paper is out") in tried.job.words
        assert machine.waiting == []
        machine.load_paper()
        shop.pass_time(minutes=1)
        work(shop)
        assert machine.printed == serials == shop.said_to_be_printed()


@pytest.mark.requirement("COI-PRINT-04", "COI-PRINT-09")
@pytest.mark.parametrize("mute", [False, True])
def test_paper_that_runs_out_in_a_job_leaves_it_to_be_counted(stage: Stage, tmp_path: Path, mute: bool) -> None:
    with VirtualPrinter(tmp_path / "out", paper=2, mute_when_out=mute) as machine:
        shop = shop_on(stage, address=machine.address, answers=True)
        serials = shop.issue(5)
        shop.ask(serials)
        doubt = shop.work(render=composition.render, deliver=quickly)
        assert doubt is not None
        assert doubt.job.state is JobState.MAY_HAVE_PRINTED
        assert doubt.job.words is not None
        assert ("stopped saying how it is" if mute else "the paper is out, and 3 labels wait in it") in doubt.job.words
        assert machine.printed == serials[:2]
        assert shop.said_to_be_printed() == []
        machine.load_paper()  # a printer goes on by itself: that is why a person counts, and not before
        print_counting.settle_job(shop.record, doubt.job.id, printed=machine.printed, by=shop.asker)
        assert shop.said_to_be_printed() == serials == machine.printed
        assert shop.work(render=composition.render, deliver=quickly) is None


def quickly(printer, content, _job):
    sent = send_to_port(printer.id, printer.address, content, answers=printer.answers, patience=QUICK)
    return Outcome(sent.how, sent.words)


@pytest.mark.requirement("COI-LABEL-10", "COI-PRINT-07")
@pytest.mark.parametrize("name", ["^XZ~JR", "Site ^FO0,0^XZ~JA^XA 7", '"; lp -d other #', "~HS"])
def test_a_sites_name_never_becomes_a_command(connected: tuple[Shop, VirtualPrinter], name: str) -> None:
    shop, machine = connected
    place = shop.stage.premises.places[shop.printer.place]
    setup.put_place(shop.record, place.id, kind=place.kind, name=name, country=place.country, zone=place.zone, **BY)
    serials = shop.issue(2)
    content = zpl(shop, serials)
    assert b"~" not in content
    assert content.count(b"^XZ") == content.count(b"^XA") == 2
    assert name.encode() not in content
    work(shop)
    assert machine.printed == serials


@pytest.mark.requirement("COI-PRINT-07")
def test_a_sites_name_that_no_label_can_hold_stops_the_job_before_it_is_queued(shop: Shop) -> None:
    place = shop.stage.premises.places[shop.printer.place]
    serials = shop.issue(1)
    for name, words in (("x" * 61, "1 to 60 printable characters"), ("Klinik \U0001f600", "1F600")):
        setup.put_place(shop.record, place.id, kind=place.kind, name=name, country=place.country, zone=place.zone, **BY)
        with pytest.raises(NotUnderstood, match=words):
            shop.ask(serials, check=composition.render)
    assert composition.print_due(shop.record) == 0


@pytest.mark.requirement("COI-PRINT-07")
def test_labels_of_two_sizes_are_not_one_job_for_a_label_printer(shop: Shop) -> None:
    serials = [*shop.issue(1), *shop.issue(1, "wristband")]
    with pytest.raises(NotUnderstood, match="labels of one size"):
        shop.ask(serials, check=composition.render)


@pytest.mark.requirement("COI-PRINT-09")
def test_a_download_is_fetched_once_and_then_counted(stage: Stage) -> None:
    from coi_tracker.services.print_work import hand_out

    shop = shop_on(stage, kind=PrinterKind.DOWNLOAD, address="", key="pdf")
    serials = shop.issue(2)
    job = shop.ask(serials, check=composition.render).job.id
    assert composition.print_all(shop.record) == 0
    content = hand_out(shop.record, job, by=shop.asker, render=composition.render)
    assert content.startswith(b"%PDF")
    assert shop.job(job).job.state is JobState.MAY_HAVE_PRINTED
    with pytest.raises(NotUnderstood, match="nobody has fetched yet"):
        hand_out(shop.record, job, by=shop.asker, render=composition.render)
    print_counting.settle_job(shop.record, job, printed=serials, by=shop.asker)
    assert shop.said_to_be_printed() == serials


@pytest.mark.requirement("COI-PRINT-01", "COI-PRINT-08")
@pytest.mark.parametrize(
    ("kind", "also", "words"),
    [
        (PrinterKind.TCP, {"address": "printer"}, "printer.example:9100"),
        (PrinterKind.TCP, {"address": "printer:0"}, "printer.example:9100"),
        (PrinterKind.TCP, {"address": "-x:9100"}, "printer.example:9100"),
        (PrinterKind.CUPS, {"address": "-o raw"}, "queue"),
        (PrinterKind.CUPS, {"address": "a;rm"}, "queue"),
        (PrinterKind.FOLDER, {"address": "relative"}, "full path"),
        (PrinterKind.FOLDER, {"address": "/a/../b"}, "full path"),
        (PrinterKind.DOWNLOAD, {"address": "x"}, "no address"),
        (PrinterKind.DOWNLOAD, {"language": PrinterLanguage.ZPL}, "pdf for what a person downloads"),
        (PrinterKind.CUPS, {"address": "q", "answers": True}, "ZPL at a port"),
        (PrinterKind.TCP, {"address": "p:9100", "dpi": 150}, "203, 300 or 600"),
        (PrinterKind.TCP, {"address": "p:9100", "key": "../x"}, "small letters"),
        (PrinterKind.TCP, {"address": "p:9100", "place": "nowhere"}, "a place"),
    ],
)
def test_a_printer_that_cannot_be_is_refused_in_a_sentence(shop: Shop, kind, also, words: str) -> None:
    given = {"key": "new", "place": shop.printer.place, "name": "New", **also}
    with pytest.raises(NotUnderstood, match=words):
        printers.put_printer(shop.record, given.pop("key"), kind=kind, **given, **BY)
    assert [one.id for one in printers.printers(shop.record)] == ["site-zebra"]


@pytest.mark.requirement("COI-PRINT-01")
def test_every_change_of_a_printer_is_an_entry_of_its_place(shop: Shop) -> None:
    printers.change_printer(shop.record, "site-zebra", active=False, **BY)
    with shop.record.database.read() as tx:
        rows = tx.query(
            "SELECT entry FROM events WHERE chain = :chain AND kind = 'setup_changed'",
            chain=f"place/{shop.printer.place}",
        )
    told = [row[0] for row in rows if '"what":"printer"' in row[0]]
    assert len(told) == 2
    assert '"active":false' in told[1]
