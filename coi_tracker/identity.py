"""Identifiers printed on labels, badges, stations, places and machines, and how a scan of them is read.

Each kind of code has a class of its own, so that one cannot stand in for another. Every code is a prefix
letter, random letters and a check character (ISO/IEC 7064 MOD 37-2), which catches every single wrong
character and every pair of neighbours that changed places. Codes say nothing about a person (21 CFR
1271.290(c)).

Does not know which codes were issued, to whom, or what they stand for: the record does. Parsing is strict,
and what is nearly right is refused, never repaired.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self, final, get_args

from coi_tracker.errors import BrokenPromise, NotUnderstood, escaped_character
from coi_tracker.errors import safe_excerpt as safe_excerpt  # noqa: PLC0414  exported from here too
from coi_tracker.vocabulary import Command

RandomBytes = Callable[[int], bytes]
"""Gives that many bytes. `secrets.token_bytes` in earnest, a seeded generator in simulations and tests."""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""The 32 letters of a code: without I, L, O and U, which people take for 1, 0 and V."""

CHECK_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"
"""The 37 characters of MOD 37-2, in the order of their values."""

LONGEST_SCAN = 120
"""Characters. More than any code of ours with any noise a scanner adds; what is longer is not looked into."""

_VALUES = {character: value for value, character in enumerate(CHECK_ALPHABET)}
_AIM_PREFIX = re.compile(r"\A\](?:Q[01]|D[12]|C[01])")
_OTHER_KEYBOARDS = (str.maketrans("YZ", "ZY"), str.maketrans("AQWZ", "QAZW"))  # QWERTZ, AZERTY
_DRAWS = 100


def check_character(body: str) -> str:
    """The character that makes `body` plus it valid. Source: ISO/IEC 7064, pure system MOD 37-2.

    `body` holds 0-9, A-Z only; anything else is a KeyError, as callers look at the alphabet first.
    """
    remainder = 0
    for character in body:
        remainder = (remainder + _VALUES[character]) * 2 % 37
    return CHECK_ALPHABET[(1 - remainder) % 37]


