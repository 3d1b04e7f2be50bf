"""README.txt of a bundle: what it is, how to verify it, what verification shows and what it does not.

Text only; it does not know how a bundle is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_TEXT: Final = """\
Custody record: {title}
====================================================================

Log          {origin}
Shows        {entries} entries of the {tree_size} in the log
Exported     {exported_at} by {exported_by}
Checkpoint   checkpoint.txt: {tree_size} entries, signed by
             {key}

Verify it
---------
    python3 verify.py FOLDER-OR-ZIP --vkey KEY

Python 3.9 or later and nothing else; no network. KEY is the key the issuer published. Take verify.py from a
source you trust rather than from this bundle: a forger could have replaced it together with the rest. Exit
code 0 means verified, 1 not verified (the first bad entry and file are named), 2 that the command was
mistaken. A folder holds what is listed below and nothing else.

What verification proves
------------------------
- Every file here is the one that was exported (manifest.json, signed in manifest.note).
- Every entry shown is, to the byte, in the log at its place under the signed checkpoint.
- Each chain shown (one course, one account, one place ...) is linked without a gap between its first and its
  last entry shown. {completeness}
- Each electronic signature belongs to the very entry that carries it.
- custody.csv tells of the same entries, in the same order.

What it does not prove
----------------------
- That what people and stations told the tracker was true. It shows what was recorded, and when the server
  says so.
- Without --vkey: whose key it is. A key that comes with the bundle could be anybody's; compare it with the
  published one.
- A lone chain shows edits, insertions, swaps and gaps. That the tail was not cut, or the whole log not
  written anew by the holder of the key, shows only to someone who kept an earlier checkpoint
  (--checkpoint EARLIER), or if the holder of the key is honest. Keep checkpoint.txt: it is what the next
  bundle is compared with.
- The cells of custody.csv beyond id and digest are readings of the entries made at export: the manifest
  fixes their bytes, but entries.jsonl is what counts.

Files
-----
entries.jsonl   the entries, one a line, exact bytes (canonical JSON, RFC 8785), in log order
custody.csv     the same for a spreadsheet; an apostrophe before = + - @ keeps a cell from being run as a
                formula
checkpoint.txt  size and root of the log, signed (C2SP tlog-checkpoint)
vkeys.txt       the keys of the log, oldest first (C2SP signed-note)
proofs.jsonl    {proofs}
manifest.json   SHA-256 and size of every file; manifest.note is its signature
verify.py       the verifier, one file, made to be read
"""

_COMPLETENESS: Final = {
    "all": "The root was recomputed over the whole log: nothing is missing at all.",
    "course": "The signed heads show that nothing of the course was held back.",
    "part": "This is an excerpt: what came before and after in a chain is not shown.",
}


def readme(manifest: Mapping[str, Any], *, entries: int, key: str) -> str:
    """The text for the bundle with this manifest (`files` aside), `entries` shown, signed by `key`."""
    chosen: Mapping[str, Any] = manifest["filter"]
    whole = chosen.get("all") is True
    kind = "all" if whole else "course" if set(chosen) == {"course"} else "part"
    proofs = "empty: the root is recomputed over the whole log" if whole else "an audit path for every entry"
    return _TEXT.format(
        title="the whole log" if whole else ", ".join(f"{k} {v}" for k, v in sorted(chosen.items())),
        completeness=_COMPLETENESS[kind],
        proofs=proofs,
        entries=entries,
        key=key,
        **{name: manifest[name] for name in ("origin", "tree_size", "exported_at", "exported_by")},
    )
