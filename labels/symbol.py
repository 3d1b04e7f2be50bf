"""From the text of a payload to the modules of a QR code, read back before it is given out.

Knows no sizes and no colours: a matrix holds dark (True) and light (False) modules without the quiet zone.
Source: ISO/IEC 18004; the reader (zxing-cpp) is other code than the writer (qrcode).
"""

from __future__ import annotations

from collections.abc import Callable

import zxingcpp
from PIL import Image
from qrcode.constants import ERROR_CORRECT_M
from qrcode.exceptions import DataOverflowError
from qrcode.main import QRCode

from coi_tracker.errors import BrokenPromise, NotUnderstood
from coi_tracker.identity import ScanPayload, safe_excerpt

Matrix = tuple[tuple[bool, ...], ...]
"""Rows of modules, top row first."""

QUIET_ZONE = 4
"""Modules of white on every side. ISO/IEC 18004 asks for four."""

_PIXELS = 4
_QR_ONLY = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


def qr_matrix(text: str) -> Matrix:
    """The smallest QR code at level M for `text`, with the mask of the lowest penalty. Not yet checked."""
    code: QRCode[object] = QRCode(error_correction=ERROR_CORRECT_M, border=0)
    try:
        code.add_data(text)
        code.make(fit=True)
    except (DataOverflowError, ValueError) as overflow:
        raise NotUnderstood(
            expected="a text that fits a QR code", came=f"{len(text)} characters", do="encode less"
        ) from overflow
    return tuple(tuple(bool(module) for module in row) for row in code.get_matrix())


def symbol_for(payload: ScanPayload, *, writer: Callable[[str], Matrix] = qr_matrix) -> Matrix:
    """The checked symbol of a label. Raises BrokenPromise when it does not read back as what was meant."""
    text = payload.format()
    matrix = writer(text)
    decode_check(matrix, text)
    return matrix


def decode_check(matrix: Matrix, text: str) -> None:
    """Reads it with the independent decoder. Raises BrokenPromise unless it says `text`, byte for byte."""
    found = zxingcpp.read_barcodes(_picture(matrix), formats=_QR_ONLY)
    read = [bytes(one.bytes) for one in found]
    if read != [text.encode("ascii")]:
        raise BrokenPromise(
            expected=f"a symbol that reads '{safe_excerpt(text)}'",
            came=f"'{safe_excerpt(read[0])}'" if read else "a symbol that cannot be read",
            do="print nothing; report this fault with the text of the symbol",
        )


def _picture(matrix: Matrix) -> Image.Image:
    """Black on white with its quiet zone, four pixels a module."""
    side = len(matrix) + 2 * QUIET_ZONE
    picture = Image.new("L", (side, side), 255)
    for row, modules in enumerate(matrix):
        for column, dark in enumerate(modules):
            if dark:
                picture.putpixel((column + QUIET_ZONE, row + QUIET_ZONE), 0)
    return picture.resize((side * _PIXELS, side * _PIXELS), Image.Resampling.NEAREST)
