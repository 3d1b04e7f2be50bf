"""Sheets of paper that hold several labels: how many, and where each of them stands. Knows nothing of what is on them.

Labels stand in a grid, in the middle of the page, in reading order; a sheet that was begun goes on at any position.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from coi_tracker.errors import NotUnderstood

PAPERS: Final = {"A4": (210.0, 297.0), "Letter": (215.9, 279.4)}
"""Width and height in mm."""

MARGIN: Final = 6.0
"""mm at every edge that office printers cannot print on."""

GAP: Final = 3.0
"""mm between two labels, so that scissors have room."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A grid of places of the same size on a paper; all lengths in mm."""

    width: float
    height: float
    columns: int
    rows: int
    label_width: float
    label_height: float

    def places(self) -> int:
        """Labels on a whole sheet."""
        return self.columns * self.rows

    def corner(self, place: int) -> tuple[float, float]:
        """Upper left corner of a place, counted from 0."""
        row, column = divmod(place, self.columns)
        left = (self.width - self.columns * (self.label_width + GAP) + GAP) / 2
        top = (self.height - self.rows * (self.label_height + GAP) + GAP) / 2
        return left + column * (self.label_width + GAP), top + row * (self.label_height + GAP)

    def walk(self, start: int) -> Iterator[tuple[int, float, float]]:
        """(page, x, y) of one label after another; the first stands at position `start`, counted from 1."""
        if not 1 <= start <= self.places():
            raise NotUnderstood(
                expected=f"a start position of 1 to {self.places()} on this sheet",
                came=f"{start}",
                do="count the positions from the upper left, row by row",
            )
        place = start - 1
        while True:
            page, on_page = divmod(place, self.places())
            yield (page, *self.corner(on_page))
            place += 1


def sheet_for(paper: str, label: tuple[float, float]) -> Sheet:
    """As many labels of that width and height (mm) as the paper holds. Raises NotUnderstood when it holds none."""
    if paper not in PAPERS:
        raise NotUnderstood(expected=f"a paper: {', '.join(PAPERS)}", came=f"'{paper[:40]}'", do="choose one of these")
    width, height = PAPERS[paper]
    columns, rows = (
        int((side - 2 * MARGIN + GAP) // (one + GAP)) for side, one in zip((width, height), label, strict=True)
    )
    if columns < 1 or rows < 1:
        raise NotUnderstood(
            expected=f"a label that {paper} paper can hold",
            came=f"{label[0]:g} x {label[1]:g} mm",
            do="print it on a roll",
        )
    return Sheet(width, height, columns, rows, *label)
