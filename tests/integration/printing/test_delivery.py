"""Bytes by each way to a printer: odd and broken printers at a port, the print system's commands, and folders."""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coi_tracker.vocabulary import HowDelivered
from labels.delivery import Patience, put_in_folder, send_to_port, send_to_queue
from labels.printer_status import Status, read_status, write_status

QUICK = Patience(connect=0.5, answer=1.5, whole=6.0, pause=0.02)
TAKEN, NOTHING_SENT, IN_DOUBT = HowDelivered.TAKEN, HowDelivered.NOTHING_SENT, HowDelivered.IN_DOUBT
JOB = b"^XA^FXL1^FS^PW8^LL8^XZ\n"


@pytest.fixture
def odd_printer() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """An address at which every connection is treated by a function."""
    servers: list[socket.socket] = []

    def listen(treat: Callable[[socket.socket], None]) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def serve() -> None:
            while True:
                try:
                    line, _ = server.accept()
                except OSError:
                    return
                with line:
                    treat(line)

        threading.Thread(target=serve, daemon=True).start()
        return f"127.0.0.1:{server.getsockname()[1]}"

    yield listen
    for server in servers:
        server.close()


def sleeps(_line: socket.socket) -> None:
    time.sleep(4)


def half_an_answer(line: socket.socket) -> None:
    line.recv(10)
    line.sendall(write_status(Status())[:30])


def nonsense(line: socket.socket) -> None:
    line.recv(10)
    line.sendall(b"\x02\x03\x02\x03\x02HTTP/1.1 400\x03")


def head_open(line: socket.socket) -> None:
    line.recv(10)
    line.sendall(write_status(Status(head_open=True)))


def busy(line: socket.socket) -> None:
    line.recv(10)
    line.sendall(write_status(Status(waiting=4)))


@pytest.mark.requirement("COI-PRINT-09")
@pytest.mark.parametrize(
    ("treat", "words"),
    [
        (half_an_answer, "does not say how it is"),
        (nonsense, "does not say how it is"),
        (sleeps, "does not say how it is"),
        (lambda line: line.close(), "does not say how it is"),
        (head_open, "the head is open"),
        (busy, "still prints something else"),
    ],
)
def test_a_printer_that_is_not_ready_is_sent_nothing(odd_printer, treat, words: str) -> None:
    sent = send_to_port("z", odd_printer(treat), JOB, answers=True, patience=QUICK)
    assert sent.how is NOTHING_SENT
    assert words in sent.words
    assert "tried for" in sent.words


def ready_then(then: Callable[[socket.socket], None]) -> Callable[[socket.socket], None]:
    def treat(line: socket.socket) -> None:
        line.recv(3)
        line.sendall(write_status(Status()))
        line.recv(len(JOB))
        then(line)

    return treat


@pytest.mark.requirement("COI-PRINT-04", "COI-PRINT-09")
@pytest.mark.parametrize("then", [half_an_answer, nonsense, head_open, lambda line: line.close(), sleeps])
def test_whatever_goes_wrong_after_the_first_byte_is_in_doubt(odd_printer, then) -> None:
    sent = send_to_port("z", odd_printer(ready_then(then)), JOB, answers=True, patience=QUICK)
    assert sent.how is IN_DOUBT
    assert "count which labels came out" in sent.words


@pytest.mark.requirement("COI-PRINT-09")
def test_a_printer_that_says_nothing_has_taken_all_when_it_closes_the_line_and_else_nobody_knows(odd_printer) -> None:
    def reads_all(line: socket.socket) -> None:
        while line.recv(4096):
            pass

    assert send_to_port("z", odd_printer(reads_all), JOB, answers=False, patience=QUICK).how is TAKEN
    holds = odd_printer(sleeps)
    assert send_to_port("z", holds, JOB, answers=False, patience=QUICK).how is IN_DOUBT


@pytest.mark.requirement("COI-PRINT-03", "COI-PRINT-09")
def test_an_address_that_does_not_exist_is_said_so() -> None:
    sent = send_to_port("z", "no-such-host.invalid:9100", JOB, answers=False, patience=QUICK)
    assert sent.how is NOTHING_SENT
    assert "printer z at no-such-host.invalid:9100 cannot be reached" in sent.words


def test_the_status_of_a_printer_is_read_as_it_was_written_and_half_of_it_is_nothing() -> None:
    status = Status(paper_out=True, head_open=True, waiting=12, left=3)
    answer = write_status(status)
    assert read_status(answer) == status
    assert status.fault == "the paper is out and the head is open"
    assert all(read_status(answer[:n]) is None for n in range(len(answer) - 2))


def script(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.mark.requirement("COI-PRINT-09")
def test_the_print_system_takes_a_job_by_lp_and_is_asked_until_it_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    script(
        tmp_path, "lp", f'echo "$@" > {tmp_path}/args; cat > {tmp_path}/got; echo "request id is zebra-42 (1 file(s))"'
    )
    script(tmp_path, "lpstat", f'[ -e {tmp_path}/done ] || echo "zebra-42 anna 100 now"; touch {tmp_path}/done')
    sent = send_to_queue("z", "zebra", JOB, job="j-1", raw=True, patience=QUICK)
    assert sent.how is TAKEN
    assert (tmp_path / "got").read_bytes() == JOB
    assert (tmp_path / "args").read_text().split() == ["-d", "zebra", "-t", "j-1", "-o", "raw"]

    script(tmp_path, "lpstat", 'echo "zebra-42 anna 100 now"')
    stuck = send_to_queue("z", "zebra", JOB, job="j-2", raw=False, patience=QUICK)
    assert stuck.how is IN_DOUBT
    assert "still has zebra-42" in stuck.words
    script(tmp_path, "lp", "echo 'lp: The printer or class does not exist.' >&2; exit 1")
    refused = send_to_queue("z", "zebra", JOB, job="j-3", raw=True, patience=QUICK)
    assert refused.how is NOTHING_SENT
    assert "does not exist" in refused.words
    script(tmp_path, "lp", "exec sleep 60")
    assert send_to_queue("z", "zebra", JOB, job="j-4", raw=True, patience=QUICK).how is IN_DOUBT
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert send_to_queue("z", "zebra", JOB, job="j-5", raw=True, patience=QUICK).how is NOTHING_SENT


@pytest.mark.requirement("COI-PRINT-09")
def test_a_folder_gets_a_whole_file_once(tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    missing = put_in_folder("z", str(folder), JOB, job="j", suffix=".zpl")
    assert missing.how is NOTHING_SENT
    assert str(folder) in missing.words
    folder.mkdir()
    assert put_in_folder("z", str(folder), JOB, job="j", suffix=".zpl").how is TAKEN
    assert [path.name for path in folder.iterdir()] == ["j.zpl"]
    assert put_in_folder("z", str(folder), b"another", job="j", suffix=".zpl").how is IN_DOUBT
    assert (folder / "j.zpl").read_bytes() == JOB


@pytest.mark.requirement("COI-PRINT-03", "COI-PRINT-09")
def test_a_printer_that_never_takes_the_connection_is_given_up_in_time() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        others = [socket.socket() for _ in range(4)]  # who fill the queue in front of it
        for other in others:
            other.setblocking(False)
            other.connect_ex(address)
        sent = send_to_port("z", f"127.0.0.1:{address[1]}", JOB, answers=False, patience=QUICK)
        for other in others:
            other.close()
    assert sent.how is NOTHING_SENT
    assert re.search(r"cannot be reached \(no answer\), tried for \d\.\d s", sent.words)
