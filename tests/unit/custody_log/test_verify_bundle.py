"""The stand-alone verifier as an auditor meets it: the command, hostile archives, earlier checkpoints, changed keys."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coi_tracker.custody_log import keys, merkle, verify
from coi_tracker.custody_log.checkpoint import Checkpoint, sign_checkpoint
from coi_tracker.custody_log.entry import canonical, digest, parse_line
from coi_tracker.custody_log.proof import ConsistencyProof
from tests.unit.custody_log.synthetic import SyntheticLog, bundle_of, seeded_key, small_log, source_of
from tests.unit.custody_log.tampering import Files, judged, read_folder, repack, resign, write_zip

PARTS: dict[str, dict[str, Any]] = {"whole": {}, "course": {"course": "C001"}, "period": {"first": 3, "last": 17}}
STRANGER = seeded_key("log.example/coi", 99)


@pytest.fixture(scope="module")
def log() -> SyntheticLog:
    return small_log()


@pytest.fixture(scope="module")
def bundles(log: SyntheticLog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """whole.zip and whole (a folder), and the same of a course and a period."""
    folder = tmp_path_factory.mktemp("bundles")
    for name, part in PARTS.items():
        bundle_of(log, folder / f"{name}.zip", **part)
        bundle_of(log, folder / name, as_folder=True, **part)
    return folder


def bare_python() -> str:
    """The system's Python, which has none of our packages."""
    found = "/usr/bin/python3"
    return found if os.access(found, os.X_OK) else str(shutil.which("python3"))


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the copy of verify.py out of the bundle itself, isolated, with no site packages, somewhere else."""
    copy = folder / "whole" / "verify.py"
    started = [bare_python(), "-I", "-S", str(copy), *arguments]
    return subprocess.run(started, capture_output=True, text=True, check=False, cwd="/")


@pytest.mark.requirement("COI-LOG-11", "COI-LOG-12", "COI-LOG-16")
@pytest.mark.parametrize("name", [*PARTS, *(f"{part}.zip" for part in PARTS)])
def test_a_clean_bundle_is_verified_with_nothing_installed(name: str, bundles: Path) -> None:
    done = command(bundles, str(bundles / name))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("VERIFIED: ")
    assert done.stdout.count("\n") == 1
    assert "the key came with the bundle" in done.stdout


@pytest.mark.requirement("COI-LOG-13")
def test_a_bundle_of_one_course_shows_nothing_of_another(bundles: Path) -> None:
    for name, data in read_folder(bundles / "course").items():
        assert b"C001" in data or name not in ("entries.jsonl", "custody.csv", "proofs.jsonl", "manifest.json")
        for other in (b"C000", b"C002", b"subject/001"):
            assert other not in data, (name, other)


def test_the_verdict_can_be_read_by_a_program(bundles: Path, log: SyntheticLog) -> None:
    vkey = log.key.verifier_key().format()
    done = command(bundles, str(bundles / "course.zip"), "--json", "--vkey", vkey)
    verdict = json.loads(done.stdout)
    assert verdict["verified"] is True
    assert (verdict["key"], verdict["key_source"], verdict["notes"]) == (vkey, "given", [])
    assert (verdict["chains"], verdict["chains_whole"], verdict["chains_in_part"]) == (1, 1, 0)


def test_a_tampered_bundle_is_refused_by_the_command(bundles: Path, tmp_path: Path) -> None:
    files = read_folder(bundles / "whole")
    lines = files["entries.jsonl"].splitlines(keepends=True)
    lines[6] = lines[6].replace(b"Europe/Madrid", b"Europe/Lisbon")
    packed = write_zip(tmp_path / "b.zip", repack({**files, "entries.jsonl": b"".join(lines)}))
    done = command(bundles, str(packed))
    assert done.returncode == 1
    assert done.stdout.startswith("NOT VERIFIED: entries.jsonl line 7 (entry 6 of the log): ")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["/no/such/bundle.zip"],
        ["WHOLE", "--vkey", "nonsense+1"],
        ["WHOLE", "--vkey", "/no/such/key"],
        ["WHOLE", "--checkpoint", "/no/such/checkpoint"],
        ["WHOLE", "--unknown"],
    ],
)
def test_misuse_is_told_from_a_bad_bundle(arguments: list[str], bundles: Path) -> None:
    arguments = [argument.replace("WHOLE", str(bundles / "whole")) for argument in arguments]
    done = command(bundles, *arguments)
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_another_key_than_the_published_one_is_refused(bundles: Path) -> None:
    done = command(bundles, str(bundles / "whole"), "--vkey", STRANGER.verifier_key().format())
    assert done.returncode == 1
    assert "not signed by the key given" in done.stdout


# --- hostile archives


def hostile(name: str, data: bytes = b"x") -> Callable[[zipfile.ZipFile], None]:
    return lambda packed: packed.writestr(name, data)


def link(packed: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    packed.writestr(info, "/etc/passwd")


@pytest.mark.parametrize(
    ("add", "sentence"),
    [
        (hostile("../../evil"), "only plain file names"),
        (hostile("/etc/passwd"), "only plain file names"),
        (hostile("folder/file"), "only plain file names"),
        (hostile("C:\\evil"), "only plain file names"),
        (hostile(".hidden"), "only plain file names"),
        (hostile("entries.jsonl"), "this name twice"),
        (hostile("manifest.json"), "this name twice"),
        (hostile("more.txt"), "not in manifest.json"),
        (link, "not a plain file"),
        (lambda packed: [packed.writestr(f"f{n}", "") for n in range(300)], "more than 256 files"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_hostile_zip_is_refused(
    add: Callable[[zipfile.ZipFile], object], sentence: str, bundles: Path, tmp_path: Path
) -> None:
    packed = tmp_path / "b.zip"
    shutil.copy(bundles / "whole.zip", packed)
    with zipfile.ZipFile(packed, "a") as archive:
        add(archive)
    report = verify.verify(packed)
    assert not report["verified"]
    assert sentence in report["first_bad"]["problem"]


def test_a_bomb_is_not_read_beyond_what_the_manifest_lists(bundles: Path, tmp_path: Path) -> None:
    files = read_folder(bundles / "whole")
    for name in ("entries.jsonl", "custody.csv", "README.txt"):
        packed = write_zip(tmp_path / "b.zip", {**files, name: files[name] + bytes(50_000_000)})
        report = verify.verify(packed)
        assert name in {finding["file"] for finding in report["findings"]}
        assert any("longer than" in f["problem"] or "lists" in f["problem"] for f in report["findings"])


def test_an_endless_line_is_not_held(bundles: Path, tmp_path: Path) -> None:
    files = read_folder(bundles / "whole")
    packed = write_zip(tmp_path / "b.zip", repack({**files, "entries.jsonl": b"{" * 20_000_000}))
    report = verify.verify(packed)
    assert "is too long" in report["first_bad"]["problem"]


@pytest.mark.parametrize("name", ["README.txt", "entries.jsonl", "proofs.jsonl", "custody.csv", "vkeys.txt",
                                  "checkpoint.txt", "manifest.json", "manifest.note"])  # fmt: skip
@pytest.mark.parametrize("from_manifest", [False, True])
def test_a_missing_file_is_named(name: str, from_manifest: bool, bundles: Path, tmp_path: Path) -> None:
    files = read_folder(bundles / "course")
    rest = {key: data for key, data in files.items() if key != name}
    report = judged(tmp_path / "b", repack(rest) if from_manifest and "manifest.json" in rest else rest)
    assert not report["verified"]
    assert from_manifest or name in {finding["file"] for finding in report["findings"]}


def test_a_bundle_with_a_folder_or_a_link_in_it_is_refused(bundles: Path, tmp_path: Path) -> None:
    folder = tmp_path / "b"
    shutil.copytree(bundles / "whole", folder)
    (folder / "sub").mkdir()
    assert "not a plain file" in verify.verify(folder)["first_bad"]["problem"]
    (folder / "sub").rmdir()
    (folder / "README.txt").unlink()
    (folder / "README.txt").symlink_to(bundles / "whole" / "README.txt")
    assert "not a plain file" in verify.verify(folder)["first_bad"]["problem"]


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip at all", bytes(1000)])
def test_what_is_no_zip_is_refused_with_a_sentence(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_bytes(data)
    assert "not a zip file" in verify.verify(tmp_path / "b.zip")["first_bad"]["problem"]


def test_any_byte_of_the_zip_may_change_and_nothing_crashes(bundles: Path, tmp_path: Path) -> None:
    """Refused, or (a date, a comment, an attribute of the archive) still the same files; never an exception."""
    data = (bundles / "course.zip").read_bytes()
    packed = tmp_path / "b.zip"
    refused = 0
    for place in range(0, len(data), 47):
        packed.write_bytes(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
        refused += not verify.verify(packed)["verified"]
    assert refused > 0.9 * len(range(0, len(data), 47))


HEADER = b'{"format":1,"origin":"o","filter":{},'


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"format":2}',
        HEADER + b'"tree_size":1.5,"files":{}}',
        HEADER + b'"tree_size":1,"files":[]}',
        HEADER + b'"tree_size":1,"files":{"../x":{"sha256":"00","size":1}}}',
    ],
)
def test_a_manifest_that_is_none_is_refused(manifest: bytes, bundles: Path, tmp_path: Path) -> None:
    report = judged(tmp_path / "b", {**read_folder(bundles / "whole"), "manifest.json": manifest})
    assert report["first_bad"]["file"] == "manifest.json"


# --- earlier checkpoints


@pytest.mark.requirement("COI-LOG-14")
def test_an_earlier_checkpoint_is_extended(log: SyntheticLog, bundles: Path, tmp_path: Path) -> None:
    for number, note in enumerate(log.checkpoints):
        (tmp_path / "c.txt").write_text(note)
        done = command(bundles, str(bundles / "whole.zip"), "--checkpoint", str(tmp_path / "c.txt"))
        assert done.returncode == 0, (number, done.stdout)
        assert "extending the" in done.stdout


@pytest.mark.requirement("COI-LOG-14")
def test_a_log_written_anew_by_the_holder_of_the_key_does_not_extend_it(log: SyntheticLog, tmp_path: Path) -> None:
    """Everything about the new log is signed by the right key; only the checkpoint that left the building tells."""
    anew = SyntheticLog()
    for _ in range(30):
        anew.append_step("course/C001")
    anew.checkpoint()
    bundle_of(anew, tmp_path / "anew", as_folder=True)
    assert verify.verify(tmp_path / "anew")["verified"]
    report = verify.verify(tmp_path / "anew", earlier=log.checkpoints[0].encode())
    assert "rewritten" in report["first_bad"]["problem"]


def test_a_bundle_older_than_the_checkpoint_is_refused(log: SyntheticLog, bundles: Path) -> None:
    later = Checkpoint(log.origin, len(log.lines) + 1, bytes(32))
    report = verify.verify(bundles / "whole", earlier=sign_checkpoint(later, log.key).encode())
    assert "later than this bundle" in report["first_bad"]["problem"]


def test_a_part_of_the_log_extends_an_earlier_checkpoint_by_a_consistency_proof(
    log: SyntheticLog, bundles: Path
) -> None:
    earlier, source = log.checkpoints[0].encode(), source_of(log)
    old, new = int(earlier.split(b"\n")[1]), len(log.lines)
    path = merkle.consistency_path(old, new, source.fetch)
    proof = ConsistencyProof(old, new, tuple(path)).line()
    assert verify.verify(bundles / "course", earlier=earlier, consistency=proof)["verified"]
    without = verify.verify(bundles / "course", earlier=earlier)
    assert "ask the issuer" in without["first_bad"]["problem"]
    wrong = ConsistencyProof(old, new, (bytes(32), *path[1:])).line()
    assert not verify.verify(bundles / "course", earlier=earlier, consistency=wrong)["verified"]


# --- changes of key


@pytest.fixture(scope="module")
def rotated() -> SyntheticLog:
    """A log whose key was handed on twice, with steps and checkpoints between."""
    log = small_log(9, courses=2, checkpoint_every=4)
    for _ in range(2):
        log.rotate()
        log.checkpoint()
        log.append_step("course/C001")
        log.checkpoint()
    return log


@pytest.mark.requirement("COI-LOG-07")
def test_the_first_key_is_enough_to_trust_its_successors(rotated: SyntheticLog, tmp_path: Path) -> None:
    bundle_of(rotated, tmp_path / "b", as_folder=True)
    for vkey in rotated.vkeys:
        given = [verify.Key(vkey)]
        for note in rotated.checkpoints:
            assert verify.verify(tmp_path / "b", given, note.encode())["verified"]
    stranger = [verify.Key(STRANGER.verifier_key().format())]
    assert not verify.verify(tmp_path / "b", stranger)["verified"]


def test_a_checkpoint_by_a_key_no_longer_in_force_is_refused(tmp_path: Path) -> None:
    """The old key's holder signs the log after it was handed on."""
    log = small_log(5)
    old = log.rotate()
    log.key, new = old, log.key
    log.checkpoint()
    assert new.verifier_key() != old.verifier_key()
    bundle_of(log, tmp_path / "b", as_folder=True)
    report = verify.verify(tmp_path / "b")
    assert "not signed by the key in force" in report["first_bad"]["problem"]


