"""No wrong character and no swap of neighbours gets through, tried at every place with every character."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import (
    CODE_KINDS,
    Code,
    CoiId,
    CommandCode,
    LabelSerial,
    Read,
    ScanPayload,
    read_scan,
    safe_excerpt,
)
from coi_tracker.vocabulary import Command

PRINTABLE = [chr(number) for number in range(0x20, 0x7F)]


def things(seed: int, count: int) -> list[Read]:
    """`count` of every kind of code and of payload; every command, and commands for some steps."""
    rng = random.Random(seed)
    codes: list[Read] = [kind.issue(rng.randbytes) for kind in CODE_KINDS for _ in range(count)]
    payloads: list[Read] = [
        ScanPayload(CoiId.issue(rng.randbytes) if place % 3 else None, LabelSerial.issue(rng.randbytes))
        for place in range(count)
    ]
    steps = rng.sample(["fill", "give_il2", "start_rapid_expansion", "lift_hold_on_place", "scale_up"], min(count, 5))
    commands: list[Read] = [CommandCode(one) for one in Command if one is not Command.STEP]
    return codes + payloads + commands + [CommandCode(Command.STEP, step) for step in steps]


def strict(thing: Read) -> Callable[[str], object]:
    return type(thing).parse


def accepted(read: Callable[[Any], object], text: str | bytes) -> object | None:
    try:
        return read(text)
    except NotUnderstood:
        return None


@pytest.mark.requirement("COI-ID-11")
@pytest.mark.parametrize("thing", things(11, 4), ids=str)
def test_every_single_wrong_character_is_refused(thing: Read) -> None:
    text = str(thing)
    for place, right in enumerate(text):
        for wrong in PRINTABLE:
            if wrong == right:
                continue
            typed = text[:place] + wrong + text[place + 1 :]
            assert accepted(strict(thing), typed) is None, typed
            reading = accepted(read_scan, typed)
            assert reading is None or (wrong.upper() == right and reading == thing), typed


@pytest.mark.requirement("COI-ID-12")
@pytest.mark.parametrize("thing", things(12, 25), ids=str)
def test_every_swap_of_neighbours_is_refused(thing: Read) -> None:
    text = str(thing)
    for place in range(len(text) - 1):
        swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        if swapped != text:
            assert accepted(strict(thing), swapped) is None, swapped
            assert accepted(read_scan, swapped) is None, swapped


@pytest.mark.requirement("COI-ID-11", "COI-ID-12")
@pytest.mark.parametrize("kind", CODE_KINDS)
def test_errors_in_the_display_form_never_read_as_another_code(kind: type[Code]) -> None:
    code = kind.issue(random.Random(13).randbytes)
    text = code.display()
    for place in range(len(text)):
        for wrong in PRINTABLE:
            typed = text[:place] + wrong + text[place + 1 :]
            assert accepted(read_scan, typed) in (None, code), typed
        swapped = text[:place] + text[place : place + 2][::-1] + text[place + 2 :]
        assert accepted(read_scan, swapped) in (None, code), swapped


@pytest.mark.requirement("COI-ID-14", "COI-FLOOR-16")
def test_no_text_is_a_code_of_two_kinds() -> None:
    for thing in things(14, 30):
        takers = [
            kind for kind in (*CODE_KINDS, ScanPayload, CommandCode) if accepted(kind.parse, str(thing)) is not None
        ]
        assert takers == [type(thing)]


LOOK_ALIKES = {
    "0": "OoDQ",
    "1": "IilL|",
    "2": "Zz",
    "5": "Ss",
    "8": "B",
    "6": "G",
    "V": "Uu",
    "B": "8",
    "S": "5$",
}
QWERTZ = str.maketrans("YZyz:-/", "ZYzyÖß-")
AZERTY = str.maketrans("QAWZMqawzm:-1234567890", "AQZW:aqzw,M)&é\"'(-è_çà")


def substituted(rng: random.Random, text: str) -> str:
    place = rng.randrange(len(text))
    return text[:place] + rng.choice(string.printable + "äéßı\u202e０７СВ") + text[place + 1 :]


def swapped(rng: random.Random, text: str) -> str:
    place = rng.randrange(len(text) - 1)
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def truncated(rng: random.Random, text: str) -> str:
    cut = rng.randrange(len(text))
    return rng.choice([text[:cut], text[cut + 1 :], text[:cut] + text[cut + 1 :]])


def lengthened(rng: random.Random, text: str) -> str:
    place = rng.randrange(len(text) + 1)
    more = rng.choice([*PRINTABLE, text, text[place : place + 1], "\r\n", "]Q1", "\0"])
    return text[:place] + more + text[place:]


def looked_alike(rng: random.Random, text: str) -> str:
    places = [place for place, character in enumerate(text) if character in LOOK_ALIKES]
    if not places:
        return text
    place = rng.choice(places)
    return text[:place] + rng.choice(LOOK_ALIKES[text[place]]) + text[place + 1 :]


def cased(rng: random.Random, text: str) -> str:
    return "".join(rng.choice([character.lower(), character]) for character in text)


def scanned(rng: random.Random, text: str) -> str:
    return rng.choice(["]Q1", "]d2", "]E0", "\x02", "#", ""]) + text + rng.choice(["\r", "\t", "\n\n", "\x03", ";", ""])


def on_another_keyboard(rng: random.Random, text: str) -> str:
    return text.translate(rng.choice([QWERTZ, AZERTY]))


CORRUPTIONS = (
    substituted, swapped, truncated, lengthened, looked_alike, cased, scanned, on_another_keyboard,
)  # fmt: skip


@pytest.mark.requirement("COI-ID-09", "COI-ID-10")
@pytest.mark.slow
def test_of_100_000_corrupted_codes_none_is_read_as_another() -> None:
    rng = random.Random(15)
    originals = things(16, 200)
    wrong, refused, harmless = [], 0, 0
    for _ in range(100_000):
        original = rng.choice(originals)
        typed = rng.choice(CORRUPTIONS)(rng, str(original))
        reading = accepted(read_scan, typed)
        if reading is None:
            refused += 1
        elif reading == original:
            harmless += 1
        else:
            wrong.append((str(original), typed))
    print(f"refused {refused}, harmless {harmless}, wrong acceptances {len(wrong)}")
    assert wrong == []
    assert refused > 50_000
    assert harmless > 5_000


@given(st.binary(max_size=200) | st.text(max_size=200) | st.text(alphabet="COI1:-LBSPEQ0123456789 ]", max_size=60))
def test_whatever_comes_is_read_or_refused_and_nothing_else_happens(raw: str | bytes) -> None:
    read = accepted(read_scan, raw)
    assert read is None or read_scan(str(read)) == read
    assert len(safe_excerpt(raw, limit=40)) <= 40
    assert safe_excerpt(raw).isprintable() or not raw


@given(st.sampled_from(CODE_KINDS), st.integers())
def test_every_issued_code_reads_back(kind: type[Code], seed: int) -> None:
    code = kind.issue(random.Random(seed).randbytes)
    assert kind.parse(code.text) == code == read_scan(code.text) == read_scan(code.display())
