"""A person at a station, in a real browser: scans, types the password, touches, sees.

`Station` wraps a page of Playwright. Keys go in through the browser's own input, as from a keyboard, so that what the
page does with focus, fields and buttons is what it does on the floor. Knows no course.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from playwright.sync_api import CDPSession, Error, Page, expect
from werkzeug.serving import BaseWSGIServer, make_server

from coi_tracker.identity import CommandCode
from coi_tracker.vocabulary import Command
from tests.floor import PASSWORD

PATIENCE = 60_000
"""Milliseconds for anything to appear: two processors, and other tests beside this one."""
AGO = 0.15
"""Seconds since the last key of a scan, when the browser hears of it: more than it waits for CR and LF."""
SHIFTED = {":": ";", "*": "8", "_": "-", "(": "9", ")": "0", "+": "=", "?": "/", '"': "'"}
CODES = {
    "-": "Minus", "=": "Equal", ";": "Semicolon", "/": "Slash", ".": "Period", ",": "Comma", " ": "Space",
    "]": "BracketRight", "[": "BracketLeft", "'": "Quote",
}  # fmt: skip
KEY = "Input.dispatchKeyEvent"
ENDS = {"Enter": ("Enter", "\r", 13), "Tab": ("Tab", "", 9)}


@dataclass
class Served:
    """The application behind a socket, which can be taken away and put back."""

    app: Callable[[], Flask]
    port: int = 0
    server: BaseWSGIServer | None = None
    thread: threading.Thread | None = None

    def start(self) -> Served:
        """Listen; again at the same port."""
        self.server = make_server("127.0.0.1", self.port, self.app(), threaded=True)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        return self

    def stop(self) -> None:
        """Gone: nobody listens any more."""
        if self.server is not None and self.thread is not None:
            self.server.shutdown()
            self.server.server_close()
            self.thread.join()
            self.server = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"


@dataclass
class Station:
    """A person at a station. Every method waits until what it says is so, or fails."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)
    _keys: CDPSession | None = None
    _moment: float = 0.0

    def __post_init__(self) -> None:
        self.context = self.page.context
        self.page.set_default_timeout(PATIENCE)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda told: self._heard(told.type, told.text))

    def _heard(self, kind: str, text: str) -> None:
        """What the browser complains about; that a server is gone or says 4xx is told by the page itself."""
        if kind == "error" and "Failed to load resource" not in text:
            self.faults.append(text)

    # --- getting there

    def sign_in(self, account: str, password: str = PASSWORD) -> None:
        """By the sign-in page."""
        self.page.goto(f"{self.url}/sign-in?to=/scan")
        self.page.fill("input[name=account]", account)
        self.page.fill("input[name=password]", password)
        self.page.click("main button:has-text('Sign in')")
        self.page.wait_for_url("**/scan*")

    def be(self, code: str) -> None:
        """This device becomes that station."""
        self.page.fill("input[name=code]", code)
        self.page.click("main button")
        self.ready()

    def ready(self) -> None:
        """The script of the page runs."""
        self.page.wait_for_selector("#station[data-ready=yes]")

    def go(self, path: str = "/scan") -> None:
        """To a page."""
        self.page.goto(self.url + path)

    # --- doing

    @property
    def keyboard(self) -> CDPSession:
        """The browser's own input."""
        if self._keys is None:
            self._keys = self.page.context.new_cdp_session(self.page)
        return self._keys

    def keys(self, text: str, *, gap: float = 0.005) -> None:
        """The keys of a keyboard-wedge scanner, one after another, so many seconds apart."""
        self._keys_told([key_event(character) for character in text], gap)

    def _keys_told(self, events: Sequence[Mapping[str, object]], gap: float = 0.005) -> None:
        """All keys are on their way at once, each with the moment of its stroke; the last one was struck a little ago.

        A machine that runs tests can be held up between two keys for longer than any scanner; and it can press the next
        key sooner than any person, when an Enter would still be the end of the scan.
        """
        began = max(self._moment, time.time() - AGO - gap * len(events))
        told = [{**event, "timestamp": began + gap * n} for n, event in enumerate(events, start=1)]
        self._moment = began + gap * len(told)
        time.sleep(max(0.0, self._moment - time.time()))
        at_once(self.keyboard, told)

    def burst(self, text: str, end: str) -> None:
        """The keys of a whole scan without waiting for the browser between them: quicker than it can be asked."""
        at_once(self.keyboard, [key_event(character) for character in text] + [end_event(end)])

    def press(self, name: str) -> None:
        """One key with a name."""
        event = end_event(name)
        self.keyboard.send(KEY, event)
        self.keyboard.send(KEY, {**event, "type": "keyUp", "text": ""})

    def scan(self, text: str, *, suffix: str = "Enter") -> Verdict:
        """Scan, and wait for the verdict."""
        before = self.handled
        self.shoot(text, suffix=suffix)
        return self.verdict(after=before)

    def shoot(self, text: str, *, suffix: str = "Enter") -> None:
        """Scan, and wait for nothing."""
        self._keys_told([key_event(character) for character in text] + [end_event(suffix)] * bool(suffix))

    def command(self, command: Command, step: str | None = None) -> Verdict:
        """Scan a command code."""
        return self.scan(CommandCode(command, step).format())

    def type_password(self, password: str = PASSWORD) -> Verdict:
        """Give the password that is asked for, and Enter. The badge of another person is scanned before."""
        before, known = self.handled, {line["id"] for line in self.lines()}
        for _ in range(3):  # what somebody else did may draw the form anew between two keys: then it is typed again
            self.page.fill("#sign-password", password)
            self.page.press("#sign-password", "Enter")
            self.page.wait_for_timeout(500)
            if {line["id"] for line in self.lines()} - known:
                break
        return self.verdict(after=before)

    def touch(self, text: str) -> Verdict:
        """Touch the button with these words."""
        before = self.handled
        self.page.get_by_role("button", name=text).first.click()
        return self.verdict(after=before)

    def answer(self, known: Mapping[str, str | list[str]]) -> None:
        """Scan what is asked for, one thing after another, until nothing is asked that is known."""
        given: dict[str, int] = {}
        while (key := self.asked) in known:
            value = known[str(key)]
            values = [value] if isinstance(value, str) else value
            number = given[str(key)] = given.get(str(key), -1) + 1
            if number >= len(values):
                raise AssertionError(f"{key} is asked for again after {values}")
            found = self.scan(values[number])
            assert found.kind == "accepted", f"{key}: {found.headline} {self.refusal}"

    # --- seeing

    @property
    def handled(self) -> int:
        """How many scans and touches are over and done with."""
        return sum(line["state"] == "done" for line in self.lines())

    def lines(self) -> list[dict[str, Any]]:
        """The queue as the browser keeps it."""
        found = self.page.evaluate(
            "Object.entries(localStorage).filter(([k]) => k.startsWith('coi.scans:')).map(([, v]) => v)"
        )
        return [line for text in found for line in json.loads(text)]

    def until(self, expression: str, *, seconds: float = PATIENCE / 1000) -> None:
        """Wait until something is so in the page. (Playwright's own waiting would need eval, which pages forbid.)"""
        deadline = time.monotonic() + seconds
        while not self._so(expression):
            assert time.monotonic() < deadline, f"never so: {expression}"
            self.page.wait_for_timeout(20)

    def _so(self, expression: str) -> bool:
        try:
            return bool(self.page.evaluate(expression))
        except Error as error:
            if "context was destroyed" in str(error) or "navigation" in str(error):
                return False  # on the way to another page
            raise

    def settled(self, *, seconds: float = PATIENCE / 1000) -> None:
        """Nothing waits to be confirmed."""
        self.until("document.getElementById('count').textContent === ''", seconds=seconds)

    def verdict(self, *, after: int) -> Verdict:
        """What the station says to the scan that comes after so many."""
        deadline = time.monotonic() + PATIENCE / 1000
        while time.monotonic() < deadline:
            done = [line for line in self.lines() if line["state"] == "done"]
            if len(done) > after or (done and len(done) >= 30 and all(x["state"] == "done" for x in self.lines())):
                return Verdict(done[-1]["kind"], done[-1]["headline"])
            self.page.wait_for_timeout(15)
        raise AssertionError(f"no verdict: {self.lines()[-3:]}")

    def see(self, text: str) -> None:
        """These words are somewhere on the page."""
        expect(self.page.get_by_text(text).first).to_be_visible(timeout=PATIENCE)

    @property
    def refusal(self) -> str:
        """The words of the red screen; nothing when there is none."""
        stop = self.page.locator("#stop")
        return stop.inner_text() if stop.is_visible() else ""

    @property
    def asked(self) -> str | None:
        """The key of what is asked for next."""
        ask = self.page.locator("#screen .ask[data-key]")
        return ask.first.get_attribute("data-key") if ask.count() else None


