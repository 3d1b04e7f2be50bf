"""ISBT 128 data structures, as an optional profile that is off unless a facility turns it on.

Reads and writes the text inside a symbol: Chain of Identity identifier (data structure 040), donation
identification number, product code, expiry, compound message. Whoever prints these has registered with
ICCBBA; examples and tests use its sample facility A9999. Knows no symbols, no printing and no courses: an
ISBT 128 code is never read by `identity.read_scan`, and never stands in for our own COI identifier.

Source: ISBT 128 Standard Technical Specification (ICCBBA), as noted in docs/identity.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar, Self

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import check_character, safe_excerpt

SAMPLE_FACILITY = "A9999"
"""ICCBBA's facility number for examples. Never on a real label."""

_FACILITY = "[A-NP-Z1-9][A-NP-Z0-9]{2}[0-9]{2}"
_LONGEST_MESSAGE = 1000


@dataclass(frozen=True, slots=True)
class ChainOfIdentity:
    """Data structure 040: `&/` and `CH`, facility (5), year (2), serial (6). It has no check character."""

    facility: str
    year: int
    serial: str

    IDENTIFIER: ClassVar[str] = "&/"
    PATTERN: ClassVar[re.Pattern[str]] = re.compile(f"CH({_FACILITY})([0-9]{{2}})([A-Z0-9]{{6}})")

    def __post_init__(self) -> None:
        _refuse_unless(self.PATTERN.fullmatch(self.content()), "a Chain of Identity identifier", self.content())

    def content(self) -> str:
        """The 15 characters without the data identifier."""
        return f"CH{self.facility}{self.year:02d}{self.serial}"

    def format(self) -> str:
        """As it stands in a symbol."""
        return self.IDENTIFIER + self.content()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Exactly what `format` gives. Raises NotUnderstood."""
        found = cls.PATTERN.fullmatch(text[2:]) if text.startswith(cls.IDENTIFIER) else None
        facility, year, serial = _groups(found, "&/CH, facility, 2-digit year and 6 letters or digits", text)
        return cls(facility, int(year), serial)


@dataclass(frozen=True, slots=True)
class DonationNumber:
    """Data structure 001: `=`, then facility (5), year (2), serial (6), and two flag characters."""

    number: str
    flags: str = "00"

    PATTERN: ClassVar[re.Pattern[str]] = re.compile(f"=({_FACILITY}[0-9]{{8}})([A-Z0-9]{{2}})")

    def __post_init__(self) -> None:
        _refuse_unless(self.PATTERN.fullmatch(self.format()), "a donation identification number", self.format())

    def format(self) -> str:
        """As it stands in a symbol: 16 characters, without the check character, which is for people."""
        return f"={self.number}{self.flags}"

    def check(self) -> str:
        """The character in a box behind the printed number: MOD 37-2 over its 13 characters."""
        return check_character(self.number)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Exactly what `format` gives. Raises NotUnderstood."""
        return cls(*_groups(cls.PATTERN.fullmatch(text), "=, 13 characters and 2 flag characters", text))

    @classmethod
    def typed(cls, number: str, check: str) -> Self:
        """What a person typed from print: the 13 characters and the boxed check character.

        Flags are 00. Raises NotUnderstood when the two do not belong together.
        """
        donation = cls(number)
        if donation.check() != check:
            raise NotUnderstood(
                expected="a donation number with its own check character",
                came=f"'{safe_excerpt(number)}' with '{safe_excerpt(check)}'",
                do="type both again from the label",
            )
        return donation


@dataclass(frozen=True, slots=True)
class ProductCode:
    """Data structure 003: `=<`, product description (5), type of donation (1), division (2)."""

    product: str
    donation_type: str
    division: str

    PATTERN: ClassVar[re.Pattern[str]] = re.compile(r"=<([A-Z][A-Z0-9]{4})([A-Za-z0-9])([A-Za-z0-9]{2})")

    def __post_init__(self) -> None:
        _refuse_unless(self.PATTERN.fullmatch(self.format()), "a product code", self.format())

    def format(self) -> str:
        """As it stands in a symbol."""
        return f"=<{self.product}{self.donation_type}{self.division}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Exactly what `format` gives. Raises NotUnderstood."""
        wanted = "=<, product (5), donation type (1) and division (2)"
        return cls(*_groups(cls.PATTERN.fullmatch(text), wanted, text))


