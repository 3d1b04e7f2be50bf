"""Writes what is derived from the definitions: their pages, the page of reasons, and the pinned digests.

For developers, in the tree: an installed tracker has neither the pages nor a reason to write its own code.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from coi_tracker.errors import Misconfigured
from coi_tracker.process import reasons, released
from coi_tracker.process.describe import markdown
from coi_tracker.process.digest import digest

ROOT = Path(__file__).parents[2]
USAGE = "usage: python -m coi_tracker.process.describe [--pin]\n"


def pages() -> Mapping[str, str]:
    """Every page that is derived from the definitions, by its path in the tree."""
    found = {f"docs/process/{p.key}_v{p.version}.md": markdown(p) for p in released.PROCESSES.values()}
    return {**found, "docs/reasons.md": reasons.markdown()}


def pinned_code(text: str) -> str:
    """The code of `released.py` with the digests that the definitions have now."""
    for key, process in released.PROCESSES.items():
        line = re.escape(f'("{key[0]}", "{key[1]}"): "')
        text = re.sub(rf'({line})[0-9a-f]{{64}}"', rf'\g<1>{digest(process)}"', text)
    return text


def pin(root: Path) -> tuple[str, ...]:
    """Write pages and digests under a tree. Returns the paths that changed; raises Misconfigured outside of one."""
    code = "coi_tracker/process/released.py"
    if not (root / "docs").is_dir():
        raise Misconfigured(
            expected="to be run in the tree of the project", came="no docs folder", do="run it in a clone of it"
        )
    wanted = {**pages(), code: pinned_code((root / code).read_text())}
    changed = []
    for name, text in wanted.items():
        path = root / name
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            changed.append(name)
    return tuple(changed)


def main(arguments: list[str]) -> int:
    """Print the pages of the processes, or with `--pin` write everything. Returns the exit code."""
    if arguments == ["--pin"]:
        sys.stdout.write("".join(f"written: {name}\n" for name in pin(ROOT)) or "nothing to write\n")
        return 0
    if arguments:
        sys.stderr.write(USAGE)
        return 2
    sys.stdout.write("\n".join(markdown(p) for p in released.PROCESSES.values()))
    return 0
