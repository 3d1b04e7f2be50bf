"""Addresses of files that never change under one name: the digest of the file is part of the address.

So a browser keeps them for ever and still never shows an old one. Knows files only.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, current_app, request, url_for

FOR_EVER = "public, max-age=31536000, immutable"


def register(app: Flask) -> None:
    """Give templates `asset(name)`, and let browsers keep what has a digest."""
    app.jinja_env.globals["asset"] = asset
    app.after_request(_keep)


def asset(name: str) -> str:
    """The address of a file of ``static``."""
    return url_for("static", filename=name, v=_digest(Path(str(current_app.static_folder)) / name))


@cache
def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


def _keep(answer: Response) -> Response:
    if request.endpoint == "static" and request.args.get("v") and answer.status_code == 200:
        answer.headers["Cache-Control"] = FOR_EVER
    return answer
