"""Reading: courses, their labels and entries, the log, places and plans. As far as the places of a token go.

Asks the same questions as the pages. What a token may not see is not found.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, NoReturn

from apiflask import APIBlueprint
from flask import Response, abort, make_response, request

from coi_tracker.errors import NotUnderstood
from coi_tracker.services import log_pages, plan_lines, queries
from coi_tracker.services.queries import CourseFilter, CourseView
from coi_tracker.vocabulary import Scope
from web.api.callers import caller, for_everybody, for_scope
from web.api.problems import problem
from web.api.shapes import (
    ChainIn,
    ChainOut,
    CourseOut,
    CoursesIn,
    CoursesOut,
    EntriesIn,
    EntriesOut,
    HealthOut,
    LabelsOut,
    PlacesOut,
    PlansOut,
)
from web.session import record

blueprint = APIBlueprint("reading", __name__, tag="Reading")


@blueprint.get("/health")
@for_everybody
@blueprint.output(HealthOut)
@blueprint.doc(summary="Whether the record can be read", operation_id="health")
def health() -> Any:
    """For a watchdog. Needs no token, tells no more than that."""
    found = queries.log_status(record())
    return {"status": "ok", "entries": found.size + found.waiting}


@blueprint.get("/courses")
@for_scope(Scope.READ_COURSES)
@blueprint.input(CoursesIn, location="query", arg_name="wanted")
@blueprint.output(CoursesOut)
@blueprint.doc(summary="Courses, by page", operation_id="listCourses")
def courses(wanted: CoursesIn) -> Any:
    """The courses that fit, the newest first. A page beyond the last is the last."""
    found = queries.courses(record(), _filter(wanted), page=wanted.page, who=caller().viewer)
    return {"courses": found.courses, "page": found.number, "pages": found.pages, "total": found.total}


def _filter(wanted: CoursesIn) -> CourseFilter:
    return CourseFilter(wanted.search, wanted.site, wanted.standing)


@blueprint.get("/courses/<coi>")
@for_scope(Scope.READ_COURSES)
@blueprint.output(CourseOut)
@blueprint.doc(summary="One course", operation_id="getCourse")
def course(coi: str) -> Any:
    """One course as it is now, with its containers, hand-offs, holds and open deviations."""
    view = _view(coi)
    head = view.course.head or ""
    if request.if_none_match.contains(head):
        return _unchanged(head)
    answer = make_response(CourseOut.model_validate(_course(view)).model_dump(mode="json"))
    answer.set_etag(head)
    return answer


def _unchanged(head: str) -> Response:
    answer = Response(status=304)
    answer.set_etag(head)
    return answer


def _view(text: str) -> CourseView:
    """The course of an address. One that cannot be read is not found: nothing is told about codes that exist."""
    try:
        coi = queries.coi_of(text)
    except NotUnderstood:
        _not_found()
    view = queries.course_view(record(), coi, who=caller().viewer)
    if view is None:
        _not_found()
    return view


def _not_found() -> NoReturn:
    abort(
        problem(
            "not-found",
            expected="a course that this token may know of",
            came="none of that identifier",
            do="look at the identifier, or ask for the courses at /api/v1/courses",
        )
    )


def _course(view: CourseView) -> dict[str, Any]:
    one = view.course
    plain = ("coi", "site", "facility", "cohort", "route", "manufacture", "material", "disposition", "treatment")
    return {
        **{name: getattr(one, name) for name in (*plain, "standing", "head", "holds", "deviations")},
        "study": one.subject.study if one.subject else "",
        "subject": one.subject.number if one.subject else None,
        "opened_at": view.opened_at,
        "entries": one.seq,
        "containers": sorted(one.containers.values(), key=lambda each: (each.kind, each.part)),
        "hand_offs": view.hand_offs,
    }


@blueprint.get("/courses/<coi>/labels")
@for_scope(Scope.READ_COURSES)
@blueprint.output(LabelsOut)
@blueprint.doc(summary="The labels of a course", operation_id="listLabels")
def labels(coi: str) -> Any:
    """Every label that was ever issued for a course, and what became of it."""
    view = _view(coi)
    return {"coi": view.course.coi, "labels": view.labels}


@blueprint.get("/courses/<coi>/entries")
@for_scope(Scope.READ_ENTRIES)
@blueprint.input(ChainIn, location="query", arg_name="wanted")
@blueprint.output(ChainOut)
@blueprint.doc(summary="The entries of a course", operation_id="listEntriesOfCourse")
def entries_of_course(coi: str, wanted: ChainIn) -> Any:
    """The chain of a course as it was signed and kept, refusals included, the newest first."""
    view = _view(coi)
    found = queries.timeline(record(), view.course.chain, up_to=wanted.up_to, most=wanted.most)
    entries = [{"seq": one.seq, "digest": one.digest, "text": one.text} for one in found.entries]
    return {"coi": view.course.coi, "last": found.last, "older": found.older, "entries": entries}


@blueprint.get("/entries")
@for_scope(Scope.READ_ENTRIES)
@blueprint.input(EntriesIn, location="query", arg_name="wanted")
@blueprint.output(EntriesOut)
@blueprint.doc(summary="The log, by page", operation_id="listEntries")
def entries(wanted: EntriesIn) -> Any:
    """The log in its order, as far as this token may see it: exact texts, for who keeps or checks them."""
    found = log_pages.entries_from(record(), caller().viewer, start=wanted.start, most=wanted.most)
    return {"entries": [asdict(one) for one in found.entries], "next": found.next, "size": found.size}


@blueprint.get("/places")
@for_scope(Scope.READ_PLACES)
@blueprint.output(PlacesOut)
@blueprint.doc(summary="Places", operation_id="listPlaces")
def places() -> Any:
    """The places of this token; every place for a token of the sponsor."""
    who = caller().viewer
    return {"places": [asdict(one) for one in queries.places(record()) if who.everywhere or one.id in who.places]}


@blueprint.get("/plans")
@for_scope(Scope.READ_COURSES)
@blueprint.input(CoursesIn, location="query", arg_name="wanted")
@blueprint.output(PlansOut)
@blueprint.doc(summary="What is planned", operation_id="listPlans")
def plans(wanted: CoursesIn) -> Any:
    """Booked days of manufacture, and the day of infusion, of the courses that fit."""
    found = plan_lines.plans(record(), _filter(wanted), page=wanted.page, who=caller().viewer)
    return {"plans": found.plans, "page": found.number, "pages": found.pages, "total": found.total}
