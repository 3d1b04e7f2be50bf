"""Pictures of every label, to be looked at and compared with: `python -m tests.labels.golden` draws them anew.

They lie in docs/label_pictures: one PNG a label at 203 dpi, and a contact sheet of all of them for people. Whoever
draws them anew looks at them before committing them.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from labels import fonts
from labels.kinds import LabelKind
from labels.layout import Drawing, draw
from labels.png import png_of
from labels.raster import dots_of
from labels.template import RESOLUTIONS
from labels.template_file import template_for
from tests import tree
from tests.unit.labels import sample

FOLDER = tree.ROOT / "docs" / "label_pictures"
SHEET = FOLDER / "contact_sheet.png"
DPI = 203
SCRIPTS = {
    "bag_greek": "Κέντρο 021 Γενικό Νοσοκομείο Αθηνών",
    "bag_cyrillic": "Центр 033 Национальный институт рака",
    "bag_japanese": "施設 047 国立がん研究センター東病院",
}
ROWS = (
    ("tissue_jar", "flask", "pool"),
    ("bag", "cassette"),
    ("qc_vial", "retain", "badge"),
    ("station", "location"),
    ("wristband",),
    ("shipper", tuple(SCRIPTS)),
)
PAPER, INK, GAP, CAPTION = 214, 60, 40, 34


def drawings() -> dict[str, Drawing]:
    """Every label there is a picture of, by the name of its file."""
    found = {kind.value: draw(sample.content(kind), dpi=DPI) for kind in LabelKind}
    return found | {name: draw(sample.content(site=site), dpi=DPI) for name, site in SCRIPTS.items()}


def file_of(name: str) -> Path:
    return FOLDER / f"{name}.png"


def contact_sheet() -> Image.Image:
    """All labels as they lie on a table, each with its name and size."""
    tiles = {name: _tile(name, drawing) for name, drawing in drawings().items()}
    rows = [_beside([_under([tiles[one] for one in _names(cell)]) for cell in row]) for row in ROWS]
    sheet = _under(rows)
    framed = Image.new("L", (sheet.width + GAP, sheet.height + GAP), PAPER)
    framed.paste(sheet, (GAP, GAP))
    return framed


def _names(cell: str | tuple[str, ...]) -> tuple[str, ...]:
    return (cell,) if isinstance(cell, str) else cell


def _tile(name: str, drawing: Drawing) -> Image.Image:
    """A label cut out along its die cuts, over a line that names it."""
    picture, cut = dots_of(drawing), Image.new("L", (1, 1), 0)
    cut = cut.resize(picture.size)
    per_mm = RESOLUTIONS[DPI]
    for part in drawing.parts:
        box = part.box
        edges = [round(edge * per_mm) for edge in (box.x, box.y, box.x + box.width, box.y + box.height)]
        inside = (edges[0], edges[1], edges[2] - 1, edges[3] - 1)
        ImageDraw.Draw(cut).rounded_rectangle(inside, radius=(edges[2] - edges[0]) / 2 if part.round else 12, fill=255)
    tile = Image.new("L", (picture.width, picture.height + CAPTION), PAPER)
    tile.paste(picture, (0, 0), cut)
    template = template_for(LabelKind(name if name not in SCRIPTS else "bag"))
    caption = f"{template.name()}, {drawing.width:g} x {drawing.height:g} mm"
    face = ImageFont.truetype(fonts.file_of(fonts.PLAIN), 20)
    ImageDraw.Draw(tile).text((2, picture.height + 6), caption, fill=INK, font=face)
    return tile


def _beside(tiles: list[Image.Image]) -> Image.Image:
    width, height = sum(tile.width + GAP for tile in tiles), max(tile.height for tile in tiles)
    row, x = Image.new("L", (width, height), PAPER), 0
    for tile in tiles:
        row.paste(tile, (x, 0))
        x += tile.width + GAP
    return row


def _under(tiles: list[Image.Image]) -> Image.Image:
    width, height = max(tile.width for tile in tiles), sum(tile.height for tile in tiles) + GAP // 2 * (len(tiles) - 1)
    column, y = Image.new("L", (width, height), PAPER), 0
    for tile in tiles:
        column.paste(tile, (0, y))
        y += tile.height + GAP // 2
    return column


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, drawing in drawings().items():
        file_of(name).write_bytes(png_of(drawing))
    contact_sheet().quantize(16).save(SHEET, optimize=True)
    print(f"{len(drawings())} labels and {SHEET.name} in {FOLDER.relative_to(tree.ROOT)}: look at them")


if __name__ == "__main__":
    main()
