"""The API as programs use it: on both databases, through HTTP as far as Flask goes."""

from __future__ import annotations

import hashlib
import io
import json
import re
import threading
import zipfile

import pytest

from coi_tracker.config import Settings
from coi_tracker.services import keys, queries, sequencer
from coi_tracker.services.changes import new_event_id
from coi_tracker.vocabulary import Role
from tests.floor import PASSWORD
from tests.systems import (
    System,
    assert_problem,
    deviation_attempt,
    entries_of,
    integration,
    labels_attempt,
    of_station,
)


def entry_of(answer):
    return json.loads(answer.json["entry"])


def last_of(floor, chain):
    return queries.timeline(floor.record, chain, most=1).entries[0].event


# --- recording ------------------------------------------------------------------------------------


@pytest.mark.requirement("COI-API-01", "COI-API-02")
def test_a_step_is_performed_by_the_person_who_signed_in(floor):
    system = integration(floor, floor.site_of(floor.courses[0]))
    attempt = labels_attempt(floor, floor.courses[0])
    assert system.sign_in(attempt["account"]).status_code == 201
    answer = system.post("/attempts", attempt)
    assert answer.status_code == 201, answer.text
    assert (answer.json["decision"], answer.json["replayed"], answer.json["reasons"]) == ("performed", False, [])
    assert hashlib.sha256(b"\0" + answer.json["entry"].encode()).hexdigest() == _digest_of(floor, attempt["id"])
    assert entry_of(answer)["actor"]["account"] == attempt["account"]
    labels = system.get(f"/courses/{floor.courses[0]}/labels").json["labels"]
    assert [one["kind"] for one in labels] == ["tissue_jar"]


def _digest_of(floor, entry_id):
    with floor.record.database.read() as tx:
        return tx.query("SELECT digest FROM events WHERE id = :id", id=entry_id)[0][0]


@pytest.mark.requirement("COI-API-02")
def test_a_step_is_performed_by_the_person_who_signs_it_and_no_password_is_kept(floor, caplog):
    system = integration(floor, floor.site_of(floor.courses[0]))
    answer = system.post("/attempts", deviation_attempt(floor, floor.courses[0]))
    assert answer.status_code == 201, answer.text
    assert [one["account"] for one in entry_of(answer)["signatures"]] == [entry_of(answer)["actor"]["account"]]
    assert PASSWORD not in answer.text
    assert PASSWORD not in caplog.text


@pytest.mark.requirement("COI-API-02")
def test_nothing_is_recorded_in_the_name_of_somebody_who_did_not_prove_to_be_it(floor):
    coi = floor.courses[0]
    system = integration(floor, floor.site_of(coi))
    before = entries_of(floor, coi)
    other = floor.person(Role.NURSE, floor.site_of(coi)).id
    for attempt in (
        labels_attempt(floor, coi),
        deviation_attempt(floor, coi, password="wrong"),
        deviation_attempt(floor, coi, password=None),
        deviation_attempt(floor, coi, signatures=[{"account": other, "meaning": "performed", "password": PASSWORD}]),
    ):
        found = assert_problem(system.post("/attempts", attempt), 403, "not-proved")
        assert "wrong" not in json.dumps(found)
    system.sign_in(other)
    assert_problem(system.post("/attempts", labels_attempt(floor, coi)), 403, "not-proved")
    assert entries_of(floor, coi) == before
    kept = last_of(floor, "account/token:lims")
    assert (kept.kind, kept.evidence["tried"]) == ("refused", "POST /attempts")


@pytest.mark.requirement("COI-API-01")
def test_a_refusal_says_every_reason_and_is_kept(floor):
    coi = floor.courses[0]
    system = integration(floor, floor.site_of(coi))
    attempt = deviation_attempt(floor, coi, evidence={"severity": "dreadful"}, comment="<script>alert(1)</script>")
    found = assert_problem(system.post("/attempts", attempt), 422, "refused")
    assert found["decision"] == "refused"
    assert {one["code"] for one in found["reasons"]} == {"evidence_missing", "value_out_of_range"}
    assert all(one["do"] and one["title"] and one["expected"] for one in found["reasons"])
    kept = last_of(floor, f"course/{coi}")
    assert (kept.id, kept.kind, len(kept.reasons)) == (attempt["id"], "refused", len(found["reasons"]))
    again = system.post("/attempts", attempt)
    assert again.status_code == 200
    assert (again.json["replayed"], again.json["decision"], again.json["entry"]) == (True, "refused", found["entry"])


