"""Worn labels are read right or not at all. The long form is `benchmarks/label_degradation.py`."""

from __future__ import annotations

import random

import pytest

from labels.kinds import LabelKind
from labels.symbol import Symbology
from labels.template_file import template_for
from tests.labels import wear

pytestmark = [pytest.mark.requirement("COI-LABEL-11"), pytest.mark.slow]

TRIES = 8
MILD = ("as printed", "turned by any angle", "blurred by 1.5 px", "30 % contrast", "tilted by 20°", "on a 13 mm vial")


@pytest.mark.parametrize("kind", LabelKind)
def test_the_first_symbol_reads_after_all_that_happens_to_a_label_every_day(kind: LabelKind) -> None:
    rates = wear.rates(template_for(kind), 0, tries=TRIES)
    assert sum(counts.wrong for counts in rates.values()) == 0
    for name in MILD:
        if name in rates:
            assert rates[name].right >= TRIES - 1, f"{name}: {rates[name].right} of {TRIES}"


@pytest.mark.parametrize("kind", [LabelKind.QC_VIAL, LabelKind.FLASK, LabelKind.STATION])
def test_second_symbols_are_never_read_wrong(kind: LabelKind) -> None:
    rates = wear.rates(template_for(kind), 1, tries=TRIES)
    assert sum(counts.wrong for counts in rates.values()) == 0
    assert rates["as printed"] == wear.Counts(TRIES, 0, 0)


def test_a_data_matrix_in_the_place_of_a_qr_code_reads_too() -> None:
    rates = wear.rates(template_for(LabelKind.BAG).with_symbology(Symbology.DATA_MATRIX), 0, tries=TRIES)
    assert sum(counts.wrong for counts in rates.values()) == 0
    assert all(rates[name].right >= TRIES - 2 for name in MILD if name in rates)


def test_dirt_covers_what_it_says() -> None:
    one = wear.shot(template_for(LabelKind.BAG), 0, seed=1)
    left, top, right, bottom = one.symbol
    for soil in (wear.smeared, wear.spotted):
        changed = [soil(one, random.Random(seed)) for seed in range(20)]
        shares = [
            sum(a != b for a, b in zip(picture.tobytes(), one.picture.tobytes(), strict=True))
            / ((right - left) * (bottom - top))
            for picture in changed
        ]
        assert 0.05 < sum(shares) / len(shares) < 0.17  # a dark drop on a dark module changes nothing
