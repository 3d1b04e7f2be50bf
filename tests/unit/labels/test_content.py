"""A label says what its fields say; there is no field for a person, and odd values are refused."""

from __future__ import annotations

import random
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import EquipmentCode
from coi_tracker.vocabulary import ContainerKind
from labels.content import LabelContent, Moment
from labels.kinds import CODES, LabelKind, is_container
from tests.unit.labels import sample


def test_there_is_no_field_for_a_name_or_a_record_number() -> None:
    names = [field.name for field in fields(LabelContent)]
    assert names == [
        *("payload", "kind", "part", "of", "study", "site", "texts"),
        *("done", "when", "expiry", "storage", "place"),
    ]


def test_the_title_is_kind_and_part_as_people_say_it() -> None:
    assert sample.content().title() == "BAG 2 of 3"
    assert sample.content(ContainerKind.QC_VIAL, part=1, of=1).title() == "QC VIAL 1 of 1"
    assert sample.content(ContainerKind.WRISTBAND).title() == "WRISTBAND"
    assert sample.content(LabelKind.LOCATION).title() == "LOCATION"
    equipment = EquipmentCode.issue(random.Random(1).randbytes)
    assert sample.content(LabelKind.LOCATION, payload=equipment).title() == "EQUIPMENT", "a cabinet is no location"


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


@pytest.mark.requirement("COI-LABEL-07")
def test_a_time_is_shown_by_the_clock_of_its_zone_with_its_offset_and_the_month_in_letters() -> None:
    at = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)
    shown = {zone: Moment(at, zone).display() for zone in ("Europe/Berlin", "UTC", "Asia/Kolkata", "America/St_Johns")}
    assert shown == {
        "Europe/Berlin": "05 MAR 2026 00:30 UTC+1",
        "UTC": "04 MAR 2026 23:30 UTC",
        "Asia/Kolkata": "05 MAR 2026 05:00 UTC+5:30",
        "America/St_Johns": "04 MAR 2026 20:00 UTC-3:30",
    }


@pytest.mark.parametrize("zone", ["", "Berlin", "../../etc/passwd", "Europe", "x" * 500, "Europe/Berlin\0"])
def test_a_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(NotUnderstood, match="time zone"):
        Moment(datetime(2026, 3, 4, tzinfo=UTC), zone)


def test_a_time_without_an_offset_is_refused() -> None:
    with pytest.raises(NotUnderstood, match="offset"):
        Moment(datetime(2026, 3, 4), "UTC")  # noqa: DTZ001  # that is the fault


@pytest.mark.parametrize("year", [1, 1999, 2200, 9999])
def test_a_time_far_off_is_refused(year: int) -> None:
    with pytest.raises(NotUnderstood, match="2000 to 2199"):
        Moment(datetime(year, 12, 31, 23, tzinfo=UTC), "Asia/Tokyo")


def test_what_was_done_and_when_belong_together() -> None:
    with pytest.raises(NotUnderstood, match="what was done and when"):
        sample.content(done=None)


@pytest.mark.parametrize("kind", LabelKind)
def test_a_label_carries_the_code_of_its_kind_and_no_other(kind: LabelKind) -> None:
    for other in LabelKind:
        payload = sample.payload_of(other)
        if type(payload) in CODES[kind]:
            assert sample.content(kind, payload=payload).payload == payload
        else:
            with pytest.raises(NotUnderstood, match=f"belongs on a {kind} label"):
                sample.content(kind, payload=payload)


def test_every_kind_of_container_has_a_kind_of_label() -> None:
    assert {kind.value for kind in ContainerKind} == {kind.value for kind in LabelKind if is_container(kind)}
