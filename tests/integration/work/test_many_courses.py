"""More courses than one page of work looks at: what matters comes first, and the page leads to the rest."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest

from benchmarks.filling import Filler, Raw
from coi_tracker.services import viewers
from coi_tracker.services.open_courses import MOST, Among, open_courses
from coi_tracker.services.sequencer import sequence
from coi_tracker.services.worklist import worklist
from coi_tracker.vocabulary import Material, Role
from tests.counting import counting
from tests.floor import Floor, made

COPIES = MOST + 20


def crowded(url: str) -> None:
    """The four courses of `made`, and many more that were opened and nothing else; one of them was terminated."""
    made(url)
    floor = Floor(url)
    while sequence(floor.record):
        pass
    coi = floor.courses[0]
    floor.close()
    filler, raw = Filler(url, coi), Raw(url)
    for _ in itertools.repeat(None, COPIES):
        filler._copy()
    filler._write(raw)
    raw.run(
        "UPDATE courses SET standing = 'terminated', opened_at = '2020-01-01T00:00:00.000000Z' WHERE coi = :coi",
        coi=coi,
    )
    raw.close()


@pytest.fixture
def floor(prepared_database) -> Iterator[Floor]:
    floor = Floor(prepared_database(crowded))
    yield floor
    floor.close()


def auditor(floor: Floor) -> viewers.Viewer:
    found = viewers.viewer(floor.record, floor.person(Role.AUDITOR).id)
    assert found is not None
    return found


@pytest.mark.requirement("COI-PAGE-12")
def test_every_open_course_is_on_one_page_of_work_and_what_matters_is_on_the_first(floor: Floor) -> None:
    who, seen = auditor(floor), []
    first = open_courses(floor.record, who)
    assert (first.total, first.page, first.pages, first.more) == (COPIES + 4, 1, 2, True)
    assert [one.course.material for one in first.courses[:3]] == [Material.RECEIVED, Material.AT_SITE, Material.ORDERED]
    for page in (1, 2):
        found = worklist(floor.record, who, page=page)
        assert (found.page, found.first) == (page, 1 + MOST * (page - 1))
        seen += [one.coi for one in found.courses]
    assert len(seen) == len(set(seen)) == COPIES + 4
    assert seen[-1] == floor.courses[0], "the oldest of all, but ended"
    assert open_courses(floor.record, who, Among(page=99)).page == 2


@pytest.mark.requirement("COI-PAGE-07", "COI-PAGE-12")
def test_work_on_many_courses_costs_as_many_statements_as_on_few(floor: Floor) -> None:
    record, database = counting(floor.record)
    who, costs = auditor(floor), []
    for most in (MOST, 3, MOST):  # the first time reads the protocol, once and for ever
        database.statements = 0
        open_courses(record, who, most=most)
        costs.append(database.statements)
    database.close()
    assert costs[1] == costs[2] <= 8


@pytest.mark.requirement("COI-PAGE-12")
def test_the_page_says_which_courses_it_is_about_and_leads_to_the_others(floor: Floor) -> None:
    browser = floor.client(floor.person(Role.AUDITOR).id)
    first = browser.get("/work").text
    assert f"Courses 1 to {MOST} of {COPIES + 4}." in first
    (further,) = re.findall(r'href="(/work\?page=2)">Further courses', first)
    second = browser.get(further).text
    assert f"Courses {MOST + 1} to {COPIES + 4} of {COPIES + 4}." in second
    assert 'href="/work?page=1">← Courses before' in second
    assert "Further courses" not in second
    for nonsense in ("0", "-1", "x", "9" * 40):
        assert browser.get(f"/work?page={nonsense}").status_code == 200
