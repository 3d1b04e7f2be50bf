"""No form of another site can be sent in the name of somebody who is signed in here. Flask-WTF does it.

The token is in every form, and in the head of every page for what the page itself sends. Programs that bring a token
of their own, and no cookie, are excused by their blueprint.
"""

from __future__ import annotations

from flask import Flask, render_template
from flask_wtf.csrf import CSRFError, CSRFProtect

protect = CSRFProtect()


def register(app: Flask) -> None:
    """Ask for the token in whatever changes something."""
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)  # as long as the browser is open: a shift is long
    app.config.setdefault("WTF_CSRF_SSL_STRICT", True)
    protect.init_app(app)
    app.register_error_handler(CSRFError, _refused)


def _refused(_: CSRFError) -> tuple[str, int]:
    what = "The form came without the mark of this page: it is too old, or another site sent it. Nothing was changed."
    return render_template("problem.html", title="Not taken", what=what, do="Load the page again.", status=400), 400
