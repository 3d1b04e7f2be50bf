"""Templates are data, checked when read: what cannot be printed well is refused with file and fault."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from coi_tracker.errors import Misconfigured, NotUnderstood
from coi_tracker.vocabulary import ContainerKind
from labels.template import FOLDER, SHOWS, kind_named, read_template, template_for

BAG = (FOLDER / "bag.toml").read_text(encoding="utf-8")


@pytest.mark.requirement("COI-LABEL-01")
@pytest.mark.parametrize("kind", ContainerKind)
def test_every_kind_of_container_has_a_template_of_its_own(kind: ContainerKind) -> None:
    template = template_for(kind)
    assert template.kind is kind
    assert template.version >= 1
    assert {block.shows for block in template.blocks} == SHOWS


def test_no_template_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(ContainerKind)


def test_no_template_can_show_a_person() -> None:
    assert not SHOWS & {"name", "subject", "patient", "record_number", "birth_date", "initials"}


CHANGES: dict[str, tuple[Callable[[str], str], str]] = {
    "not TOML": (lambda text: text + "\n[[[", "TOML"),
    "unknown key": (lambda text: text.replace("version =", "edition ="), "unknown key 'edition'"),
    "missing key": (lambda text: text.replace('kind = "bag"', ""), "KeyError"),
    "unknown kind": (lambda text: text.replace('kind = "bag"', 'kind = "sock"'), "sock"),
    "a length in words": (lambda text: text.replace("[75, 50]", '["75 mm", 50]'), "not a length in mm"),
    "a negative length": (lambda text: text.replace("[75, 50]", "[-75, 50]"), "not a length in mm"),
    "infinity": (lambda text: text.replace("[75, 50]", "[inf, 50]"), "not a length in mm"),
    "three lengths": (lambda text: text.replace("[75, 50]", "[75, 50, 2]"), "ValueError"),
    "too small a label": (lambda text: text.replace("[75, 50]", "[75, 30]"), "sticks out"),
    "symbol over text": (
        lambda text: text.replace("at_mm = [1, 1]", "at_mm = [9, 1]"),
        "symbol and .* overlap",
    ),
    "modules too small": (lambda text: text.replace("0.508", "0.2"), "modules of 0.2 mm"),
    "type too small": (lambda text: text.replace("least_mm = 1.8", "least_mm = 0.5"), "type of texts under"),
    "no room for the texts": (lambda text: text.replace('shows = "texts"', 'shows = "study"'), "instead of"),
    "something else shown": (lambda text: text.replace('shows = "texts"', 'shows = "patient"'), "patient"),
}


@pytest.mark.parametrize(("change", "says"), CHANGES.values(), ids=CHANGES.keys())
def test_a_wrong_template_is_refused_with_its_fault(change: Callable[[str], str], says: str, tmp_path: Path) -> None:
    assert change(BAG) != BAG
    file = tmp_path / "bag.toml"
    file.write_text(change(BAG), encoding="utf-8")
    with pytest.raises(Misconfigured, match=says) as refused:
        read_template(file)
    assert "bag.toml" in str(refused.value)


def test_a_missing_template_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="No such file"):
        read_template(tmp_path / "bag.toml")


def test_an_unknown_kind_is_answered_with_the_kinds_there_are() -> None:
    assert kind_named("qc_vial") is ContainerKind.QC_VIAL
    with pytest.raises(NotUnderstood, match=r"tissue_jar, flask, .*got 'sock'"):
        kind_named("sock")
