"""The faces of type on our labels: how wide a text is, and whether they can show it. Knows no sizes in mm.

Three files lie beside this one (README.md says where they come from): DejaVu Sans, plain and bold, for Latin, Greek
and Cyrillic, and WenQuanYi Micro Hei for Chinese, Japanese and Korean. Every character has one face, so a text is a
row of runs. The large file is read only when a text needs it.
"""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import safe_excerpt

FOLDER: Final = Path(__file__).parent
PLAIN: Final = "DejaVuSans"
BOLD: Final = "DejaVuSans-Bold"
CJK: Final = "WenQuanYiMicroHei"
SVG_FAMILIES: Final = {
    PLAIN: "'DejaVu Sans','Bitstream Vera Sans',Verdana,sans-serif",
    BOLD: "'DejaVu Sans','Bitstream Vera Sans',Verdana,sans-serif",
    CJK: "'WenQuanYi Micro Hei','Noto Sans CJK SC','Noto Sans CJK JP','Noto Sans CJK KR',sans-serif",
}
ASCENT: Final = 0.93
"""From the top of a line to its baseline, as a share of the type size; the same in all three faces."""


def file_of(name: str) -> Path:
    """The file of a face."""
    return FOLDER / f"{name}.ttf"


@cache
def face(name: str) -> Any:
    """The registered reportlab font of that name; reading it once is enough."""
    pdfmetrics.registerFont(TTFont(name, str(file_of(name))))
    return pdfmetrics.getFont(name)


def width(text: str, font: str, *, size: float) -> float:
    """Width of `text` in the unit of `size` (ours is always mm). Raises NotUnderstood for an unknown character."""
    return sum(_placed(character, font)[1] for character in text) * size


def runs(text: str, font: str) -> list[tuple[str, str]]:
    """`text` in pieces, each with the face that shows it. Raises NotUnderstood for an unknown character."""
    faces = groupby(text, key=lambda character: _placed(character, font)[0])
    return [("".join(characters), name) for name, characters in faces]


def refuse_unknown_characters(text: str, font: str) -> None:
    """Raises NotUnderstood naming the first character that no face has a picture for."""
    for character in text:
        try:
            _placed(character, font)
        except NotUnderstood as lacking:
            came = f"{lacking.came} in '{safe_excerpt(text)}'"
            raise NotUnderstood(expected=lacking.expected, came=came, do=lacking.do) from None


@cache
def widest_letter(font: str) -> str:
    """The character that needs most room of all that can stand in a text set in `font`."""
    widths = _widths(font)
    return chr(max((number for number in widths if number <= 0xFFFE), key=lambda number: widths[number]))


@lru_cache(maxsize=8192)
def _placed(character: str, font: str) -> tuple[str, float]:
    """The face that shows a character of a text set in `font`, and its width for a size of 1."""
    for name in (font, CJK):
        if ord(character) in _widths(name):
            return name, _widths(name)[ord(character)] / 1000
    raise NotUnderstood(
        expected="characters that a label font can print (Latin, Greek, Cyrillic, Chinese, Japanese, Korean)",
        came=f"'{character if character.isprintable() else '?'}' (U+{ord(character):04X})",
        do="write this text in letters that the label fonts have",
    )


@cache
def _widths(name: str) -> dict[int, float]:
    """Widths in thousandths of the characters a face has."""
    metrics = face(name).face
    return {number: metrics.charWidths[number] for number in metrics.charToGlyph}
