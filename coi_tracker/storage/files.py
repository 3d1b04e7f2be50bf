"""Small files that must be whole or absent: keys and checkpoints. Knows bytes, not what they say."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_once(path: Path, data: bytes, *, mode: int = 0o644) -> bool:
    """Write a new file, whole and on the disk before it has its name; False if another text has that name already.

    A file with the same bytes is left as it is. Makes the folder. Raises OSError for what the disk refuses.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        return path.read_bytes() == data
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.unfinished")
    try:
        _write(unfinished, data, mode)
        os.link(unfinished, path)  # unlike a rename, this refuses to replace what came in between
    except FileExistsError:
        return path.read_bytes() == data
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def _write(path: Path, data: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
