"""The key that signs for the log: where it is kept, how the log tells of it, and how it hands over.

The private key is one file that only its owner may read; the database holds verifier keys only. The first key is told
by an entry of the log, every later one by an entry that the old key signed. Does not know what is signed.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from coi_tracker.custody_log.chain import LOG_CHAIN
from coi_tracker.custody_log.keys import published_evidence, rotation_evidence
from coi_tracker.custody_log.note import NoteError, SigningKey
from coi_tracker.errors import Misconfigured
from coi_tracker.services.checkpoints import refuse_other_key
from coi_tracker.services.log_chain import append_to_log, lock_log
from coi_tracker.services.record import Record
from coi_tracker.services.sequencer import place, place_all, sequence
from coi_tracker.storage.files import sync_folder, write_once
from coi_tracker.storage.log_store import LogKey, Waiting, add_log_key, log_keys
from coi_tracker.storage.transaction import Transaction

FILE = "log.key"
_NEXT = "log.key.next"
_RESTORE = "restore the log's key file from its safe copy"


def create(folder: Path, origin: str) -> SigningKey:
    """Make a new key, named `origin`, in ``folder/log.key``. Never overwrites. Raises Misconfigured."""
    try:
        key = SigningKey.generate(origin)
    except NoteError as error:
        raise Misconfigured(expected="a name for the log", came=str(error), do="choose another origin") from error
    if (folder / FILE).exists():
        raise _wrong(folder / FILE, "one that is there already", do="keep it, or choose another folder")
    _write(folder / FILE, key)
    return key


def read(path: Path) -> SigningKey:
    """The key in a file. Raises Misconfigured, and never quotes what stands in it."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read(4096).decode("ascii")
    except UnicodeDecodeError:
        raise _wrong(path, "one that is not plain text") from None
    except OSError as error:
        raise _wrong(path, (error.strerror or "an error").lower()) from error
    if mode & 0o077:
        raise _wrong(path, f"one with mode {mode:04o}, which others may read", do=f"run: chmod 600 {path}")
    try:
        return SigningKey.from_text(text.strip())
    except NoteError:
        raise _wrong(path, "an empty one" if not text.strip() else "one that was cut or changed") from None


def load(record: Record, folder: Path) -> SigningKey:
    """The key in force, from its folder. Raises Misconfigured when it is missing, damaged, exposed or another one.

    A rotation that was interrupted after the log had told of it is completed here.
    """
    with record.database.read() as tx:
        told = [key.vkey for key in log_keys(tx)]
    if (folder / _NEXT).exists() and told and _vkey(folder / _NEXT) == told[-1]:
        _hand_over(folder)
    key = read(folder / FILE)
    with record.database.read() as tx:
        refuse_other_key(tx, key)
    return key


def publish(record: Record, key: SigningKey) -> None:
    """Tell the log its first key; nothing when it has been told this very key. Misconfigured when it has another."""
    with record.database.write() as tx:
        log = lock_log(tx)
        if log_keys(tx):
            refuse_other_key(tx, key)
            return
        place_all(tx)
        entry = append_to_log(
            record, tx, after=log, kind="key_published", evidence=published_evidence(key.verifier_key())
        )
        _tell(tx, key, entry.id, place(tx, [Waiting(entry.id, LOG_CHAIN, entry.seq, entry.digest)]))


def rotate(record: Record, folder: Path) -> SigningKey:
    """Hand over to a new key, and keep the old file as ``log.key.<n>``. The new key.

    The new key is on the disk before the log tells of it, and takes its place afterwards: wherever this is
    interrupted, `load` finds the key in force.
    """
    old = load(record, folder)
    new = SigningKey.generate(old.name)
    (folder / _NEXT).unlink(missing_ok=True)
    _write(folder / _NEXT, new)
    sequence(record)
    with record.database.write() as tx:
        log = lock_log(tx)
        refuse_other_key(tx, old)
        place_all(tx)
        evidence = rotation_evidence(old, new, at=record.clock())
        entry = append_to_log(record, tx, after=log, kind="key_rotated", evidence=evidence)
        _tell(tx, new, entry.id, place(tx, [Waiting(entry.id, LOG_CHAIN, entry.seq, entry.digest)]))
    _hand_over(folder)
    return new


def _tell(tx: Transaction, key: SigningKey, event_id: str, since_size: int) -> None:
    add_log_key(tx, LogKey(key.verifier_key().format(), key.name, since_size, event_id))


def _vkey(path: Path) -> str:
    return read(path).verifier_key().format()


def _hand_over(folder: Path) -> None:
    """``log.key`` becomes ``log.key.<n>``, the next one takes its place."""
    number = 1
    while (folder / f"{FILE}.{number}").exists():
        number += 1
    if (folder / FILE).exists():
        (folder / FILE).rename(folder / f"{FILE}.{number}")
    (folder / _NEXT).rename(folder / FILE)
    sync_folder(folder)


def _write(path: Path, key: SigningKey) -> None:
    try:
        made = write_once(path, f"{key.to_text()}\n".encode(), mode=0o600)
    except OSError as error:
        raise _wrong(path, (error.strerror or "an error").lower(), do="choose another folder for keys") from error
    if not made:
        raise _wrong(path, "one that is there already", do="keep it, or choose another folder")


def _wrong(path: Path, came: str, *, do: str = _RESTORE) -> Misconfigured:
    return Misconfigured(expected="the log's key file, readable by its owner only", came=f"{path}: {came}", do=do)


def verifier_keys(record: Record) -> list[str]:
    """Every verifier key the log ever had, the oldest first: what to publish."""
    with record.database.read() as tx:
        return [key.vkey for key in log_keys(tx)]
