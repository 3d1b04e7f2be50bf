"""My work for every role, the lists of the log, and bundles from the browser: on both databases."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from datetime import timedelta
from io import BytesIO

import pytest

from coi_tracker.config import Settings
from coi_tracker.custody_log import verify
from coi_tracker.identity import CoiId
from coi_tracker.services import opening, people, queries, setup
from coi_tracker.services.attempts import record_attempt
from coi_tracker.services.changes import INSTALLER, new_event_id
from coi_tracker.services.people import Person
from coi_tracker.services.record import Record
from coi_tracker.services.requests import AttemptRequest, SignatureClaim, parse_request
from coi_tracker.simulation.clock import Clock
from coi_tracker.simulation.furnishing import furnish
from coi_tracker.simulation.walking import drive
from coi_tracker.storage import migrate
from coi_tracker.storage.database import Database
from coi_tracker.vocabulary import Meaning, PlaceKind, Role
from tests.floor import PERSONS, STARTED, Floor
from tests.functional.test_course_page import SCRIPT, page, refuse
from web import create_app
from web.session import PERSON


def shown(text):
    """The lines of hers: course and step, by the part of the page they stand in."""
    parts = re.split(r'<h2 id="(\w+)">', text)
    return {
        name: [
            re.sub(r"<[^>]+>", "", title).strip()
            for title in re.findall(r'<th scope="row">(.*?)</th>', body, re.DOTALL)
        ]
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }


@pytest.mark.requirement("COI-PAGE-06")
@pytest.mark.parametrize(
    ("role", "place", "part", "step"),
    [
        (Role.OPERATOR, "fac-rhine", "late", "Clear the line for this course"),
        (Role.QA, "fac-rhine", "late", "Accept the tissue for manufacture"),
        (Role.PLANNER, "fac-east", "now", "Book a manufacturing slot"),
        (Role.COORDINATOR, "us-hollow", "now", "Issue labels bound to the course"),
        (Role.PROCEDURALIST, "us-hollow", "blocked", "Take the tumour tissue and fill the jars"),
    ],
)
def test_each_role_opens_on_its_own_work(floor, role, place, part, step):
    client = floor.client(floor.person(role, place).id)
    assert client.get("/").location == "/work"
    titles = shown(page(client, "/work"))[part]
    assert any(title.startswith(step) for title in titles), titles


UNDERWAY = ("cryopreserved", "release_to_courier", "outbound", "confirm_plan", "ld_running", "ld_complete", "infused")
"""How far the courses of a trial are in which there is something to do for everybody."""


def underway(url):
    """One site, and a course at each of these places."""
    migrate.upgrade(url)
    record = Record(Database(url), clock=Clock(STARTED), person_keys=PERSONS)
    premises = furnish(record, sites=1, shippers=6)
    for number, until in enumerate(UNDERWAY):
        drive(record, premises, f"020{number}", until=until)
    record.database.close()


@pytest.mark.requirement("COI-PAGE-06")
def test_whoever_is_waited_for_finds_it_on_her_page(prepared_database):
    floor = Floor(prepared_database(underway))
    try:
        for role, wanted in {
            Role.QC_ANALYST: {0: "Record a result of quality control"},
            Role.QA: {0: "Disposition: release"},
            Role.COURIER: {1: "Accept the shipper as courier"},
            Role.CELL_LAB: {2: "Receive the product at the site", 5: "Thaw one bag"},
            Role.PHYSICIAN: {3: "Recheck eligibility before lymphodepletion"},
            Role.NURSE: {
                4: "Give a dose of lymphodepletion",
                5: "Match bag and wristband at the bedside",
                6: "Give a dose of IL-2",
            },
        }.items():
            place = "fac-east" if role in {Role.QA, Role.QC_ANALYST} else None
            text = page(floor.client(floor.person(role, place).id), "/work").split('id="others"')[0]
            rows = [re.sub(r"<[^>]+>", " ", row) for row in re.findall(r"<tr>(.*?)</tr>", text, flags=re.DOTALL)]
            for number, title in wanted.items():
                course = CoiId(floor.courses[number]).display()
                assert any(title in row and course in row for row in rows), (role, title)
        courier = page(floor.client(floor.person(Role.COURIER).id), "/work")
        carried = courier.split('id="carried"')[1].split("</section>")[0]
        assert CoiId(floor.courses[2]).display() in carried
        assert "bag 1" in carried
        physician = page(floor.client(floor.person(Role.PHYSICIAN).id), "/work")
        for part in ("eligibility recheck", "infusion window", "shipper log", "IL-2", "bed"):
            assert part in physician, part
        monitor = page(floor.client(floor.person(Role.MEDICAL_MONITOR).id), "/work")
        assert all(CoiId(coi).display() in monitor for coi in floor.courses)
    finally:
        floor.close()


@pytest.mark.requirement("COI-PAGE-06")
def test_a_device_that_is_a_station_opens_on_scanning(floor):
    nurse = floor.person(Role.NURSE)
    client = floor.client(nurse.id, station=floor.station(nurse.roles[0].place))
    assert client.get("/").location != "/work"
    assert client.get("/work").status_code == 200


@pytest.mark.requirement("COI-PAGE-06")
def test_every_role_has_a_page_and_sees_only_the_courses_of_its_places(floor):
    roles: dict[tuple[Role, str], Person] = {}
    for person in people.people(floor.record):
        for one in person.roles:
            roles.setdefault((one.role, one.place), person)
    assert {role for role, _ in roles} == set(Role)
    for (role, place), person in sorted(roles.items()):
        answer = floor.client(person.id).get("/work")
        assert answer.status_code == (403 if role is Role.ADMIN else 200)
        sites = {floor.site_of(coi) for coi in floor.courses if CoiId(coi).display() in answer.text}
        if place in {"us-hollow", "de-linden"}:
            assert sites <= {place}, (role, place)


@pytest.mark.requirement("COI-PAGE-06")
def test_work_can_be_narrowed_to_a_role_and_a_site(floor):
    client = floor.client(floor.person(Role.AUDITOR).id)
    text = page(client, "/work?site=de-linden")
    assert {floor.site_of(c) for c in floor.courses if CoiId(c).display() in text} == {"de-linden"}
    assert page(client, "/work?role=nurse").count("<h2") == page(client, "/work").count("<h2"), "not a role of hers"


@pytest.mark.requirement("COI-PAGE-06")
def test_who_is_not_trained_any_more_is_told_instead_of_refused_later(floor):
    operator = floor.person(Role.OPERATOR, "fac-rhine")
    client = floor.client(operator.id)
    assert "training for this role has ended" not in page(client, "/work")
    people.give_role(
        floor.record, operator.id, role=Role.OPERATOR, place="fac-rhine",
        trained_until=floor.clock().date() - timedelta(days=1), by=INSTALLER, reason="lapsed",
    )  # fmt: skip
    assert "training for this role has ended" in page(client, "/work")


# --- the lists of the log


@pytest.mark.requirement("COI-PAGE-08")
def test_reviewers_see_refusals_with_their_words_by_period_and_site(floor):
    mine, others = floor.courses[0], floor.courses[1]
    refuse(floor, mine)
    auditor = floor.client(floor.person(Role.AUDITOR).id)
    text = page(auditor, "/log/entries/refusals")
    for words in ("Thaw one bag", "Not its turn", "wanted", CoiId(mine).display()):
        assert words in text
    assert CoiId(mine).display() not in page(auditor, f"/log/entries/refusals?site={floor.site_of(others)}")
    assert CoiId(mine).display() in page(auditor, f"/log/entries/refusals?site={floor.site_of(mine)}")
    past = "/log/entries/refusals?from=2020-01-01&to=2020-12-31"
    assert "None in this period" in page(auditor, past)
    assert "1</strong> refusals" in page(auditor, "/work")


@pytest.mark.requirement("COI-PAGE-08")
def test_reviewers_see_late_entries_and_who_countersigned(floor):
    coi = floor.courses[3]
    site = floor.site_of(coi)
    nurse, other = floor.person(Role.NURSE, site), floor.person(Role.PHYSICIAN, site)
    asked = AttemptRequest(
        id=new_event_id(floor.record),
        step="record_temperature",
        account=nurse.id,
        role=Role.NURSE,
        station=floor.station(site),
        happened_at=floor.record.clock() - timedelta(hours=2),
        course=coi,
        evidence={"where": "the tank", "temperature": {"unit": "Cel", "value": "-180"}},
        signatures=(SignatureClaim(other.id, Meaning.LATE_ENTRY, authentic=True),),
        late_reason=f"the line was down {SCRIPT}",
    )
    answer = record_attempt(floor.record, asked)
    assert answer.performed, answer.reasons
    text = page(floor.client(floor.person(Role.AUDITOR).id), "/log/entries/late")
    assert "the line was down" in text
    assert SCRIPT not in text
    assert f"{other.name}</bdi> (late entry)" in text


@pytest.mark.requirement("COI-PAGE-08")
def test_reviewers_see_every_change_of_the_set_up_with_old_new_and_reason(floor):
    site = floor.place(PlaceKind.SITE)
    known = next(p for p in queries.places(floor.record) if p.id == site)
    setup.put_place(
        floor.record, site, kind=known.kind, name=f"New {SCRIPT}", country=known.country, zone=known.zone,
        by=INSTALLER, reason="it was renamed",
    )  # fmt: skip
    text = page(floor.client(floor.person(Role.AUDITOR).id), "/log/entries/changes")
    for words in (known.name, "it was renamed", "New &lt;script&gt;"):
        assert words in text
    assert SCRIPT not in text


@pytest.mark.requirement("COI-PAGE-08")
def test_a_facilitys_quality_sees_the_refusals_of_its_own_courses_only(floor):
    refuse(floor, floor.courses[0])
    refuse(floor, floor.courses[1])
    text = page(floor.client(floor.person(Role.QA, "fac-rhine").id), "/log/entries/refusals")
    assert CoiId(floor.courses[1]).display() in text
    assert CoiId(floor.courses[0]).display() not in text
    assert (
        floor.client(floor.person(Role.QA, "fac-rhine").id).get("/log/entries/refusals?site=us-hollow").status_code
        == 404
    )


@pytest.mark.requirement("COI-PAGE-08")
def test_what_was_refused_at_a_station_and_belongs_to_no_course_is_seen_at_its_place_only(floor):
    operator = floor.person(Role.OPERATOR, "fac-rhine")
    asked = {
        "id": new_event_id(floor.record),
        "step": "harvest",
        "account": operator.id,
        "role": "operator",
        "station": floor.station("fac-rhine"),
        "scans": [{"code": "a sandwich"}],
    }
    assert not record_attempt(floor.record, parse_request(asked)).performed
    own, other, everybody = (
        page(floor.client(floor.person(role, place).id), "/log/entries/refusals")
        for role, place in ((Role.QA, "fac-rhine"), (Role.QA, "fac-east"), (Role.AUDITOR, None))
    )
    assert "a sandwich" in own
    assert "a sandwich" in everybody
    assert "a sandwich" not in other


@pytest.mark.requirement("COI-PAGE-08")
@pytest.mark.parametrize("path", ["/log/entries/refusals", "/log/entries/late", "/log/entries/changes", "/log/export"])
def test_only_auditors_and_quality_review_the_log(floor, path):
    for role in (Role.NURSE, Role.OPERATOR, Role.COORDINATOR, Role.ADMIN, Role.PLANNER):
        assert floor.client(floor.person(role).id).get(path).status_code == 403
    if path == "/log/export":
        nurse = floor.person(Role.NURSE)
        client = floor.client(nurse.id)
        assert client.post(path, data={"what": "everything"}).status_code == 403
        kept = queries.timeline(floor.record, f"account/{nurse.id}").entries[0].event
        assert kept.evidence["tried"] == "POST /log/export"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/log/entries/nonsense", 404),
        ("/log/entries/refusals?from=x", 400),
        ("/log/entries/refusals?from=0001-01-01", 400),
        ("/log/entries/refusals?to=9999-12-31", 400),
        ("/log/entries/refusals?page=0", 400),
        ("/log/entries/refusals?site=%27", 404),
        ("/work?role=x&site=%27", 200),
        ("/courses?due=x&sort=%27&material=%3Cb%3E", 200),
    ],
)
def test_a_wrong_question_gets_words(floor, path, status):
    answer = floor.client(floor.person(Role.AUDITOR).id).get(path)
    assert answer.status_code == status
    assert "Traceback" not in answer.text


# --- bundles


@pytest.fixture
def exporting(floor, tmp_path):
    """Somebody's browser, of an installation that has a key."""
    settings = Settings(database_url=floor.url, key_dir=tmp_path / "keys", checkpoint_dir=tmp_path / "kept")
    opening.make_log_key(floor.record, settings)

    def client(role, place=None):
        app = create_app(floor.record, settings)
        app.config.update(WTF_CSRF_ENABLED=False)
        found = app.test_client()
        found.set_cookie(PERSON, floor.client(floor.person(role, place).id).get_cookie(PERSON).value)
        return found

    return client


