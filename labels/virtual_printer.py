"""A label printer without paper: listens at a port, takes ZPL as `labels.zpl` writes it, shows every label as a PNG.

For demonstrations and tests: `python -m labels.virtual_printer`. It can run out of paper, break off half way, say
nothing, and answers `~HS`. It checks what it gets: a graphic whose check sum is wrong is not printed.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
import socket
import struct
import threading
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import click
from PIL import Image

from labels.printer_status import ASK, Status, write_status

_FORMAT = re.compile(rb"\^XA(.*?)\^XZ", re.DOTALL)
_CODE = re.compile(rb"\^FX([0-9A-Z]{1,20})\^FS")
_SIZE = re.compile(rb"\^PW(\d{1,5})\^LL(\d{1,5})")
_FIELD = re.compile(rb"\^FO(\d{1,5}),(\d{1,5})\^GFA,\d+,(\d+),(\d+),:Z64:([A-Za-z0-9+/=]+):([0-9A-F]{4})\^FS")


class Damaged(ValueError):
    """A format that a printer would not print."""


def picture_of(content: bytes) -> tuple[str, Image.Image]:
    """The serial and the picture of one format. Raises Damaged."""
    code, size = _CODE.search(content), _SIZE.search(content)
    if code is None or size is None:
        raise Damaged("no serial or no size")
    label = Image.new("1", (int(size[1]), int(size[2])), 1)
    for x, y, length, across, packed, check in _FIELD.findall(content):
        if binascii.crc_hqx(packed, 0) != int(check, 16):
            raise Damaged("a check sum that does not fit")
        dots = zlib.decompress(base64.b64decode(packed))
        if len(dots) != int(length):
            raise Damaged("a graphic of another size")
        band = Image.frombytes("1", (int(across) * 8, len(dots) // int(across)), dots)
        label.paste(0, (int(x), int(y)), band)  # where a dot is set, ink
    return code[1].decode("ascii"), label


@dataclass
class VirtualPrinter:
    """Starts when it is entered, stops when it is left. ``printed``: the serials that came out, in order.

    ``paper``: labels until it is out (None: never). ``breaks_after``: bytes of a job after which the line is cut.
    ``mute_when_out``: says nothing while it is out, as many do. ``deaf``: never answers. ``slow``: seconds a label.
    """

    folder: Path
    port: int = 0
    paper: int | None = None
    breaks_after: int | None = None
    mute_when_out: bool = False
    deaf: bool = False
    slow: float = 0.0
    printed: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    waiting: list[bytes] = field(default_factory=list)
    partial: bool = False
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _server: socket.socket | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._server = socket.create_server(("127.0.0.1", self.port))
        self._server.settimeout(0.05)
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._listen, args=(self._server,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        if self._server is not None:
            self._server.close()

    def load_paper(self, labels: int | None = None) -> None:
        """Somebody puts in paper: what waited is printed, as a printer does."""
        with self._lock:
            self.paper = labels
            self._print_waiting()

    @property
    def out_of_paper(self) -> bool:
        """Whether the paper is out."""
        return self.paper == 0

    def _listen(self, server: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                line, _ = server.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        """One connection: everything it brings, until it ends or is cut."""
        held, taken = b"", 0
        with line, contextlib.suppress(OSError):
            line.settimeout(0.05)
            while not self._stopping.is_set():
                try:
                    piece = line.recv(4096)
                except TimeoutError:
                    continue
                if not piece:
                    return
                taken += len(piece.replace(ASK, b""))
                if self.breaks_after is not None and taken >= self.breaks_after:
                    surplus = taken - self.breaks_after
                    self._take(held + piece[: len(piece) - surplus])
                    _cut(line)
                    return
                held = self._answered(line, held + piece)
                held = self._take(held)

    def _answered(self, line: socket.socket, held: bytes) -> bytes:
        """Answer every question in what came, after what came before it. Questions are not part of a format."""
        while ASK in held:
            before, _, after = held.partition(ASK)
            held = self._take(before) + after
            with self._lock:
                status = Status(paper_out=self.out_of_paper, waiting=len(self.waiting), partial=self.partial)
            if not self.deaf and not (self.mute_when_out and self.out_of_paper):
                line.sendall(write_status(status))
        return held

    def _take(self, held: bytes) -> bytes:
        """Print the whole formats; what is left is the beginning of one."""
        with self._lock:
            last = 0
            for found in _FORMAT.finditer(held):
                self.waiting.append(found[1])
                last = found.end()
            rest = held[last:]
            self.partial = b"^XA" in rest
            self._print_waiting()
            return rest

    def _print_waiting(self) -> None:
        while self.waiting and not self.out_of_paper:
            self._print(self.waiting.pop(0))
            if self.slow:
                self._stopping.wait(self.slow)

    def _print(self, content: bytes) -> None:
        try:
            code, picture = picture_of(content)
        except (Damaged, ValueError, zlib.error) as error:
            self.damaged.append(str(error))
            return
        if self.paper is not None:
            self.paper -= 1
        self.printed.append(code)
        picture.save(self.folder / f"{len(self.printed):05d}-{code}.png")


def _cut(line: socket.socket) -> None:
    """End the connection the hard way: what is under way is lost."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


@click.command()
@click.option("--port", default=9100, show_default=True, type=click.IntRange(1, 65535))
@click.option("--folder", default=Path("var/printed"), show_default=True, type=click.Path(path_type=Path))
@click.option("--paper", type=click.IntRange(min=0), help="Labels until the paper is out.")
@click.option("--break-after", type=click.IntRange(min=1), help="Cut the line after so many bytes of a job.")
@click.option("--deaf", is_flag=True, help="Never say how it is.")
def main(port: int, folder: Path, paper: int | None, break_after: int | None, deaf: bool) -> None:
    """A label printer that shows what it prints as pictures in a folder. To play a printer that is off: stop it."""
    printer = VirtualPrinter(folder, port, paper, break_after, deaf=deaf)
    with printer:
        click.echo(f"Printing at {printer.address} into {folder} until stopped (Ctrl-C)")
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main(prog_name="python -m labels.virtual_printer")
