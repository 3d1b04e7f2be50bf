"""What goes to a printer is a picture between fixed commands: nothing that anybody wrote can become a command."""

from __future__ import annotations

import base64
import binascii
import re
import zlib

import pytest

from coi_tracker.errors import BrokenPromise
from labels.kinds import LabelKind
from labels.layout import Drawing, draw
from labels.raster import black_and_white, dots_of
from labels.template import RESOLUTIONS
from labels.zpl import MOST_BYTES, formats, zpl_of
from tests.unit.labels import sample

pytestmark = pytest.mark.requirement("COI-LABEL-10")

HEAD = r"\^XA\^FX[0-9A-Z]+\^FS\^PW\d+\^LL\d+\^LH0,0\^LS0\^LT0\^PON\^PMN\^LRN"
BAND = r"\^FO0,\d+\^GFA,(\d+),\1,\d+,:Z64:([A-Za-z0-9+/=]+):([0-9A-F]{4})\^FS"
NASTY = ["^XZ~JR", "~JA", "^XA^IDR:*.*^FS^XZ", "_5EXZ", "\\^FX", "a^CC+b", "~CT^", "^GFA,1,1,1,:Z64:", "%0D^XZ"]


@pytest.mark.parametrize("text", NASTY)
def test_a_command_in_a_name_is_only_printed(text: str) -> None:
    for changes in ({"site": text}, {"study": text}, {"texts": (text,)}, {"storage": text}, {"done": text[:16]}):
        zpl = zpl_of([draw(sample.content(**changes))]).decode("ascii")
        assert re.fullmatch(rf"{HEAD}(?:{BAND})+\^XZ\n", zpl)
        assert text not in zpl


def test_a_drawing_whose_code_is_no_code_is_not_sent() -> None:
    drawing = draw(sample.content())
    for code in ("", "^XZ", "LB4T0XW691RD^FS", "lb4t", "L\n"):
        fields = {name: getattr(drawing, name) for name in Drawing.__slots__}
        with pytest.raises(BrokenPromise, match="capitals and digits"):
            zpl_of([Drawing(**{**fields, "code": code})])


@pytest.mark.parametrize("dpi", RESOLUTIONS)
@pytest.mark.parametrize("kind", LabelKind)
def test_bands_hold_exactly_the_dots_and_their_check(kind: LabelKind, dpi: int) -> None:
    drawing = draw(sample.content(kind), dpi=dpi)
    meant = black_and_white(dots_of(drawing))
    across, dots = (meant.width + 7) // 8, bytearray(((meant.width + 7) // 8) * meant.height)
    zpl = zpl_of([drawing]).decode("ascii")
    for found in re.finditer(r"\^FO0,(\d+)" + BAND.replace(r"\^FO0,\d+", "").replace(r"\1", r"\2"), zpl):
        top, size, packed, crc = found.groups()
        assert int(size) <= MOST_BYTES
        assert f"{binascii.crc_hqx(packed.encode(), 0):04X}" == crc
        unpacked = zlib.decompress(base64.b64decode(packed))
        assert len(unpacked) == int(size)
        dots[int(top) * across : int(top) * across + len(unpacked)] = unpacked
    last = (1 << (-meant.width % 8)) - 1
    white = bytes(byte ^ 0xFF for byte in meant.tobytes())
    cleared = bytes(byte & ~last & 0xFF if place % across == across - 1 else byte for place, byte in enumerate(white))
    assert bytes(dots) == cleared


def test_a_job_has_one_format_a_label_with_the_serial_as_its_only_text() -> None:
    contents = [sample.content(seed=seed) for seed in range(5)]
    job = list(formats(map(draw, contents)))
    assert zpl_of(map(draw, contents)) == b"".join(job)
    serials = [re.findall(rb"\^FX([0-9A-Z]+)\^FS", one) for one in job]
    assert serials == [[content.payload.serial.text.encode()] for content in contents]  # type: ignore[union-attr]
