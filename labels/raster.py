"""A drawing as dots: grey for pictures, black and white for print heads. What PNG and ZPL have in common.

A module is the same whole number of dots everywhere. Letters are set one by one where they were measured, so that a
line is as wide here as in every other output. Knows no content and no file format.
"""

from __future__ import annotations

from functools import cache, lru_cache

from PIL import Image, ImageFont

from labels import fonts
from labels.layout import Drawing, PlacedSymbol
from labels.template import RESOLUTIONS

_THRESHOLD = 128


def dots_of(drawing: Drawing) -> Image.Image:
    """The label in grey (mode L), black on white, at the resolution it was drawn for."""
    per_mm = RESOLUTIONS[drawing.dpi]
    picture = Image.new("L", (round(drawing.width * per_mm), round(drawing.height * per_mm)), 255)
    for symbol in drawing.symbols:
        _stamp(picture, symbol, per_mm=per_mm)
    for line in drawing.lines:
        mask = _line_mask(line.text, line.font, line.size * per_mm)
        left, baseline = round(line.x * per_mm), round(line.y * per_mm)
        picture.paste(0, (left, baseline - _above(line.size * per_mm)), mask)
    return picture


def black_and_white(picture: Image.Image, *, ink: int = 0) -> Image.Image:
    """What a thermal print head can do: mode 1, every dot black or white. `ink` is the bit of a black dot, 0 or 1."""
    return picture.point([255 * ink] * _THRESHOLD + [255 - 255 * ink] * (256 - _THRESHOLD), "1")


def _stamp(picture: Image.Image, symbol: PlacedSymbol, *, per_mm: float) -> None:
    rows, columns = len(symbol.matrix), len(symbol.matrix[0])
    modules = Image.frombytes("L", (columns, rows), bytes(0 if dark else 255 for row in symbol.matrix for dark in row))
    size = (columns * round(symbol.module * per_mm), rows * round(symbol.row * per_mm))
    picture.paste(modules.resize(size, Image.Resampling.NEAREST), (round(symbol.x * per_mm), round(symbol.y * per_mm)))


@lru_cache(maxsize=512)
def _line_mask(text: str, font: str, size: float) -> Image.Image:
    """The letters of a line, white on black; its upper left corner is `_above` the baseline."""
    mask = Image.new("L", (int(fonts.width(text, font, size=size)) + 2 * int(size) + 2, 2 * _above(size)), 0)
    x = 0.0
    for character in text:
        letter, left, down = _letter(character, font, size)
        if letter is not None:
            mask.paste(255, (round(x) + left, _above(size) + down), letter)
        x += fonts.width(character, font, size=size)
    return mask


@lru_cache(maxsize=4096)
def _letter(character: str, font: str, size: float) -> tuple[Image.Image | None, int, int]:
    """The picture of a letter, and where it stands from the point where it begins on the baseline."""
    left, top, right, bottom = _face(font, size).getbbox(character, anchor="ls")
    if right <= left or bottom <= top:
        return None, 0, 0
    core = _face(font, size).getmask(character, mode="L", anchor="ls")
    letter = Image.frombytes("L", core.size, bytes(core))
    return letter, int(left), int(top)


@cache
def _face(font: str, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(fonts.file_of(font), size, layout_engine=ImageFont.Layout.BASIC)


def _above(size: float) -> int:
    """Dots from the top of a line's mask to its baseline: more than any letter is high."""
    return int(1.3 * size) + 2
