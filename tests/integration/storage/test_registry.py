"""What the record refers to is kept as it was given, and what goes out after a commit is not lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from coi_tracker.course import AccountId, Definition, Equipment, Lot, PlaceId
from coi_tracker.storage import holdings, outbox, registry
from coi_tracker.storage.faults import Conflict
from coi_tracker.storage.registry import Account, AccountRole, ReleasedProtocol, Station, Study
from coi_tracker.vocabulary import Role
from tests.integration.storage.builders import NOW, ON_POSTGRESQL, PROTOCOL, a_course, open_course, record_alone

pytestmark = pytest.mark.requirement("COI-DB-01")


def test_accounts_are_found_by_id_and_by_badge(db):
    ann = Account(AccountId("ann"), "Ann", "hash", "B1")
    with db.read() as tx:
        assert registry.find_account(tx, "ann") == registry.find_badge(tx, "B1") == ann
        assert registry.find_account(tx, "eve") is registry.find_badge(tx, "B9") is None
        assert [account.id for account in registry.accounts(tx)] == ["ann", "bob"]


def test_an_account_is_changed_and_switched_off_but_keeps_its_id(db):
    with db.write() as tx:
        registry.change_account(tx, Account(AccountId("bob"), "Robert", None, None, active=False))
    with db.read() as tx:
        assert registry.find_account(tx, "bob") == Account(AccountId("bob"), "Robert", None, None, active=False)
    with pytest.raises(Conflict) as refused, db.write() as tx:
        registry.add_account(tx, Account(AccountId("bob"), "Another Bob"))
    assert refused.value.constraint == "pk_accounts"
    with pytest.raises(Conflict), db.write() as tx:
        registry.change_account(tx, Account(AccountId("eve"), "Eve"))


def test_roles_are_given_renewed_and_taken(db):
    with db.write() as tx:
        registry.give_roles(tx, [AccountRole(AccountId("ann"), Role.OPERATOR, PlaceId("fac"), None)])
        registry.give_roles(tx, [AccountRole(AccountId("ann"), Role.QA, PlaceId("fac"), date(2028, 1, 1))])
    with db.read() as tx:
        assert [(role.role, role.trained_until) for role in registry.roles_of(tx, "ann")] == [
            (Role.OPERATOR, None),
            (Role.QA, date(2028, 1, 1)),
        ]
    with db.write() as tx:
        registry.take_role(tx, "ann", role=Role.QA, place="fac")
    with db.read() as tx:
        assert [role.role for role in registry.roles_of(tx, "ann")] == [Role.OPERATOR]


def test_places_and_their_closed_days(db):
    days = [date(2026, 12, 25), date(2026, 12, 26)]
    with db.write() as tx:
        first = registry.places(tx)[0]
        registry.put_places(tx, [replace(first, daily_capacity=7)])
        registry.close_days(tx, "fac", days=[*days, days[0]])
        registry.open_days(tx, "fac", days=days[1:])
    with db.read() as tx:
        assert registry.places(tx)[0].daily_capacity == 7
        assert registry.closed_days(tx, "fac") == days[:1]


def test_stations_lots_and_equipment_are_replaced_by_their_code(db):
    lot = Lot("LOT1", "il2", date(2026, 5, 1))
    hood = Equipment("EQ1", "hood", PlaceId("fac"), date(2026, 5, 1))
    with db.write() as tx:
        registry.put_stations(tx, [Station("ST1", PlaceId("fac"), "Bench 2", active=False)])
        registry.put_lots(tx, [lot, replace(lot, recalled=True)])
        registry.put_equipment(tx, [hood])
    with db.read() as tx:
        assert registry.stations(tx) == [Station("ST1", PlaceId("fac"), "Bench 2", active=False)]
        assert registry.lots(tx) == [replace(lot, recalled=True)]
        assert registry.equipment(tx) == [hood]


def test_a_study_is_changed_and_its_count_is_left_alone(db):
    with db.write() as tx:
        registry.put_study(tx, Study("S", "Closed", False, 2))
    with db.read() as tx:
        assert registry.studies(tx) == [Study("S", "Closed", False, 2, 2)]
    with pytest.raises(Conflict) as refused, db.write() as tx:
        registry.put_study(tx, Study("S", "Closed", False, 1))
    assert refused.value.constraint == "ck_studies_enrolment_limit"


def test_a_released_protocol_never_changes(db):
    second = ReleasedProtocol("S", Definition("S", "2", "p2"), "other text", NOW)
    with db.write() as tx:
        registry.release_protocol(tx, second)
    with db.read() as tx:
        assert [protocol.definition for protocol in registry.released_protocols(tx, "S")] == [
            PROTOCOL,
            second.definition,
        ]
        assert registry.released_protocols(tx)[1] == second
    with pytest.raises(Conflict) as refused, db.write() as tx:
        registry.release_protocol(tx, replace(second, text="changed"))
    assert refused.value.constraint == "pk_study_protocols"


@pytest.mark.requirement("COI-DB-10")
def test_bookings_are_taken_once_and_given_back(db):
    day = date(2026, 3, 2)
    with db.write() as tx:
        open_course(tx, a_course("C1"))
        open_course(tx, a_course("C2", subject="002"))
        holdings.book(tx, "C1", facility="fac", day=day, position=1, purpose="receipt")
    with pytest.raises(Conflict) as refused, db.write() as tx:
        holdings.book(tx, "C2", facility="fac", day=day, position=1, purpose="receipt")
    assert refused.value.constraint == "pk_bookings"
    with db.write() as tx:
        holdings.unbook(tx, "C1", purpose="receipt")
        holdings.book(tx, "C2", facility="fac", day=day, position=1, purpose="receipt")
        holdings.unbook(tx, "C2")
    with db.read() as tx:
        assert tx.query("SELECT count(*) FROM bookings") == [(0,)]


def test_a_suite_is_left(db):
    with db.write() as tx:
        open_course(tx, a_course("C1"))
        holdings.claim_suite(tx, "suite-1", coi="C1", instead_of=None)
        holdings.leave_suite(tx, "suite-1", coi="C1")
        holdings.leave_suite(tx, "suite-1", coi="C1")
    with db.read() as tx:
        assert tx.query("SELECT count(*) FROM suite_claims") == [(0,)]


def test_a_recall_finds_the_courses(db):
    with db.write() as tx:
        entry = record_alone(tx, "place/fac")
        for coi in ("C2", "C1"):
            holdings.use_lots(tx, coi, lots=["LOT1", "LOT1", "LOT2"], event=entry.id)
        holdings.use_equipment(tx, "C1", equipment=["EQ1"], event=entry.id)
    with db.read() as tx:
        assert holdings.courses_with_lot(tx, "LOT1") == ["C1", "C2"]
        assert holdings.courses_with_lot(tx, "LOT9") == []


def test_what_is_to_be_done_is_taken_in_order_until_it_is_done(db):
    with db.write() as tx:
        for body in ("one", "two"):
            outbox.put(tx, "mail", body=body, at=NOW)
        outbox.put(tx, "checkpoint", body="other", at=NOW)
    with db.write() as tx:
        first, second = outbox.take(tx, "mail")
        outbox.done(tx, first, at=NOW)
        outbox.failed(tx, second)
    with db.write() as tx:
        (left,) = outbox.take(tx, "mail")
    assert (left.body, left.tries, left.made_at) == ("two", 1, NOW)


@ON_POSTGRESQL
def test_two_workers_do_not_take_the_same(db):
    with db.write() as tx:
        for body in ("one", "two"):
            outbox.put(tx, "mail", body=body, at=NOW)
    with db.write() as one, db.write() as other:
        assert [task.body for task in outbox.take(one, "mail", limit=1)] == ["one"]
        assert [task.body for task in outbox.take(other, "mail")] == ["two"]
