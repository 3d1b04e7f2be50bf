"""Who stands at which station in this request, and the group of addresses of the scan station. Knows no page."""

from __future__ import annotations

import secrets

from flask import Blueprint, request

from coi_tracker.services.floor.standing import Standing, standing
from web import session

blueprint = Blueprint("station", __name__)

LONGEST_ID = 100
LONGEST_TEXT = 2001
"""Characters of anything scanned or typed that are looked at: one more than anything may have, so that what is too
long is said by the services and never cut."""


def at_station() -> Standing | None:
    """Who is here and at which station. None: this device is no station."""
    here = session.here().station
    return None if here is None else standing(session.record(), session.working().account, here.code)


def field(name: str) -> str | None:
    """A field of the form; None for one that is not there or empty."""
    return request.form.get(name, "")[:LONGEST_TEXT] or None


def once() -> str:
    """The id of this scan or touch, by which a repeated one is known. A form without one gets one of its own."""
    return (field("once") or secrets.token_hex(16))[:LONGEST_ID]


@blueprint.context_processor
def _shared() -> dict[str, object]:
    """For the templates of the station."""
    return {"new_id": lambda: secrets.token_hex(16), "idle": session.settings().idle_minutes}
