"""Single cells of a temperature logger's file: days, clock times, degrees, units. Knows no table and no protocol."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import ClassVar
from zoneinfo import ZoneInfo

from coi_tracker.errors import NotUnderstood

_MONTHS = {
    name: n
    for n, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1
    )
}


@dataclass(frozen=True, slots=True)
class Days:
    """How days are written in a file. ``month_first``: 03/14/2026."""

    month_first: bool

    FIND: ClassVar[re.Pattern[str]] = re.compile(
        r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})"
        r"|(?P<a>\d{1,2})(?P<sign>[./-])(?P<b>\d{1,2})(?P=sign)(?P<y2>\d{4}|\d\d)(?!\d)"
        r"|(?P<d3>\d{1,2})[- ](?P<month>[A-Za-z]{3})[a-z]*[- ,]+(?P<y3>\d{4})"
    )

    def read(self, found: re.Match[str]) -> tuple[int, int, int]:
        """Year, month, day."""
        part = found.groupdict()
        if part["y"]:
            return int(part["y"]), int(part["m"]), int(part["d"])
        if part["month"]:
            return int(part["y3"]), _MONTHS.get(part["month"].lower(), 0), int(part["d3"])
        first, second, year = int(part["a"]), int(part["b"]), int(part["y2"])
        month, day = (first, second) if self.month_first and part["sign"] != "." else (second, first)
        return year if year > 99 else 2000 + year, month, day


_TIME = re.compile(
    r"[T ,]*(?P<h>\d{1,2}):(?P<min>\d\d)(?::(?P<s>\d\d)(?:[.,]\d+)?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?\s*"
)
_DEGREES = re.compile(r"([-+−]?\d{1,3}(?:[.,]\d{1,4})?)\s*(?:°|deg\.?|º)?\s*[CF]?", re.IGNORECASE)
_CELSIUS = re.compile(r"[°º]\s*C\b|\bdeg\.?\s*C\b|celsius|\(C\)|\[C\]|\d\s*C$|temp\w*[ _.]*C$", re.IGNORECASE)
_FAHRENHEIT = re.compile(r"[°º]\s*F\b|\bdeg\.?\s*F\b|fahrenheit|\(F\)|\[F\]|\d\s*F$|temp\w*[ _.]*F$", re.IGNORECASE)


def degrees(cell: str) -> Decimal | None:
    """The number of a cell, with a decimal comma or point. None: it is none."""
    found = _DEGREES.fullmatch(cell)
    return None if found is None else Decimal(found[1].replace(",", ".").replace("−", "-"))


def unit_said(before: Sequence[Sequence[str]], table: Sequence[Sequence[str]]) -> str | None:
    """C or F, as the lines before the table or its cells say. Raises NotUnderstood when they say both."""
    cells = [cell for row in [*before, *table[:5]] for cell in row]
    said = {name for name, sign in (("C", _CELSIUS), ("F", _FAHRENHEIT)) if any(sign.search(cell) for cell in cells)}
    if len(said) == 2:
        raise NotUnderstood(expected="one unit in the file", came="°C and °F", do="export it again with one unit")
    return next(iter(said), None)


def order_of_days(cells: Iterable[str], before: Sequence[Sequence[str]]) -> Days:
    """Whether 03/04/2026 is in March or in April: by what the file says, or by days beyond 12. Raises NotUnderstood."""
    short = [found for cell in cells if (found := Days.FIND.match(cell)) and found["a"] and found["sign"] != "."]
    if not short:
        return Days(month_first=False)
    says = " ".join(cell for row in before for cell in row).lower()
    month, day = "mm/dd" in says, "dd/mm" in says
    month = month or any(int(found["b"]) > 12 for found in short)
    day = day or any(int(found["a"]) > 12 for found in short)
    if month == day:
        came = f"days such as {short[0][0]}, which can be two"
        raise NotUnderstood(expected="days that can be only one", came=came, do="export it with days like 2026-03-14")
    return Days(month_first=month)


def moment_in(text: str, days: Days, zone: str) -> datetime | None:
    """The instant, in UTC; without a zone of its own by the clock of the place. None: it is none."""
    day = Days.FIND.match(text)
    clock = _TIME.fullmatch(text, day.end()) if day else None
    if day is None or clock is None:
        return None
    hour = int(clock["h"])
    if clock["half"]:
        hour = hour % 12 + (12 if clock["half"].lower().startswith("p") else 0)
    try:
        local = datetime(*days.read(day), hour, int(clock["min"]), int(clock["s"] or 0))  # noqa: DTZ001 - see below
        return local.replace(tzinfo=_zone(clock["zone"], zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(said: str | None, place: str) -> tzinfo:
    if said is None:
        return ZoneInfo(place)
    if said in {"Z", "UTC", "GMT"}:
        return UTC
    return datetime.strptime(said.replace(":", ""), "%z").tzinfo or UTC
