"""Sheets of paper: labels in a grid, beginning where the last job ended, each where the cutter expects it."""

from __future__ import annotations

import pytest

from coi_tracker.errors import NotUnderstood
from labels.kinds import LabelKind
from labels.layout import draw
from labels.pdf import sheets_pdf_of
from labels.sheets import GAP, MARGIN, PAPERS, Sheet, sheet_for
from labels.template import Box
from labels.template_file import template_for
from tests.unit.labels import sample

pytestmark = pytest.mark.requirement("COI-LABEL-09")


def size(kind: LabelKind) -> tuple[float, float]:
    label = template_for(kind).label
    return label.width, label.height


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("kind", LabelKind)
def test_places_keep_their_distance_and_stay_on_the_paper(paper: str, kind: LabelKind) -> None:
    sheet = sheet_for(paper, size(kind))
    room = Box(MARGIN, MARGIN, sheet.width - 2 * MARGIN, sheet.height - 2 * MARGIN)
    places = [Box(*sheet.corner(place), *size(kind)) for place in range(sheet.places())]
    assert all(place.inside(room) for place in places)
    wider = [Box(place.x, place.y, place.width + GAP, place.height + GAP) for place in places]
    assert not any(one.overlaps(other) for one in wider for other in wider if one is not other)


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("start", [1, 2, 8, 10])
def test_labels_stand_in_order_from_the_start_position_on(paper: str, start: int) -> None:
    contents = [sample.content(seed=seed) for seed in range(13)]
    sheet = sheet_for(paper, size(LabelKind.BAG))
    pages = sample.pdf_pages(sheets_pdf_of(map(draw, contents), paper, start=start), dpi=200)
    assert len(pages) == -(-(start - 1 + len(contents)) // sheet.places())
    read = [text for page, picture in enumerate(pages) for text in in_places(picture, sheet, page, start=start)]
    assert read == [sample.meant(content) for content in contents]


def in_places(picture, sheet: Sheet, page: int, *, start: int) -> list[str]:
    """What stands in each place of a page; those before the start on the first page are white."""
    texts = []
    for place in range(sheet.places()):
        x, y = sheet.corner(place)
        edges = (x + 0.3, y + 0.3, x + sheet.label_width - 0.3, y + sheet.label_height - 0.3)
        label = picture.crop(tuple(round(edge * 200 / 25.4) for edge in edges))
        if page == 0 and place < start - 1:
            assert label.convert("L").getextrema() == (255, 255)
        else:
            texts += sorted(set(sample.decoded(label)))  # it says its code twice
    return texts


@pytest.mark.parametrize("start", [0, -1, 11, 10_000_000])
def test_a_start_position_off_the_sheet_is_refused(start: int) -> None:
    with pytest.raises(NotUnderstood, match="start position of 1 to 10"):
        sheets_pdf_of([draw(sample.content())], "A4", start=start)


def test_labels_of_two_sizes_do_not_share_sheets() -> None:
    with pytest.raises(NotUnderstood, match="75 x 50 mm only"):
        sheets_pdf_of([draw(sample.content()), draw(sample.content(LabelKind.QC_VIAL))], "A4")


def test_unknown_paper_and_labels_larger_than_it_are_refused() -> None:
    with pytest.raises(NotUnderstood, match="A4, Letter"):
        sheet_for("A3", (10, 10))
    with pytest.raises(NotUnderstood, match="can hold"):
        sheet_for("A4", (250, 10))
