"""What happens to a symbol between the printer and the camera, done to a picture of it.

For tests, and for `benchmarks/label_degradation.py`, which publishes the read rates. Pictures are grey, of 300 dpi, and
show one symbol with what stands around it. Every kind of wear takes its chances from the given generator only.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import zxingcpp
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import read_scan
from labels.kinds import LabelKind
from labels.layout import Drawing, PlacedSymbol, draw
from labels.raster import dots_of
from labels.symbol import Symbology, text_of
from labels.template import RESOLUTIONS, Template
from tests.unit.labels import sample

DPI = 300
PER_MM = RESOLUTIONS[DPI]
AROUND = 4.0
"""mm of the label that a picture shows around a symbol's quiet zone."""

VIAL = 13.0
"""mm, the diameter of a cryogenic vial."""


@dataclass(frozen=True)
class Shot:
    """A picture of one symbol. `symbol` is where its modules are, in pixels: left, top, right, bottom."""

    picture: Image.Image
    symbol: tuple[int, int, int, int]
    text: str

    def middle(self) -> tuple[float, float]:
        left, top, right, bottom = self.symbol
        return (left + right) / 2, (top + bottom) / 2


Wear = Callable[[Shot, random.Random], Image.Image]


def shot(template: Template, place: int, *, seed: int) -> Shot:
    """The symbol at a place of a template, on a label of its own."""
    content = sample.content(template.kind, seed=seed)
    drawing = draw(content, template, dpi=DPI)
    box = template.symbols[place].box
    edges = (box.x - AROUND, box.y - AROUND, box.x + box.width + AROUND, box.y + box.height + AROUND)
    left, top, right, bottom = (round(edge * PER_MM) for edge in edges)
    dots = dots_of(drawing)
    around = Image.new("L", (right - left, bottom - top), 255)
    around.paste(_alone(dots, drawing, place), (-left, -top))
    text = text_of(content.payload, template.symbols[place].symbology)
    modules = box_of(drawing.symbols[place])
    return Shot(around, (modules[0] - left, modules[1] - top, modules[2] - left, modules[3] - top), text)


def _alone(dots: Image.Image, drawing: Drawing, place: int) -> Image.Image:
    """The label without its other symbols, so that only this one can be read."""
    for nth, symbol in enumerate(drawing.symbols):
        if nth != place:
            dots.paste(255, box_of(symbol))
    return dots


def box_of(symbol: PlacedSymbol) -> tuple[int, int, int, int]:
    """Where the modules of a symbol are on the picture of a label, in pixels: left, top, right, bottom."""
    x, y = round(symbol.x * PER_MM), round(symbol.y * PER_MM)
    width = round(len(symbol.matrix[0]) * symbol.module * PER_MM)
    return x, y, x + width, y + round(len(symbol.matrix) * symbol.row * PER_MM)


FORMATS = zxingcpp.BarcodeFormats(
    [zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.DataMatrix, zxingcpp.BarcodeFormat.Code128]
)
"""What a scanner of ours is set to. With all symbologies switched on, the torn bars of a Code 128 were once read
as four digits of ITF, which has no check."""


def read(picture: Image.Image, *, turning: bool = False) -> list[str]:
    """What a decoder makes of it. `turning` turns it until bars lie across, as a person turns a scanner."""
    found = zxingcpp.read_barcodes(picture, formats=FORMATS)
    if turning and not found:
        for angle in range(10, 180, 10):
            turned_back = picture.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
            if found := zxingcpp.read_barcodes(turned_back, formats=FORMATS):
                break
    return [one.text for one in found]


def wears(template: Template, place: int) -> dict[str, Wear]:
    """What is tried on a symbol: bending only what is made for vials, and not what sits on their flat caps."""
    on_vial = template.kind in (LabelKind.QC_VIAL, LabelKind.RETAIN) and place == 0
    return {name: wear for name, wear in KINDS.items() if on_vial or wear is not bent}


@dataclass(frozen=True)
class Counts:
    """Of some readings: how many were right, how many wrong, and how many of the decoder's mistakes were refused.

    Wrong is what the tracker takes for another code. A torn bar code is sometimes read as other letters, for its only
    check is one of 103; then form and check character of our own codes have to refuse it.
    """

    right: int
    wrong: int
    refused: int


