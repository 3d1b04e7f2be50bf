"""How many codewords of a square symbol dirt has spoiled, counted module by module: what an ideal reader would face.

A real reader has to find the symbol first. The difference between the two tells whether error correction or finding
is what fails. For the figures of docs/label_wear.md; knows no reader.
"""

from __future__ import annotations

from functools import cache

from PIL import Image
from qrcode.constants import ERROR_CORRECT_H
from qrcode.main import QRCode

from labels.plain_reading import codeword_places
from labels.symbol import Symbology
from tests.labels.wear import Shot

MENDED = {Symbology.QR: 22, Symbology.DATA_MATRIX: 10}
"""Codewords that error correction mends, of 70 (version 3, level H: 11 in each of two blocks) and of 50 (22 x 22)."""

SIDE = {Symbology.QR: 29, Symbology.DATA_MATRIX: 22}


def lost(shot: Shot, picture: Image.Image, symbology: Symbology) -> int:
    """Codewords of which a module is another one on the worn picture than on the clean one."""
    side = SIDE[symbology]
    clean, worn = _modules(shot, shot.picture, side), _modules(shot, picture, side)
    return sum(any(clean[place] != worn[place] for place in places) for places in _places(symbology))


def count(symbology: Symbology) -> int:
    return len(_places(symbology))


def _modules(shot: Shot, picture: Image.Image, side: int) -> dict[tuple[int, int], bool]:
    """Each module by row and column, judged by its middle."""
    left, top, right, _ = shot.symbol
    module = (right - left) / side
    dark = picture.point([255] * 128 + [0] * 128).load()
    assert dark is not None
    return {
        (row, column): bool(dark[int(left + (column + 0.5) * module), int(top + (row + 0.5) * module)])
        for row in range(side)
        for column in range(side)
    }


@cache
def _places(symbology: Symbology) -> list[list[tuple[int, int]]]:
    if symbology is Symbology.DATA_MATRIX:
        return [[(row + 1, column + 1) for row, column in places] for places in codeword_places(20)]
    free = _free_of_a_qr_code()
    return [free[start : start + 8] for start in range(0, len(free) - 7, 8)]


def _free_of_a_qr_code() -> list[tuple[int, int]]:
    """Modules of a version-3 code that hold data, in their order: two columns wide, up and down from the right."""
    side = SIDE[Symbology.QR]
    code: QRCode[object] = QRCode(version=3, error_correction=ERROR_CORRECT_H, border=0)
    code.modules, code.modules_count = [[None] * side for _ in range(side)], side
    for corner in ((0, 0), (side - 7, 0), (0, side - 7)):
        code.setup_position_probe_pattern(*corner)
    code.setup_position_adjust_pattern()
    code.setup_timing_pattern()
    code.setup_type_info(True, 0)
    pairs = [*range(side - 1, 6, -2), 5, 3, 1]
    walk = [
        (side - 1 - step if nth % 2 == 0 else step, column - beside)
        for nth, column in enumerate(pairs)
        for step in range(side)
        for beside in (0, 1)
    ]
    return [(row, column) for row, column in walk if code.modules[row][column] is None]
