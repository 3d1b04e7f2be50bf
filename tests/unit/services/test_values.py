"""What looks like a label is never taken for a value, whatever stands around it."""

from __future__ import annotations

import pytest

from coi_tracker.identity import CoiId, LabelSerial, ScanPayload
from coi_tracker.services.floor.values import like_a_label

PAYLOAD = ScanPayload(CoiId.issue(), LabelSerial.issue()).format()


@pytest.mark.parametrize("around", ["{}", "1{}", "x {}", "{}{}", " {} ", "{}7"])
@pytest.mark.requirement("COI-FLOOR-01")
def test_a_label_with_keys_around_it_is_still_a_label(around: str) -> None:
    assert like_a_label(around.replace("{}", PAYLOAD))
    assert like_a_label(around.replace("{}", PAYLOAD.lower()))


@pytest.mark.parametrize("value", ["112.5", "SEAL-00017", "2026-03-02", "yes", "no coil was used", "C", ""])
def test_what_is_a_value_stays_one(value: str) -> None:
    assert not like_a_label(value)
