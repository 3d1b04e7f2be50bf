"""What an attacker without the key can do to a bundle: change files in a folder, and make the rest agree again.

Bundles are held as a dictionary of file names and bytes. `repack` makes manifest.json agree, `resign` signs it with a
key of the attacker's own, `retell` writes custody.csv anew. It does not judge; the verifier does.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from coi_tracker.custody_log import verify
from coi_tracker.custody_log.note import SigningKey, sign
from coi_tracker.exchange import custody_csv

Files = dict[str, bytes]


def read_folder(folder: Path) -> Files:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def write_folder(folder: Path, files: Files) -> Path:
    """The files in `folder`, which is there already or not; only what differs is written."""
    folder.mkdir(exist_ok=True)
    for name in set(read_folder(folder)) - set(files):
        (folder / name).unlink()
    for name, data in files.items():
        file = folder / name
        if not file.exists() or file.read_bytes() != data:
            file.write_bytes(data)
    return folder


def write_zip(target: Path, files: Files) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return target


def with_lines(files: Files, lines: Sequence[bytes]) -> Files:
    return {**files, "entries.jsonl": b"".join(line + b"\n" for line in lines)}


def lines_of(files: Files, name: str = "entries.jsonl") -> list[bytes]:
    return files[name].splitlines()


def repack(files: Files, **changes: Any) -> Files:
    """Make manifest.json agree with the files; its note still has the old hash."""
    manifest = json.loads(files["manifest.json"])
    names = [name for name in files if name not in ("manifest.json", "manifest.note")]
    listed = {name: {"sha256": hashlib.sha256(files[name]).hexdigest(), "size": len(files[name])} for name in names}
    manifest.update(changes, files=listed)
    return {**files, "manifest.json": json.dumps(manifest).encode()}


def resign(files: Files, key: SigningKey) -> Files:
    """Sign the manifest with `key`, as an attacker with another key can."""
    manifest = json.loads(files["manifest.json"])
    sha256 = hashlib.sha256(files["manifest.json"]).hexdigest()
    text = f"{manifest['origin']}/export\n{sha256}\n{manifest['exported_at']}\n"
    return {**files, "manifest.note": sign(text, [key]).encode()}


def retell(files: Files, lines: Sequence[bytes]) -> Files:
    """custody.csv as it would be told of `lines`; a line that is no entry keeps its old row."""
    old = files["custody.csv"].splitlines(keepends=True)[1:]
    rows = []
    for index, line in enumerate(lines):
        try:
            rows.append(custody_csv.row(index, line))
        except (ValueError, KeyError, TypeError, AttributeError):
            rows.append(old[index])
    return {**files, "custody.csv": custody_csv.header() + b"".join(rows)}


def judged(folder: Path, files: Files, **options: Any) -> dict[str, Any]:
    """The verifier's report on `files`, run in this process."""
    return verify.verify(write_folder(folder, files), **options)
