"""Whatever somebody without the key does to a bundle, the verifier says no, and names the first bad entry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from coi_tracker.custody_log.entry import canonical, digest, parse_line
from coi_tracker.custody_log.verify import Key
from tests.unit.custody_log.synthetic import SyntheticLog, bundle_of, seeded_key, small_log
from tests.unit.custody_log.tampering import (
    Files,
    judged,
    lines_of,
    read_folder,
    repack,
    resign,
    retell,
    with_lines,
)

KINDS = ("whole", "course", "period")
STRANGER = seeded_key("log.example/coi", 99)

pytestmark = pytest.mark.requirement("COI-MUST-19")


@pytest.fixture(scope="module")
def log() -> SyntheticLog:
    return small_log(8, courses=2, checkpoint_every=4)


@pytest.fixture(scope="module")
def bundles(log: SyntheticLog, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Files]:
    folder = tmp_path_factory.mktemp("bundles")
    chosen: dict[str, dict[str, Any]] = {"whole": {}, "course": {"course": "C001"}, "period": {"first": 2, "last": 9}}
    for kind, part in chosen.items():
        bundle_of(log, folder / kind, as_folder=True, **part)
    return {kind: read_folder(folder / kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_the_untouched_bundle_is_verified(kind: str, bundles: dict[str, Files], tmp_path: Path) -> None:
    report = judged(tmp_path / "b", bundles[kind])
    assert report["verified"], report


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cover", ["as it is", "repacked"])
def test_every_byte_of_every_entry_counts(kind: str, cover: str, bundles: dict[str, Files], tmp_path: Path) -> None:
    """One bit of every byte in turn; the entry named is the one the byte belongs to."""
    files = bundles[kind]
    data = files["entries.jsonl"]
    step = {"whole": 5, "course": 1, "period": 3}[kind]
    line = 1
    for place in range(len(data)):
        belongs, line = line, line + (data[place] == 10)
        if place % step:
            continue
        changed = data[:place] + bytes([data[place] ^ (1 << place % 7)]) + data[place + 1 :]
        tampered = {**files, "entries.jsonl": changed}
        report = judged(tmp_path / "b", repack(tampered) if cover == "repacked" else tampered)
        first = report["first_bad"]
        assert not report["verified"]
        assert (first["file"], first["line"]) == ("entries.jsonl", belongs), (place, report["findings"])


@pytest.mark.parametrize("kind", KINDS)
def test_an_altered_entry_is_named_although_the_table_and_the_manifest_agree_with_it(
    kind: str, bundles: dict[str, Files], tmp_path: Path
) -> None:
    """The attacker writes another value, keeps the form, retells custody.csv, repacks, signs with another key."""
    lines = lines_of(bundles[kind])
    for number, line in enumerate(lines, 1):
        altered = [*lines]
        altered[number - 1] = canonical({**parse_line(line), "software": "9.9.9"})
        files = resign(repack(retell(with_lines(bundles[kind], altered), altered)), STRANGER)
        report = judged(tmp_path / "b", files)
        assert not report["verified"]
        assert report["first_bad"]["file"] == "entries.jsonl"
        first = report["first_bad"]
        if kind == "whole" and is_last_of_its_chain(lines, number - 1):
            # Nothing that is left remembers the true last entry but the signed root and, for all but the
            # chain of the log itself, the heads entry after it.
            assert first["line"] > number or "nothing is confirmed" in first["problem"], report["findings"]
        else:
            assert first["line"] == number, report["findings"]


def is_last_of_its_chain(lines: list[bytes], place: int) -> bool:
    chain = parse_line(lines[place])["chain"]
    return all(parse_line(line)["chain"] != chain for line in lines[place + 1 :])


@pytest.mark.parametrize("kind", KINDS)
def test_swapped_entries_are_named(kind: str, bundles: dict[str, Files], tmp_path: Path) -> None:
    lines = lines_of(bundles[kind])
    for place in range(len(lines) - 1):
        swapped = [*lines]
        swapped[place : place + 2] = lines[place + 1], lines[place]
        report = judged(tmp_path / "b", repack(with_lines(bundles[kind], swapped)))
        assert report["first_bad"]["line"] == place + 1, report["findings"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_dropped_entry_is_named_where_it_stood(kind: str, bundles: dict[str, Files], tmp_path: Path) -> None:
    lines = lines_of(bundles[kind])
    for place in range(len(lines)):
        report = judged(tmp_path / "b", repack(with_lines(bundles[kind], lines[:place] + lines[place + 1 :])))
        assert (report["first_bad"]["file"], report["first_bad"]["line"]) == ("entries.jsonl", place + 1)


@pytest.mark.parametrize("kind", KINDS)
def test_an_inserted_entry_is_named(kind: str, bundles: dict[str, Files], tmp_path: Path) -> None:
    lines = lines_of(bundles[kind])
    forged = canonical({**parse_line(lines[0]), "id": "019d0000-0000-7000-8000-00000000abcd"})
    for place in range(len(lines) + 1):
        inserted = [*lines[:place], forged, *lines[place:]]
        report = judged(tmp_path / "b", repack(with_lines(bundles[kind], inserted)))
        assert report["first_bad"]["line"] == place + 1, report["findings"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_doubled_entry_is_named(kind: str, bundles: dict[str, Files], tmp_path: Path) -> None:
    lines = lines_of(bundles[kind])
    doubled = [*lines, lines[-1]]
    report = judged(tmp_path / "b", repack(with_lines(bundles[kind], doubled)))
    assert report["first_bad"]["line"] == len(doubled)
    assert any("id" in finding["problem"] for finding in report["findings"])


def relinked(lines: list[bytes], place: int) -> list[bytes]:
    """Alter the entry at `place` and give every later one of its chain the `prev` that then fits."""
    entries = [parse_line(line) for line in lines]
    entries[place]["software"] = "9.9.9"
    last: dict[str, bytes] = {}
    done = []
    for entry in entries:
        if entry["chain"] in last:
            entry["prev"] = digest(last[entry["chain"]]).hex()
        last[entry["chain"]] = canonical(entry)
        done.append(last[entry["chain"]])
    return done


def test_a_relinked_log_is_not_the_one_that_was_signed(bundles: dict[str, Files], tmp_path: Path) -> None:
    """Chains that fit again everywhere: the table as exported still names the first altered entry."""
    lines = lines_of(bundles["whole"])
    for place in range(len(lines)):
        files = repack(with_lines(bundles["whole"], relinked(lines, place)))
        report = judged(tmp_path / "b", files)
        assert report["first_bad"]["line"] == place + 1, report["findings"]


def test_a_relinked_log_is_refused_although_nothing_in_it_contradicts_itself(
    bundles: dict[str, Files], tmp_path: Path
) -> None:
    """With the table retold too, no entry can be singled out, unless an earlier checkpoint narrows it down."""
    lines = lines_of(bundles["whole"])
    changed = relinked(lines, len(lines) - 2)
    files = repack(retell(with_lines(bundles["whole"], changed), changed))
    report = judged(tmp_path / "b", files)
    assert not report["verified"]
    assert report["first_bad"]["file"] == "entries.jsonl"
    assert report["first_bad"]["line"] is not None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_cut_tail_is_seen(kind: str, cut: int, bundles: dict[str, Files], tmp_path: Path) -> None:
    """Entries, table and proofs all end earlier."""
    files = bundles[kind]
    lines = lines_of(files)
    shown = len(lines)
    cut = min(cut, shown)
    kept = retell(with_lines(files, lines[:-cut]), lines[:-cut])
    proofs = lines_of(files, "proofs.jsonl")
    rest = proofs[: shown - cut] + proofs[shown:]
    kept["proofs.jsonl"] = b"".join(line + b"\n" for line in rest)
    report = judged(tmp_path / "b", repack(kept))
    assert not report["verified"]
    named = report["first_bad"]["file"]
    assert named == ("manifest.note" if kind == "period" else "entries.jsonl"), report["findings"]


@pytest.mark.requirement("COI-LOG-13")
def test_a_course_with_its_first_entries_held_back_is_refused(
    bundles: dict[str, Files], tmp_path: Path, log: SyntheticLog
) -> None:
    """Even the holder of the key cannot hold back entries of a course that the signed heads count."""
    files = bundles["course"]
    lines, proofs = lines_of(files), lines_of(files, "proofs.jsonl")
    for kept, proved in ((lines[1:], proofs[1:]), (lines[:-1], proofs[: len(lines) - 1] + proofs[len(lines) :])):
        part = retell(with_lines(files, kept), kept)
        part["proofs.jsonl"] = b"".join(line + b"\n" for line in proved)
        report = judged(tmp_path / "b", resign(repack(part), log.key))
        assert not report["verified"]
        assert "held back" in report["first_bad"]["problem"]


@pytest.mark.parametrize("kind", ["course", "period"])
def test_a_replaced_proof_is_named_with_its_entry(kind: str, bundles: dict[str, Files], tmp_path: Path) -> None:
    files = bundles[kind]
    proofs, shown = lines_of(files, "proofs.jsonl"), len(lines_of(files))
    for place in range(len(proofs)):
        other = json.loads(proofs[place])
        other["path"] = [*other["path"][:-1], "A" * 43 + "="]
        changed = [*proofs[:place], canonical(other), *proofs[place + 1 :]]
        tampered = {**files, "proofs.jsonl": b"".join(line + b"\n" for line in changed)}
        report = judged(tmp_path / "b", repack(tampered))
        expected = ("entries.jsonl" if place < shown else "proofs.jsonl", place + 1)
        assert (report["first_bad"]["file"], report["first_bad"]["line"]) == expected, report["findings"]


def test_another_key_throughout_is_refused_by_who_knows_the_key(
    log: SyntheticLog, bundles: dict[str, Files], tmp_path: Path
) -> None:
    """A forger writes the whole log anew under a key of the same name: --vkey tells, and so does the past."""
    forged = SyntheticLog(key=STRANGER)
    for _ in range(8):
        forged.append_step("course/C001")
    forged.checkpoint()
    bundle_of(forged, tmp_path / "forged", as_folder=True)
    files = read_folder(tmp_path / "forged")
    assert judged(tmp_path / "b", files)["verified"]
    known = Key(log.key.verifier_key().format())
    assert not judged(tmp_path / "b", files, given=[known])["verified"]
    assert not judged(tmp_path / "b", files, earlier=log.checkpoints[0].encode())["verified"]
    mixed = {**files, "vkeys.txt": bundles["whole"]["vkeys.txt"]}
    assert judged(tmp_path / "b", repack(mixed))["first_bad"]["file"] == "checkpoint.txt"


@pytest.mark.parametrize("name", ["README.txt", "checkpoint.txt", "custody.csv", "manifest.json", "manifest.note",
                                  "proofs.jsonl", "verify.py", "vkeys.txt"])  # fmt: skip
@pytest.mark.parametrize("kind", ["whole", "course"])
def test_every_other_file_is_guarded_by_the_manifest(
    name: str, kind: str, bundles: dict[str, Files], tmp_path: Path
) -> None:
    """Bytes all over the file, one at a time; and the same with a repacked manifest."""
    files = bundles[kind]
    data = files[name]
    for place in range(0, len(data), max(1, len(data) // 60)):
        changed = {**files, name: data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]}
        assert not judged(tmp_path / "b", changed)["verified"], place
        if not name.startswith("manifest"):
            assert not judged(tmp_path / "b", repack(changed))["verified"], place
