"""Who may use which address. Every view says it with one of the marks below; one that says nothing is closed.

Asked before the view is run, in one place, so that no page can forget it. What is refused is kept in the log. Which
steps somebody may do is not said here: the process says it, when the step is tried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from coi_tracker.services.denials import keep_denial
from coi_tracker.services.viewers import Viewer
from coi_tracker.vocabulary import Role
from web import problems, session

View = TypeVar("View", bound=Callable[..., Any])

READERS = frozenset(Role) - {Role.ADMIN}
"""Everybody with something to do with courses."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use an address. ``roles`` None: everybody who is signed in. ``public``: nobody has to be."""

    public: bool = False
    roles: frozenset[Role] | None = None


def _mark(access: Access) -> Callable[[View], View]:
    def marked(view: View) -> View:
        view.access = access  # type: ignore[attr-defined]
        return view

    return marked


for_everybody = _mark(Access(public=True))
"""For everybody who can reach this machine."""
for_people = _mark(Access())
"""For everybody who is signed in."""
for_readers = _mark(Access(roles=READERS))
"""For everybody who has to do with courses: not for one who is an administrator and nothing else."""


def for_roles(*roles: Role) -> Callable[[View], View]:
    """For people with one of these roles, somewhere."""
    return _mark(Access(roles=frozenset(roles)))


def of(endpoint: str | None) -> Access | None:
    """What an address says. None: it says nothing, and is closed."""
    view = current_app.view_functions.get(endpoint or "")
    found = getattr(view, "access", None)
    return found if isinstance(found, Access) else None


def register(app: Flask) -> None:
    """Ask before every view. Views of the framework itself are marked here."""
    app.before_request(_judge)
    for_everybody(app.view_functions["static"])


def refuse_undeclared(app: Flask) -> None:
    """Raise LookupError for a view that says nothing: found when the application is made, not when it is used."""
    silent = [
        name for name, view in app.view_functions.items() if not isinstance(getattr(view, "access", None), Access)
    ]
    if silent:
        raise LookupError(f"who may use {', '.join(sorted(silent))}?")


def _judge() -> AnyResponse | None:
    if request.endpoint is None:
        return None  # no such address: found out, and told, by whoever answers that
    wanted = of(request.endpoint)
    if wanted is not None and wanted.public:
        return None
    here = session.here()
    if here.working is None:
        return sign_in_first()
    if wanted is not None and (wanted.roles is None or here.working.has(*wanted.roles)):
        return None
    return denied(here.working, frozenset() if wanted is None else wanted.roles or frozenset())


def denied(who: Viewer, needed: frozenset[Role]) -> AnyResponse:
    """The answer to somebody who may not, and its entry in the log."""
    keep_denial(session.record(), who, tried=f"{request.method} {request.path}", needed=needed)
    return make_response(problems.page(403))


def sign_in_first() -> AnyResponse:
    """To the sign-in page, and back here afterwards."""
    wanted = request.full_path.rstrip("?") if request.method == "GET" else urlsplit(request.referrer or "").path
    back = url_for("signing_in.form", to=safe_way(wanted))
    if request.headers.get("HX-Request"):
        # What was typed or scanned stays on the page: the script shows the way instead of leaving it.
        return Response(status=401, headers={"X-Sign-In": url_for("signing_in.form")})
    return redirect(back) if request.method == "GET" else redirect(back, code=303)


def safe_way(to: str | None) -> str:
    """A path of this application to go on to; the first page for anything else (another host, a script)."""
    text = to or ""
    parts = urlsplit(text)
    ours = text.startswith("/") and not text.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return text if ours and text.isprintable() and "\\" not in text and len(text) < 500 else "/"
