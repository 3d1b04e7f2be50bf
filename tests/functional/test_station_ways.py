"""From the station to the pages of the course in hand, and what is wrong with a thing said once."""

from __future__ import annotations

import re

import pytest

from coi_tracker.identity import CommandCode
from coi_tracker.vocabulary import Command, Role
from tests.browser.stages import course_at, tissue_packed
from tests.floor import Floor
from tests.functional.test_label_pages import browser
from tests.integration.printing.shop import shop_on
from tests.races.conftest import stage as furnished_stage

stage = furnished_stage


@pytest.fixture
def floor(prepared_database):
    floor = Floor(prepared_database(tissue_packed))
    yield floor
    floor.close()


@pytest.fixture
def station(floor):
    site = str(course_at(floor).site)
    return floor.client(floor.person(Role.COORDINATOR, site).id, station=floor.station(site))


def scanned(client, code):
    answer = client.post("/scan/one", data={"code": code})
    assert answer.status_code == 200
    return answer.text


@pytest.mark.requirement("COI-SCAN-23")
def test_from_a_scanned_course_one_gets_to_its_page_and_to_printing_and_while_at_work_to_neither(floor, station):
    coi = str(course_at(floor).coi)
    ways = {f'href="/courses/{coi}"', f'href="/courses/{coi}/labels"'}
    shown = scanned(station, coi)
    assert all(way in shown for way in ways)
    for way in ways:
        assert station.get(way[6:-1]).status_code == 200
    begun = scanned(station, CommandCode(Command.STEP, "issue_labels").format())
    assert not any(way in begun for way in ways)


@pytest.mark.requirement("COI-SCAN-23")
def test_what_is_wrong_with_a_thing_stands_on_the_screen_once(stage):
    shop = shop_on(stage)
    (serial,) = shop.issue(1)
    client = browser(shop)
    with shop.record.database.read() as tx:
        code = tx.query("SELECT code FROM stations WHERE place = :place", place=shop.printer.place)[0][0]
    assert client.post("/station", data={"code": code}).status_code == 303
    scanned(client, serial)
    screen = client.get("/scan").text.partition('id="screen"')[2]
    assert re.findall(r'<p class="title">(.*?)</p>', screen) == ["Label not scanned back"]
