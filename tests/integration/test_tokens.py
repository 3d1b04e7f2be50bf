"""Tokens of other systems: shown once, kept as digests, over when they are revoked, expired, or their station is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import StationCode
from coi_tracker.services import queries, setup, tokens
from coi_tracker.vocabulary import PlaceKind, Scope
from tests.floor import Floor, made
from tests.systems import admin_of, integration, of_station

pytestmark = pytest.mark.requirement("COI-API-10")


@pytest.fixture
def floor(prepared_database):
    floor = Floor(prepared_database(made))
    yield floor
    floor.close()


def issue(floor, key="lims", **changed):
    given = {"name": "LIMS", "places": [floor.place(PlaceKind.SITE)], "scopes": [Scope.READ_COURSES], "days": 30}
    return tokens.issue_integration(floor.record, key, by=admin_of(floor), reason="contract 7", **{**given, **changed})


def dump(floor, table):
    with floor.record.database.read() as tx:
        return str(tx.query(f"SELECT * FROM {table}"))


def test_a_token_is_in_no_table_and_in_no_entry(floor):
    text = issue(floor)
    assert len(text) == 47
    for table in ("api_tokens", "events", "outbox"):
        assert text not in dump(floor, table)
        assert text.removeprefix("coi_") not in dump(floor, table)
    entry = queries.timeline(floor.record, "account/token:lims").entries[0]
    assert entry.event.evidence["reason"] == "contract 7"
    assert entry.event.evidence["new"]["scopes"] == ["read:courses"]
    assert "digest" not in entry.text.replace('"digest":""', "")


def test_two_tokens_are_never_alike(floor):
    assert issue(floor) != issue(floor, "other")


def test_a_revoked_token_opens_nothing_at_once_and_for_ever(floor):
    text = issue(floor)
    assert tokens.caller_of(floor.record, text) is not None
    tokens.revoke(floor.record, "lims", by=admin_of(floor), reason="lost")
    assert tokens.caller_of(floor.record, text) is None
    with pytest.raises(NotUnderstood):
        tokens.revoke(floor.record, "lims", by=admin_of(floor), reason="lost")
    with pytest.raises(NotUnderstood):
        issue(floor)
    told = queries.timeline(floor.record, "account/token:lims").entries[0].event.evidence
    assert (told["new"], told["reason"]) == (None, "lost")


def test_an_expired_token_opens_nothing(floor):
    text = issue(floor, days=1)
    floor.clock.forward(timedelta(hours=23))
    assert tokens.caller_of(floor.record, text) is not None
    floor.clock.forward(timedelta(hours=1))
    assert tokens.caller_of(floor.record, text) is None


def test_a_station_that_is_gone_takes_its_token_along(floor):
    site = floor.place(PlaceKind.SITE)
    station = floor.station(site)
    system = of_station(floor, station)
    assert system.get("/places").status_code == 200
    setup.put_station(
        floor.record,
        site,
        name="gone",
        code=StationCode(station),
        active=False,
        by=admin_of(floor),
        reason="scrapped",
    )
    assert system.get("/places").status_code == 401


def test_when_a_token_was_used_is_kept_to_the_minute(floor):
    system = integration(floor)
    assert _used(floor) is None
    system.get("/places")
    first = _used(floor)
    assert first is not None
    floor.clock.forward(timedelta(seconds=30))
    system.get("/places")
    assert _used(floor) == first, "no write for every request"
    floor.clock.forward(timedelta(seconds=31))
    system.get("/places")
    assert _used(floor) > first


def _used(floor):
    return tokens.tokens(floor.record)[0].used_at


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "X"},
        {"key": "a b"},
        {"key": "a:b"},
        {"key": ""},
        {"key": "a" * 41},
        {"name": ""},
        {"name": "x\n\x00"},
        {"name": "x" * 101},
        {"places": []},
        {"places": ["nowhere"]},
        {"scopes": []},
        {"days": 0},
        {"days": 731},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_not_issued(floor, wrong):
    with pytest.raises(NotUnderstood):
        issue(floor, **wrong)
    assert tokens.tokens(floor.record) == []


def test_a_station_token_needs_a_registered_station(floor):
    for station in ("SZZZZZZZ", "nonsense", StationCode.issue().text):
        with pytest.raises(NotUnderstood):
            tokens.issue_station(floor.record, "x", station=station, by=admin_of(floor), reason="new")


def test_without_a_reason_nothing_is_issued(floor):
    with pytest.raises(NotUnderstood):
        tokens.issue_station(
            floor.record, "x", station=floor.station(floor.place(PlaceKind.SITE)), by=admin_of(floor), reason=" "
        )
    assert tokens.tokens(floor.record) == []
