"""Keys of the log and their change, as the log itself tells it.

The first key is told by a `key_published` entry, every later one by a `key_rotated` entry, both in the chain
`log`. A rotation carries a note signed by the old key, so that only its holder can name a successor, and by
the new key, so that nobody names a key they do not hold. It does not know where private keys are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from coi_tracker.custody_log.entry import EntryError, format_time, parse_time
from coi_tracker.custody_log.note import NoteError, SigningKey, VerifierKey, open_note, sign


class KeyChangeError(ValueError):
    """A key entry that does not hold: not signed by the old key, or not following from the keys before it."""


def published_evidence(key: VerifierKey) -> dict[str, Any]:
    """The evidence of the `key_published` entry that opens the log: {"vkey"}."""
    return {"vkey": key.format()}


def rotation_text(origin: str, old: VerifierKey, *, new: VerifierKey, at: datetime) -> str:
    """The four lines that old and new key sign: what this is, the old key, the new key, when."""
    return f"{origin}/key_rotated\n{old.format()}\n{new.format()}\n{format_time(at)}\n"


def rotation_evidence(old: SigningKey, new: SigningKey, *, at: datetime) -> dict[str, Any]:
    """The evidence of a `key_rotated` entry: {"new_vkey", "note", "old_vkey"}."""
    before, after = old.verifier_key(), new.verifier_key()
    if before.name != after.name:
        raise KeyChangeError(f"the new key is named {after.name}, the old one {before.name}")
    if before == after:
        raise KeyChangeError("the new key is the old one")
    note = sign(rotation_text(before.name, before, new=after, at=at), [old, new])
    return {"new_vkey": after.format(), "note": note, "old_vkey": before.format()}


def check_rotation(origin: str, evidence: Mapping[str, Any]) -> tuple[VerifierKey, VerifierKey]:
    """Old and new key of a rotation of the log `origin`.

    KeyChangeError unless both signed exactly this change.
    """
    if set(evidence) != {"new_vkey", "note", "old_vkey"}:
        raise KeyChangeError("the evidence of a key_rotated entry is new_vkey, note and old_vkey")
    try:
        old, new = VerifierKey.parse(evidence["old_vkey"]), VerifierKey.parse(evidence["new_vkey"])
        opened = open_note(evidence["note"], [old, new])
        at = parse_time(opened.text.split("\n")[-2])
    except (NoteError, EntryError, TypeError, AttributeError, IndexError) as error:
        raise KeyChangeError(f"the change of key cannot be confirmed: {error}") from error
    if old == new or {old.name, new.name} != {origin} or set(opened.signers) != {old, new}:
        raise KeyChangeError("a change of key is signed by the old and the new key, both named as the log")
    if opened.text != rotation_text(origin, old, new=new, at=at):
        raise KeyChangeError("the note of the change of key says something else than the entry")
    return old, new


def current_key(origin: str, entries: Iterable[Mapping[str, Any]]) -> VerifierKey | None:
    """The key in force after `entries`, in log order; others than key entries are passed over.

    None when the log names no key. KeyChangeError when a change does not start from the key then in force.
    """
    current: VerifierKey | None = None
    for entry in entries:
        current = follow(origin, current, entry)
    return current


def follow(origin: str, current: VerifierKey | None, entry: Mapping[str, Any]) -> VerifierKey | None:
    """The key in force after `entry`, given the one before it."""
    if entry["kind"] == "key_published":
        if current is not None:
            raise KeyChangeError("a first key is published though the log has one: rotate it instead")
        return _published(origin, entry["evidence"])
    if entry["kind"] != "key_rotated":
        return current
    old, new = check_rotation(origin, entry["evidence"])
    if current is not None and current != old:
        raise KeyChangeError("the change of key does not start from the key in force")
    return new


def _published(origin: str, evidence: Mapping[str, Any]) -> VerifierKey:
    if set(evidence) != {"vkey"} or not isinstance(evidence["vkey"], str):
        raise KeyChangeError("the evidence of a key_published entry is vkey")
    try:
        key = VerifierKey.parse(evidence["vkey"])
    except NoteError as error:
        raise KeyChangeError(f"the published key cannot be read: {error}") from error
    if key.name != origin:
        raise KeyChangeError(f"the published key is named {key.name}, the log {origin}")
    return key
