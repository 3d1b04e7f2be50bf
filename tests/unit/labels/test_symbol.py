"""A symbol is read back by other code before it leaves, and a wrong one never does."""

from __future__ import annotations

import pytest

from coi_tracker.errors import BrokenPromise, NotUnderstood
from labels.symbol import Matrix, decode_check, qr_matrix, symbol_for
from tests.unit.labels import sample

pytestmark = pytest.mark.requirement("COI-LABEL-03")

TEXT = sample.payload().format()


def with_flipped(matrix: Matrix, count: int) -> Matrix:
    """The matrix with its first `count` data modules, right of the lower left finder, inverted."""
    rows = [list(row) for row in matrix]
    for number in range(count):
        row, column = 9 + number // 25, number % 25
        rows[row][column] = not rows[row][column]
    return tuple(map(tuple, rows))


def test_a_payload_gives_a_version_2_symbol_without_quiet_zone() -> None:
    matrix = symbol_for(sample.payload())
    assert len(matrix) == 25
    assert {len(row) for row in matrix} == {25}
    assert matrix == symbol_for(sample.payload())


def test_the_symbol_of_another_payload_is_a_broken_promise() -> None:
    other = sample.payload(2).format()
    with pytest.raises(BrokenPromise, match="print nothing") as broken:
        decode_check(qr_matrix(other), TEXT)
    assert TEXT in str(broken.value)
    assert other in str(broken.value)


def test_no_symbol_leaves_that_its_writer_got_wrong() -> None:
    with pytest.raises(BrokenPromise, match="print nothing"):
        symbol_for(sample.payload(), writer=lambda _: qr_matrix(sample.payload(2).format()))


def test_a_symbol_that_nobody_can_read_is_a_broken_promise() -> None:
    for unreadable in (with_flipped(qr_matrix(TEXT), 250), tuple((False,) * 25 for _ in range(25))):
        with pytest.raises(BrokenPromise, match="cannot be read"):
            decode_check(unreadable, TEXT)


def test_a_text_that_differs_in_its_last_character_only_is_a_broken_promise() -> None:
    with pytest.raises(BrokenPromise):
        decode_check(qr_matrix(TEXT[:-1]), TEXT)


def test_a_text_too_long_for_any_symbol_is_refused() -> None:
    with pytest.raises(NotUnderstood, match="fits a QR code"):
        qr_matrix("A" * 10_000)
