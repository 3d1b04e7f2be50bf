"""For those who review the audit trail: what was refused, entered late or changed, by period and site; and bundles.

Reading is GET; an export is a POST, because it signs a checkpoint. Shows and exports only what the person may know of.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from coi_tracker.errors import Misconfigured, NotUnderstood
from coi_tracker.identity import safe_excerpt
from coi_tracker.services import keys, log_questions, queries
from coi_tracker.services.export import Chosen
from coi_tracker.services.export import export as write_bundle
from coi_tracker.services.log_questions import USUAL, Period, Question
from coi_tracker.services.viewers import Viewer
from coi_tracker.vocabulary import PlaceKind, Role
from web import problems
from web.access import for_roles
from web.pages import number
from web.session import record, settings, working

TITLES = {
    Question.REFUSALS: "Refusals",
    Question.LATE: "Late entries",
    Question.CHANGES: "Changes of the set-up",
}
PIECE = 64 * 1024
NO_KEY = "The bundle cannot be signed: this program cannot read the key of the log. Nothing was changed."
EARLIEST, LATEST = date(2000, 1, 1), date(2200, 1, 1)

blueprint = Blueprint("audit", __name__, url_prefix="/log")


@blueprint.get("/entries/<question>")
@for_roles(Role.AUDITOR, Role.QA)
def entries(question: str) -> str:
    """One list of the log, by period and site."""
    try:
        asked = Question(question)
    except ValueError:
        abort(404)
    who = working()
    period = _period(who)
    found = log_questions.ask(record(), asked, period, who=who, page=number("page") or 1)
    return render_template(
        "audit/entries.html",
        asked=asked,
        titles=TITLES,
        found=found,
        period=period,
        last=(period.until - timedelta(seconds=1)).date(),
        places=_places(who),
        process=record().process,
    )


def _period(who: Viewer) -> Period:
    """From and to, days included, in UTC; the last days where nothing is said."""
    now = record().clock()
    last = _day("to") or now.date()
    first = _day("from") or max(EARLIEST, last - timedelta(days=USUAL))
    site = request.args.get("site") or None
    if site is not None and site not in {p.id for p in _places(who)}:
        abort(404)
    since, until = (datetime.combine(day, time.min, UTC) for day in (first, last + timedelta(days=1)))
    return Period(since, until, site)


def _day(name: str) -> date | None:
    text = request.args.get(name, "")
    if not text:
        return None
    try:
        found = date.fromisoformat(text[:10])
    except ValueError:
        found = LATEST
    if len(text) > 10 or not EARLIEST <= found < LATEST:
        raise NotUnderstood(
            expected=f"a day for {name!r}, such as 2026-11-22", came=safe_excerpt(text, 20), do="correct it"
        )
    return found


def _places(who: Viewer) -> list[Any]:
    """Places whose entries she may ask for."""
    return [p for p in queries.places(record()) if who.everywhere or p.id in who.places]


@blueprint.get("/export")
@for_roles(Role.AUDITOR, Role.QA)
def export() -> str:
    """What can be exported, and how it is verified."""
    who = working()
    sites = [p for p in _places(who) if p.kind is PlaceKind.SITE]
    return render_template(
        "audit/export.html", sites=sites, everywhere=who.everywhere, log=queries.log_status(record())
    )


@blueprint.post("/export")
@for_roles(Role.AUDITOR, Role.QA)
def export_now() -> AnyResponse:
    """The bundle, as a file. It is written to disk first, so that a fault is told instead of half a file."""
    who = working()
    chosen, name = _chosen(who)
    folder = tempfile.TemporaryDirectory(prefix="coi-export-")
    out = Path(folder.name) / name
    try:
        key = keys.load(record(), settings().key_dir)
    except Misconfigured:
        folder.cleanup()
        return make_response(problems.page(503, told=NO_KEY))
    try:
        write_bundle(record(), key, chosen=chosen, out=out, exported_by=who.name)
    except BaseException:
        folder.cleanup()
        raise
    headers = {"Content-Disposition": f"attachment; filename={name}", "Content-Length": str(out.stat().st_size)}
    return Response(_pieces(out, folder), mimetype="application/zip", headers=headers)


def _pieces(out: Path, folder: tempfile.TemporaryDirectory[str]) -> Iterator[bytes]:
    with folder, out.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _chosen(who: Viewer) -> tuple[Chosen, str]:
    """What she asked for, if she may know of it, and a name for the file. Otherwise it is not found."""
    what = request.form.get("what")
    if what == "course":
        coi = _coi(request.form.get("course", ""))
        if queries.course_view(record(), coi, who=who) is None:
            abort(404)
        return Chosen(course=coi), f"coi-{coi}.zip"
    if what == "site":
        site = request.form.get("site", "")
        if site not in {p.id for p in _places(who) if p.kind is PlaceKind.SITE}:
            abort(404)
        return Chosen(site=site), "coi-site.zip"
    if what != "everything" or not who.everywhere:
        abort(404)
    return Chosen(), "coi-everything.zip"


def _coi(text: str) -> str:
    try:
        return queries.coi_of(text)
    except NotUnderstood:
        abort(404)