@pytest.mark.requirement("COI-PAGE-09")
def test_the_way_to_a_bundle_is_shown_to_whom_it_is_open(floor):
    """Whoever follows a way that is not hers is kept as somebody who tried."""
    for role, shown in ((Role.AUDITOR, True), (Role.QA, True), (Role.OPERATOR, False), (Role.ADMIN, False)):
        assert ('href="/log/export"' in page(floor.client(floor.person(role).id), "/log")) is shown


@pytest.mark.requirement("COI-PAGE-09")
@pytest.mark.parametrize("what", ["course", "site", "everything"])
def test_a_bundle_from_the_browser_is_verified_with_the_command_that_is_shown(floor, exporting, tmp_path, what):
    client = exporting(Role.AUDITOR)
    coi = floor.courses[3]
    answer = client.post("/log/export", data={"what": what, "course": CoiId(coi).display(), "site": floor.site_of(coi)})
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    with zipfile.ZipFile(BytesIO(answer.data)) as bundle:
        entries = b"".join(bundle.read(name) for name in bundle.namelist())
    assert coi.encode() in entries
    assert (floor.courses[0].encode() in entries) == (what == "everything")
    file = tmp_path / "bundle.zip"
    file.write_bytes(answer.data)
    key = queries.log_status(floor.record).vkeys[-1]
    assert "verify.py" in page(client, "/log/export")
    assert key in page(client, "/log/export").replace("&#43;", "+")
    assert _verified(file, key)


