"""Bytes to a printer: to its port, to a queue of the print system, into a folder. Says what it knows, and no more.

Three answers: the printer took all of it; nothing left here, so it may be tried again; or nobody knows. From the first
byte on, everything that goes wrong is the third. Never tries twice. Knows no courses and no jobs but their names.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from coi_tracker.vocabulary import HowDelivered
from labels.printer_status import ASK, LONGEST, Status, is_whole, read_status

TAKEN, NOTHING_SENT, IN_DOUBT = HowDelivered.TAKEN, HowDelivered.NOTHING_SENT, HowDelivered.IN_DOUBT


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: to connect, to hear an answer, for all of it, and between two questions."""

    connect: float = 5.0
    answer: float = 5.0
    whole: float = 60.0
    pause: float = 0.25


PATIENT: Final = Patience()
"""All of it stays well below the lease of a print job."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of it, and how that is said to people: which printer, what was seen, how long it was tried."""

    how: HowDelivered
    words: str


class _Clock:
    """How long it has been tried, and whether the time is over."""

    def __init__(self, patience: Patience) -> None:
        self.began = time.monotonic()
        self.patience = patience

    def tried(self) -> str:
        return f"tried for {time.monotonic() - self.began:.1f} s"

    def over(self) -> bool:
        return time.monotonic() - self.began > self.patience.whole

    def left(self, most: float) -> float:
        return max(0.05, min(most, self.patience.whole - (time.monotonic() - self.began)))


# --- a port -----------------------------------------------------------------------------------------


def send_to_port(name: str, address: str, content: bytes, *, answers: bool, patience: Patience = PATIENT) -> Sent:
    """To a printer that listens at `address` (host:port), usually 9100. `answers`: it can be asked how it is."""
    clock = _Clock(patience)
    host, _, port = address.rpartition(":")
    try:
        line = socket.create_connection((host.strip("[]"), int(port)), timeout=patience.connect)
    except OSError as error:
        return Sent(NOTHING_SENT, f"printer {name} at {address} cannot be reached ({_why(error)}), {clock.tried()}")
    with line:
        unready = _unready(line, clock) if answers else None
        if unready is not None:
            return Sent(NOTHING_SENT, f"printer {name} at {address}: {unready}, {clock.tried()}; nothing was sent")
        try:
            line.settimeout(clock.left(patience.whole))
            line.sendall(content)
            doubt = _until_idle(line, clock) if answers else _until_closed(line, clock)
        except OSError as error:
            doubt = f"it broke off ({_why(error)})"
    if doubt is not None:
        return Sent(IN_DOUBT, f"printer {name} at {address}: {doubt}, {clock.tried()}; count which labels came out")
    return Sent(TAKEN, f"printer {name} took all of it")


def _why(error: OSError) -> str:
    return "no answer" if isinstance(error, TimeoutError) else (error.strerror or str(error)).lower()[:120]


def _unready(line: socket.socket, clock: _Clock) -> str | None:
    """Why nothing should be sent to it now; None when it is ready."""
    try:
        status = _ask(line, clock)
    except OSError as error:
        return f"it does not say how it is ({_why(error)})"
    if status is None:
        return "it does not say how it is: off, out of paper, or its head is open"
    return status.fault or (None if status.idle else "it still prints something else")


def _until_idle(line: socket.socket, clock: _Clock) -> str | None:
    """Ask until all is printed; what stands against it, when something does."""
    while not clock.over():
        status = _ask(line, clock)
        if status is None:
            return "it stopped saying how it is"
        if status.fault is not None:
            return f"{status.fault}, and {status.waiting + status.left} labels wait in it"
        if status.idle:
            return None
        time.sleep(clock.patience.pause)
    return "it did not finish"


def _until_closed(line: socket.socket, clock: _Clock) -> str | None:
    """A printer that says nothing has at least taken all of it when it closes the line after us."""
    line.shutdown(socket.SHUT_WR)
    while not clock.over():
        line.settimeout(clock.left(clock.patience.answer))
        if not line.recv(LONGEST):
            return None
    return "it did not finish"


def _ask(line: socket.socket, clock: _Clock) -> Status | None:
    """What it says of itself; None when that is nothing, half an answer, or no answer at all."""
    line.settimeout(clock.left(clock.patience.answer))
    line.sendall(ASK)
    heard = b""
    until = time.monotonic() + clock.left(clock.patience.answer)
    while not is_whole(heard) and len(heard) < LONGEST and time.monotonic() < until:
        try:
            piece = line.recv(LONGEST)
        except TimeoutError:
            return None
        if not piece:
            return None
        heard += piece
    return read_status(heard)


# --- the print system -------------------------------------------------------------------------------


def send_to_queue(name: str, queue: str, content: bytes, *, job: str, raw: bool, patience: Patience = PATIENT) -> Sent:
    """To a queue of CUPS by `lp`, and then waited until the queue is done with it. `raw`: not to be converted."""
    clock = _Clock(patience)
    lp = shutil.which("lp")
    if lp is None:
        return Sent(NOTHING_SENT, f"printer {name}: there is no `lp` here; install the client of CUPS")
    command = [lp, "-d", queue, "-t", job, *(["-o", "raw"] if raw else [])]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=patience.whole, check=False)
    except subprocess.TimeoutExpired:
        return Sent(IN_DOUBT, f"printer {name}: `lp` did not come back, {clock.tried()}; count which labels came out")
    except OSError as error:
        return Sent(NOTHING_SENT, f"printer {name}: `lp` cannot be run ({_why(error)})")
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()[:200]
        return Sent(NOTHING_SENT, f"printer {name}: queue {queue} does not take it ({said}), {clock.tried()}")
    return _until_out_of(queue, _request(done.stdout), name, clock)


def _request(said: bytes) -> str:
    """'request id is zebra-42 (1 file(s))'."""
    words = said.decode(errors="replace").split()
    return next((after for word, after in pairwise(words) if word == "is"), "")


def _until_out_of(queue: str, request: str, name: str, clock: _Clock) -> Sent:
    lpstat = shutil.which("lpstat")
    while request and lpstat is not None and not clock.over():
        try:
            found = subprocess.run(
                [lpstat, "-W", "not-completed", "-o", queue],
                capture_output=True,
                timeout=clock.left(clock.patience.whole),
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            break
        if found.returncode == 0 and request not in found.stdout.decode(errors="replace").split():
            return Sent(TAKEN, f"printer {name}: the print system is done with {request}")
        time.sleep(clock.patience.pause)
    shown = request or "what it took"
    words = f"printer {name}: the print system still has {shown}, {clock.tried()}; cancel it there, then count"
    return Sent(IN_DOUBT, words)


# --- a folder ---------------------------------------------------------------------------------------


def put_in_folder(name: str, folder: str, content: bytes, *, job: str, suffix: str) -> Sent:
    """A file named after the job, whole or not at all. One that is there already is never written again."""
    target = Path(folder) / f"{job}{suffix}"
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".coming-", delete=False) as file:
            part = Path(file.name)
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                part.chmod(0o644)
                os.link(part, target)  # unlike a rename, refuses to replace
            finally:
                part.unlink(missing_ok=True)
    except FileExistsError:
        return Sent(IN_DOUBT, f"printer {name}: {target.name} is in its folder already; count which labels came out")
    except OSError as error:
        return Sent(NOTHING_SENT, f"printer {name}: its folder {folder} cannot be written to ({_why(error)})")
    return Sent(TAKEN, f"printer {name}: {target.name} is in its folder")
