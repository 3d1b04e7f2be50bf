"""Decoders of other families agree with the one we use: libdmtx for Data Matrix, ZBar for bars and QR codes.

Not at run time: pylibdmtx drops the separator that GS1 texts need, and both want libraries of the system.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from importlib import import_module
from typing import Any
from warnings import catch_warnings, simplefilter

import pytest
import zplkit
from PIL import Image

from labels.kinds import LabelKind
from labels.layout import Drawing, PlacedSymbol, draw
from labels.pdf import pdf_of
from labels.png import png_of
from labels.svg import svg_of
from labels.symbol import QUIET_ZONES, Symbology, symbol_for, text_of
from labels.template import RESOLUTIONS
from labels.template_file import template_for
from labels.zpl import zpl_of
from tests.conftest import absent
from tests.unit.labels import sample

pytestmark = pytest.mark.requirement("COI-LABEL-03", "COI-LABEL-04")

PACKAGES = {"pylibdmtx.pylibdmtx": "libdmtx0b", "pyzbar.pyzbar": "libzbar0"}


def decoder(name: str) -> Any:
    """The module; a loud skip when the library of the system under it is not here."""
    try:
        with catch_warnings():
            simplefilter("ignore", DeprecationWarning)  # pylibdmtx still imports distutils
            return import_module(name)
    except ImportError as error:
        needed = f"on Debian: apt-get install {PACKAGES[name]}; from Python 3.12 on, pip install setuptools too"
        absent(f"a decoder to compare with cannot be imported ({error}); {needed}")


def read_by_others(picture: Image.Image, symbology: Symbology) -> set[str]:
    """What the other decoder of that symbology makes of a picture of one symbol."""
    if symbology is Symbology.DATA_MATRIX:
        found = decoder("pylibdmtx.pylibdmtx").decode(picture, timeout=5000, max_count=1)
    else:
        found = decoder("pyzbar.pyzbar").decode(picture)
    return {one.data.decode() for one in found}


def picture_of(symbology: Symbology, *, seed: int) -> Image.Image:
    matrix, zone = symbol_for(sample.payload(seed), symbology), QUIET_ZONES[symbology]
    rows = matrix * 40 if len(matrix) == 1 else matrix
    modules = Image.frombytes("L", (len(rows[0]), len(rows)), bytes(0 if dark else 255 for row in rows for dark in row))
    picture = Image.new("L", (modules.width + 2 * zone, modules.height + 2 * zone), 255)
    picture.paste(modules, (zone, zone))
    return picture.resize((picture.width * 5, picture.height * 5), Image.Resampling.NEAREST)


@pytest.mark.parametrize("symbology", Symbology)
@pytest.mark.parametrize("seed", range(20))
def test_another_decoder_reads_the_same(symbology: Symbology, seed: int) -> None:
    meant = text_of(sample.payload(seed), symbology)
    assert read_by_others(picture_of(symbology, seed=seed), symbology) == {meant}


# --- on whole labels, in every output -------------------------------------------------------------------------------


def png(drawing: Drawing) -> Image.Image:
    return Image.open(io.BytesIO(png_of(drawing)))


def pdf(drawing: Drawing) -> Image.Image:
    (page,) = sample.pdf_pages(pdf_of([drawing]), dpi=RESOLUTIONS[drawing.dpi] * 25.4)
    return page.convert("L")


def svg(drawing: Drawing) -> Image.Image:
    return sample.svg_picture(svg_of(drawing), dpi=drawing.dpi).convert("L")


def zpl(drawing: Drawing) -> Image.Image:
    size = png(drawing).size
    found = zplkit.render(zpl_of([drawing]), zplkit.Options(width=size[0], height=size[1], dpi=drawing.dpi))
    raster = found.labels[0].rasterize()
    return Image.frombytes("L", (raster.width, raster.height), raster.pixels)


OUTPUTS: tuple[Callable[[Drawing], Image.Image], ...] = (png, pdf, svg, zpl)


def cut_out(picture: Image.Image, symbol: PlacedSymbol, *, zone: int, width: float) -> Image.Image:
    """One symbol with its quiet zone, out of the picture of a label `width` mm wide."""
    per_mm, room = picture.width / width, zone * symbol.module
    right, bottom = symbol.x + len(symbol.matrix[0]) * symbol.module, symbol.y + len(symbol.matrix) * symbol.row
    down = room if len(symbol.matrix) > 1 else 0
    edges = (symbol.x - room, symbol.y - down, right + room, bottom + down)
    left, top, right, bottom = (round(edge * per_mm) for edge in edges)
    return picture.crop((left, top, right, bottom)).resize(((right - left) * 2, (bottom - top) * 2))


@pytest.mark.requirement("COI-LABEL-09")
@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize("symbology", [Symbology.QR, Symbology.DATA_MATRIX])
@pytest.mark.parametrize("kind", LabelKind)
def test_another_decoder_reads_every_symbol_of_every_label_in_every_output(
    kind: LabelKind, symbology: Symbology, dpi: int
) -> None:
    template, content = template_for(kind).with_symbology(symbology), sample.content(kind)
    drawing = draw(content, template, dpi=dpi)
    for output in OUTPUTS:
        picture = output(drawing)
        for place, symbol in zip(template.symbols, drawing.symbols, strict=True):
            one = cut_out(picture, symbol, zone=QUIET_ZONES[place.symbology], width=drawing.width)
            meant = text_of(content.payload, place.symbology)
            assert read_by_others(one, place.symbology) == {meant}, f"{output.__name__}: {place.symbology}"
