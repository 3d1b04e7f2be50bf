"""Two at the bedside hand in the same bag at the same moment, or one hands it in twice: the record holds one infusion.

Both requests are let into the application together, so that neither is first by the way the test is written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Barrier
from typing import Any

import pytest

from coi_tracker.course import Course
from coi_tracker.services.people import Person
from coi_tracker.vocabulary import Command, ContainerKind, ContainerState, Role
from tests.browser.conftest import OpenStation
from tests.browser.driver import Served, Station, Verdict, end_event
from tests.browser.gate import gated
from tests.browser.stages import birth_date_of, containers, course_at, number_of, payload
from tests.floor import PASSWORD, Floor

SIGN = "/scan/sign"
AT_ONCE = """async ([to, fields]) => {
  const token = document.querySelector('meta[name=csrf-token]').content;
  const headers = { Accept: 'application/json', 'X-CSRFToken': token };
  const one = async () => {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    const told = await (await fetch(to, { method: 'POST', body, headers })).json();
    return [told.kind, told.replayed];
  };
  return Promise.all([one(), one()]);
}"""


@dataclass
class Together:
    """In front of the application: the last signatures of two people go in together, or not at all."""

    app: Callable[..., Iterable[bytes]]
    line: Barrier = field(default_factory=lambda: Barrier(2, timeout=15))
    armed: bool = False
    met: int = 0

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if self.armed and environ["PATH_INFO"] == SIGN:
            self.line.wait()
            self.met += 1
        return self.app(environ, start)


def together(served: Served) -> Together:
    """Put it before the pages of a server."""
    app = served.app()
    served.stop()
    found = Together(app.wsgi_app)
    served.app = lambda: found  # type: ignore[return-value,assignment]
    served.start()
    return found


def nurses(floor: Floor, course: Course) -> tuple[Person, Person]:
    """The two who match bag and wristband, and infuse."""
    site = str(course.site)
    first = floor.person(Role.NURSE, site)
    return first, floor.person(Role.NURSE, site, other_than=first.id)


def thawed(course: Course) -> str:
    """What the symbol on the thawed bag says."""
    bag = next(one for one in containers(course, ContainerKind.BAG) if one.state is ContainerState.IN_USE)
    return payload(course, bag.serial)


def verified(station: Station, course: Course, second: Person) -> None:
    """Bag and wristband are matched at the bedside by both."""
    station.scan(thawed(course))
    station.command(Command.STEP, "verify_at_bedside")
    wristband = containers(course, ContainerKind.WRISTBAND)[0]
    station.answer(
        {
            "scan.wristband": payload(course, wristband.serial),
            "scan.bag": thawed(course),
            "identifier.birth_date": birth_date_of(course),
            "identifier.subject_number": number_of(course),
        }
    )
    station.command(Command.CONFIRM)
    station.type_password()
    station.scan(str(second.badge))
    assert station.type_password().kind == "performed", station.refusal


def at_the_last_key(station: Station, course: Course, second: Person) -> None:
    """The infusion of the bag is begun, answered and signed by the one who acts; the other one's password is typed."""
    station.scan(thawed(course))
    station.command(Command.STEP, "infuse_bag")
    station.answer(
        {"scan.bag": thawed(course), "field.started_at": "now", "field.ended_at": "now", "field.volume": "120 mL"}
    )
    station.command(Command.CONFIRM)
    assert station.type_password().kind == "accepted", station.refusal
    station.scan(str(second.badge))
    station.page.fill("#sign-password", PASSWORD)
    station.page.focus("#sign-password")


def infusions(floor: Floor) -> list[tuple[str, str]]:
    """Every attempt to infuse in the record: performed or refused, and by whom."""
    with floor.record.database.read() as tx:
        rows = tx.query("SELECT kind, entry FROM events WHERE step = 'infuse_bag' ORDER BY recorded_at, id")
    return [(str(kind), json.loads(entry)["actor"]["account"]) for kind, entry in rows]


def infused(floor: Floor) -> list[str]:
    """The bags that the course has infused."""
    return [c.id for c in containers(course_at(floor), ContainerKind.BAG) if c.state is ContainerState.INFUSED]