@pytest.mark.requirement("COI-LOG-07")
def test_nobody_names_a_successor_without_the_old_key(tmp_path: Path) -> None:
    """The entry names the key in force, the note is by a stranger's key in its place."""
    log = small_log(5)
    at, old = log.now, log.key
    evidence = keys.rotation_evidence(STRANGER, seeded_key(log.origin, 98), at=at)
    log.append_log("key_rotated", {**evidence, "old_vkey": old.verifier_key().format()})
    log.checkpoint()
    bundle_of(log, tmp_path / "b", as_folder=True)
    report = verify.verify(tmp_path / "b")
    assert "not signed by the old and the new key" in report["first_bad"]["problem"]
    with pytest.raises(keys.KeyChangeError):
        keys.current_key(log.origin, map(parse_line, log.lines))


def test_the_key_in_force_is_read_out_of_the_log(rotated: SyntheticLog) -> None:
    assert keys.current_key(rotated.origin, map(parse_line, rotated.lines)) == rotated.key.verifier_key()
    with pytest.raises(keys.KeyChangeError, match="rotate it instead"):
        keys.current_key(rotated.origin, map(parse_line, [rotated.lines[0]] * 2))
    with pytest.raises(keys.KeyChangeError, match="is the old one"):
        keys.rotation_evidence(STRANGER, STRANGER, at=rotated.now)
    with pytest.raises(keys.KeyChangeError, match="named"):
        keys.rotation_evidence(STRANGER, seeded_key("other.example", 1), at=rotated.now)


