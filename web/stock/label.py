"""The label of a piece of equipment or of a shipper: to look at on its page, and as a PDF for any printer.

These codes name things that stand about and belong to no course: printed again it is the same label, so no job and no
counting is needed.
"""

from __future__ import annotations

from flask import Response, abort

from coi_tracker.identity import EquipmentCode, LabelSerial, ScanPayload
from coi_tracker.services.stock import Line, Sort
from labels.content import LabelContent
from labels.kinds import LabelKind
from labels.outputs import Wish, rendered
from web.stock.shared import blueprint, find, for_keepers, places

MIME = {"svg": "image/svg+xml", "pdf": "application/pdf"}
EVERY_STUDY = "EVERY STUDY"
"""Where a label says of which study a thing is. A shipper goes around for all of them."""
LONGEST = 60
"""Characters of a name on a label."""


@blueprint.get("/equipment/<code>/label.<form>")
@for_keepers
def of_equipment(code: str, form: str) -> Response:
    """The label of a piece of equipment."""
    one = find(Sort.EQUIPMENT, code)
    return _drawn(
        one,
        form,
        LabelContent(
            EquipmentCode(code),
            LabelKind.LOCATION,
            None,
            None,
            None,
            _site(one),
            place=_short(one.kind.replace("_", " ")),
        ),
    )


@blueprint.get("/shippers/<code>/label.<form>")
@for_keepers
def of_shipper(code: str, form: str) -> Response:
    """The label of a shipper. The end of its qualification is not on it: that changes, and the label stays."""
    one = find(Sort.SHIPPER, code)
    payload = ScanPayload(None, LabelSerial(code))
    return _drawn(one, form, LabelContent(payload, LabelKind.SHIPPER, None, None, EVERY_STUDY, _site(one)))


def _site(one: Line) -> str:
    return _short(places()[one.place].name)


def _short(name: str) -> str:
    return name.strip()[:LONGEST].strip()


def _drawn(one: Line, form: str, content: LabelContent) -> Response:
    if form not in MIME:
        abort(404)
    answer = Response(rendered([content], Wish(f".{form}")), mimetype=MIME[form])
    if form == "pdf":
        answer.headers["Content-Disposition"] = f"attachment; filename={one.sort}-{one.code}.pdf"
    return answer
