"""Templates: where everything stands on the label of a kind, in millimetres. Knows no files and no content.

A value of these classes may be wrong; `template_check` says what is, and `template_file` reads no wrong one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from coi_tracker.errors import Misconfigured, NotUnderstood
from labels.kinds import LabelKind, is_container
from labels.symbol import QUIET_ZONES, Symbology

RESOLUTIONS: Final = {203: 8.0, 300: 300 / 25.4, 600: 600 / 25.4}
"""Dots per millimetre of the print heads there are, by the name they go by."""

MM_PER_MIL: Final = 0.0254

ON_CONTAINERS: Final = frozenset(
    {"title", "coi", "serial", "study", "site", "when", "expiry", "storage", "texts", "template"}
)
ON_THINGS: Final = frozenset({"title", "code", "site", "place", "template"})
SHOWS: Final = ON_CONTAINERS | ON_THINGS
"""What a block of a template can show."""

MAY_BE_LEFT_OUT: Final = frozenset({"when", "expiry", "storage", "place", "texts"})
"""What a template may do without, when it says so. A label that has such a value is then refused, not cut short."""

_MODULES: Final = {
    Symbology.QR: (29, 29),
    Symbology.DATA_MATRIX: (22, 16),
    Symbology.CODE_128: (167, 145),
}
"""Modules across of the largest symbol on a container's label and on a thing's: of a payload of 33 characters (Code
128: of a serial of 12) and of a code of 10."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in mm; x to the right and y down from the label's upper left corner."""

    x: float
    y: float
    width: float
    height: float

    def inside(self, other: Box) -> bool:
        """Whether it sticks out nowhere."""
        return (
            other.x - 1e-6 <= self.x
            and other.y - 1e-6 <= self.y
            and self.x + self.width <= other.x + other.width + 1e-6
            and self.y + self.height <= other.y + other.height + 1e-6
        )

    def overlaps(self, other: Box) -> bool:
        """Whether they share any area."""
        across = self.x < other.x + other.width - 1e-6 and other.x < self.x + self.width - 1e-6
        return across and self.y < other.y + other.height - 1e-6 and other.y < self.y + self.height - 1e-6


@dataclass(frozen=True, slots=True)
class Block:
    """A place for one text. Type is as large as fits, from `size` down to `least` (mm of the letter body)."""

    shows: str
    box: Box
    size: float
    least: float
    bold: bool
    before: str


@dataclass(frozen=True, slots=True)
class SymbolPlace:
    """A place for a symbol. `box` includes the quiet zone; `module` is the side of a module as it is wished for.

    `modules` is the number across without the quiet zone, `least_mil` what a module must have when it is printed.
    """

    symbology: Symbology
    box: Box
    module: float
    modules: int
    least_mil: float

    def module_at(self, dpi: int) -> float:
        """The side of a module in whole dots of that print head, in mm. Raises Misconfigured when it is too small."""
        per_mm = RESOLUTIONS[dpi]
        module = int(self.module * per_mm + 0.01) / per_mm
        if module < self.least_mil * MM_PER_MIL - 1e-9:
            raise Misconfigured(
                expected=f"modules of at least {self.least_mil:g} mil at {dpi} dpi",
                came=f"{module / MM_PER_MIL:.1f} mil in whole dots",
                do="give the symbol of this template more room, or use a finer print head",
            )
        return module


def symbol_place(symbology: Symbology, kind: LabelKind, at: tuple[float, float], module: float, **more: float) -> (
    SymbolPlace
):  # fmt: skip
    """A symbol with its upper left corner, quiet zone included, at `at`. `more`: least_mil; height of a linear one."""
    modules = _MODULES[symbology][0 if is_container(kind) else 1]
    across = (modules + 2 * QUIET_ZONES[symbology]) * module
    box = Box(*at, across, more.get("height", across))
    return SymbolPlace(symbology, box, module, modules, more["least_mil"])


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the label that comes off its liner by itself: the wrap and the dot for the cap of a vial."""

    box: Box
    round: bool


@dataclass(frozen=True, slots=True)
class Template:
    """The look of one kind of label. The first symbol is the one that is scanned; others are copies for other needs.

    `texts_most` and `texts_characters` are how many required texts it has room for, and of what length together.
    """

    kind: LabelKind
    version: int
    label: Box
    symbols: tuple[SymbolPlace, ...]
    blocks: tuple[Block, ...]
    parts: tuple[Part, ...]
    without: frozenset[str]
    texts_most: int
    texts_characters: int

    def name(self) -> str:
        """As it stands on the label: whoever holds one can tell which template it was printed with."""
        return f"{self.kind.value} v{self.version}"

    def shown(self) -> set[str]:
        """What its blocks show."""
        return {block.shows for block in self.blocks}

    def with_symbology(self, symbology: Symbology) -> Template:
        """The same template with its first symbol written in another symbology, in the same square.

        Raises NotUnderstood when that needs another shape or modules smaller than the template allows.
        """
        first, *others = self.symbols
        if first.symbology is symbology:
            return self
        if Symbology.CODE_128 in (symbology, first.symbology):
            raise _no_room(self, symbology, "a square place for it")
        modules = _MODULES[symbology][0 if is_container(self.kind) else 1]
        module = first.box.width / (modules + 2 * QUIET_ZONES[symbology])
        changed = replace(first, symbology=symbology, module=module, modules=modules)
        if module < first.least_mil * MM_PER_MIL:
            raise _no_room(self, symbology, f"a square too small for modules of {first.least_mil:g} mil")
        return replace(self, symbols=(changed, *others))


def _no_room(template: Template, symbology: Symbology, came: str) -> NotUnderstood:
    return NotUnderstood(
        expected=f"a symbology that the template of {template.kind} has room for, not {symbology}",
        came=came,
        do="keep the symbology of the template, or change the template",
    )
