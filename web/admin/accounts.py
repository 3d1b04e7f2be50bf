"""Accounts: the list, adding one, and one with its name, badge, roles and end. How it is proved is in `proofs`."""

from __future__ import annotations

from flask import abort, render_template, request, url_for

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import BadgeCode, read_scan
from coi_tracker.services import administration, lockout, outside_identity, people, second_factor
from coi_tracker.services.administration import AccountLine
from coi_tracker.vocabulary import Role
from web import outside
from web.admin.shared import Shown, blueprint, by, day, done, for_admins, history, reason, text, tried
from web.session import record


@blueprint.get("/accounts")
@for_admins
def accounts() -> str:
    """Every account there ever was."""
    search = request.args.get("search", "").strip().casefold()[:60]
    found = administration.accounts(record())
    shown = [one for one in found if search in one.id or search in one.name.casefold()]
    return render_template("admin/accounts.html", accounts=shown, search=search, now=record().clock(), places=_places())


def _places() -> dict[str, object]:
    return {place.id: place for place in administration.places(record())}


@blueprint.get("/accounts/new")
@for_admins
def new_account() -> str:
    """The form for a new one."""
    return _new_account(None)


def _new_account(problem: str | None) -> str:
    return render_template("admin/account_new.html", problem=problem)


@blueprint.post("/accounts/new")
@for_admins
def add_account() -> Shown:
    """Add it, with a badge if wanted, and without any role or password yet."""
    key = text("account", 100)

    def add() -> None:
        badge = _badge(text("badge", 10), text("code", 100))
        people.add_account(record(), key, name=text("name", 200), badge=badge, by=by(), reason=reason())

    return tried(add, _new_account, then=url_for("admin.account", key=key))


def _badge(wish: str, code: str) -> BadgeCode | None:
    if wish == "new":
        return BadgeCode.issue(record().draw)
    if wish != "code":
        return None
    read = read_scan(code)
    if not isinstance(read, BadgeCode):
        raise NotUnderstood(expected="the code of a badge", came="another code", do="scan the badge")
    return read


@blueprint.get("/accounts/<key>")
@for_admins
def account(key: str) -> str:
    """One account with all that can be changed of it, and all that was."""
    return account_page(key, None)


def find(key: str) -> AccountLine:
    """The account of an address; 404 for none."""
    return administration.account(record(), key[:100]) or abort(404)


def account_page(key: str, problem: str | None, *, once: str | None = None) -> str:
    """The page. `once`: a password that was drawn a moment ago and is shown this one time."""
    one, now = find(key), record().clock()
    return render_template(
        "admin/account.html",
        one=one,
        problem=problem,
        once=once,
        done=done(),
        locked=lockout.is_locked(one.standing, now),
        must_enrol=second_factor.is_missing(record(), one.id),
        links=outside_identity.links(record(), one.id),
        provider=outside.provider(),
        tries=lockout.failed_tries(record(), one.id, limit=10),
        places=_places(),
        roles=list(Role),
        today=now.date(),
        history=history("account", one.id),
        own=by().account == one.id,
    )


def back_to(key: str) -> str:
    """The address of an account's page."""
    return url_for("admin.account", key=key)


@blueprint.post("/accounts/<key>/details")
@for_admins
def change_account(key: str) -> Shown:
    """Another name, another badge."""
    find(key)

    def change() -> None:
        badge = _badge(text("badge", 10), text("code", 100))
        people.change_account(record(), key, name=text("name", 200), badge=badge, by=by(), reason=reason())

    return tried(change, lambda problem: account_page(key, problem), then=back_to(key))


@blueprint.post("/accounts/<key>/active")
@for_admins
def end_account(key: str) -> Shown:
    """The end of an account, or its return."""
    active = not find(key).active
    return tried(
        lambda: people.change_account(record(), key, active=active, by=by(), reason=reason()),
        lambda problem: account_page(key, problem),
        then=back_to(key),
    )


@blueprint.post("/accounts/<key>/roles")
@for_admins
def give_role(key: str) -> Shown:
    """A role at a place, or a new end of the training for it."""
    find(key)

    def give() -> None:
        until, place = day("trained_until"), text("place", 100)
        people.give_role(record(), key, role=_role(), place=place, trained_until=until, by=by(), reason=reason())

    return tried(give, lambda problem: account_page(key, problem), then=back_to(key))


@blueprint.post("/accounts/<key>/roles/take")
@for_admins
def take_role(key: str) -> Shown:
    """The end of a role at a place."""
    find(key)
    return tried(
        lambda: people.take_role(record(), key, role=_role(), place=text("place", 100), by=by(), reason=reason()),
        lambda problem: account_page(key, problem),
        then=back_to(key),
    )


def _role() -> Role:
    try:
        return Role(text("role", 40))
    except ValueError:
        raise NotUnderstood(expected="a role of the list", came="another word", do="choose one") from None
