"""The bundle: a part of the custody log, or all of it, with what a stranger needs to verify it.

Written in one pass over the entries, in memory that does not grow with their number, to a file beside the
target that is renamed when it is complete (`container`): there is a whole bundle or none. It does not know
the database, who may export what, or which entries belong to a course: a `BundleSource` hands those in.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final, Protocol

from coi_tracker.custody_log import verify
from coi_tracker.custody_log.chain import LOG_CHAIN
from coi_tracker.custody_log.checkpoint import CheckpointError, open_checkpoint
from coi_tracker.custody_log.entry import EntryError, canonical, format_time, parse_line
from coi_tracker.custody_log.heads import HeadProof, parse_heads_evidence
from coi_tracker.custody_log.note import NoteError, SigningKey, VerifierKey, sign
from coi_tracker.custody_log.proof import EntryProof, HeadsEntryProof, chain_line
from coi_tracker.exchange import custody_csv
from coi_tracker.exchange.bundle_readme import readme
from coi_tracker.exchange.container import BundleError, Container, HashedStream, complete_or_nothing

__all__ = ["WHOLE_LOG", "BundleError", "BundleSource", "Writer", "WrittenBundle", "write_bundle"]

FORMAT: Final = 1
WHOLE_LOG: Final[Mapping[str, Any]] = {"all": True}
PROOFS_AT_ONCE: Final = 1000
CHUNK: Final = 1 << 18
VERIFIER: Final = Path(verify.__file__)

Progress = Callable[[int], None]
"""Told the number of entries written so far."""


class BundleSource(Protocol):
    """What is exported, at one moment of the log: all of it must belong to the same checkpoint."""

    @property
    def origin(self) -> str:
        """The name of the log."""

    @property
    def filter(self) -> Mapping[str, Any]:
        """{"course"}, {"site"}, {"from", "to"} or {"all": True}; the last means the whole log."""

    @property
    def tree_size(self) -> int:
        """Number of entries under the checkpoint."""

    @property
    def checkpoint_note(self) -> str:
        """The signed checkpoint of that size."""

    @property
    def vkeys(self) -> Sequence[str]:
        """Every key the log ever had, in the C2SP text form, oldest first."""

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """Log index and exact bytes of each entry shown, in log order."""

    def inclusion_paths(self, indexes: Sequence[int]) -> Sequence[Sequence[bytes]]:
        """The audit paths of up to PROOFS_AT_ONCE entries in the tree of `tree_size`.

        Not asked for a whole log.
        """

    def heads_entry(self) -> bytes:
        """The exact bytes of the entry at tree_size - 1. Not asked for a whole log."""

    def head_proofs(self, chains: Sequence[str]) -> Iterable[HeadProof]:
        """The proof of the end of each of `chains` (never `log`), in that order.

        Not asked for a whole log.
        """


@dataclass(frozen=True, slots=True)
class WrittenBundle:
    """What was written: where, how many entries, and the SHA-256 of its manifest (which the note signs)."""

    path: Path
    entries: int
    tree_size: int
    manifest_sha256: str


Writer = Callable[[HashedStream], None]
"""Writes one further file of a bundle (a report, EPCIS) to a stream."""


def write_bundle(
    target: Path,
    source: BundleSource,
    *,
    signing_key: SigningKey,
    exported_by: str,
    exported_at: datetime,
    as_folder: bool = False,
    progress: Progress | None = None,
    more_files: Mapping[str, Writer] | None = None,
) -> WrittenBundle:
    """Write the bundle of `source` to `target`, a zip or, with `as_folder`, a folder.

    `signing_key` must be the key that signed the checkpoint; `exported_by` is an account's printed name;
    `exported_at` an aware time. BundleError when the target exists, the disk is full, or what the source
    gives does not fit together; then no part of a bundle is left.
    """
    _refuse_other_key(source, signing_key.verifier_key())
    made = {"exported_at": format_time(exported_at), "exported_by": exported_by}
    about = {
        "format": FORMAT,
        "origin": source.origin,
        "filter": dict(source.filter),
        "tree_size": source.tree_size,
    }
    with complete_or_nothing(target, exported_at, as_folder=as_folder) as container:
        count = _Pass(source, container, progress).run(target.parent)
        for name, writer in (more_files or {}).items():
            with container.file(name) as stream:
                writer(stream)
        _write_texts(container, source, about={**about, **made}, key=signing_key, count=count)
        manifest = canonical({**about, **made, "files": container.listed})
        manifest_sha256 = hashlib.sha256(manifest).hexdigest()
        note = f"{source.origin}/export\n{manifest_sha256}\n{made['exported_at']}\n"
        container.put("manifest.json", manifest)
        container.put("manifest.note", sign(note, [signing_key]).encode())
    return WrittenBundle(target, count, source.tree_size, manifest_sha256)


def _refuse_other_key(source: BundleSource, key: VerifierKey) -> None:
    try:
        opened = open_checkpoint(source.checkpoint_note, [key], origin=source.origin)
    except (NoteError, CheckpointError) as error:
        raise BundleError(f"the checkpoint and the signing key do not belong together: {error}") from error
    if opened.checkpoint.size != source.tree_size:
        raise BundleError(f"the checkpoint is of {opened.checkpoint.size} entries, not {source.tree_size}")
    if key.format() not in source.vkeys:
        raise BundleError("the signing key is not among the keys of the log")


def _write_texts(
    container: Container, source: BundleSource, *, about: Mapping[str, Any], key: SigningKey, count: int
) -> None:
    container.put("checkpoint.txt", source.checkpoint_note.encode())
    container.put("vkeys.txt", "".join(f"{vkey}\n" for vkey in source.vkeys).encode())
    text = readme(about, entries=count, key=key.verifier_key().format())
    container.put("README.txt", text.encode())
    container.put("verify.py", VERIFIER.read_bytes())


class _Pass:
    """The one pass over the entries: entries.jsonl as they come, the table and the proofs beside it."""

    def __init__(self, source: BundleSource, container: Container, progress: Progress | None) -> None:
        self._source, self._container, self._progress = source, container, progress
        self._whole = dict(source.filter) == dict(WHOLE_LOG)
        self._chains: dict[str, None] = {}
        self._waiting: list[int] = []
        self._count = 0

    def run(self, beside: Path) -> int:
        """Write the three files, spooling two of them in the folder `beside`; the number of entries."""
        with ExitStack() as stack:
            table, proofs = (stack.enter_context(tempfile.TemporaryFile(dir=beside)) for _ in range(2))
            table.write(custody_csv.header())
            with self._container.file("entries.jsonl") as lines:
                for index, data in self._source.entries():
                    lines.write(data + b"\n")
                    self._one(index, data, table, proofs)
            self._prove(proofs)
            self._finish(proofs)
            for name, spooled in (("custody.csv", table), ("proofs.jsonl", proofs)):
                self._copy(name, spooled)
        return self._count

    def _one(self, index: int, data: bytes, table: IO[bytes], proofs: IO[bytes]) -> None:
        try:
            entry = parse_line(data)
            table.write(custody_csv.row(index, data, entry=entry))
        except EntryError as error:
            raise BundleError(f"entry {index} of the log is damaged and cannot be exported: {error}") from error
        self._count += 1
        if self._progress:
            self._progress(self._count)
        if not self._whole:
            self._chains[entry["chain"]] = None
            self._waiting.append(index)
            if len(self._waiting) == PROOFS_AT_ONCE:
                self._prove(proofs)

    def _prove(self, proofs: IO[bytes]) -> None:
        if self._waiting:
            paths = self._source.inclusion_paths(self._waiting)
            for index, path in zip(self._waiting, paths, strict=True):
                proofs.write(EntryProof(index, tuple(path)).line() + b"\n")
        self._waiting = []

    def _finish(self, proofs: IO[bytes]) -> None:
        """The heads entry and the end of every chain shown; or, for a whole log, that it is whole."""
        if self._whole:
            if self._count != self._source.tree_size:
                raise BundleError(f"{self._count} entries for a log of {self._source.tree_size}")
            return
        if self._source.tree_size == 0:
            return
        last, entry = self._source.tree_size - 1, self._source.heads_entry()
        _, leaves = parse_heads_evidence(parse_line(entry)["evidence"])
        (path,) = self._source.inclusion_paths([last])
        proofs.write(HeadsEntryProof(last, entry, tuple(path), leaves).line() + b"\n")
        for proof in self._source.head_proofs([chain for chain in self._chains if chain != LOG_CHAIN]):
            proofs.write(chain_line(proof) + b"\n")

    def _copy(self, name: str, spooled: IO[bytes]) -> None:
        spooled.seek(0)
        with self._container.file(name) as stream:
            while chunk := spooled.read(CHUNK):
                stream.write(chunk)
