"""A symbol is read back by other code before it leaves, and a wrong one never does."""

from __future__ import annotations

import random
import string

import pytest

from coi_tracker.errors import BrokenPromise, NotUnderstood
from labels.plain_reading import Matrix, Unreadable, read_code_128, read_data_matrix
from labels.symbol import (
    Symbology,
    checked_symbol,
    code_128_matrix,
    data_matrix,
    decode_check,
    qr_matrix,
    symbol_for,
    text_of,
)
from tests.unit.labels import sample

pytestmark = pytest.mark.requirement("COI-LABEL-03")

TEXT = sample.payload().format()


def with_flipped(matrix: Matrix, count: int) -> Matrix:
    """The matrix with its first `count` data modules, right of the lower left finder, inverted."""
    rows = [list(row) for row in matrix]
    for number in range(count):
        row, column = 9 + number // 29, number % 29
        rows[row][column] = not rows[row][column]
    return tuple(map(tuple, rows))


def test_a_payload_gives_a_version_3_symbol_without_quiet_zone() -> None:
    matrix = symbol_for(sample.payload())
    assert len(matrix) == 29
    assert {len(row) for row in matrix} == {29}
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


OTHERS = {Symbology.DATA_MATRIX: data_matrix, Symbology.CODE_128: code_128_matrix}
PLAIN = {Symbology.DATA_MATRIX: read_data_matrix, Symbology.CODE_128: read_code_128}


@pytest.mark.requirement("COI-LABEL-04")
@pytest.mark.parametrize("symbology", OTHERS)
def test_the_other_symbologies_are_read_back_too(symbology: Symbology) -> None:
    for seed in range(200):
        payload = sample.payload(seed)
        matrix = symbol_for(payload, symbology)
        assert PLAIN[symbology](matrix) == text_of(payload, symbology)
        with pytest.raises(BrokenPromise, match="print nothing"):
            decode_check(matrix, text_of(sample.payload(seed + 1), symbology), symbology=symbology)


@pytest.mark.requirement("COI-LABEL-04")
@pytest.mark.parametrize("symbology", OTHERS)
def test_a_single_wrong_module_is_a_fault_although_a_decoder_would_mend_it(symbology: Symbology) -> None:
    text = text_of(sample.payload(), symbology)
    matrix = OTHERS[symbology](text)
    for row in range(len(matrix)):
        for column in range(len(matrix[0])):
            wrong = [list(modules) for modules in matrix]
            wrong[row][column] = not wrong[row][column]
            with pytest.raises(BrokenPromise, match="print nothing"):
                decode_check(tuple(map(tuple, wrong)), text, symbology=symbology)


@pytest.mark.requirement("COI-LABEL-04")
def test_plain_readers_and_writers_agree_on_all_printable_ascii() -> None:
    rng = random.Random(4)
    alphabets = [string.printable[:95], string.digits, string.ascii_lowercase, "=&/<>+" + string.digits + "ABCXYZ"]
    for _ in range(400):
        text = "".join(rng.choices(rng.choice(alphabets), k=rng.randint(1, 40)))
        assert read_data_matrix(data_matrix(text)) == text
        assert read_code_128(code_128_matrix(text)) == text


def test_an_isbt_128_compound_message_fits_a_data_matrix() -> None:
    text = "=+03000=A99992600000100&/CHA999926ABC123&>0270732359"
    assert read_data_matrix(checked_symbol(text, Symbology.DATA_MATRIX)) == text


@pytest.mark.parametrize(
    "matrix", [(), ((True,),), ((False,) * 22,) * 22, ((True,) * 22,) * 22, ((True, False) * 6,) * 12]
)
def test_what_is_no_symbol_is_unreadable_in_words(matrix: Matrix) -> None:
    for read in PLAIN.values():
        with pytest.raises(Unreadable):
            read(matrix)


@pytest.mark.parametrize("text", ["", "Größe", "日本"])
@pytest.mark.parametrize("symbology", Symbology)
def test_a_symbol_holds_ascii_only(text: str, symbology: Symbology) -> None:
    with pytest.raises(NotUnderstood, match="ASCII"):
        checked_symbol(text, symbology)


@pytest.mark.parametrize("symbology", Symbology)
def test_a_text_too_long_for_any_symbology_is_refused(symbology: Symbology) -> None:
    with pytest.raises(NotUnderstood, match="encode less"):
        checked_symbol("A" * 10_000, symbology)


def flipped(matrix: Matrix, row: int, columns: range) -> Matrix:
    rows = [list(modules) for modules in matrix]
    for column in columns:
        rows[row][column] = not rows[row][column]
    return tuple(map(tuple, rows))


def test_the_plain_readers_say_where_a_symbol_departs_from_the_standard() -> None:
    square, bars = data_matrix("AB12cd"), code_128_matrix("LB4T0XW691RD")
    faults = {
        "border": lambda: read_data_matrix(flipped(square, 0, range(1))),
        "error correction": lambda: read_data_matrix(flipped(square, 3, range(3, 5))),
        "rows instead of one": lambda: read_code_128(bars * 2),
        "no bar at the beginning": lambda: read_code_128(flipped(bars, 0, range(1))),
        "no stop pattern": lambda: read_code_128((bars[0][:-1],)),
        "bars of widths": lambda: read_code_128(flipped(bars, 0, range(12, 13))),
        "no start pattern": lambda: read_code_128((bars[0][11:],)),
        "check symbol": lambda: read_code_128((bars[0][:22] + bars[0][33:],)),
    }
    for says, attempt in faults.items():
        with pytest.raises(Unreadable, match=says):
            attempt()


@pytest.mark.parametrize("text", ["S2DZWF0T", "SVHACFVN", "L077XC42KCWS", "BXMACB4YKC", "BBP3JZ8PDC", "BQV8MW41VC"])
def test_a_symbol_of_which_a_reader_makes_a_second_text_when_it_is_made_smaller_is_printed_all_the_same(text):
    assert checked_symbol(text, Symbology.CODE_128)
