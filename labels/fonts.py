"""The two faces of type on our labels: how wide a text is, and whether they can show it.

Bitstream Vera Sans, which comes with reportlab and may be embedded in documents. Latin only for now. DejaVu
Sans has the same widths, which is why SVG names it second.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import safe_excerpt

PLAIN: Final = "Vera"
BOLD: Final = "VeraBd"
SVG_FAMILIES: Final = "'Bitstream Vera Sans','DejaVu Sans',Verdana,sans-serif"
ASCENT: Final = 0.93
"""From the top of a line to its baseline, as a share of the type size."""


@cache
def face(name: str) -> Any:
    """The registered reportlab font of that name; reading it once is enough."""
    pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
    return pdfmetrics.getFont(name)


def width(text: str, font: str, *, size: float) -> float:
    """Width of `text` in the unit of `size` (ours is always mm)."""
    return float(face(font).stringWidth(text, 1000)) * size / 1000


def refuse_unknown_characters(text: str, font: str) -> None:
    """Raises NotUnderstood naming the first character the font has no picture for."""
    for character in text:
        if ord(character) not in face(font).face.charToGlyph:
            raise NotUnderstood(
                expected="characters that the label font can print (Latin letters and common signs)",
                came=f"'{character}' (U+{ord(character):04X}) in '{safe_excerpt(text)}'",
                do="write this text in Latin letters",
            )
