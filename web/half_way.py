"""Between a right password and a session: what is still to be proved or done, in a signed cookie of ten minutes.

Whoever is half-way reaches nothing but the pages that lead on: there is no session yet. Knows no password and no code.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import current_app, redirect, request, session, url_for
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from coi_tracker.services import people
from coi_tracker.services.signing_in import SignedIn
from web.access import safe_way
from web.session import let_in, record, settings

COOKIE = "coi_half_way"
PATIENCE = timedelta(minutes=10)
_TOLD = "told"


@dataclass(frozen=True, slots=True)
class HalfWay:
    """Who gave the right password a moment ago. ``proved``: nothing is left to prove, only to be done."""

    account: str
    name: str
    proved: bool


def of_request() -> HalfWay | None:
    """Who is half-way at this device. None: nobody, or it was too long ago."""
    try:
        found = _signer().loads(request.cookies.get(COOKIE, ""), max_age=int(PATIENCE.total_seconds()))
    except BadSignature:
        return None
    person = people.find_person(record(), str(found["account"]))
    return None if person is None or not person.active else HalfWay(person.id, person.name, bool(found["proved"]))


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="half-way signed in")


def go_on(found: SignedIn, to: str) -> Response:
    """To what is still to be proved or done, in this order: code, password, second factor; then in, and to `to`."""
    if found.needs_totp:
        return _wait(found, "proving.code", to, proved=False)
    if found.failures is not None and found.failures.last_at is not None:
        session[_TOLD] = {"at": found.failures.last_at.isoformat(), "count": found.failures.count}
    if found.must_change_password is not None:
        return _wait(found, "proving.password", to, proved=True)
    if found.must_enrol_totp:
        return _wait(found, "proving.second_factor_form", to, proved=True)
    answer = redirect(after(to), code=303)
    arrive(answer, found.account)
    return answer


def _wait(found: SignedIn, endpoint: str, to: str, *, proved: bool) -> Response:
    answer = redirect(url_for(endpoint, to=safe_way(to)), code=303)
    kept = _signer().dumps({"account": found.account, "proved": proved})
    age = int(PATIENCE.total_seconds())
    path = url_for("signing_in.form")
    answer.set_cookie(COOKIE, str(kept), max_age=age, httponly=True, samesite="Lax", secure=settings().https, path=path)
    return answer


def arrive(answer: Response, account: str) -> None:
    """A session, and the end of the way to it."""
    let_in(answer, account)
    answer.delete_cookie(COOKIE, path=url_for("signing_in.form"))


def after(to: str | None) -> str:
    """Where to go once in: to what failed since the last time, if anything did, and from there on."""
    way = safe_way(to)
    return url_for("proving.told", to=way) if _TOLD in session else way


def failures_told() -> dict[str, object] | None:
    """What failed since the last time, for the page that tells it."""
    found = session.get(_TOLD)
    return dict(found) if isinstance(found, dict) else None


def heard() -> None:
    """She read it."""
    session.pop(_TOLD, None)