# --- dishonest issuers


def issued(lines: list[bytes], log: SyntheticLog, folder: Path) -> dict[str, Any]:
    """A bundle by the holder of the key over any lines at all, signed in every place."""
    dishonest = SyntheticLog(key=log.key)
    dishonest.lines, dishonest.heads, dishonest.checkpoints = lines, log.heads, []
    note = sign_checkpoint(Checkpoint(log.origin, len(lines), merkle.root(map(digest, lines))), log.key)
    dishonest.checkpoints.append(note)
    bundle_of(dishonest, folder, as_folder=True)
    return verify.verify(folder)


@pytest.mark.requirement("COI-LOG-03", "COI-LOG-05")
def test_even_the_holder_of_the_key_cannot_break_the_rules_of_the_log(log: SyntheticLog, tmp_path: Path) -> None:
    """A gap, a forged heads entry, the same id twice, a signature that was moved: signed, and refused all the same."""
    lines = log.lines
    gap = lines[:4] + lines[5:]
    assert not issued(gap, log, tmp_path / "gap")["verified"]
    heads = parse_line(lines[-1])
    forged = canonical({**heads, "evidence": {**heads["evidence"], "leaves": 1}})
    assert "heads root" in issued([*lines[:-1], forged], log, tmp_path / "heads")["first_bad"]["problem"]
    copy = {**parse_line(lines[-1]), "id": parse_line(lines[3])["id"]}
    assert "earlier entry" in issued([*lines[:-1], canonical(copy)], log, tmp_path / "id")["first_bad"]["problem"]
    signed = next(n for n, line in enumerate(lines) if b'"meaning"' in line)
    moved = {**parse_line(lines[signed]), "step": "another_step"}
    report = issued([*lines[:signed], canonical(moved), *lines[signed + 1 :]], log, tmp_path / "moved")
    assert "does not belong to this entry" in report["first_bad"]["problem"]
    assert "checkpoint_heads" in issued(lines[:-1], log, tmp_path / "last")["first_bad"]["problem"]


def test_a_table_that_tells_of_other_events_is_refused_although_it_is_signed(
    bundles: Path, log: SyntheticLog, tmp_path: Path
) -> None:
    for name in PARTS:
        files = read_folder(bundles / name)
        rows = files["custody.csv"].splitlines(keepends=True)
        for told in (rows[:-1], [*rows, rows[-1]], [rows[0], *rows[2:], rows[1]], [b"a,b\r\n", *rows[1:]]):
            changed: Files = {**files, "custody.csv": b"".join(told)}
            report = judged(tmp_path / "b", resign(repack(changed), log.key))
            assert not report["verified"], (name, told[:2])


@pytest.mark.requirement("COI-LOG-10")
def test_identifiers_are_compared_beyond_what_is_held_in_memory(tmp_path: Path) -> None:
    from contextlib import ExitStack

    with ExitStack() as files:
        ids = verify.Ids(files)
        ids.RUN = 100
        texts = [f"019d0000-0000-7000-8000-{number:012x}" for number in range(1000)]
        for line, text in enumerate([*texts, texts[17], texts[999]], 1):
            ids.add(text, line)
        assert len(ids.files) == 10
        assert sorted(ids.doubles()) == [1001, 1002]