@pytest.mark.requirement("COI-API-01")
def test_a_repeated_attempt_gets_the_first_answer_and_does_nothing(floor):
    coi = floor.courses[0]
    system = integration(floor, floor.site_of(coi))
    attempt = labels_attempt(floor, coi)
    system.sign_in(attempt["account"])
    first, second = (system.post("/attempts", attempt) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json == {**first.json, "replayed": True}
    assert len(system.get(f"/courses/{coi}/labels").json["labels"]) == 1


@pytest.mark.requirement("COI-API-01")
def test_two_at_once_with_one_id_do_it_once(floor):
    coi = floor.courses[0]
    system = integration(floor, floor.site_of(coi))
    attempt = labels_attempt(floor, coi)
    system.sign_in(attempt["account"])
    twins = [System(floor, system.token, person=system.person) for _ in range(6)]
    answers, gate = [], threading.Barrier(len(twins))

    def send(twin):
        gate.wait(10)
        answers.append(twin.post("/attempts", attempt))

    threads = [threading.Thread(target=send, args=(twin,)) for twin in twins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.status_code for one in answers) == [200] * 5 + [201]
    assert len({one.json["entry"] for one in answers}) == 1
    assert len(system.get(f"/courses/{coi}/labels").json["labels"]) == 1


@pytest.mark.requirement("COI-API-03")
def test_a_stations_token_acts_for_its_station_only(floor):
    coi, other = floor.courses[0], floor.courses[1]
    system = of_station(floor, floor.station(floor.site_of(coi)))
    attempt = labels_attempt(floor, coi)
    system.sign_in(attempt["account"])
    elsewhere = floor.station(floor.site_of(other))
    for station in (elsewhere, None, "nonsense"):
        found = assert_problem(
            system.post("/attempts", {**attempt, "id": new_event_id(floor.record), "station": station}), 403
        )
        assert elsewhere not in found["detail"]
    assert last_of(floor, "account/token:scanner").kind == "refused"
    assert system.post("/attempts", attempt).status_code == 201


@pytest.mark.requirement("COI-API-03")
def test_a_programs_token_acts_for_stations_of_its_places_only(floor):
    coi, other = floor.courses[0], floor.courses[1]
    system = integration(floor, floor.site_of(coi))
    attempt = labels_attempt(floor, other)
    system.sign_in(attempt["account"])
    assert_problem(system.post("/attempts", attempt), 403, "not-allowed")
    unknown = labels_attempt(floor, coi, station="SZZZZZZZ")
    system.sign_in(unknown["account"])
    found = assert_problem(system.post("/attempts", unknown), 422, "refused")
    assert "station_unknown" in {one["code"] for one in found["reasons"]}


@pytest.mark.requirement("COI-API-01")
def test_a_scan_says_what_it_is_and_what_this_person_may_do(floor):
    coi = floor.courses[1]
    site = floor.site_of(coi)
    system = of_station(floor, floor.station(site))
    nobody = system.post("/scans", {"code": coi})
    assert nobody.status_code == 200
    assert nobody.json["sighting"]["course"]["coi"] == coi
    assert nobody.json["sighting"]["course"]["site_name"] == system.get("/places").json["places"][0]["name"]
    assert nobody.json["offers"] == []
    system.sign_in(floor.person(Role.COORDINATOR, site).id)
    offers = {one["step"]: one for one in system.post("/scans", {"code": coi}).json["offers"]}
    assert offers["issue_labels"]["ready"]
    assert system.post("/scans", {"code": "hello"}).json["sighting"]["is_a"] == "text"
    assert system.post("/scans", {"code": "A" * 4096}).status_code == 200
    assert_problem(system.post("/scans", {"code": "A" * 4097}), 400)


@pytest.mark.requirement("COI-API-05")
def test_the_log_is_read_by_page_and_every_text_has_its_digest(floor):
    system = integration(floor)
    sequencer.sequence(floor.record)
    found, start = [], 0
    while True:
        page = system.get(f"/entries?start={start}&most=100").json
        found += page["entries"]
        start = page["next"]
        if start >= page["size"]:
            break
    assert [one["index"] for one in found] == list(range(page["size"]))
    assert all(hashlib.sha256(b"\0" + one["text"].encode()).hexdigest() == one["digest"] for one in found)


@pytest.mark.requirement("COI-API-05", "COI-API-04")
def test_a_site_reads_the_part_of_the_log_that_is_its_own(floor):
    coi, other = floor.courses[0], floor.courses[1]
    site = floor.site_of(coi)
    sequencer.sequence(floor.record)
    system = integration(floor, site)
    page = system.get("/entries?most=500").json
    chains = {one["chain"] for one in page["entries"]}
    own = {one for one in floor.courses if floor.site_of(one) == site}
    assert page["next"] == page["size"]
    assert {chain.partition("/")[2] for chain in chains if chain.startswith("course/")} == own
    assert f"place/{site}" in chains
    assert not [chain for chain in chains if chain.startswith(("account/", "study/")) or chain == "log"]
    assert other not in json.dumps(page)


@pytest.mark.requirement("COI-API-05")
def test_the_entries_of_a_course_are_those_of_its_chain(floor):
    coi = floor.courses[1]
    system = integration(floor)
    first = system.get(f"/courses/{coi}/entries?most=3").json
    rest = system.get(f"/courses/{coi}/entries?up_to={first['older']}").json
    assert [one["seq"] for one in first["entries"] + rest["entries"]] == list(range(first["last"], 0, -1))
    assert rest["older"] is None


@pytest.mark.requirement("COI-API-01")
def test_an_unchanged_course_is_not_sent_again(floor):
    coi = floor.courses[0]
    system = integration(floor)
    first = system.get(f"/courses/{coi}")
    mark = first.headers["ETag"]
    again = system.get(f"/courses/{coi}", headers={"If-None-Match": mark})
    assert (again.status_code, again.data) == (304, b"")
    local = integration(floor, floor.site_of(coi), key="local")
    assert local.post("/attempts", deviation_attempt(floor, coi)).status_code == 201
    changed = system.get(f"/courses/{coi}", headers={"If-None-Match": mark})
    assert changed.status_code == 200
    assert len(changed.json["deviations"]) == 1


@pytest.mark.requirement("COI-API-07")
def test_a_bundle_comes_as_a_zip_for_who_may_see_all_of_it(floor, tmp_path):
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    keys.create(folder, "test/log")
    keys.publish(floor.record, keys.read(folder / keys.FILE))
    coi, other = floor.courses[0], floor.courses[1]
    site = floor.site_of(coi)
    settings = Settings(key_dir=folder)
    system = integration(floor, site, settings=settings)
    answer = system.post("/exports", {"course": coi})
    assert (answer.status_code, answer.mimetype) == (200, "application/zip"), answer.text[:300]
    names = zipfile.ZipFile(io.BytesIO(answer.data)).namelist()
    assert any(name.endswith("verify.py") for name in names)
    answer.close()
    with system.post("/exports", {"site": site}) as answer:
        assert answer.status_code == 200
    for more in ({"everything": True}, {"site": floor.site_of(other)}, {"since": "2026-01-01"}):
        assert_problem(system.post("/exports", more), 403, "not-allowed")
    for wrong in ({}, {"course": coi, "site": site}, {"everything": False}):
        assert_problem(system.post("/exports", wrong), 400)
    assert_problem(system.post("/exports", {"course": other}), 404)
    whole = integration(floor, key="sponsor", settings=settings)
    with whole.post("/exports", {"everything": True}) as answer:
        assert answer.status_code == 200
    assert_problem(whole.post("/exports", {"site": "nowhere"}), 400)


@pytest.mark.requirement("COI-API-08")
def test_every_answer_is_safe_to_show(floor):
    system = integration(floor)
    for answer in (
        system.get("/courses"),
        system.get("/nothing"),
        system.get("/docs"),
        System(floor, "").get("/places"),
    ):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers


@pytest.mark.requirement("COI-API-08")
def test_the_description_can_be_read_without_a_script(floor):
    system = System(floor, "")
    page = system.get("/docs").text
    spec = system.get("/openapi.json").json
    assert spec["openapi"].startswith("3.1")
    assert "<script" not in page
    assert not re.search(r"\son\w+=|\sstyle=", page)
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            assert f"{method.upper()} {path}" in page
            assert operation["summary"] in page
    anchors = set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= anchors
    assert "localhost" not in json.dumps(spec)
