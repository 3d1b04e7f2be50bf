"""Signing in with another organisation's account: away to its provider, and back. The services look at what it says.

What has to come back with the browser is in a cookie of its own, encrypted; nothing is stored before somebody is known.
"""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from coi_tracker.services import outside_identity
from coi_tracker.services.outside_identity import OutsideUnreachable, Provider
from coi_tracker.services.signing_in import NotSignedIn
from web import half_way
from web.access import for_everybody, safe_way
from web.session import record, settings

KEPT, WAY = "coi_outside", "coi_outside_way"

blueprint = Blueprint("outside", __name__, url_prefix="/sign-in/outside")


def provider() -> Provider | None:
    """The organisation whose accounts are taken here, if there is one."""
    return outside_identity.provider_of(settings())


def _provider() -> Provider:
    return provider() or abort(404)


def _back() -> str:
    """Our own address that the provider sends the browser to. It has to be registered there."""
    scheme = "https" if settings().https else "http"
    return url_for("outside.back", _external=True, _scheme=scheme)


@blueprint.get("")
@for_everybody
def leave() -> tuple[str, int] | AnyResponse:
    """Away to the provider."""
    try:
        leaving = outside_identity.leave(record(), _provider(), back=_back())
    except OutsideUnreachable as error:
        return _failed(str(error)), 503
    answer = redirect(leaving.address)
    for name, value in ((KEPT, leaving.keep), (WAY, safe_way(request.args.get("to")))):
        answer.set_cookie(
            name,
            value,
            max_age=int(outside_identity.PATIENCE.total_seconds()),
            httponly=True,
            samesite="Lax",  # the way back begins at the provider
            secure=settings().https,
            path=url_for("outside.leave"),
        )
    return answer


@blueprint.get("/back")
@for_everybody
def back() -> tuple[str, int] | AnyResponse:
    """Back from the provider: in, if it says who it is and she is linked to an account."""
    keep = request.cookies.get(KEPT, "")
    found = outside_identity.come_back(record(), _provider(), request.args.to_dict(), keep=keep, back=_back())
    if isinstance(found, NotSignedIn):
        return _failed(found.why), 401
    answer = half_way.go_on(found, request.cookies.get(WAY, ""))
    for name in (KEPT, WAY):
        answer.delete_cookie(name, path=url_for("outside.leave"))
    return answer


def _failed(why: str) -> str:
    return render_template("people/sign_in.html", problem=why, account="", to="/", provider=_provider())