def counted(readings: Iterable[tuple[list[str], Sequence[str]]]) -> Counts:
    """Counts pairs of what a decoder found, and the texts that were there."""
    right = wrong = refused = 0
    for found, meant in readings:
        taken = [text for text in found if understood(text) is not None]
        mistaken = [text for text in taken if understood(text) not in map(understood, meant)]
        wrong += bool(mistaken)
        right += bool(taken) and not mistaken
        refused += len(taken) < len(found)
    return Counts(right, wrong, refused)


def understood(text: str) -> object:
    """What the tracker makes of a scan, or None when it refuses it."""
    try:
        return read_scan(text)
    except NotUnderstood:
        return None


def rates(template: Template, place: int, *, tries: int) -> dict[str, Counts]:
    """Of `tries` symbols, by kind of wear."""
    shots = [shot(template, place, seed=seed) for seed in range(tries)]
    linear = template.symbols[place].symbology is Symbology.CODE_128
    return {
        name: counted(
            (read(wear(one, random.Random(seed)), turning=linear and wear in (turned, tilted)), [one.text])
            for seed, one in enumerate(shots)
        )
        for name, wear in wears(template, place).items()
    }


# --- kinds of wear --------------------------------------------------------------------------------------------------


def as_printed(shot: Shot, rng: random.Random) -> Image.Image:
    return shot.picture


def turned(shot: Shot, rng: random.Random) -> Image.Image:
    """By any angle."""
    return shot.picture.rotate(rng.uniform(0, 360), Image.Resampling.BICUBIC, expand=True, fillcolor=255)


def blurred(shot: Shot, rng: random.Random) -> Image.Image:
    """Out of focus: Gaussian, 1.5 pixels."""
    return shot.picture.filter(ImageFilter.GaussianBlur(1.5))


def pale(shot: Shot, rng: random.Random) -> Image.Image:
    """30 % contrast at any brightness, with the noise of a sensor, the label lying anyhow on its pixels."""
    darkest = rng.uniform(0, 255 * 0.7)
    grey = shot.picture.point([int(darkest + 0.3 * value) for value in range(256)])
    size = (grey.width + 8, grey.height + 8)
    picture = Image.new("L", size, int(darkest + 0.3 * 255))
    picture.paste(grey, (rng.randrange(8), rng.randrange(8)))
    grain = ImageChops.offset(_noise(size), rng.randrange(size[0]), rng.randrange(size[1]))
    return ImageChops.add(picture, grain, scale=1, offset=-128)


