"""How long a person at a station waits for the decision, with others working beside her; and how heavy the page is.

    python benchmarks/bench_floor.py [--stations 32] [--seconds 30] [--database sqlite postgresql] [--browser]

Serves a record with gunicorn, as `coi serve` does, in a process of its own, and lets people with their own sessions
scan about once a second each: labels they look up, steps they begin and drop, codes that are refused and recorded.
The floor is the bare answer of the same server to `/health`. With `--browser` one of the stations is a real Chromium,
timed from the last key to the decision on the screen, and the page is loaded over a slow telephone network.
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import requests

from benchmarks.machine import KINDS, fresh, high, middle, said, show
from coi_tracker.config import Settings
from coi_tracker.course import AccountId
from coi_tracker.identity import CommandCode
from coi_tracker.services import available, people, sessions
from coi_tracker.services.record import Record, system_clock
from coi_tracker.storage.database import Database
from coi_tracker.vocabulary import Command, Role
from tests.floor import PERSONS, Floor, made

PAUSE = 1.0
"""Seconds a person takes between two scans, on the average."""


@dataclass
class Person:
    """Somebody at a station: her session, and what she scans."""

    url: str
    account: str
    station: str
    token: str
    codes: Sequence[str]
    times: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def work(self, until: float, chance: random.Random) -> None:
        """Scan until it is time to go home."""
        with requests.Session() as browser:
            browser.cookies.set("coi_person", self.token)
            mark = _mark(browser.get(f"{self.url}/station").text)
            browser.post(f"{self.url}/station", data={"code": self.station, "csrf_token": mark}).raise_for_status()
            head = {"X-CSRFToken": _mark(browser.get(f"{self.url}/scan").text)}
            while time.monotonic() < until:
                time.sleep(PAUSE * chance.uniform(0.5, 1.5))
                started = time.perf_counter()
                data = {"code": chance.choice(self.codes), "by": "scanned", "once": uuid.uuid4().hex}
                answer = browser.post(f"{self.url}/scan/one", data=data, headers=head)
                self.times.append(time.perf_counter() - started)
                if answer.status_code != 200:
                    self.failures.append(f"{answer.status_code} {answer.text[:80]}")


def _mark(page: str) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found is not None, page[:300]
    return found[1]


def crew(url: str, floor: Floor, stations: int) -> list[Person]:
    """So many people who work with the courses there are, at their places' stations, signed in by the wall clock."""
    record = replace(floor.record, clock=system_clock)
    with record.database.read() as tx:
        labels = [str(row[0]) for row in tx.query("SELECT serial FROM labels WHERE state = 'applied' ORDER BY serial")]
    commands = [CommandCode(Command.CANCEL, None).format(), CommandCode(Command.STEP, "record_temperature").format()]
    at = {one.place: one.code for one in available.set_up(record).stations}
    workers = [
        (person.id, at[person.roles[0].place])
        for person in people.people(record)
        if person.roles and person.roles[0].role not in {Role.ADMIN, Role.AUDITOR} and person.roles[0].place in at
    ]
    found = []
    for n in range(stations):
        account, station = workers[n % len(workers)]
        token = sessions.begin(record, AccountId(account))
        found.append(Person(url, account, station, token, [*labels, *commands, "nothing of ours"]))
    return found


@contextmanager
def served(database: str) -> Iterator[str]:
    """The pages of a record, by gunicorn in another process."""
    port = _free_port()
    command = [sys.executable, str(Path(__file__).resolve()), "--serve", database, "--port", str(port)]
    with subprocess.Popen(command, cwd=Path(__file__).resolve().parents[1]) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_for(url)
            yield url
        finally:
            process.terminate()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str) -> None:
    for _ in range(200):
        try:
            if requests.get(f"{url}/health", timeout=2).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise SystemExit("the server never answered")


def serve(database: str, port: int) -> None:
    """What the other process does: as `coi serve`, with the keys of the invented record."""
    from coi_tracker.cli import server
    from web import background, create_app

    settings = Settings(database_url=database, port=port, session_hours=24, idle_minutes=240)
    record = Record(Database(database), person_keys=PERSONS)
    found = server._gunicorn(create_app(record, settings), settings, begin=lambda: background.start([]))
    found.run()


def measured(kind: str, asked: argparse.Namespace) -> list[list[object]]:
    """Rows of what the people waited."""
    with fresh(kind) as database:
        made(database)
        floor = Floor(database)
        with served(database) as url:
            bare = sorted(_bare(url) for _ in range(200))
            everybody = crew(url, floor, asked.stations)
            chance = random.Random(7)
            until = time.monotonic() + asked.seconds
            threads = [
                threading.Thread(target=one.work, args=(until, random.Random(chance.random()))) for one in everybody
            ]
            for thread in threads:
                thread.start()
            seen = _seen(url, floor, until) if asked.browser else []
            for thread in threads:
                thread.join()
        floor.close()
    failures = [one for person in everybody for one in person.failures]
    assert not failures, failures[:3]
    times = sorted(one for person in everybody for one in person.times)
    rows: list[list[object]] = [[kind, "bare answer of the server", len(bare), *_three(bare)]]
    rows.append([kind, f"one scan, {asked.stations} stations", len(times), *_three(times)])
    if seen:
        rows.append([kind, "last key to decision, on the screen", len(seen), *_three(sorted(seen))])
    return rows


