"""Drawings as PDF: a label roll, one label a page at its true size, or sheets of paper with many; fonts embedded.

The same drawings give the same bytes: no clock and no machine goes in. Knows no content.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from coi_tracker.errors import NotUnderstood
from labels import fonts
from labels.layout import Drawing, PlacedSymbol
from labels.sheets import Sheet, sheet_for

_TICK = 1.5  # mm of the lines that show where to cut, in the gaps of a sheet


def pdf_of(drawings: Iterable[Drawing]) -> bytes:
    """A roll. Drawings are taken one by one, so that a long job never has all of them in memory."""
    target, canvas = _canvas()
    for drawing in drawings:
        canvas.setPageSize((drawing.width * mm, drawing.height * mm))
        _label(canvas, drawing, x=0, top=drawing.height)
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def sheets_pdf_of(drawings: Iterable[Drawing], paper: str, *, start: int = 1) -> bytes:
    """Sheets of A4 or Letter, the first label at position `start` of the first sheet.

    Labels of one job on sheets are all of one size. Raises NotUnderstood when they are not, or do not fit.
    """
    target, canvas = _canvas()
    on_page = 0
    for sheet, drawing, (page, x, y) in _spread(drawings, paper, start=start):
        if page != on_page:
            canvas.showPage()
        canvas.setPageSize((sheet.width * mm, sheet.height * mm))
        _label(canvas, drawing, x=x, top=sheet.height - y)
        _ticks(canvas, drawing, x=x, top=sheet.height - y)
        on_page = page
    canvas.showPage()
    canvas.save()
    return target.getvalue()


def _spread(
    drawings: Iterable[Drawing], paper: str, *, start: int
) -> Iterator[tuple[Sheet, Drawing, tuple[int, float, float]]]:
    sheet: Sheet | None = None
    places: Iterator[tuple[int, float, float]] = iter(())
    for drawing in drawings:
        if sheet is None:
            sheet = sheet_for(paper, (drawing.width, drawing.height))
            places = sheet.walk(start)
        elif (drawing.width, drawing.height) != (sheet.label_width, sheet.label_height):
            raise NotUnderstood(
                expected=f"labels of {sheet.label_width:g} x {sheet.label_height:g} mm only on these sheets",
                came=f"one of {drawing.width:g} x {drawing.height:g} mm",
                do="print each size as a job of its own",
            )
        yield sheet, drawing, next(places)


def _canvas() -> tuple[io.BytesIO, Canvas]:
    target = io.BytesIO()
    canvas = Canvas(target, invariant=1, pageCompression=1)
    canvas.setTitle("Labels")
    canvas.setCreator("COI Tracker")
    return target, canvas


def _label(canvas: Canvas, drawing: Drawing, *, x: float, top: float) -> None:
    """`x` and `top` of its upper left corner in mm. PDF measures upwards in points; drawings measure downwards."""
    canvas.setFillGray(0)
    for symbol in drawing.symbols:
        _symbol(canvas, symbol, x=x, top=top)
    for line in drawing.lines:
        fonts.face(line.font)
        canvas.setFont(line.font, line.size * mm)
        canvas.drawString((x + line.x) * mm, (top - line.y) * mm, line.text)


def _symbol(canvas: Canvas, symbol: PlacedSymbol, *, x: float, top: float) -> None:
    """One path filled once, so that no seams show between rows."""
    path = canvas.beginPath()
    for left, down, width, height in symbol.runs():
        path.rect((x + left) * mm, (top - down - height) * mm, width * mm, height * mm)
    canvas.drawPath(path, stroke=0, fill=1)


def _ticks(canvas: Canvas, drawing: Drawing, *, x: float, top: float) -> None:
    """Short grey lines outside each corner."""
    canvas.setStrokeGray(0.6)
    canvas.setLineWidth(0.2)
    bottom, right = top - drawing.height, x + drawing.width
    for edge, outwards in ((x, -_TICK), (right, _TICK)):
        for level in (top, bottom):
            canvas.line(edge * mm, level * mm, (edge + outwards) * mm, level * mm)
    for level, outwards in ((top, _TICK), (bottom, -_TICK)):
        for edge in (x, right):
            canvas.line(edge * mm, level * mm, edge * mm, (level + outwards) * mm)
