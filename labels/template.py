"""Templates: where everything stands on the label of a kind of container, read from TOML, in millimetres.

A template is checked when it is read: all inside the label, nothing over anything else. Knows no content.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

from coi_tracker.errors import Misconfigured, NotUnderstood
from coi_tracker.vocabulary import ContainerKind

FOLDER = Path(__file__).parent / "templates"
SHOWS = frozenset({"title", "coi", "serial", "study", "site", "texts"})
"""What a block of a template can show; every template shows all of them."""

SMALLEST_TYPE = 1.2
"""mm. Smaller type is not legible on a label held in the hand."""

SMALLEST_MODULE = 0.25
"""mm (10 mil). Smaller modules are beyond a 203 dpi printer and many scanners."""

SYMBOL_MODULES = 33
"""A version-2 QR code is 25 modules wide and has four of white on each side."""


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
            other.x <= self.x
            and other.y <= self.y
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
class Template:
    """The look of one kind of label. `symbol` includes the quiet zone, `module` is the side of a module."""

    kind: ContainerKind
    version: int
    label: Box
    symbol: Box
    module: float
    blocks: tuple[Block, ...]


@cache
def template_for(kind: ContainerKind) -> Template:
    """The template in use. Raises Misconfigured when its file is missing or wrong."""
    return read_template(FOLDER / f"{kind.value}.toml")


def read_template(path: Path) -> Template:
    """Reads and checks one template file. Raises Misconfigured with the file and the key."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _wrong(path, "a template file in TOML", f"{error}") from error
    try:
        template = _template(table)
    except (KeyError, TypeError, ValueError) as error:
        raise _wrong(path, "the keys that docs/labels.md lists, with numbers in mm", repr(error)) from error
    for fault in _faults(template):
        raise _wrong(path, "a template that can be printed", fault)
    return template


def kind_named(word: str) -> ContainerKind:
    """The kind of container a word stands for. Raises NotUnderstood with the words there are."""
    try:
        return ContainerKind(word)
    except ValueError as error:
        raise NotUnderstood(
            expected=f"a kind of label: {', '.join(ContainerKind)}",
            came=f"'{word[:40]}'",
            do="choose one of these",
        ) from error


def _template(table: dict[str, Any]) -> Template:
    _only(table, {"kind", "version", "size_mm", "symbol", "block"})
    _only(table["symbol"], {"at_mm", "module_mm"})
    wide, high = map(_length, table["size_mm"])
    x, y = map(_length, table["symbol"]["at_mm"])
    module = _length(table["symbol"]["module_mm"])
    return Template(
        kind=ContainerKind(table["kind"]),
        version=int(table["version"]),
        label=Box(0, 0, wide, high),
        symbol=Box(x, y, module * SYMBOL_MODULES, module * SYMBOL_MODULES),
        module=module,
        blocks=tuple(map(_block, table["block"])),
    )


def _block(table: dict[str, Any]) -> Block:
    _only(table, {"shows", "box_mm", "type_mm", "least_mm", "bold", "before"})
    size = _length(table["type_mm"])
    return Block(
        shows=str(table["shows"]),
        box=Box(*map(_length, table["box_mm"])),
        size=size,
        least=_length(table.get("least_mm", size)),
        bold=bool(table.get("bold", False)),
        before=str(table.get("before", "")),
    )


def _only(table: dict[str, Any], known: set[str]) -> None:
    unknown = set(table) - known
    if unknown:
        raise ValueError(f"unknown key {sorted(unknown)[0]!r}")


def _length(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ValueError(f"{value!r} is not a length in mm")
    return float(value)


def _faults(template: Template) -> list[str]:
    """Everything that is wrong with the geometry, as phrases."""
    places = {"symbol": template.symbol} | {block.shows: block.box for block in template.blocks}
    faults = [f"{name} sticks out of the label" for name, box in places.items() if not box.inside(template.label)]
    faults += [
        f"{one} and {other} overlap" for one, other in combinations(places, 2) if places[one].overlaps(places[other])
    ]
    if set(places) - {"symbol"} != SHOWS or len(template.blocks) != len(SHOWS):
        faults.append(f"blocks for {sorted(set(places) - {'symbol'})} instead of {sorted(SHOWS)}, each once")
    if template.module < SMALLEST_MODULE:
        faults.append(f"modules of {template.module} mm, under {SMALLEST_MODULE}")
    small = [block.shows for block in template.blocks if not SMALLEST_TYPE <= block.least <= block.size]
    return faults + [f"type of {name} under {SMALLEST_TYPE} mm, or least_mm over type_mm" for name in small]


def _wrong(path: Path, expected: str, came: str) -> Misconfigured:
    return Misconfigured(expected=expected, came=f"{path.name}: {came}", do="correct this template file")
