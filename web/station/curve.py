"""The curve of a temperature logger as SVG: the range as a band, excursions thick, in red, and with a word.

Drawn by the server, without script or style of its own. A long log is thinned to the width of the picture, and never
loses the lowest and highest reading of a stretch. Knows no file format.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from markupsafe import Markup

from coi_tracker.protocols.quantities import Range
from coi_tracker.services.temperature_log import Reading, TemperatureLog

WIDTH, HEIGHT = 900, 320
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 16, 44


@dataclass(frozen=True, slots=True)
class Paper:
    """From instants and degrees to places in the picture."""

    first: datetime
    last: datetime
    low: float
    high: float

    def x(self, at: datetime) -> float:
        """From the left."""
        lasted = (self.last - self.first).total_seconds() or 1.0
        return LEFT + (WIDTH - LEFT - RIGHT) * (at - self.first).total_seconds() / lasted

    def y(self, celsius: float) -> float:
        """From the top."""
        return TOP + (HEIGHT - TOP - BOTTOM) * (self.high - celsius) / (self.high - self.low)


def curve(log: TemperatureLog, span: Range | None, *, zone: str) -> Markup:
    """The picture. Its words stand in the table beside it too."""
    paper = _paper(log, span)
    parts = [_band(paper, span), _axes(paper, zone), _line(_thinned(log.readings), paper, "line")]
    if span is not None:
        parts += [_excursion(log, paper, one.begins, one.ends) for one in log.excursions(span)]
    words = f"Temperature from {log.lowest} to {log.highest} degrees Celsius"
    return Markup(  # noqa: S704 - numbers and our own words only
        f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}">{"".join(parts)}</svg>'
    )


def _paper(log: TemperatureLog, span: Range | None) -> Paper:
    """Wide enough for the readings and the nearer edges of the range."""
    edges = [float(edge) for edge in (span.low, span.high) if edge is not None] if span else []
    found = [float(log.lowest), float(log.highest), *edges]
    room = max((max(found) - min(found)) * 0.1, 0.5)
    return Paper(log.readings[0].at, log.readings[-1].at, min(found) - room, max(found) + room)


def _band(paper: Paper, span: Range | None) -> str:
    if span is None:
        return ""
    top = TOP if span.high is None else paper.y(float(span.high))
    bottom = HEIGHT - BOTTOM if span.low is None else paper.y(float(span.low))
    band = f'<rect class="band" x="{LEFT}" y="{top:.1f}" width="{WIDTH - LEFT - RIGHT}" height="{bottom - top:.1f}"/>'
    edges = [float(edge) for edge in (span.low, span.high) if edge is not None]
    return band + "".join(
        f'<path class="edge" d="M{LEFT} {paper.y(edge):.1f}H{WIDTH - RIGHT}"/>'
        f'<text x="{LEFT - 6}" y="{paper.y(edge) + 5:.1f}" text-anchor="end">{edge:g} °C</text>'
        for edge in edges
    )


def _axes(paper: Paper, zone: str) -> str:
    there = ZoneInfo(zone)
    first, last = (f"{at.astimezone(there):%-d %b %H:%M %Z}" for at in (paper.first, paper.last))
    return (
        f'<path class="axis" d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}" fill="none"/>'
        f'<text x="{LEFT}" y="{HEIGHT - 16}">{first}</text>'
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 16}" text-anchor="end">{last}</text>'
    )


def _line(readings: Sequence[Reading], paper: Paper, kind: str) -> str:
    places = " ".join(f"{paper.x(one.at):.1f},{paper.y(float(one.celsius)):.1f}" for one in readings)
    return f'<polyline class="{kind}" points="{places}"/>'


def _excursion(log: TemperatureLog, paper: Paper, begins: datetime, ends: datetime) -> str:
    inside = _thinned(tuple(one for one in log.readings if begins <= one.at <= ends))
    worst = min(inside, key=lambda one: paper.y(float(one.celsius)))
    x, y = min(paper.x(worst.at) + 6, WIDTH - 110), max(paper.y(float(worst.celsius)) - 6, TOP + 14)
    return f'{_line(inside, paper, "out")}<text class="out-words" x="{x:.1f}" y="{y:.1f}">outside</text>'


def _thinned(readings: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """At most the lowest and the highest of every pixel, in the order of time."""
    if len(readings) <= 2 * WIDTH:
        return readings
    width = len(readings) / WIDTH
    kept: list[Reading] = []
    for _, group in groupby(enumerate(readings), key=lambda one: int(one[0] / width)):
        stretch = [reading for _, reading in group]
        ends = {id(one): one for one in (min(stretch, key=_degrees), max(stretch, key=_degrees))}
        kept += sorted(ends.values(), key=lambda one: one.at)
    return tuple(kept)


def _degrees(one: Reading) -> float:
    return float(one.celsius)
