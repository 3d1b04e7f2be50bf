"""Labels of things that belong to no course, as a picture for a page or as a PDF for any printer.

Stations, equipment, shippers: what they carry names a thing that stands about, so it can be printed as often as
somebody likes, and no job and no counting is needed. Labels of courses leave the tracker through print jobs only.
"""

from __future__ import annotations

from flask import Response, abort

from labels.content import LONGEST, LabelContent
from labels.outputs import Wish, rendered

MIME = {"svg": "image/svg+xml", "pdf": "application/pdf"}


def answer(content: LabelContent, form: str, *, name: str) -> Response:
    """The label in the form of an address; 404 for another form. Raises NotUnderstood for what no face can write."""
    if form not in MIME:
        abort(404)
    found = Response(rendered([content], Wish(f".{form}")), mimetype=MIME[form])
    if form == "pdf":
        found.headers["Content-Disposition"] = f"attachment; filename={name}.pdf"
    return found


def on_a_label(name: str) -> str:
    """A name, as much of it as a label takes."""
    return name.strip()[: LONGEST["place"]].strip()
