"""What looks like a label is never taken for a value, and what a clock showed twice or never for no moment."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from coi_tracker.identity import CoiId, LabelSerial, ScanPayload
from coi_tracker.services.floor.values import NotAValue, instant_of, like_a_label

PAYLOAD = ScanPayload(CoiId.issue(), LabelSerial.issue()).format()


@pytest.mark.parametrize("around", ["{}", "1{}", "x {}", "{}{}", " {} ", "{}7"])
@pytest.mark.requirement("COI-FLOOR-01")
def test_a_label_with_keys_around_it_is_still_a_label(around: str) -> None:
    assert like_a_label(around.replace("{}", PAYLOAD))
    assert like_a_label(around.replace("{}", PAYLOAD.lower()))


@pytest.mark.parametrize("value", ["112.5", "SEAL-00017", "2026-03-02", "yes", "no coil was used", "C", ""])
def test_what_is_a_value_stays_one(value: str) -> None:
    assert not like_a_label(value)


def moment(text: str, *, zone: str = "Europe/Madrid") -> str:
    return instant_of(text, now=datetime(2026, 10, 25, 12, tzinfo=UTC), zone=zone)


@pytest.mark.requirement("COI-FLOOR-22")
def test_an_hour_that_there_was_twice_is_asked_for_and_not_guessed() -> None:
    with pytest.raises(NotAValue) as told:
        moment("2026-10-25T02:30")
    for offered, meant in (("2026-10-25T02:30+02:00", "00:30"), ("2026-10-25T02:30+01:00", "01:30")):
        assert offered in str(told.value)
        assert moment(offered) == f"2026-10-25T{meant}:00.000000Z"
    with pytest.raises(NotAValue, match="the second"):
        moment("2:30")
    assert moment("2026-10-25 03:00") == "2026-10-25T02:00:00.000000Z"
    assert moment("2026-10-25 02:30", zone="UTC") == "2026-10-25T02:30:00.000000Z"


@pytest.mark.requirement("COI-FLOOR-22")
def test_an_hour_that_there_never_was_is_no_time() -> None:
    with pytest.raises(NotAValue, match="put forward over 02:30 on 2026-03-29"):
        moment("2026-03-29T02:30")
    assert moment("2026-03-29 03:00") == "2026-03-29T01:00:00.000000Z"
