"""Puts content on a template: the result is a drawing in millimetres that SVG and PDF both follow exactly.

Every symbol has been read back when a drawing exists. Text that does not fit is refused, never clipped.
"""

from __future__ import annotations

from dataclasses import dataclass

from coi_tracker.errors import BrokenPromise, NotUnderstood
from coi_tracker.identity import safe_excerpt
from labels import fonts
from labels.content import LabelContent
from labels.symbol import QUIET_ZONE, Matrix, symbol_for
from labels.template import SYMBOL_MODULES, Block, Box, Template, template_for

LINE_HEIGHT = 1.2
"""Distance of baselines as a share of the type size."""

PARAGRAPH_GAP = 0.25
"""What is added between two required texts, so that a wrapped line is not taken for a new one."""

_STEP = 0.1  # mm by which type shrinks until it fits


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """One line of text: `x` is its left end, `y` its baseline, in mm from the upper left corner, y down."""

    text: str
    x: float
    y: float
    size: float
    font: str
    width: float


@dataclass(frozen=True, slots=True)
class PlacedSymbol:
    """The symbol without its quiet zone: `x`, `y` is its corner, `module` the side of a module, in mm."""

    matrix: Matrix
    x: float
    y: float
    module: float

    def runs(self) -> list[tuple[float, float, float, float]]:
        """Rectangles (x, y, width, height) in mm, one for every run of dark modules in a row."""
        return [
            (self.x + start * self.module, self.y + row * self.module, length * self.module, self.module)
            for row, modules in enumerate(self.matrix)
            for start, length in _dark_runs(modules)
        ]


@dataclass(frozen=True, slots=True)
class Drawing:
    """One label, ready for any output. Width and height in mm."""

    width: float
    height: float
    symbol: PlacedSymbol
    lines: tuple[PlacedLine, ...]


def draw(content: LabelContent, template: Template | None = None) -> Drawing:
    """The drawing of one label on the template of its kind (or the given one).

    Raises NotUnderstood when a text does not fit or the font lacks a character, BrokenPromise when the symbol
    does not read back as the payload.
    """
    template = template or template_for(content.kind)
    matrix = symbol_for(content.payload)
    if len(matrix) + 2 * QUIET_ZONE != SYMBOL_MODULES:
        raise BrokenPromise(
            expected="a version-2 symbol",
            came=f"{len(matrix)} modules",
            do="print nothing; report this fault",
        )
    inset = QUIET_ZONE * template.module
    return Drawing(
        width=template.label.width,
        height=template.label.height,
        symbol=PlacedSymbol(matrix, template.symbol.x + inset, template.symbol.y + inset, template.module),
        lines=tuple(line for block in template.blocks for line in _set(block, _paragraphs(block, content))),
    )


def _paragraphs(block: Block, content: LabelContent) -> tuple[str, ...]:
    """The texts of a block, each beginning a line of its own."""
    if block.shows == "texts":
        return content.texts
    coi = content.payload.coi
    text = {
        "title": content.title(),
        "coi": coi.display() if coi else "NO COURSE",
        "serial": content.payload.serial.display(),
        "study": content.study,
        "site": content.site,
    }[block.shows]
    return (block.before + text,)


def _set(block: Block, paragraphs: tuple[str, ...]) -> list[PlacedLine]:
    """The lines of a block at the largest type that fits. Raises NotUnderstood when the least does not."""
    font = fonts.BOLD if block.bold else fonts.PLAIN
    for paragraph in paragraphs:
        fonts.refuse_unknown_characters(paragraph, font)
    for size in _sizes(block):
        lines = _placed(block.box, paragraphs, font=font, size=size)
        if all(_fits(line, block.box) for line in lines):
            return lines
    room = f"{block.box.width:g} x {block.box.height:g} mm"
    raise NotUnderstood(
        expected=f"{block.shows} that fits {room} in {block.least:g} mm type",
        came=f"'{safe_excerpt(' / '.join(paragraphs))}'",
        do="shorten it, or use a larger label",
    )


def _placed(box: Box, paragraphs: tuple[str, ...], *, font: str, size: float) -> list[PlacedLine]:
    """All lines from the top of the box down, whether they fit or not."""
    lines: list[PlacedLine] = []
    top = box.y
    for paragraph in paragraphs:
        for text in _wrapped(paragraph, font, width=box.width / size):
            across = fonts.width(text, font, size=size)
            lines.append(PlacedLine(text, box.x, top + fonts.ASCENT * size, size, font, across))
            top += LINE_HEIGHT * size
        top += PARAGRAPH_GAP * size
    return lines


def _fits(line: PlacedLine, box: Box) -> bool:
    bottom = line.y + (LINE_HEIGHT - fonts.ASCENT) * line.size
    return line.width <= box.width + 1e-6 and bottom <= box.y + box.height + 1e-6


def _sizes(block: Block) -> list[float]:
    """From the size wished for down to the least allowed, in mm."""
    steps = int((block.size - block.least) / _STEP + 1e-6)
    return [round(block.size - step * _STEP, 3) for step in range(steps + 1)] + [block.least]


def _wrapped(text: str, font: str, *, width: float) -> list[str]:
    """`text` broken at blanks, as few lines as do; `width` in type sizes. A word too long stands alone."""
    lines: list[str] = []
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and fonts.width(joined, font, size=1) <= width:
            lines[-1] = joined
        else:
            lines.append(word)
    return lines


def _dark_runs(modules: tuple[bool, ...]) -> list[tuple[int, int]]:
    """(start, length) of every run of dark modules in a row."""
    runs: list[tuple[int, int]] = []
    for place, dark in enumerate(modules):
        if dark and runs and sum(runs[-1]) == place:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        elif dark:
            runs.append((place, 1))
    return runs
