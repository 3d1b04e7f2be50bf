"""kill -9 of a print worker: between printing and committing, before a byte has left, and at any moment."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coi_tracker.services import print_counting, printing
from coi_tracker.services.print_work import give_up_abandoned
from coi_tracker.vocabulary import JobState, LabelState, PrintState
from labels.virtual_printer import VirtualPrinter
from tests.integration.printing.shop import Shop, shop_on
from tests.races.stage import Stage
from web import printing as composition

pytestmark = pytest.mark.requirement("COI-PRINT-04", "COI-PRINT-05")


def worker(shop: Shop, where: str) -> subprocess.Popen[str]:
    now = shop.stage.clock.now.isoformat()
    command = [sys.executable, "-m", "tests.integration.printing.worker", shop.stage.url, where, now]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def until(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == word:
            return
    raise AssertionError(f"the worker ended without saying {word}")


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_worker_killed_between_printing_and_committing_leaves_a_job_that_is_counted_and_never_sent_again(
    stage: Stage, tmp_path: Path, where: str
) -> None:
    with VirtualPrinter(tmp_path / "out") as machine:
        shop = shop_on(stage, address=machine.address, answers=True)
        serials = shop.issue(3)
        job = shop.ask(serials, check=composition.render).job.id
        process = worker(shop, where)
        until(process, "sending" if where == "before" else "sent")
        kill(process)

        came_out = serials if where == "after" else []
        assert machine.printed == came_out
        assert shop.job(job).job.state is JobState.SENDING
        assert shop.states(serials) == [LabelState.ISSUED] * 3
        assert shop.said_to_be_printed() == []
        assert composition.print_all(shop.record) == 0, "another worker leaves it alone"

        shop.pass_time(minutes=3)
        assert composition.print_all(shop.record) == 0
        given_up = shop.job(job)
        assert given_up.job.state is JobState.MAY_HAVE_PRINTED
        assert [one.state for one in given_up.labels] == [PrintState.MAY_HAVE_PRINTED] * 3
        assert [entry["evidence"]["may_have_printed"] for entry in shop.entries()] == [serials]
        assert machine.printed == came_out

        print_counting.settle_job(shop.record, job, printed=came_out, by=shop.asker)
        if where == "before":
            shop.ask(serials)
            assert composition.print_all(shop.record) == 1
        assert machine.printed == serials == shop.said_to_be_printed()
        assert shop.states(serials) == [LabelState.PRINTED] * 3


@pytest.mark.slow
def test_workers_killed_at_any_moment_never_print_a_label_twice_without_the_record_knowing(
    stage: Stage, tmp_path: Path
) -> None:
    chance = random.Random(20260314)
    with VirtualPrinter(tmp_path / "out", slow=0.01) as machine:
        shop = shop_on(stage, address=machine.address, answers=True)
        serials: list[str] = []
        found: list[JobState] = []
        for turn in range(40):
            if turn >= 10 and JobState.SENDING in found:
                break
            fresh = shop.issue(2)
            serials += fresh
            shop.ask(fresh)
            process = worker(shop, "never")
            until(process, "ready")
            time.sleep(chance.uniform(0, 0.35))
            kill(process)
            found += [view.job.state for view in printing.jobs(shop.record, only_open=True)]
            shop.pass_time(minutes=3)
            settle(shop, machine)
            assert_known(shop, machine)
        while composition.print_all(shop.record):
            pass
        settle(shop, machine)
        assert_known(shop, machine)
        assert sorted(machine.printed) == sorted(serials)
        assert JobState.SENDING in found, "no worker was killed at its work"


def test_two_worker_processes_at_once_send_every_label_once(stage: Stage, tmp_path: Path) -> None:
    with VirtualPrinter(tmp_path / "out") as machine:
        shop = shop_on(stage, address=machine.address)  # it does not say how it is, so that both may talk to it at once
        serials = [serial for _ in range(8) for serial in asked(shop)]
        workers = [worker(shop, "never") for _ in range(2)]
        for process in workers:
            until(process, "ready")
        deadline = time.monotonic() + 60
        while printing.jobs(shop.record, only_open=True) and time.monotonic() < deadline:
            time.sleep(0.05)
        for process in workers:
            kill(process)
        assert sorted(machine.printed) == sorted(serials)
        assert_known(shop, machine)


def asked(shop: Shop) -> list[str]:
    """A job of two labels, and their serials."""
    serials = shop.issue(2)
    shop.ask(serials)
    return serials


def settle(shop: Shop, machine: VirtualPrinter) -> None:
    """A person counts what lies at the printer; what did not come out is asked for again."""
    give_up_abandoned(shop.record)
    for view in printing.jobs(shop.record, only_open=True):
        if view.job.state is JobState.MAY_HAVE_PRINTED:
            of_job = [one.serial for one in view.labels]
            out = [serial for serial in of_job if serial in machine.printed]
            print_counting.settle_job(shop.record, view.job.id, printed=out, by=shop.asker)
            if rest := [serial for serial in of_job if serial not in out]:
                shop.ask(rest)


def assert_known(shop: Shop, machine: VirtualPrinter) -> None:
    """Every serial is on one label at most, and what the log calls printed is what came out."""
    assert len(machine.printed) == len(set(machine.printed))
    assert sorted(shop.said_to_be_printed()) == sorted(machine.printed)
