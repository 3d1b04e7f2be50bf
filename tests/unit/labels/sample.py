"""Labels to try things on, and pictures of them made by other code than wrote them."""

from __future__ import annotations

import io
import random
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import resvg_py
import zxingcpp
from PIL import Image

from coi_tracker.identity import ALPHABET, Code, CoiId, LabelSerial, ScanPayload, check_character
from coi_tracker.vocabulary import ContainerKind
from labels.content import LabelContent

TEXTS = (
    "FOR AUTOLOGOUS USE ONLY",
    "NOT EVALUATED FOR INFECTIOUS SUBSTANCES",
    "Caution: New Drug--Limited by Federal (or United States) law to investigational use.",
    "For clinical trial use only",
)


def payload(seed: int = 1) -> ScanPayload:
    rng = random.Random(seed)
    return ScanPayload(CoiId.issue(rng.randbytes), LabelSerial.issue(rng.randbytes))


def content(kind: ContainerKind = ContainerKind.BAG, *, seed: int = 1, **changes: Any) -> LabelContent:
    given: dict[str, Any] = {
        "payload": payload(seed),
        "kind": kind,
        "part": 2,
        "of": 3,
        "study": "IOV-LUN-202",
        "site": "Site 014 Universitätsklinikum Nord",
        "texts": TEXTS,
    }
    return LabelContent(**{**given, **changes})


def widest(kind: type[Code]) -> str:
    """The valid code of the widest letters there is."""
    body = kind.PREFIX + "W" * (kind.length() - 3)
    return next(
        body + letter + check for letter in "WMQGD" + ALPHABET if (check := check_character(body + letter)) in ALPHABET
    )


def decoded(picture: Image.Image) -> list[str]:
    """What an independent decoder finds in a picture."""
    return [one.text for one in zxingcpp.read_barcodes(picture.convert("L"))]


def pdf_pages(pdf: bytes, *, dpi: int = 300) -> list[Image.Image]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.render(scale=dpi / 72).to_pil() for page in document]
    finally:
        document.close()


def pdf_text(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return "\n".join(page.get_textpage().get_text_range() for page in document).replace("\r\n", "\n")
    finally:
        document.close()


def svg_picture(svg: str, *, dpi: int = 300) -> Image.Image:
    return Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg, dpi=dpi))))
