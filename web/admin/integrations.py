"""Other systems: which may call the API, and where events are sent to.

A token, and the secret of a webhook, are in the one answer that made them: not in an address, so neither in a history
nor in a log of the server, and no second request gets them. What a system may see is for the services to judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import abort, render_template, request, url_for

from coi_tracker.errors import NotUnderstood
from coi_tracker.services import administration, tokens, webhooks
from coi_tracker.services.tokens import TokenLine
from coi_tracker.services.webhooks import WebhookLine
from coi_tracker.vocabulary import Scope
from web.admin.shared import Shown, blueprint, by, done, for_admins, history, reason, text, tried, whole_number
from web.api import letters
from web.session import record

SCOPES: Mapping[Scope, str] = {
    Scope.READ_COURSES: "courses, their containers, labels and plans",
    Scope.READ_ENTRIES: "the log: entries, and letters of webhooks",
    Scope.READ_PLACES: "places",
    Scope.WRITE_ATTEMPTS: "scan, sign people in, record steps of people who prove who they are",
    Scope.EXPORT: "bundles of the log, to be verified elsewhere",
}
FIRST_CALLS: Mapping[Scope, str] = {
    Scope.READ_PLACES: "/places",
    Scope.READ_COURSES: "/courses",
    Scope.READ_ENTRIES: "/entries?most=1",
}
"""What a token can ask for first of all; the others need more than an address."""


@dataclass(frozen=True, slots=True)
class TokenShown:
    """A token, and why it opens nothing any more (None: it does)."""

    one: TokenLine
    over: str | None


@dataclass(frozen=True, slots=True)
class WebhookShown:
    """A webhook, and how it stands in a word. ``bad``: somebody has to look at it."""

    one: WebhookLine
    word: str
    bad: bool

    @property
    def address(self) -> str:
        """Where it sends to, as the log tells it: what follows a question mark may be a secret of the receiver."""
        address, asked, _ = self.one.url.partition("?")
        return address + ("?…" if asked else "")


@blueprint.get("/integrations")
@for_admins
def integrations() -> str:
    """Every token and webhook there ever was."""
    return render_template("admin/integrations.html", tokens=_tokens(), webhooks=_webhooks(), **_names())


def _names() -> dict[str, object]:
    return {
        "places": {place.id: place for place in administration.places(record())},
        "stations": {station.code: station for station in administration.stations(record())},
    }


def _tokens() -> list[TokenShown]:
    at_work = {one.code for one in administration.stations(record()) if one.active}
    return [TokenShown(one, _over(one, at_work)) for one in tokens.tokens(record())]


def _over(one: TokenLine, at_work: set[str]) -> str | None:
    if one.revoked_at is not None:
        return "revoked"
    if one.expires_at <= record().clock():
        return "expired"
    return "its station is out of use" if one.station is not None and one.station not in at_work else None


def _webhooks() -> list[WebhookShown]:
    return [_standing(one) for one in webhooks.webhooks(record())]


def _standing(one: WebhookLine) -> WebhookShown:
    if one.active:
        return WebhookShown(one, "tries again", bad=True) if one.tries else WebhookShown(one, "sends", bad=False)
    return WebhookShown(one, "stopped" if one.trouble else "paused", bad=one.trouble is not None)


# --- tokens ---------------------------------------------------------------------------------------


@blueprint.get("/integrations/new-token")
@for_admins
def new_token() -> str:
    """The forms for a new one: of a station, of a program."""
    return _new_token(None)


def _new_token(problem: str | None) -> str:
    at_work = [one for one in administration.stations(record()) if one.active]
    return render_template(
        "admin/token_new.html", problem=problem, at_work=at_work, scopes=SCOPES, days=tokens.DAYS, **_names()
    )


@blueprint.post("/integrations/new-token")
@for_admins
def add_token() -> Shown:
    """Issue it, and show it this once."""
    key = text("key", 60)
    try:
        issued = _issue_station(key) if text("form", 20) == "station" else _issue_program(key)
    except NotUnderstood as error:
        return _new_token(str(error)), 400
    return _token_page(key, None, once=issued)


def _issue_station(key: str) -> str:
    station, days = text("station", 40), whole_number("days")
    return tokens.issue_station(record(), key, station=station, by=by(), reason=reason(), days=days)


def _issue_program(key: str) -> str:
    return tokens.issue_integration(
        record(),
        key,
        name=text("name", 200),
        places=[one[:100] for one in request.form.getlist("place")],
        scopes=_scopes(),
        by=by(),
        reason=reason(),
        days=whole_number("days"),
    )


def _scopes() -> list[Scope]:
    try:
        return [Scope(one) for one in request.form.getlist("scope")]
    except ValueError:
        raise NotUnderstood(expected="scopes of the list", came="another word", do="choose them again") from None


@blueprint.get("/integrations/tokens/<key>")
@for_admins
def token(key: str) -> str:
    """One token, without itself."""
    return _token_page(key, None)


def _token_page(key: str, problem: str | None, *, once: str | None = None) -> str:
    shown = _find_token(key)
    return render_template(
        "admin/token.html",
        shown=shown,
        one=shown.one,
        problem=problem,
        done=done(),
        once=once,
        first_call=next((FIRST_CALLS[one] for one in FIRST_CALLS if one in shown.one.scopes), "/health"),
        webhooks=[one for one in _webhooks() if one.one.token == key],
        scopes=SCOPES,
        history=history("account", f"token:{key}"),
        **_names(),
    )


def _find_token(key: str) -> TokenShown:
    return next((one for one in _tokens() if one.one.id == key), None) or abort(404)


@blueprint.post("/integrations/tokens/<key>/revoke")
@for_admins
def revoke_token(key: str) -> Shown:
    """The end of it, for ever."""
    _find_token(key)
    return tried(
        lambda: tokens.revoke(record(), key, by=by(), reason=reason()),
        lambda problem: _token_page(key, problem),
        then=url_for("admin.token", key=key),
    )


# --- webhooks -------------------------------------------------------------------------------------


@blueprint.get("/integrations/new-webhook")
@for_admins
def new_webhook() -> str:
    """The form for a new one."""
    return _new_webhook(None)


def _new_webhook(problem: str | None) -> str:
    able = [one.one for one in _tokens() if one.over is None and Scope.READ_ENTRIES in one.one.scopes]
    return render_template("admin/webhook_new.html", problem=problem, tokens=able, kinds=webhooks.KINDS)


@blueprint.post("/integrations/new-webhook")
@for_admins
def add_webhook() -> Shown:
    """Add it, and show the secret that signs its letters this once."""
    key = text("key", 60)
    try:
        secret = webhooks.add(
            record(),
            key,
            token=text("token", 60),
            url=text("url", 600),
            kinds=[one[:40] for one in request.form.getlist("kind")],
            by=by(),
            reason=reason(),
        )
    except NotUnderstood as error:
        return _new_webhook(str(error)), 400
    return _webhook_page(key, None, once=secret)


@blueprint.get("/integrations/webhooks/<key>")
@for_admins
def webhook(key: str) -> str:
    """One webhook: how it stands, without its secret."""
    return _webhook_page(key, None)


def _webhook_page(key: str, problem: str | None, *, once: str | None = None) -> str:
    shown = _find_webhook(key)
    return render_template(
        "admin/webhook.html",
        shown=shown,
        one=shown.one,
        problem=problem,
        done=done(),
        once=once,
        check=letters.CHECK,
        history=history("account", f"webhook:{key}"),
    )


def _find_webhook(key: str) -> WebhookShown:
    return next((one for one in _webhooks() if one.one.id == key), None) or abort(404)


@blueprint.post("/integrations/webhooks/<key>/active")
@for_admins
def switch_webhook(key: str) -> Shown:
    """Pause it, or go on where it stopped."""
    act = webhooks.pause if _find_webhook(key).one.active else webhooks.resume
    return tried(
        lambda: act(record(), key, by=by(), reason=reason()),
        lambda problem: _webhook_page(key, problem),
        then=url_for("admin.webhook", key=key),
    )
