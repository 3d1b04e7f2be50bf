"""What printing leaves in the record: rebuilt from the log, verified, exported, and shown on the course's page."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from coi_tracker.services import keys, rebuild
from coi_tracker.services.export import Chosen, export
from coi_tracker.services.print_counting import settle_job
from coi_tracker.vocabulary import HowDelivered, LabelState
from tests.integration.log.bundles import lines_of, verified
from tests.integration.printing.shop import Shop
from tests.races.soundness import assert_whole

ORIGIN = "printing.example/log"


def some_printing(shop: Shop) -> list[str]:
    """One job printed, one counted, one label replaced and printed anew. The serials that came out."""
    first, second = shop.issue(2), shop.issue(3)
    shop.ask(first)
    shop.work()
    job = shop.ask(second).job.id
    shop.paper.then, shop.paper.halves = [HowDelivered.IN_DOUBT], 1
    shop.work()
    settle_job(shop.record, job, printed=second[:1], by=shop.asker)
    container = shop.course.labels[first[0]].container
    reprint = shop.stage.do("reprint_label", shop.chain, container=container, place=shop.course.site)
    new = reprint.event.evidence["new_serial"]
    shop.ask([new])
    shop.work()
    return [*first, second[0], new]


@pytest.mark.requirement("COI-PRINT-01", "COI-PRINT-04")
def test_the_state_is_written_anew_from_the_log_with_every_print(shop: Shop) -> None:
    out = some_printing(shop)
    assert shop.said_to_be_printed() == out == shop.paper.out
    before = shop.states(out)
    assert before == [LabelState.SUPERSEDED, LabelState.PRINTED, LabelState.PRINTED, LabelState.PRINTED]
    with shop.record.database.write() as tx:
        tx.write("DELETE FROM label_prints WHERE serial = :s", {"s": out[1]}, touching=1)
        tx.write("UPDATE labels SET state = 'issued' WHERE serial = :s", {"s": out[1]}, touching=1)
    found = {(finding.where, finding.id) for finding in rebuild.check(shop.record).findings}
    assert {("label_prints", out[1]), ("labels", out[1])} <= found
    assert rebuild.rebuild(shop.record).findings == ()
    assert shop.states(out) == before
    with shop.record.database.read() as tx:
        assert sorted(row[0] for row in tx.query("SELECT serial FROM label_prints")) == sorted(out)


@pytest.mark.requirement("COI-PRINT-01")
def test_the_log_with_prints_verifies_and_a_stranger_verifies_its_bundle(shop: Shop, tmp_path: Path) -> None:
    out = some_printing(shop)
    key = keys.create(tmp_path / "keys", ORIGIN)
    keys.publish(shop.record, key)
    assert_whole(shop.record, key=key)
    chosen = Chosen(course=shop.coi)
    bundle = export(shop.record, key, chosen=chosen, out=tmp_path / "b.zip", exported_by="Zoë Müller").path
    verdict = verified(bundle)
    assert verdict.code == 0, verdict.said
    told = [entry["evidence"]["labels"] for entry in lines_of(bundle) if entry["kind"] == "label_printed"]
    assert [serial for serials in told for serial in serials] == out


@pytest.mark.requirement("COI-PRINT-10")
def test_the_virtual_printer_runs_from_the_shell(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "labels.virtual_printer", "--port", str(port), "--folder", str(tmp_path / "out")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert f"Printing at 127.0.0.1:{port}" in process.stdout.readline()
        with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
            line.sendall(b"~HS")
            assert line.recv(4096).count(b"\x03") >= 1
    finally:
        process.terminate()
        process.communicate()
