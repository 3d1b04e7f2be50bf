"""Who keeps the stock of a place: its quality assurance, and administrators, who let nothing go on, see no course."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from coi_tracker.errors import NotUnderstood
from coi_tracker.services import people, stock, stock_changes
from coi_tracker.services.changes import INSTALLER
from coi_tracker.services.stock import Sort
from coi_tracker.services.viewers import viewer
from coi_tracker.vocabulary import Role
from tests.floor import Floor
from tests.functional.admin_forms import change, refused
from tests.functional.stock_forms import HERE, THERE, add, in_days, quality, with_role

WHO = pytest.mark.requirement("COI-STOCK-04")


@pytest.fixture
def boss(floor: Floor) -> FlaskClient:
    return floor.client(floor.person(Role.ADMIN).id)


def things(floor: Floor, place: str) -> list[str]:
    """The address of one thing of each sort that a place keeps."""
    ways = {Sort.LOT: "lots", Sort.EQUIPMENT: "equipment", Sort.SHIPPER: "shippers"}
    kept = {found.id: found for found in stock.places_kept(floor.record, boss_viewer(floor)).values()}
    lines = [one for sort in Sort for one in stock.lines(floor.record, sort, kept) if one.place == place]
    first = {one.sort: one for one in reversed(lines)}
    return [f"/stock/{ways[sort]}/{one.code}" for sort, one in first.items()]


def boss_viewer(floor: Floor):
    found = viewer(floor.record, floor.person(Role.ADMIN).id)
    assert found is not None
    return found


@WHO
def test_what_another_place_keeps_is_not_found_and_cannot_be_changed(floor):
    mine = floor.client(with_role(floor, "quinn", Role.QA, THERE))
    theirs = things(floor, HERE)
    assert len(theirs) == 3
    for page in theirs:
        assert mine.get(page).status_code == 404
        for act in ("details", "recall", "calibration", "use", "qualification"):
            assert mine.post(f"{page}/{act}", data={"reason": "x"}).status_code in {404, 405}, act
        for form in ("svg", "pdf"):
            assert mine.get(f"{page}/label.{form}").status_code == 404
        assert page not in mine.get(page.rpartition("/")[0]).text
    for page in things(floor, THERE):
        assert mine.get(page).status_code == 200
    for sort in ("lots", "equipment", "shippers"):
        told = refused(mine, f"/stock/{sort}/new", place=HERE, code="A-1", kind="media", until=in_days(floor, 9))
        assert "a place of the list" in told


@WHO
def test_nobody_else_keeps_anything(floor):
    for role in set(Role) - {Role.ADMIN, Role.QA}:
        client = floor.client(floor.person(role).id)
        for path in ("/stock", "/stock/lots", "/stock/lots/new", "/stock/equipment", "/stock/shippers/new"):
            assert client.get(path).status_code == 403, role
        assert client.post("/stock/lots/LOT-media-2/recall", data={"reason": "x"}).status_code == 403, role
        assert ">Stock<" not in client.get("/me").text, role


@WHO
def test_an_administrator_enters_and_stops_but_lets_nothing_go_on(floor, boss):
    lot = add(boss, "lots", code="B-1", kind="media", until=in_days(floor, 90))
    piece = add(boss, "equipment", kind="incubator", until=in_days(floor, 90))
    box = add(boss, "shippers", until=in_days(floor, 90))
    change(boss, f"{lot}/details", kind="media", until=in_days(floor, 60))
    change(boss, f"{piece}/calibration", until=in_days(floor, 60))
    change(boss, f"{box}/qualification", until=in_days(floor, 60))
    for page, act, data in (
        (lot, "details", {"kind": "media", "until": in_days(floor, 61)}),
        (lot, "details", {"kind": "il2", "until": in_days(floor, 60)}),
        (piece, "calibration", {"until": in_days(floor, 61)}),
        (box, "qualification", {"until": in_days(floor, 61)}),
    ):
        assert "quality assurance of the place" in refused(boss, f"{page}/{act}", **data)
    for page, act in ((lot, "recall"), (piece, "use"), (box, "use")):
        assert "is done by quality assurance" in change(boss, f"{page}/{act}")
        assert "quality assurance of the place" in refused(boss, f"{page}/{act}")
        assert "Changed." in change(quality(floor), f"{page}/{act}")


@WHO
def test_quality_whose_training_has_ended_looks_and_changes_nothing(floor):
    lapsed = floor.client(with_role(floor, "lena", Role.QA, HERE, trained=-1))
    assert lapsed.get("/stock/lots/LOT-media-2").status_code == 200
    told = refused(lapsed, "/stock/lots/LOT-media-2/recall")
    assert "somebody trained as quality assurance of fac-rhine" in told
    assert "training until" in told


@WHO
def test_who_is_both_acts_as_quality_where_she_is_it_and_as_an_administrator_elsewhere(floor):
    name = floor.person(Role.ADMIN).id
    until = floor.clock().date() + timedelta(days=99)
    people.give_role(floor.record, name, role=Role.QA, place=HERE, trained_until=until, by=INSTALLER, reason="x")
    both = floor.client(name)
    for _ in range(2):
        change(both, "/stock/lots/LOT-media-2/recall")
    there = add(both, "equipment", kind="incubator", until=in_days(floor, 9), place=THERE)
    change(both, f"{there}/use")
    assert "quality assurance of the place" in refused(both, f"{there}/use")


@pytest.mark.requirement("COI-STOCK-05")
def test_the_courses_that_a_lot_went_into_are_named_to_quality_and_to_nobody_else(floor, boss):
    coi = floor.courses[3]
    assert floor.site_of(coi)
    page = "/stock/lots/LOT-media-1"
    assert f'href="/courses/{coi}"' in quality(floor).get(page).text
    change(quality(floor), f"{page}/recall")
    told = quality(floor).get(page).text
    assert f'href="/courses/{coi}"' in told
    assert "place a hold" in told
    shown = boss.get(page).text
    assert "Where it was used" not in shown
    assert all(one not in shown for one in floor.courses)
    piece = next(one for one in things(floor, HERE) if "equipment" in one)
    assert "Where it was used" in quality(floor).get(piece).text
    assert "Where it was used" not in boss.get(piece).text


@pytest.mark.requirement("COI-STOCK-05")
def test_a_course_that_quality_may_not_know_of_is_not_named(floor):
    """The lot is kept by one facility and was used by another on a course of its own."""
    other = floor.client(with_role(floor, "quinn", Role.QA, THERE))
    page = add(quality(floor), "lots", code="SHARED", kind="media", until=in_days(floor, 90))
    strangers = [coi for coi in floor.courses if other.get(f"/courses/{coi}").status_code == 200]
    unknown = [coi for coi in strangers if quality(floor).get(f"/courses/{coi}").status_code == 404]
    assert unknown
    with floor.record.database.write() as tx:
        row = tx.query("SELECT id FROM events WHERE coi = :coi LIMIT 1", coi=unknown[0])[0]
        values = {"lot": "SHARED", "coi": unknown[0], "event": row[0]}
        tx.write("INSERT INTO lot_uses (lot, coi, event_id) VALUES (:lot, :coi, :event)", values)
    assert "In no course that you may know of" in quality(floor).get(page).text
    with floor.record.database.write() as tx:
        tx.write("DELETE FROM lot_uses WHERE lot = :lot", {"lot": "SHARED"})


@pytest.mark.requirement("COI-STOCK-03")
def test_of_two_places_that_enter_one_code_at_once_one_gets_it(floor):
    def enter(place: str) -> str:
        try:
            stock_changes.add_lot(
                floor.record,
                "AT-ONCE",
                kind="media",
                expires=floor.clock().date() + timedelta(days=9),
                place=place,
                by=INSTALLER,
                reason="delivered",
            )
        except NotUnderstood as error:
            return str(error)
        return "entered"

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(enter, [HERE, THERE, HERE, THERE]))
    assert told.count("entered") == 1
    assert all("which was entered by" in one for one in told if one != "entered")
