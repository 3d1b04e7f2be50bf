"""For any value, canonical text is what an independent RFC 8785 library writes, and it is the only text read back."""

from __future__ import annotations

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from coi_tracker.custody_log import verify
from coi_tracker.custody_log.entry import EntryError, canonical, parse_canonical
from coi_tracker.exchange.custody_csv import FORMULA_STARTS, harmless

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
KEYS = st.text(st.characters(max_codepoint=127))
WHOLE = st.integers(-(2**53) + 1, 2**53 - 1)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | WHOLE | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_canonical_is_rfc_8785(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(VALUES)
def test_reading_gives_the_value_back_here_and_in_the_verifier(value: Any) -> None:
    assert parse_canonical(canonical(value)) == value
    assert verify.load_canonical(canonical(value)) == value


@given(VALUES, st.data())
def test_no_other_text_is_read(value: Any, data: st.DataObject) -> None:
    """One byte changed: either another value in its own canonical form, or refused; never the same value."""
    text = canonical(value)
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + bytes([data.draw(st.integers(0, 255))]) + text[place + 1 :]
    try:
        other = parse_canonical(changed)
    except EntryError:
        return
    assert canonical(other) == changed


@given(VALUES)
def test_another_spelling_is_refused(value: Any) -> None:
    for spelled in (json.dumps(value).encode(), json.dumps(value, indent=1).encode(), canonical(value) + b"\n"):
        if spelled != canonical(value):
            with pytest.raises(EntryError):
                parse_canonical(spelled)
            with pytest.raises(verify.Bad):
                verify.load_canonical(spelled)


@given(st.binary())
def test_no_bytes_crash_the_readers(data: bytes) -> None:
    for reader, refusal in ((parse_canonical, EntryError), (verify.load_canonical, verify.Bad)):
        try:
            reader(data)
        except refusal:
            continue


@given(TEXT)
def test_no_cell_is_a_formula(cell: str) -> None:
    made = harmless(cell)
    assert not made.startswith(FORMULA_STARTS)
    assert made.endswith(cell)
