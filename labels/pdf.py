"""Drawings as PDF: a label roll, one label a page at its true size, fonts embedded.

The same drawings give the same bytes: no clock and no machine goes in. Knows no content.
"""

from __future__ import annotations

import io
from collections.abc import Iterable

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from labels import fonts
from labels.layout import Drawing, PlacedSymbol


def pdf_of(drawings: Iterable[Drawing]) -> bytes:
    """The PDF file. Drawings are taken one by one, so that a long job never has all of them in memory."""
    target = io.BytesIO()
    canvas = Canvas(target, invariant=1, pageCompression=1)
    canvas.setTitle("Labels")
    canvas.setCreator("COI Tracker")
    for drawing in drawings:
        _page(canvas, drawing)
    canvas.save()
    return target.getvalue()


def _page(canvas: Canvas, drawing: Drawing) -> None:
    """PDF measures upwards in points; drawings measure downwards in mm."""
    canvas.setPageSize((drawing.width * mm, drawing.height * mm))
    _symbol(canvas, drawing.symbol, top=drawing.height)
    for line in drawing.lines:
        fonts.face(line.font)
        canvas.setFont(line.font, line.size * mm)
        canvas.drawString(line.x * mm, (drawing.height - line.y) * mm, line.text)
    canvas.showPage()


def _symbol(canvas: Canvas, symbol: PlacedSymbol, *, top: float) -> None:
    """One path filled once, so that no seams show between rows."""
    path = canvas.beginPath()
    for x, y, width, height in symbol.runs():
        path.rect(x * mm, (top - y - height) * mm, width * mm, height * mm)
    canvas.setFillGray(0)
    canvas.drawPath(path, stroke=0, fill=1)
