"""The pages that can be read: courses, one course, the log and what is signed of it, and whether all is well.

GET only. Asks the services, never a table; a page costs a fixed number of statements. A course that somebody may not
know of is not found.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from coi_tracker.errors import CoiError, NotUnderstood
from coi_tracker.services import queries
from coi_tracker.services.course_file import EntryFilter, chosen_entries, course_file, course_of_label
from web import course_list, lineage
from web.access import for_everybody, for_people, for_readers
from web.navigation import open_to
from web.session import record, working

BEFORE = 20
"""Entries of the subject, from before the course, that its page shows."""
KINDS = ("performed", "refused", "label_printed")
"""Sorts of entries that the timeline of a course can be narrowed to."""

blueprint = Blueprint("pages", __name__)


def number(name: str) -> int | None:
    """A whole number of the address, from 1; None where there is none. Raises NotUnderstood."""
    text = request.args.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:12]) < 10**9:
        raise NotUnderstood(expected=f"a whole number for {name!r}", came=repr(text[:20]), do="follow a link instead")
    return int(text)


@blueprint.get("/courses")
@for_readers
def courses() -> str | AnyResponse:
    """The list of courses, by page; the serial of a label leads to its course."""
    chosen = course_list.chosen(request.args)
    labelled = course_list.labelled(chosen["search"])
    if labelled is not None:
        found = course_of_label(record(), labelled, who=working())
        if found is not None:
            return redirect(url_for("pages.course", text=found[0]) + "#" + found[1])
    page = course_list.page(record(), chosen, who=working(), number=number("page") or 1)
    places = {place.id: place for place in queries.places(record())}
    return render_template(
        "courses.html",
        page=page,
        chosen=chosen,
        choices=course_list.choices(places.values()),
        names=places,
        now=record().clock(),
        log=queries.log_status(record()),
    )


@blueprint.get("/courses.csv")
@for_readers
def courses_as_csv() -> Response:
    """The same list, all of it up to a limit, for a spreadsheet."""
    text = course_list.as_csv(record(), course_list.chosen(request.args), who=working())
    name = {"Content-Disposition": "attachment; filename=courses.csv"}
    return Response(text, mimetype="text/csv; charset=utf-8", headers=name)


@blueprint.get("/courses/<text>")
@for_readers
def course(text: str) -> str | AnyResponse:
    """One course with all that belongs to it."""
    coi = _coi(text)
    if coi != text:
        return redirect(url_for("pages.course", text=coi))
    view = queries.course_view(record(), coi, who=working())
    more = course_file(record(), coi, who=working())
    if view is None or more is None:
        abort(404)
    wanted = _entries()
    subject = view.course.subject
    site = view.places.get(view.course.site or "")
    return render_template(
        "course/page.html",
        view=view,
        course=view.course,
        more=more,
        picture=lineage.drawing(view.course),
        timeline=_timeline(view.course.chain, wanted),
        wanted=wanted,
        kinds=KINDS,
        before=None if subject is None else queries.timeline(record(), f"subject/{subject.number}", most=BEFORE),
        process=record().process_of(view.course),
        zone=site.zone if site is not None else "Etc/UTC",
        now=record().clock(),
    )


def _entries() -> EntryFilter:
    """Which entries of the timeline. What is no such kind or step shows all of them."""
    kind, step = request.args.get("kind"), request.args.get("step")
    return EntryFilter(kind if kind in KINDS else None, step if record().process.step(step or "") else None)


def _timeline(chain: str, wanted: EntryFilter) -> queries.Timeline:
    if wanted == EntryFilter():
        return queries.timeline(record(), chain, up_to=number("from"))
    return chosen_entries(record(), chain, wanted, up_to=number("from"))


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
    return render_template("log.html", log=queries.log_status(record()), exports=open_to("audit.export", working()))


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