@pytest.mark.requirement("COI-SCAN-09")
def test_two_nurses_hand_in_the_same_bag_at_the_same_moment_and_it_is_infused_once(
    bedside: Floor, serve, open_station: OpenStation
) -> None:
    course, served = course_at(bedside), serve(bedside)
    line, pair = together(served), nurses(bedside, course)
    racers = [open_station(served, bedside, one.id, str(course.site)) for one in pair]
    verified(racers[0], course, pair[1])
    for station, second in zip(racers, reversed(pair), strict=True):
        at_the_last_key(station, course, second)
    before, line.armed = [station.handled for station in racers], True
    for station in racers:
        station.keyboard.send("Input.dispatchKeyEvent", end_event("Enter"))
    told = [station.verdict(after=count) for station, count in zip(racers, before, strict=True)]
    assert line.met == 2, "both were let in together"
    assert sorted(one.kind for one in told) == ["performed", "refused"], told
    winner, loser = (next(n for n, one in enumerate(told) if one.kind == kind) for kind in ("performed", "refused"))
    words = " ".join(racers[loser].refusal.split())
    for wanted in ("Refused.", "Not in the right state", "Expected", "infused", "What to do"):
        assert wanted in words, words
    assert sorted(infusions(bedside)) == [("performed", pair[winner].id), ("refused", pair[loser].id)]
    assert len(infused(bedside)) == 1
    assert racers[winner].refusal == ""


@pytest.mark.requirement("COI-FLOOR-14")
def test_a_double_enter_hands_the_infusion_in_once(bedside: Floor, serve, open_station: OpenStation) -> None:
    course, served = course_at(bedside), serve(bedside)
    pair = nurses(bedside, course)
    station = open_station(served, bedside, pair[0].id, str(course.site))
    verified(station, course, pair[1])
    at_the_last_key(station, course, pair[1])
    before = station.handled
    for _ in range(3):
        station.keyboard.send("Input.dispatchKeyEvent", end_event("Enter"))
    assert station.verdict(after=before) == Verdict("performed", "Infuse one bag: recorded")
    station.settled()
    assert station.refusal == ""
    assert infusions(bedside) == [("performed", pair[0].id)]


@pytest.mark.requirement("COI-FLOOR-14")
def test_the_same_last_signature_sent_twice_at_once_infuses_once_and_is_answered_the_same_twice(
    bedside: Floor, serve, open_station: OpenStation
) -> None:
    course, served = course_at(bedside), serve(bedside)
    line, pair = together(served), nurses(bedside, course)
    station = open_station(served, bedside, pair[0].id, str(course.site))
    verified(station, course, pair[1])
    at_the_last_key(station, course, pair[1])
    line.armed = True
    fields = {"account": pair[1].id, "password": PASSWORD, "meaning": "witnessed", "once": "one-touch"}
    told = station.page.evaluate(AT_ONCE, [SIGN, fields])
    assert line.met == 2
    assert sorted(told) == [["performed", False], ["performed", True]]
    assert infusions(bedside) == [("performed", pair[0].id)]


@pytest.mark.requirement("COI-SCAN-07")
def test_an_infusion_whose_answer_is_lost_is_asked_for_again_and_recorded_once(
    bedside: Floor, serve, open_station: OpenStation
) -> None:
    course, served = course_at(bedside), serve(bedside)
    gate, pair = gated(bedside, served, path=SIGN), nurses(bedside, course)
    station = open_station(served, bedside, pair[0].id, str(course.site))
    verified(station, course, pair[1])
    at_the_last_key(station, course, pair[1])
    number, before = len(gate.came), station.handled
    gate.lose = lambda came: came == number + 1
    station.press("Enter")
    assert station.verdict(after=before) == Verdict("performed", "Infuse one bag: recorded")
    ids = [once for once, _ in gate.came[number:]]
    assert len(ids) == 2
    assert len(set(ids)) == 1, "the same touch, sent again"
    assert infusions(bedside) == [("performed", pair[0].id)]
    station.faults.clear()
