"""What stands in a supplier's GS1 symbol on an ancillary lot: trade item, lot, last day.

Reads the text that a scanner or camera sends, with or without the name of the symbology in front, with separators or
in the form people read, `(01)...(10)...`. Knows no lots of the record: whether it is one, and whether its day is the
same, is asked by who scans. One of our own codes is never read as GS1: none begins with a digit or a bracket.

Source: GS1 General Specifications, application identifiers 01, 10 and 17; read by biip.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from biip import ParseError
from biip.gs1_element_strings import GS1ElementString
from biip.gs1_messages import GS1Message

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import safe_excerpt

SEPARATOR = "\x1d"
"""Ends a field of no fixed length (FNC1). Keyboards send it as Ctrl and ]."""
LONGEST = 300
"""Characters of a GS1 symbol that anybody prints on a lot."""
_SAID_TO_BE = re.compile(r"\](?:C1|d2|Q3|e0)")
_TRADE_ITEM_FIRST = re.compile(r"\(01\)\d{14}|01\d{14}")


@dataclass(frozen=True, slots=True)
class SupplierCode:
    """A lot as its supplier names it. ``expires``: the last day it may be used; None when the symbol does not say."""

    lot: str
    expires: date | None = None
    trade_item: str | None = None


def read_supplier_code(text: str) -> SupplierCode | None:
    """The lot in a GS1 symbol; None for text that is no such symbol: neither named so nor beginning with a trade item.

    Raises NotUnderstood for what is one and cannot be right: another check digit, no lot, a day that is not in the
    calendar, the same thing said twice differently.
    """
    bare = text.strip(" \t\r\n")
    said = _SAID_TO_BE.match(bare)
    bare = bare[said.end() :] if said else bare
    if len(bare) > LONGEST or not (said or _TRADE_ITEM_FIRST.match(bare)):
        return None
    try:
        parts = (GS1Message.parse_hri if bare.startswith("(") else GS1Message.parse)(bare).element_strings
    except (ParseError, ValueError) as error:
        raise _unreadable(text) from error
    return _code(parts, text)


def _code(parts: Iterable[GS1ElementString], text: str) -> SupplierCode:
    said: dict[str, GS1ElementString] = {}
    for part in parts:
        if said.setdefault(part.ai.ai, part).value != part.value or part.gtin_error:
            raise _unreadable(text)
    lot, day, item = (said.get(name) for name in ("10", "17", "01"))
    if lot is None:
        raise NotUnderstood(
            expected="the lot in the symbol of a supplier, after (10)",
            came=safe_excerpt(text, 60),
            do="scan the symbol with the lot in it, or type the code beside LOT",
        )
    return SupplierCode(lot.value, day.date if day else None, item.value if item else None)


def _unreadable(text: str) -> NotUnderstood:
    return NotUnderstood(
        expected="a GS1 symbol that is whole: its check digit right, its day in the calendar",
        came=safe_excerpt(text, 60),
        do="scan it again; if it stays so, type the code beside LOT and look at its last day",
    )
