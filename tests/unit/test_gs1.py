"""A supplier's GS1 symbol says the lot and its last day, or is refused: never another lot."""

from __future__ import annotations

import string
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coi_tracker.errors import NotUnderstood
from coi_tracker.gs1 import LONGEST, SEPARATOR, SupplierCode, read_supplier_code

pytestmark = pytest.mark.requirement("COI-STOCK-09")

ITEM = "09506000134352"
"""GS1's own example of a trade item, with its check digit."""

NAMES = ["", "]C1", "]d2", "]Q3", "]e0"]


@pytest.mark.parametrize(
    ("text", "lot", "expires"),
    [
        (f"01{ITEM}17270531" + "10M-77A", "M-77A", date(2027, 5, 31)),
        (f"01{ITEM}10M-77A{SEPARATOR}17270531", "M-77A", date(2027, 5, 31)),
        (f"]d201{ITEM}10M-77A{SEPARATOR}21S1{SEPARATOR}17270531\r\n", "M-77A", date(2027, 5, 31)),
        (f"  ]C101{ITEM}10M-77A", "M-77A", None),
        (f"(01){ITEM}(17)270531(10)M-77A", "M-77A", date(2027, 5, 31)),
        ("]C117270531" + "10m.77", "m.77", date(2027, 5, 31)),
        (f"01{ITEM}17270200" + "10B", "B", date(2027, 2, 28)),
    ],
    ids=["lot last", "separator", "serial too", "no day", "for people", "no item", "no day of the month"],
)
def test_a_symbol_says_its_lot_and_its_last_day(text, lot, expires):
    found = read_supplier_code(text)
    assert found is not None
    assert (found.lot, found.expires) == (lot, expires)


@pytest.mark.parametrize(
    "text",
    ["", " ", "M-77A", "LOT-media-1", "COI1:CJ637J0W6929A:LA6P2CT633JK:G", "S10FMR6Z", "9506000134352", "1017270531",
     "01" * 6, f"01{ITEM}"[:15], "]Q1ABC", "=A99992600000100", "x" * 10_000_000, "01" + "0" * (LONGEST + 1)],
)  # fmt: skip
def test_other_text_is_no_symbol_of_a_supplier(text):
    assert read_supplier_code(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"01{ITEM[:-1]}3" + "10M", "check digit"),
        (f"(01){ITEM[:-1]}3(10)M", "check digit"),
        (f"01{ITEM}17270231" + "10M", "day in the calendar"),
        (f"01{ITEM}", "the lot in the symbol"),
        (f"]d201{ITEM}17270531", "the lot in the symbol"),
        ("]d2", "the lot in the symbol"),
        (f"01{ITEM}10", "whole"),
        (f"01{ITEM}10A{SEPARATOR}10B", "whole"),
        (f"01{ITEM}10nai\u0308ve", "whole"),
        (f"01{ITEM}10" + "A" * 21, "whole"),
        (f"]C1{'9' * 200}", "whole"),
    ],
)
def test_a_symbol_that_cannot_be_right_is_refused_in_words(text, words):
    with pytest.raises(NotUnderstood, match=words):
        read_supplier_code(text)


LOTS = st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=20)
DAYS = st.dates(date(2026, 1, 1), date(2049, 12, 31))


@given(lot=LOTS, day=DAYS, name=st.sampled_from(NAMES), order=st.permutations(["01", "10", "17", "21"]), serial=LOTS)
def test_whatever_the_order_of_its_parts_the_lot_is_the_lot(lot, day, name, order, serial):
    parts = {"01": ITEM, "10": lot, "17": f"{day:%y%m%d}", "21": serial}
    text = name + SEPARATOR.join(ai + parts[ai] for ai in order)
    if not name and order[0] != "01":
        assert read_supplier_code(text) is None
    else:
        assert read_supplier_code(text) == SupplierCode(lot, day, ITEM)


@given(lot=LOTS, place=st.integers(0, 13), digit=st.sampled_from(string.digits))
def test_a_digit_of_the_trade_item_that_was_misread_is_noticed(lot, place, digit):
    spoiled = ITEM[:place] + digit + ITEM[place + 1 :]
    if spoiled == ITEM:
        return
    with pytest.raises(NotUnderstood):
        read_supplier_code(f"01{spoiled}10{lot}")
