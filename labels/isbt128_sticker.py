"""A sticker with an ISBT 128 compound message in Data Matrix, to be put beside our own label. Off unless configured.

What configures it is the facility identification number that ICCBBA gave the facility: without one nothing is printed,
and with one nothing that names another facility. The sticker is no label of ours: it has no serial, is in no record,
and no scan of it is taken for a COI identifier. Knows no courses. Source: ISBT 128 Standard (ICCBBA), docs/identity.md.
"""

from __future__ import annotations

from typing import Final, assert_never

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import safe_excerpt
from coi_tracker.isbt128 import (
    SAMPLE_FACILITY,
    ChainOfIdentity,
    CompoundMessage,
    DonationNumber,
    Expiry,
    ProductCode,
    Structure,
)
from labels.content import MONTHS
from labels.layout import Drawing, PlacedSymbol
from labels.symbol import Symbology, checked_symbol
from labels.template import RESOLUTIONS, Block, Box, Part
from labels.typesetting import set_block

WIDTH: Final = 50.0
HEIGHT: Final = 25.0
MODULE: Final = 0.508
"""mm; 20 mil, in whole dots of each print head no less than 0.5."""

MOST_MODULES: Final = 36
"""Across, without the quiet zone: what the sticker has room for, some 80 characters."""

_SYMBOL: Final = Box(1.5, 1.5, 22.0, 22.0)
_WORDS: Final = Block("isbt128", Box(24.5, 2.5, 24.5, 20.0), size=2.3, least=1.6, bold=False, before="")


def sticker(message: CompoundMessage, *, facility: str, dpi: int) -> Drawing:
    """The drawing of a message. `facility`: the number this facility was given, or nothing when there is none.

    Raises NotUnderstood when ISBT 128 is off, the message is of another facility, or it is too long.
    """
    _refuse_other_facility(message, facility)
    matrix = checked_symbol(message.format(), Symbology.DATA_MATRIX)
    if len(matrix) > MOST_MODULES:
        raise NotUnderstood(
            expected=f"a message whose symbol has at most {MOST_MODULES} modules a side",
            came=f"{len(matrix)} modules",
            do="put fewer data structures into a message",
        )
    label = Box(0, 0, WIDTH, HEIGHT)
    sample = ("SAMPLE - NOT FOR USE",) if facility == SAMPLE_FACILITY else ()
    words = (*sample, *map(in_words, message.structures))
    lines = set_block(_WORDS, words)
    return Drawing(_code(message), WIDTH, HEIGHT, (_placed(matrix, dpi),), lines, (Part(label, round=False),), dpi)


def in_words(structure: Structure) -> str:
    """As it is printed for people."""
    match structure:
        case ChainOfIdentity():
            return f"CoI {structure.content()}"
        case DonationNumber():
            number = structure.number
            return f"DIN {number[:5]} {number[5:7]} {number[7:]} {structure.flags} check {structure.check()}"
        case ProductCode():
            return f"Product {structure.product}{structure.donation_type}{structure.division}"
        case Expiry():
            day = structure.day
            return f"EXP {day.day:02d} {MONTHS[day.month - 1]} {day.year} {structure.hour:02d}:{structure.minute:02d}"
        case _:
            assert_never(structure)


def _refuse_other_facility(message: CompoundMessage, facility: str) -> None:
    if not facility:
        raise NotUnderstood(
            expected="COI_ISBT128_FACILITY, the facility identification number that ICCBBA gave this facility",
            came="none, so ISBT 128 is off",
            do="register with ICCBBA before printing ISBT 128 codes (docs/labels.md)",
        )
    named = {_facility(one) for one in message.structures} - {""}
    if named - {facility}:
        raise NotUnderstood(
            expected=f"codes of facility {safe_excerpt(facility, 20)}",
            came=f"one of {sorted(named - {facility})[0]}",
            do="print codes of your own facility only",
        )


def _facility(structure: Structure) -> str:
    if isinstance(structure, ChainOfIdentity):
        return structure.facility
    return structure.number[:5] if isinstance(structure, DonationNumber) else ""


def _code(message: CompoundMessage) -> str:
    """What a job for a printer calls it."""
    codes = [one.number for one in message.structures if isinstance(one, DonationNumber)]
    return codes[0] if codes else "ISBT128"


def _placed(matrix: tuple[tuple[bool, ...], ...], dpi: int) -> PlacedSymbol:
    """In the middle of its place, in whole dots; the largest symbol leaves more than its quiet zone free."""
    per_mm = RESOLUTIONS[dpi]
    module = int(MODULE * per_mm + 0.01) / per_mm
    room = (_SYMBOL.width - len(matrix) * module) / 2
    x, y = (round((corner + room) * per_mm) / per_mm for corner in (_SYMBOL.x, _SYMBOL.y))
    return PlacedSymbol(matrix, x, y, module, module)
