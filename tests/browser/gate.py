"""Before the pages of a server: remembers every scan that arrives, and can lose answers on the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from io import BytesIO
from socket import SHUT_RDWR
from typing import Any

from flask import Flask
from werkzeug.formparser import parse_form_data

from tests.browser.driver import Served
from tests.floor import Floor
from web import create_app


@dataclass
class Gate:
    """In front of the application: remembers every scan (or what comes to another path). Can lose answers."""

    app: Flask
    path: str = "/scan/one"
    came: list[tuple[str, str]] = field(default_factory=list)
    lose: Callable[[int], bool] = lambda _: False

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != self.path:
            return self.app.wsgi_app(environ, start)
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        _, form, _ = parse_form_data({**environ, "wsgi.input": BytesIO(body)})
        environ["wsgi.input"] = BytesIO(body)
        self.came.append((form["once"], form.get("code", "")))
        answer = list(self.app.wsgi_app(environ, start))
        if self.lose(len(self.came)):
            environ["werkzeug.socket"].shutdown(SHUT_RDWR)
            raise ConnectionAbortedError("the answer is lost on the way")
        return answer

    @property
    def in_order(self) -> list[str]:
        """What was scanned, without repetitions of one scan."""
        return list(dict(self.came).values())


def gated(floor: Floor, served: Served, *, path: str = "/scan/one") -> Gate:
    """Put a gate before the pages of a server: at the address of scans, or of something else."""
    served.stop()
    gate = Gate(create_app(floor.record), path)
    served.app = lambda: gate  # type: ignore[return-value,assignment]
    served.start()
    return gate


def handled_by(floor: Floor) -> int:
    """How many scans the record remembers to have handled."""
    with floor.record.database.read() as tx:
        row = tx.one("SELECT count(*) FROM station_scans")
    assert row is not None
    return int(row[0])
