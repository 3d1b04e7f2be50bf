"""The file of a temperature logger: what it measured, and where it left the range that the protocol sets for the leg.

Reads the CSV exports that common loggers write: any of four delimiters, decimal comma or point, lines about the device
before the table, date and time in one column or two, Celsius or Fahrenheit. What is ambiguous (no unit, 03/04/2026) is
refused, never guessed: a wrong reading would accept warm cells. Keeps nothing and knows no screen.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import safe_excerpt
from coi_tracker.process.look import limit_of
from coi_tracker.process.supplies import TemperatureInside
from coi_tracker.protocols.quantities import Range
from coi_tracker.services.available import state_of
from coi_tracker.services.logger_cells import Days, degrees, moment_in, order_of_days, unit_said
from coi_tracker.services.record import Record

MOST_BYTES = 5_000_000
MOST_LINES = 200_000
LEAST_READINGS = 2
POSSIBLE = (Decimal(-200), Decimal(100))
"""Degrees Celsius that a logger in a shipper can measure: liquid nitrogen to boiling water."""
DELIMITERS = (";", "\t", ",", "|")


@dataclass(frozen=True, slots=True)
class Reading:
    """One measurement."""

    at: datetime
    celsius: Decimal


@dataclass(frozen=True, slots=True)
class Excursion:
    """Readings one after another that are outside the range, up to the first that is inside again."""

    begins: datetime
    ends: datetime
    worst: Decimal
    readings: int


@dataclass(frozen=True, slots=True)
class TemperatureLog:
    """What a file says, in the order of time. ``unread``: numbers of lines inside the table that say nothing usable."""

    readings: tuple[Reading, ...]
    unit: str
    unread: tuple[int, ...] = ()

    @property
    def lowest(self) -> Decimal:
        """The lowest temperature, in degrees Celsius."""
        return min(one.celsius for one in self.readings)

    @property
    def highest(self) -> Decimal:
        """The highest one."""
        return max(one.celsius for one in self.readings)

    @property
    def mean(self) -> Decimal:
        """The mean of all readings (not weighed by time), to a hundredth."""
        return (sum((one.celsius for one in self.readings), Decimal(0)) / len(self.readings)).quantize(Decimal("0.01"))

    def excursions(self, span: Range) -> tuple[Excursion, ...]:
        """Where it left a range."""
        return tuple(_excursions(self.readings, span))


def parse(data: bytes, *, zone: str) -> TemperatureLog:
    """Read a file. Times without a zone are of the clock of the place (`zone`). Raises NotUnderstood."""
    lines = _text(data).splitlines()
    if len(lines) > MOST_LINES:
        raise _refused(f"at most {MOST_LINES} lines", f"{len(lines)}", "export the time of this journey only")
    rows, table = _table(lines)
    unit = unit_said(rows[: table.first], [rows[n] for n in table.lines])
    if unit is None:
        raise _refused("°C or °F somewhere in the file", "no unit", "export it again with the unit")
    days = order_of_days([cells[table.day] for cells in map(rows.__getitem__, table.lines)], rows[: table.first])
    readings, unread = _readings(rows, table, unit=unit, days=days, zone=zone)
    if len(readings) < LEAST_READINGS:
        raise _refused("at least two readings with day, time and temperature", f"{len(readings)}", "look at the file")
    return TemperatureLog(tuple(sorted(readings, key=lambda one: one.at)), unit, unread)


def leg_range(record: Record, chain: str, step: str) -> Range | None:
    """The range that the protocol of a course sets for the leg which this step ends. None: it sets none."""
    definition, course = record.process.steps.get(step), state_of(record, chain)
    needs = () if definition is None else tuple(definition.needs_of(TemperatureInside))
    if course is None or not needs:
        return None
    with record.database.read() as tx:
        found = limit_of(needs[0].range, record.protocol(tx, course.protocol), course)
    return found if isinstance(found, Range) else None


# --- bytes and lines


def _text(data: bytes) -> str:
    if len(data) > MOST_BYTES:
        raise _refused("a file of at most 5 MB", f"{len(data) / 1e6:.1f} MB", "export the time of this journey only")
    if not data.strip():
        raise _refused("the CSV file of a temperature logger", "an empty file", "export it again")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    kind = next((words for mark, words in _OTHER_KINDS.items() if data.startswith(mark)), None)
    if kind or b"\0" in data[:4096]:
        raise _refused("a CSV file", kind or "a file that is no text", "export it from the logger's program as CSV")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


_OTHER_KINDS = {b"PK": "a spreadsheet or an archive", b"%PDF": "a PDF", b"\xd0\xcf\x11\xe0": "an old spreadsheet"}


@dataclass(frozen=True, slots=True)
class _Table:
    """Which lines are readings, and in which cells: ``day``, ``time`` (None: in the same cell) and temperature."""

    first: int
    lines: tuple[int, ...]
    day: int
    time: int | None
    temperature: int


def _table(lines: list[str]) -> tuple[list[list[str]], _Table]:
    """The cells of every line under the delimiter that finds most readings, and where they are."""
    best: tuple[list[list[str]], _Table] | None = None
    for delimiter in DELIMITERS:
        rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
        found = _found(rows)
        if found is not None and (best is None or len(found.lines) > len(best[1].lines)):
            best = rows, found
    if best is None:
        came = f"none in {len(lines)} lines, the first of them '{safe_excerpt(lines[0], 60)}'"
        raise _refused("lines with a day, a time and a temperature", came, "choose the CSV file of the logger")
    return best


def _found(rows: list[list[str]]) -> _Table | None:
    """Where the readings are, judged by the lines that look like one; the table has one shape all the way."""
    looks = {number: place for number, row in enumerate(rows) if (place := _places(row, _header(rows, number)))}
    shapes = list(looks.values())
    if not shapes:
        return None
    usual = max(set(shapes), key=shapes.count)
    lines = tuple(number for number, place in looks.items() if place == usual)
    return _Table(lines[0], lines, *usual)


def _header(rows: list[list[str]], number: int) -> list[str]:
    """The nearest line above that names a temperature."""
    above = (row for row in reversed(rows[max(0, number - 1) : number]))
    return next((row for row in above if any(_NAMES.search(cell) for cell in row)), [])


_NAMES = re.compile(r"temp|°|celsius|fahrenheit", re.IGNORECASE)
_CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d)?(\.\d+)?\s*([AaPp]\.?[Mm]\.?)?")


def _places(row: list[str], header: list[str]) -> tuple[int, int | None, int] | None:
    """The cells with day, time and temperature of a line. None: it is no reading."""
    day = next((n for n, cell in enumerate(row) if Days.FIND.match(cell)), None)
    if day is None:
        return None
    apart = day + 1 < len(row) and ":" not in row[day] and _CLOCK.fullmatch(row[day + 1])
    time = day + 1 if apart else None
    if time is None and ":" not in row[day]:
        return None
    after = range((time or day) + 1, len(row))
    named = [n for n in after if n < len(header) and _NAMES.search(header[n])]
    wanted = next((n for n in [*named, *after] if degrees(row[n]) is not None), None)
    return None if wanted is None else (day, time, wanted)


# --- readings


def _readings(
    rows: list[list[str]], table: _Table, *, unit: str, days: Days, zone: str
) -> tuple[list[Reading], tuple[int, ...]]:
    readings, unread = [], []
    for number in range(table.first, len(rows)):
        row = rows[number]
        if not any(row):
            continue
        found = _reading(row, table, unit=unit, days=days, zone=zone)
        if found is None:
            unread.append(number + 1)
        else:
            readings.append(found)
    return readings, tuple(unread)


def _reading(row: list[str], table: _Table, *, unit: str, days: Days, zone: str) -> Reading | None:
    if len(row) <= max(table.day, table.time or 0, table.temperature):
        return None
    written = row[table.day] if table.time is None else f"{row[table.day]} {row[table.time]}"
    at, value = moment_in(written, days, zone), degrees(row[table.temperature])
    if at is None or value is None:
        return None
    celsius = value if unit == "C" else ((value - 32) * 5 / 9).quantize(Decimal("0.01"))
    if not POSSIBLE[0] <= celsius <= POSSIBLE[1]:
        raise _refused("temperatures that a logger can measure", f"{value} °{unit}", "look at the file and its unit")
    return Reading(at, celsius)


def _excursions(readings: tuple[Reading, ...], span: Range) -> Iterator[Excursion]:
    """One excursion lasts until it is inside again: nobody knows what was between two readings."""
    begun: list[Reading] = []
    for one in readings:
        if not span.contains(one.celsius):
            begun.append(one)
        elif begun:
            yield _excursion(begun, span, ends=one.at)
            begun = []
    if begun:
        yield _excursion(begun, span, ends=begun[-1].at)


def _excursion(begun: list[Reading], span: Range, *, ends: datetime) -> Excursion:
    over = span.high is not None and begun[0].celsius > span.high
    worst = (max if over else min)(one.celsius for one in begun)
    return Excursion(begun[0].at, ends, worst, len(begun))


def _refused(expected: str, came: str, do: str) -> NotUnderstood:
    return NotUnderstood(expected=expected, came=came, do=do)
