"""From a payload to the modules of a symbol, read back before it is given out.

Knows no sizes and no colours: a matrix holds dark (True) and light (False) modules without the quiet zone; a linear
symbol is a matrix of one row. Sources: ISO/IEC 18004 (QR), 16022 (Data Matrix), 15417 (Code 128).

Who writes and who reads is never the same code. `qrcode` writes QR, and zxing-cpp reads it. zxing-cpp writes the
other two with the zint that is built into it; its own reader reads them from a picture, and `plain_reading`, which
shares nothing with that library, reads them module by module.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

import zxingcpp
from PIL import Image
from qrcode.constants import ERROR_CORRECT_H
from qrcode.exceptions import DataOverflowError
from qrcode.main import QRCode

from coi_tracker.errors import BrokenPromise, NotUnderstood
from coi_tracker.identity import ScanPayload, safe_excerpt
from labels.kinds import Payload
from labels.plain_reading import Matrix, Unreadable, read_code_128, read_data_matrix


class Symbology(StrEnum):
    """What a symbol is written in."""

    QR = "qr"
    DATA_MATRIX = "data_matrix"
    CODE_128 = "code_128"


QUIET_ZONES: Final = {Symbology.QR: 4, Symbology.DATA_MATRIX: 2, Symbology.CODE_128: 10}
"""Modules of white around a symbol. The standards ask for 4, 1 and 10 (Code 128: left and right)."""

QUIET_ZONE = QUIET_ZONES[Symbology.QR]

_LEAST_VERSION = 3  # in smaller ones the finder patterns take so much of the area that most blots hit one
_PIXELS = 4
_LINE_ROWS = 8  # how often the row of a linear symbol is repeated in the picture that is read back
_FORMATS: Final = {
    Symbology.QR: zxingcpp.BarcodeFormat.QRCode,
    Symbology.DATA_MATRIX: zxingcpp.BarcodeFormat.DataMatrix,
    Symbology.CODE_128: zxingcpp.BarcodeFormat.Code128,
}
_PLAIN_READERS: Final = {Symbology.DATA_MATRIX: read_data_matrix, Symbology.CODE_128: read_code_128}


def qr_matrix(text: str) -> Matrix:
    """A QR code of level H for `text` (decision 0122), of version 3 or more, with the best mask. Not yet checked."""
    code: QRCode[object] = QRCode(version=_LEAST_VERSION, error_correction=ERROR_CORRECT_H, border=0)
    try:
        code.add_data(text)
        code.make(fit=True)
    except (DataOverflowError, ValueError) as overflow:
        raise _too_long("a QR code", text) from overflow
    return tuple(tuple(bool(module) for module in row) for row in code.get_matrix())


def data_matrix(text: str) -> Matrix:
    """The smallest square Data Matrix (ECC 200) for `text`. Not yet checked."""
    return _written(text, Symbology.DATA_MATRIX, force_square=True)


def code_128_matrix(text: str) -> Matrix:
    """Code 128 of `text`, one row. Not yet checked."""
    return _written(text, Symbology.CODE_128)[:1]


_WRITERS: Final[dict[Symbology, Callable[[str], Matrix]]] = {
    Symbology.QR: qr_matrix,
    Symbology.DATA_MATRIX: data_matrix,
    Symbology.CODE_128: code_128_matrix,
}


def text_of(payload: Payload, symbology: Symbology = Symbology.QR) -> str:
    """What a symbol says. Code 128 holds the serial alone: with the identifier it would be over 10 cm wide."""
    if symbology is Symbology.CODE_128 and isinstance(payload, ScanPayload):
        return payload.serial.text
    return str(payload)


def symbol_for(
    payload: Payload, symbology: Symbology = Symbology.QR, *, writer: Callable[[str], Matrix] | None = None
) -> Matrix:
    """The checked symbol of a label. Raises BrokenPromise when it does not read back as what was meant."""
    return checked_symbol(text_of(payload, symbology), symbology, writer=writer)


def checked_symbol(
    text: str, symbology: Symbology = Symbology.QR, *, writer: Callable[[str], Matrix] | None = None
) -> Matrix:
    """The symbol of any ASCII text, read back. Raises NotUnderstood for other text, BrokenPromise as `symbol_for`."""
    if not text or not text.isascii():
        raise _too_long("a symbol, with at least one ASCII character", text)
    matrix = (writer or _WRITERS[symbology])(text)
    decode_check(matrix, text, symbology=symbology)
    return matrix


def decode_check(matrix: Matrix, text: str, *, symbology: Symbology = Symbology.QR) -> None:
    """Reads it with decoders that did not write it. Raises BrokenPromise unless all say `text`, byte for byte."""
    formats = zxingcpp.BarcodeFormats(_FORMATS[symbology])
    # Not made smaller: of bars at a pixel and a third zxing-cpp 3.1 makes a second text now and then (1 to 3 of 1 000).
    found = zxingcpp.read_barcodes(_picture(matrix, symbology), formats=formats, try_downscale=False)
    read = [bytes(one.bytes) for one in found]
    if read != [text.encode("ascii")]:
        came = " and ".join(f"'{safe_excerpt(one)}'" for one in read)
        raise _misread(text, came or "a symbol that cannot be read")
    if (plain := _PLAIN_READERS.get(symbology)) is not None:
        _refuse_other_plain_reading(plain, matrix, text)


def _refuse_other_plain_reading(plain: Callable[[Matrix], str], matrix: Matrix, text: str) -> None:
    try:
        read = plain(matrix)
    except Unreadable as fault:
        raise _misread(text, f"a symbol with a fault: {fault}") from fault
    if read != text:
        raise _misread(text, f"'{safe_excerpt(read)}'")


def _written(text: str, symbology: Symbology, **options: bool) -> Matrix:
    try:
        symbol = zxingcpp.create_barcode(text, _FORMATS[symbology], **options)
        picture: Any = symbol.to_image(scale=1, add_quiet_zones=False)
    except (ValueError, RuntimeError) as overflow:
        raise _too_long(f"a {symbology.value} symbol", text) from overflow
    rows: Any = memoryview(picture).tolist()
    return tuple(tuple(pixel < 128 for pixel in row) for row in rows)


def _picture(matrix: Matrix, symbology: Symbology) -> Image.Image:
    """Black on white with its quiet zone, four pixels a module."""
    zone = QUIET_ZONES[symbology]
    rows = matrix * _LINE_ROWS if len(matrix) == 1 else matrix
    modules = Image.frombytes("L", (len(rows[0]), len(rows)), bytes(0 if dark else 255 for row in rows for dark in row))
    picture = Image.new("L", (modules.width + 2 * zone, modules.height + 2 * zone), 255)
    picture.paste(modules, (zone, zone))
    return picture.resize((picture.width * _PIXELS, picture.height * _PIXELS), Image.Resampling.NEAREST)


def _too_long(what: str, text: str) -> NotUnderstood:
    return NotUnderstood(expected=f"a text that fits {what}", came=f"{len(text)} characters", do="encode less")


def _misread(text: str, came: str) -> BrokenPromise:
    return BrokenPromise(
        expected=f"a symbol that reads '{safe_excerpt(text)}'",
        came=came,
        do="print nothing; report this fault with the text of the symbol",
    )
