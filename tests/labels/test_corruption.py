"""A spoiled code is refused, or is harmless and read right; it is never taken for another one."""

from __future__ import annotations

import random

import pytest

from coi_tracker.identity import ScanPayload
from tests.labels import corruption

pytestmark = pytest.mark.requirement("COI-LABEL-12")


@pytest.mark.slow
def test_of_20_000_spoiled_codes_none_is_taken_for_another() -> None:
    counts = corruption.count(20_000, seed=2)
    assert counts["wrong"] == 0
    assert counts["refused"] > 10_000
    assert counts["right"] > 1_000


def test_harmless_noise_is_read_right() -> None:
    rng = random.Random(3)
    for thing in corruption.originals(20):
        for text in corruption.harmless(corruption.typed(rng, thing)):
            assert corruption.fate(text, thing) == "right"


def test_two_errors_at_once_hardly_ever_make_another_code_and_never_a_label_symbol() -> None:
    """What is let through of typed codes is told to whoever reads docs/labels.md: the record has to know the code."""
    rng, things = random.Random(4), corruption.originals(100)
    fates = [
        (thing, corruption.fate(corruption.twice_substituted(rng, corruption.typed(rng, thing)), thing))
        for thing in rng.choices(things, k=10_000)
    ]
    wrong = [thing for thing, became in fates if became == "wrong"]
    assert len(wrong) < 100
    assert not any(isinstance(thing, ScanPayload) for thing in wrong)
