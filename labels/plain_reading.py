"""Reads Data Matrix and Code 128 from their modules, by the standards' own tables and without mending anything.

For the check of what we print: it shares no code with the library that writes these symbols, and because it corrects
no errors, a single wrong module is a fault. It reads no pictures. Sources: ISO/IEC 16022 (ECC 200, square symbols of up
to 48 modules), ISO/IEC 15417. Encodings that zint may choose for printable ASCII are read; others are a fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

Matrix = tuple[tuple[bool, ...], ...]
"""Rows of modules, top row first."""


class Unreadable(ValueError):
    """Not a symbol that follows the standard to the last module; says where it departs."""


# --- Code 128 -------------------------------------------------------------------------------------------------------

_PATTERNS: Final = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222"
    " 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321"
    " 232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121"
    " 313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224"
    " 111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111"
    " 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113"
    " 114311 411113 411311 113141 114131 311141 411131 211412 211214 211232"
)
_VALUES: Final = {widths: value for value, widths in enumerate(_PATTERNS.split())}
_STOP: Final = "2331112"
_START_A, _START_B, _START_C = 103, 104, 105
_TO_SET: Final = {101: "A", 100: "B", 99: "C"}


def read_code_128(matrix: Matrix) -> str:
    """The text of a row of modules. Raises Unreadable."""
    if len(matrix) != 1:
        raise Unreadable(f"{len(matrix)} rows instead of one")
    widths = _bar_widths(matrix[0])
    if len(widths) % 6 != 1 or not widths.endswith(_STOP):
        raise Unreadable("no stop pattern at the end")
    patterns = [widths[start : start + 6] for start in range(0, len(widths) - len(_STOP), 6)]
    if unknown := [pattern for pattern in patterns if pattern not in _VALUES]:
        raise Unreadable(f"bars of widths {unknown[0]}")
    start, *values = (_VALUES[pattern] for pattern in patterns)
    if start < _START_A or len(values) < 2:
        raise Unreadable("no start pattern, or nothing behind it")
    weighed = start + sum(place * value for place, value in enumerate(values[:-1], start=1))
    if weighed % 103 != values[-1]:
        raise Unreadable("a check symbol that does not fit")
    return "".join(_letters("ABC"[start - _START_A], values[:-1]))


def _bar_widths(row: tuple[bool, ...]) -> str:
    """Widths of bars and spaces in turn, beginning with a bar."""
    widths: list[int] = []
    for place, dark in enumerate(row):
        if place and dark == row[place - 1]:
            widths[-1] += 1
        else:
            widths.append(1)
    if not row or not row[0] or max(widths) > 4:
        raise Unreadable("no bar at the beginning, or one wider than four modules")
    return "".join(map(str, widths))


def _letters(code_set: str, values: list[int]) -> Iterator[str]:
    for value in values:
        if value in _TO_SET and _TO_SET[value] != code_set:
            code_set = _TO_SET[value]
        elif code_set == "C" and value < 100:
            yield f"{value:02d}"
        elif value < {"A": 64, "B": 95, "C": 0}[code_set]:
            yield chr(32 + value)
        else:
            raise Unreadable(f"value {value} in code set {code_set}")


# --- Data Matrix ----------------------------------------------------------------------------------------------------

_SIZES: Final = {
    10: (3, 5), 12: (5, 7), 14: (8, 10), 16: (12, 12), 18: (18, 14), 20: (22, 18), 22: (30, 20), 24: (36, 24),
    26: (44, 28), 32: (62, 36), 36: (86, 42), 40: (114, 48), 44: (144, 56), 48: (174, 68),
}  # fmt: skip
"""Codewords of data and of error correction by the side of the symbol: those of one block."""

_ONE_REGION = 26
_PAD, _LATCH_C40, _LATCH_X12, _LATCH_TEXT, _LATCH_EDIFACT, _UNLATCH = 129, 230, 238, 239, 240, 254


def read_data_matrix(matrix: Matrix) -> str:
    """The text of a square ECC 200 symbol. Raises Unreadable."""
    side = len(matrix)
    if side not in _SIZES or any(len(row) != side for row in matrix):
        raise Unreadable(f"{side} rows, which no square symbol of one block has")
    data, correction = _SIZES[side]
    codewords = _codewords(_mapping(matrix))
    if len(codewords) != data + correction:
        raise Unreadable(f"{len(codewords)} codewords instead of {data + correction}")
    _refuse_syndromes(codewords, correction)
    return "".join(_data_text(codewords[:data]))


def _mapping(matrix: Matrix) -> Matrix:
    """The modules of data, with the borders of the regions checked and taken away."""
    side = len(matrix)
    step = side if side <= _ONE_REGION else side // 2
    for across in range(0, side, step):
        for down in range(0, side, step):
            _refuse_border(tuple(row[across : across + step] for row in matrix[down : down + step]))
    inside = [place for place in range(side) if place % step not in (0, step - 1)]
    return tuple(tuple(matrix[row][column] for column in inside) for row in inside)


def _refuse_border(region: Matrix) -> None:
    """Left and bottom dark; top and right in turn, beginning dark at the upper left and at the lower right."""
    last = len(region) - 1
    solid = all(row[0] for row in region) and all(region[last])
    timing = all(
        region[0][place] == (place % 2 == 0) and region[place][last] == (place % 2 == 1) for place in range(last + 1)
    )
    if not (solid and timing):
        raise Unreadable("a border that is not that of a Data Matrix")


def _codewords(modules: Matrix) -> list[int]:
    """Codewords in their order along the diagonals (ISO/IEC 16022, annex F)."""
    rest = _places_of_none(len(modules))
    if rest and [modules[row][column] for row, column in rest] != [True, False, False, True]:
        raise Unreadable("a wrong fixed pattern in the lower right corner")
    return [
        sum(modules[row][column] << (7 - bit) for bit, (row, column) in enumerate(places))
        for places in codeword_places(len(modules))
    ]


@cache
def codeword_places(size: int) -> list[list[tuple[int, int]]]:
    """The eight places (row, column; highest bit first) of each codeword in `size` rows of data modules."""
    seen: set[tuple[int, int]] = set()
    words = []
    for places in _walk(size, seen):
        seen.update(places)
        words.append(places)
    return words


@cache
def _places_of_none(size: int) -> list[tuple[int, int]]:
    """Those that no codeword takes: four in the lower right corner, or none."""
    taken = {place for places in codeword_places(size) for place in places}
    return [(row, column) for row in range(size) for column in range(size) if (row, column) not in taken]


def _walk(size: int, seen: set[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """The eight places of each codeword, highest bit first."""
    row, column, up = 4, 0, True
    while row < size or column < size or not up:
        if up and (corner := _corner(size, row, column)) is not None:
            yield corner
        while (row >= 0 and column < size) if up else (row < size and column >= 0):
            if 0 <= row < size and 0 <= column < size and (row, column) not in seen:
                yield [_wrapped(size, row + down, column + across) for down, across in _SHAPE]
            row, column = (row - 2, column + 2) if up else (row + 2, column - 2)
        row, column = (row + 1, column + 3) if up else (row + 3, column + 1)
        up = not up


_SHAPE: Final = ((-2, -2), (-2, -1), (-1, -2), (-1, -1), (-1, 0), (0, -2), (0, -1), (0, 0))


def _wrapped(size: int, row: int, column: int) -> tuple[int, int]:
    if row < 0:
        row, column = row + size, column + 4 - (size + 4) % 8
    if column < 0:
        row, column = row + 4 - (size + 4) % 8, column + size
    return row, column


def _corner(size: int, row: int, column: int) -> list[tuple[int, int]] | None:
    """The codeword that is bent round the corners of the symbol when the walk comes to this place, if one is."""
    end = size - 1
    left, right = [(end - 2, 0), (end - 1, 0), (end, 0)], [(row, end) for row in range(4)]
    if (row, column) == (size, 0):
        return [(end, 0), (end, 1), (end, 2), (0, end - 1), *right]
    if (row, column) == (size - 2, 0) and size % 4:
        return [*left, (0, end - 3), (0, end - 2), (0, end - 1), *right[:2]]
    if (row, column) == (size - 2, 0) and size % 8 == 4:
        return [*left, (0, end - 1), *right]
    if (row, column) == (size + 4, 2) and size % 8 == 0:
        top = [(down, across) for down in (0, 1) for across in (end - 2, end - 1, end)]
        return [(end, 0), (end, end), *top]
    return None


def _refuse_syndromes(codewords: list[int], correction: int) -> None:
    """Reed-Solomon over GF(256) with x^8+x^5+x^3+x^2+1: every syndrome of an undamaged symbol is zero."""
    for power in range(1, correction + 1):
        sum_ = 0
        for word in codewords:
            sum_ = (_EXP[(_LOG[sum_] + power) % 255] if sum_ else 0) ^ word
        if sum_:
            raise Unreadable("error correction that does not fit the data")


def _tables() -> tuple[list[int], list[int]]:
    exp, log, value = [0] * 255, [0] * 256, 1
    for power in range(255):
        exp[power], log[value] = value, power
        value = value << 1 ^ (0x12D if value & 0x80 else 0)
    return exp, log


_EXP, _LOG = _tables()


def _data_text(words: list[int]) -> Iterator[str]:
    """ASCII encodation, and the others where it latches into them."""
    place = 0
    while place < len(words) and words[place] != _PAD:
        word = words[place]
        place += 1
        if word <= 128:
            yield chr(word - 1)
        elif word < _LATCH_C40:
            yield f"{word - 130:02d}"
        elif word in _TRIPLES:
            place, letters = _triples(words, place, _TRIPLES[word])
            yield letters
        elif word == _LATCH_EDIFACT:
            place, letters = _edifact(words, place)
            yield letters
        else:
            raise Unreadable(f"codeword {word}, which plain ASCII text does not need")


_DIGITS: Final = "0123456789"
_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SHIFT_2: Final = "!\"#$%&'()*+,-./:;<=>?@[\\]^_"
_C40: Final = (" " + _DIGITS + _UPPER, "".join(map(chr, range(32))), _SHIFT_2, "".join(map(chr, range(96, 128))))
_TEXT: Final = (" " + _DIGITS + _UPPER.lower(), _C40[1], _SHIFT_2, "`" + _UPPER + "{|}~\x7f")
_X12: Final = "\r*> " + _DIGITS + _UPPER
_TRIPLES: Final = {_LATCH_C40: _C40, _LATCH_TEXT: _TEXT, _LATCH_X12: None}


def _triples(words: list[int], place: int, sets: tuple[str, str, str, str] | None) -> tuple[int, str]:
    """C40, Text and X12 (None): three values in two codewords. The place behind them, and the text."""
    values: list[int] = []
    while place + 1 < len(words) and words[place] != _UNLATCH:
        packed = words[place] * 256 + words[place + 1] - 1
        values += [packed // 1600, packed // 40 % 40, packed % 40]
        place += 2
    place += place < len(words) and words[place] == _UNLATCH
    try:
        return place, "".join(_X12[value] for value in values) if sets is None else "".join(_shifted(values, sets))
    except IndexError:
        raise Unreadable("a value outside its character set") from None


def _shifted(values: list[int], sets: tuple[str, str, str, str]) -> Iterator[str]:
    shift = 0
    for value in values:
        if shift:
            yield sets[shift][value]
            shift = 0
        elif value < 3:
            shift = value + 1
        else:
            yield sets[0][value - 3]


def _edifact(words: list[int], place: int) -> tuple[int, str]:
    """Four characters in three codewords, until the unlatch; fewer than three left at the end are ASCII again."""
    letters = ""
    while place + 2 < len(words):
        packed = words[place] << 16 | words[place + 1] << 8 | words[place + 2]
        for nth in range(4):
            value = packed >> (18 - 6 * nth) & 0x3F
            if value == 0x1F:
                return place + min(nth + 1, 3), letters
            letters += chr(value if value & 0x20 else value | 0x40)
        place += 3
    return place, letters
