"""custody.csv: one row an entry, for people with a spreadsheet (RFC 4180, UTF-8, lines end in CRLF).

A cell that a spreadsheet would take for a formula is made harmless with a leading apostrophe. The columns
`id` and `digest` let a verifier tell the rows from the entries. It does not decide which entries are shown,
and it leaves out no event: a refusal is a row like any other.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

from coi_tracker.custody_log.entry import canonical, digest, parse_line

COLUMNS: Final = (
    "index",
    "id",
    "chain",
    "seq",
    "course",
    "kind",
    "step",
    "happened_at",
    "recorded_at",
    "zone",
    "account",
    "name",
    "role",
    "place",
    "station",
    "containers",
    "evidence",
    "signatures",
    "reasons",
    "refers_to",
    "process",
    "protocol",
    "software",
    "prev",
    "digest",
)

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def harmless(cell: str) -> str:
    """`cell`, with an apostrophe before it when a spreadsheet would run it as a formula."""
    return "'" + cell if cell.startswith(FORMULA_STARTS) else cell


def header() -> bytes:
    """The first line of the table."""
    return _line(COLUMNS)


def row(index: int, entry_bytes: bytes, *, entry: Mapping[str, Any] | None = None) -> bytes:
    """The line of the entry at `index` of the log, from its exact bytes; EntryError when they are no entry.

    `entry` is what `parse_line` made of the bytes, when that is known already.
    """
    entry = entry or parse_line(entry_bytes)
    cells = {
        **{name: _plain(entry[name]) for name in COLUMNS if name in entry},
        **{name: _plain(entry["actor"][name]) for name in ("account", "name", "role", "place", "station")},
        "index": str(index),
        "containers": "; ".join(map(_container, entry["containers"])),
        "evidence": canonical(entry["evidence"]).decode() if entry["evidence"] else "",
        "signatures": "; ".join(map(_signature, entry["signatures"])),
        "reasons": "; ".join(map(_reason, entry["reasons"])),
        "process": _definition(entry["process"]),
        "protocol": _definition(entry["protocol"]),
        "digest": digest(entry_bytes).hex(),
    }
    return _line([harmless(cells[name]) for name in COLUMNS])


def _line(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()


def _plain(value: object) -> str:
    return "" if value is None else str(value)


def _container(container: Mapping[str, Any]) -> str:
    words = (container[name] for name in ("part", "id", "label", "by", "state"))
    return " ".join(_plain(word) for word in words if word is not None)


def _signature(signature: Mapping[str, Any]) -> str:
    return f"{signature['name']} ({signature['account']}): {signature['meaning']} at {signature['at']}"


def _reason(reason: Mapping[str, Any]) -> str:
    return f"{reason['code']}: expected {_plain(reason['expected'])}, observed {_plain(reason['observed'])}"


def _definition(definition: Mapping[str, Any] | None) -> str:
    return f"{definition['key']} {definition['version']}" if definition else ""
