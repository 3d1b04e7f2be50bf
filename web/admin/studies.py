"""Studies and the versions of their protocols: the list, opening and closing, and releasing a file once looked at."""

from __future__ import annotations

from contextlib import closing

from flask import Response, abort, redirect, render_template, request, url_for

from coi_tracker.errors import NotUnderstood
from coi_tracker.protocols import ProtocolError
from coi_tracker.services import administration, setup
from coi_tracker.services.administration import Preview, StudyView
from web.admin.shared import Shown, blueprint, by, done, for_admins, history, reason, text, tried
from web.session import record

MOST_BYTES = 200_000


@blueprint.get("/studies")
@for_admins
def studies() -> str:
    """Every study."""
    return render_template("admin/studies.html", studies=administration.studies(record()))


def _find(key: str) -> StudyView:
    return next((one for one in administration.studies(record()) if one.study.key == key), None) or abort(404)


@blueprint.get("/studies/<key>")
@for_admins
def study(key: str) -> str:
    """One study with the versions of its protocol."""
    return _page(key, None)


def _page(key: str, problem: str | None) -> str:
    return render_template(
        "admin/study.html", one=_find(key), problem=problem, done=done(), history=history("study", key)
    )


@blueprint.post("/studies/<key>/open")
@for_admins
def open_study(key: str) -> Shown:
    """Open it for new participants, or close it."""
    is_open = not _find(key).study.open
    return tried(
        lambda: setup.set_study_open(record(), key, is_open=is_open, by=by(), reason=reason()),
        lambda problem: _page(key, problem),
        then=url_for("admin.study", key=key),
    )


@blueprint.get("/studies/<key>/<version>.toml")
@for_admins
def protocol(key: str, version: str) -> Response:
    """The exact text of a released version."""
    found = next((one for one in _find(key).versions if one.definition.version == version), None)
    if found is None:
        abort(404)
    answer = Response(found.text, mimetype="text/plain")
    answer.headers["Content-Disposition"] = "attachment"
    return answer


# --- releasing ------------------------------------------------------------------------------------


@blueprint.get("/protocols/release")
@for_admins
def release() -> str:
    """The form for a file."""
    return _release(None)


def _release(problem: str | None, *, content: str = "", preview: Preview | None = None) -> str:
    return render_template("admin/release.html", problem=problem, content=content, preview=preview)


@blueprint.post("/protocols/release")
@for_admins
def look_or_release() -> Shown:
    """Show what a file says and what differs; release it once somebody looked, and said why."""
    try:
        content = _content()
        preview = administration.preview_protocol(record(), content, name="the file")
    except (NotUnderstood, ProtocolError) as error:
        return _release(str(error), content=text("content", MOST_BYTES)), 400
    if text("digest", 100) != preview.definition.digest:
        return _release(None, content=content, preview=preview)
    try:
        setup.release_protocol(record(), content, by=by(), reason=reason(), name="the file")
    except (NotUnderstood, ProtocolError) as error:
        return _release(str(error), content=content, preview=preview), 400
    return redirect(url_for("admin.study", key=preview.definition.key, done=1), code=303)


def _content() -> str:
    """The text of the form, or of the file that came with it. Raises NotUnderstood."""
    file = request.files.get("file")
    if file is None or not file.filename:
        content = request.form.get("content", "").replace("\r\n", "\n")
    else:
        with closing(file):
            content = _decoded(file.stream.read(MOST_BYTES + 1))
    if not content.strip() or len(content) > MOST_BYTES:
        raise NotUnderstood(
            expected=f"a protocol file of at most {MOST_BYTES} characters",
            came=f"{len(content)} characters" if len(content) <= MOST_BYTES else "a larger one",
            do="choose the file again",
        )
    return content


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise NotUnderstood(expected="a TOML file in UTF-8", came="other bytes", do="choose the file") from None
