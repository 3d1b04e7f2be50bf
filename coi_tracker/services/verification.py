"""The whole log in the database verified: every entry, chain, position, node, signature row, key and checkpoint.

Reads at one moment of the record, in bounded memory (it grows with the number of chains), and changes nothing. What a
database alone cannot show, that a tail was not cut or all of it written anew by the holder of the key, is shown
against checkpoints that were kept outside. Does not know what steps mean: `rebuild` compares the state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from coi_tracker.custody_log.chain import Continuity
from coi_tracker.custody_log.entry import digest
from coi_tracker.custody_log.merkle import RootBuilder
from coi_tracker.custody_log.note import NoteError, VerifierKey, to_base64
from coi_tracker.errors import NotUnderstood
from coi_tracker.services.entry_checks import Entry, SignatureRow, read_text, signature_problems, sure_digest
from coi_tracker.services.findings import Finding, Findings, Report, report_of
from coi_tracker.services.note_checks import NoteCheck
from coi_tracker.services.record import Record
from coi_tracker.services.tree_checks import check_levels
from coi_tracker.storage import log_audit
from coi_tracker.storage.log_audit import AuditedEntry
from coi_tracker.storage.log_store import log_size, waiting_count
from coi_tracker.storage.transaction import Transaction

__all__ = ["Finding", "Report", "verify"]

PAGE = 500

_T = TypeVar("_T")

Progress = Callable[[int, int], None]
"""Told the entries verified so far, and how many there are in all."""


def verify(
    record: Record,
    *,
    kept: Sequence[str] = (),
    vkeys: Sequence[str] = (),
    progress: Progress | None = None,
) -> Report:
    """Everything about the log as it stands in the database; the report names the first bad entry.

    `kept`: notes of checkpoints that somebody kept outside (`checkpoints.kept_notes`); `vkeys`: verifier keys that
    were published, one of which the log must have. Raises NotUnderstood for a key that is none.
    """
    trusted = [_key(text) for text in vkeys]
    with record.database.read() as tx:
        return _Verification(tx, kept, trusted, progress).run()


def _key(text: str) -> VerifierKey:
    try:
        return VerifierKey.parse(text.strip())
    except NoteError as error:
        raise NotUnderstood(
            expected="a verifier key of the form name+id+base64",
            came=str(error),
            do="copy it from where it is published",
        ) from error


class _Verification:
    """One run: what was found, and what is known so far."""

    def __init__(
        self, tx: Transaction, kept: Sequence[str], trusted: Sequence[VerifierKey], progress: Progress | None
    ) -> None:
        self.tx, self.found, self.progress = tx, Findings(), progress
        self.notes = NoteCheck(tx, self.found, kept=kept, trusted=trusted)
        self.outside = bool(kept)
        self.chains, self.tree = Continuity(), RootBuilder()
        self.size = self.waiting = self.done = 0
        self.total = log_size(tx) + waiting_count(tx)

    def run(self) -> Report:
        for page in _pages(log_audit.placed_entries(self.tx), PAGE):
            self._placed(page)
        self.notes.finish(self.size, log_audit.key_rows(self.tx))
        for waiting in _pages(log_audit.unplaced_entries(self.tx), PAGE):
            self._unplaced(waiting)
        check_levels(self.tx, self.found, self.size)
        self._compare_chain_rows()
        self._strays()
        return self._report()

    # -- entries that have a log index

    def _placed(self, page: Sequence[AuditedEntry]) -> None:
        indexes = [row.index for row in page if row.index is not None]
        leaves = log_audit.nodes_between(self.tx, 0, indexes[0], indexes[-1])
        signatures = log_audit.signature_rows(self.tx, [row.event_id for row in page])
        for row in page:
            index = self._index(row)
            entry, sure = self._one(row, index, signatures.get(row.event_id, ()))
            self._leaf(row, index, leaves.get(index))
            if entry is not None and sure is not None:
                self.notes.take(entry, index=index, digest=sure)
            self.notes.reach(self.size, self.tree.root, entry)
        self._tell(len(page))

    def _index(self, row: AuditedEntry) -> int:
        index = row.index if row.index is not None else self.size
        if index > self.size:
            upto = None if index == self.size + 1 else index
            self._blame("position", "no entry has this log index", self.size, upto=upto)
        elif index < self.size:
            self._blame("position", "its log index is given twice, or below 0", index, row)
        self.size = index + 1
        return index

    def _leaf(self, row: AuditedEntry, index: int, stored: bytes | None) -> None:
        leaf = digest(row.text) if row.text is not None else sure_digest(row)
        self.tree.append(leaf or bytes(32))
        if stored is None:
            self._blame("tree", "its leaf is missing from the tree", index, row)
        elif stored != leaf:
            self._blame("tree", "its leaf in the tree is of another text: one of the two was altered", index, row)

    def _one(
        self, row: AuditedEntry, index: int | None, signatures: Sequence[SignatureRow]
    ) -> tuple[Entry | None, bytes | None]:
        """One row: itself, its link to the one before it, its signatures. The entry, and the digest it is linked by."""
        entry, problems = read_text(row)
        sure = sure_digest(row)
        if entry is not None:
            problems += [*self._link(entry, sure), *signature_problems(entry, signatures)]
        for problem in problems:
            self._blame("entry", problem, index, row)
        return entry, sure

    def _link(self, entry: Entry, sure: bytes | None) -> list[str]:
        problem = self.chains.add(entry, sure or bytes(32))
        return [problem] if problem else []

    # -- entries that wait for one

    def _unplaced(self, page: Sequence[tuple[AuditedEntry, bool]]) -> None:
        signatures = log_audit.signature_rows(self.tx, [row.event_id for row, _ in page])
        for row, waits in page:
            self.waiting += 1
            self._one(row, None, signatures.get(row.event_id, ()))
            if not waits:
                self._blame("position", "it has no log index and does not wait for one", None, row)
        self._tell(len(page))

    # -- beside the entries

    def _compare_chain_rows(self) -> None:
        """The last entry of each chain against its state row, which the next step will be linked to."""
        ends = {head.chain: head for head in self.chains.heads()}
        for chain, seq, head in log_audit.chain_rows(self.tx):
            end = ends.pop(chain, None)
            if (seq, head) != ((end.seq, end.digest.hex()) if end else (0, None)):
                last = f"number {end.seq}" if end else "none"
                self.found.add(Finding("chain", f"its row ends at number {seq}, its last entry is {last}", chain=chain))
        for chain in sorted(ends):
            self.found.add(Finding("chain", "it has entries and no row", chain=chain))

    def _strays(self) -> None:
        for event_id, account in log_audit.stray_signatures(self.tx):
            self.found.add(Finding("signature", f"of {account!r} under an entry that is not there", id=event_id))
        for event_id in log_audit.stray_waiting(self.tx):
            self.found.add(Finding("position", "waits for a log index without need", id=event_id))

    def _blame(
        self, where: str, problem: str, index: int | None, row: AuditedEntry | None = None, *, upto: int | None = None
    ) -> None:
        chain = row.chain if row and isinstance(row.chain, str) else None
        seq = row.seq if row and isinstance(row.seq, int) else None
        self.found.add(Finding(where, problem, index, chain, seq, row.event_id if row else None, upto))

    def _tell(self, count: int) -> None:
        self.done += count
        if self.progress:
            self.progress(self.done, max(self.total, self.done))

    def _report(self) -> Report:
        counts = {
            "entries": self.done,
            "tree_size": self.size,
            "waiting": self.waiting,
            "chains": len(self.chains.heads()),
            "checkpoints": self.notes.checkpoints,
            "confirmed": self.notes.confirmed,
        }
        key = self.notes.key
        about = {"origin": key.name if key else None, "root": to_base64(self.tree.root()), "vkey": _text(key)}
        return report_of(self.found, counts, about=about, notes=tuple(self._remarks()))

    def _remarks(self) -> Iterator[str]:
        if self.size > self.notes.confirmed:
            yield f"{self.size - self.notes.confirmed} entries at the end of the log are under no checkpoint yet"
        if not self.outside:
            yield "not compared with a checkpoint kept outside: a tail that was cut, or a log written anew, cannot show"


def _text(key: VerifierKey | None) -> str | None:
    return key.format() if key else None


def _pages(rows: Iterable[_T], size: int) -> Iterator[list[_T]]:
    source = iter(rows)
    while page := list(islice(source, size)):
        yield page
