"""The first page: where somebody goes after signing in. Knows which pages there are for whom."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from coi_tracker.vocabulary import Role
from web.access import for_people
from web.session import here, working

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@for_people
def first() -> Response:
    """To the page that this person works with."""
    if not working().reads_courses:
        return redirect(url_for("admin.first" if working().has(Role.ADMIN) else "own_account.page"))
    return redirect(url_for("station.page" if here().station else "work.mine"))
