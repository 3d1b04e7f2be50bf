"""The pages that can be read: courses, one course, the log and what is signed of it, and whether all is well.

GET only. Asks the services, never a table; a page costs a fixed number of statements. A course that somebody may not
know of is not found.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from coi_tracker.errors import CoiError, NotUnderstood
from coi_tracker.services import queries
from coi_tracker.services.queries import CourseFilter
from coi_tracker.vocabulary import PlaceKind, Standing
from web.access import for_everybody, for_people, for_readers
from web.session import record, working

BEFORE = 20
"""Entries of the subject, from before the course, that its page shows."""

blueprint = Blueprint("pages", __name__)


def _number(name: str) -> int | None:
    """A whole number of the address, from 1; None where there is none. Raises NotUnderstood."""
    text = request.args.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:12]) < 10**9:
        raise NotUnderstood(expected=f"a whole number for {name!r}", came=repr(text[:20]), do="follow a link instead")
    return int(text)


@blueprint.get("/courses")
@for_readers
def courses() -> str:
    """The list of courses, by page."""
    chosen = {name: request.args.get(name, "").strip()[:100] for name in ("search", "site", "standing")}
    wanted = CourseFilter(*(text or None for text in chosen.values()))
    page = queries.courses(record(), wanted, page=_number("page") or 1, who=working())
    places = queries.places(record())
    return render_template(
        "courses.html",
        page=page,
        chosen=chosen,
        sites=[place for place in places if place.kind == PlaceKind.SITE],
        names={place.id: place for place in places},
        standings=list(Standing),
        log=queries.log_status(record()),
    )


@blueprint.get("/courses/<text>")
@for_readers
def course(text: str) -> str | AnyResponse:
    """One course with all that belongs to it."""
    coi = _coi(text)
    if coi != text:
        return redirect(url_for("pages.course", text=coi))
    view = queries.course_view(record(), coi, who=working())
    if view is None:
        abort(404)
    subject = view.course.subject
    return render_template(
        "course.html",
        view=view,
        course=view.course,
        timeline=queries.timeline(record(), view.course.chain, up_to=_number("from")),
        before=None if subject is None else queries.timeline(record(), f"subject/{subject.number}", most=BEFORE),
        process=record().process,
    )


def _coi(text: str) -> str:
    """The COI of an address. One that cannot be read is not found: nothing is told about codes that exist."""
    try:
        return queries.coi_of(text)
    except NotUnderstood:
        abort(404)


@blueprint.get("/log")
@for_people
def log() -> str:
    """How the log stands: its length, the last checkpoint, the keys."""
    return render_template("log.html", log=queries.log_status(record()))


@blueprint.get("/log/checkpoint.txt")
@for_everybody
def checkpoint() -> Response:
    """The last checkpoint, byte for byte, for keeping it elsewhere."""
    found = queries.log_status(record()).checkpoint
    if found is None:
        abort(404)
    return Response(found.note, mimetype="text/plain")


@blueprint.get("/log/vkeys.txt")
@for_everybody
def vkeys() -> Response:
    """The verifier keys, one a line."""
    keys = queries.log_status(record()).vkeys
    return Response("".join(f"{key}\n" for key in keys), mimetype="text/plain")


@blueprint.get("/health")
@for_everybody
def health() -> tuple[Response, int]:
    """Whether the record can be read: for a watchdog."""
    try:
        found = queries.log_status(record())
    except CoiError:
        return jsonify(status="record cannot be read"), 503
    return jsonify(status="ok", entries=found.size + found.waiting), 200
