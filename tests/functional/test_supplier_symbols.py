"""A supplier's GS1 symbol at a station: it answers for its lot, and is refused in words when it is not that lot."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from coi_tracker.services.floor import drafts
from coi_tracker.services.floor.lookup import look_up
from coi_tracker.services.floor.screen import OutcomeKind
from coi_tracker.storage import registry
from coi_tracker.vocabulary import Command, Role
from tests.functional import floor_world
from tests.functional.floor_world import World
from tests.functional.station import Station

pytestmark = pytest.mark.requirement("COI-STOCK-09")
LOT = "LOT-media-1"
ITEM = "09506000134352"


@pytest.fixture
def last_day(world: World) -> date:
    with world.record.database.read() as tx:
        lot = registry.find_lot(tx, LOT)
    assert lot is not None
    return lot.expires


def symbol(lot: str, day: date) -> str:
    return f"]d201{ITEM}10{lot}\x1d17{day:%y%m%d}"


def asked_for_lots(world: World) -> Station:
    """An operator in the middle of the first expansion, who has answered everything before the lots."""
    course = world.course(floor_world.INSIDE)
    station = world.station(Role.OPERATOR, str(course.facility))
    station.scan(str(course.coi))
    assert station.command(Command.STEP, "start_first_expansion").kind is OutcomeKind.ACCEPTED
    return station


def given(station: Station) -> tuple[str, ...]:
    return next(one.given for one in station.resume().screen.prompts if one.key == "field.lots")


def test_it_answers_for_its_lot(world: World, last_day: date) -> None:
    station = asked_for_lots(world)
    outcome = drafts.put(world.record, station.at, "field.lots", symbol(LOT, last_day))
    assert outcome.kind is OutcomeKind.ACCEPTED, outcome.words
    assert given(station) == (f"media {LOT}",)


@pytest.mark.parametrize(
    ("wrong", "expected", "observed"),
    [
        ("a day before", "as it is in the record, which expires", "a symbol with"),
        ("a day after", "as it is in the record, which expires", "a symbol with"),
        ("another lot", "a lot of the record", "lot M-0000 of a supplier's symbol"),
        ("a misread digit", "a GS1 symbol that is whole", "0950600013435310"),
        ("no lot in it", "the lot in the symbol of a supplier", "]d2"),
    ],
)
def test_what_is_not_that_lot_is_refused_in_words(
    world: World, last_day: date, wrong: str, expected: str, observed: str
) -> None:
    text = {
        "a day before": symbol(LOT, last_day - timedelta(days=1)),
        "a day after": symbol(LOT, last_day + timedelta(days=1)),
        "another lot": symbol("M-0000", last_day),
        "a misread digit": symbol(LOT, last_day).replace(ITEM, ITEM[:-1] + "3"),
        "no lot in it": f"]d201{ITEM}17{last_day:%y%m%d}",
    }[wrong]
    station = asked_for_lots(world)
    outcome = drafts.put(world.record, station.at, "field.lots", text)
    assert outcome.kind is OutcomeKind.REFUSED
    assert outcome.entry is not None, "a refused scan is kept"
    assert [one.code for one in outcome.words] == ["lot_unknown"]
    assert expected in outcome.words[0].expected
    assert observed in outcome.words[0].observed
    assert outcome.words[0].do
    assert given(station) == ()
    seen = look_up(world.record, text, at=station.at)
    assert (seen.is_a, [one.code for one in seen.wrong]) == ("lot", ["lot_unknown"])


def test_scanned_with_nothing_begun_it_says_which_lot_it_is(world: World, last_day: date) -> None:
    station = world.station(Role.OPERATOR, str(world.course(floor_world.INSIDE).facility))
    outcome = station.scan(symbol(LOT, last_day))
    assert outcome.kind is OutcomeKind.INFORMATION
    assert outcome.headline == f"lot of media, expires {last_day:%-d %b %Y}"
    refused = station.scan(symbol("M-0000", last_day))
    assert refused.kind is OutcomeKind.REFUSED
    assert refused.entry is not None
