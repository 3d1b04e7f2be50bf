"""What a label printer says of itself when it is asked with `~HS`: three lines, each between STX and ETX.

Source: Zebra, ZPL II Programming Guide, ~HS. A printer may also say nothing while it has no paper or its head is
open; silence is not readiness. Knows no connection.
"""

from __future__ import annotations

from dataclasses import dataclass

ASK = b"~HS"
STX, ETX = b"\x02", b"\x03"
LINES = 3
LONGEST = 4096
"""Bytes that an answer may have; a real one has about 80."""


@dataclass(frozen=True, slots=True)
class Status:
    """What matters of it. ``waiting``: formats it has taken and not printed; ``left``: labels of the one it is at."""

    paper_out: bool = False
    paused: bool = False
    head_open: bool = False
    ribbon_out: bool = False
    partial: bool = False
    waiting: int = 0
    left: int = 0

    @property
    def fault(self) -> str | None:
        """What keeps it from printing, in words; None when nothing does."""
        found = [
            words
            for words, so in (
                ("the paper is out", self.paper_out),
                ("the ribbon is out", self.ribbon_out),
                ("the head is open", self.head_open),
                ("it is paused", self.paused),
            )
            if so
        ]
        return " and ".join(found) or None

    @property
    def idle(self) -> bool:
        """Nothing is left to print of all that it was sent."""
        return not (self.waiting or self.left or self.partial)


def is_whole(answer: bytes) -> bool:
    """Whether all three lines have come."""
    return answer.count(ETX) >= LINES


def read_status(answer: bytes) -> Status | None:
    """The status of an answer; None for half an answer and for anything else than an answer."""
    lines = [line.partition(STX)[2] for line in answer.split(ETX)[:LINES] if STX in line]
    if not is_whole(answer) or len(lines) != LINES:
        return None
    try:
        first, second = (line.decode("ascii").split(",") for line in lines[:2])
        if len(first) != 12 or len(second) != 11:
            return None
        return _status(first, second)
    except ValueError:  # no ASCII, or no number where one must stand
        return None


def _status(first: list[str], second: list[str]) -> Status:
    return Status(
        paper_out=_flag(first[1]),
        paused=_flag(first[2]),
        waiting=int(first[4]),
        partial=_flag(first[7]),
        head_open=_flag(second[2]),
        ribbon_out=_flag(second[3]),
        left=int(second[8]),
    )


def _flag(text: str) -> bool:
    return bool(int(text))


def write_status(status: Status) -> bytes:
    """The answer that a printer in this state gives."""
    first = f"030,{status.paper_out:d},{status.paused:d},0600,{status.waiting:03d},0,0,{status.partial:d},000,0,0,0"
    second = f"000,0,{status.head_open:d},{status.ribbon_out:d},0,2,4,0,{status.left:08d},1,000"
    return b"".join(STX + line.encode("ascii") + ETX + b"\r\n" for line in (first, second, "0000,0"))
