"""Labels to try things on, and pictures of them made by other code than wrote them."""

from __future__ import annotations

import io
import random
from datetime import UTC, datetime
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import resvg_py
import zxingcpp
from PIL import Image

from coi_tracker.identity import BadgeCode, Code, CoiId, LabelSerial, PositionCode, ScanPayload, StationCode
from coi_tracker.vocabulary import ContainerKind
from labels.content import LabelContent, Moment
from labels.kinds import LabelKind, Payload, is_container
from labels.symbol import Symbology, text_of
from labels.template_check import widest_code
from labels.template_file import template_for

ALL_TEXTS = (
    "FOR AUTOLOGOUS USE ONLY",
    "NOT EVALUATED FOR INFECTIOUS SUBSTANCES",
    "Caution: New Drug--Limited by Federal (or United States) law to investigational use.",
    "For clinical trial use only",
)
TEXTS = {
    LabelKind.TISSUE_JAR: (ALL_TEXTS[0], ALL_TEXTS[1], ALL_TEXTS[3]),
    LabelKind.FLASK: ALL_TEXTS[:1],
    LabelKind.POOL: ALL_TEXTS[:1],
    LabelKind.BAG: ALL_TEXTS,
    LabelKind.CASSETTE: ALL_TEXTS,
    LabelKind.QC_VIAL: ("FOR TESTING ONLY", ALL_TEXTS[1]),
    LabelKind.RETAIN: ("RETAIN - NOT FOR INFUSION", ALL_TEXTS[1]),
    LabelKind.SHIPPER: (ALL_TEXTS[0], "DO NOT X-RAY"),
}
DONE = {
    LabelKind.TISSUE_JAR: "Collected",
    LabelKind.FLASK: "Seeded",
    LabelKind.POOL: "Pooled",
    LabelKind.QC_VIAL: "Sampled",
    LabelKind.SHIPPER: "Packed",
    LabelKind.WRISTBAND: "Put on",
}
COLD = "Store at or below −150 °C in vapour of liquid nitrogen"
STORAGE = {
    LabelKind.TISSUE_JAR: "Keep at 2 to 8 °C, do not freeze",
    LabelKind.FLASK: "Incubate at 37 °C, 5 % CO2",
    LabelKind.POOL: "Process at once, 18 to 25 °C",
    LabelKind.QC_VIAL: "Keep at 2 to 8 °C",
}
SITE = "Site 014 Universitätsklinikum Nord"
PLACES = {LabelKind.STATION: "Cell suite 2, bench 4", LabelKind.LOCATION: "Freezer 3, rack B, position 07"}


def payload(seed: int = 1) -> ScanPayload:
    rng = random.Random(seed)
    return ScanPayload(CoiId.issue(rng.randbytes), LabelSerial.issue(rng.randbytes))


def payload_of(kind: LabelKind, *, seed: int = 1) -> Payload:
    rng = random.Random(seed)
    things: dict[LabelKind, type[StationCode | BadgeCode | PositionCode]] = {
        LabelKind.STATION: StationCode,
        LabelKind.BADGE: BadgeCode,
        LabelKind.LOCATION: PositionCode,
    }
    return things[kind].issue(rng.randbytes) if kind in things else payload(seed)


def content(kind: LabelKind | ContainerKind = LabelKind.BAG, *, seed: int = 1, **changes: Any) -> LabelContent:
    kind = LabelKind(kind.value)
    given = _container(kind) if is_container(kind) else {"part": None, "of": None, "study": None}
    given |= {"payload": payload_of(kind, seed=seed), "kind": kind, "site": SITE, "place": PLACES.get(kind)}
    return LabelContent(**{**given, **changes})


def _container(kind: LabelKind) -> dict[str, Any]:
    shown = template_for(kind).shown()
    return {
        "part": None if kind is LabelKind.WRISTBAND else 2,
        "of": None if kind is LabelKind.WRISTBAND else 3,
        "study": "IOV-LUN-202",
        "texts": TEXTS.get(kind, ()),
        "done": DONE.get(kind, "Frozen"),
        "when": Moment(datetime(2026, 3, 14, 15, 20, tzinfo=UTC), "Europe/Berlin"),
        "expiry": Moment(datetime(2027, 3, 14, 22, 59, tzinfo=UTC), "Europe/Berlin") if "expiry" in shown else None,
        "storage": STORAGE.get(kind, COLD) if "storage" in shown else None,
    }


def texts_in(content: LabelContent) -> list[str]:
    """What the symbols of a label must read as, in any order."""
    symbols = template_for(content.kind).symbols
    return sorted(text_of(content.payload, place.symbology) for place in symbols)


def meant(content: LabelContent) -> str:
    return text_of(content.payload, Symbology.QR)


def widest(kind: type[Code]) -> str:
    """The valid code of the widest letters there is."""
    return widest_code(kind)


FORMATS = zxingcpp.BarcodeFormats(
    [zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.DataMatrix, zxingcpp.BarcodeFormat.Code128]
)


def decoded(picture: Image.Image) -> list[str]:
    """What an independent decoder finds in a clean picture, sorted.

    Not made smaller: of one Code 128 in some hundreds zxing-cpp 3.1 then makes a second, wrong text.
    """
    found = zxingcpp.read_barcodes(picture.convert("L"), formats=FORMATS, try_downscale=False)
    return sorted(one.text for one in found)


def pdf_pages(pdf: bytes, *, dpi: float = 300) -> list[Image.Image]:
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
