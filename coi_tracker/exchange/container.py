"""One archive written whole or not at all: a zip, or a folder of files, with the hash and size of each file.

It streams, so a file of any size costs no memory; it syncs to disk before it renames. It does not know what
the files say.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import secrets
import shutil
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any


class BundleError(Exception):
    """The bundle could not be written, and nothing of it was left behind; the sentence says why."""


class HashedStream(io.RawIOBase):
    """A stream that hashes and counts what is written through it."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream = stream
        self.sha256 = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        """Always: it is for nothing else."""
        return True

    def write(self, data: Any) -> int:
        """Pass `data` on whole."""
        self.sha256.update(data)
        self.size += len(data)
        return self._stream.write(data)


class Container(ABC):
    """An archive being written, one file after the other; `listed` has the SHA-256 and size of each."""

    def __init__(self) -> None:
        self.listed: dict[str, dict[str, Any]] = {}

    @abstractmethod
    def _open(self, name: str) -> IO[bytes]: ...

    @abstractmethod
    def close(self) -> None:
        """Finish the archive and bring it to disk."""

    @abstractmethod
    def abandon(self) -> None:
        """Let go of the unfinished archive; it is removed next, so nothing more is written."""

    @contextmanager
    def file(self, name: str) -> Iterator[HashedStream]:
        """A stream for the file `name`; it is listed when the block ends."""
        if name in self.listed:
            raise BundleError(f"a bundle holds {name} once")
        with self._open(name) as stream:
            hashed = HashedStream(stream)
            yield hashed
        self.listed[name] = {"sha256": hashed.sha256.hexdigest(), "size": hashed.size}

    def put(self, name: str, data: bytes) -> None:
        """Write a small file."""
        with self.file(name) as stream:
            stream.write(data)


class ZipContainer(Container):
    """A zip; files carry the given time, not that of the machine."""

    def __init__(self, path: Path, moment: datetime) -> None:
        super().__init__()
        self._path = path
        self._zip = zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED)
        self._date = max(moment.timetuple()[:6], (1980, 1, 1, 0, 0, 0))

    def _open(self, name: str) -> IO[bytes]:
        info = zipfile.ZipInfo(name, self._date)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o100644 << 16
        return self._zip.open(info, "w", force_zip64=True)

    def close(self) -> None:
        """Write the directory of the zip and sync it."""
        self._zip.close()
        _sync(self._path)

    def abandon(self) -> None:
        """Close the file without the directory of the zip, for which a full disk has no room."""
        file, self._zip.fp = self._zip.fp, None
        if file is not None:
            with suppress(OSError):
                file.close()


class FolderContainer(Container):
    """A folder with the same files."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        path.mkdir()

    def _open(self, name: str) -> IO[bytes]:
        return (self._path / name).open("xb")

    def close(self) -> None:
        """Sync every file, then the folder."""
        for file in self._path.iterdir():
            _sync(file)
        _sync(self._path)

    def abandon(self) -> None:
        """Nothing is held open between two files."""


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def complete_or_nothing(target: Path, moment: datetime, *, as_folder: bool) -> Iterator[Container]:
    """A container that appears as `target` when the block ends well; otherwise nothing of it is left.

    BundleError for what the disk refuses: full, read-only, no such folder, a target that exists.
    """
    if target.exists():
        raise BundleError(f"{target} exists already; a bundle replaces no other file: choose a new name")
    unfinished = target.with_name(f".{target.name}.{secrets.token_hex(4)}.unfinished")
    try:
        container = FolderContainer(unfinished) if as_folder else ZipContainer(unfinished, moment)
        try:
            yield container
            container.close()
        finally:
            container.abandon()
        unfinished.rename(target)
        _sync(target.parent)
    except OSError as error:
        raise BundleError(_reason(error, target)) from error
    finally:
        _remove(unfinished)


def _remove(unfinished: Path) -> None:
    if unfinished.is_dir():
        shutil.rmtree(unfinished, ignore_errors=True)
    else:
        unfinished.unlink(missing_ok=True)


def _reason(error: OSError, target: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full: {target} was not written; make room or choose another place"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{target.parent} cannot be written to: choose another place"
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return f"there is no folder {target.parent}"
    return f"{target} could not be written: {error.strerror or error}"
