"""What is signed about the log, checked as the entries go by: its keys, its heads, its checkpoints.

The key in force follows from the entries alone; the rows of keys and checkpoints have to agree with them. Checkpoints
that somebody kept outside are checked beside those of the database: only they show that the log was not written anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import Any

from coi_tracker.custody_log.chain import LOG_CHAIN
from coi_tracker.custody_log.checkpoint import CheckpointError, open_checkpoint, read_unverified
from coi_tracker.custody_log.keys import KeyChangeError, follow
from coi_tracker.custody_log.note import NoteError, VerifierKey, to_base64
from coi_tracker.custody_log.verify import HeadsTree
from coi_tracker.services.findings import Finding, Findings
from coi_tracker.storage.log_audit import checkpoints_after
from coi_tracker.storage.log_store import LogKey
from coi_tracker.storage.transaction import Transaction

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint to be met on the way. ``made_at`` and ``origin`` None: it was kept outside the database."""

    size: int
    note: str
    origin: str | None = None
    made_at: str | None = None

    @property
    def where(self) -> str:
        """What to call it."""
        kept = " that was kept outside" if self.origin is None else ""
        return f"checkpoint of {self.size} entries{kept}"


class NoteCheck:
    """Follows keys and heads entry by entry, and meets every checkpoint at its size."""

    def __init__(
        self, tx: Transaction, found: Findings, *, kept: Sequence[str], trusted: Sequence[VerifierKey]
    ) -> None:
        self._found, self._trusted = found, tuple(trusted)
        self._waiting = merge(_stored(tx), self._readable(kept), key=lambda signed: signed.size)
        self._next = next(self._waiting, None)
        self._heads = HeadsTree()
        self.key: VerifierKey | None = None
        self.keys: list[LogKey] = []
        self.checkpoints = 0
        self.confirmed = 0

    def _readable(self, notes: Sequence[str]) -> Iterator[Signed]:
        sizes = []
        for note in notes:
            try:
                sizes.append(Signed(read_unverified(note).size, note))
            except (NoteError, CheckpointError) as error:
                self._found.add(Finding("checkpoint that was kept outside", f"cannot be read: {error}"))
        return iter(sorted(sizes, key=lambda signed: signed.size))

    def take(self, entry: Entry, *, index: int, digest: bytes) -> None:
        """The next entry of the log, well formed, with the digest that its successor links to."""
        if entry["chain"] != LOG_CHAIN:
            self._heads.put(entry["chain"], entry["seq"], digest)
        elif entry["kind"] == "checkpoint_heads":
            told = {"heads_root": to_base64(self._heads.root()), "leaves": len(self._heads.names)}
            if entry["evidence"] != told:
                problem = "the heads told here are not those of the chains before it: it or one of them was altered"
                self._found.add(Finding("heads", problem, min(self.confirmed, index), upto=index + 1))
        elif entry["kind"] in ("key_published", "key_rotated"):
            self._follow_key(entry, index)

    def _follow_key(self, entry: Entry, index: int) -> None:
        try:
            origin = self.key.name if self.key else _named(entry)
            new = follow(origin, self.key, entry)
        except KeyChangeError as error:
            self._blame_entry(entry, index, str(error))
            return
        if new is not None:
            self.key = new
            self.keys.append(LogKey(new.format(), new.name, index + 1, entry["id"]))

    def _blame_entry(self, entry: Entry, index: int, problem: str) -> None:
        self._found.add(Finding("entry", problem, index, entry["chain"], entry["seq"], entry["id"]))

    def reach(self, size: int, root: Callable[[], bytes], last: Entry | None) -> None:
        """The log has `size` entries now, `last` (None: unreadable) at its end: meet the checkpoints of that size."""
        stored = False
        while self._next is not None and self._next.size <= size:
            signed, self._next = self._next, next(self._waiting, None)
            stored = stored or (signed.origin is not None and signed.size == size)
            self._meet(signed, root() if signed.size == size else None, last)
        if last is not None and last["kind"] == "checkpoint_heads" and not stored:
            self._blame_entry(last, size - 1, "the checkpoint that was signed over it is missing")

    def _meet(self, signed: Signed, root: bytes | None, last: Entry | None) -> None:
        self.checkpoints += signed.origin is not None
        for problem in self._note_problems(signed, last):
            self._found.add(Finding(signed.where, problem))
        try:
            told = read_unverified(signed.note)
        except (NoteError, CheckpointError):
            return
        if told.size == signed.size and root == told.root:
            self.confirmed = max(self.confirmed, signed.size)
        else:
            problem = "the root over the entries is not the one that was signed: one of them was altered"
            self._found.add(Finding(signed.where, problem, min(self.confirmed, signed.size), upto=signed.size))

    def _note_problems(self, signed: Signed, last: Entry | None) -> Iterator[str]:
        keys = [*([self.key] if self.key else []), *(self._trusted if signed.origin is None else ())]
        try:
            told = open_checkpoint(signed.note, keys, origin=self.key.name if self.key else None).checkpoint
        except (NoteError, CheckpointError) as error:
            yield f"not by the key that the log had then: {error}"
            return
        if signed.origin is None or last is None:
            return
        if (told.size, told.origin) != (signed.size, signed.origin):
            yield f"its note is of {told.size} entries of {told.origin}"
        if last["kind"] != "checkpoint_heads":
            yield "the last entry under it is not of kind checkpoint_heads"
        elif signed.made_at != last["recorded_at"]:
            yield "its row was not made when its heads entry was recorded"

    def finish(self, size: int, rows: Sequence[LogKey]) -> None:
        """The log ends at `size`: no checkpoint may be longer, and the rows of keys are those of the entries."""
        while self._next is not None:
            signed, self._next = self._next, next(self._waiting, None)
            for problem in self._note_problems(signed, None):
                self._found.add(Finding(signed.where, problem))
            missing = f"the log ends with {size}: this entry and those after it are missing"
            self._found.add(Finding(signed.where, missing, size))
        for told in self.keys:
            if told not in rows:
                problem = "the row of the key that it tells is missing or altered"
                self._found.add(Finding("key", problem, told.since_size - 1, id=told.event_id))
        for row in rows:
            if row not in self.keys:
                self._found.add(Finding("key", f"no entry of the log tells the key {row.vkey[:100]}"))
        self._compare_trusted()

    def _compare_trusted(self) -> None:
        told = {key.vkey for key in self.keys}
        if self._trusted and not any(key.format() in told for key in self._trusted):
            self._found.add(Finding("key", "the log never had the key given: it, or the whole log, was replaced"))


def _named(entry: Entry) -> str:
    """The name in a key entry's verifier key: the origin of the log, where nothing else tells it."""
    evidence = entry["evidence"]
    return str(evidence.get("vkey") or evidence.get("old_vkey")).partition("+")[0]


def _stored(tx: Transaction) -> Iterator[Signed]:
    size = -1
    while page := checkpoints_after(tx, size):
        yield from (Signed(found.size, found.note, found.origin, found.made_at) for found in page)
        size = page[-1].size