@dataclass(frozen=True)
class Verdict:
    """What became of a scan, and its headline."""

    kind: str
    headline: str


def key_event(character: str) -> dict[str, object]:
    """The key of a United States keyboard that writes a character; for a separator of GS1 Ctrl and ]."""
    if character == "\x1d":
        return {"type": "keyDown", "key": "]", "code": "BracketRight", "modifiers": 2, "windowsVirtualKeyCode": 0}
    shift = character.isupper() or character in SHIFTED
    base = SHIFTED.get(character, character)
    if base.isalpha():
        code, number = f"Key{base.upper()}", ord(base.upper())
    elif base.isdigit():
        code, number = f"Digit{base}", ord(base)
    else:
        code, number = CODES[base], 0
    event = {"type": "keyDown", "key": character, "code": code, "text": character, "modifiers": 8 if shift else 0}
    return {**event, "windowsVirtualKeyCode": number}


def end_event(name: str) -> dict[str, object]:
    """A key with a name going down."""
    key, text, number = ENDS.get(name, (name, "", 0))
    return {"type": "keyDown", "key": key, "code": key, "text": text, "windowsVirtualKeyCode": number}


def at_once(session: CDPSession, events: Sequence[Mapping[str, object]]) -> None:
    """Send all the keys, and only then wait for what becomes of them."""

    async def all_of_them() -> None:
        await asyncio.gather(*(session._impl_obj.send(KEY, dict(one), timeout=None) for one in events))

    session._sync(all_of_them())


def type_into(page: Page, name: str, text: str) -> None:
    """Type once the focus has come to the field of this name: keys that are quicker than the page are lost."""
    expect(page.locator("*:focus")).to_have_attribute("name", name, timeout=PATIENCE)
    page.keyboard.type(text)


@contextmanager
def running(app: Callable[[], Flask]) -> Iterator[Served]:
    """A server for the length of a test."""
    served = Served(app).start()
    try:
        yield served
    finally:
        served.stop()
