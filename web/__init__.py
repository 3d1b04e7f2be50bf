"""The pages of the tracker, made by the server: reading only, for now. Knows the services, and no table of theirs.

`create_app(record)` gives a Flask application around an opened record. Nothing here writes, and nothing here asks for
personal data. Put a server with TLS and sign-in in front before anybody but this machine can reach it.
"""

from __future__ import annotations

from flask import Flask

from coi_tracker.services.record import Record
from web import headers, pages, problems, wording

__all__ = ["create_app"]


def create_app(record: Record) -> Flask:
    """The application. Threads may share it, and a forked worker too."""
    app = Flask(__name__)
    app.config.update(MAX_CONTENT_LENGTH=1_000_000)
    app.extensions["record"] = record
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.register_blueprint(pages.blueprint)
    wording.register(app)
    problems.register(app)
    headers.register(app)
    return app
