"""A label as a picture to look at, which cannot be taken for a label: no scanner reads it, printed or not.

The same drawing as the label itself, with a band across every symbol. A serial that left the tracker as a picture
would be a second label that the record knows nothing of.
"""

from __future__ import annotations

from dataclasses import replace

from labels.layout import Drawing, PlacedSymbol
from labels.svg import svg_of

KEPT = 0.3
"""Of the rows and of the columns of a symbol, from the upper left: enough to see what it is, too little to read."""


def preview_of(drawing: Drawing) -> str:
    """The SVG document, without the part of every symbol that a reader would need."""
    spoiled = replace(drawing, symbols=tuple(_spoiled(symbol) for symbol in drawing.symbols))
    return svg_of(spoiled)


def _spoiled(symbol: PlacedSymbol) -> PlacedSymbol:
    rows = len(symbol.matrix)
    matrix = tuple(
        tuple(dark and (_kept(row, rows) or _kept(column, len(modules))) for column, dark in enumerate(modules))
        for row, modules in enumerate(symbol.matrix)
    )
    return replace(symbol, matrix=matrix)


def _kept(place: int, of: int) -> bool:
    """Of the one row of a linear symbol nothing: its columns are all there is of it."""
    return of > 1 and place < of * KEPT
