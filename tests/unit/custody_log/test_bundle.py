"""Writing a bundle: whole or not at all, readable by people, the same whenever it is made, in little memory."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import resource
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from coi_tracker.custody_log import merkle, verify
from coi_tracker.custody_log.checkpoint import Checkpoint, sign_checkpoint
from coi_tracker.custody_log.entry import canonical, parse_line
from coi_tracker.exchange import custody_csv
from coi_tracker.exchange.bundle import BundleError, write_bundle
from coi_tracker.exchange.container import HashedStream
from tests.unit.custody_log.synthetic import Source, SyntheticLog, bundle_of, seeded_key, small_log, source_of

MOMENT = datetime(2026, 4, 1, 12, tzinfo=UTC)
NAMES = {
    "README.txt", "checkpoint.txt", "custody.csv", "entries.jsonl", "manifest.json", "manifest.note", "proofs.jsonl",
    "verify.py", "vkeys.txt",
}  # fmt: skip


@pytest.fixture(scope="module")
def log() -> SyntheticLog:
    return small_log()


def written(log: SyntheticLog, target: Path, **options: Any) -> Any:
    source = options.pop("source", None) or source_of(log)
    key = options.pop("signing_key", log.key)
    return write_bundle(target, source, signing_key=key, exported_by="Zoë", exported_at=MOMENT, **options)


@pytest.mark.requirement("COI-LOG-09")
@pytest.mark.parametrize("part", [{}, {"course": "C001"}, {"first": 3, "last": 17}])
def test_a_bundle_holds_exactly_the_files_of_the_format(
    part: dict[str, Any], log: SyntheticLog, tmp_path: Path
) -> None:
    bundle_of(log, tmp_path / "b.zip", **part)
    bundle_of(log, tmp_path / "b", as_folder=True, **part)
    with zipfile.ZipFile(tmp_path / "b.zip") as packed:
        assert set(packed.namelist()) == NAMES
        for name in NAMES:
            assert packed.read(name) == (tmp_path / "b" / name).read_bytes()


def test_the_manifest_says_what_was_exported_by_whom_and_when(log: SyntheticLog, tmp_path: Path) -> None:
    done = written(log, tmp_path / "b", as_folder=True, source=source_of(log, course="C001"))
    manifest = json.loads((tmp_path / "b" / "manifest.json").read_text())
    assert set(manifest.pop("files")) == NAMES - {"manifest.json", "manifest.note"}
    assert manifest == {
        "format": 1,
        "origin": log.origin,
        "filter": {"course": "C001"},
        "tree_size": len(log.lines),
        "exported_by": "Zoë",
        "exported_at": "2026-04-01T12:00:00.000000Z",
    }
    assert done.manifest_sha256 in (tmp_path / "b" / "manifest.note").read_text()


def test_the_same_export_is_the_same_file(log: SyntheticLog, tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        bundle_of(log, tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


@pytest.mark.requirement("COI-LOG-18")
@pytest.mark.parametrize("part", [{}, {"course": "C001"}, {"first": 3, "last": 17}])
def test_the_readme_says_what_verification_does_and_does_not_prove(
    part: dict[str, Any], log: SyntheticLog, tmp_path: Path
) -> None:
    bundle_of(log, tmp_path / "b", as_folder=True, **part)
    text = (tmp_path / "b" / "README.txt").read_text()
    for words in ("python3 verify.py", "What it does not prove", "earlier", "holder of the key", "published"):
        assert words in text
    assert ("nothing is missing at all" in text) is (part == {})
    assert ("nothing of the course was held back" in text) is ("course" in part)
    assert ("excerpt" in text) is ("first" in part)


@pytest.mark.requirement("COI-LOG-18")
def test_the_readme_is_laid_out_for_people(log: SyntheticLog, tmp_path: Path) -> None:
    """A heading stands on a line of its own, underlined; a line begins with each of the other files."""
    bundle_of(log, tmp_path / "b", as_folder=True)
    lines = (tmp_path / "b" / "README.txt").read_text().splitlines()
    for heading in ("Verify it", "What verification proves", "What it does not prove", "Files"):
        assert lines[lines.index(heading) + 1] == "-" * len(heading)
    assert max(map(len, lines[2:])) <= 110
    listed = " ".join(lines[lines.index("Files") :])
    assert all(name in listed for name in NAMES if name != "README.txt")
    assert {line.split()[0] for line in lines[lines.index("Files") + 2 :] if not line.startswith(" ")} <= NAMES


def test_an_empty_log_can_be_exported_and_verified(tmp_path: Path) -> None:
    log = SyntheticLog()
    log.lines, log.heads = [], {}
    log.checkpoints.append(sign_checkpoint(Checkpoint(log.origin, 0, merkle.EMPTY_ROOT), log.key))
    bundle_of(log, tmp_path / "b.zip")
    assert verify.verify(tmp_path / "b.zip")["verified"]


# --- custody.csv


@pytest.mark.requirement("COI-LOG-17")
def test_the_table_has_a_row_an_event_and_no_formula(log: SyntheticLog, tmp_path: Path) -> None:
    nasty = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", 'say "hi", you', "plain"]
    log = SyntheticLog()
    for text in nasty:
        log.append_step("course/C001", step=text)
    log.checkpoint()
    bundle_of(log, tmp_path / "b", as_folder=True)
    data = (tmp_path / "b" / "custody.csv").read_bytes()
    rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))
    assert rows[0] == list(custody_csv.COLUMNS)
    assert len(rows) == len(log.lines) + 1
    assert data.count(b"\r\n") >= len(rows)
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell.startswith(custody_csv.FORMULA_STARTS)]
    told = [row[rows[0].index("step")] for row in rows[2:-1]]
    assert told == ["'" + text if text[0] in "=+-@\t\r\n" else text for text in nasty]
    assert verify.verify(tmp_path / "b")["verified"]


def test_a_row_tells_who_what_where_when_and_why(log: SyntheticLog) -> None:
    index = next(n for n, line in enumerate(log.lines) if b'"kind":"refused"' in line and b'"meaning"' in line)
    cells = dict(
        zip(custody_csv.COLUMNS, next(csv.reader([custody_csv.row(index, log.lines[index]).decode()])), strict=True)
    )
    assert cells["index"] == str(index)
    assert cells["name"] == "Zoë Müller"
    assert cells["reasons"] == "wrong_course: expected A, observed =B"
    assert cells["signatures"].startswith("Person u-17 (u-17): received at 2026-")
    assert cells["containers"] == f"parent c-{index} L{index} scanned stored"
    assert cells["process"] == "til_v1 1"


# --- whole or not at all


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def full_disk(stream: HashedStream) -> None:
    stream.write(b"a part of a report")
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("as_folder", [False, True])
def test_a_full_disk_leaves_nothing_and_gets_a_sentence(as_folder: bool, log: SyntheticLog, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="the disk is full"):
        written(log, tmp_path / "b", as_folder=as_folder, more_files={"report.pdf": full_disk})
    assert left(tmp_path) == []


def broken(_: HashedStream) -> None:
    raise ValueError("a fault of our own")


@pytest.mark.parametrize("as_folder", [False, True])
def test_a_fault_half_way_leaves_nothing(as_folder: bool, log: SyntheticLog, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="of our own"):
        written(log, tmp_path / "b", as_folder=as_folder, more_files={"report.pdf": broken})
    assert left(tmp_path) == []


LIMITED = """
import resource, sys, pathlib
from tests.unit.custody_log.synthetic import bundle_of, small_log
from coi_tracker.exchange.bundle import BundleError
log = small_log()
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    bundle_of(log, pathlib.Path(sys.argv[1]) / "b.zip")
except BundleError as error:
    print(error)
