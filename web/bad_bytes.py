"""Text with a zero byte is no text: no keyboard, scanner or form makes one, and PostgreSQL takes none.

Refused before any view looks at it, so that no view has to think of it. A scan is the exception: what a scanner sent is
refused by the station in words, and kept.
"""

from __future__ import annotations

from flask import Flask, abort, request

from coi_tracker.errors import NotUnderstood

SCANS = frozenset({"station.one"})


def register(app: Flask) -> None:
    """Look before every view."""
    app.before_request(_look)


def _look() -> None:
    if any("\0" in str(one) for one in (request.view_args or {}).values()):
        abort(404)
    values = [one for _, many in request.args.lists() for one in many]
    if request.endpoint not in SCANS and request.mimetype in {
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    }:
        values += [one for _, many in request.form.lists() for one in many]
    if any("\0" in one for one in (*values, *request.args)):
        raise NotUnderstood(expected="text", came="text with a zero byte in it", do="leave it out, and send it again")
