"""Checkpoints: the whole log sequenced, the end of every chain committed to, signed, kept, and delivered outside.

Does not know when one is due, nor where the signing key comes from. Who keeps a checkpoint outside can tell later
that the log was only ever added to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from coi_tracker.custody_log.chain import LOG_CHAIN, Head
from coi_tracker.custody_log.checkpoint import Checkpoint, read_unverified, sign_checkpoint
from coi_tracker.custody_log.heads import head_leaf
from coi_tracker.custody_log.merkle import RootBuilder, nodes_for_root, root_at
from coi_tracker.custody_log.note import SigningKey, to_base64
from coi_tracker.errors import BrokenPromise, Misconfigured
from coi_tracker.services.log_chain import append_to_log, lock_log
from coi_tracker.services.record import Record
from coi_tracker.services.sequencer import place, place_all, sequence
from coi_tracker.storage import log_store, outbox
from coi_tracker.storage.files import write_once
from coi_tracker.storage.transaction import Transaction

TOPIC = "checkpoint"
"""What waits in the outbox under this topic are notes of checkpoints to be delivered."""


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A signed checkpoint: its size, root (32 bytes), note and time; ``new`` if it was made just now."""

    origin: str
    size: int
    root: bytes
    note: str
    made_at: datetime
    new: bool


def checkpoint(record: Record, key: SigningKey, *, folder: Path | None = None) -> SignedHead:
    """The checkpoint over everything recorded so far; the last one when nothing has changed since.

    Waits for no step, and no step of a course waits for it (on SQLite: for one short transaction). With `folder`,
    what is not yet delivered is copied there. Raises Misconfigured when `key` is not the key in force.
    """
    sequence(record)
    with record.database.write() as tx:
        made = _made(record, tx, key)
    if folder is not None:
        deliver(record, folder)
    return made


def _made(record: Record, tx: Transaction, key: SigningKey) -> SignedHead:
    log = lock_log(tx)
    size = place_all(tx)
    refuse_other_key(tx, key)
    last = log_store.last_checkpoint(tx)
    if last is not None and last.size == size:
        return SignedHead(last.origin, size, read_unverified(last.note).root, last.note, last.made_at, new=False)
    evidence = _heads_evidence(log_store.chain_heads(tx, below=size))
    entry = append_to_log(record, tx, after=log, kind="checkpoint_heads", evidence=evidence)
    size = place(tx, [log_store.Waiting(entry.id, LOG_CHAIN, entry.seq, entry.digest)])
    return _signed(tx, key, size=size, at=entry.recorded_at)


def _heads_evidence(heads: Iterable[log_store.ChainHead]) -> dict[str, object]:
    """The evidence of the heads entry, from heads in the byte order of their names, one at a time."""
    tree = RootBuilder()
    for head in heads:
        tree.append(head_leaf(Head(head.chain, head.seq, bytes.fromhex(head.digest))))
    return {"heads_root": to_base64(tree.root()), "leaves": tree.size}


def _signed(tx: Transaction, key: SigningKey, *, size: int, at: datetime) -> SignedHead:
    nodes = log_store.fetch_nodes(tx, nodes_for_root(size))
    root = root_at(size, lambda level, position: nodes[level, position])
    note = sign_checkpoint(Checkpoint(key.name, size, root), key)
    log_store.add_checkpoint(tx, log_store.Checkpoint(size, key.name, note, at))
    outbox.put(tx, TOPIC, body=note, at=at)
    return SignedHead(key.name, size, root, note, at, new=True)


def refuse_other_key(tx: Transaction, key: SigningKey) -> None:
    """Raise Misconfigured unless this is the key that signs for the log now."""
    keys, own = log_store.log_keys(tx), key.verifier_key().format()
    if not keys:
        raise Misconfigured(
            expected="a log whose first key is published", came="a log without one", do="run `coi init` first"
        )
    if keys[-1].vkey != own:
        raise Misconfigured(
            expected=f"the log's key in force, {keys[-1].vkey}",
            came=f"the key {own}",
            do="restore the key file of this log from its safe copy",
        )


def deliver(record: Record, folder: Path) -> list[Path]:
    """Copy every checkpoint that is not yet delivered to a folder, as ``checkpoint-<size>.txt``; the files written.

    A file is written whole or not at all and never replaced. Raises Misconfigured for a folder that cannot be written
    to (the checkpoint stays in the outbox), BrokenPromise when another checkpoint of that size lies there.
    """
    written = []
    for task in _waiting(record):
        path = folder / f"checkpoint-{read_unverified(task.body).size:012d}.txt"
        _deliver_one(record, task, path)
        written.append(path)
    return written


def _waiting(record: Record) -> Iterator[outbox.Task]:
    """What is to be delivered, some at a time; each is done (or has raised) before the next are asked for."""
    while True:
        with record.database.write() as tx:
            tasks = outbox.take(tx, TOPIC)
        if not tasks:
            return
        yield from tasks


def _deliver_one(record: Record, task: outbox.Task, path: Path) -> None:
    try:
        same = write_once(path, task.body.encode())
    except OSError as error:
        with record.database.write() as tx:
            outbox.failed(tx, task)
        came = f"{path}: {error.strerror or error}"
        raise Misconfigured(
            expected="a folder for checkpoints that can be written to", came=came, do="repair it, then repeat"
        ) from error
    if not same:
        raise BrokenPromise(
            expected=f"no other checkpoint of the same size as {path} delivered before",
            came="one with another text",
            do="stop: keep both, and verify the log against the one that was delivered first",
        )
    with record.database.write() as tx:
        outbox.done(tx, task, at=record.clock())


def kept_notes(folder: Path) -> list[str]:
    """The notes of the checkpoints delivered to a folder, the smallest first: what to verify the log against."""
    return [path.read_text(encoding="utf-8") for path in sorted(folder.glob("checkpoint-*.txt"))]
