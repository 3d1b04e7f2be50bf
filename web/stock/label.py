"""The label of a piece of equipment or of a shipper: to look at on its page, and as a PDF for any printer."""

from __future__ import annotations

from flask import Response

from coi_tracker.identity import EquipmentCode, LabelSerial, ScanPayload
from coi_tracker.services.stock import Line, Sort
from labels.content import LabelContent
from labels.kinds import LabelKind
from web.stock.shared import blueprint, find, for_keepers, places
from web.thing_labels import answer, on_a_label

EVERY_STUDY = "EVERY STUDY"
"""Where a label says of which study a thing is. A shipper goes around for all of them."""


@blueprint.get("/equipment/<code>/label.<form>")
@for_keepers
def of_equipment(code: str, form: str) -> Response:
    """The label of a piece of equipment."""
    one = find(Sort.EQUIPMENT, code)
    kind = on_a_label(one.kind.replace("_", " "))
    content = LabelContent(EquipmentCode(code), LabelKind.LOCATION, None, None, None, _site(one), place=kind)
    return answer(content, form, name=f"equipment-{code}")


@blueprint.get("/shippers/<code>/label.<form>")
@for_keepers
def of_shipper(code: str, form: str) -> Response:
    """The label of a shipper. The end of its qualification is not on it: that changes, and the label stays."""
    one = find(Sort.SHIPPER, code)
    payload = ScanPayload(None, LabelSerial(code))
    content = LabelContent(payload, LabelKind.SHIPPER, None, None, EVERY_STUDY, _site(one))
    return answer(content, form, name=f"shipper-{code}")


def _site(one: Line) -> str:
    return on_a_label(places()[one.place].name)
