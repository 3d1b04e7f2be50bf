"""Every label says its code in two places, so far apart that dirt on one leaves the other."""

from __future__ import annotations

import math
import random

import pytest

from labels.kinds import LabelKind
from labels.template_file import template_for
from tests.labels import soiled_labels, wear

pytestmark = pytest.mark.requirement("COI-LABEL-13")

TRIES = 6


@pytest.mark.parametrize("kind", LabelKind)
def test_no_round_blot_of_15_percent_of_the_symbols_reaches_two_of_them(kind: LabelKind) -> None:
    label = soiled_labels.whole_label(template_for(kind), seed=1)
    one, other = label.symbols
    across = max(0, max(one[0], other[0]) - min(one[2], other[2]))
    down = max(0, max(one[1], other[1]) - min(one[3], other[3]))
    blot = 2 * math.sqrt(wear.DIRTY * label.area() / math.pi)
    assert math.hypot(across, down) > blot


@pytest.mark.slow
@pytest.mark.parametrize("kind", LabelKind)
def test_a_label_reads_although_15_percent_are_dirty_and_is_never_read_wrong(kind: LabelKind) -> None:
    rates = soiled_labels.rates(template_for(kind), soiled_labels.KINDS, tries=TRIES)
    assert [name for name, counts in rates.items() if counts.wrong] == []
    assert rates["one blot"].right == rates["drops on one symbol"].right == TRIES


def test_torn_bars_that_a_decoder_takes_for_other_letters_are_refused_by_their_form() -> None:
    label = soiled_labels.whole_label(template_for(LabelKind.FLASK), seed=123)
    found = wear.read(soiled_labels.under_splashes(label, random.Random(123)))
    assert found
    assert not set(found) & set(label.texts)  # the decoder is wrong here, whose only check is one of 103
    assert wear.counted([(found, label.texts)]) == wear.Counts(right=0, wrong=0, refused=1)


def test_a_reading_of_another_label_counts_as_wrong() -> None:
    one, other = (soiled_labels.whole_label(template_for(LabelKind.BAG), seed=seed) for seed in (1, 2))
    readings = [(list(other.texts), one.texts), ([*one.texts, *other.texts], one.texts), (list(one.texts), one.texts)]
    assert wear.counted(readings) == wear.Counts(right=1, wrong=2, refused=0)
