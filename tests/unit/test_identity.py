"""Codes are issued, written and read exactly; what is nearly right is refused with a sentence."""

from __future__ import annotations

import pickle
import random
import re
from typing import Any

import pytest
import qrcode
from qrcode.constants import ERROR_CORRECT_M
from stdnum.iso7064 import mod_37_2

from coi_tracker.errors import BrokenPromise, CoiError, Misconfigured, NotUnderstood
from coi_tracker.identity import (
    ALPHABET,
    CODE_KINDS,
    LONGEST_SCAN,
    BadgeCode,
    Code,
    CoiId,
    EquipmentCode,
    LabelSerial,
    PlaceCode,
    PositionCode,
    ScanPayload,
    StationCode,
    check_character,
    read_scan,
    safe_excerpt,
)

QR_ALPHANUMERIC = re.compile(r"[0-9A-Z $%*+\-./:]*")
COI = CoiId("C7K29QFD3M8A3")
SERIAL = LabelSerial("LB4T0XW691RD")
PAYLOAD = ScanPayload(COI, SERIAL)


def seeded(seed: int) -> random.Random:
    return random.Random(seed)


@pytest.mark.requirement("COI-ID-03")
@pytest.mark.parametrize(
    ("body", "check"),
    [("G123417654321", "A"), ("A999917123456", "9"), ("A999917345628", "*"), ("A999918000001", "8")],
)
def test_the_check_character_agrees_with_published_examples(body: str, check: str) -> None:
    assert check_character(body) == check


