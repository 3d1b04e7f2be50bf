"""Labels look as they looked when somebody last looked at them. Drawn anew by `python -m tests.labels.golden`."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops

from labels.kinds import LabelKind
from labels.layout import draw
from labels.png import png_of
from tests.labels import golden
from tests.unit.labels import sample

NAMES = [*map(str, LabelKind), *golden.SCRIPTS]
STEP = 48
"""Grey levels (of 256) a pixel may be off: another version of FreeType smooths edges a little differently."""


@pytest.mark.requirement("COI-LABEL-01", "COI-LABEL-06")
@pytest.mark.parametrize("name", NAMES)
def test_the_label_looks_as_its_picture(name: str) -> None:
    now = Image.open(io.BytesIO(png_of(golden.drawings()[name])))
    then = Image.open(golden.file_of(name))
    assert now.size == then.size
    off = sum(ImageChops.difference(now, then).histogram()[STEP:])
    assert off <= now.width * now.height / 2000, f"{off} pixels differ; if that is meant, draw the pictures anew"


def test_there_is_a_picture_of_every_label_and_no_other() -> None:
    assert {path.stem for path in golden.FOLDER.glob("*.png")} == {*NAMES, golden.SHEET.stem}
    assert golden.drawings().keys() == set(NAMES)


def test_a_changed_label_does_not_look_the_same() -> None:
    """The comparison is not blind: another serial alone is more than it lets pass."""
    then = Image.open(golden.file_of("bag"))
    other = draw(sample.content(seed=2), dpi=golden.DPI)
    now = Image.open(io.BytesIO(png_of(other)))
    assert sum(ImageChops.difference(now, then).histogram()[STEP:]) > then.width * then.height / 2000
