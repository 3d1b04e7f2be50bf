"""Proofs as text: the lines of `proofs.jsonl`, the consistency file, and the C2SP tlog-proof of one entry.

Writing and strict reading only. Which proofs a bundle needs is the bundle's affair; whether a proof holds is
`merkle`'s and `heads`'.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from coi_tracker.custody_log.entry import EntryError, canonical, parse_canonical
from coi_tracker.custody_log.heads import HeadProof
from coi_tracker.custody_log.merkle import HASH_SIZE
from coi_tracker.custody_log.note import NoteError, from_base64, to_base64

TLOG_PROOF: Final = "c2sp.org/tlog-proof@v1"
MAX_PATH: Final = 64
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class ProofError(ValueError):
    """A text that is not a proof of the kind expected."""


@dataclass(frozen=True, slots=True)
class EntryProof:
    """Where an entry stands in the log, from 0, and its audit path, leaf's sibling first."""

    index: int
    path: tuple[bytes, ...]

    def line(self) -> bytes:
        """{"index", "path"} in canonical JSON, without a newline."""
        return canonical({"index": self.index, "path": _encoded(self.path)})


@dataclass(frozen=True, slots=True)
class HeadsEntryProof:
    """The `checkpoint_heads` entry under the checkpoint: index, exact bytes, audit path, number of heads."""

    heads_index: int
    entry: bytes
    path: tuple[bytes, ...]
    leaves: int

    def line(self) -> bytes:
        """{"entry", "heads_index", "leaves", "path"} in canonical JSON, without a newline."""
        return canonical(
            {
                "heads_index": self.heads_index,
                "entry": self.entry.decode("utf-8"),
                "path": _encoded(self.path),
                "leaves": self.leaves,
            }
        )


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That the log of `new` entries begins with the log of `old` entries (RFC 6962 section 2.1.2)."""

    old: int
    new: int
    path: tuple[bytes, ...]

    def line(self) -> bytes:
        """{"from", "path", "to"} in canonical JSON, without a newline."""
        return canonical({"from": self.old, "path": _encoded(self.path), "to": self.new})


def chain_line(proof: HeadProof) -> bytes:
    """{"chain", "digest" in hex, "leaf_index", "path", "seq"} in canonical JSON, without a newline."""
    return canonical(
        {
            "chain": proof.chain,
            "seq": proof.seq,
            "digest": proof.digest.hex(),
            "leaf_index": proof.leaf_index,
            "path": _encoded(proof.path),
        }
    )


def parse_proof_line(line: bytes) -> EntryProof | HeadsEntryProof | HeadProof | ConsistencyProof:
    """Read one proof line, whichever of the four it is. ProofError for anything else."""
    try:
        return _proof_of(parse_canonical(line))
    except (EntryError, NoteError, KeyError, TypeError, ValueError) as error:
        raise ProofError(f"not a proof line: {error}") from error


def _proof_of(value: Any) -> EntryProof | HeadsEntryProof | HeadProof | ConsistencyProof:
    path = _decoded(value["path"])
    match sorted(value):
        case ["index", "path"]:
            return EntryProof(_count(value["index"]), path)
        case ["entry", "heads_index", "leaves", "path"]:
            entry = value["entry"].encode("utf-8")
            return HeadsEntryProof(_count(value["heads_index"]), entry, path, _count(value["leaves"]))
        case ["chain", "digest", "leaf_index", "path", "seq"]:
            digest = bytes.fromhex(value["digest"])
            place = _count(value["leaf_index"])
            return HeadProof(value["chain"], _count(value["seq"]), digest, place, path)
        case ["from", "path", "to"]:
            return ConsistencyProof(_count(value["from"]), _count(value["to"]), path)
        case _:
            raise ProofError(f"unknown fields {sorted(value)}")


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ProofError(f"{value!r} is not a whole number from 0")
    return value


def _encoded(path: Sequence[bytes]) -> list[str]:
    return [to_base64(step) for step in path]


def _decoded(path: Sequence[str]) -> tuple[bytes, ...]:
    if not isinstance(path, list) or len(path) > MAX_PATH:
        raise ProofError("an audit path is a list of at most 64 hashes")
    steps = tuple(from_base64(step) for step in path)
    if any(len(step) != HASH_SIZE for step in steps):
        raise ProofError(f"a step of an audit path has {HASH_SIZE} bytes")
    return steps


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A C2SP tlog-proof: one entry's place and path with the signed checkpoint, for use on its own."""

    index: int
    path: tuple[bytes, ...]
    checkpoint_note: str
    extra: bytes | None = None

    def text(self) -> str:
        """The text of https://c2sp.org/tlog-proof. `extra` is not authenticated by anything."""
        lines = [TLOG_PROOF]
        if self.extra is not None:
            lines.append(f"extra {to_base64(self.extra)}")
        lines += [f"index {self.index}", *_encoded(self.path)]
        return "\n".join(lines) + "\n\n" + self.checkpoint_note


def parse_tlog_proof(text: str) -> TlogProof:
    """Read a tlog-proof strictly. ProofError when malformed; the checkpoint inside is not opened."""
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines.pop(0) != TLOG_PROOF:
        raise ProofError(f"a proof begins with the line {TLOG_PROOF}")
    try:
        extra = from_base64(lines.pop(0)[len("extra ") :]) if _starts(lines, "extra ") else None
        if not _starts(lines, "index ") or not _INDEX.fullmatch(lines[0][len("index ") :]):
            raise ProofError("the index line is missing or not a decimal number without leading zeros")
        return TlogProof(int(lines[0][len("index ") :]), _decoded(lines[1:]), note, extra)
    except NoteError as error:
        raise ProofError(str(error)) from error


def _starts(lines: Sequence[str], word: str) -> bool:
    return bool(lines) and lines[0].startswith(word)
