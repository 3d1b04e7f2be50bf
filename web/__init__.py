"""The tracker in a browser: pages made by the server, and the addresses that programs ask. Knows the services only.

`create_app(record)` gives a Flask application around an opened record. Every address says who may use it (`access`);
one that says nothing is closed. Put a server with TLS in front before anybody but this machine can reach it.
"""

from __future__ import annotations

import secrets

from flask import Flask

from coi_tracker.config import Settings
from coi_tracker.services.record import Record
from web import (
    access,
    admin,
    api,
    assets,
    audit,
    background,
    bad_bytes,
    csrf,
    deliveries,
    headers,
    home,
    label_pages,
    navigation,
    outside,
    own_account,
    pages,
    printing,
    problems,
    proving,
    session,
    signing_in,
    station,
    stock,
    wording,
    work,
)

__all__ = ["create_app", "start_workers"]

MOST_BYTES = 2_000_000
"""Of a request. A page that takes files says so itself."""


def create_app(record: Record, settings: Settings | None = None) -> Flask:
    """The application. Threads may share it, and a forked worker too."""
    app = Flask(__name__)
    app.config.update(
        MAX_CONTENT_LENGTH=MOST_BYTES,
        MAX_FORM_MEMORY_SIZE=MOST_BYTES,
        SECRET_KEY=_secret(record),
        SESSION_COOKIE_NAME="coi_form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=bool(settings and settings.https),
    )
    app.extensions["record"] = record
    app.extensions["settings"] = settings or Settings()
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for room in (session, access, bad_bytes, csrf, assets, navigation, wording, problems, headers):
        room.register(app)
    for blueprint in (home.blueprint, pages.blueprint, signing_in.blueprint):
        app.register_blueprint(blueprint)
    for blueprint in (proving.blueprint, outside.blueprint, own_account.blueprint, admin.blueprint):
        app.register_blueprint(blueprint)
    app.register_blueprint(station.blueprint)
    app.register_blueprint(label_pages.blueprint)
    for blueprint in (work.blueprint, audit.blueprint, stock.blueprint):
        app.register_blueprint(blueprint)
    access.refuse_undeclared(app)
    api.mount(app, record, app.extensions["settings"])
    return app


def start_workers(record: Record, settings: Settings) -> background.Running:
    """Start what goes on behind the pages. In the process that serves them: threads do not survive a fork."""
    behind = [deliveries.worker(record, settings), printing.worker(record)]
    return background.start([*background.of_the_log(record, settings), *behind])


def _secret(record: Record) -> bytes:
    """What signs the cookies of forms and stations: of this record, and no other. Without its keys, of this process."""
    if record.person_keys:
        return record.person_keys[0].derived("cookies of the web")
    return secrets.token_bytes(32)
