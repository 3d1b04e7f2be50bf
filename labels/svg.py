"""A drawing as SVG, for screens and previews: true to size, no script, nothing fetched.

Text keeps the width it was measured with whatever font the viewer has (`textLength`). Knows no content.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from labels import fonts
from labels.layout import Drawing, PlacedSymbol
from labels.typesetting import PlacedLine


def svg_of(drawing: Drawing) -> str:
    """The SVG document. The same drawing gives the same text."""
    width, height = _number(drawing.width), _number(drawing.height)
    size = f'width="{width}mm" height="{height}mm" viewBox="0 0 {width} {height}"'
    head = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    return "\n".join([*head, *map(_symbol, drawing.symbols), *map(_line, drawing.lines), "</svg>\n"])


def _symbol(symbol: PlacedSymbol) -> str:
    """One path, so that no seams show between rows."""
    path = "".join(
        f"M{_number(x)} {_number(y)}h{_number(width)}v{_number(height)}h-{_number(width)}z"
        for x, y, width, height in symbol.runs()
    )
    return f'<path fill="#000" shape-rendering="crispEdges" d="{path}"/>'


def _line(line: PlacedLine) -> str:
    weight = ' font-weight="bold"' if line.font == fonts.BOLD else ""
    return (
        f'<text x="{_number(line.x)}" y="{_number(line.y)}" font-size="{_number(line.size)}"'
        f' font-family="{fonts.SVG_FAMILIES[line.font]}"{weight} textLength="{_number(line.width)}"'
        f' lengthAdjust="spacingAndGlyphs">{escape(line.text)}</text>'
    )


def _number(value: float) -> str:
    """Millimetres to a tenth of a micrometre, without trailing zeros."""
    return f"{value:.4f}".rstrip("0").rstrip(".")
