"""A whole log written anew: inside the database everything fits. What somebody kept outside tells it apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from coi_tracker.services import keys
from coi_tracker.services.export import Chosen, export
from coi_tracker.services.verification import verify
from tests.integration.log import builders
from tests.integration.log.bundles import verified
from tests.unit.custody_log import synthetic

pytestmark = pytest.mark.requirement("COI-LOG-14", "COI-MUST-19")


@pytest.fixture
def honest() -> synthetic.SyntheticLog:
    """The log as it was. Auditors kept its first checkpoint, and its key is published."""
    return synthetic.small_log(30)


@pytest.fixture
def kept(honest: synthetic.SyntheticLog, tmp_path: Path) -> Path:
    path = tmp_path / "kept.txt"
    path.write_text(honest.checkpoints[0])
    return path


def forged(record, key, target: Path) -> Path:
    """Another log in its place, longer than what was kept; its bundle."""
    keys.publish(record, key)
    builders.steps(record, 40)
    return export(record, key, chosen=Chosen(), out=target / "b.zip", exported_by="Mallory").path


def test_by_another_key(record, honest, kept: Path, tmp_path: Path) -> None:
    bundle = forged(record, keys.create(tmp_path / "forged", builders.ORIGIN), tmp_path)
    published, note = honest.vkeys[0], kept.read_text()
    assert verify(record).verified
    assert verify(record, vkeys=[published]).findings[0].where == "key"
    assert verify(record, kept=[note]).findings[0].where.endswith("kept outside")
    assert verified(bundle).code == 0
    assert verified(bundle, "--vkey", published, with_own_copy=True).code == 1
    assert verified(bundle, "--checkpoint", str(kept), with_own_copy=True).code == 1


def test_by_the_holder_of_the_key(record, honest, kept: Path, tmp_path: Path) -> None:
    bundle = forged(record, honest.key, tmp_path)
    published, note = honest.vkeys[0], kept.read_text()
    assert verify(record, vkeys=[published]).verified
    first = verify(record, kept=[note], vkeys=[published]).findings[0]
    assert (first.index, first.upto) == (0, 12)
    verdict = verified(bundle, "--vkey", published, "--checkpoint", str(kept))
    assert verdict.code == 1
    assert "rewritten" in verdict.said
