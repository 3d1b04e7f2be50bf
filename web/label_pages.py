"""The labels of a course: how they look, printing them, what became of a print job, and what is still open.

A picture of a label on a page is not a label: it is drawn so that no scanner reads it. Labels leave the tracker through
print jobs only. Scanning them back is a step at a station, like any other.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from coi_tracker.errors import NotUnderstood
from coi_tracker.process.til_v1 import TIL_V1
from coi_tracker.services import print_counting, print_work, printers, printing, queries
from coi_tracker.services.changes import new_event_id
from coi_tracker.services.printing import JobView
from coi_tracker.services.reconciliation import OpenLabel, reconcile
from coi_tracker.vocabulary import LIVE_LABELS, JobState, LabelState, PrinterKind, PrintState
from labels.layout import draw
from labels.preview import preview_of
from web.access import for_readers, for_roles
from web.printing import content_of, render
from web.session import record, working

blueprint = Blueprint("labels", __name__)

PRINTING = tuple(TIL_V1.steps["issue_labels"].by | TIL_V1.steps["reprint_label"].by)
"""Who may print: whoever may issue or reprint labels. At which place, the service asks."""


@blueprint.get("/courses/<text>/labels")
@for_readers
def of_course(text: str) -> str:
    """Every label of a course, what is open, and the jobs it was printed in."""
    return _page(_seen(text), None)


def _page(coi: str, problem: NotUnderstood | None) -> str:
    view = queries.course_view(record(), coi, who=working())
    balance = reconcile(record(), coi)
    if view is None or balance is None:
        abort(404)
    mine = {role.place for role in working().roles}
    return render_template(
        "labels/of_course.html",
        view=view,
        course=view.course,
        balance=balance,
        open={one.serial: one for one in balance.all.open},
        jobs=printing.jobs(record(), course=coi),
        printers=[one for one in printers.printers(record()) if one.active and one.place in mine],
        prints=working().has(*PRINTING),
        printable={one.serial for one in balance.all.open if _waits(one)},
        live=LIVE_LABELS,
        job_id=new_event_id(record()),
        problem=problem,
    )


def _waits(label: OpenLabel) -> bool:
    """Whether a label can be printed: no printer had it, or it is known not to have come out."""
    return label.state is LabelState.ISSUED and label.at_printer in (None, PrintState.NOT_PRINTED)


def _seen(text: str) -> str:
    """The COI of an address, of a course that this person may know of. Anything else is not found."""
    try:
        coi = queries.coi_of(text)
    except NotUnderstood:
        abort(404)
    if queries.course_view(record(), coi, who=working()) is None:
        abort(404)
    return coi


@blueprint.get("/courses/<text>/labels/<serial>.svg")
@for_readers
def preview(text: str, serial: str) -> Response:
    """How a label looks. No scanner reads it."""
    coi = _seen(text)
    found = printing.look_of(record(), coi, serial)
    if found is None:
        abort(404)
    return Response(preview_of(draw(content_of(found))), mimetype="image/svg+xml")


@blueprint.post("/courses/<text>/print")
@for_roles(*PRINTING)
def ask(text: str) -> tuple[str, int] | AnyResponse:
    """Queue labels for a printer. Sent twice, it is one job."""
    coi = _seen(text)
    job = request.form.get("job", "")
    try:
        printing.ask_to_print(
            record(),
            job,
            printer=request.form.get("printer", ""),
            by=working().account,
            serials=_ticked(),
            course=coi,
            check=render,
        )
    except NotUnderstood as error:
        return _page(coi, error), 400
    return redirect(url_for("labels.job", job_id=job), code=303)


def _ticked() -> list[str]:
    """The serials that somebody chose. Without one the service would print all that wait: nobody asked for that."""
    if not (serials := request.form.getlist("serial")):
        raise NotUnderstood(expected="at least one label", came="none of them", do="tick the labels to print")
    return serials[: printing.MOST_LABELS + 1]


@blueprint.get("/prints/<job_id>")
@for_readers
def job(job_id: str) -> str:
    """One print job."""
    return _job_page(_job(job_id), None)


def _job_page(view: JobView, problem: NotUnderstood | None) -> str:
    return render_template(
        "labels/job.html",
        view=view,
        job=view.job,
        prints=working().has(*PRINTING),
        waits=view.job.state is JobState.QUEUED,
        fetched_by_hand=view.printer.kind is PrinterKind.DOWNLOAD,
        to_count=view.job.state is JobState.MAY_HAVE_PRINTED,
        problem=problem,
    )


def _job(job_id: str) -> JobView:
    """A job of a course that this person may know of. Anything else is not found."""
    try:
        view = printing.find_job(record(), job_id)
    except NotUnderstood:
        abort(404)
    _seen(view.job.coi)
    return view


@blueprint.post("/prints/<job_id>/cancel")
@for_roles(*PRINTING)
def cancel(job_id: str) -> tuple[str, int] | AnyResponse:
    """What waits is not wanted any more."""
    view = _job(job_id)
    try:
        printing.cancel_job(record(), job_id, by=working().account)
    except NotUnderstood as error:
        return _job_page(view, error), 400
    return redirect(url_for("labels.job", job_id=job_id), code=303)


@blueprint.post("/prints/<job_id>/count")
@for_roles(*PRINTING)
def count(job_id: str) -> tuple[str, int] | AnyResponse:
    """Which labels came out of a job that may have printed."""
    view = _job(job_id)
    try:
        print_counting.settle_job(record(), job_id, printed=_counted(), by=working().account)
    except NotUnderstood as error:
        return _job_page(view, error), 400
    return redirect(url_for("labels.job", job_id=job_id), code=303)


def _counted() -> list[str]:
    """The serials that came out. That none did makes all of them free to be printed again: it is said, or not so."""
    serials = request.form.getlist("serial")[: printing.MOST_LABELS]
    if bool(serials) == ("none" in request.form):
        raise NotUnderstood(
            expected="the labels that came out, or that not one did",
            came="both of it" if serials else "neither",
            do="tick every label that came out; say that not one did only if you saw none at the printer",
        )
    return serials


@blueprint.post("/prints/<job_id>/file")
@for_roles(*PRINTING)
def fetch(job_id: str) -> tuple[str, int] | AnyResponse:
    """The file of a job for a download: once, and from then on it may have printed."""
    view = _job(job_id)
    try:
        content = print_work.hand_out(record(), job_id, by=working().account, render=render)
    except NotUnderstood as error:
        return _job_page(view, error), 400
    name = f"attachment; filename=labels-{job_id}.pdf"
    return Response(content, mimetype="application/pdf", headers={"Content-Disposition": name})
