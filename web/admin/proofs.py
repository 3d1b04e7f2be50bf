"""How somebody proves who she is, where an administrator has a say: password, lock, second factor, outside identity.

A password that is set here is drawn, shown once, and changed by its owner first of all.
"""

from __future__ import annotations

import base64

from flask import render_template

from coi_tracker.errors import NotUnderstood
from coi_tracker.services import lockout, outside_identity, people, second_factor
from web.admin.accounts import account_page, back_to, find
from web.admin.shared import Shown, blueprint, by, for_admins, reason, text, tried
from web.session import record


@blueprint.get("/failed-tries")
@for_admins
def failed_tries() -> str:
    """The latest failed tries of all accounts, and who is locked."""
    standings = lockout.standings(record())
    now = record().clock()
    return render_template(
        "admin/failed_tries.html",
        tries=lockout.failed_tries(record(), limit=200),
        locked=[one for one in standings.values() if lockout.is_locked(one, now)],
        strangers=standings.get(lockout.NOBODY),
        nobody=lockout.NOBODY,
    )


@blueprint.post("/accounts/<key>/password")
@for_admins
def set_password(key: str) -> Shown:
    """Draw a password, show it once."""
    find(key)
    drawn = _drawn()
    try:
        people.set_password(record(), key, password=drawn, by=by(), reason=reason())
    except NotUnderstood as error:
        return account_page(key, str(error)), 400
    return account_page(key, None, once=drawn)


def _drawn() -> str:
    """80 bits in groups of four, to be read out or typed once."""
    letters = base64.b32encode(record().draw(10)).decode().lower()
    return "-".join(letters[n : n + 4] for n in range(0, 16, 4))


@blueprint.post("/accounts/<key>/unlock")
@for_admins
def unlock(key: str) -> Shown:
    """Let the owner try again at once."""
    find(key)
    return tried(
        lambda: lockout.unlock(record(), key, by=by(), reason=reason()),
        lambda problem: account_page(key, problem),
        then=back_to(key),
    )


@blueprint.post("/accounts/<key>/second-factor")
@for_admins
def change_second_factor(key: str) -> Shown:
    """Take it away because the device is lost; or ask for one, or no longer."""
    wish = text("wish", 20)
    required = not find(key).second_factor_required

    def change() -> None:
        if wish == "remove":
            second_factor.remove(record(), key, by=by(), reason=reason())
        else:
            second_factor.require(record(), key, required=required, by=by(), reason=reason())

    return tried(change, lambda problem: account_page(key, problem), then=back_to(key))


@blueprint.post("/accounts/<key>/links")
@for_admins
def link(key: str) -> Shown:
    """A subject of another organisation's sign-in is this account; or no longer."""
    find(key)
    change = outside_identity.unlink if text("wish", 20) == "end" else outside_identity.link
    return tried(
        lambda: change(
            record(), key, issuer=text("issuer", 600), subject=text("subject", 300), by=by(), reason=reason()
        ),
        lambda problem: account_page(key, problem),
        then=back_to(key),
    )
