"""The first page: where somebody goes after signing in. Knows which pages there are for whom."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from web.access import for_people
from web.session import working

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@for_people
def first() -> Response:
    """To the page that this person works with."""
    return redirect(url_for("pages.courses" if working().reads_courses else "pages.log"))
