"""Who is here: the person signed in at this device, and the station that the device is. Before every request.

Two cookies: a random token for the person, short-lived and known to the database by its digest; and the code of the
station, signed, which stays with the device. Knows no page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from flask import Flask, current_app, g, request
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response

from coi_tracker.config import Settings
from coi_tracker.course import AccountId
from coi_tracker.services import sessions, stations, viewers
from coi_tracker.services.record import Record
from coi_tracker.services.stations import StationHere
from coi_tracker.services.viewers import Viewer

PERSON = "coi_person"
STATION = "coi_station"
STATION_AGE = timedelta(days=400)
"""As long as browsers keep a cookie."""


@dataclass(frozen=True, slots=True)
class Here:
    """Who and where. ``who`` None: nobody is signed in. ``locked``: somebody was, and has to prove it again."""

    who: Viewer | None = None
    locked: bool = False
    station: StationHere | None = None
    token: str | None = None

    @property
    def working(self) -> Viewer | None:
        """The person, if she may do anything just now."""
        return None if self.locked else self.who


def record() -> Record:
    """The record this application works with."""
    found = current_app.extensions["record"]
    assert isinstance(found, Record)  # noqa: S101 - create_app put it there
    return found


def settings() -> Settings:
    """How this installation is set."""
    found = current_app.extensions["settings"]
    assert isinstance(found, Settings)  # noqa: S101 - create_app put it there
    return found


def here() -> Here:
    """Who and where, in this request."""
    found: Here = g.here
    return found


def working() -> Viewer:
    """The person who is signed in. Only where `access` let nobody else in."""
    who = here().working
    assert who is not None  # noqa: S101 - access saw to it
    return who


def register(app: Flask) -> None:
    """Look before every request."""
    app.before_request(_look)
    app.context_processor(lambda: {"here": g.get("here", Here())})


def _look() -> None:
    if request.endpoint in ("static", "pages.health"):
        g.here = Here()
        return
    token = request.cookies.get(PERSON)
    who, locked = _person(token)
    g.here = Here(who, locked, _station(), token if who else None)


def _person(token: str | None) -> tuple[Viewer | None, bool]:
    if not token:
        return None, False
    chosen = settings()
    found = sessions.look_up(
        record(), token, idle=timedelta(minutes=chosen.idle_minutes), longest=timedelta(hours=chosen.session_hours)
    )
    who = None if found is None else viewers.viewer(record(), found.account)
    return who, bool(found and found.locked)


def _station() -> StationHere | None:
    code = _signer().loads(request.cookies.get(STATION, "")) if _readable(request.cookies.get(STATION)) else None
    return stations.station_here(record(), str(code)) if code else None


def _readable(cookie: str | None) -> bool:
    try:
        return bool(cookie) and _signer().loads(cookie or "") is not None
    except BadSignature:
        return False


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="station of this device")


def let_in(answer: Response, account: str) -> None:
    """A new session for somebody who has just proved who she is. Another token than before: none can be foisted."""
    token = sessions.begin(record(), AccountId(account), instead_of=request.cookies.get(PERSON))
    answer.set_cookie(PERSON, token, httponly=True, samesite="Lax", secure=settings().https, path="/")


def let_out(answer: Response) -> None:
    """The end of the session of this device."""
    token = request.cookies.get(PERSON)
    if token:
        sessions.end(record(), token)
    answer.delete_cookie(PERSON, path="/")


def lock() -> None:
    """Nothing more before the person proves again who she is."""
    token = here().token
    if token:
        sessions.lock(record(), token)
        g.here = replace(here(), locked=True)


def be_station(answer: Response, code: str) -> None:
    """This device is that station from now on."""
    signed = _signer().dumps(code)
    age = int(STATION_AGE.total_seconds())
    answer.set_cookie(
        STATION, str(signed), max_age=age, httponly=True, samesite="Lax", secure=settings().https, path="/"
    )
