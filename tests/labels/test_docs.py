"""docs/labels.md says of every template what its file says."""

from __future__ import annotations

import pytest

from labels.kinds import LabelKind
from labels.symbol import Symbology
from labels.template import MM_PER_MIL, RESOLUTIONS, SymbolPlace
from labels.template_file import template_for
from tests import tree

PAGE = (tree.ROOT / "docs" / "labels.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("|")]
NAMES = {Symbology.DATA_MATRIX: "Data Matrix", Symbology.CODE_128: "Code 128"}


def mils(place: SymbolPlace) -> str:
    return " / ".join(f"{round(place.module_at(dpi) / MM_PER_MIL, 1):g}" for dpi in RESOLUTIONS)


@pytest.mark.parametrize("kind", LabelKind)
def test_the_table_has_the_sizes_of_every_template(kind: LabelKind) -> None:
    template = template_for(kind)
    (row,) = [row for row in ROWS if len(row) == 6 and kind.value in row[0].split(", ")]
    sizes = [f"{part.box.width:g}" + ("" if part.round else f" x {part.box.height:g}") for part in template.parts]
    first, second = template.symbols
    assert row[1] == " and a dot of ".join(sizes)
    assert row[2:4] == [mils(first), f"{first.box.width:.1f}"]
    assert row[4].startswith(NAMES[second.symbology])
    assert row[5] == mils(second)
