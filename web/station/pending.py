"""Steps that wait for a second signature of the person who is signed in here: begun at another station, or at this."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response

from coi_tracker.services.floor import signing
from coi_tracker.services.floor.screen import Outcome
from web.access import for_readers
from web.session import record, working
from web.station.here import at_station, blueprint, field
from web.station.views import signed


@blueprint.get("/scan/pending")
@for_readers
def pending() -> str:
    """What waits for this person's signature."""
    return _list(None)


@blueprint.post("/scan/pending")
@for_readers
def sign_pending() -> str | Response:
    """Sign one of them."""
    at = at_station()
    if at is None:
        return redirect(url_for("signing_in.station", to=url_for("station.pending")), code=303)
    return _list(signed(at, token=field("token")))


def _list(outcome: Outcome | None) -> str:
    waiting = signing.pending_signatures(record(), working().account)
    return render_template("station/pending.html", waiting=waiting, outcome=outcome)
