"""Which system calls, and which person stands behind it. Asked before every view; one that says nothing is closed.

The header ``Authorization: Bearer coi_...`` says which system. ``COI-Person`` carries the session of somebody who
signed in through it. Cookies say nothing here, so no other site's page can call in anybody's name.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NoReturn, TypeVar

from apiflask import APIFlask
from flask import Response, abort, current_app, g, request

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import StationCode, read_scan
from coi_tracker.services import sessions, stations, tokens
from coi_tracker.services.tokens import Caller
from coi_tracker.vocabulary import Scope
from web.api.pace import Pace
from web.api.problems import problem
from web.session import record, settings

View = TypeVar("View", bound=Callable[..., Any])

PERSON = "COI-Person"
OPEN: frozenset[Scope] = frozenset()


def for_scope(*needed: Scope) -> Callable[[View], View]:
    """For systems whose token has one of these scopes."""

    def marked(view: View) -> View:
        view.scopes = frozenset(needed)  # type: ignore[attr-defined]
        return view

    return marked


def for_everybody(view: View) -> View:
    """For whoever can reach this machine: nothing of the record is told."""
    view.scopes = OPEN  # type: ignore[attr-defined]
    return view


def register(app: APIFlask) -> None:
    """Ask before every view; those of the framework tell the form of the API, and are for everybody."""
    app.extensions["pace"] = Pace()
    for_everybody(app.view_functions["openapi.spec"])
    app.before_request(_judge)


def refuse_undeclared(app: APIFlask) -> None:
    """Raise LookupError for a view that says nothing."""
    silent = [name for name, view in app.view_functions.items() if not hasattr(view, "scopes")]
    if silent:
        raise LookupError(f"which scope opens {', '.join(sorted(silent))}?")


def scopes_of(view: Any) -> frozenset[Scope]:
    """What a view needs; empty for one that is for everybody."""
    found: frozenset[Scope] = view.scopes
    return found


def _judge() -> Response | None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or getattr(view, "scopes", None) == OPEN:
        return None  # no such address: told by whoever answers that
    found = tokens.caller_of(record(), _bearer())
    if found is None:
        return problem(
            "no-token",
            expected="the header Authorization: Bearer coi_... with a token that is valid",
            came="none",
            do="have an administrator issue one: Administration, Other systems, or `coi tokens add`",
            headers={"WWW-Authenticate": 'Bearer realm="coi"'},
        )
    g.caller = found
    return _too_many(found) or _out_of_scope(found, scopes_of(view))


def _bearer() -> str:
    scheme, _, token = request.headers.get("Authorization", "")[:200].partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _too_many(who: Caller) -> Response | None:
    pace: Pace = current_app.extensions["pace"]
    wait = pace.wait_for(who.id)
    if not wait:
        return None
    return problem(
        "too-many",
        expected=f"at most {pace.a_second:g} requests a second for long",
        came="more",
        do="wait as the header Retry-After says, then send the same again",
        headers={"Retry-After": str(math.ceil(wait))},
    )


def _out_of_scope(who: Caller, needed: frozenset[Scope]) -> Response | None:
    return None if needed & who.scopes else denied(needed=sorted(needed), expected="a token with " + _or(needed))


def _or(words: frozenset[Scope]) -> str:
    return " or ".join(sorted(words))


ASK = "ask an administrator if it belongs to the work of this system; that it was tried is kept in the log"


def denied(
    *, needed: list[str], expected: str, code: str = "not-allowed", came: str = "one without", do: str = ASK
) -> Response:
    """The answer to a system that may not, and its entry in the log."""
    tokens.keep_refusal(record(), caller(), tried=f"{request.method} {request.path}", needed=needed)
    return problem(code, expected=expected, came=came, do=do)


def deny(**words: Any) -> NoReturn:
    """The same, from inside of a view."""
    abort(denied(**words))


def refuse_elsewhere(station: str | None) -> None:
    """A station's token acts for that station only, a program's for stations at its places. Unknown ones: see later."""
    who, code = caller(), _station(station)
    if who.station is not None:
        if code != who.station:
            deny(
                needed=[f"the station {who.station}"], expected="the station of this token", came="another one or none"
            )
        return
    here = None if code is None else stations.station_here(record(), code)
    if here is not None and not who.may_work_at(here.place):
        deny(needed=[f"a token for {here.place}"], expected="a station at a place of this token", came="another one")


def _station(text: str | None) -> str | None:
    try:
        found = None if text is None else read_scan(text)
    except NotUnderstood:
        return None
    return found.text if isinstance(found, StationCode) else None


def caller() -> Caller:
    """The system that calls. Only in views that are not for everybody."""
    found = g.caller
    assert isinstance(found, Caller)  # noqa: S101 - _judge saw to it
    return found


def person() -> str | None:
    """The account of the person who signed in through this system, not another, and is still there. None: nobody."""
    token = request.headers.get(PERSON, "")[:200]
    if not token:
        return None
    chosen = settings()
    found = sessions.look_up(
        record(),
        token,
        idle=timedelta(minutes=chosen.idle_minutes),
        longest=timedelta(hours=chosen.session_hours),
        through=caller().id,
    )
    return None if found is None or found.locked else found.account
