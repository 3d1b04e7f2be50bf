"""One statement tells a decision everything around its course, the same on both databases."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any

import pytest

from coi_tracker.course import ContainerId, DayLoad, Equipment, Lot, OtherCourse, PlaceId, Shipper, SuiteUse
from coi_tracker.storage import holdings, registry
from coi_tracker.storage.around import AroundRequest, AroundRows, read_around
from coi_tracker.storage.database import Database
from coi_tracker.vocabulary import ContainerKind, HoldScope, LabelState, Role, Standing
from tests.integration.storage.builders import (
    NOW,
    PROTOCOL,
    a_container,
    a_course,
    a_hold,
    open_course,
    record_alone,
    with_containers,
)

pytestmark = pytest.mark.requirement("COI-DB-01")

DAYS = (date(2026, 3, 2), date(2026, 3, 3))


@pytest.fixture
def filled(filled_url):
    with Database(filled_url) as database:
        yield database


def _around(db: Database, **asked) -> AroundRows:
    with db.read() as tx:
        return read_around(tx, AroundRequest(**asked))


EVERYTHING: dict[str, Any] = {
    "coi": "C1",
    "study": "S",
    "subject": "001",
    "accounts": ("ann", "eve"),
    "stations": ("ST1",),
    "places": ("site",),
    "lots": ("LOT1", "LOT9"),
    "equipment": ("EQ1",),
    "holds_on": ((HoldScope.PLACE, "fac"), (HoldScope.STUDY, "S")),
    "serials": ("L-C1-flask-1", "L-X1", "L-none"),
    "shippers": ("shipper/X1",),
    "suite": "suite-1",
    "facility": "fac",
    "days": DAYS,
    "entries": ("event-none",),
    "attempt": "event-none",
}


@pytest.mark.requirement("COI-MUST-21")
def test_everything_at_once_is_one_statement(filled):
    with filled.write() as tx:
        before = tx.round_trips
        read_around(tx, AroundRequest(**EVERYTHING))
        assert tx.round_trips - before == 1


def test_nothing_asked_is_no_statement(filled):
    with filled.write() as tx:
        assert read_around(tx, AroundRequest(coi="C1")) == AroundRows()
        assert tx.round_trips == 1


@pytest.mark.parametrize("question", sorted(set(EVERYTHING) - {"coi", "subject", "facility", "days"}))
def test_each_question_can_be_asked_alone(filled, question):
    assert isinstance(_around(filled, **{question: EVERYTHING[question]}), AroundRows)


def test_accounts_come_with_their_roles_and_without_their_passwords(filled):
    found = _around(filled, accounts=("ann", "bob", "eve")).accounts

    assert set(found) == {"ann", "bob"}
    assert [(r.role, r.place, r.trained_until) for r in found["ann"].roles] == [
        (Role.OPERATOR, "fac", date(2027, 1, 1))
    ]
    assert found["bob"].roles == ()
    assert "hash" not in repr(found)


def test_stations_and_places(filled):
    found = _around(filled, stations=("ST1", "ST2"), places=("site", "fac"))

    assert found.stations["ST1"].place == "fac"
    assert found.places["fac"].daily_capacity == 2
    assert found.places["site"].zone == "Europe/Zurich"


def test_lots_and_equipment(filled):
    with filled.write() as tx:
        registry.put_lots(tx, [Lot("LOT1", "il2", DAYS[0], recalled=True)])
        registry.put_equipment(tx, [Equipment("EQ1", "hood", PlaceId("fac"), DAYS[1])])
    found = _around(filled, lots=("LOT1", "LOT9"), equipment=("EQ1",))

    assert found.lots == {"LOT1": Lot("LOT1", "il2", DAYS[0], recalled=True)}
    assert found.equipment == {"EQ1": Equipment("EQ1", "hood", PlaceId("fac"), DAYS[1])}


def test_only_standing_holds_on_what_was_asked(filled):
    with filled.write() as tx:
        entry = record_alone(tx, "study/S")
        holdings.place_hold(tx, a_hold("h2", HoldScope.STUDY, "S"), event=entry.id)
        holdings.place_hold(tx, a_hold("h3", HoldScope.STUDY, "fac"), event=entry.id)
        holdings.place_hold(tx, a_hold("h4", HoldScope.PLACE, "site"), event=entry.id)
    asked = ((HoldScope.PLACE, "fac"), (HoldScope.STUDY, "S"))

    assert _around(filled, holds_on=asked).holds == (
        a_hold("h1", HoldScope.PLACE, "fac"),
        a_hold("h2", HoldScope.STUDY, "S"),
    )
    with filled.write() as tx:
        holdings.lift_hold(tx, "h1", event=entry.id)
    assert [hold.id for hold in _around(filled, holds_on=asked).holds] == ["h2"]
    with filled.read() as tx:
        assert [hold.id for hold in holdings.active_holds(tx)] == ["h2", "h3", "h4"]


def test_the_subject_its_other_courses_and_its_study(filled):
    with filled.write() as tx:
        open_course(tx, a_course("C3"))
    found = _around(filled, coi="C3", study="S", subject="001")

    assert found.registered_at == "site"
    assert found.others == (OtherCourse("C1", Standing.ACTIVE, True, found.others[0].opened_at),)
    assert found.others[0].opened_at.tzinfo is UTC
    assert found.study is not None
    assert (found.study.enrolled, found.study.enrolment_limit, found.study.open) == (2, 3, True)
    assert found.protocols == {"1": PROTOCOL}
    assert _around(filled, study="S", subject="777").registered_at is None


def test_a_label_comes_with_its_container_and_the_subject_of_its_course(filled):
    found = _around(filled, serials=("L-C1-bag-1", "L-C2-flask-1", "L-none")).labels

    assert set(found) == {"L-C1-bag-1", "L-C2-flask-1"}
    seen = found["L-C1-bag-1"]
    assert seen.container == a_container("C1", ContainerKind.BAG, 1, parents=("C1/flask/1",))
    assert (seen.label.state, seen.study, seen.subject) == (LabelState.ISSUED, "S", "001")


def test_the_label_of_a_shipper_belongs_to_no_subject(filled):
    seen = _around(filled, serials=("L-X1",)).labels["L-X1"]

    assert (seen.container.coi, seen.subject) == (None, None)


def test_a_shipper_and_what_it_is_loaded_for(filled):
    loaded = Shipper(ContainerId("shipper/X1"), "L-X1", "C1", NOW, LabelState.APPLIED)

    assert _around(filled, shippers=("L-X1",)).shippers == {"shipper/X1": loaded}
    with filled.write() as tx:
        entry = record_alone(tx, "place/fac")
        holdings.unload_shipper(tx, "shipper/X1", coi="C1", event=entry.id)
    assert _around(filled, shippers=("shipper/X1",)).shippers["shipper/X1"].loaded_for is None


def test_a_suite_and_what_others_have_in_it(filled):
    assert _around(filled, coi="C1", suite="suite-1").suite == SuiteUse("suite-1", "C1", 0, ())
    assert _around(filled, coi="C2", suite="suite-1").suite == SuiteUse("suite-1", "C1", 1, ("L-C1-flask-1",))
    assert _around(filled, coi="C2", suite="suite-2").suite == SuiteUse("suite-2", None, 0, ())


def test_the_days_of_a_facility(filled):
    with filled.write() as tx:
        registry.close_days(tx, "fac", days=[DAYS[1]])
    found = _around(filled, facility="fac", days=DAYS)

    assert found.days == (DayLoad(DAYS[0], 2, (1,), False), DayLoad(DAYS[1], 2, (), True))
    assert [(b.day, b.position, b.coi, b.purpose) for b in found.bookings] == [(DAYS[0], 1, "C1", "receipt")]


@pytest.mark.requirement("COI-DB-17")
def test_entries_that_are_referred_to_and_the_one_that_was_recorded_already(filled):
    with filled.write() as tx:
        entry = record_alone(tx, "place/fac")
    found = _around(filled, entries=(entry.id, "none"), attempt=entry.id)

    assert found.entries[entry.id].chain == "place/fac"
    assert found.entries[entry.id].step == "a_step"
    assert found.earlier is not None
    assert found.earlier.entry == entry.entry
    assert _around(filled, attempt="none").earlier is None


def test_open_labels_of_a_container_that_is_gone_still_count_in_a_suite(filled):
    """Reconciliation has to account for them, whatever became of the container."""
    with filled.write() as tx:
        gone = a_container("C3", ContainerKind.FLASK, 1, position="suite-1", state="consumed")
        open_course(tx, with_containers(a_course("C3"), gone))
    assert _around(filled, coi="C1", suite="suite-1").suite == SuiteUse("suite-1", "C1", 0, ("L-C3-flask-1",))
