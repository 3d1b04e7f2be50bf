"""Pages for what went wrong: not found, not allowed, not available, our own fault. In words, and never a traceback."""

from __future__ import annotations

import logging

from flask import Flask, render_template
from werkzeug.exceptions import HTTPException

from coi_tracker.errors import BrokenPromise, CoiError, NotUnderstood

_log = logging.getLogger(__name__)

WORDS = {
    400: ("Not understood", "The address or what came with it cannot be read.", "Go back and try it another way."),
    401: ("Sign in first", "Nobody is signed in here.", "Sign in, and try again."),
    403: (
        "Not for you",
        "None of your roles gives you this. That it was tried is kept in the log.",
        "Go back; ask an administrator if it belongs to your work.",
    ),
    404: (
        "Not found",
        "There is nothing at this address, or nothing that you may know of.",
        "Look it up in the list of courses.",
    ),
    405: ("Not allowed", "This address does not take that.", "Follow a link instead."),
    413: ("Too large", "More was sent than any page takes.", "Send less."),
    414: ("Too long", "The address is too long.", "Follow a link instead."),
    500: ("Our fault", "The tracker could not make this page. Nothing was changed.", "Tell the operator the time."),
    503: ("Not available", "The record cannot be read just now. Nothing was changed.", "Try again in a minute."),
}


def register(app: Flask) -> None:
    """Answer every failure of this application with a page of words."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(NotUnderstood, _not_understood)
    app.register_error_handler(CoiError, _coi)
    app.register_error_handler(Exception, _unknown)


def page(status: int, *, told: str = "") -> tuple[str, int]:
    """The page of a status. `told`: a sentence in place of the general one."""
    title, what, do = WORDS.get(status, WORDS[500 if status >= 500 else 400])
    return render_template("problem.html", title=title, what=told or what, do=do, status=status), status


def _http(error: HTTPException) -> tuple[str, int]:
    return page(error.code or 500)


def _not_understood(error: NotUnderstood) -> tuple[str, int]:
    return page(400, told=str(error))


def _coi(error: CoiError) -> tuple[str, int]:
    _log.error("%s", error)
    return page(500 if isinstance(error, BrokenPromise) else 503)


def _unknown(error: Exception) -> tuple[str, int]:
    _log.error("a page failed", exc_info=error)
    return page(500)
