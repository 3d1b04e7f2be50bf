"""Failures as a program reads them: problem details (RFC 9457), with what was expected, what came and what to do.

What somebody sent is never repeated, but for the names of fields, shortened and escaped.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from apiflask import APIFlask, HTTPError
from flask import Response

from coi_tracker.errors import BrokenPromise, CoiError, NotUnderstood, safe_excerpt
from coi_tracker.services.faults import may_be_sent_again
from web.api.strict_json import harmless

MEDIA = "application/problem+json"
AT = "/api/v1/docs"
_log = logging.getLogger(__name__)

TITLES: Mapping[str, tuple[int, str]] = {
    "not-understood": (400, "The request cannot be understood"),
    "no-token": (401, "No valid token"),
    "not-allowed": (403, "This token does not allow that"),
    "not-proved": (403, "Nobody proved to be the person who acts"),
    "not-found": (404, "Not found"),
    "no-method": (405, "This address does not take that method"),
    "again": (409, "Try again"),
    "too-large": (413, "Too large"),
    "not-json": (415, "Not JSON"),
    "refused": (422, "Refused by the rules of the process"),
    "too-many": (429, "Too many requests"),
    "our-fault": (500, "A fault of the tracker"),
    "not-available": (503, "The record is not available"),
}
"""Every type of problem, with its status and title. The documentation page explains each under its name."""

WORDS: Mapping[int, tuple[str, str, str, str]] = {
    404: ("not-found", "the address of something that this token may know of", "another address", "see " + AT),
    405: ("no-method", "a method that this address takes", "another one", "see the header Allow, or " + AT),
    413: ("too-large", "a request of at most 128 KiB", "more", "send less: scans are short, and files go elsewhere"),
    415: ("not-json", "JSON, with the header Content-Type: application/json", "something else", "send JSON"),
}


def problem(
    code: str,
    *,
    expected: str,
    came: str,
    do: str,
    more: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer for a problem of the list."""
    body = {**body_of(code, expected=expected, came=came, do=do), **(more or {})}
    answer = Response(harmless(json.dumps(body, ensure_ascii=True)), status=TITLES[code][0], mimetype=MEDIA)
    answer.headers.update(headers or {})
    return answer


def body_of(code: str, *, expected: str, came: str, do: str) -> dict[str, Any]:
    """What every problem says."""
    status, title = TITLES[code]
    detail = f"Expected {expected}; got {came}; {do}."
    said = {"expected": expected, "came": came, "do": do}
    return {"type": f"{AT}#{code}", "title": title, "status": status, "detail": detail, **said}


def register(app: APIFlask) -> None:
    """Answer every failure of this application so."""
    app.error_processor(_of_http)
    app.register_error_handler(NotUnderstood, _not_understood)
    app.register_error_handler(CoiError, _coi)
    app.register_error_handler(Exception, _unknown)


def _of_http(error: HTTPError) -> Response:
    kept = {name: str(value) for name, value in dict(error.headers).items() if name in {"Allow", "Retry-After"}}
    if error.status_code in WORDS:
        return of_status(error.status_code, headers=kept)
    if error.status_code >= 500:
        return _unknown(error)
    fields = _fields(error.detail)
    expected = "; ".join(fields) or "a request that can be read"
    return problem("not-understood", expected=expected, came="something else", do=f"see {AT}")


def of_status(status: int, *, headers: Mapping[str, str] | None = None) -> Response:
    """The answer for a status that needs no words of its own."""
    code, expected, came, do = WORDS[status]
    return problem(code, expected=expected, came=came, do=do, headers=headers)


def _fields(detail: Any) -> list[str]:
    """What is wrong with which field: names and rules of ours, and at most ten of them. Never a value."""
    if not isinstance(detail, Mapping):
        return []
    found = [(name, words) for place in detail.values() for name, words in dict(place).items()]
    return [f"{safe_excerpt(str(name), 40)}: {_plain(words)}" for name, words in found[:10]]


def _plain(words: Any) -> str:
    return safe_excerpt(str(words[0] if isinstance(words, list) and words else words), 120).rstrip(".")


def _not_understood(error: NotUnderstood) -> Response:
    return problem(
        "not-understood", expected=error.expected, came=error.came, do=error.do.replace("`coi attempt --help`", AT)
    )


def _coi(error: CoiError) -> Response:
    if may_be_sent_again(error):
        return problem("again", expected=error.expected, came=error.came, do=error.do, headers={"Retry-After": "1"})
    _log.error("%s", error)
    if isinstance(error, BrokenPromise):
        return _our_fault()
    return problem(
        "not-available",
        expected="a record that can be used",
        came="one that cannot, for the moment",
        do="send the same again in a minute; if it stays so, tell the operator the time",
        headers={"Retry-After": "60"},
    )


def _unknown(error: Exception) -> Response:
    _log.error("an answer failed", exc_info=error)
    return _our_fault()


def _our_fault() -> Response:
    return problem(
        "our-fault", expected="an answer", came="a fault of the tracker", do="tell the operator the time of this answer"
    )
