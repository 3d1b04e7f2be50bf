"""Serving the pages: gunicorn with threads where it runs, werkzeug's server elsewhere.

The tracker knows no HTTP, so the room `web` is imported by its name when somebody wants it. It is found in the
source tree, not in an installed wheel.
"""

from __future__ import annotations

import importlib
import socket
import ssl
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
    settings = _with_tls(settings)
    refuse_taken_port(settings.host, settings.port)
    record = until_the_end(open_record(settings))
    app = web.create_app(record, settings)
    click.echo(f"Serving {address(settings, settings.host)} until stopped (Ctrl-C)")
    sys.stdout.flush()
    server = _gunicorn(app, settings, begin=lambda: web.start_workers(record, settings))
    if server is not None:
        server.run()
        return
    running = web.start_workers(record, settings)
    tls = (str(settings.tls_certificate), str(settings.tls_key)) if settings.speaks_tls else None
    room("werkzeug.serving").run_simple(settings.host, settings.port, app, threaded=True, ssl_context=tls)
    running.stop()


def address(settings: Settings, host: str) -> str:
    """Where the pages are, on a host."""
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if settings.speaks_tls else 'http'}://{shown}:{settings.port}/"


def _with_tls(settings: Settings) -> Settings:
    """Cookies that go by https only, when the server speaks it. Raises Misconfigured when it cannot.

    The files are read here, before anything is opened: a server that answers nobody is found out too late.
    """
    if settings.tls_certificate is None and settings.tls_key is None:
        return settings
    if not settings.speaks_tls:
        missing = "COI_TLS_KEY" if settings.tls_key is None else "COI_TLS_CERTIFICATE"
        raise Misconfigured(
            expected="COI_TLS_CERTIFICATE and COI_TLS_KEY, or neither", came=f"no {missing}", do="set both"
        )
    try:
        # Nobody sits at a server to type the words that open a key: such a key cannot be used.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            str(settings.tls_certificate), settings.tls_key, password=""
        )
    except OSError as error:  # what is wrong in the files is an SSLError, which is one too
        raise Misconfigured(
            expected=f"a certificate in {settings.tls_certificate} and its key in {settings.tls_key}, both PEM",
            came=error.strerror or str(error),
            do="correct COI_TLS_CERTIFICATE and COI_TLS_KEY",
        ) from None
    return settings.model_copy(update={"https": True})


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
        "certfile": str(settings.tls_certificate) if settings.speaks_tls else None,
        "keyfile": str(settings.tls_key) if settings.speaks_tls else None,
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
