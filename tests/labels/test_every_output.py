"""Every template, in every symbology it has room for, in every output and resolution, reads back as what was meant."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import zplkit
from PIL import Image

from labels.kinds import LabelKind
from labels.layout import Drawing, draw
from labels.pdf import pdf_of
from labels.png import png_of
from labels.raster import black_and_white, dots_of
from labels.svg import svg_of
from labels.symbol import Symbology, text_of
from labels.template import RESOLUTIONS, Template
from labels.template_file import template_for
from labels.zpl import zpl_of
from tests.conftest import absent
from tests.unit.labels import sample

pytestmark = pytest.mark.requirement("COI-LABEL-03", "COI-LABEL-08", "COI-LABEL-09")

CASES = [
    pytest.param(kind, symbology, id=f"{kind}-{symbology}")
    for kind in LabelKind
    for symbology in (Symbology.QR, Symbology.DATA_MATRIX)
]
NASTY = "^XZ~JR^XA^FO0,0^GB9,9^FS_5E\\"


def drawn(kind: LabelKind, symbology: Symbology, *, dpi: int, seed: int = 1) -> tuple[Drawing, list[str]]:
    """A label, and what its symbols say, sorted."""
    template: Template = template_for(kind).with_symbology(symbology)
    content = sample.content(kind, seed=seed, site=NASTY)
    texts = sorted(text_of(content.payload, place.symbology) for place in template.symbols)
    return draw(content, template, dpi=dpi), texts


def folder_of_zpl_renderer_js() -> Path:
    """Where its node_modules are: COI_ZPL_RENDERER_JS, or where `make test` installs it."""
    folder = Path(os.environ.get("COI_ZPL_RENDERER_JS") or Path(sys.prefix) / "npm")
    if shutil.which("node") is None or not (folder / "node_modules" / "zpl-renderer-js").is_dir():
        absent(
            "zpl-renderer-js or node not found: install nodejs and npm, then `make test`, or set COI_ZPL_RENDERER_JS"
        )
    return folder


@pytest.mark.parametrize("dpi", RESOLUTIONS)
@pytest.mark.parametrize(("kind", "symbology"), CASES)
def test_png_reads_back_and_is_exact(kind: LabelKind, symbology: Symbology, dpi: int) -> None:
    drawing, texts = drawn(kind, symbology, dpi=dpi)
    picture = Image.open(io.BytesIO(png_of(drawing)))
    assert sample.decoded(picture) == texts
    per_mm = RESOLUTIONS[dpi]
    assert picture.size == (round(drawing.width * per_mm), round(drawing.height * per_mm))
    assert picture.info["dpi"][0] == pytest.approx(per_mm * 25.4, abs=0.1)


@pytest.mark.parametrize("dpi", RESOLUTIONS)
@pytest.mark.parametrize(("kind", "symbology"), CASES)
def test_modules_are_whole_dots_and_not_under_the_minimum(kind: LabelKind, symbology: Symbology, dpi: int) -> None:
    drawing, _ = drawn(kind, symbology, dpi=dpi)
    template = template_for(kind).with_symbology(symbology)
    for symbol, place in zip(drawing.symbols, template.symbols, strict=True):
        for length in (symbol.module, symbol.x, symbol.y, symbol.row):
            dots = length * RESOLUTIONS[dpi]
            assert dots == pytest.approx(round(dots), abs=1e-6)
        assert symbol.module >= place.least_mil * 0.0254 - 1e-9


@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize(("kind", "symbology"), CASES)
def test_pdf_reads_back(kind: LabelKind, symbology: Symbology, dpi: int) -> None:
    drawing, texts = drawn(kind, symbology, dpi=dpi)
    (page,) = sample.pdf_pages(pdf_of([drawing]), dpi=RESOLUTIONS[dpi] * 25.4)
    assert sample.decoded(page) == texts


@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize(("kind", "symbology"), CASES)
def test_svg_reads_back(kind: LabelKind, symbology: Symbology, dpi: int) -> None:
    drawing, texts = drawn(kind, symbology, dpi=dpi)
    assert sample.decoded(sample.svg_picture(svg_of(drawing), dpi=dpi)) == texts


@pytest.mark.requirement("COI-LABEL-10")
@pytest.mark.parametrize("dpi", RESOLUTIONS)
@pytest.mark.parametrize(("kind", "symbology"), CASES)
def test_zplkit_prints_the_same_dots(kind: LabelKind, symbology: Symbology, dpi: int) -> None:
    drawing, texts = drawn(kind, symbology, dpi=dpi)
    meant = black_and_white(dots_of(drawing)).convert("L")
    options = zplkit.Options(width=meant.width, height=meant.height, dpi=dpi)
    found = zplkit.render(zpl_of([drawing]), options)
    assert (len(found.labels), list(found.warnings)) == (1, [])
    raster = found.labels[0].rasterize()
    picture = Image.frombytes("L", (raster.width, raster.height), raster.pixels)
    assert picture.tobytes() == meant.tobytes()
    assert sample.decoded(picture) == texts


@pytest.mark.requirement("COI-LABEL-10")
@pytest.mark.slow
@pytest.mark.parametrize(("dpi", "per_mm"), [(203, 8), (300, 12), (600, 24)])
def test_zpl_renderer_js_prints_the_same_dots(dpi: int, per_mm: int, tmp_path: Path) -> None:
    """All labels in one start of Node. It counts in whole dots a mm, so it is told sizes that give our dots."""
    symbologies = list(Symbology)[: 1 if dpi == 600 else 2]  # the larger pictures take long, and differ in nothing else
    drawings = [drawn(kind, symbology, dpi=dpi) for kind in LabelKind for symbology in symbologies]
    for picture, (drawing, texts) in zip(rendered_by_js(drawings, per_mm, tmp_path), drawings, strict=True):
        meant = black_and_white(dots_of(drawing)).convert("L")
        assert abs(picture.width - meant.width) + abs(picture.height - meant.height) <= 2  # it rounds the size up
        corner = (0, 0, min(picture.width, meant.width), min(picture.height, meant.height))
        assert picture.crop(corner).tobytes() == meant.crop(corner).tobytes()
        assert sample.decoded(picture) == texts


def rendered_by_js(drawings: list[tuple[Drawing, list[str]]], per_mm: int, work: Path) -> Iterator[Image.Image]:
    folder, script = folder_of_zpl_renderer_js(), Path(__file__).with_name("render_zpl.mjs")
    jobs = [
        {
            "zpl": zpl_of([one]).decode("ascii"),
            "width": round(one.width * RESOLUTIONS[one.dpi]) / per_mm,
            "height": round(one.height * RESOLUTIONS[one.dpi]) / per_mm,
            "perMm": per_mm,
        }
        for one, _ in drawings
    ]
    (work / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    subprocess.run(["node", str(script), str(folder), str(work)], check=True, capture_output=True, timeout=300)
    for nth in range(len(jobs)):
        yield black_and_white(Image.open(work / f"{nth}.png").convert("L")).convert("L")
