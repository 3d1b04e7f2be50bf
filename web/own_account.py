"""What somebody sees and changes of her own account: roles and training, password, second factor, failed tries."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from coi_tracker.services import lockout, people, queries, second_factor
from coi_tracker.services.people import Person
from web import session
from web.access import for_people
from web.proving import changed_password, set_up_page

blueprint = Blueprint("own_account", __name__, url_prefix="/me")


def _person() -> Person:
    found = people.find_person(session.record(), session.working().account)
    assert found is not None  # noqa: S101 - she is signed in
    return found


@blueprint.get("")
@for_people
def page() -> str:
    """Her account."""
    person, record = _person(), session.record()
    return render_template(
        "people/me.html",
        person=person,
        places={place.id: place for place in queries.places(record)},
        today=record.clock().date(),
        tries=lockout.failed_tries(record, person.id, limit=10),
        has_code=second_factor.is_set_up(record, person.id),
        codes_left=second_factor.recovery_codes_left(record, person.id),
        done=request.args.get("done") == "password",
    )


@blueprint.get("/password")
@for_people
def password() -> str:
    """The form for another password."""
    return _password(None)


def _password(problem: str | None) -> str:
    return render_template(
        "people/password.html", person=_person(), problem=problem, to="/me", shortest=people.SHORTEST
    )


@blueprint.post("/password")
@for_people
def change_password() -> tuple[str, int] | AnyResponse:
    """Change it. Every other session of hers ends; this one goes on."""
    account = session.working().account
    problem = changed_password(account)
    if problem is not None:
        return _password(problem), 400
    answer = redirect(url_for("own_account.page", done="password"), code=303)
    session.let_in(answer, account)
    return answer


@blueprint.get("/second-factor")
@for_people
def second_factor_form() -> str | AnyResponse:
    """Set up a second factor by her own wish."""
    account = session.working().account
    if second_factor.is_set_up(session.record(), account):
        return redirect(url_for("own_account.page"))
    return set_up_page(account, url_for("own_account.set_up"), None)


@blueprint.post("/second-factor")
@for_people
def set_up() -> tuple[str, int] | AnyResponse:
    """Set it up with the first code."""
    account = session.working().account
    codes = second_factor.confirm(session.record(), account, request.form.get("code", ""))
    if codes is None and second_factor.is_set_up(session.record(), account):
        return redirect(url_for("own_account.page"), code=303)
    if codes is None:
        problem = "The code was not that of the device. Wait for the next one and try again."
        return set_up_page(account, url_for("own_account.set_up"), problem), 400
    return make_response(render_template("people/recovery.html", codes=codes, to="/me"))
