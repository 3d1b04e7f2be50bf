"""Bundles of the record: one course, one site, one period or everything, as a stranger can verify them.

Reads the log in its order, streamed, under a checkpoint made just before. Does not know the files of a bundle
(`exchange.bundle`), nor who may export what. An export is not an event of any course.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from coi_tracker.custody_log.chain import Head, course_chain
from coi_tracker.custody_log.entry import format_time
from coi_tracker.custody_log.heads import HeadProof
from coi_tracker.custody_log.merkle import (
    consistency_path,
    inclusion_path,
    nodes_for_consistency,
    nodes_for_inclusion,
)
from coi_tracker.custody_log.note import SigningKey
from coi_tracker.custody_log.packed_heads import PackedHeads
from coi_tracker.custody_log.proof import ConsistencyProof
from coi_tracker.errors import BrokenPromise, NotUnderstood
from coi_tracker.exchange.bundle import BundleError, Writer, WrittenBundle, write_bundle
from coi_tracker.services.checkpoints import SignedHead, checkpoint
from coi_tracker.services.record import Record
from coi_tracker.storage import log_store
from coi_tracker.storage.log_reading import entry_at, has_chain, has_place
from coi_tracker.storage.transaction import Transaction

__all__ = ["BundleError", "Chosen", "WrittenBundle", "consistency", "export"]

Progress = Callable[[int, int | None], None]
"""Told the entries done so far, and how many there are in all if that is known."""

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What to export: a course, or a site, or a period of recording (`until` excluded), or, with none, everything."""

    course: str | None = None
    site: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        ways = (self.course is not None, self.site is not None, self.since is not None or self.until is not None)
        if sum(ways) > 1:
            raise NotUnderstood(
                expected="one course, one site, one period or everything",
                came="more than one of these",
                do="export them one after the other",
            )

    def filter(self, now: datetime) -> dict[str, Any]:
        """The filter as the manifest tells it; an open end of a period is closed."""
        if self.course is not None:
            return {"course": self.course}
        if self.site is not None:
            return {"site": self.site}
        if self.since is None and self.until is None:
            return {"all": True}
        return {"from": format_time(self.since or _BEGINNING), "to": format_time(self.until or now)}


def export(
    record: Record,
    key: SigningKey,
    *,
    chosen: Chosen,
    out: Path,
    exported_by: str,
    as_folder: bool = False,
    progress: Progress | None = None,
    more_files: Mapping[str, Writer] | None = None,
) -> WrittenBundle:
    """Write the bundle of what is chosen to `out`, a zip or a folder, under a checkpoint made now.

    `exported_by`: the printed name of an account. Raises
    NotUnderstood for a course or site that is not in the record, BundleError when it cannot be written.
    """
    with record.database.read() as tx:
        refuse_unknown(tx, chosen)
    head = checkpoint(record, key)
    with record.database.read() as tx:
        source = LogSource(tx, head, chosen, now=head.made_at)
        total = head.size if source.filter == {"all": True} else None
        return write_bundle(
            out,
            source,
            signing_key=key,
            exported_by=exported_by,
            exported_at=record.clock(),
            as_folder=as_folder,
            progress=None if progress is None else partial(_tell, progress, total),
            more_files=more_files,
        )


def _tell(progress: Progress, total: int | None, done: int) -> None:
    progress(done, total)


def refuse_unknown(tx: Transaction, chosen: Chosen) -> None:
    """Raise NotUnderstood for a course or a site that the record does not hold."""
    if chosen.course is not None and not has_chain(tx, f"course/{chosen.course}"):
        raise NotUnderstood(
            expected="the COI identifier of a course in the record",
            came=repr(chosen.course[:40]),
            do="look it up with `coi course show`",
        )
    if chosen.site is not None and not has_place(tx, chosen.site):
        raise NotUnderstood(
            expected="the id of a place in the record", came=repr(chosen.site[:40]), do="look it up among the places"
        )


class LogSource:
    """The part of the log that is chosen, at one checkpoint, out of one reading transaction."""

    def __init__(self, tx: Transaction, head: SignedHead, chosen: Chosen, *, now: datetime) -> None:
        self._tx, self._head = tx, head
        self.origin, self.tree_size, self.checkpoint_note = head.origin, head.size, head.note
        self.filter: Mapping[str, Any] = chosen.filter(now)
        self.vkeys: Sequence[str] = [key.vkey for key in log_store.log_keys(tx)]
        chains = None if chosen.course is None else (course_chain(chosen.course),)
        self.only = log_store.EntryFilter(
            chains=chains, site=chosen.site, since=chosen.since, until=chosen.until, below=head.size
        )

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """Log index and exact bytes of what is chosen, in log order."""
        return ((entry.index, entry.text.encode("utf-8")) for entry in log_store.entries(self._tx, self.only))

    def inclusion_paths(self, indexes: Sequence[int]) -> list[list[bytes]]:
        """The audit paths of these entries, their nodes read in one statement."""
        wanted = {node for index in indexes for node in nodes_for_inclusion(index, self.tree_size)}
        nodes = log_store.fetch_nodes(self._tx, wanted)
        if len(nodes) != len(wanted):
            raise _damaged("a tree without gaps", f"{len(wanted) - len(nodes)} nodes missing")
        return [inclusion_path(index, self.tree_size, lambda *node: nodes[node]) for index in indexes]

    def heads_entry(self) -> bytes:
        """The last entry under the checkpoint."""
        text = entry_at(self._tx, self.tree_size - 1)
        if text is None:
            raise _damaged("the heads entry of the checkpoint", "none")
        return text.encode("utf-8")

    def head_proofs(self, chains: Sequence[str]) -> Iterable[HeadProof]:
        """Where each of these chains ends under the checkpoint."""
        found = log_store.chain_heads(self._tx, below=self.tree_size - 1)
        heads = (Head(head.chain, head.seq, bytes.fromhex(head.digest)) for head in found)
        tree = PackedHeads(heads, wanted=chains)
        return (tree.proof(chain) for chain in chains)


def _damaged(expected: str, came: str) -> BrokenPromise:
    return BrokenPromise(expected=expected, came=came, do="run `coi verify`: somebody changed the database")


def consistency(record: Record, *, old: int, new: int) -> bytes:
    """The proof that the log of `new` entries begins with the log of `old`: one line for ``verify.py --consistency``.

    A bundle of a part of the log needs it beside an earlier checkpoint. Raises NotUnderstood for sizes out of range.
    """
    with record.database.read() as tx:
        size = log_store.log_size(tx)
        if not 0 <= old <= new <= size:
            raise NotUnderstood(
                expected=f"two sizes of the log, the older first, up to {size}",
                came=f"{old} and {new}",
                do="take them from the second line of each checkpoint",
            )
        nodes = log_store.fetch_nodes(tx, nodes_for_consistency(old, new))
    path = consistency_path(old, new, lambda *node: nodes[node])
    return ConsistencyProof(old, new, tuple(path)).line() + b"\n"
