"""Somebody who receives events, on a port of this machine: as well or as badly as a test wants."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FLOOD = 10_000_000


@dataclass
class Came:
    """One request that came."""

    headers: dict[str, str]
    body: bytes

    @property
    def value(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def is_signed_with(self, secret: str) -> bool:
        """As the page about the API tells a receiver to check it; nothing of ours is used."""
        signed = self.headers["COI-Time"].encode() + b"." + self.body
        expected = "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, self.headers["COI-Signature"])


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Quiet: whoever hangs up is meant to."""


@dataclass
class Receiver:
    """A server. ``mood``: what it does with the next requests: taken, 500, redirect, slow, drip, cut, gone; also
    hang (from number `hang_from` on, until `let_go`), flood (an answer of 10 MB), headers (more than anybody needs).
    """

    mood: str = "taken"
    hang_from: int = 1
    let_go: threading.Event = field(default_factory=threading.Event)
    flooded: int = 0
    came: list[Came] = field(default_factory=list)
    taken: list[Came] = field(default_factory=list)
    elsewhere: int = 0
    _server: ThreadingHTTPServer | None = None
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/events?site=7"

    def start(self) -> Receiver:
        """Listen, on the port it had before if it had one."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path.startswith("/elsewhere"):
                    receiver.elsewhere += 1
                receiver._answer(self, Came(dict(self.headers), body))

            do_GET = do_POST  # noqa: N815 - where a redirect would lead

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = _Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self) -> None:
        """Nobody listens on the port any more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _answer(self, handler: BaseHTTPRequestHandler, came: Came) -> None:
        self.came.append(came)
        if self.mood == "slow":
            time.sleep(1.5)
        if self.mood == "hang" and len(self.came) >= self.hang_from:
            self.let_go.wait(60)
        special = {"drip": self._drip, "flood": self._flood, "headers": self._headers}.get(self.mood)
        if special is not None:
            special(handler)
            return
        if self.mood == "cut":
            handler.close_connection = True
            handler.connection.close()
            return
        status = {"500": 500, "redirect": 302, "gone": 410}.get(self.mood, 204)
        if status == 204 and self.mood in {"taken", "hang"}:
            self.taken.append(came)
        handler.send_response(status)
        if status == 302:
            handler.send_header("Location", f"http://127.0.0.1:{self.port}/elsewhere")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def _drip(self, handler: BaseHTTPRequestHandler) -> None:
        """A byte now and then, so that no single one is late."""
        try:
            for letter in b"HTTP/1.1 204 No Content" * 3:
                handler.wfile.write(bytes([letter]))
                handler.wfile.flush()
                time.sleep(0.05)
        except OSError:
            handler.close_connection = True

    def _flood(self, handler: BaseHTTPRequestHandler) -> None:
        """An answer of 10 MB. ``flooded``: how much of it got out."""
        self.taken.append(self.came[-1])
        handler.send_response(200)
        handler.send_header("Content-Length", str(FLOOD))
        handler.end_headers()
        try:
            while self.flooded < FLOOD:
                self.flooded += handler.connection.send(b"x" * 65536)
        except OSError:
            handler.close_connection = True

    def _headers(self, handler: BaseHTTPRequestHandler) -> None:
        try:
            handler.wfile.write(b"HTTP/1.1 204 No Content\r\n" + b"X-Header: x\r\n" * 10_000 + b"\r\n")
        except OSError:
            handler.close_connection = True
