"""Sets a text into a block: lines at the largest type that fits, and never a clipped one. Knows no content.

Lines break at blanks, and between two characters of which one is Chinese, Japanese or Korean. When even the least
type does not fit that way, lines are filled to the end and words are broken anywhere: an ugly label is complete. So
whether a text of so many characters fits can be told from the width of the widest one, which is how templates are
checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import safe_excerpt
from labels import fonts
from labels.template import Block, Box

LINE_HEIGHT: Final = 1.2
"""Distance of baselines as a share of the type size."""

PARAGRAPH_GAP: Final = 0.25
"""What is added between two required texts, so that a wrapped line is not taken for a new one."""

_STEP: Final = 0.1  # mm by which type shrinks until it fits
_NOT_FIRST: Final = frozenset("、。，．・：；？！）」』】〕〉》々ーぁぃぅぇぉっゃゅょァィゥェォッャュョ")


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """One run of text: `x` is its left end, `y` its baseline, in mm from the upper left corner, y down."""

    text: str
    x: float
    y: float
    size: float
    font: str
    width: float


@lru_cache(maxsize=1024)
def set_block(block: Block, paragraphs: tuple[str, ...]) -> tuple[PlacedLine, ...]:
    """The runs of a block at the largest type that fits. Raises NotUnderstood when the least does not."""
    font = fonts.BOLD if block.bold else fonts.PLAIN
    for paragraph in paragraphs:
        fonts.refuse_unknown_characters(paragraph, font)
    for size in _sizes(block):
        wrapped = [_wrapped(_pieces(text), font, width=block.box.width / size) for text in paragraphs]
        if _fits(wrapped, block.box, font=font, size=size):
            return _placed(block.box, wrapped, font=font, size=size)
    broken = [_wrapped(_letters(text), font, width=block.box.width / block.least) for text in paragraphs]
    if _fits(broken, block.box, font=font, size=block.least):
        return _placed(block.box, broken, font=font, size=block.least)
    raise NotUnderstood(
        expected=f"{block.shows} that fits {block.box.width:g} x {block.box.height:g} mm in {block.least:g} mm type",
        came=f"'{safe_excerpt(' / '.join(paragraphs))}'",
        do="shorten it, or use a larger label",
    )


def _fits(paragraphs: list[list[str]], box: Box, *, font: str, size: float) -> bool:
    lines = sum(map(len, paragraphs))
    height = (lines * LINE_HEIGHT + (len(paragraphs) - 1) * PARAGRAPH_GAP) * size
    across = max((fonts.width(line, font, size=size) for lines_ in paragraphs for line in lines_), default=0)
    return height <= box.height + 1e-6 and across <= box.width + 1e-6


def _placed(box: Box, paragraphs: list[list[str]], *, font: str, size: float) -> tuple[PlacedLine, ...]:
    placed: list[PlacedLine] = []
    top = box.y
    for lines in paragraphs:
        for line in lines:
            placed += _runs(line, font, x=box.x, y=top + fonts.ASCENT * size, size=size)
            top += LINE_HEIGHT * size
        top += PARAGRAPH_GAP * size
    return tuple(placed)


def _runs(line: str, font: str, *, x: float, y: float, size: float) -> list[PlacedLine]:
    placed = []
    for text, face in fonts.runs(line, font):
        across = fonts.width(text, font, size=size)
        placed.append(PlacedLine(text, x, y, size, face, across))
        x += across
    return placed


def _sizes(block: Block) -> list[float]:
    """From the size wished for down to the least allowed, in mm."""
    steps = int((block.size - block.least) / _STEP + 1e-6)
    return [round(block.size - step * _STEP, 3) for step in range(steps + 1)] + [block.least]


def _wrapped(pieces: list[tuple[str, str]], font: str, *, width: float) -> list[str]:
    """Pieces (what joins it to the one before, itself) as few lines as do; `width` in type sizes."""
    lines: list[str] = []
    for glue, piece in pieces:
        if lines and fonts.width(joined := lines[-1] + glue + piece, font, size=1) <= width:
            lines[-1] = joined
        else:
            lines.append(piece)
    return lines


def _pieces(text: str) -> list[tuple[str, str]]:
    """What a line may be broken between: words at blanks, and characters of scripts that have no blanks."""
    pieces: list[tuple[str, str]] = []
    glue = ""
    for character in text:
        if character == " ":
            glue += " "
        elif pieces and not glue and not _may_break(pieces[-1][1][-1], character):
            pieces[-1] = (pieces[-1][0], pieces[-1][1] + character)
        else:
            pieces.append((glue, character))
            glue = ""
    return pieces


def _may_break(before: str, after: str) -> bool:
    return max(before, after) >= "\u2e80" and after not in _NOT_FIRST


def _letters(text: str) -> list[tuple[str, str]]:
    """Every character by itself, blanks as joints."""
    return [(" " * (place > 0 and text[place - 1] == " "), one) for place, one in enumerate(text) if one != " "]