@pytest.mark.requirement("COI-ID-03")
def test_the_check_character_agrees_with_another_implementation() -> None:
    rng = seeded(1)
    for _ in range(2000):
        body = "".join(rng.choices("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=rng.randint(1, 30)))
        assert check_character(body) == mod_37_2.calc_check_digit(body)


@pytest.mark.requirement("COI-ID-04", "COI-ID-08")
@pytest.mark.parametrize(
    ("kind", "prefix", "length"),
    [
        (CoiId, "C", 13),
        (LabelSerial, "L", 12),
        (StationCode, "S", 8),
        (BadgeCode, "B", 10),
        (PlaceCode, "P", 6),
        (EquipmentCode, "E", 8),
        (PositionCode, "Q", 8),
    ],
)
def test_each_kind_has_its_prefix_and_length(kind: type[Code], prefix: str, length: int) -> None:
    code = kind.issue(seeded(2).randbytes)
    assert code.text[0] == prefix
    assert len(code.text) == length == kind.length()
    assert mod_37_2.is_valid(code.text)
    assert set(code.text[1:]) <= set(ALPHABET)


def test_no_two_kinds_share_a_prefix() -> None:
    assert len({kind.PREFIX for kind in CODE_KINDS}) == len(CODE_KINDS) == 7


@pytest.mark.requirement("COI-ID-01", "COI-ID-02")
def test_issued_identifiers_use_every_letter_equally_often_and_do_not_repeat() -> None:
    rng = seeded(3)
    issued = [CoiId.issue(rng.randbytes).text for _ in range(20_000)]
    assert len(set(issued)) == len(issued)
    counts = {letter: sum(text[1:-1].count(letter) for text in issued) for letter in ALPHABET}
    expected = 20_000 * 11 / 32
    assert all(abs(count - expected) < 5 * expected**0.5 for count in counts.values())


def test_the_same_random_bytes_give_the_same_code() -> None:
    assert CoiId.issue(seeded(4).randbytes) == CoiId.issue(seeded(4).randbytes)
    assert CoiId.issue() != CoiId.issue()


def test_a_stuck_or_short_random_source_is_a_broken_promise() -> None:
    stuck = next(byte for byte in range(32) if _never_issues(byte))
    with pytest.raises(BrokenPromise, match="stop issuing codes"):
        CoiId.issue(lambda count: bytes([stuck]) * count)
    with pytest.raises(BrokenPromise, match="11 random bytes"):
        CoiId.issue(lambda count: bytes(count - 1))


def _never_issues(byte: int) -> bool:
    return check_character("C" + ALPHABET[byte] * 11) not in ALPHABET


def test_display_groups_are_for_people_and_read_back() -> None:
    assert COI.display() == "C7K2-9QFD-3M8A3"
    assert SERIAL.display() == "LB4T-0XW6-91RD"
    rng = seeded(5)
    for kind in CODE_KINDS:
        code = kind.issue(rng.randbytes)
        assert read_scan(code.display()) == code
        assert read_scan(code.display().replace("-", " ").lower()) == code
        assert kind.parse(str(code)) == code


@pytest.mark.requirement("COI-ID-14")
def test_kinds_are_never_equal_nor_ordered_nor_parsed_as_another() -> None:
    rng = seeded(6)
    codes: list[Any] = [kind.issue(rng.randbytes) for kind in CODE_KINDS]
    for one in codes:
        for other in codes:
            if one is other:
                continue
            assert one != other
            with pytest.raises(TypeError):
                _ = one < other
            with pytest.raises(NotUnderstood):
                type(one).parse(other.text)
            with pytest.raises(TypeError):
                type(one)(other)


@pytest.mark.requirement("COI-ID-14")
def test_a_payload_takes_its_two_kinds_and_no_other() -> None:
    with pytest.raises(TypeError):
        ScanPayload(SERIAL, COI)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        ScanPayload(COI.text, SERIAL)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        ScanPayload(COI, COI)  # type: ignore[arg-type]


def test_codes_cannot_be_changed_and_can_be_kept_in_sets_and_pickles() -> None:
    with pytest.raises((AttributeError, TypeError)):
        COI.text = "x"  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        COI.note = "x"  # type: ignore[attr-defined]
    assert {COI, CoiId(COI.text)} == {COI}
    assert pickle.loads(pickle.dumps(PAYLOAD)) == PAYLOAD


@pytest.mark.requirement("COI-ID-06", "COI-ID-07")
@pytest.mark.parametrize("coi", [COI, None])
def test_a_payload_is_short_qr_alphanumeric_text_that_reads_back(coi: CoiId | None) -> None:
    payload = ScanPayload(coi, SERIAL)
    text = payload.format()
    assert len(text) <= 38
    assert QR_ALPHANUMERIC.fullmatch(text)
    assert text.startswith("COI1:")
    assert ScanPayload.parse(text) == payload == read_scan(text)


@pytest.mark.requirement("COI-ID-07")
def test_a_payload_makes_a_version_2_symbol_at_level_m() -> None:
    symbol = qrcode.QRCode(error_correction=ERROR_CORRECT_M)
    symbol.add_data(PAYLOAD.format())
    symbol.make(fit=True)
    assert symbol.version == 2


@pytest.mark.requirement("COI-ID-06")
def test_the_payload_check_depends_on_which_two_codes_came_together() -> None:
    rng = seeded(7)
    checks = {ScanPayload(CoiId.issue(rng.randbytes), SERIAL).format()[-1] for _ in range(500)}
    assert len(checks) > 30


NOISE = [
    "{}\r",
    "{}\r\n",
    "\t{}\t",
    "  {} ",
    "]Q1{}",
    "]Q0{}",
    "]d1{}",
    "]d2{}",
    "]C0{}",
    "]C1{}",
    "\n]Q1{}\r\n",
    "]q1{}",
]


@pytest.mark.requirement("COI-ID-09")
@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize("thing", [PAYLOAD, COI, SERIAL], ids=["payload", "coi", "serial"])
def test_what_a_scanner_adds_is_harmless(noise: str, thing: ScanPayload | Code) -> None:
    for text in (str(thing), str(thing).lower()):
        assert read_scan(noise.format(text)) == thing
        assert read_scan(noise.format(text).encode()) == thing


TEXT = PAYLOAD.format()
HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "empty scan"),
    "blanks only": (" \r\n\t", "empty scan"),
    "no bytes": (b"", "empty scan"),
    "a megabyte": ("A" * 1_000_000, "1000000 characters"),
    "a megabyte of blanks": (" " * 1_000_000, "1000000 characters"),
    "a megabyte of bytes": (b"\xff" * 1_000_000, "1000000 characters"),
    "binary": (bytes(range(100)), "printable ASCII|several lines"),
    "NUL inside": (TEXT[:9] + "\0" + TEXT[9:], "printable ASCII"),
    "NUL at the end": (TEXT + "\0", "printable ASCII"),
    "right-to-left mark": ("\u200f" + TEXT, "printable ASCII"),
    "right-to-left override": ("\u202e" + TEXT[::-1], "printable ASCII"),
    "byte order mark": ("\ufeff" + TEXT, "printable ASCII"),
    "no-break space": (TEXT + "\u00a0", "printable ASCII"),
    "line separator": (TEXT + "\u2028", "printable ASCII"),
    "half of a surrogate pair": (TEXT[:-1] + "\ud800", "printable ASCII"),
    "full-width digits": (COI.text.replace("7", "\uff17"), "printable ASCII"),
    "Arabic digits": (COI.text.replace("2", "\u0662"), "printable ASCII"),
    "Cyrillic look-alike": ("\u0421" + COI.text[1:], "printable ASCII"),
    "dotless i, which upper() makes an I": ("co\u01311" + TEXT[4:], "printable ASCII"),
    "sharp s, which upper() makes SS": ("\u00df" + COI.text[1:], "printable ASCII"),
    "long s, which upper() makes an S": ("\u017fABCDEFG", "printable ASCII"),
    "Kelvin sign, which lower() makes a k": (COI.text.replace("K", "\u212a"), "printable ASCII"),
    "GS1 with brackets": ("(01)09501101530003(21)12345", "GS1"),
    "GS1 without brackets": ("]C10109501101530003", "GS1"),
    "GS1 with separators": ("01095011015300032112345\x1d10ABC", "printable ASCII"),
    "web address": ("https://example.org/" + COI.text, "web address"),
    "ISBT 128 donation number": ("=A999917123456" + "00", "ISBT 128"),
    "ISBT 128 chain of identity": ("&/CHA999918000001", "ISBT 128"),
    "JSON": ('{"coi":"x"}', "structured data"),
    "unknown symbology": ("]X0" + TEXT, "symbology prefix"),
    "two prefixes": ("]Q1]Q1" + TEXT, "symbology prefix"),
    "two scans run together": (TEXT + "\r" + TEXT, "run together"),
    "two codes run together": (COI.text + SERIAL.text, "25 characters instead of 13"),
    "truncated payload": (TEXT[:20], "whole symbol"),
    "payload without its check": (TEXT[:-2], "whole symbol"),
    "payload with a part more": (TEXT + ":A", "whole symbol"),
    "payload with a blank inside": (TEXT.replace(":", ": ", 1), "instead of 13"),
    "payload of a later version": ("COI2" + TEXT[4:], "version 'COI2'"),
    "serial where the COI stands": (f"COI1:{SERIAL}:{SERIAL}:A", "12 characters instead of 13"),
    "payload with another check": (TEXT[:-1] + ("A" if TEXT[-1] != "A" else "B"), "check does not fit"),
    "truncated code": (COI.text[:-1], "12 characters instead of 13"),
    "look-alike letter": (COI.text.replace("0", "O").replace("7", "I"), "never used in a code"),
    "a name": ("ERIKA MUSTERMANN", "instead of 8"),
    "SQL": ("'; DROP TABLE events; --", "something else"),
    "markup": ("<script>alert(1)</script>", "structured data"),
}


