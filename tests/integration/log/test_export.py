"""Bundles out of the database, verified by a stranger: the verifier alone, on the system's Python."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from coi_tracker.custody_log.note import SigningKey
from coi_tracker.errors import NotUnderstood
from coi_tracker.services import keys
from coi_tracker.services.checkpoints import checkpoint
from coi_tracker.services.export import BundleError, Chosen, consistency, export
from tests.integration.log import builders
from tests.integration.log.bundles import lines_of, verified

ACCEPTED = pytest.mark.requirement("COI-LOG-12")
COURSE = pytest.mark.requirement("COI-LOG-13")
EXTENDS = pytest.mark.requirement("COI-LOG-14")
ROTATED = pytest.mark.requirement("COI-LOG-07")
PARTS = {
    "course": Chosen(course="C001"),
    "site": Chosen(site="site-1"),
    "period": Chosen(since=builders.START + timedelta(seconds=1), until=builders.START + timedelta(days=1)),
    "all": Chosen(),
}


@pytest.fixture
def filled(record, key: SigningKey) -> SigningKey:
    """A record with 40 steps whose courses belong to two sites; its key."""
    builders.steps(record, 40)
    with record.database.write() as tx:
        builders.own_courses(tx)
    return key


def exported(record, key, chosen: Chosen, out: Path) -> Path:
    return export(record, key, chosen=chosen, out=out, exported_by="Zoë Müller").path


@ACCEPTED
@pytest.mark.requirement("COI-LOG-11", "COI-LOG-09")
@pytest.mark.parametrize("part", PARTS)
def test_a_stranger_verifies_a_bundle_of(record, filled, part: str, tmp_path: Path) -> None:
    builders.steps(record, 3)
    bundle = exported(record, filled, PARTS[part], tmp_path / "b.zip")
    vkey = filled.verifier_key().format()
    verdict = verified(bundle)
    assert verdict.code == 0, verdict.said
    verdict = verified(bundle, "--vkey", vkey)
    assert verdict.code == 0, verdict.said
    assert verdict.report["tree_size"] == 45
    assert len(lines_of(bundle)) == verdict.report["entries"] > 0


@COURSE
def test_a_bundle_of_a_course_shows_its_chain_and_nothing_else(record, filled, tmp_path: Path) -> None:
    bundle = exported(record, filled, PARTS["course"], tmp_path / "b.zip")
    assert {entry["chain"] for entry in lines_of(bundle)} == {"course/C001"}
    verdict = verified(bundle)
    assert (verdict.report["chains_whole"], verdict.report["chains_in_part"]) == (1, 0)


@ACCEPTED
def test_a_bundle_of_a_site_shows_its_courses_subjects_place_and_stations(record, filled, tmp_path: Path) -> None:
    bundle = exported(record, filled, PARTS["site"], tmp_path / "b.zip")
    shown = {entry["chain"] for entry in lines_of(bundle)}
    assert shown == {"course/C000", "course/C001", "subject/001", "place/site-1", "station/st-2"}


@ACCEPTED
def test_an_export_leaves_no_trace_in_a_course(record, filled, tmp_path: Path) -> None:
    exported(record, filled, PARTS["course"], tmp_path / "1.zip")
    exported(record, filled, PARTS["course"], tmp_path / "2.zip")
    assert lines_of(tmp_path / "1.zip") == lines_of(tmp_path / "2.zip")


@COURSE
def test_a_long_course_and_a_short_one_are_proved_complete(record, key, tmp_path: Path) -> None:
    builders.steps(record, 60, chains=("course/LONG",))
    builders.steps(record, 1, chains=("course/SHORT",))
    for coi in ("LONG", "SHORT"):
        verdict = verified(exported(record, key, Chosen(course=coi), tmp_path / f"{coi}.zip"))
        assert verdict.code == 0, verdict.said


@ROTATED
@pytest.mark.parametrize("part", PARTS)
def test_after_a_rotation_the_new_key_vouches_for(record, filled, key_dir: Path, part: str, tmp_path: Path) -> None:
    before = checkpoint(record, filled)
    new = keys.rotate(record, key_dir)
    builders.steps(record, 5)
    bundle = exported(record, new, PARTS[part], tmp_path / "b.zip")
    verdict = verified(bundle, "--vkey", new.verifier_key().format())
    assert verdict.code == 0, verdict.said
    if part == "all":
        (tmp_path / "before.txt").write_text(before.note)
        old = filled.verifier_key().format()
        verdict = verified(bundle, "--vkey", old, "--checkpoint", str(tmp_path / "before.txt"))
        assert verdict.code == 0, verdict.said


@EXTENDS
@pytest.mark.parametrize("part", PARTS)
def test_a_later_bundle_extends_an_earlier_checkpoint(record, filled, part: str, tmp_path: Path) -> None:
    early, earlier = checkpoint(record, filled), tmp_path / "earlier.txt"
    earlier.write_text(early.note)
    builders.steps(record, 9)
    bundle = exported(record, filled, PARTS[part], tmp_path / "b.zip")
    proof = tmp_path / "proof.json"
    proof.write_bytes(consistency(record, old=early.size, new=checkpoint(record, filled).size))
    options = ["--checkpoint", str(earlier)]
    verdict = verified(bundle, *options, *([] if part == "all" else ["--consistency", str(proof)]))
    assert verdict.code == 0, verdict.said
    assert verdict.report["earlier_size"] == early.size


@pytest.mark.requirement("COI-CLI-09")
def test_what_is_not_in_the_record_is_said_before_anything_is_written(record, filled, tmp_path: Path) -> None:
    for chosen in (Chosen(course="C404"), Chosen(site="site-404")):
        with pytest.raises(NotUnderstood, match="404"):
            exported(record, filled, chosen, tmp_path / "b.zip")
    with pytest.raises(NotUnderstood, match="more than one"):
        Chosen(course="C000", site="site-1")
    with pytest.raises(NotUnderstood, match="sizes"):
        consistency(record, old=3, new=4_000)
    assert list(tmp_path.glob("*.zip")) == []


@pytest.mark.requirement("COI-BAD-10")
def test_a_bundle_is_whole_or_absent(record, filled, tmp_path: Path) -> None:
    target = exported(record, filled, Chosen(), tmp_path / "b.zip")
    before = target.read_bytes()
    with pytest.raises(BundleError, match="exists already"):
        exported(record, filled, Chosen(), target)
    with pytest.raises(BundleError, match="no folder"):
        exported(record, filled, Chosen(), tmp_path / "none" / "b.zip")
    assert target.read_bytes() == before
