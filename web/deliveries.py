"""Sends letters about events to other systems, for the service that keeps track of them. Knows HTTP, no record.

Only to https, or to hosts that the settings name; an address that leads into a private network is refused, looked up
once and connected to as it was looked up. No redirect is followed, no proxy asked, and whoever is slow is cut off.
"""

from __future__ import annotations

import http.client
import ipaddress
import logging
import socket
import ssl
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import SplitResult, urlsplit

from coi_tracker import __version__
from coi_tracker.config import Settings
from coi_tracker.services.deliveries import Letter, deliver, due, serve
from coi_tracker.services.record import Record
from web.background import Worker

PATIENCE = 5.0
"""Seconds for each of: connecting, each piece that is sent or comes."""
IN_ALL = 12.0
"""Seconds for a letter altogether: who answers a byte at a time is cut off too."""
_log = logging.getLogger(__name__)


def worker(record: Record, settings: Settings) -> Worker:
    """Deliver every other second what there is, for the server of the pages."""
    return Worker("webhooks", timedelta(seconds=2), Sending(record, post_of(settings)).round)


def send_all(record: Record, settings: Settings) -> int:
    """One turn of all webhooks; how many letters were taken."""
    return deliver(record, post_of(settings).send).taken


def post_of(settings: Settings) -> Post:
    """How letters are sent by these settings."""
    return Post(frozenset(settings.webhook_hosts.split()))


@dataclass
class Sending:
    """A thread for each webhook that is due: one whose receiver hangs is left behind, and holds up no other."""

    record: Record
    post: Post
    patience: float = 1.0
    _at_work: dict[str, threading.Thread] = field(default_factory=dict)
    _taken: list[int] = field(default_factory=list)

    def round(self) -> int:
        """Begin a turn of each that is due and not at work yet; how many letters were taken since the last time."""
        self._at_work = {name: thread for name, thread in self._at_work.items() if thread.is_alive()}
        for name in due(self.record):
            if name not in self._at_work:
                self._at_work[name] = threading.Thread(target=self._turn, args=(name,), name=name, daemon=True)
                self._at_work[name].start()
        ends = time.monotonic() + self.patience
        for thread in self._at_work.values():
            thread.join(max(0.0, ends - time.monotonic()))
        taken, self._taken = sum(self._taken), []
        return taken

    def _turn(self, name: str) -> None:
        try:
            self._taken.append(serve(self.record, name, self.post.send).taken)
        except Exception:  # noqa: BLE001 - whatever it was, the next turn may succeed
            _log.exception("a turn of the webhook %s failed, and is tried again", name)


class Unreachable(Exception):
    """A letter was not taken. Says why in a few words that may be shown to administrators."""


@dataclass(frozen=True, slots=True)
class Post:
    """Sends letters. ``trusted``: hosts, as ``host`` or ``host:port``, that may be private and without TLS."""

    trusted: Collection[str] = ()
    patience: float = PATIENCE
    in_all: float = IN_ALL
    context: ssl.SSLContext | None = None

    def send(self, letter: Letter, at: datetime) -> str | None:
        """None: it was taken. Otherwise why not."""
        try:
            status = self._post(letter, at)
        except Unreachable as error:
            return str(error)
        except (OSError, http.client.HTTPException, ValueError) as error:
            return f"no answer: {type(error).__name__}"  # not its words: they may hold what the other side sent
        return None if 200 <= status < 300 else f"answered {status}"

    def _post(self, letter: Letter, at: datetime) -> int:
        parts = urlsplit(letter.url)
        connection = self._connection(parts)
        late = threading.Event()
        cut = threading.Timer(self.in_all, _cut, (connection, late))
        cut.daemon = True
        cut.start()
        try:
            connection.request("POST", _target(parts), body=letter.body, headers=headers_of(letter, at))
            status = connection.getresponse().status
        finally:
            cut.cancel()
            connection.close()
        if late.is_set():  # what had come until then may look like an answer
            raise Unreachable(f"no answer within {self.in_all:g} seconds")
        return status

    def _connection(self, parts: SplitResult) -> http.client.HTTPConnection:
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        trusted = bool({host, f"{host}:{port}"} & set(self.trusted))
        if parts.scheme != "https" and not trusted:
            raise Unreachable("not https, and the setting webhook_hosts does not name this host")
        address = _address(host, port, trusted=trusted)
        if parts.scheme != "https":
            return _Plain(host, port, address=address, timeout=self.patience)
        context = self.context or ssl.create_default_context()
        return _Secure(host, port, address=address, timeout=self.patience, context=context)


def _address(host: str, port: int, *, trusted: bool) -> str:
    """Where to connect to: looked up once, so that a name cannot mean something else a moment later."""
    try:
        found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError:
        raise Unreachable("the name of the host leads nowhere") from None
    private = [one for one in found if not _is_public(one)]
    if private and not trusted:
        raise Unreachable("the host is in a private network, and the setting webhook_hosts does not name it")
    return found[0]


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None) or address
    return inner.is_global and not inner.is_multicast and not inner.is_reserved  # reserved: where IPv4 hides in IPv6


class _Plain(http.client.HTTPConnection):
    """Connects to the address that was looked at, whatever the name means by now."""

    def __init__(self, host: str, port: int, *, address: str, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self.address = address

    def connect(self) -> None:
        self.sock = socket.create_connection((self.address, self.port), self.timeout)


class _Secure(_Plain):
    """The same, with TLS for the name."""

    default_port = 443

    def __init__(self, host: str, port: int, *, address: str, timeout: float, context: ssl.SSLContext) -> None:
        super().__init__(host, port, address=address, timeout=timeout)
        self.context = context

    def connect(self) -> None:
        super().connect()
        # First known here, then greeted: so that who greets a byte at a time can be cut off.
        self.sock = line = self.context.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
        line.do_handshake()


def _cut(connection: http.client.HTTPConnection, late: threading.Event) -> None:
    late.set()
    line = connection.sock
    if line is not None:
        try:
            line.shutdown(socket.SHUT_RDWR)
        except OSError as error:
            _log.debug("already cut: %s", error)


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def headers_of(letter: Letter, at: datetime) -> dict[str, str]:
    """What goes with a letter: its id, and the proof of who sent it when."""
    when, signed = letter.signature(at)
    return {
        "Content-Type": "application/json",
        "User-Agent": f"coi-tracker/{__version__}",
        "COI-Delivery": letter.id,
        "COI-Time": when,
        "COI-Signature": f"sha256={signed}",
    }
