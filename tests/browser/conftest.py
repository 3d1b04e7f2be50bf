"""A real Chromium for the tests of the station, a server with the pages, and records on the way to where it matters.

`browser` starts Chromium once; `open_station` gives a `Station` in a browser context of its own (its own cookies), and
looks at the end whether any page complained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.driver import PATIENCE, Served, Station, running
from tests.browser.stages import at_the_bedside, product_released, tissue_packed
from tests.floor import Floor, floor
from web import create_app

FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
"""Chromium on a closed network, as root."""

OpenStation = Callable[..., Station]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs Chromium."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """One Chromium for all tests."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def tissue(prepared_database: Callable[..., str]) -> Iterator[Floor]:
    """A record in which tissue is packed, and the courier is at the door."""
    floor = Floor(prepared_database(tissue_packed))
    yield floor
    floor.close()


@pytest.fixture
def bedside(prepared_database: Callable[..., str]) -> Iterator[Floor]:
    """A record in which a bag has just been thawed at the site."""
    floor = Floor(prepared_database(at_the_bedside))
    yield floor
    floor.close()


@pytest.fixture
def product(prepared_database: Callable[..., str]) -> Iterator[Floor]:
    """A record in which two bags wait for the courier who was called."""
    floor = Floor(prepared_database(product_released))
    yield floor
    floor.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Floor], Served]]:
    """Put a record behind a server."""
    started: list[Served] = []

    def put(floor: Floor) -> Served:
        served = Served(lambda: create_app(floor.record)).start()
        started.append(served)
        return served

    yield put
    for served in started:
        served.stop()


@pytest.fixture
def open_station(browser: Browser) -> Iterator[OpenStation]:
    """Somebody signs in at a station: `open_station(served, floor, account, place)`."""
    opened: list[Station] = []

    def opener(served: Served, floor: Floor, account: str, place: str, *, width: int = 1280) -> Station:
        context = browser.new_context(viewport={"width": width, "height": 800})
        station = Station(context.new_page(), served.url)
        opened.append(station)
        station.sign_in(account)
        station.be(floor.station(place))
        return station

    yield opener
    faults = [fault for station in opened for fault in station.faults]
    for station in opened:
        station.context.close()
    assert faults == []


__all__ = ["floor", "running"]
