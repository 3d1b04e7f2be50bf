"""A label says what its fields say; there is no field for a person, and odd values are refused."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from coi_tracker.errors import NotUnderstood
from coi_tracker.vocabulary import ContainerKind
from labels.content import LabelContent
from tests.unit.labels import sample


def test_there_is_no_field_for_a_name_or_a_record_number() -> None:
    names = [field.name for field in fields(LabelContent)]
    assert names == ["payload", "kind", "part", "of", "study", "site", "texts"]


def test_the_title_is_kind_and_part_as_people_say_it() -> None:
    assert sample.content().title() == "BAG 2 of 3"
    assert sample.content(ContainerKind.QC_VIAL, part=1, of=1).title() == "QC VIAL 1 of 1"
    assert sample.content(ContainerKind.WRISTBAND, part=None, of=None).title() == "WRISTBAND"


@pytest.mark.parametrize(("part", "of"), [(0, 3), (4, 3), (-1, 3), (1, None), (None, 3), (1, 1000), (1, 10_000_000)])
def test_a_part_that_is_not_one_of_its_total_is_refused(part: int | None, of: int | None) -> None:
    with pytest.raises(NotUnderstood, match="part"):
        sample.content(part=part, of=of)


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "  ",
        " Nord",
        "Nord ",
        "two\nlines",
        "a\ttab",
        "bell\x07",
        "\u202eNord",
        "zero\u200bwidth",
        "x" * 301,
    ],
)
@pytest.mark.parametrize("field", ["study", "site", "texts"])
def test_odd_text_is_refused_with_the_name_of_its_field(field: str, odd: str) -> None:
    changes: dict[str, Any] = {field: ("First", odd) if field == "texts" else odd}
    with pytest.raises(NotUnderstood, match="text 2" if field == "texts" else field):
        sample.content(**changes)


def test_too_many_texts_are_refused() -> None:
    with pytest.raises(NotUnderstood, match="at most 12"):
        sample.content(texts=("x",) * 13)
