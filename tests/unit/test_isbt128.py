"""The ISBT 128 profile writes and reads its data structures exactly, with ICCBBA's sample facility."""

from __future__ import annotations

from datetime import date

import pytest
from stdnum.iso7064 import mod_37_2

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import read_scan
from coi_tracker.isbt128 import (
    SAMPLE_FACILITY,
    ChainOfIdentity,
    CompoundMessage,
    DonationNumber,
    Expiry,
    ProductCode,
    Structure,
)

pytestmark = pytest.mark.requirement("COI-ID-13")

COI = ChainOfIdentity(SAMPLE_FACILITY, 26, "7K2QF3")
DONATION = DonationNumber("A999926123456")
PRODUCT = ProductCode("S1234", "6", "A0")
EXPIRY = Expiry(date(2027, 12, 31), 23, 59)


@pytest.mark.parametrize(
    ("structure", "text"),
    [
        (COI, "&/CHA9999267K2QF3"),
        (DONATION, "=A99992612345600"),
        (PRODUCT, "=<S12346A0"),
        (EXPIRY, "&>0273652359"),
        (Expiry(date(2028, 12, 31), 0, 0), "&>0283660000"),
    ],
)
def test_structures_are_written_as_they_stand_in_a_symbol_and_read_back(structure: Structure, text: str) -> None:
    assert structure.format() == text
    assert type(structure).parse(text) == structure


@pytest.mark.parametrize(
    ("number", "check"),
    [("G123417654321", "A"), ("A999917123456", "9"), ("A999917345628", "*"), ("A999918000001", "8")],
)
def test_donation_numbers_have_the_published_check_character(number: str, check: str) -> None:
    assert DonationNumber(number).check() == check == mod_37_2.calc_check_digit(number)
    assert DonationNumber.typed(number, check) == DonationNumber(number)
    with pytest.raises(NotUnderstood, match="type both again"):
        DonationNumber.typed(number, "X")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (ChainOfIdentity, "&/CHA9999267K2QF"),
        (ChainOfIdentity, "&/CHO9999267K2QF3"),
        (ChainOfIdentity, "&/CH09999267K2QF3"),
        (ChainOfIdentity, "&/cha9999267K2QF3"),
        (ChainOfIdentity, "&/CHA9999267K2QF3\n"),
        (ChainOfIdentity, "&/CHA999926\uff17K2QF3"),
        (ChainOfIdentity, "CHA9999267K2QF3"),
        (DonationNumber, "=A999926123456"),
        (DonationNumber, "=O99992612345600"),
        (DonationNumber, "A99992612345600"),
        (ProductCode, "=<112346A0"),
        (ProductCode, "=<S12346A"),
        (Expiry, "&>0273662359"),
        (Expiry, "&>0270002359"),
        (Expiry, "&>0279992359"),
        (Expiry, "&>0271002460"),
        (Expiry, "&>0271002400"),
        (Expiry, "&>0271002360"),
    ],
)
def test_what_is_not_exactly_the_structure_is_refused(kind: type[Structure], text: str) -> None:
    with pytest.raises(NotUnderstood, match="ISBT 128"):
        kind.parse(text)


@pytest.mark.parametrize(
    "build",
    [
        lambda: ChainOfIdentity("A99", 26, "7K2QF3"),
        lambda: ChainOfIdentity(SAMPLE_FACILITY, 126, "7K2QF3"),
        lambda: DonationNumber("A999926123456", "0"),
        lambda: ProductCode("S1234", "", "00"),
        lambda: Expiry(date(1999, 1, 1), 0, 0),
        lambda: Expiry(date(2027, 1, 1), 24, 0),
    ],
)
def test_a_structure_that_cannot_be_written_cannot_be_made(build: object) -> None:
    assert callable(build)
    with pytest.raises(NotUnderstood):
        build()


def test_a_compound_message_reads_back_with_the_number_of_structures_it_says() -> None:
    message = CompoundMessage((COI, DONATION, PRODUCT, EXPIRY), reference=12)
    text = "=+04012&/CHA9999267K2QF3=A99992612345600=<S12346A0&>0273652359"
    assert message.format() == text
    assert CompoundMessage.parse(text) == message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("=+03000&/CHA9999267K2QF3=A99992612345600", "3 data structures"),
        ("=+01000&/CHA9999267K2QF3=A99992612345600", "1 data structures"),
        ("=+01000&/CHA9999267K2QF3", "2 to 99"),
        ("=+00000", "2 to 99"),
        ("=+02000&/CHA9999267K2QF3=A9999261234560", "one of the data structures"),
        ("=+02000&/CHA9999267K2QF3=%5100", "one of the data structures"),
        ("=+02000&/CHA9999267K2QF3=A99992612345600 ", "one of the data structures"),
        ("+02000", "compound message"),
        ("", "compound message"),
        ("=+02000" + "x" * 1_000_000, "at most"),
    ],
)
def test_a_compound_message_that_does_not_add_up_is_refused(text: str, says: str) -> None:
    with pytest.raises(NotUnderstood, match=says):
        CompoundMessage.parse(text)


def test_the_profile_is_off_no_scan_is_ever_read_as_isbt_128() -> None:
    for text in (COI.format(), DONATION.format(), CompoundMessage((COI, DONATION)).format(), COI.content()):
        with pytest.raises(NotUnderstood):
            read_scan(text)
