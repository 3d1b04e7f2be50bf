"""Commands that run for a while: the demonstration from nothing to served pages, the simulated trial, the server."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coi_tracker.cli.demonstration import patients
from coi_tracker.simulation.furnishing import PASSWORD
from tests.browser.stages import at_the_bedside, birth_date_of, course_at, number_of
from tests.floor import Floor
from tests.functional.test_cli import coi, house

__all__ = ["house"]  # a fixture

PROGRAM = [sys.executable, "-c", "from coi_tracker.cli import main; main()"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    house: Path, *arguments: str, port: int, trusted: Path | None = None, **more: str
) -> Iterator[subprocess.Popen[str]]:
    """`coi` in a process of its own, once its pages answer; ended with the signal of a terminal.

    `trusted`: it speaks https with this certificate. `more`: of its environment.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COI_")}
    process = subprocess.Popen(
        [*PROGRAM, *arguments, "--port", str(port)],
        cwd=house,
        env={**environment, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_for(process, port, trusted)
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def wait_for(process: subprocess.Popen[str], port: int, trusted: Path | None = None) -> None:
    for _ in range(600):
        if process.poll() is not None:
            pytest.fail(f"ended before it answered: {process.communicate()[0]}")
        try:
            scheme, tls = ("https", ssl.create_default_context(cafile=trusted)) if trusted else ("http", None)
            with urllib.request.urlopen(f"{scheme}://127.0.0.1:{port}/health", timeout=5, context=tls):
                return
        except (OSError, urllib.error.URLError):  # nobody listens, or there is no certificate yet
            time.sleep(0.2)
    pytest.fail("never answered")


def page(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return str(answer.read().decode())


@pytest.mark.slow
@pytest.mark.requirement("COI-REPO-01", "COI-REPO-02", "COI-MUST-20")
def test_a_demonstration_is_made_verified_and_made_anew(house: Path) -> None:
    arguments = ["demo", "--no-serve", "--participants", "2", "--dir", "show"]
    first, again = coi(*arguments), coi(*arguments)
    assert (first.exit_code, again.exit_code) == (0, 0), again.output
    for words in ("VERIFIED: ", "participants             2", "invented people only", "coordinator"):
        assert words in again.output
    assert {path.name for path in (house / "show").iterdir()} >= {"DEMONSTRATION", "everything.zip", "keys"}
    assert [path.name for path in house.iterdir()] == ["show"]
    where = {"COI_DATABASE_URL": f"sqlite:///{house}/show/coi.sqlite3", "COI_KEY_DIR": f"{house}/show/keys"}
    done = subprocess.run(
        [*PROGRAM, "rebuild", "--check", "--json"], env={**os.environ, **where}, capture_output=True, check=False
    )
    assert json.loads(done.stdout)["verified"]
    kept = coi("demo", "--no-serve", "--keep", "--dir", "show")
    assert kept.exit_code == 0
    assert people_in(kept.output) == people_in(again.output), "the same people at the same stations"
    assert "is simulated" not in kept.output
    printers = subprocess.run(
        [*PROGRAM, "printers", "list", "--json"], env={**os.environ, **where}, capture_output=True, check=True
    )
    found = json.loads(printers.stdout)
    assert {one["kind"] for one in found} == {"download"}
    assert len(found) == len({one["place"] for one in found}) > 2


def people_in(told: str) -> list[str]:
    """The lines with the accounts of a demonstration."""
    return [line for line in told.splitlines() if PASSWORD in line]


def test_a_demonstration_that_is_not_there_cannot_be_kept(house: Path) -> None:
    done = coi("demo", "--no-serve", "--keep", "--dir", "show")
    assert done.exit_code == 1
    assert "a demonstration that was made before" in done.stderr
    assert not (house / "show").exists()


def test_a_demonstration_tells_what_its_patients_say_at_the_bedside_and_who_signs_there(
    prepared_database: Callable[..., str],
) -> None:
    floor = Floor(prepared_database(at_the_bedside))
    course = course_at(floor)
    told = patients(floor.record, {str(course.site): "S1"})
    assert [row[1:6] for row in told] == [
        ("ready for infusion", number_of(course), birth_date_of(course), str(course.site), "S1")
    ]
    assert len(set(told[0][6].split(", "))) == 6, "two nurses, two physicians, two of the cell lab"
    floor.close()


@pytest.mark.slow
def test_a_demonstration_serves_its_courses_and_keeps_others_off(house: Path) -> None:
    port = free_port()
    with running(house, "demo", "--participants", "1", "--dir", "show", port=port):
        assert "Sign in" in page(port, "/")
        second = coi("demo", "--no-serve", "--dir", "show")
        assert second.exit_code == 1
        assert "nobody else at the demonstration" in second.stderr
        taken = coi("demo", "--port", str(port), "--dir", "other")
        assert taken.exit_code == 1
        assert f"a free port {port}" in taken.stderr
        assert not (house / "other").exists()


@pytest.mark.parametrize("kind", ["a folder with something in it", "a link", "a file"])
def test_what_is_no_demonstration_is_left_alone(house: Path, kind: str) -> None:
    precious = house / "precious"
    precious.mkdir()
    (precious / "letter").write_text("dear aunt")
    where = {"a folder with something in it": precious, "a link": house / "link", "a file": precious / "letter"}[kind]
    if kind == "a link":
        where.symlink_to(precious)
    done = coi("demo", "--no-serve", "--dir", str(where))
    assert done.exit_code == 1
    assert done.stderr.startswith("error: Expected ")
    assert [path.name for path in precious.iterdir()] == ["letter"]


def test_a_simulation_stays_out_of_a_record_with_people_in_it(house: Path) -> None:
    assert coi("init", "--admin", "anna", "--password-stdin", typed="a password for anna\n").exit_code == 0
    done = coi("simulate", "--participants", "1")
    assert done.exit_code == 1
    assert "a record without accounts" in done.stderr


def test_the_server_answers_until_it_is_stopped(house: Path) -> None:
    assert coi("init", "--admin", "anna", "--password-stdin", typed="a password for anna\n").exit_code == 0
    port = free_port()
    with running(house, "serve", port=port) as process:
        assert "Sign in" in page(port, "/")
        with pytest.raises(urllib.error.HTTPError) as caught:
            page(port, "/nothing")
        assert caught.value.code == 404
        caught.value.close()
    assert process.returncode == 0


def test_nothing_is_served_without_a_record(house: Path) -> None:
    done = coi("serve", "--port", str(free_port()))
    assert done.exit_code == 1
    assert "coi init" in done.stderr
    assert list(house.iterdir()) == []
