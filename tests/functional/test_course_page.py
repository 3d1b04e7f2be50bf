"""The page of a course and the lists that lead to it: all of it, found by those who may, on both databases."""

from __future__ import annotations

import csv
import html
import io
import re
from typing import Any

import pytest

from coi_tracker.course import Course
from coi_tracker.identity import CoiId
from coi_tracker.services import queries
from coi_tracker.services.attempts import record_attempt
from coi_tracker.services.changes import new_event_id
from coi_tracker.services.requests import parse_request
from coi_tracker.simulation.furnishing import reopened
from coi_tracker.vocabulary import Role
from tests.counting import counting
from web import create_app, lineage
from web.session import PERSON

SCRIPT = "<script>alert(1)</script>"
HAPPENED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("place_hold", {"reason": SCRIPT}),
    ("open_deviation", {"description": "dropped"}),
)
SECTIONS = (
    "next", "tracks", "containers", "lineage", "custody", "plan", "results", "refusals", "signatures", "labels",
    "timeline",
)  # fmt: skip


@pytest.fixture
def auditor(floor):
    return floor.client(floor.person(Role.AUDITOR).id)


def page(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, answer.text[:2000]
    return answer.text


def course_of(floor, coi) -> Course:
    view = queries.course_view(floor.record, coi)
    assert view is not None
    return view.course


def refuse(floor, coi, **more):
    """A nurse of the site tries what cannot be done, and says things about it."""
    nurse = floor.person(Role.NURSE, floor.site_of(coi))
    asked = {
        "id": new_event_id(floor.record),
        "step": "thaw_bag",
        "account": nurse.id,
        "role": "nurse",
        "station": floor.station(floor.site_of(coi)),
        "course": coi,
        **more,
    }
    assert not record_attempt(floor.record, parse_request(asked)).performed


@pytest.mark.requirement("COI-PAGE-01")
def test_one_page_has_every_section_and_a_list_of_them(floor, auditor):
    for coi in (floor.courses[0], floor.courses[3]):
        text = page(auditor, f"/courses/{coi}")
        for name in SECTIONS:
            assert f'<a href="#{name}">' in text
            assert text.count(f'id="{name}"') == 1
    at_site = page(auditor, f"/courses/{floor.courses[3]}")
    for words in (
        "bag 1",
        "cassette 1",
        "meets the limit",
        "Days booked at the facility",
        "Where each container is now",
    ):
        assert words in at_site, words
    for serial in course_of(floor, floor.courses[3]).labels:
        assert serial in at_site


@pytest.mark.requirement("COI-PAGE-02")
def test_what_happens_next_names_who_where_and_until_when(floor, auditor):
    text = page(auditor, f"/courses/{floor.courses[1]}").split('id="tracks"')[0]
    rows = re.findall(r'<tr class="way-(\w+)">(.*?)</tr>', text, flags=re.DOTALL)
    told = {re.sub(r"<[^>]+>", "", body).strip(): (way, body) for way, body in rows}
    assert {"now", "blocked"} <= {way for way, _ in rows}
    way, body = next(v for k, v in told.items() if k.startswith("Accept the tissue"))
    assert way == "now"
    for words in ("quality assurance", "Rheinau Zellwerk", "late by", "48.0 h after the tissue was taken", "CET"):
        assert words in body, words
    _, blocked = next(v for k, v in told.items() if k.startswith("Start the first expansion"))
    assert "tissue accepted by quality" in blocked
    assert "Too late" in blocked


@pytest.mark.requirement("COI-PAGE-04")
def test_the_picture_has_every_container_and_every_link_and_says_so_in_words(floor, auditor):
    most = 0
    for coi in floor.courses:
        course, text = course_of(floor, coi), page(auditor, f"/courses/{coi}")
        made_of = {(p, c.id) for c in course.containers.values() for p in c.parents}
        packed = {(c.id, c.cassette) for c in course.containers.values() if c.cassette}
        boxes = set(re.findall(r'<g class="box" data-id="([^"]+)"', text))
        links = set(re.findall(r'data-from="([^"]+)" data-to="([^"]+)"', text))
        assert links == made_of | packed
        picture = lineage.drawing(course)
        apart = set() if picture is None else {c.id for c in picture.apart}
        if picture is not None:
            assert boxes | apart == set(course.containers)
            assert boxes & apart == set()
            assert {one for link in links for one in link} <= boxes
            assert all(f"{queries_words(one)}" in text.split("<desc")[1].split("</desc>")[0] for one in boxes)
            assert 'role="img" aria-labelledby="lineage-title lineage-desc"' in text
        most = max(most, len(links))
    assert most > 5


def queries_words(identifier):
    kind, _, number = identifier.partition("/")[2].partition("/")
    return f"{'QC vial' if kind == 'qc_vial' else kind.replace('_', ' ')} {number}"


@pytest.mark.requirement("COI-PAGE-04")
def test_no_two_boxes_of_a_large_picture_touch(floor):
    picture = lineage.drawing(course_of(floor, floor.courses[3]))
    assert picture is not None
    for one in picture.boxes:
        assert 0 <= one.x <= picture.width - lineage.WIDE
        assert 0 <= one.y <= picture.height - lineage.HIGH
        for other in picture.boxes:
            apart = abs(one.x - other.x) >= lineage.WIDE or abs(one.y - other.y) >= lineage.HIGH
            assert apart or one is other


@pytest.mark.requirement("COI-PAGE-10")
def test_what_was_scanned_and_commented_is_text_wherever_it_is_shown(floor, auditor):
    coi = floor.courses[3]
    refuse(floor, coi, scans=[{"code": SCRIPT}], comment=f"{SCRIPT} \"quoted\" & 'said'")
    for path in (
        f"/courses/{coi}",
        f"/courses/{coi}?kind=refused",
        "/log/entries/refusals",
        f"/courses?search={SCRIPT}",
    ):
        text = page(auditor, path)
        assert SCRIPT not in text, path
        assert html.escape(SCRIPT) in text, path


@pytest.mark.requirement("COI-PAGE-01")
def test_a_refusal_is_told_in_words_with_what_was_wanted_and_what_came(floor, auditor):
    coi = floor.courses[0]
    refuse(floor, coi)
    section = page(auditor, f"/courses/{coi}").split('id="refusals"')[1].split('id="signatures"')[0]
    for words in ("Thaw one bag", "Not its turn", "wanted", "material: at the site", "came", "ordered"):
        assert words in section, words


@pytest.mark.requirement("COI-PAGE-01")
def test_a_timeline_can_be_narrowed_to_a_sort_and_a_step(floor, auditor):
    coi = floor.courses[3]
    refuse(floor, coi)
    kinds = {
        query: set(
            re.findall(r'<li class="entry (\w+)"', page(auditor, f"/courses/{coi}?{query}").split('id="before"')[0])
        )
        for query in ("kind=refused", "kind=performed", "step=harvest", "kind=nonsense")
    }
    assert kinds["kind=refused"] == {"refused"}
    assert kinds["kind=performed"] == kinds["step=harvest"] == {"performed"}
    assert kinds["kind=nonsense"] == {"performed", "refused"}
    numbers = re.findall(r'id="entry-(\d+)"', page(auditor, f"/courses/{coi}?step=harvest").split('id="before"')[0])
    assert len(numbers) == 1


@pytest.mark.requirement("COI-PAGE-05")
def test_a_course_is_found_by_what_people_have_in_their_hands(floor, auditor):
    course = course_of(floor, floor.courses[3])
    jar = next(c for c in course.containers.values() if c.kind == "tissue_jar")
    answer = auditor.get(f"/courses?search={jar.serial}")
    assert (answer.status_code, answer.location) == (302, f"/courses/{course.coi}#{jar.id}")
    assert course.subject is not None
    for search in (CoiId(course.coi or "").display(), course.subject.number):
        assert found(auditor, search=search) == {course.coi}
    assert found(auditor, search="nothing like it") == set()


def found(client, **query):
    return set(re.findall(r'href="/courses/(C\w{12})"', client.get("/courses", query_string=query).text))


@pytest.mark.requirement("COI-PAGE-05")
def test_lists_are_narrowed_by_site_and_by_every_track(floor, auditor):
    states = {coi: course_of(floor, coi) for coi in floor.courses}
    assert found(auditor) == set(floor.courses)
    for field in ("material", "disposition", "treatment", "standing", "site"):
        for value in {str(getattr(c, field)) for c in states.values()}:
            wanted = {coi for coi, c in states.items() if str(getattr(c, field)) == value}
            assert found(auditor, **{field: value}) == wanted, (field, value)
    assert found(auditor, material="infused") == set()


@pytest.mark.requirement("COI-PAGE-05")
def test_lists_are_sorted_and_narrowed_by_what_is_due(floor, auditor):
    assert found(auditor, due="late") == {floor.courses[1]}
    by_due = re.findall(r'href="/courses/(C\w{12})"', page(auditor, "/courses?sort=due"))
    assert by_due[0] == floor.courses[1]
    assert set(by_due) == set(floor.courses)
    for order in queries.ORDERS:
        assert len(found(auditor, sort=order)) == 4
    assert found(auditor, sort="coi; DROP TABLE courses") == set(floor.courses)
    subjects = re.findall(r'data-label="Subject">(\d+)<', page(auditor, "/courses?sort=subject"))
    assert subjects == sorted(subjects)


@pytest.mark.requirement("COI-PAGE-05")
def test_a_list_is_a_file_too_and_a_spreadsheet_calculates_nothing(floor, auditor):
    rows = list(csv.DictReader(io.StringIO(page(auditor, "/courses.csv?material=received"))))
    assert [row["coi"] for row in rows] == [floor.courses[1]]
    assert rows[0]["due_step"]
    from web.course_list import _plain

    assert [_plain(cell) for cell in ("=1+1", "+1", "@x", "0100")] == ["'=1+1", "'+1", "'@x", "0100"]


@pytest.mark.requirement("COI-PAGE-05")
def test_another_sites_course_is_found_by_no_list_search_label_or_file(floor):
    coi = floor.courses[3]
    course = course_of(floor, coi)
    stranger = floor.client(floor.person(Role.NURSE, floor.site_of(floor.courses[0])).id)
    assert floor.site_of(coi) != floor.site_of(floor.courses[0])
    assert course.subject is not None
    serial = next(iter(course.labels))
    queries_ = [
        {},
        {"search": coi},
        {"search": course.subject.number},
        {"search": serial},
        {"sort": "due"},
        {"due": "any"},
    ]
    queries_ += [{"site": course.site}, {"material": str(course.material)}, {"disposition": str(course.disposition)}]
    for query in queries_:
        answer = stranger.get("/courses", query_string=query)
        assert answer.status_code == 200
        hidden = {coi, CoiId(coi).display()} - {query.get("search")}
        assert not any(word in answer.text for word in hidden), query
        assert coi not in stranger.get("/courses.csv", query_string=query).text
    assert stranger.get(f"/courses/{coi}").status_code == 404
    assert coi not in stranger.get("/work").text
    assert CoiId(coi).display() not in stranger.get("/work").text


@pytest.mark.requirement("COI-PAGE-07")
def test_pages_cost_a_fixed_number_of_statements(floor):
    record, database = counting(floor.record)
    token = floor.client(floor.person(Role.AUDITOR).id).get_cookie(PERSON).value
    client = create_app(record).test_client()
    client.set_cookie(PERSON, token)
    client.get(f"/courses/{floor.courses[0]}")
    costs = {}
    for path in [f"/courses/{coi}" for coi in floor.courses] + [
        "/courses",
        "/courses?sort=due",
        "/work",
        "/log/entries/refusals",
    ]:
        database.statements = 0
        assert client.get(path).status_code == 200
        costs[path] = database.statements
    database.close()
    print(costs)
    assert len({cost for path, cost in costs.items() if path.startswith("/courses/")}) == 1
    assert max(costs.values()) <= 45


@pytest.mark.requirement("COI-PAGE-01")
def test_a_hold_and_a_deviation_are_told_from_beginning_to_end(floor, auditor):
    from coi_tracker.simulation.handing_in import record_intent
    from coi_tracker.simulation.satisfy import satisfy

    coi = floor.courses[3]
    premises = reopened(floor.record)
    course = course_of(floor, coi)
    protocol = premises.protocol_of(course)
    for step, wishes in HAPPENED:
        course = course_of(floor, coi)
        intent = satisfy(
            floor.record.process.steps[step], protocol, course, premises, now=floor.record.clock(), **wishes
        )
        assert record_intent(floor.record, premises, intent, course).performed
    text = page(auditor, f"/courses/{coi}").split('id="stops"')[1].split('id="containers"')[0]
    assert SCRIPT not in text
    for words in (html.escape(SCRIPT), "dropped", "Place a hold", "Open a deviation", "open"):
        assert words in text, words
    next_up = page(auditor, f"/courses/{coi}").split('id="tracks"')[0]
    assert "Lift a hold" in next_up
    assert "Assess a deviation" in next_up