@dataclass(frozen=True, slots=True, order=True)
class Code:
    """What all codes have in common. Only its kinds are used; a value of a kind is always well formed.

    Codes of different kinds are never equal, cannot be ordered, and are told apart by mypy.
    """

    text: str

    NOUN: ClassVar[str]
    PREFIX: ClassVar[str]
    GROUPS: ClassVar[tuple[int, ...]]

    def __post_init__(self) -> None:
        _refuse_unless_well_formed(type(self), self.text)

    @classmethod
    def issue(cls, random_bytes: RandomBytes = secrets.token_bytes) -> Self:
        """A new code, every one equally likely. The record makes sure that it was never used.

        Draws again until the check character is one of the 32 letters too, so that a printed code never holds
        a character people mix up, and until no mangled form of the code is a code as well. Raises
        BrokenPromise when the source of random bytes is stuck or short.
        """
        for _ in range(_DRAWS):
            body = cls.PREFIX + _random_letters(cls.length() - 2, random_bytes)
            text = body + check_character(body)
            if _fault(cls, text) is None and not _mangles_into_a_code(text):
                return cls(text)
        raise BrokenPromise(
            expected="a source of random bytes that varies",
            came=f"{_DRAWS} draws without one usable {cls.NOUN}",
            do="stop issuing codes and look at the random number source of this machine",
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """The code that `text` is, exactly as stored and printed without groups. Raises NotUnderstood."""
        return cls(text)

    @classmethod
    def length(cls) -> int:
        """Characters, the prefix and the check character included."""
        return sum(cls.GROUPS)

    def display(self) -> str:
        """For people: in groups, joined by hyphens, as it stands on labels and screens."""
        ends = [sum(self.GROUPS[: place + 1]) for place in range(len(self.GROUPS))]
        return "-".join(self.text[end - size : end] for end, size in zip(ends, self.GROUPS, strict=True))

    def __str__(self) -> str:
        return self.text


@final
class CoiId(Code):
    """One patient's course of therapy, from order to after infusion. Opaque: 55 random bits."""

    __slots__ = ()
    NOUN = "COI identifier"
    PREFIX = "C"
    GROUPS = (4, 4, 5)


@final
class LabelSerial(Code):
    """One printed label. A reprint gets another."""

    __slots__ = ()
    NOUN = "label serial"
    PREFIX = "L"
    GROUPS = (4, 4, 4)


@final
class StationCode(Code):
    """One registered station: the device and the spot where scans are made."""

    __slots__ = ()
    NOUN = "station code"
    PREFIX = "S"
    GROUPS = (4, 4)


@final
class BadgeCode(Code):
    """One person's badge. Says who is at the station; it is not a signature."""

    __slots__ = ()
    NOUN = "badge code"
    PREFIX = "B"
    GROUPS = (5, 5)


@final
class PlaceCode(Code):
    """One site, facility, courier or office."""

    __slots__ = ()
    NOUN = "place code"
    PREFIX = "P"
    GROUPS = (3, 3)


@final
class EquipmentCode(Code):
    """One piece of equipment: an incubator, a freezer, a centrifuge."""

    __slots__ = ()
    NOUN = "equipment code"
    PREFIX = "E"
    GROUPS = (4, 4)


@final
class PositionCode(Code):
    """One storage position inside a piece of equipment."""

    __slots__ = ()
    NOUN = "position code"
    PREFIX = "Q"
    GROUPS = (4, 4)


@final
@dataclass(frozen=True, slots=True)
class ScanPayload:
    """What the symbol of a label holds: whose it is (none on a label of no course) and which label.

    Text `COI1:<COI identifier or ->:<label serial>:<check>`. 33 characters, all of the QR alphanumeric set: a
    version-2 symbol at level M holds 38. The check is MOD 37-2 over identifier and serial together, read
    backwards. Forwards it would be the same character on every label, because both parts are valid already
    and so weigh the same; backwards it also catches most double errors that one of them lets pass.
    """

    coi: CoiId | None
    serial: LabelSerial

    VERSION: ClassVar[str] = "COI1"

    def __post_init__(self) -> None:
        if type(self.coi) not in (CoiId, type(None)) or type(self.serial) is not LabelSerial:
            raise TypeError("a scan payload is made of a CoiId (or None) and a LabelSerial, in this order")

    def format(self) -> str:
        """The text to put into a symbol."""
        coi = self.coi.text if self.coi else ""
        check = check_character((coi + self.serial.text)[::-1])
        return f"{self.VERSION}:{coi or '-'}:{self.serial}:{check}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Exactly what `format` gives, nothing else. Raises NotUnderstood."""
        parts = _payload_parts(text)
        coi = None if parts[1] == "-" else CoiId(parts[1])
        payload = cls(coi, LabelSerial(parts[2]))
        if payload.format() != text:
            raise NotUnderstood(
                expected="a label symbol with its own check character",
                came=f"'{safe_excerpt(text)}', in which that check does not fit",
                do="scan the label again; if it stays so, take the label out of use and report it",
            )
        return payload

    def __str__(self) -> str:
        return self.format()


@final
@dataclass(frozen=True, slots=True)
class CommandCode:
    """What a station is told by scanning instead of touching. `step`: the name of a step, with `Command.STEP` only.

    Text `COI1:*<COMMAND>:<STEP-NAME or ->:<check>`, upper case. No label has a star there. Which steps there are, it
    does not know. The check is MOD 37-2 over both, backwards as in `ScanPayload` (punctuation counts as a star), and
    their length, because names of steps have different ones.
    """

    command: Command
    step: str | None = None

    def __post_init__(self) -> None:
        fits = self.step is None or re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", self.step)
        if not fits or (self.command is Command.STEP) is (self.step is None) or len(self.step or "") > 60:
            raise _not_a_command(f"{self.command} {self.step}")

    def format(self) -> str:
        """The text to put into a symbol."""
        words = f"{self.command}:{(self.step or '-').replace('_', '-')}".upper()
        check = check_character(re.sub("[^A-Z0-9]", "*", words)[::-1])
        return f"{ScanPayload.VERSION}:*{words}:{check}{ALPHABET[len(words) % 32]}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Exactly what `format` gives, nothing else. Raises NotUnderstood."""
        _, command, step, _ = _payload_parts(text)
        if command[1:].lower() not in set(Command):
            raise _not_a_command(text)
        found = cls(Command(command[1:].lower()), None if step == "-" else step.lower().replace("-", "_"))
        if found.format() != text:
            raise _not_a_command(text)
        return found

    def __str__(self) -> str:
        return self.format()


TypedCode = CoiId | LabelSerial | StationCode | BadgeCode | PlaceCode | EquipmentCode | PositionCode
Read = ScanPayload | CommandCode | TypedCode
"""Everything a scan or a typed code can be. Closed: match on it with `assert_never`."""

CODE_KINDS: tuple[type[TypedCode], ...] = get_args(TypedCode)
"""All kinds of typed codes."""

_BY_PREFIX = {kind.PREFIX: kind for kind in CODE_KINDS}


def read_scan(raw: str | bytes) -> Read:
    """What a scanner or a keyboard sent, as the one thing it can be. Raises NotUnderstood with a sentence.

    Takes away only what is harmless: blanks, tabs and line ends around it, a scanner's AIM prefix, lower
    case, and in typed codes the hyphens and blanks of the display form. Nothing else is mended.
    """
    text = _without_noise(raw)
    if text.startswith("COI"):  # no COI identifier starts so: its alphabet has no O
        return CommandCode.parse(text) if text[5:6] == "*" else ScanPayload.parse(text)
    code = text.replace("-", "").replace(" ", "")
    kind = _BY_PREFIX.get(code[:1])
    if kind is None:
        raise _not_ours(raw, _looks_like(text))
    return kind(code)


def _random_letters(count: int, random_bytes: RandomBytes) -> str:
    """256 is a multiple of 32, so the low five bits of a byte choose each letter equally often."""
    drawn = random_bytes(count)
    if len(drawn) != count:
        raise BrokenPromise(
            expected=f"{count} random bytes",
            came=f"{len(drawn)}",
            do="stop issuing codes and look at the random number source",
        )
    return "".join(ALPHABET[byte & 31] for byte in drawn)


def _mangles_into_a_code(text: str) -> bool:
    """Whether a scanner that loses the start, or is set to another keyboard, sends a valid code instead.

    Check characters cannot help there: several characters change at once.
    """
    ends = [text[start:] for start in range(1, len(text))]
    retyped = [text.translate(keys) for keys in _OTHER_KEYBOARDS]
    return any(_is_a_code(other) for other in [*ends, *retyped] if other != text)


def _is_a_code(text: str) -> bool:
    kind = _BY_PREFIX.get(text[:1])
    return kind is not None and _fault(kind, text) is None


def _refuse_unless_well_formed(kind: type[Code], text: str) -> None:
    if not isinstance(text, str):
        raise TypeError(f"a {kind.NOUN} is made of text, not of {type(text).__name__}")
    fault = _fault(kind, text)
    if fault is not None:
        raise NotUnderstood(
            expected=f"a {kind.NOUN}: '{kind.PREFIX}' and {kind.length() - 1} more characters",
            came=fault,
            do="scan it again, or type it again exactly as printed",
        )


def _fault(kind: type[Code], text: str) -> str | None:
    """What is wrong with `text`, the plainest fault first; None when nothing is."""
    shown = f"'{safe_excerpt(text)}'" if text else "nothing"
    if len(text) != kind.length():
        return f"{shown}, {len(text)} characters instead of {kind.length()}"
    if text[0] != kind.PREFIX:
        return f"{shown}, which does not start with '{kind.PREFIX}'"
    for place, character in enumerate(text[1:], start=2):
        if character not in ALPHABET:
            return f"{shown}, where character {place}, '{escaped_character(character)}', is never used in a code"
    if check_character(text[:-1]) != text[-1]:
        return f"{shown}, whose check character does not fit: at least one character is wrong"
    return None


def _payload_parts(text: str) -> list[str]:
    """The four parts between the colons, not yet looked into."""
    parts = text.split(":", 4)
    if len(parts) == 4 and parts[0] == ScanPayload.VERSION:
        return parts
    known = f"a label symbol of the form {ScanPayload.VERSION}:COI:SERIAL:CHECK"
    if re.fullmatch(r"COI[0-9]{1,3}", parts[0]) and parts[0] != ScanPayload.VERSION:
        came, do = f"version '{parts[0]}'", "update this installation, or have the label printed again"
    else:
        came, do = f"{len(parts)} part(s): '{safe_excerpt(text)}'", "scan the whole symbol again"
    raise NotUnderstood(expected=known, came=came, do=do)


def _without_noise(raw: str | bytes) -> str:
    """Printable ASCII in upper case, without what scanners add around it.

    Only ASCII gets as far as upper(): in other scripts it would make ASCII letters and longer texts out of
    others.
    """
    if len(raw) > LONGEST_SCAN:
        raise _not_ours(raw, f"{len(raw)} characters, beginning with")
    text = raw.decode("latin-1") if isinstance(raw, bytes) else raw
    text = text.strip(" \t\r\n")
    if not text:
        raise _not_ours(raw, "an empty scan:")
    if re.search(r"[\t\r\n]", text):
        raise _not_ours(raw, "several lines, perhaps two scans run together:")
    if not (text.isascii() and text.isprintable()):
        raise _not_ours(raw, "characters outside printable ASCII:")
    return _AIM_PREFIX.sub("", text.upper())


_OTHER_SYSTEMS = (
    (re.compile(r"[A-Z][A-Z0-9+.]*://|WWW\."), "a web address:"),
    (re.compile(r"[=&]"), "an ISBT 128 code:"),
    (re.compile(r"\(?(?:00|01|02|10|11|17|21|8004|8017|8018)\)?[0-9]{6}"), "what looks like a GS1 code:"),
    (re.compile(r"\]"), "a scan with an unknown symbology prefix:"),
    (re.compile(r"[{\[<]"), "structured data:"),
)


def _looks_like(text: str) -> str:
    """Names the system a foreign code most likely belongs to: for the sentence, nothing is decided by it."""
    for pattern, name in _OTHER_SYSTEMS:
        if pattern.match(text):
            return name
    return "something else:"


def _not_a_command(text: str) -> NotUnderstood:
    return NotUnderstood(expected="a command code", came=f"'{safe_excerpt(text)}'", do="scan it again, or touch it")


def _not_ours(raw: str | bytes, what: str) -> NotUnderstood:
    return NotUnderstood(
        expected="the symbol of one of our labels, or a code from one of our labels, badges or stations",
        came=f"{what} '{safe_excerpt(raw)}'",
        do="scan the square symbol of our label, one at a time, or type the code printed beside it",
    )