def tilted(shot: Shot, rng: random.Random) -> Image.Image:
    """Seen under 20 degrees, about any axis, from five times its width away."""
    turned_first = shot.picture.rotate(rng.uniform(0, 360), Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    return turned_first.transform(
        turned_first.size,
        Image.Transform.PERSPECTIVE,
        _looking_under(20, turned_first.size),
        Image.Resampling.BICUBIC,
        fillcolor=255,
    )


def bent(shot: Shot, rng: random.Random) -> Image.Image:
    """Round a vial of 13 mm, its axis upright, the symbol up to 1 mm beside the middle, seen from afar."""
    radius = VIAL / 2 * PER_MM
    middle = shot.middle()[0] + rng.uniform(-1, 1) * PER_MM
    width, height = int(2 * radius * 0.98), shot.picture.height
    strips = []
    for x in range(width):
        edges = [middle + radius * math.asin(max(-1, min(1, (edge - width / 2) / radius))) for edge in (x, x + 1)]
        strips.append(((x, 0, x + 1, height), (edges[0], 0, edges[0], height, edges[1], height, edges[1], 0)))
    padded = Image.new("L", shot.picture.size, 255)
    padded.paste(shot.picture)
    return padded.transform((width, height), Image.Transform.MESH, strips, Image.Resampling.BICUBIC, fillcolor=255)


def spotted(shot: Shot, rng: random.Random) -> Image.Image:
    """Drops of 0.5 to 1.2 mm, dark or light, until they cover 15 % of the modules."""
    return soiled(shot.picture, shot.symbol, rng, area=DIRTY * area_of(shot.symbol), sizes=DROPS)


def smeared(shot: Shot, rng: random.Random) -> Image.Image:
    """One blot over 15 % of the modules."""
    return blotted(shot.picture, shot.symbol, rng, area=DIRTY * area_of(shot.symbol))


KINDS: dict[str, Wear] = {
    "as printed": as_printed,
    "turned by any angle": turned,
    "blurred by 1.5 px": blurred,
    "30 % contrast": pale,
    "tilted by 20°": tilted,
    "on a 13 mm vial": bent,
    "15 % under one blot": smeared,
    "15 % under drops": spotted,
}


DIRTY = 0.15
"""The share of a symbol that dirt covers."""

DROPS = (0.5, 1.2)
"""mm across, from the smallest to the largest."""


def area_of(box: tuple[int, int, int, int]) -> int:
    """Pixels of a box: left, top, right, bottom."""
    left, top, right, bottom = box
    return (right - left) * (bottom - top)


def blotted(
    picture: Image.Image, box: tuple[int, int, int, int], rng: random.Random, *, area: float
) -> Image.Image:  # fmt: skip
    """One blot of so many pixels, its middle anywhere in the box."""
    third = 2 * math.sqrt(area / math.pi) / PER_MM / 3
    return soiled(picture, box, rng, area=area, sizes=(third, third), near=third)


def soiled(
    picture: Image.Image,
    box: tuple[int, int, int, int],
    rng: random.Random,
    *,
    area: float,
    sizes: tuple[float, float],
    near: float = 0,
) -> Image.Image:
    """Round spots inside the box, until they cover `area` pixels of it.

    They lie all over it, or (`near`, in mm) one beside the other, as far away as it needs.
    """
    left, top, right, bottom = box
    picture, covered = picture.copy(), Image.new("1", (right - left, bottom - top))
    middle, blot = (rng.uniform(left, right), rng.uniform(top, bottom)), rng.choice(_DIRT)
    while sum(covered.histogram()[1:]) < area:
        radius = rng.uniform(*sizes) / 2 * PER_MM
        x, y = rng.uniform(left, right), rng.uniform(top, bottom)
        if near:
            angle, away = rng.uniform(0, 2 * math.pi), rng.uniform(0, near) * PER_MM
            x, y = middle[0] + away * math.cos(angle), middle[1] + away * math.sin(angle)
            near *= 1.01
        inside = (max(left, x - radius), max(top, y - radius), min(right, x + radius), min(bottom, y + radius))
        if inside[2] > inside[0] and inside[3] > inside[1]:
            ImageDraw.Draw(picture).ellipse(inside, fill=blot if near else rng.choice(_DIRT))
            there = (inside[0] - left, inside[1] - top, inside[2] - left, inside[3] - top)
            ImageDraw.Draw(covered).ellipse(there, fill=1)
    return picture


_DIRT = (0, 70, 255)  # ink, blood, a scratch


@cache
def _noise(size: tuple[int, int]) -> Image.Image:
    """Noise around 128 with a deviation of 5; the same every time, for its place is by chance anyway."""
    rng = random.Random(6)
    row = bytes(max(0, min(255, round(rng.gauss(128, 5)))) for _ in range(8191))
    return Image.frombytes("L", size, (row * (size[0] * size[1] // len(row) + 1))[: size[0] * size[1]])


def _looking_under(degrees: float, size: tuple[int, int]) -> tuple[float, ...]:
    """Pillow's eight numbers (where each pixel comes from) of a plane turned about its upright axis."""
    width, height = size
    away, cos, sin = 5.0 * width, math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    # A point (u, v) of the picture, from its middle, shows (u away, v away cos) / (away cos - u sin) of the plane.
    a, b = away * cos, -sin
    half_x, half_y = width / 2, height / 2
    bottom = (b / (a - b * half_x), 0.0, 1.0)
    scale = 1 / (a - b * half_x)
    x = ((away + b * half_x) * scale, 0.0, (half_x * (a - b * half_x) - away * half_x) * scale)
    y = (b * half_y * scale, away * cos * scale, (half_y * (a - b * half_x) - away * cos * half_y) * scale)
    return (*x, *y, bottom[0], bottom[1])
