"""Signing in, out, locking the screen, changing the person, and saying which station this device is.

Who somebody is comes from an account id or a scan of her badge; that she is it, from her password. What else has to be
proved or done first is asked for by `proving`.
"""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import BadgeCode, StationCode, read_scan
from coi_tracker.services import signing_in, stations
from coi_tracker.services.signing_in import NotSignedIn
from web import half_way, outside, session
from web.access import for_everybody, for_people, safe_way

blueprint = Blueprint("signing_in", __name__)


@blueprint.get("/sign-in")
@for_everybody
def form() -> str:
    """The form. Whose screen is locked needs only the password, and so does who scanned her badge at a station."""
    return _form(None, account=request.args.get("account", "")[:200])


def _form(problem: str | None, *, account: str = "") -> str:
    here = session.here()
    known = here.who.account if here.who and here.locked else ""
    return render_template(
        "people/sign_in.html",
        problem=problem,
        account=account or known,
        to=safe_way(request.values.get("to")),
        provider=outside.provider(),
    )


@blueprint.post("/sign-in")
@for_everybody
def sign_in() -> str | tuple[str, int] | AnyResponse:
    """Let somebody in whose password fits.

    A badge scanned into the field of the password says that it is somebody else's turn: nothing has failed.
    """
    password = request.form.get("password", "")
    if _badge(password) is not None:
        return _form(None, account=password.strip())
    here = session.here()
    found = signing_in.sign_in(
        session.record(), request.form.get("account", ""), password, station=here.station.code if here.station else None
    )
    if isinstance(found, NotSignedIn):
        return _form(found.why, account=request.form.get("account", "")[:100]), 401
    return half_way.go_on(found, request.form.get("to", ""))


@blueprint.post("/change-person")
@for_people
def change_person() -> str:
    """Somebody else scanned her badge: the screen is locked, and asks for her password."""
    session.lock()
    return _form(None, account=request.form.get("badge", "").strip()[:200])


def _badge(typed: str) -> BadgeCode | None:
    try:
        read = read_scan(typed.strip()[:200])
    except NotUnderstood:
        return None
    return read if isinstance(read, BadgeCode) else None


@blueprint.post("/sign-out")
@for_everybody
def sign_out() -> AnyResponse:
    """The end of the session."""
    answer = redirect(url_for("signing_in.form"), code=303)
    session.let_out(answer)
    return answer


@blueprint.post("/lock")
@for_people
def lock() -> AnyResponse:
    """Lock the screen."""
    session.lock()
    return redirect(url_for("signing_in.form", to=safe_way(request.form.get("to"))), code=303)


@blueprint.get("/station")
@for_people
def station() -> str:
    """Which station this device is, and a field to say another."""
    return _station(None)


def _station(problem: str | None) -> str:
    return render_template("people/station.html", problem=problem, to=safe_way(request.values.get("to")))


@blueprint.post("/station")
@for_people
def be_station() -> tuple[str, int] | AnyResponse:
    """This device is the station whose code was scanned; by somebody who works at its place, or sets it up."""
    try:
        read = read_scan(request.form.get("code", "")[:200])
    except NotUnderstood as error:
        return _station(str(error)), 400
    found = stations.station_here(session.record(), read.text) if isinstance(read, StationCode) else None
    if found is None:
        return _station("Expected the code of a registered station. It is printed on the station itself."), 400
    who = session.working()
    if found.place not in {one.place for one in who.roles} and not any(one.role == "admin" for one in who.roles):
        abort(403)
    answer = redirect(safe_way(request.form.get("to")), code=303)
    session.be_station(answer, found.code)
    return answer
