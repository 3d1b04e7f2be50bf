"""Reads templates from TOML, in millimetres, and refuses the wrong ones with their file and fault. Knows no content."""

from __future__ import annotations

import math
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from coi_tracker.errors import Misconfigured
from coi_tracker.vocabulary import ContainerKind
from labels.kinds import LabelKind
from labels.symbol import Symbology
from labels.template import Block, Box, Part, SymbolPlace, Template, symbol_place
from labels.template_check import faults

FOLDER = Path(__file__).parent / "templates"
DEFAULT_LEAST_MIL = 9.8
"""0.25 mm: smaller modules are beyond a 203 dpi printer and many scanners."""

_KEYS = {"kind", "version", "size_mm", "symbol", "block", "part", "without", "texts_most", "texts_characters"}


@cache
def template_for(kind: LabelKind | ContainerKind) -> Template:
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
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _wrong(path, "the keys that docs/labels.md lists, with numbers in mm", repr(error)) from error
    for fault in faults(template):
        raise _wrong(path, "a template that can be printed", fault)
    return template


def _template(table: dict[str, Any]) -> Template:
    _only(table, _KEYS)
    kind = LabelKind(table["kind"])
    wide, high = map(_length, table["size_mm"])
    label = Box(0, 0, wide, high)
    parts = tuple(map(_part, table.get("part", ()))) or (Part(label, round=False),)
    return Template(
        kind=kind,
        version=_count(table["version"]),
        label=label,
        symbols=tuple(_symbol(one, kind) for one in table["symbol"]),
        blocks=tuple(map(_block, table["block"])),
        parts=parts,
        without=frozenset(map(str, table.get("without", ()))),
        texts_most=_count(table.get("texts_most", 0)),
        texts_characters=_count(table.get("texts_characters", 0)),
    )


def _symbol(table: dict[str, Any], kind: LabelKind) -> SymbolPlace:
    _only(table, {"holds", "at_mm", "module_mm", "height_mm", "least_mil"})
    symbology = Symbology(table.get("holds", "qr"))
    if ("height_mm" in table) != (symbology is Symbology.CODE_128):
        raise ValueError("height_mm is given for code_128, and for no other symbol")
    more = {"least_mil": _length(table.get("least_mil", DEFAULT_LEAST_MIL))}
    if "height_mm" in table:
        more["height"] = _length(table["height_mm"])
    x, y = map(_length, table["at_mm"])
    return symbol_place(symbology, kind, (x, y), _length(table["module_mm"]), **more)


def _part(table: dict[str, Any]) -> Part:
    _only(table, {"box_mm", "round"})
    return Part(Box(*map(_length, table["box_mm"])), bool(table.get("round", False)))


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


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is not a whole number")
    return value


def _wrong(path: Path, expected: str, came: str) -> Misconfigured:
    return Misconfigured(expected=expected, came=f"{path.name}: {came}", do="correct this template file")
