"""Dirt on whole labels, and what is still read of them: every label says its code twice, in two places.

For tests, and for the second table of docs/label_wear.md. One symbol is enough: whoever scans a label turns to the
other one when the first is under a blot. Pictures are grey, of 300 dpi. Knows no other wear than dirt.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from labels.layout import draw
from labels.raster import dots_of
from labels.symbol import text_of
from labels.template import Template
from tests.labels import wear
from tests.unit.labels import sample

SPLASHES = 5


@dataclass(frozen=True)
class WholeLabel:
    """A picture of a label; where its symbols are, in pixels (left, top, right, bottom); and what they say."""

    picture: Image.Image
    symbols: tuple[tuple[int, int, int, int], ...]
    texts: tuple[str, ...]

    def area(self) -> int:
        """Pixels of all its symbols together."""
        return sum(map(wear.area_of, self.symbols))

    def some_symbol(self, rng: random.Random) -> tuple[int, int, int, int]:
        """Where dirt falls: on the larger symbol more often."""
        (symbol,) = rng.choices(self.symbols, [wear.area_of(one) for one in self.symbols])
        return symbol


def whole_label(template: Template, *, seed: int) -> WholeLabel:
    """A label of its own."""
    content = sample.content(template.kind, seed=seed)
    drawing = draw(content, template, dpi=wear.DPI)
    boxes = tuple(map(wear.box_of, drawing.symbols))
    texts = tuple(text_of(content.payload, place.symbology) for place in template.symbols)
    return WholeLabel(dots_of(drawing), boxes, texts)


Dirt = Callable[[WholeLabel, random.Random], Image.Image]


def under_one_blot(label: WholeLabel, rng: random.Random) -> Image.Image:
    """Of 15 % of the area of all symbols together, its middle anywhere on one of them."""
    symbol = label.some_symbol(rng)
    return wear.blotted(label.picture, symbol, rng, area=wear.DIRTY * label.area())


def under_splashes(label: WholeLabel, rng: random.Random) -> Image.Image:
    """The same 15 % in five splashes, each anywhere on a symbol."""
    picture = label.picture
    for _ in range(SPLASHES):
        symbol = label.some_symbol(rng)
        picture = wear.blotted(picture, symbol, rng, area=wear.DIRTY * label.area() / SPLASHES)
    return picture


def one_symbol_under_drops(label: WholeLabel, rng: random.Random) -> Image.Image:
    """15 % of one symbol, all over it; the others are clean."""
    symbol = label.some_symbol(rng)
    return wear.soiled(label.picture, symbol, rng, area=wear.DIRTY * wear.area_of(symbol), sizes=wear.DROPS)


def under_drops(label: WholeLabel, rng: random.Random, *, share: float = wear.DIRTY) -> Image.Image:
    """15 % (or another share) of every symbol, all over it."""
    picture = label.picture
    for symbol in label.symbols:
        picture = wear.soiled(picture, symbol, rng, area=share * wear.area_of(symbol), sizes=wear.DROPS)
    return picture


KINDS: dict[str, Dirt] = {
    "one blot": under_one_blot,
    "five splashes": under_splashes,
    "drops on one symbol": one_symbol_under_drops,
    "drops on all symbols": under_drops,
}


def rates(template: Template, kinds: dict[str, Dirt], *, tries: int) -> dict[str, wear.Counts]:
    """Of `tries` labels, by kind of dirt. One symbol read right is enough; one read wrong is too many."""
    labels = [whole_label(template, seed=seed) for seed in range(tries)]
    return {
        name: wear.counted(
            (wear.read(dirt(label, random.Random(seed))), label.texts) for seed, label in enumerate(labels)
        )
        for name, dirt in kinds.items()
    }
