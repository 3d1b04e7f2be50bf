"""Drawings as ZPL II, the language of Zebra printers and of those that understand it. Knows no content.

A label is sent as one picture (`^GFA`, compressed), not as text and bar code commands. So what prints is, dot for dot,
what was read back and measured, in any script and whatever fonts a printer has; and nothing that anybody wrote becomes
part of the stream, so that a site called `^XZ~JR` is only an odd name (decision 0121). The one word sent as text is
the serial, in a comment: for whoever looks at a job, and for a virtual printer.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from PIL import Image

from coi_tracker.errors import BrokenPromise
from labels.layout import Drawing
from labels.raster import black_and_white, dots_of

MOST_BYTES: Final = 24_000
"""Of one `^GF`, unpacked. The language allows 99 999, and a label at 600 dpi has more."""

_SAFE = re.compile(r"[0-9A-Z]{1,20}")


def zpl_of(drawings: Iterable[Drawing]) -> bytes:
    """A job: one format (`^XA` to `^XZ`) a label, ASCII only. Drawings are taken one by one."""
    return b"".join(formats(drawings))


def formats(drawings: Iterable[Drawing]) -> Iterator[bytes]:
    """One label after another, for a sender that wants to stop between two."""
    for drawing in drawings:
        yield _format(drawing)


def _format(drawing: Drawing) -> bytes:
    """Sets what an earlier job may have left behind: home, shift, orientation, mirror, reverse."""
    if not _SAFE.fullmatch(drawing.code):
        raise BrokenPromise(
            expected="a code of capitals and digits", came=repr(drawing.code[:40]), do="report this fault"
        )
    picture = black_and_white(dots_of(drawing), ink=1)
    head = f"^XA^FX{drawing.code}^FS^PW{picture.width}^LL{picture.height}^LH0,0^LS0^LT0^PON^PMN^LRN"
    return f"{head}{''.join(_bands(picture))}^XZ\n".encode("ascii")


def _bands(picture: Image.Image) -> Iterator[str]:
    """The label in strips from top to bottom, without those that are white."""
    rows = max(1, MOST_BYTES // _across(picture))
    for top in range(0, picture.height, rows):
        band = picture.crop((0, top, picture.width, min(top + rows, picture.height)))
        if band.getbbox() is not None:
            yield f"^FO0,{top}{_graphic(band)}^FS"


def _graphic(picture: Image.Image) -> str:
    """`^GFA` with Z64: zlib, base64, and a CRC-16 (CCITT, from 0) that makes the printer refuse what was damaged."""
    dots = picture.tobytes()
    packed = base64.b64encode(zlib.compress(dots, 4))
    crc = binascii.crc_hqx(packed, 0)
    return f"^GFA,{len(dots)},{len(dots)},{_across(picture)},:Z64:{packed.decode('ascii')}:{crc:04X}"


def _across(picture: Image.Image) -> int:
    """Bytes of a row."""
    return (picture.width + 7) // 8
