"""How quickly a log is verified and exported, beside bare SHA-256 of the same bytes and a bare read of the same rows.

    python benchmarks/bench_verify.py [--entries 20000] [--database sqlite postgresql]

Measures the verification in the database (`coi verify`), the export of everything, and `verify.py` on the bundle as a
stranger runs it. The log is copies of one driven course, sequenced and signed with a key of its own.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.filling import Filler, Raw
from benchmarks.machine import KINDS, fresh, said, seconds, show
from coi_tracker.custody_log import verify as stranger
from coi_tracker.services import keys, rebuild
from coi_tracker.services.checkpoints import checkpoint
from coi_tracker.services.export import Chosen, export
from coi_tracker.services.sequencer import sequence
from coi_tracker.services.verification import verify
from tests.races.stage import furnished, stage_on


def texts(url: str) -> list[str]:
    """The bare read: the text of every entry in the order of the log, by the driver."""
    raw = Raw(url)
    rows = raw.rows("SELECT e.entry FROM log_positions p JOIN events e ON e.id = p.event_id ORDER BY p.idx")
    raw.connection.rollback()
    raw.connection.close()
    return [row[0] for row in rows]


def hashed(entries: list[str]) -> None:
    """The floor of verifying: every entry's bytes hashed once."""
    for text in entries:
        hashlib.sha256(b"\x00" + text.encode()).digest()


def measured(url: str, entries: int) -> list[list[object]]:
    """Fill, sign, verify, export, verify what was exported."""
    folder = Path(tempfile.mkdtemp(prefix="coi-bench-"))
    stage = stage_on(url, furnished(url, folder))
    record = stage.record
    copied = stage.drive("TEMPLATE-1", None)
    key = keys.create(folder / "log-key", "bench.example/log")
    keys.publish(record, key)
    sequence(record)
    Filler(url, copied.coi or "").fill(entries)
    checkpoint(record, key)
    read = texts(url)
    count, found = len(read), {}
    found["bare read by the driver"] = seconds(lambda: texts(url))
    found["bare SHA-256 of the entries"] = seconds(lambda: hashed(read))
    found["coi verify (in the database)"] = seconds(lambda: _sound(verify(record)))
    found["coi rebuild --check"] = seconds(lambda: _sound(rebuild.check(record)))
    bundle = folder / "bundle.zip"
    found["export of everything"] = seconds(
        lambda: export(record, key, chosen=Chosen(), out=bundle, exported_by="bench")
    )
    command = [sys.executable, str(stranger.__file__), str(bundle)]
    found["verify.py on the bundle"] = seconds(lambda: subprocess.run(command, check=True, capture_output=True))
    record.database.close()
    floor = found["bare SHA-256 of the entries"]
    return [[name, count, took, count / took, took / floor] for name, took in found.items()]


def _sound(report: Any) -> None:
    if report.first_bad is not None:
        raise SystemExit(report.first_bad.sentence())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--database", nargs="+", choices=KINDS, default=KINDS)
    asked = parser.parse_args()
    print(said())
    for kind in asked.database:
        with fresh(kind) as url:
            rows = measured(url, asked.entries)
        show(f"{kind}", ("what", "entries", "seconds", "entries / s", "times SHA-256"), rows)


if __name__ == "__main__":
    main()
