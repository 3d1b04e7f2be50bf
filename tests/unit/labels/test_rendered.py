"""Every kind of label, in every output, reads back as exactly what was meant, and is as large as it says."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import ScanPayload, read_scan
from coi_tracker.vocabulary import ContainerKind
from labels import fonts
from labels.content import LONGEST
from labels.kinds import LabelKind
from labels.layout import PlacedSymbol, draw
from labels.outputs import SUFFIXES, Wish, rendered
from labels.pdf import pdf_of
from labels.raster import dots_of
from labels.svg import svg_of
from labels.symbol import QUIET_ZONES
from labels.template_check import longest_content
from labels.template_file import template_for
from labels.typesetting import PARAGRAPH_GAP, PlacedLine
from tests.unit.labels import sample

pytestmark = pytest.mark.requirement("COI-LABEL-01", "COI-LABEL-03")


@pytest.mark.parametrize("kind", LabelKind)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_pdf_reads_back_at_300_dpi(kind: LabelKind, seed: int) -> None:
    content = sample.content(kind, seed=seed)
    (page,) = sample.pdf_pages(pdf_of([draw(content)]))
    assert sample.decoded(page) == sample.texts_in(content)
    assert read_scan(sample.meant(content)) == content.payload


@pytest.mark.parametrize("kind", LabelKind)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_svg_reads_back_at_300_dpi(kind: LabelKind, seed: int) -> None:
    content = sample.content(kind, seed=seed)
    assert sample.decoded(sample.svg_picture(svg_of(draw(content)))) == sample.texts_in(content)


@pytest.mark.parametrize("kind", LabelKind)
def test_the_picture_has_the_size_of_the_template(kind: LabelKind) -> None:
    drawing = draw(sample.content(kind))
    wanted = (drawing.width / 25.4 * 300, drawing.height / 25.4 * 300)
    (page,) = sample.pdf_pages(pdf_of([drawing]))
    for picture in (page, sample.svg_picture(svg_of(drawing))):
        assert all(abs(got - want) <= 1.01 for got, want in zip(picture.size, wanted, strict=True))


@pytest.mark.parametrize("kind", LabelKind)
def test_everything_is_legible_text_in_the_pdf(kind: LabelKind) -> None:
    content = sample.content(kind)
    words = " ".join(sample.pdf_text(pdf_of([draw(content)])).split())
    shown = [text for block in template_for(kind).blocks for text in content.says(block.shows)]
    assert len(shown) >= 3
    assert template_for(kind).name() in words
    for text in shown:
        assert text in words


@pytest.mark.requirement("COI-LABEL-05")
@pytest.mark.parametrize("kind", LabelKind)
def test_the_longest_values_of_the_data_model_fit_every_template(kind: LabelKind) -> None:
    content = longest_content(template_for(kind))
    drawing = draw(content)
    printed = "".join(line.text for line in drawing.lines).replace(" ", "")
    assert content.site in printed
    assert len(content.site) == LONGEST["site"]
    assert sample.meant(content) in sample.decoded(dots_of(drawing))


@pytest.mark.parametrize("kind", LabelKind)
def test_nothing_touches_the_quiet_zone_or_leaves_the_label(kind: LabelKind) -> None:
    drawing = draw(sample.content(kind))
    zones = [place.box for place in template_for(kind).symbols]
    for line in drawing.lines:
        top, bottom = line.y - fonts.ASCENT * line.size, line.y + 0.27 * line.size
        assert line.x >= 0
        assert line.x + line.width <= drawing.width
        assert top >= 0
        assert bottom <= drawing.height
        for zone in zones:
            beside = line.x >= zone.x + zone.width or line.x + line.width <= zone.x
            assert beside or top >= zone.y + zone.height or bottom <= zone.y
    (page,) = sample.pdf_pages(pdf_of([drawing]))
    for symbol, place in zip(drawing.symbols, template_for(kind).symbols, strict=True):
        assert quiet_zone_is_white(page.convert("L"), symbol, modules=QUIET_ZONES[place.symbology])


def quiet_zone_is_white(picture, symbol: PlacedSymbol, *, modules: int) -> bool:
    """Looks at the pixels beside the symbol, half a module away from its edge; above and below if it is square."""
    per_mm = 300 / 25.4
    outer, inner = modules * symbol.module, 0.5 * symbol.module
    left, top = symbol.x, symbol.y
    right, bottom = left + len(symbol.matrix[0]) * symbol.module, top + len(symbol.matrix) * symbol.row
    bands = [(left - outer, top, left - inner, bottom), (right + inner, top, right + outer, bottom)]
    if len(symbol.matrix) > 1:
        bands += [
            (left - outer, top - outer, right + outer, top - inner),
            (left - outer, bottom + inner, right + outer, bottom + outer),
        ]
    return all(picture.crop([round(edge * per_mm) for edge in band]).getextrema()[0] > 250 for band in bands)


def test_the_same_labels_give_the_same_bytes() -> None:
    contents = [sample.content(kind, seed=seed) for seed, kind in enumerate(LabelKind)]
    assert pdf_of(map(draw, contents)) == pdf_of(map(draw, contents))
    assert svg_of(draw(contents[0])) == svg_of(draw(contents[0]))


def test_a_roll_has_one_label_a_page_in_order() -> None:
    contents = [sample.content(kind, seed=seed) for seed, kind in enumerate(LabelKind)]
    pages = sample.pdf_pages(pdf_of(map(draw, contents)))
    assert [sample.decoded(page) for page in pages] == [sample.texts_in(content) for content in contents]


def test_fonts_are_embedded_so_that_every_printer_prints_the_same() -> None:
    pdf = pdf_of([draw(sample.content())])
    assert pdf.count(b"/FontFile2") == 2
    assert b"DejaVuSans-Bold" in pdf


def test_a_label_of_no_course_says_so() -> None:
    payload = ScanPayload(None, sample.payload().serial)
    drawing = draw(sample.content(payload=payload))
    assert "NO COURSE" in [line.text for line in drawing.lines]
    assert sample.decoded(sample.pdf_pages(pdf_of([drawing]))[0]) == [payload.format()] * 2


def test_required_texts_are_kept_apart_from_each_other() -> None:
    lines = {line.text: line for line in draw(sample.content(texts=("ONE TEXT", "ANOTHER TEXT"))).lines}
    one, other = lines["ONE TEXT"], lines["ANOTHER TEXT"]
    assert other.y - one.y == pytest.approx((1.2 + PARAGRAPH_GAP) * one.size)


def test_markup_in_a_text_is_only_text() -> None:
    nasty = "<script>alert(\"1\")</script> & ]]> 'x'"
    svg = svg_of(draw(sample.content(site=nasty)))
    root = ET.fromstring(svg)
    assert not root.findall(".//{*}script")
    assert nasty in " ".join("".join(root.itertext()).split("\n"))
    assert nasty in " ".join(sample.pdf_text(pdf_of([draw(sample.content(site=nasty))])).split())


def test_svg_fetches_nothing_and_keeps_its_widths() -> None:
    svg = svg_of(draw(sample.content()))
    assert not re.search(r"href|url\(|@import|<style|<image", svg)
    assert svg.count("textLength") == len(draw(sample.content()).lines)


@pytest.mark.parametrize("field", ["study", "site"])
def test_a_text_too_long_is_refused_not_clipped(field: str) -> None:
    changes: dict[str, Any] = {field: "Universitätsklinikum " * 10 + "Nord"}
    with pytest.raises(NotUnderstood, match=f"{field} of 1 to"):
        draw(sample.content(**changes))


def test_more_texts_than_a_template_has_room_for_are_refused() -> None:
    with pytest.raises(NotUnderstood, match="at most 2 texts of together 80 characters on a qc_vial"):
        draw(sample.content(ContainerKind.QC_VIAL, texts=("W" * 100,)))
    with pytest.raises(NotUnderstood, match="at most 2 texts"):
        draw(sample.content(ContainerKind.QC_VIAL, texts=("a", "b", "c")))


def test_a_word_wider_than_the_label_is_broken_not_clipped() -> None:
    drawing = draw(sample.content(ContainerKind.QC_VIAL, texts=("W" * 80,)))
    assert "W" * 80 in "".join(line.text for line in drawing.lines)
    assert all(line.x + line.width <= 50 for line in drawing.lines)


@pytest.mark.requirement("COI-LABEL-06")
@pytest.mark.parametrize(
    "site",
    [
        "Łódź Šibenik Đà Nẵng",
        "Αθήνα Θεσσαλονίκη",
        "Больница № 14 Київ",
        "国立がん研究センター",
        "中山大学肿瘤防治中心",
        "臺大醫院",
        "서울대학교병원",
    ],
)
@pytest.mark.parametrize("kind", [LabelKind.BAG, LabelKind.QC_VIAL, LabelKind.STATION])
def test_sites_print_in_their_own_script(kind: LabelKind, site: str) -> None:
    pdf = pdf_of([draw(sample.content(kind, site=site))])
    assert site in " ".join(sample.pdf_text(pdf).split())


@pytest.mark.requirement("COI-LABEL-06")
@pytest.mark.parametrize("character", ["\u05d0", "\u0e01", "\u0623", "\u0301", "\U0001f9ec", "\u20e3"])
def test_a_character_the_faces_lack_is_named(character: str) -> None:
    with pytest.raises(NotUnderstood, match=rf"U\+{ord(character):04X}.* in 'Site "):
        draw(sample.content(site=f"Site {character}"))


def test_short_texts_are_set_larger_than_long_ones() -> None:
    def size_of(texts: tuple[str, ...]) -> float:
        lines: list[PlacedLine] = [line for line in draw(sample.content(texts=texts)).lines if "FOR AUTO" in line.text]
        return lines[0].size

    assert size_of(("FOR AUTOLOGOUS USE ONLY",)) > size_of(sample.ALL_TEXTS)


def test_what_cannot_be_drawn_is_refused_in_a_sentence() -> None:
    content = sample.content()
    with pytest.raises(NotUnderstood, match="203, 300, 600 dpi; got 200"):
        draw(content, dpi=200)
    with pytest.raises(NotUnderstood, match="the template of bag; got that of flask"):
        draw(content, template_for(LabelKind.FLASK))
    with pytest.raises(NotUnderstood, match="the study of a bag"):
        draw(sample.content(study=None))


def test_an_output_that_there_is_not_is_refused() -> None:
    for suffix in (".gif", "", ".pdf.exe"):
        with pytest.raises(NotUnderstood, match=r"\.pdf, \.svg, \.png, \.zpl"):
            rendered([sample.content()], Wish(suffix))


@pytest.mark.requirement("COI-LABEL-09")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_output_gives_the_same_bytes_again(suffix: str) -> None:
    assert rendered([sample.content()], Wish(suffix)) == rendered([sample.content()], Wish(suffix))


def test_a_label_printer_gets_labels_of_one_size_only() -> None:
    with pytest.raises(NotUnderstood, match=r"one roll in it; got 65\.2 x 30 mm and 75 x 50 mm"):
        rendered([sample.content(), sample.content(LabelKind.QC_VIAL, seed=2)], Wish(".zpl"))
    assert rendered([sample.content(), sample.content(LabelKind.POOL, seed=2)], Wish(".zpl")).count(b"^XA") == 2
