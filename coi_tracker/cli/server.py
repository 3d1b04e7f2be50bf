"""Serving the pages: gunicorn with threads where it runs, werkzeug's server elsewhere.

The tracker knows no HTTP, so the room `web` is imported by its name when somebody wants it. It is found in the
source tree, not in an installed wheel.
"""

from __future__ import annotations

import importlib
import socket
import sys
from collections.abc import Callable
from typing import Any

import click

from coi_tracker.cli.terminal import until_the_end
from coi_tracker.config import Settings
from coi_tracker.errors import Misconfigured


def serve_pages(settings: Settings) -> None:
    """Serve until stopped. Raises Misconfigured when there are no pages or the port is taken."""
    from coi_tracker.services.opening import open_record

    web = room("web")
    refuse_taken_port(settings.host, settings.port)
    record = until_the_end(open_record(settings))
    app = web.create_app(record, settings)
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    click.echo(f"Serving http://{shown}:{settings.port}/ until stopped (Ctrl-C)")
    sys.stdout.flush()
    server = _gunicorn(app, settings, begin=lambda: web.start_workers(record, settings))
    if server is not None:
        server.run()
        return
    running = web.start_workers(record, settings)
    room("werkzeug.serving").run_simple(settings.host, settings.port, app, threaded=True)
    running.stop()


def room(name: str) -> Any:
    """A room beside the tracker, by its name. Raises Misconfigured when the tracker was installed without it."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not name.startswith(error.name):
            raise
        raise Misconfigured(
            expected="the pages, in the folder 'web' beside the tracker",
            came="no such folder",
            do="run the tracker from its source tree; the wheel holds the tracker only",
        ) from error


def refuse_taken_port(host: str, port: int) -> None:
    """Raise Misconfigured when somebody listens there already, or we may not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Misconfigured(
                expected=f"a free port {port} on {host}",
                came=(error.strerror or str(error)).lower(),
                do="choose another one with --port",
            ) from error


def _gunicorn(app: Any, settings: Settings, *, begin: Callable[[], Any]) -> Any:
    """A gunicorn that serves this application, or None where gunicorn does not run.

    `begin` is called in the process that answers, after the fork: it starts what goes on behind the pages.
    """
    try:
        base = importlib.import_module("gunicorn.app.base")
    except ImportError:
        return None
    options = {
        "bind": f"[{settings.host}]:{settings.port}" if ":" in settings.host else f"{settings.host}:{settings.port}",
        "worker_class": "gthread",
        "threads": settings.threads,
        "workers": 1,
        "loglevel": settings.log_level,
        "graceful_timeout": 10,
        "control_socket_disable": True,  # a second way in, in the home folder, that nobody asked for
        "post_worker_init": lambda worker: setattr(worker, "behind", begin()),
        "worker_exit": lambda _, worker: worker.behind.stop(),
    }

    class Server(base.BaseApplication):  # type: ignore[misc, name-defined]
        """gunicorn asks these two questions and nothing else."""

        def load_config(self) -> None:
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return app

    return Server()
