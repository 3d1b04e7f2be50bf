"""Templates are data, checked when read: what cannot be printed well is refused with file and fault."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coi_tracker.errors import Misconfigured, NotUnderstood
from labels.kinds import LabelKind, is_container, kind_named
from labels.layout import draw
from labels.symbol import Symbology
from labels.template import ON_CONTAINERS, ON_THINGS, SHOWS
from labels.template_file import FOLDER, read_template, template_for
from tests.unit.labels import sample

BAG = (FOLDER / "bag.toml").read_text(encoding="utf-8")


@pytest.mark.requirement("COI-LABEL-01", "COI-LABEL-05")
@pytest.mark.parametrize("kind", LabelKind)
def test_every_kind_of_label_has_a_template_that_shows_all_it_must(kind: LabelKind) -> None:
    template = template_for(kind)
    assert template.kind is kind
    assert template.version >= 1
    wanted = ON_CONTAINERS if is_container(kind) else ON_THINGS
    assert template.shown() == wanted - template.without
    assert template.symbols[0].symbology is Symbology.QR


def test_only_wristband_and_badge_leave_anything_out() -> None:
    assert {kind: sorted(template_for(kind).without) for kind in LabelKind if template_for(kind).without} == {
        LabelKind.WRISTBAND: ["expiry", "storage"],
        LabelKind.BADGE: ["place"],
    }


def test_no_template_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(LabelKind)


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
        lambda text: text.replace("at_mm = [1.2, 1.4]", "at_mm = [9, 1.4]"),
        "symbol 1 and title overlap",
    ),
    "modules too small": (lambda text: text.replace("0.423", "0.2"), "modules of 0.2 mm"),
    "type too small": (lambda text: text.replace("least_mm = 1.3", "least_mm = 0.5"), "type of texts under"),
    "codes too small": (lambda text: text.replace("least_mm = 2.8", "least_mm = 1.5"), "type of serial under 1.8"),
    "no room for the longest site": (
        lambda text: text.replace("[2, 22.5, 71, 3.9]", "[2, 22.5, 71, 2.5]"),
        "no room for the longest site: site that fits 71 x 2.5 mm",
    ),
    "no room for the longest texts": (
        lambda text: text.replace("texts_characters = 180", "texts_characters = 400"),
        "no room for the longest texts",
    ),
    "a text left out": (lambda text: text.replace("texts_most", 'without = ["coi"]\ntexts_most'), "may be left out"),
    "across a die cut": (
        lambda text: text + "\n[[part]]\nbox_mm = [0, 0, 60, 50]\n",
        "symbol 2 crosses a cut",
    ),
    "no symbol": (
        lambda text: "symbol = []\n" + text[: text.index("[[symbol]]")] + text[text.index("[[block]]") :],
        "no symbol",
    ),
    "a linear symbol without height": (
        lambda text: text.replace('holds = "qr"', 'holds = "code_128"'),
        "height_mm is given for code_128",
    ),
    "modules too small for 203 dpi": (
        lambda text: text.replace("module_mm = 0.423", "module_mm = 0.423\nleast_mil = 14.9"),
        "14.8 mil in whole dots at 203 dpi",
    ),
    "a limit under the house limit": (
        lambda text: text.replace("module_mm = 0.423", "module_mm = 0.423\nleast_mil = 5"),
        "modules of 5 mil allowed",
    ),
    "a version in words": (lambda text: text.replace("version = 3", 'version = "two"'), "not a whole number"),
    "no place for the texts": (lambda text: text.replace('shows = "texts"', 'shows = "study"'), "instead of"),
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
    assert kind_named("qc_vial") is LabelKind.QC_VIAL
    with pytest.raises(NotUnderstood, match=r"tissue_jar, flask, .*got 'sock'"):
        kind_named("sock")


def test_the_first_symbol_can_be_written_in_another_square_symbology_in_the_same_place() -> None:
    template = template_for(LabelKind.BAG)
    changed = template.with_symbology(Symbology.DATA_MATRIX)
    assert changed.symbols[0].box == template.symbols[0].box
    assert changed.symbols[0].module > template.symbols[0].module
    assert changed.with_symbology(Symbology.QR).symbols[0].module == pytest.approx(template.symbols[0].module)
    with pytest.raises(NotUnderstood, match="square place"):
        template.with_symbology(Symbology.CODE_128)


def test_the_label_says_which_template_it_was_printed_with() -> None:
    assert template_for(LabelKind.BAG).name() == f"bag v{template_for(LabelKind.BAG).version}"


@pytest.mark.requirement("COI-LABEL-05")
@pytest.mark.parametrize("kind", LabelKind)
def test_a_value_that_the_template_does_not_show_is_refused_not_left_out(kind: LabelKind) -> None:
    missing = {"expiry", "storage", "place"} - template_for(kind).shown()
    values: dict[str, Any] = {"expiry": sample.content().expiry, "storage": "cold", "place": "Bench 4"}
    for name in missing:
        with pytest.raises(NotUnderstood, match=f"no {name} on a {kind} label"):
            draw(sample.content(kind, **{name: values[name]}))
