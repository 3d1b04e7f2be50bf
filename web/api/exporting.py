"""Exporting a part of the log, so that a stranger can verify it: a zip with entries, proofs and the verifier."""

from __future__ import annotations

import os
import threading
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from apiflask import APIBlueprint
from flask import Response, abort

from coi_tracker.errors import NotUnderstood
from coi_tracker.services import keys, queries
from coi_tracker.services.export import Chosen, export
from coi_tracker.vocabulary import Scope
from web.api.callers import caller, deny, for_scope
from web.api.problems import problem
from web.api.shapes import ExportIn
from web.session import record, settings

blueprint = APIBlueprint("exporting", __name__, tag="Reading")

PIECE = 64 * 1024
_one_at_a_time = threading.Semaphore(1)


@blueprint.post("/exports")
@for_scope(Scope.EXPORT)
@blueprint.input(ExportIn, arg_name="given")
@blueprint.doc(
    summary="A bundle to verify",
    operation_id="export",
    responses={
        200: {
            "description": "A zip: entries, proofs, checkpoint, verify.py",
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        },
    },  # type: ignore[arg-type]
)
def bundle(given: ExportIn) -> Any:
    """One course, one site, one period or everything, under a checkpoint made now. One at a time in a process."""
    chosen = _chosen(given)
    key = keys.load(record(), settings().key_dir)
    if not _one_at_a_time.acquire(blocking=False):
        return _busy()
    folder = TemporaryDirectory(prefix="coi-export-")
    try:
        out = Path(folder.name) / "coi-bundle.zip"
        export(record(), key, chosen=chosen, out=out, exported_by=caller().name)
        file = out.open("rb")  # open, it can be read though its folder is gone: nothing is left behind
    finally:
        _one_at_a_time.release()
        folder.cleanup()
    return _streamed(file)


def _busy() -> Response:
    return problem(
        "too-many",
        expected="one export at a time",
        came="another one that is being made",
        do="try again in a minute",
        headers={"Retry-After": "30"},
    )


def _streamed(file: BinaryIO) -> Response:
    answer = Response(iter(partial(file.read, PIECE), b""), mimetype="application/zip")
    answer.content_length = os.fstat(file.fileno()).st_size
    answer.headers["Content-Disposition"] = 'attachment; filename="coi-bundle.zip"'
    answer.call_on_close(file.close)
    return answer


def _chosen(given: ExportIn) -> Chosen:
    """What to export, if this token may see all of it."""
    ways = (given.course, given.site, given.since or given.until, given.everything or None)
    if sum(one is not None for one in ways) != 1:
        raise NotUnderstood(
            expected="a course, or a site, or since and until, or everything: true",
            came="none or more than one of these",
            do="export them one after the other",
        )
    if given.course is not None:
        return Chosen(course=_course(given.course))
    who = caller().viewer
    if given.site is not None and given.site in who.places:
        return Chosen(site=given.site)
    if not who.everywhere:
        deny(needed=["a token of the sponsor"], expected="a course, or a site of this token", came="more than that")
    return Chosen(site=given.site, since=_midnight(given.since), until=_midnight(given.until))


def _course(text: str) -> str:
    try:
        coi = queries.coi_of(text)
    except NotUnderstood:
        coi = None
    if coi is None or queries.course_view(record(), coi, who=caller().viewer) is None:
        abort(
            problem(
                "not-found",
                expected="a course that this token may know of",
                came="none of that identifier",
                do="look at the identifier",
            )
        )
    return coi


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)
