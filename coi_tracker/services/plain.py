"""What rules, protocol and record call things, in the words of those who work: nothing that only programs read.

A container is "bag 1" and not its id, a place has its name, an instant is told by the clock of the place, a unit as it
is written by hand. Codes that were scanned are not touched: what was read is shown as it was read. Decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from coi_tracker.course import Container, ContainerId
from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import CoiId, LabelSerial
from coi_tracker.process.windows import COUNTED_FROM
from coi_tracker.vocabulary import ContainerKind, Material, Role, Treatment

WORDS: Mapping[str, str] = {
    Treatment.LD_RUNNING: "lymphodepletion running",
    Treatment.LD_COMPLETE: "lymphodepletion complete",
    Treatment.IL2_RUNNING: "IL-2 running",
    Material.AT_SITE: "at the site",
    Role.QA: "quality assurance",
    Role.QC_ANALYST: "QC analyst",
    ContainerKind.QC_VIAL: "QC vial",
    "il2": "IL-2",
    "il15": "IL-15",
    "okt3": "OKT-3",
    "cs10": "CS10",
}
UNITS: Mapping[str, str] = {"Cel": "°C", "um": "µm", "d": "days", "mg/d": "mg a day"}
"""Units of the record (UCUM) that nobody writes so."""

_CONTAINER = re.compile(r"\bC[0-9A-Z]{12}/([a-z_]+)/(\d+)\b")
_SHIPPER = re.compile(r"\bshipper/([0-9A-Z]+)\b")
_REFERENCE = re.compile(r"\b(hold|deviation) [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:/\d+)?")
_INSTANT = re.compile(
    r"(?<![\w-])(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?:Z|\+00:00| UTC)(?![\w-])", re.ASCII
)
_DAY = re.compile(r"(?<![\w-])(\d{4}-\d\d-\d\d)(?![\w:-])", re.ASCII)
_WORD = re.compile(r"(?<![\w/.-])[A-Za-z0-9]+(?:[_.-][A-Za-z0-9]+)*(?![\w/-])")
_SNAKE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")
_TWICE = re.compile(r"\b(\w+): \1 ")


def study(key: str) -> str:
    """A study as its papers write it: IOV-LUN-202."""
    return key.replace("_", "-").upper()


def words(value: object) -> str:
    """A word of the vocabulary as people write it."""
    text = str(value)
    return WORDS.get(text, text.replace("_", " "))


def either(several: Iterable[object]) -> str:
    """Several words of the vocabulary, of which one will do."""
    return " or ".join(words(one) for one in sorted(map(str, several)))


def unit(text: str | None) -> str:
    """A unit as it is written by hand; nothing for none."""
    return "" if text is None else UNITS.get(text, text)


def moment(at: datetime, zone: str) -> str:
    """An instant as the clock of the place shows it, with the zone said."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%-d %b %Y, %H:%M} {'UTC' if zone == 'Etc/UTC' else local.tzname()}"


def day(one: date) -> str:
    """A calendar day."""
    return f"{one:%-d %b %Y}"


def container(one: Container) -> str:
    """A container of a course: what it is and which of its kind."""
    return f"{words(one.kind)} {one.part}" if one.part else words(one.kind)


def container_named(identifier: ContainerId | str) -> str:
    """The same, of an id."""
    return _CONTAINER.sub(lambda m: f"{words(m[1])} {m[2]}", identifier)


def serial(text: str) -> str:
    """A serial in groups, as it stands on the label; what is none as it came."""
    try:
        return LabelSerial(text).display()
    except NotUnderstood:
        return text


def coi(text: str) -> str:
    """A COI in groups; what is none as it came."""
    try:
        return CoiId(text).display()
    except NotUnderstood:
        return text


def plainly(text: str, *, zone: str, names: Mapping[str, str] | None = None) -> str:
    """A text of the rules in words: `names` of places and steps by what the record calls them, times as in `zone`."""
    shown = _SHIPPER.sub(lambda m: f"shipper {serial(m[1])}", container_named(text))
    shown = _REFERENCE.sub(lambda m: f"a {m[1]}", shown)
    shown = _INSTANT.sub(lambda m: moment(datetime.fromisoformat(f"{m[1]}T{m[2]}+00:00"), zone), shown)
    shown = _DAY.sub(_as_day, shown)
    return _TWICE.sub(r"\1 ", _WORD.sub(lambda m: _word(m[0], names or {}), shown))


def _as_day(found: re.Match[str]) -> str:
    try:
        return day(date.fromisoformat(found[1]))
    except ValueError:
        return found[0]


def _word(text: str, names: Mapping[str, str]) -> str:
    known = names.get(text) or COUNTED_FROM.get(text) or WORDS.get(text) or (UNITS["Cel"] if text == "Cel" else None)
    if known is not None:
        return known
    if _SNAKE.fullmatch(text):
        return text.replace("_", " ")
    if len(text) == LabelSerial.length() and text.startswith(LabelSerial.PREFIX):
        return serial(text)
    return coi(text) if len(text) == CoiId.length() and text.startswith(CoiId.PREFIX) else text
