"""Printing from the shell: printers, jobs, workers, counting, reconciling; answers, exit codes, sentences."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from coi_tracker.cli import cli
from coi_tracker.services import people
from coi_tracker.services.changes import INSTALLER
from coi_tracker.simulation.furnishing import PASSWORD
from coi_tracker.vocabulary import Role
from labels.virtual_printer import VirtualPrinter
from tests.integration.printing.shop import Shop, shop_on
from tests.races.conftest import stage as furnished_stage
from tests.races.stage import Stage

stage = furnished_stage
pytestmark = pytest.mark.requirement("COI-PRINT-16")
ADMIN = "an administrator's password"


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[VirtualPrinter]:
    with VirtualPrinter(tmp_path / "out") as found:
        yield found


@pytest.fixture
def shop(stage: Stage, machine: VirtualPrinter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop whose clock shows the time of the machine, because commands know no other."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COI_DATABASE_URL", stage.url)
    for name in ("COI_CONFIG", "COI_KEY_DIR", "COI_CHECKPOINT_DIR"):
        monkeypatch.delenv(name, raising=False)
    found = shop_on(stage, address=machine.address, answers=True)
    by: dict[str, Any] = {"by": INSTALLER, "reason": "a test"}
    people.add_account(stage.record, "anna", name="Anna Lind", password=ADMIN, hasher=people.INVENTED, **by)
    people.give_role(stage.record, "anna", role=Role.ADMIN, place=found.printer.place, **by)
    stage.clock.forward_to(datetime.now(UTC))
    return found


def coi(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(cli, list(arguments), input=typed, prog_name="coi")


def done(*arguments: str, typed: str | None = None) -> str:
    result = coi(*arguments, typed=typed)
    assert result.exit_code == 0, result.output
    return result.stdout


def as_person(shop: Shop, *arguments: str) -> Result:
    return coi(*arguments, "--by", shop.asker, "--password-stdin", typed=f"{PASSWORD}\n")


def test_labels_of_a_course_go_from_the_shell_to_paper_and_are_reconciled(shop: Shop, machine: VirtualPrinter) -> None:
    serials = shop.issue(2)
    asked = as_person(shop, "print", shop.coi, "--printer", shop.printer.id, "--json")
    assert asked.exit_code == 0, asked.output
    job = json.loads(asked.stdout)["job"]["id"]
    assert machine.printed == []
    assert "1 jobs were worked on" in done("print-worker", "--once")
    assert machine.printed == serials
    (view,) = json.loads(done("print-jobs", "--course", shop.coi, "--json"))
    assert (view["job"]["id"], view["job"]["state"]) == (job, "printed")
    assert job in done("print-jobs", "--printer", shop.printer.id)
    assert f"Job {job}: printed" in done("print-jobs", job)
    open_ones = coi("reconcile", shop.coi)
    assert open_ones.exit_code == 1
    assert f"close_course is blocked by {', '.join(serials)}" in open_ones.stdout
    balance = json.loads(coi("reconcile", shop.coi, "--json").stdout)
    assert [one["serial"] for one in balance["all"]["open"]] == serials


def test_a_job_that_may_have_printed_is_counted_from_the_shell(shop: Shop, machine: VirtualPrinter) -> None:
    serials = shop.issue(3)
    machine.breaks_after = 1
    job = json.loads(as_person(shop, "print", *serials, "--printer", shop.printer.id, "--json").stdout)["job"]["id"]
    done("print-worker", "--once")
    assert "may_have_printed" in done("print-jobs", "--open")
    for wrong in ((), ("--all", "--none"), (serials[0], "--all")):
        assert as_person(shop, "print-settle", job, *wrong).exit_code == 2
    counted = as_person(shop, "print-settle", job, "--none")
    assert counted.exit_code == 0, counted.output
    assert f"Job {job}: counted" in counted.stdout
    machine.breaks_after = None
    as_person(shop, "print", *serials, "--printer", shop.printer.id)
    done("print-worker", "--once")
    assert machine.printed == serials


def test_a_job_that_waits_is_cancelled_and_the_same_id_is_the_same_job(shop: Shop) -> None:
    serials, job = shop.issue(1), shop.new_id()
    for _ in range(2):
        asked = as_person(shop, "print", serials[0], "--printer", shop.printer.id, "--job", job)
        assert f"Job {job}: queued" in asked.stdout
    assert f"Job {job}: cancelled" in as_person(shop, "print-cancel", job).stdout
    assert "0 jobs were worked on" in done("print-worker", "--once")


def test_printers_are_added_changed_and_listed_by_an_administrator(shop: Shop, tmp_path: Path) -> None:
    why = ["--by", "anna", "--reason", "a test", "--password-stdin"]
    add = ["printers", "add", "pdf", "--place", shop.printer.place, "--name", "PDF", "--kind", "download", *why]
    assert "pdf prints labels at" in done(*add, typed=f"{ADMIN}\n")
    assert {one["id"] for one in json.loads(done("printers", "list", "--json"))} == {"pdf", "site-zebra"}
    assert "download" in done("printers", "list")
    serials = shop.issue(1)
    job = json.loads(as_person(shop, "print", *serials, "--printer", "pdf", "--json").stdout)["job"]["id"]
    out = tmp_path / "labels.pdf"
    assert as_person(shop, "print-fetch", job, "--out", str(out)).exit_code == 0
    assert out.read_bytes().startswith(b"%PDF")
    again = as_person(shop, "print-fetch", job, "--out", str(tmp_path / "again.pdf"))
    assert again.exit_code == 2
    assert "nobody has fetched yet" in again.stderr
    assert "out of use" in done("printers", "deactivate", "pdf", *why, typed=f"{ADMIN}\n")
    refused = as_person(shop, "print", serials[0], "--printer", "pdf")
    assert refused.exit_code == 2
    assert "out of use" in refused.stderr


@pytest.mark.requirement("COI-PRINT-08")
def test_what_cannot_be_done_gets_one_sentence(shop: Shop) -> None:
    serials = shop.issue(1)
    wrong = coi(
        "print", serials[0], "--printer", "x", "--by", shop.asker, "--password-stdin", typed="not the password\n"
    )
    assert wrong.exit_code == 1
    for arguments, words in (
        (("print", serials[0], "--printer", "nowhere"), "a printer of the record"),
        (("print", "C0", "--printer", shop.printer.id), "Expected"),
        (("print-settle", "x", "--none"), "a print job of the record"),
        (("print-cancel", "x"), "a print job of the record"),
    ):
        result = as_person(shop, *arguments)
        assert result.exit_code == 2
        assert words in result.stderr
        assert len(re.findall("error:", result.stderr)) == 1
    assert coi("print-jobs", "x").exit_code == 2
    assert coi("reconcile", "x").exit_code == 2
    assert json.loads(done("print-jobs", "--json")) == []
