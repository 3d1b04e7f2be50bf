"""Every kind of label, in every output, reads back as exactly what was meant, and is as large as it says."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import CoiId, LabelSerial, ScanPayload, read_scan
from coi_tracker.vocabulary import ContainerKind
from labels import fonts
from labels.layout import PARAGRAPH_GAP, Drawing, PlacedLine, draw
from labels.pdf import pdf_of
from labels.svg import svg_of
from labels.symbol import QUIET_ZONE
from labels.template import template_for
from tests.unit.labels import sample

pytestmark = pytest.mark.requirement("COI-LABEL-01", "COI-LABEL-03")


@pytest.mark.parametrize("kind", ContainerKind)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_pdf_reads_back_at_300_dpi(kind: ContainerKind, seed: int) -> None:
    content = sample.content(kind, seed=seed)
    (page,) = sample.pdf_pages(pdf_of([draw(content)]))
    assert sample.decoded(page) == [content.payload.format()]
    assert read_scan(sample.decoded(page)[0]) == content.payload


@pytest.mark.parametrize("kind", ContainerKind)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_svg_reads_back_at_300_dpi(kind: ContainerKind, seed: int) -> None:
    content = sample.content(kind, seed=seed)
    assert sample.decoded(sample.svg_picture(svg_of(draw(content)))) == [content.payload.format()]


@pytest.mark.parametrize("kind", ContainerKind)
def test_the_picture_has_the_size_of_the_template(kind: ContainerKind) -> None:
    drawing = draw(sample.content(kind))
    wanted = (drawing.width / 25.4 * 300, drawing.height / 25.4 * 300)
    (page,) = sample.pdf_pages(pdf_of([drawing]))
    for picture in (page, sample.svg_picture(svg_of(drawing))):
        assert all(abs(got - want) <= 1.01 for got, want in zip(picture.size, wanted, strict=True))


@pytest.mark.parametrize("kind", ContainerKind)
def test_everything_is_legible_text_in_the_pdf(kind: ContainerKind) -> None:
    content = sample.content(kind)
    words = " ".join(sample.pdf_text(pdf_of([draw(content)])).split())
    coi = content.payload.coi
    assert coi is not None
    for text in (
        coi.display(),
        content.payload.serial.display(),
        content.title(),
        content.study,
        content.site,
    ):
        assert text in words
    for text in sample.TEXTS:
        assert text in words


@pytest.mark.parametrize("kind", ContainerKind)
def test_the_widest_codes_and_counts_still_fit(kind: ContainerKind) -> None:
    payload = ScanPayload(CoiId(sample.widest(CoiId)), LabelSerial(sample.widest(LabelSerial)))
    draw(sample.content(kind, payload=payload, part=999, of=999))


@pytest.mark.parametrize("kind", ContainerKind)
def test_nothing_touches_the_quiet_zone_or_leaves_the_label(kind: ContainerKind) -> None:
    drawing = draw(sample.content(kind))
    zone = template_for(kind).symbol
    for line in drawing.lines:
        top, bottom = line.y - fonts.ASCENT * line.size, line.y + 0.27 * line.size
        assert line.x >= 0
        assert line.x + line.width <= drawing.width
        assert top >= 0
        assert bottom <= drawing.height
        beside = line.x >= zone.x + zone.width or line.x + line.width <= zone.x
        assert beside or top >= zone.y + zone.height or bottom <= zone.y
    (page,) = sample.pdf_pages(pdf_of([drawing]))
    assert quiet_zone_is_white(page.convert("L"), drawing)


def quiet_zone_is_white(picture, drawing: Drawing) -> bool:
    """Looks at the pixels of the four modules round the symbol, half a module away from its edge."""
    per_mm = 300 / 25.4
    symbol = drawing.symbol
    side = 25 * symbol.module
    outer, inner = QUIET_ZONE * symbol.module, 0.5 * symbol.module
    left, top, right, bottom = symbol.x, symbol.y, symbol.x + side, symbol.y + side
    bands = [
        (left - outer, top - outer, right + outer, top - inner),
        (left - outer, bottom + inner, right + outer, bottom + outer),
        (left - outer, top - outer, left - inner, bottom + outer),
        (right + inner, top - outer, right + outer, bottom + outer),
    ]
    return all(picture.crop([round(edge * per_mm) for edge in band]).getextrema()[0] > 250 for band in bands)


def test_the_same_labels_give_the_same_bytes() -> None:
    contents = [sample.content(kind, seed=seed) for seed, kind in enumerate(ContainerKind)]
    assert pdf_of(map(draw, contents)) == pdf_of(map(draw, contents))
    assert svg_of(draw(contents[0])) == svg_of(draw(contents[0]))


def test_a_roll_has_one_label_a_page_in_order() -> None:
    contents = [sample.content(kind, seed=seed) for seed, kind in enumerate(ContainerKind)]
    pages = sample.pdf_pages(pdf_of(map(draw, contents)))
    assert [sample.decoded(page) for page in pages] == [[content.payload.format()] for content in contents]


def test_fonts_are_embedded_so_that_every_printer_prints_the_same() -> None:
    pdf = pdf_of([draw(sample.content())])
    assert pdf.count(b"/FontFile2") == 2
    assert b"BitstreamVeraSans" in pdf


def test_a_label_of_no_course_says_so() -> None:
    payload = ScanPayload(None, sample.payload().serial)
    drawing = draw(sample.content(payload=payload))
    assert "NO COURSE" in [line.text for line in drawing.lines]
    assert sample.decoded(sample.pdf_pages(pdf_of([drawing]))[0]) == [payload.format()]


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
    with pytest.raises(NotUnderstood, match=f"{field} that fits .* mm .*shorten it"):
        draw(sample.content(**changes))


def test_a_word_wider_than_the_label_is_refused() -> None:
    with pytest.raises(NotUnderstood, match="texts that fits"):
        draw(sample.content(ContainerKind.QC_VIAL, texts=("W" * 100,)))


@pytest.mark.parametrize("character", ["日", "Ж", "Ω\u0301", "\U0001f9ec"])
def test_a_character_the_font_lacks_is_named(character: str) -> None:
    if character[0] == "Ω" and ord("Ω") in fonts.face(fonts.PLAIN).face.charToGlyph:
        character = "\u0301"
    with pytest.raises(NotUnderstood, match=rf"U\+{ord(character[0]):04X}"):
        draw(sample.content(site=f"Site {character}"))


def test_short_texts_are_set_larger_than_long_ones() -> None:
    def size_of(texts: tuple[str, ...]) -> float:
        lines: list[PlacedLine] = [line for line in draw(sample.content(texts=texts)).lines if line.text[0] == "F"]
        return lines[0].size

    assert size_of(("FOR AUTOLOGOUS USE ONLY",)) > size_of(("FOR AUTOLOGOUS USE ONLY", *(["More text"] * 6)))
