"""The ISBT 128 profile is off; once a facility is named, its compound messages print and read back, and no others."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import pytest
import zxingcpp
from click.testing import CliRunner, Result
from PIL import Image

from coi_tracker.errors import NotUnderstood
from coi_tracker.isbt128 import (
    SAMPLE_FACILITY,
    ChainOfIdentity,
    CompoundMessage,
    DonationNumber,
    Expiry,
    ProductCode,
)
from labels.__main__ import main
from labels.isbt128_sticker import MOST_MODULES, sticker
from labels.layout import Drawing
from labels.pdf import pdf_of
from labels.png import png_of
from labels.svg import svg_of
from labels.symbol import Symbology
from labels.template import RESOLUTIONS
from tests.labels.test_other_decoders import cut_out, read_by_others
from tests.unit.labels import sample

pytestmark = pytest.mark.requirement("COI-ID-13", "COI-LABEL-15")

COI = ChainOfIdentity(SAMPLE_FACILITY, 26, "7K2QF3")
MESSAGE = CompoundMessage(
    (COI, DonationNumber("A999917123456"), ProductCode("S1234", "6", "A0"), Expiry(date(2027, 12, 31), 23, 59))
)
TEXT = "=+04000&/CHA9999267K2QF3=A99991712345600=<S12346A0&>0273652359"


def drawn(message: CompoundMessage = MESSAGE, *, dpi: int = 300) -> Drawing:
    return sticker(message, facility=SAMPLE_FACILITY, dpi=dpi)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env={"COI_ISBT128_FACILITY": ""})


@pytest.mark.parametrize("dpi", RESOLUTIONS)
def test_two_decoders_that_did_not_write_it_read_the_message_that_was_meant(dpi: int) -> None:
    drawing = drawn(dpi=dpi)
    pictures = [Image.open(io.BytesIO(png_of(drawing))), sample.svg_picture(svg_of(drawing), dpi=dpi).convert("L")]
    pictures += [page.convert("L") for page in sample.pdf_pages(pdf_of([drawing]), dpi=RESOLUTIONS[dpi] * 25.4)]
    for picture in pictures:
        (found,) = zxingcpp.read_barcodes(picture)
        assert (found.format, found.text) == (zxingcpp.BarcodeFormat.DataMatrix, TEXT)
        alone = cut_out(picture, drawing.symbols[0], zone=2, width=drawing.width)
        (read,) = read_by_others(alone, Symbology.DATA_MATRIX)
        assert CompoundMessage.parse(read) == MESSAGE


@pytest.mark.parametrize(
    ("number", "check"),
    [("G123417654321", "A"), ("A999917123456", "9"), ("A999917345628", "*"), ("A999918000001", "8")],
)
def test_the_published_check_character_stands_behind_the_number(number: str, check: str) -> None:
    facility = number[:5]
    message = CompoundMessage((DonationNumber(number), MESSAGE.structures[2]))
    words = [line.text for line in sticker(message, facility=facility, dpi=300).lines]
    assert f"DIN {number[:5]} {number[5:7]} {number[7:]} 00 check {check}" in " ".join(words)


def test_the_sample_facility_is_marked_as_a_sample_and_everything_is_printed_for_people_too() -> None:
    words = " ".join(line.text for line in drawn().lines)
    for shown in ("SAMPLE - NOT FOR USE", "CoI CHA9999267K2QF3", "Product S12346A0", "EXP 31 DEC 2027 23:59"):
        assert shown in words
    real = CompoundMessage((DonationNumber("G123417654321"), MESSAGE.structures[3]))
    assert "SAMPLE" not in " ".join(line.text for line in sticker(real, facility="G1234", dpi=300).lines)


def test_it_is_off_until_a_facility_is_named(tmp_path: Path) -> None:
    result = run("--isbt128", TEXT, "--out", str(tmp_path / "x.pdf"))
    assert result.exit_code == 1
    assert result.output == (
        "Expected COI_ISBT128_FACILITY, the facility identification number that ICCBBA gave this facility; got none, so"
        " ISBT 128 is off; register with ICCBBA before printing ISBT 128 codes (docs/labels.md).\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_no_facility_prints_the_codes_of_another_one(tmp_path: Path) -> None:
    result = run("--isbt128", TEXT, "--isbt128-facility", "G1234", "--out", str(tmp_path / "x.pdf"))
    assert (result.exit_code, "codes of facility G1234; got one of A9999" in result.output) == (1, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", ["pdf", "svg", "png", "zpl"])
def test_the_command_prints_it_once_it_is_configured(suffix: str, tmp_path: Path) -> None:
    out = tmp_path / f"x.{suffix}"
    arguments = ["--isbt128", TEXT, "--out", str(out), "--dpi", "203"]
    result = CliRunner().invoke(main, arguments, env={"COI_ISBT128_FACILITY": SAMPLE_FACILITY})
    assert (result.exit_code, result.output) == (0, f"1 sticker in {out}\n")
    assert out.stat().st_size > 500


@pytest.mark.parametrize(
    ("text", "says"), [("&/CHA9999267K2QF3", "compound message"), (TEXT.replace("=+04", "=+05"), "5 data structures")]
)
def test_what_is_no_message_is_refused(text: str, says: str, tmp_path: Path) -> None:
    result = run("--isbt128", text, "--isbt128-facility", SAMPLE_FACILITY, "--out", str(tmp_path / "x.pdf"))
    assert (result.exit_code, says in result.output) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_a_message_too_long_for_the_sticker_is_refused() -> None:
    with pytest.raises(NotUnderstood, match=f"at most {MOST_MODULES} modules"):
        drawn(CompoundMessage((COI,) * 12))


def test_a_sticker_is_not_asked_for_together_with_a_label(tmp_path: Path) -> None:
    result = run("--isbt128", TEXT, "--kind", "bag", "--out", str(tmp_path / "x.pdf"))
    assert (result.exit_code, "not both" in result.output) == (2, True)
