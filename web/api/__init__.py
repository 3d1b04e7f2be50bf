"""The API for programs, under ``/api/v1``: an application of its own beside the pages, around the same record.

It never sees a cookie and the pages never see a token (docs/decisions/0140). What is asked and recorded goes through
the same services as the pages.
"""

from __future__ import annotations

from apiflask import APIFlask
from flask import Flask, Response, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from coi_tracker import __version__
from coi_tracker.config import Settings
from coi_tracker.errors import NotUnderstood, safe_excerpt
from coi_tracker.services.record import Record
from web import headers
from web.api import attempting, callers, describing, exporting, problems, reading, scanning
from web.api.strict_json import StrictJson

PREFIX = "/api/v1"
MOST_BYTES = 128 * 1024
"""Of a request. The largest step is a tenth of that, and what is kept of one fits into an entry of the log."""
PLAIN = {
    "AUTO_200_RESPONSE": False,
    "AUTO_404_RESPONSE": False,
    "AUTO_AUTH_ERROR_RESPONSE": False,
    "AUTO_SERVERS": False,
    "AUTO_TAGS": True,
    "AUTO_VALIDATION_ERROR_RESPONSE": False,
    "DESCRIPTION": describing.DESCRIPTION,
    "SECURITY_SCHEMES": {"token": {"type": "http", "scheme": "bearer", "description": describing.BEARER}},
    "SERVERS": [{"url": PREFIX}],
    "VALIDATION_ERROR_STATUS_CODE": 400,
}


def mount(app: Flask, record: Record, settings: Settings) -> APIFlask:
    """Put the API beside the pages of an application; both answer through its one door."""
    api = make_api(record, settings)
    app.extensions["api"] = api
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {PREFIX: api.wsgi_app})  # type: ignore[method-assign]
    return api


def make_api(record: Record, settings: Settings) -> APIFlask:
    """The API alone."""
    api = APIFlask(
        __name__,
        title="COI Tracker",
        version=__version__,
        docs_path=None,
        json_errors=False,
        static_folder=None,  # type: ignore[arg-type]
    )
    api.config.update(PLAIN, MAX_CONTENT_LENGTH=MOST_BYTES)
    api.extensions |= {"record": record, "settings": settings}
    api.json = StrictJson(api)
    api.jinja_env.trim_blocks = api.jinja_env.lstrip_blocks = True
    api.after_request(_may_be_asked_again)
    headers.register(api)
    problems.register(api)
    callers.register(api)
    api.before_request(_refuse_said_twice)
    api.before_request(_refuse_other_media)
    for room in (scanning, attempting, reading, exporting):
        api.register_blueprint(room.blueprint)
    describing.register(api)
    callers.refuse_undeclared(api)
    return api


def _refuse_said_twice() -> None:
    """What two programs could read differently is not read at all, in an address as in a body. Raises NotUnderstood."""
    for name, values in request.args.lists():
        if len(values) > 1:
            raise NotUnderstood(
                expected=f"each parameter once: {safe_excerpt(name, 40)}",
                came="one that is there twice",
                do="say it once",
            )


def _refuse_other_media() -> Response | None:
    """A body is JSON and says so: no form of another site can pretend to be it."""
    if request.method != "POST" or request.endpoint is None:
        return None
    if not request.is_json:
        return problems.of_status(415)
    # A body whose length was not said is cut at the limit by the server; what was cut is not read.
    return problems.of_status(413) if len(request.get_data()) >= MOST_BYTES else None


def _may_be_asked_again(answer: Response) -> Response:
    """What carries a mark of its version may be kept by who asked, if it asks again whether that still holds."""
    if answer.headers.get("ETag"):
        answer.headers["Cache-Control"] = "private, no-cache"
    return answer