def _verified(file, key):
    done = subprocess.run(
        [sys.executable, verify.__file__, str(file), "--vkey", key], check=False, capture_output=True, text=True
    )
    print(done.stdout[-500:], done.stderr[-500:])
    return done.returncode == 0


@pytest.mark.requirement("COI-PAGE-09")
def test_nobody_exports_what_she_may_not_know_of(floor, exporting):
    client = exporting(Role.QA, "fac-rhine")
    own, other = floor.courses[1], floor.courses[0]
    for data in (
        {"what": "course", "course": other},
        {"what": "course", "course": "CTFNABAEVCBDH"},
        {"what": "course", "course": SCRIPT},
        {"what": "site", "site": floor.site_of(other)},
        {"what": "site", "site": "nowhere"},
        {"what": "everything"},
        {},
    ):
        assert client.post("/log/export", data=data).status_code == 404, data
    assert client.post("/log/export", data={"what": "course", "course": own}).status_code == 200
    assert "Everything" not in page(client, "/log/export")


@pytest.mark.requirement("COI-PAGE-09")
def test_without_a_key_a_sentence_says_so(floor, tmp_path):
    client = floor.client(floor.person(Role.AUDITOR).id)
    answer = client.post("/log/export", data={"what": "everything"})
    assert answer.status_code == 503
    assert "Traceback" not in answer.text
    assert "key" in answer.text
