"""What one label says. Does not know how it looks, nor the course or the person behind it.

There is no field for a name, a birth date or a record number, so none can be printed (21 CFR 1271.290(c)).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import EquipmentCode, ScanPayload, safe_excerpt
from coi_tracker.vocabulary import ContainerKind
from labels.kinds import CODES, LabelKind, Payload

MOST_PARTS = 999
MOST_TEXTS = 12
LONGEST_TEXT = 300
LONGEST: Final = {"study": 24, "site": 60, "place": 60, "storage": 60, "done": 16}
"""Characters. The longest values there are: a template is refused when they do not fit on it."""

NO_COURSE: Final = "NO COURSE"
MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time and the IANA zone whose clock shows it. Raises NotUnderstood for a naive or far-off time."""

    at: datetime
    zone: str

    def __post_init__(self) -> None:
        if self.at.tzinfo is None or not 2000 <= self.at.year <= 2199 or not _is_zone(self.zone):
            raise NotUnderstood(
                expected="a time of 2000 to 2199 with its offset from UTC, and a time zone such as Europe/Berlin",
                came=f"{self.at.isoformat()} and '{safe_excerpt(self.zone, 40)}'",
                do="give both",
            )

    def display(self) -> str:
        """'14 MAR 2026 16:20 UTC+1': letters for the month, because 03/04 is two days, and never a bare clock."""
        local = self.at.astimezone(ZoneInfo(self.zone))
        return f"{local.day:02d} {MONTHS[local.month - 1]} {local.year} {local:%H:%M} {_offset(local)}"


@dataclass(frozen=True, slots=True)
class LabelContent:
    """One label. Raises NotUnderstood when it cannot be meant.

    `part` and `of` count containers of a kind from 1 (bag 2 of 3), or are both None. `texts` are the sentences the
    protocol requires, in its order. `study` and `site` are as the protocol and the place register write them.
    `done` says in a word what was done `when` ('Frozen'). `place` is what a station or a storage place is called.
    What is None stands nowhere on the label.
    """

    payload: Payload
    kind: LabelKind | ContainerKind
    part: int | None
    of: int | None
    study: str | None
    site: str
    texts: tuple[str, ...] = ()
    done: str | None = None
    when: Moment | None = None
    expiry: Moment | None = None
    storage: str | None = None
    place: str | None = None

    def __post_init__(self) -> None:
        if type(self.payload) not in CODES[LabelKind(self.kind)]:
            raise _odd(f"a code that belongs on a {self.kind} label", f"{type(self.payload).__name__}")
        _refuse_odd_part(self.part, self.of)
        for name, longest in LONGEST.items():
            if (text := getattr(self, name)) is not None:
                _refuse_odd_text(name, text, longest=longest)
        if (self.done is None) != (self.when is None):
            raise _odd("what was done and when, or neither", "one of the two")
        if len(self.texts) > MOST_TEXTS:
            raise _odd(f"at most {MOST_TEXTS} texts on a label", f"{len(self.texts)}")
        for place, text in enumerate(self.texts, start=1):
            _refuse_odd_text(f"text {place}", text, longest=LONGEST_TEXT)

    def title(self) -> str:
        """Kind and part as a person says it: 'BAG 2 of 3'. Equipment shares the label of a location, not its name."""
        noun = "EQUIPMENT" if isinstance(self.payload, EquipmentCode) else self.kind.value.replace("_", " ").upper()
        return noun if self.part is None else f"{noun} {self.part} of {self.of}"

    def says(self, shows: str) -> tuple[str, ...]:
        """What a block that shows `shows` has to say: paragraphs, none when there is nothing to say."""
        if shows == "texts":
            return self.texts
        if shows in {"coi", "serial", "code"}:
            return (self._code(shows),)
        text = {
            "title": self.title(),
            "when": f"{self.done} {self.when.display()}" if self.when else None,
            "expiry": self.expiry.display() if self.expiry else None,
        }.get(shows) or getattr(self, shows, None)
        return (text,) if text else ()

    def _code(self, shows: str) -> str:
        if not isinstance(self.payload, ScanPayload):
            return self.payload.display()
        if shows == "serial":
            return self.payload.serial.display()
        return self.payload.coi.display() if self.payload.coi else NO_COURSE


def _offset(local: datetime) -> str:
    """'UTC', 'UTC+1', 'UTC-3:30'."""
    minutes = int(local.utcoffset().total_seconds() // 60)  # type: ignore[union-attr]  # aware, see Moment
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}" + (f":{rest:02d}" if rest else "")


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError, but a folder's name is an OSError
        return False
    except KeyError:
        return False
    return True


def _refuse_odd_part(part: int | None, of: int | None) -> None:
    if part is None and of is None:
        return
    if part is None or of is None or not 1 <= part <= of <= MOST_PARTS:
        raise NotUnderstood(
            expected=f"a part and a total with 1 <= part <= total <= {MOST_PARTS}, or neither",
            came=f"part {part} of {of}",
            do="give both as whole numbers, or leave both out",
        )


def _refuse_odd_text(name: str, text: str, *, longest: int) -> None:
    if not text.strip() or text != text.strip() or len(text) > longest or not text.isprintable():
        raise NotUnderstood(
            expected=f"{name} of 1 to {longest} printable characters in one line, no blanks around it",
            came=f"'{safe_excerpt(text)}'",
            do=f"correct the {name} of this label",
        )


def _odd(expected: str, came: str) -> NotUnderstood:
    return NotUnderstood(expected=expected, came=came, do="correct this label")