@dataclass(frozen=True, slots=True)
class Expiry:
    """Data structure 005: `&>cyyjjjhhmm`: end of the year's number, day of the year, hour, minute.

    The structure has no time zone: it is the clock of the place the label is for, which the caller knows.
    """

    day: date
    hour: int
    minute: int

    PATTERN: ClassVar[re.Pattern[str]] = re.compile(r"&>([0-9]{3})([0-9]{3})([0-9]{2})([0-9]{2})")
    MILLENNIUM: ClassVar[int] = 2000

    def __post_init__(self) -> None:
        holds = 0 <= self.day.year - self.MILLENNIUM < 1000 and 0 <= self.hour <= 23 and 0 <= self.minute <= 59
        _refuse_unless(holds, "an expiry in this millennium, 00:00 to 23:59", repr(self))

    def format(self) -> str:
        """As it stands in a symbol."""
        day_of_year = self.day.timetuple().tm_yday
        return f"&>{self.day.year % 1000:03d}{day_of_year:03d}{self.hour:02d}{self.minute:02d}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Exactly what `format` gives, on a day and at a minute that exist. Raises NotUnderstood."""
        wanted = "&>, year (3), day of the year (001-366), hour (00-23) and minute (00-59)"
        year, number, hour, minute = map(int, _groups(cls.PATTERN.fullmatch(text), wanted, text))
        _refuse_unless(number <= 366, wanted, text)
        day = date(cls.MILLENNIUM + year, 1, 1) + timedelta(days=number - 1)
        expiry = cls(day, hour, minute)
        _refuse_unless(expiry.format() == text, wanted, text)
        return expiry


Structure = ChainOfIdentity | DonationNumber | ProductCode | Expiry
"""What a compound message of this profile can hold."""

_READERS: tuple[tuple[re.Pattern[str], Callable[[str], Structure]], ...] = (
    (re.compile(r"&/.{15}"), ChainOfIdentity.parse),
    (re.compile(r"&>.{10}"), Expiry.parse),
    (re.compile(r"=<.{8}"), ProductCode.parse),
    (re.compile(r"=[A-NP-Z1-9].{14}"), DonationNumber.parse),
)


@dataclass(frozen=True, slots=True)
class CompoundMessage:
    """Data structure 023: `=+aabbb` and aa data structures; bbb is ICCBBA's number of the message, or 000."""

    structures: tuple[Structure, ...]
    reference: int = 0

    HEAD: ClassVar[re.Pattern[str]] = re.compile(r"=\+([0-9]{2})([0-9]{3})")

    def __post_init__(self) -> None:
        count = len(self.structures)
        _refuse_unless(2 <= count <= 99, "2 to 99 data structures in a message", str(count))
        _refuse_unless(0 <= self.reference <= 999, "a message number of 000 to 999", str(self.reference))

    def format(self) -> str:
        """As it stands in a symbol."""
        head = f"=+{len(self.structures):02d}{self.reference:03d}"
        return head + "".join(one.format() for one in self.structures)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Exactly what `format` gives, with as many structures as it says. Raises NotUnderstood."""
        _refuse_unless(len(text) <= _LONGEST_MESSAGE, f"at most {_LONGEST_MESSAGE} characters", text)
        count, reference = map(int, _groups(cls.HEAD.match(text), "a compound message =+aabbb", text))
        found: list[Structure] = []
        rest = text[7:]
        while rest:
            structure, rest = _first_structure(rest)
            found.append(structure)
        _refuse_unless(len(found) == count, f"{count} data structures, as the message says", text)
        return cls(tuple(found), reference)


def _first_structure(text: str) -> tuple[Structure, str]:
    """The data structure at the start of `text`, and what comes after it."""
    for pattern, read in _READERS:
        if found := pattern.match(text):
            return read(found.group()), text[found.end() :]
    raise NotUnderstood(
        expected="one of the data structures &/ &> =< =",
        came=f"'{safe_excerpt(text)}'",
        do="scan the symbol again; other data structures are not part of this profile",
    )


def _groups(found: re.Match[str] | None, expected: str, text: str) -> tuple[str, ...]:
    _refuse_unless(found, expected, text)
    return found.groups() if found else ()


def _refuse_unless(holds: object, expected: str, came: str) -> None:
    if not holds:
        raise NotUnderstood(
            expected=f"ISBT 128: {expected}", came=f"'{safe_excerpt(came)}'", do="scan the symbol again"
        )
