"""Puts content on a template: the result is a drawing in millimetres that every output follows exactly.

Every symbol has been read back when a drawing exists. Text that does not fit is refused, never clipped.
"""

from __future__ import annotations

from dataclasses import dataclass

from coi_tracker.errors import BrokenPromise, NotUnderstood
from coi_tracker.identity import ScanPayload
from labels.content import NO_COURSE, LabelContent
from labels.kinds import Payload
from labels.plain_reading import Matrix
from labels.symbol import symbol_for
from labels.template import RESOLUTIONS, Block, Part, SymbolPlace, Template
from labels.template_file import template_for
from labels.typesetting import PlacedLine, set_block

DPI = 300
"""Whose whole dots a drawing has when nothing else is said."""


@dataclass(frozen=True, slots=True)
class PlacedSymbol:
    """The symbol without its quiet zone: `x`, `y` is its corner, `module` the side of a module, in mm.

    `row` is the height of a row: a module, or the height of the bars of a linear symbol.
    """

    matrix: Matrix
    x: float
    y: float
    module: float
    row: float

    def runs(self) -> list[tuple[float, float, float, float]]:
        """Rectangles (x, y, width, height) in mm, one for every run of dark modules in a row."""
        return [
            (self.x + start * self.module, self.y + row * self.row, length * self.module, self.row)
            for row, modules in enumerate(self.matrix)
            for start, length in _dark_runs(modules)
        ]


@dataclass(frozen=True, slots=True)
class Drawing:
    """One label, ready for any output. Width and height in mm; `code` is the serial (or the code of a thing)."""

    code: str
    width: float
    height: float
    symbols: tuple[PlacedSymbol, ...]
    lines: tuple[PlacedLine, ...]
    parts: tuple[Part, ...]
    dpi: int


def draw(content: LabelContent, template: Template | None = None, *, dpi: int = DPI) -> Drawing:
    """The drawing of one label on the template of its kind (or the given one), with modules of whole dots at `dpi`.

    Raises NotUnderstood when a text does not fit, no face has a character or the print head is unknown, Misconfigured
    when modules would be too small, BrokenPromise when a symbol does not read back as the payload.
    """
    template = template or template_for(content.kind)
    if dpi not in RESOLUTIONS:
        raise NotUnderstood(
            expected=f"a print head of {', '.join(map(str, RESOLUTIONS))} dpi",
            came=f"{dpi}",
            do="choose one of these",
        )
    _refuse_other_kind(content, template)
    _refuse_what_has_no_place(content, template)
    return Drawing(
        code=_code(content.payload),
        width=template.label.width,
        height=template.label.height,
        symbols=tuple(_placed(place, content, dpi=dpi) for place in template.symbols),
        lines=tuple(
            line for block in template.blocks for line in set_block(block, _paragraphs(block, content, template))
        ),
        parts=template.parts,
        dpi=dpi,
    )


def _code(payload: Payload) -> str:
    return payload.serial.text if isinstance(payload, ScanPayload) else payload.text


def _refuse_other_kind(content: LabelContent, template: Template) -> None:
    if template.kind.value != content.kind.value:
        raise NotUnderstood(
            expected=f"the template of {content.kind}",
            came=f"that of {template.kind}",
            do="use the template of this kind",
        )


def _refuse_what_has_no_place(content: LabelContent, template: Template) -> None:
    """A value that the template does not show would vanish silently: it is refused, and so is a missing one."""
    shown = template.shown()
    for name in ("study", "when", "expiry", "storage", "place", "texts"):
        if content.says(name) and name not in shown:
            raise NotUnderstood(
                expected=f"no {name} on a {template.kind} label, whose template has no place for it",
                came=f"'{content.says(name)[0][:40]}'",
                do="leave it out, or change the template",
            )
    if "study" in shown and content.study is None:
        raise NotUnderstood(expected=f"the study of a {template.kind}", came="none", do="name the study")
    characters = sum(map(len, content.texts))
    if content.texts and (len(content.texts) > template.texts_most or characters > template.texts_characters):
        raise NotUnderstood(
            expected=f"at most {template.texts_most} texts of together {template.texts_characters} characters on a"
            f" {template.kind} label",
            came=f"{len(content.texts)} of {characters}",
            do="shorten them, or use a larger label",
        )


def _paragraphs(block: Block, content: LabelContent, template: Template) -> tuple[str, ...]:
    """The texts of a block, each beginning a line of its own."""
    if block.shows == "template":
        return (template.name(),)
    said = content.says(block.shows)
    return said if said == (NO_COURSE,) else tuple(block.before + text for text in said)


def _placed(place: SymbolPlace, content: LabelContent, *, dpi: int) -> PlacedSymbol:
    """The symbol in the middle of its place, on whole dots."""
    matrix = symbol_for(content.payload, place.symbology)
    if len(matrix[0]) > place.modules:
        raise BrokenPromise(
            expected=f"a symbol of at most {place.modules} modules",
            came=f"{len(matrix[0])} modules",
            do="print nothing; report this fault",
        )
    module, per_mm = place.module_at(dpi), RESOLUTIONS[dpi]
    row = module if len(matrix) > 1 else int(place.box.height * per_mm) / per_mm
    x = place.box.x + (place.box.width - len(matrix[0]) * module) / 2
    y = place.box.y + (place.box.height - len(matrix) * row) / 2
    return PlacedSymbol(matrix, round(x * per_mm) / per_mm, round(y * per_mm) / per_mm, module, row)


def _dark_runs(modules: tuple[bool, ...]) -> list[tuple[int, int]]:
    """(start, length) of every run of dark modules in a row."""
    runs: list[tuple[int, int]] = []
    for place, dark in enumerate(modules):
        if dark and runs and sum(runs[-1]) == place:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        elif dark:
            runs.append((place, 1))
    return runs
