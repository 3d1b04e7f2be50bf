"""Decoders of other families agree with the one we use: libdmtx for Data Matrix, ZBar for bars and QR codes.

Not at run time: pylibdmtx drops the separator that GS1 texts need, and both want libraries of the system.
"""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

from labels.symbol import QUIET_ZONES, Symbology, symbol_for, text_of
from tests.unit.labels import sample

pytestmark = pytest.mark.requirement("COI-LABEL-03", "COI-LABEL-04")


def picture_of(symbology: Symbology, *, seed: int) -> Image.Image:
    matrix, zone = symbol_for(sample.payload(seed), symbology), QUIET_ZONES[symbology]
    rows = matrix * 40 if len(matrix) == 1 else matrix
    modules = Image.frombytes("L", (len(rows[0]), len(rows)), bytes(0 if dark else 255 for row in rows for dark in row))
    picture = Image.new("L", (modules.width + 2 * zone, modules.height + 2 * zone), 255)
    picture.paste(modules, (zone, zone))
    return picture.resize((picture.width * 5, picture.height * 5), Image.Resampling.NEAREST)


def decoder(name: str) -> Any:
    """The module, or a skip when it, or the library of the system under it, is not here."""
    return pytest.importorskip(name, exc_type=ImportError)


@pytest.mark.parametrize("seed", range(20))
def test_libdmtx_reads_the_same(seed: int) -> None:
    pylibdmtx = decoder("pylibdmtx.pylibdmtx")
    found = pylibdmtx.decode(picture_of(Symbology.DATA_MATRIX, seed=seed), timeout=5000, max_count=1)
    assert [one.data.decode() for one in found] == [text_of(sample.payload(seed), Symbology.DATA_MATRIX)]


@pytest.mark.parametrize("symbology", [Symbology.QR, Symbology.CODE_128])
@pytest.mark.parametrize("seed", range(20))
def test_zbar_reads_the_same(symbology: Symbology, seed: int) -> None:
    pyzbar = decoder("pyzbar.pyzbar")
    found = pyzbar.decode(picture_of(symbology, seed=seed))
    assert {one.data.decode() for one in found} == {text_of(sample.payload(seed), symbology)}