@pytest.mark.requirement("COI-ID-09", "COI-BAD-01", "COI-BAD-02", "COI-BAD-03", "COI-BAD-05")
@pytest.mark.parametrize(("raw", "says"), HOSTILE.values(), ids=HOSTILE.keys())
def test_everything_else_is_refused_with_a_sentence(raw: str | bytes, says: str) -> None:
    with pytest.raises(NotUnderstood, match=says) as refused:
        read_scan(raw)
    error = refused.value
    assert error.expected
    assert error.came
    assert error.do
    assert str(error).isascii()
    assert str(error).isprintable()
    assert len(str(error)) < 500


@pytest.mark.requirement("COI-BAD-04")
@pytest.mark.parametrize("mark", ["\u200f", "\u202e", "\u2066", "\u200b", "\ufeff", "\u00ad"])
def test_invisible_characters_are_shown_in_the_sentence(mark: str) -> None:
    with pytest.raises(NotUnderstood) as refused:
        read_scan(COI.text[:5] + mark + COI.text[5:])
    assert f"\\u{ord(mark):04x}" in str(refused.value) or f"\\x{ord(mark):02x}" in str(refused.value)


@pytest.mark.requirement("COI-BAD-02")
def test_an_excerpt_is_printable_ascii_of_bounded_length() -> None:
    assert safe_excerpt("plain text") == "plain text"
    assert safe_excerpt("a\r\0\u202e\U0001f600\\") == "a\\x0d\\x00\\u202e\\U0001f600\\x5c"
    assert safe_excerpt(b"\xff\x00A") == "\\xff\\x00A"
    assert safe_excerpt("\ud800") == "\\ud800"
    assert safe_excerpt("x" * 121) == "x" * 117 + "..."
    assert len(safe_excerpt("\u202e" * 1_000_000, limit=50)) == 50
    assert safe_excerpt("abc", limit=2) == ".."
    assert safe_excerpt("") == ""


def test_a_scan_at_the_limit_of_length_is_still_looked_into() -> None:
    assert read_scan(COI.text.ljust(LONGEST_SCAN)) == COI
    with pytest.raises(NotUnderstood):
        read_scan(COI.text.ljust(LONGEST_SCAN + 1))


@pytest.mark.parametrize("kind", [CoiError, NotUnderstood, BrokenPromise, Misconfigured])
def test_an_error_is_a_sentence_and_crosses_process_borders(kind: type[CoiError]) -> None:
    error = kind(expected="a badge", came="nothing", do="scan the badge again")
    assert str(error) == "Expected a badge; got nothing; scan the badge again."
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.do) == (kind, str(error), error.do)