def _bare(url: str) -> float:
    started = time.perf_counter()
    requests.get(f"{url}/health", timeout=10).raise_for_status()
    return time.perf_counter() - started


def _three(times: Sequence[float]) -> list[str]:
    return [f"{one:.0f} ms" for one in (middle(times), high(times), 1000 * max(times))]


def _seen(url: str, floor: Floor, until: float) -> list[float]:
    """What a person in front of a real screen waits, from the last key to the decision."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import FLAGS
    from tests.browser.driver import Station

    person = crew(url, floor, 1)[0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=FLAGS)
        station = Station(browser.new_context().new_page(), url)
        station.page.context.add_cookies([{"name": "coi_person", "value": person.token, "url": url}])
        station.go("/station?to=/scan")
        station.be(person.station)
        station.page.evaluate(WATCH)
        found = []
        while time.monotonic() < until:
            before = station.handled
            station.keys(random.choice(list(person.codes)), gap=0.005)
            pressed = time.time()
            station.press("Enter")
            station.verdict(after=before)
            station.page.wait_for_timeout(100)
            shown = [one / 1000 for one in station.page.evaluate("window.shown") if one / 1000 >= pressed]
            found += [min(shown) - pressed] if shown else []
            time.sleep(PAUSE / 2)
        browser.close()
    return found


WATCH = """
() => {
  window.shown = [];
  const told = new MutationObserver(() => requestAnimationFrame(() => window.shown.push(Date.now())));
  for (const id of ["verdict", "stop"]) told.observe(document.getElementById(id), { childList: true, subtree: true });
}
"""
"""Notes in the page itself, by the machine's clock, when a verdict was on the screen."""


def _chromium() -> str:
    import shutil

    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        raise SystemExit("no Chromium here; leave --browser out")
    return found


SLOW = {"offline": False, "latency": 400, "downloadThroughput": 400 * 1024 / 8, "uploadThroughput": 400 * 1024 / 8}
"""Slow 3G, as the tools of browsers have it: 400 kbit/s, 400 ms."""
FAST = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8}
"""3G, as the tools of browsers have it: 1.6 Mbit/s, 150 ms."""


def page_weight() -> list[list[object]]:
    """Bytes of the station's page and the time to its first paint, over the network of a telephone."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import FLAGS

    rows: list[list[object]] = []
    with fresh("sqlite") as database:
        made(database)
        floor = Floor(database)
        with served(database) as url, sync_playwright() as playwright:
            person = crew(url, floor, 1)[0]
            browser = playwright.chromium.launch(executable_path=_chromium(), args=FLAGS)
            for name, network in (("3G", FAST), ("slow 3G", SLOW)):
                for visit in ("first visit", "second visit"):
                    if visit == "first visit":
                        context = browser.new_context()
                        context.add_cookies([{"name": "coi_person", "value": person.token, "url": url}])
                        page = context.new_page()
                        page.goto(f"{url}/station?to=/scan")
                        page.fill("input[name=code]", person.station)
                        page.click("main button")
                        page.wait_for_selector("#station[data-ready=yes]")
                    rows.append([name, visit, *_loaded(page, url, network, clear=visit == "first visit")])
                context.close()
            browser.close()
        floor.close()
    return rows


def _loaded(page: Any, url: str, network: dict[str, Any], *, clear: bool) -> list[str]:
    tools = page.context.new_cdp_session(page)
    tools.send("Network.enable")
    if clear:
        tools.send("Network.clearBrowserCache")
    tools.send("Network.emulateNetworkConditions", network)
    got: list[float] = []
    tools.on("Network.loadingFinished", lambda event: got.append(event["encodedDataLength"]))
    page.goto(f"{url}/scan")
    page.wait_for_selector("#station[data-ready=yes]")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    return [f"{sum(got) / 1000:.0f} kB", f"{len(got)}", f"{paint:.0f} ms"]


def main() -> None:
    """Measure and say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stations", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--database", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--browser", action="store_true")
    parser.add_argument("--serve")
    parser.add_argument("--port", type=int, default=0)
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.serve, asked.port)
        return
    print(said())
    rows = [row for kind in asked.database for row in measured(kind, asked)]
    show("What a person waits", ("database", "what", "times", "middle", "95 of 100", "longest"), rows)
    if asked.browser:
        show("The page", ("network", "visit", "over the wire", "files", "first paint"), page_weight())


if __name__ == "__main__":
    main()
