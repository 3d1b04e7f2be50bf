"""Checkpoints: how long the log is and what its root is, signed (https://c2sp.org/tlog-checkpoint).

Three lines: origin, size in decimal, root in base64. The signing key's name is the origin. It does not know
the entries, and it does not decide when a checkpoint is due.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from coi_tracker.custody_log.merkle import HASH_SIZE
from coi_tracker.custody_log.note import (
    NoteError,
    SigningKey,
    VerifierKey,
    from_base64,
    open_note,
    parse_note,
    sign,
    to_base64,
)

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class CheckpointError(ValueError):
    """A text that is not a checkpoint, or a checkpoint of another log or by another key."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: the log's name, the number of entries, the RFC 6962 root (32 bytes) over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The text that is signed: three lines."""
        return f"{self.origin}\n{self.size}\n{to_base64(self.root)}\n"


@dataclass(frozen=True, slots=True)
class OpenedCheckpoint:
    """A checkpoint whose signature holds, and the trusted key that signed it under the origin's name."""

    checkpoint: Checkpoint
    key: VerifierKey
    other_signers: tuple[VerifierKey, ...] = ()


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint. Lines after the third are legal, must not be empty, and are not kept."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() != "" or not all(lines):
        raise CheckpointError("a checkpoint is three lines or more, none empty, each ending in a newline")
    origin, size, encoded = lines[:3]
    if not _SIZE.fullmatch(size):
        raise CheckpointError(f"the size {size[:40]!r} is not a decimal number without leading zeros")
    try:
        root = from_base64(encoded)
    except NoteError as error:
        raise CheckpointError(f"root: {error}") from error
    if len(root) != HASH_SIZE:
        raise CheckpointError(f"the root has {len(root)} bytes, expected {HASH_SIZE}")
    return Checkpoint(origin, int(size), root)


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> str:
    """The signed note. CheckpointError unless the key bears the log's name."""
    if key.name != checkpoint.origin:
        raise CheckpointError(f"the key {key.name} does not sign for the log {checkpoint.origin}")
    return sign(checkpoint.text(), [key])


def read_unverified(note: str | bytes) -> Checkpoint:
    """The checkpoint in `note`, whoever signed it. For showing and sorting, never for trusting."""
    text, _ = parse_note(note)
    return parse_checkpoint(text)


def open_checkpoint(note: str | bytes, keys: Iterable[VerifierKey], *, origin: str | None = None) -> OpenedCheckpoint:
    """The checkpoint in `note`, signed by one of `keys` under the name of its origin.

    CheckpointError when it is of another log than `origin` (if given) or only others, such as witnesses,
    signed; NoteError when nobody known signed.
    """
    opened = open_note(note, keys)
    checkpoint = parse_checkpoint(opened.text)
    if origin is not None and checkpoint.origin != origin:
        raise CheckpointError(f"a checkpoint of the log {checkpoint.origin}, expected {origin}")
    own = [key for key in opened.signers if key.name == checkpoint.origin]
    if not own:
        raise CheckpointError(f"not signed under the name of its log, {checkpoint.origin}")
    others = tuple(key for key in opened.signers if key is not own[0])
    return OpenedCheckpoint(checkpoint, own[0], others)
