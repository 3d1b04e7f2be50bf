"""Somebody without a mouse: Tab, Shift+Tab, Enter, Space, arrows and letters. Where one is has to be seen.

Nothing here clicks, fills in or focuses. Knows no page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser, Download, Page, expect

from tests.browser.driver import PATIENCE, running
from tests.floor import PASSWORD

MOST_STOPS = 150
PERSON = 50
"""Milliseconds between two keys of somebody who types well: slower than any scanner."""
FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  const [x, y] = [box.left + Math.min(box.width / 2, 20), box.top + box.height / 2];
  const top = document.elementFromPoint(x, y);
  const label = one.labels && one.labels.length ? one.labels[0].innerText : '';
  return {
    tag: one.tagName, words: (one.getAttribute('aria-label') || label || one.innerText || '').trim(),
    name: one.name || '', id: one.id,
    seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1,
    uncovered: Boolean(top) && (one.contains(top) || top.contains(one)),
    place: [...document.querySelectorAll('*')].indexOf(one),
  };
}"""


@dataclass(frozen=True)
class Stop:
    """Where the focus is."""

    tag: str
    words: str
    name: str
    id: str
    seen: bool
    uncovered: bool
    place: int


@dataclass
class Keyboard:
    """A person at a page. At the station letters come as slowly as from a hand: quick ones are a scanner's."""

    page: Page
    url: str

    def at(self) -> Stop | None:
        """Where the focus is; it has to be seen."""
        found = self.page.evaluate(FOCUS)
        if found is None or found["tag"] == "MAIN":
            return None
        stop = Stop(**found)
        assert stop.seen, f"the focus cannot be seen: {stop}"
        assert stop.uncovered, f"something lies over what has the focus: {stop}"
        return stop

    def to(self, words: str = "", *, name: str = "", back: bool = False) -> Stop:
        """Tab to what has these words, or this name."""
        stop = self.at()
        for _ in range(MOST_STOPS):
            if stop is not None and (words.lower() in stop.words.lower() if words else name == stop.name):
                return stop
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
            stop = self.at()
        raise AssertionError(f"nobody comes to {words or name!r} with Tab")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str, *then: str) -> None:
        self.page.keyboard.type(text, delay=PERSON)
        self.press(*then)

    def sign_in(self, account: str) -> None:
        """By the sign-in page, where nothing listens for a scanner."""
        self.page.goto(f"{self.url}/sign-in?to=/scan")
        self.fill(account=account, password=PASSWORD)
        self.press("Enter")
        self.page.wait_for_url(f"{self.url}/scan")

    def sign(self, account: str = "") -> None:
        """Sign where it is asked for: who is signed in, or another person. A password is no scan, however quick."""
        if account:
            self.to(name="account")
            self.type(account)
        self.fill(password=PASSWORD)
        self.press("Enter")

    def follow(self, words: str, *, name: str = "") -> None:
        """Tab to a link or a button, press Enter, and wait for the page that it leads to."""
        self.to(words, name=name)
        with self.page.expect_navigation():
            self.press("Enter")

    def fill(self, **fields: str) -> None:
        """Tab from field to field, in this order, and type; into a choice its first letters."""
        for name, text in fields.items():
            self.to(name=name)
            self.page.keyboard.type(text)

    def unfold(self, words: str) -> None:
        """Open what is folded."""
        self.to(words)
        self.press("Enter")

    def hand_over(self, name: str, file: Path) -> None:
        """Choose a file, in the window that the browser opens for it."""
        self.to(name=name)
        with self.page.expect_file_chooser() as chooser:
            self.press("Space")
        chooser.value.set_files(file)

    def download(self, words: str) -> Download:
        """Tab to a button and press it: what it gives is a file."""
        self.to(words)
        with self.page.expect_download() as found:
            self.press("Enter")
        return found.value

    def told(self, words: str) -> None:
        """The page says so."""
        expect(self.page.get_by_role("status").first).to_contain_text(words, timeout=PATIENCE)

    def be_at(self, station: str) -> None:
        """Type the code of the station that this device is."""
        self.to(name="code")
        self.type(station, "Enter")
        self.page.wait_for_selector("#station[data-ready=yes]")

    def verdict(self, words: str, role: str = "#verdict") -> None:
        """These words are announced: politely what was taken, at once what was not."""
        live = self.page.locator(role)
        expect(live).to_contain_text(words, timeout=PATIENCE)
        assert live.get_attribute("role" if role == "#stop" else "aria-live") == (
            "alert" if role == "#stop" else "polite"
        )

    def round_trip(self) -> int:
        """Tab through the whole page and out of it again, and back: nothing holds the focus. How many stops."""
        places: list[int] = []
        for _ in range(MOST_STOPS):
            self.press("Tab")
            stop = self.at()
            if stop is None or (places and stop.place == places[0]):
                break
            places.append(stop.place)
        else:
            raise AssertionError("Tab does not come round")
        assert len(set(places)) == len(places), "Tab goes in a small circle"
        self.press("Shift+Tab")
        last = self.at()
        assert last is not None
        assert last.place == places[-1], "Shift+Tab does not lead back"
        return len(places)


@contextmanager
def at_keyboard(browser: Browser, app: Callable[[], Flask]) -> Iterator[Keyboard]:
    """Somebody in front of a browser with these pages, and no mouse. At the end no page has complained."""
    with running(app) as served:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(PATIENCE)
        page.on("filechooser", lambda _: None)  # from the beginning: it takes a moment until windows are caught
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        yield Keyboard(page, served.url)
        page.context.close()
        assert faults == []