"""


def test_a_file_that_the_system_refuses_to_let_grow_leaves_nothing(tmp_path: Path) -> None:
    """Not a stand-in: the operating system itself stops the write in the middle of the zip."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert "could not be written: File too large" in done.stdout
    assert done.stderr == ""
    assert left(tmp_path) == []


def test_further_files_are_listed_and_named_in_the_verdict(log: SyntheticLog, tmp_path: Path) -> None:
    def report(stream: HashedStream) -> None:
        stream.write(b"%PDF")

    written(log, tmp_path / "b.zip", more_files={"report.pdf": report})
    verdict = verify.verify(tmp_path / "b.zip")
    assert verdict["verified"]
    assert any("report.pdf" in note for note in verdict["notes"])


def test_an_existing_file_is_never_replaced(log: SyntheticLog, tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_text("something of somebody")
    with pytest.raises(BundleError, match="exists already"):
        written(log, tmp_path / "b.zip")
    assert (tmp_path / "b.zip").read_text() == "something of somebody"


def test_a_folder_that_is_not_there_is_named(log: SyntheticLog, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="there is no folder"):
        written(log, tmp_path / "none" / "b.zip")


# --- what does not fit together is not written


def test_a_source_that_contradicts_itself_is_refused(log: SyntheticLog, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="do not belong together"):
        written(log, tmp_path / "b", signing_key=seeded_key(log.origin, 5))
    short = source_of(log)
    short.shown = short.shown[:-1]
    with pytest.raises(BundleError, match=f"{len(log.lines) - 1} entries for a log of {len(log.lines)}"):
        written(log, tmp_path / "b", source=short)
    other = source_of(log)
    other.tree_size -= 1
    with pytest.raises(BundleError, match="the checkpoint is of"):
        written(log, tmp_path / "b", source=other)
    keyless = source_of(log)
    keyless.vkeys = []
    with pytest.raises(BundleError, match="not among the keys"):
        written(log, tmp_path / "b", source=keyless)
    assert left(tmp_path) == []


def test_a_damaged_entry_is_not_exported_as_if_it_were_whole(log: SyntheticLog, tmp_path: Path) -> None:
    damaged = small_log()
    damaged.lines[5] = damaged.lines[5].replace(b'"v":1', b'"v": 1')
    source = source_of(log)
    source.log = damaged
    with pytest.raises(BundleError, match="entry 5 of the log is damaged"):
        written(log, tmp_path / "b", source=source)
    assert left(tmp_path) == []


# --- little memory


@dataclass
class EndlessSource(Source):
    """A course of many entries, made while they are written; their proofs are of the right length and wrong."""

    def entries(self) -> Iterator[tuple[int, bytes]]:
        entry = parse_line(self.log.lines[1])
        for index in range(20_000):
            yield index, canonical({**entry, "seq": index + 1})

    def inclusion_paths(self, indexes: Any) -> list[list[bytes]]:
        assert len(indexes) <= 1000
        return [[bytes(32)] * 15 for _ in indexes]


@pytest.mark.requirement("COI-LOG-10")
def test_memory_does_not_grow_with_the_number_of_entries(log: SyntheticLog, tmp_path: Path) -> None:
    """20 000 entries are 17 MB of lines and 14 MB of proofs; the process may grow by a fraction of that."""
    source = EndlessSource(log, {"course": "C000"}, [])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen: list[int] = []
    written(log, tmp_path / "b.zip", source=source, progress=seen.append)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert seen[-1] == 20_000
    assert grown < 15_000, f"{grown} KiB"
