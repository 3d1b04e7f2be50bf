"""One row of the event table against its own text: is it an entry, and do the columns say what it says?

Also the signature rows beside it. Does not know what comes before the entry, nor where it stands in the log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from coi_tracker.custody_log.entry import EntryError, digest, entry_problems, parse_line
from coi_tracker.storage.log_audit import AuditedEntry

SignatureRow = tuple[str, str, str, str]
Entry = Mapping[str, Any]

_COLUMNS = (
    ("chain", "chain"),
    ("seq", "seq"),
    ("id", "id"),
    ("prev", "prev"),
    ("kind", "kind"),
    ("step", "step"),
    ("coi", "course"),
    ("recorded_at", "recorded_at"),
)


def read_text(row: AuditedEntry) -> tuple[Entry | None, list[str]]:
    """The entry that a row's text is (None if it cannot be followed), and what is wrong with the text or the row."""
    if row.text is None:
        return None, ["the entry is missing from the event table"]
    try:
        entry = parse_line(row.text)
    except EntryError as error:
        return None, [f"its text is {error}"]
    problems = [*entry_problems(entry), *_digest_problems(row), *_column_problems(row, entry)]
    return entry if _can_be_followed(entry) else None, problems


def _can_be_followed(entry: Entry) -> bool:
    """Whether an entry, damaged perhaps, still says where it stands and what it tells."""
    texts = all(isinstance(entry.get(name), str) for name in ("chain", "id", "kind", "recorded_at"))
    prev, signatures = entry.get("prev"), entry.get("signatures")
    signed = isinstance(signatures, list) and all(_is_signature(one) for one in signatures)
    linked = type(entry.get("seq")) is int and (prev is None or is_digest(prev))
    return texts and linked and signed and isinstance(entry.get("evidence"), dict)


def _is_signature(value: object) -> bool:
    fields = ("account", "meaning", "at", "signed")
    return isinstance(value, dict) and all(isinstance(value.get(name), str) for name in fields)


def _digest_problems(row: AuditedEntry) -> Iterator[str]:
    assert row.text is not None  # noqa: S101 - narrows the type
    own = digest(row.text).hex()
    if row.digest != own:
        yield "the digest in its row is not that of its text: one of the two was altered"
    if row.placed_digest is not None and row.placed_digest != own:
        yield "the digest beside its log index is not that of its text: one of the two was altered"


def _column_problems(row: AuditedEntry, entry: Entry) -> Iterator[str]:
    for column, name in _COLUMNS:
        held, told = getattr(row, column), entry.get(name)
        if held != told or isinstance(held, bool):
            yield f"its row has {column} {_shown(held)}, its text {name} {_shown(told)}"


def signature_problems(entry: Entry, rows: Sequence[SignatureRow]) -> Iterator[str]:
    """How the signature rows of an entry differ from the signatures in its text."""
    told = {(s["account"], s["meaning"], s["at"], s["signed"]) for s in entry["signatures"]}
    held = set(rows)
    for account, *_ in sorted(told - held):
        yield f"the signature of {_shown(account)} has no row, or an altered one"
    for account, *_ in sorted(held - told, key=str):
        yield f"a row has a signature of {_shown(account)} that its text does not have"


def sure_digest(row: AuditedEntry) -> bytes | None:
    """The digest that this entry most likely had when the next one was linked to it; None if nothing tells.

    Where the row and the log position agree on a digest, it was the text that was altered.
    """
    for told in (row.placed_digest if row.placed_digest == row.digest else None, row.text, row.placed_digest):
        if isinstance(told, bytes):
            return digest(told)
        if told is not None and is_digest(told):
            return bytes.fromhex(told)
    return None


def is_digest(value: object) -> bool:
    """Whether this is a digest in hex as columns hold it."""
    return isinstance(value, str) and len(value) == 64 and all(c in "0123456789abcdef" for c in value)


def _shown(value: object) -> str:
    return repr(value)[:80]
