"""The file of the temperature logger at a hand-off: read, drawn, and its lowest and highest put into the step."""

from __future__ import annotations

from flask import render_template, request
from werkzeug.exceptions import RequestEntityTooLarge

from coi_tracker.errors import NotUnderstood
from coi_tracker.services import temperature_log
from coi_tracker.services.floor import drafts
from coi_tracker.services.floor.screen import Outcome, OutcomeKind
from coi_tracker.services.floor.standing import Standing
from coi_tracker.services.temperature_log import MOST_BYTES, TemperatureLog
from web import problems, session
from web.access import for_readers
from web.session import record
from web.station.answers import drawn_from
from web.station.curve import curve
from web.station.here import at_station, blueprint, once
from web.station.views import here

LOW, HIGH = "field.temperature_low", "field.temperature_high"
ROOM = 100_000
"""Bytes of a form around the file."""


@blueprint.url_value_preprocessor
def _room_for_a_file(endpoint: str | None, _values: object) -> None:
    """More than other forms may hold; said before anybody looks into the form."""
    if endpoint == "station.logger":
        request.max_content_length = MOST_BYTES + ROOM


@blueprint.errorhandler(413)
def _too_large(_: RequestEntityTooLarge) -> tuple[str, int]:
    """In words, on the station that it was sent from, when there is one."""
    at = at_station() if session.here().working else None
    return problems.page(413) if at is None else (_page(at, error=_too_big()), 413)


@blueprint.post("/scan/logger")
@for_readers
def logger() -> str | tuple[str, int]:
    """Read the file that was sent, and fill in what it says."""
    at = here()
    name, data = _sent()
    try:
        log = temperature_log.parse(data, zone=at.place.zone)
    except NotUnderstood as error:
        return _page(at, error=error), 400
    return _filled(at, log, name)


def _sent() -> tuple[str, bytes]:
    """The name and the content of the file; nothing when there is none."""
    sent = request.files.get("file")
    if sent is None:
        return "", b""
    try:
        return sent.filename or "", sent.stream.read(MOST_BYTES + 1)
    finally:
        sent.close()


def _too_big() -> NotUnderstood:
    return NotUnderstood(
        expected="a file of at most 5 MB", came="a bigger one", do="export the time of this journey only"
    )


def _filled(at: Standing, log: TemperatureLog, name: str) -> str:
    """Both values into the step. The first that is refused says why; nothing is taken twice."""
    mark = once()
    low = drafts.put(record(), at, LOW, str(log.lowest), once=f"{mark}-low"[-100:])
    if low.kind is OutcomeKind.REFUSED:
        return _page(at, outcome=low, log=log, name=name)
    outcome = drafts.put(record(), at, HIGH, str(log.highest), once=f"{mark}-high"[-100:])
    return _page(at, outcome=outcome, log=log, name=name)


def _page(
    at: Standing,
    *,
    outcome: Outcome | None = None,
    error: NotUnderstood | None = None,
    log: TemperatureLog | None = None,
    name: str = "",
) -> str:
    shown = outcome or drafts.resume(record(), at)
    screen = shown.screen
    span = None
    if log is not None and screen.course is not None and screen.step is not None:
        span = temperature_log.leg_range(record(), screen.course.chain, screen.step)
    return render_template(
        "station/page.html",
        outcome=shown,
        verdict=outcome is not None,
        reading=True,
        error=error,
        log=log,
        span=span,
        file_name=name[:80],
        excursions=log.excursions(span) if log and span else (),
        picture=curve(log, span, zone=screen.zone) if log else "",
        **drawn_from(screen),
    )
