"""The picture of where everything of a course came from: where each box and line stands. Draws nothing itself.

Left to right, one column a generation, tissue first. Pure: containers in, places in the picture out; the template
writes the SVG, with the same words as the table beside it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from coi_tracker.course import Container, ContainerId, Course
from coi_tracker.vocabulary import FINAL_STATES, ContainerKind

WIDE, HIGH = 150, 50
GAP_X, GAP_Y = 44, 12
MARGIN = 6
KINDS = tuple(ContainerKind)


@dataclass(frozen=True, slots=True)
class Box:
    """One container in the picture, by its upper left corner. ``ended``: it has its final fate."""

    container: Container
    x: int
    y: int

    @property
    def ended(self) -> bool:
        """Whether it is drawn as something that is no more."""
        return self.container.state in FINAL_STATES


@dataclass(frozen=True, slots=True)
class Line:
    """From one box to another. ``packed``: not made of it, but frozen in it."""

    parent: ContainerId
    child: ContainerId
    path: str
    packed: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """The picture. ``apart``: what was made of nothing and holds nothing yet, such as labels not used."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    apart: tuple[Container, ...]


def drawing(course: Course) -> Drawing | None:
    """The picture of a course. None: there is nothing in it yet."""
    containers = course.containers
    columns = _columns(containers)
    inside = [c for key, c in containers.items() if key in columns]
    if not inside:
        return None
    boxes = tuple(_boxes(inside, columns))
    at = {box.container.id: box for box in boxes}
    lines = tuple(_lines(boxes, at))
    apart = sorted((c for key, c in containers.items() if key not in columns), key=_order)
    width = max(box.x for box in boxes) + WIDE + MARGIN
    height = max(box.y for box in boxes) + HIGH + MARGIN
    return Drawing(width, height, boxes, lines, tuple(apart))


def _columns(containers: Mapping[ContainerId, Container]) -> dict[ContainerId, int]:
    """How many generations after the tissue each container is. What is made of nothing and holds nothing has none."""
    parents = {p for c in containers.values() for p in c.parents}
    holding = {c.cassette: c.id for c in containers.values() if c.cassette is not None}

    @cache
    def column(key: ContainerId) -> int | None:
        one = containers[key]
        if one.parents:
            before = [column(p) for p in one.parents if p in containers]
            return 1 + max((b for b in before if b is not None), default=0)
        if key in holding:
            return 1 + (column(holding[key]) or 0)
        made = one.kind is ContainerKind.TISSUE_JAR and one.filled_at is not None
        return 0 if made or key in parents else None

    return {key: found for key in containers if (found := column(key)) is not None}


def _order(one: Container) -> tuple[int, int]:
    return KINDS.index(one.kind), one.part


def _boxes(containers: Sequence[Container], columns: Mapping[ContainerId, int]) -> Iterator[Box]:
    """Column by column, each one in the middle of the height."""
    by_column: defaultdict[int, list[Container]] = defaultdict(list)
    for one in sorted(containers, key=_order):
        by_column[columns[one.id]].append(one)
    tallest = max(len(found) for found in by_column.values())
    for place, column in enumerate(sorted(by_column)):
        found = by_column[column]
        top = MARGIN + (tallest - len(found)) * (HIGH + GAP_Y) // 2
        for row, one in enumerate(found):
            yield Box(one, MARGIN + place * (WIDE + GAP_X), top + row * (HIGH + GAP_Y))


def _lines(boxes: Sequence[Box], at: Mapping[ContainerId, Box]) -> Iterator[Line]:
    for box in boxes:
        for parent in box.container.parents:
            if parent in at:
                yield Line(parent, box.container.id, _path(at[parent], box))
        cassette = box.container.cassette
        if cassette is not None and cassette in at:
            yield Line(box.container.id, cassette, _path(box, at[cassette]), packed=True)


def _path(start: Box, end: Box) -> str:
    """A line from the right side of one box to the left side of another, without corners."""
    x1, y1 = start.x + WIDE, start.y + HIGH // 2
    x2, y2 = end.x, end.y + HIGH // 2
    middle = (x1 + x2) // 2
    return f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}"
