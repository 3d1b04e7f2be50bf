"""A thousand scans, faster than anybody works, while the focus is stolen: each handled once, in order, none lost.

What reaches the server is counted outside of the application, before Flask; what was handled is counted in the record.
"""

from __future__ import annotations

import os
import random
import time

import pytest

from coi_tracker.course import Course
from coi_tracker.identity import ALPHABET, LabelSerial
from coi_tracker.vocabulary import Role
from tests.browser.conftest import OpenStation
from tests.browser.driver import Served, Station
from tests.browser.gate import gated, handled_by
from tests.browser.stages import course_at, payload
from tests.floor import Floor

APART = 0.040
"""Seconds from the beginning of a scan to the beginning of the next."""
THIEF = """
() => {
  const room = document.createElement("div");
  room.id = "thief";
  room.innerHTML = '<button>a</button><input class="t"><textarea class="t"></textarea><input type="date" class="t">' +
    '<select class="t"><option>one</option><option>Lx</option></select><a href="#main">b</a>' +
    '<input type="number" class="t">';
  document.getElementById("main").append(room);
  window.stolen = 0;
  window.ends = [];
  addEventListener("keydown", (e) => { if (e.key === "Enter") window.ends.push(e.timeStamp) }, true);
  const steal = () => {
    const all = [...document.querySelectorAll("#thief > *, #main button, #main a, #main summary, #main input")]
      .filter((one) => one.offsetParent && one.type !== "hidden");
    const one = all[Math.floor(Math.random() * (all.length + 1))];
    if (one) one.focus(); else document.activeElement.blur();
    window.stolen += 1;
    window.theft = setTimeout(steal, 5 + Math.random() * 120);
  };
  steal();
}
"""
LEFT_BEHIND = """
() => [...document.querySelectorAll('#thief .t, #capture')].map((one) => one.value).filter((v) => v && v !== 'one')
"""


def mixed(course: Course, count: int, chance: random.Random) -> list[str]:
    """Codes of labels as they are printed (the serial alone, or all of it) and spoiled ones, each of them another."""
    right = [str(one.serial) for one in course.containers.values()]
    found = []
    for _ in range(count):
        serial = chance.choice(right)
        sort = chance.random()
        if sort < 0.45:
            found.append(serial)
        elif sort < 0.6:
            found.append(payload(course, serial))
        elif sort < 0.9:
            found.append(LabelSerial.issue(chance.randbytes).text)
        else:
            place = chance.randrange(1, 12)
            found.append(serial[:place] + chance.choice(ALPHABET.replace(serial[place], "")) + serial[place + 1 :])
    return found


def fire(station: Station, codes: list[str], chance: random.Random) -> list[float]:
    """Scan them one after another at their pace; how late each of them began, in seconds."""
    late, begin = [], time.monotonic()
    for number, code in enumerate(codes):
        due = begin + number * APART
        late.append(time.monotonic() - due)
        if late[-1] < 0:
            time.sleep(-late[-1])
        station.burst(code, chance.choice(["Enter", "Enter", "Tab"]))
    return late


def torture(tissue: Floor, served: Served, open_station: OpenStation, count: int) -> None:
    chance = random.Random(20260302)
    course = course_at(tissue)
    gate = gated(tissue, served)
    station = open_station(served, tissue, tissue.person(Role.COORDINATOR, str(course.site)).id, str(course.site))
    codes = mixed(course, count, chance)
    station.page.evaluate(THIEF)
    started = time.monotonic()
    late = fire(station, codes, chance)
    scanned = time.monotonic() - started
    station.page.evaluate("clearTimeout(window.theft)")
    station.settled(seconds=600)
    drained = time.monotonic() - started
    stolen = station.page.evaluate("window.stolen")
    print(
        f"\n{count} scans in {scanned:.1f} s ({scanned / count * 1000:.0f} ms each,"
        f" {sum(x > 0.005 for x in late)} begun late), all confirmed after {drained:.1f} s; focus stolen {stolen} times"
    )
    assert gate.in_order == codes, _first_difference(gate.in_order, codes)
    assert len(gate.came) == count, "none was sent twice"
    assert handled_by(tissue) == count
    assert station.page.evaluate(LEFT_BEHIND) == [], "nothing was left in a field"
    assert stolen > count / 5


def _first_difference(came: list[str], codes: list[str]) -> str:
    place = next((n for n, pair in enumerate(zip(came, codes, strict=False)) if pair[0] != pair[1]), "the end")
    return f"{len(came)} of {len(codes)}; the first difference is at {place}"


@pytest.mark.requirement("COI-SCAN-06")
def test_150_scans_in_a_row_while_the_focus_is_stolen_are_each_handled_once_and_in_order(tissue, serve, open_station):
    torture(tissue, serve(tissue), open_station, 150)


@pytest.mark.slow
@pytest.mark.skipif("COI_SOAK" not in os.environ, reason="takes minutes: make soak")
def test_1000_scans_in_a_row_while_the_focus_is_stolen(tissue, serve, open_station):
    torture(tissue, serve(tissue), open_station, 1000)
