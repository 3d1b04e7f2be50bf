"""Every template, in every symbology it has room for, in every output and resolution, reads back as what was meant."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
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
    zplkit = pytest.importorskip("zplkit")
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
def test_zpl_renderer_js_prints_the_same_dots(tmp_path: Path) -> None:
    """All labels at 203 dpi in one start of Node. COI_ZPL_RENDERER_JS is a folder with node_modules in it."""
    folder = os.environ.get("COI_ZPL_RENDERER_JS")
    if folder is None or shutil.which("node") is None:
        pytest.skip("zpl-renderer-js (npm, development only) is not here: COI_ZPL_RENDERER_JS does not name its folder")
    drawings = [drawn(kind, symbology, dpi=203) for kind in LabelKind for symbology in list(Symbology)[:2]]
    jobs = [
        {"zpl": zpl_of([drawing]).decode("ascii"), "width": drawing.width, "height": drawing.height}
        for drawing, _ in drawings
    ]
    (tmp_path / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    script = Path(__file__).with_name("render_zpl.mjs")
    subprocess.run(["node", str(script), folder, str(tmp_path)], check=True, capture_output=True, timeout=300)
    for nth, (drawing, texts) in enumerate(drawings):
        picture = Image.open(tmp_path / f"{nth}.png").convert("L")
        meant = black_and_white(dots_of(drawing)).convert("L")
        across, down = min(picture.width, meant.width), min(picture.height, meant.height)
        assert abs(picture.width - meant.width) + abs(picture.height - meant.height) <= 2  # it rounds the size up
        corner = (0, 0, across, down)
        assert black_and_white(picture).convert("L").crop(corner).tobytes() == meant.crop(corner).tobytes()
        assert sample.decoded(picture) == texts
