"""Runs the verifier of a bundle the way a stranger would: its own file, the system's Python, nothing installed."""

from __future__ import annotations

import json
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coi_tracker.custody_log import verify

PYTHON = "/usr/bin/python3"


@dataclass(frozen=True)
class Verdict:
    code: int
    report: dict[str, Any]
    said: str

    @property
    def first_bad(self) -> dict[str, Any]:
        return self.report["first_bad"] or {}


def verified(bundle: Path, *options: str, with_own_copy: bool = False) -> Verdict:
    """What `verify.py` says: the one in the bundle, or (as one should) our own copy."""
    script = Path(verify.__file__)
    if not with_own_copy:
        script = bundle.parent / f"{bundle.stem}-verify.py"
        script.write_bytes(read(bundle, "verify.py"))
    done = subprocess.run(
        [PYTHON, "-I", str(script), str(bundle), "--json", *options], capture_output=True, text=True, check=False
    )
    return Verdict(done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stdout + done.stderr)


def read(bundle: Path, name: str) -> bytes:
    if bundle.is_dir():
        return (bundle / name).read_bytes()
    with zipfile.ZipFile(bundle) as archive:
        return archive.read(name)


def lines_of(bundle: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in read(bundle, "entries.jsonl").splitlines()]
