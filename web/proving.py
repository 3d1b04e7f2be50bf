"""The pages between a right password and a session: the code of a second factor, another password, setting one up.

Reached only half-way (`half_way`); the services decide. What failed since the last time is told here, too.
"""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from coi_tracker.errors import NotUnderstood
from coi_tracker.services import people, second_factor, signing_in
from coi_tracker.services.signing_in import NotSignedIn
from web import half_way, pictures
from web.access import for_everybody, for_people, safe_way
from web.half_way import HalfWay
from web.session import here, record

blueprint = Blueprint("proving", __name__, url_prefix="/sign-in")


def _start_again() -> AnyResponse:
    return redirect(url_for("signing_in.form", to=safe_way(request.values.get("to"))), code=303)


def _station() -> str | None:
    found = here().station
    return None if found is None else found.code


# --- the code of a second factor ------------------------------------------------------------------


@blueprint.get("/code")
@for_everybody
def code() -> str | AnyResponse:
    """Ask for the code of the device."""
    person = half_way.of_request()
    return _start_again() if person is None else _code(person, None)


def _code(person: HalfWay, problem: str | None) -> str:
    to = safe_way(request.values.get("to"))
    return render_template("people/code.html", person=person, problem=problem, to=to)


@blueprint.post("/code")
@for_everybody
def enter_code() -> tuple[str, int] | AnyResponse:
    """Let in whose code fits."""
    person = half_way.of_request()
    if person is None:
        return _start_again()
    found = signing_in.enter_code(record(), person.account, request.form.get("code", ""), station=_station())
    if isinstance(found, NotSignedIn):
        return _code(person, found.why), 401
    return half_way.go_on(found, request.form.get("to", ""))


# --- another password -----------------------------------------------------------------------------


@blueprint.get("/password")
@for_everybody
def password() -> str | AnyResponse:
    """Ask for another password, because somebody else chose this one, or because it is too old."""
    person = _proved()
    return _start_again() if person is None else _password(person, None)


def _proved() -> HalfWay | None:
    person = half_way.of_request()
    return person if person is not None and person.proved else None


def _password(person: HalfWay, problem: str | None) -> str:
    to = safe_way(request.values.get("to"))
    shortest = people.SHORTEST
    return render_template("people/password.html", person=person, problem=problem, to=to, shortest=shortest)


@blueprint.post("/password")
@for_everybody
def change_password() -> tuple[str, int] | AnyResponse:
    """Change it, and go on."""
    person = _proved()
    if person is None:
        return _start_again()
    problem = changed_password(person.account)
    if problem is not None:
        return _password(person, problem), 400
    found = signing_in.signed_in(record(), people.owner(person.account, person.name).account, person.name)
    return _start_again() if isinstance(found, NotSignedIn) else half_way.go_on(found, request.form.get("to", ""))


def changed_password(account: str) -> str | None:
    """Change the password as the form says. What was wrong with it, or None: it is changed."""
    old, new, again = (request.form.get(name, "") for name in ("old", "new", "again"))
    if new != again:
        return "The new password was not the same both times. Type it again."
    try:
        right = people.change_own_password(record(), account, old=old, new=new, station=_station())
    except NotUnderstood as error:
        return str(error)
    return None if right else signing_in.WRONG.why


# --- setting up a second factor -------------------------------------------------------------------


@blueprint.get("/second-factor")
@for_everybody
def second_factor_form() -> str | AnyResponse:
    """Show the secret to the device."""
    person = _proved()
    if person is None or not second_factor.is_missing(record(), person.account):
        return _start_again()
    return set_up_page(person.account, url_for("proving.set_up"), None)


@blueprint.post("/second-factor")
@for_everybody
def set_up() -> tuple[str, int] | AnyResponse:
    """Set it up with the first code, and let her in."""
    person = _proved()
    if person is None or not second_factor.is_missing(record(), person.account):
        return _start_again()
    codes = second_factor.confirm(record(), person.account, request.form.get("code", ""))
    if codes is None:
        problem = "The code was not that of the device. Wait for the next one and try again."
        return set_up_page(person.account, url_for("proving.set_up"), problem), 400
    answer = make_response(
        render_template("people/recovery.html", codes=codes, to=half_way.after(request.form.get("to")))
    )
    half_way.arrive(answer, person.account)
    return answer


def set_up_page(account: str, action: str, problem: str | None) -> str:
    """The secret as a picture and as text, and the field for the first code."""
    begun = second_factor.begun(record(), account) or second_factor.begin(record(), account)
    picture = pictures.qr(begun.address)
    to = safe_way(request.values.get("to"))
    return render_template(
        "people/second_factor.html", secret=begun.secret, picture=picture, action=action, problem=problem, to=to
    )


# --- what failed since the last time --------------------------------------------------------------


@blueprint.get("/told")
@for_people
def told() -> str | AnyResponse:
    """How many tries failed since the last sign-in, and when the latest was."""
    found = half_way.failures_told()
    to = safe_way(request.args.get("to"))
    if found is None:
        return redirect(to)
    at = datetime.fromisoformat(str(found["at"]))
    return render_template("people/told.html", count=found["count"], at=at, to=to)


@blueprint.post("/told")
@for_people
def heard() -> AnyResponse:
    """Go on: she read it."""
    half_way.heard()
    return redirect(safe_way(request.form.get("to")), code=303)
