"""What comes wrong to the API: said in words, not repeated, and nothing of it done in part."""

from __future__ import annotations

import io
import json

import pytest

from coi_tracker.services import queries
from tests.systems import (
    assert_problem,
    deviation_attempt,
    entries_of,
    integration,
    labels_attempt,
)


def entry_of(answer):
    return json.loads(answer.json["entry"])


def last_of(floor, chain):
    return queries.timeline(floor.record, chain, most=1).entries[0].event


SECRET = "hunter2-is-a-secret"
BOMB = '{"evidence": ' + '{"a":' * 50_0 + "1" + "}" * 500 + "}"
BAD_BODIES = {
    "nothing": "",
    "a list": "[]",
    "a text": '"attempt"',
    "null": "null",
    "half of it": '{"id": "',
    "not UTF-8": b'{"id": "\xff\xfe"}',
    "not a number": '{"evidence": {"x": NaN}}',
    "an endless number": '{"evidence": {"x": -Infinity}}',
    "a float": '{"evidence": {"x": 1.5}}',
    "an exponent": '{"evidence": {"x": 1e400}}',
    "a long number": '{"evidence": {"x": ' + "9" * 5000 + "}}",
    "half a character": '{"comment": "\\ud800"}',
    "a field twice": '{"id": 1, "id": 2}',
    "unknown fields": '{"<script>alert(1)</script>": 1, "' + "x" * 5000 + '": 2}',
    "a nest": BOMB,
    "a deep nest": "[" * 50_000,
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
@pytest.mark.parametrize("path", ["/attempts", "/scans", "/exports", "/sessions"])
@pytest.mark.requirement("COI-API-06")
def test_what_cannot_be_understood_is_said_and_not_repeated(floor, path, body):
    system = integration(floor)
    answer = system.post(path, data=body, headers={"Content-Type": "application/json"})
    assert_problem(answer, 400, "not-understood")
    assert len(answer.data) < 2500
    assert "<script>" not in answer.text
    assert "x" * 200 not in answer.text


@pytest.mark.parametrize("number", ["1.5", "1e400", "NaN", "9" * 5000])
@pytest.mark.requirement("COI-API-06")
def test_a_number_that_two_programs_could_read_differently_is_named_as_what_is_wrong(floor, number):
    answer = integration(floor).post(
        "/scans", data=f'{{"code": {number}}}', headers={"Content-Type": "application/json"}
    )
    assert "number" in assert_problem(answer, 400)["came"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "not a uuid"},
        {"id": 5},
        {"step": ""},
        {"step": "x" * 5000},
        {"account": "a\x00b"},
        {"role": "emperor"},
        {"happened_at": "yesterday"},
        {"happened_at": "2026-03-02T08:00:00"},
        {"scans": [{"code": 5}]},
        {"scans": [{"code": "x", "by": "guessed"}]},
        {"scans": [{}] * 201},
        {"evidence": []},
        {"evidence": {"caf\u00e9": 1}},
        {"evidence": {"deep": {"caf\u00e9": 1}}},
        {"evidence": {"x": 2**53}},
        {"evidence": {"x": [[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]}},
        {"evidence": {str(n): 1 for n in range(61)}},
        {"signatures": [{"account": "a", "meaning": "performed", "password": SECRET, "more": 1}]},
        {"signatures": [{"account": "a", "meaning": "liked"}]},
        {"signatures": [{"account": "a", "meaning": "performed", "password": SECRET * 100}]},
        {"identifiers": {"birth_date": SECRET * 100}},
        {"identifiers": {"colour": SECRET}},
        {"refers_to": "x"},
        {"comment": "\u202e"},
        {"surprise": SECRET},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
@pytest.mark.requirement("COI-API-06")
def test_an_attempt_of_the_wrong_form_is_not_recorded(floor, wrong):
    coi = floor.courses[0]
    system = integration(floor, floor.site_of(coi))
    before = entries_of(floor, coi)
    answer = system.post("/attempts", {**labels_attempt(floor, coi), **wrong})
    assert_problem(answer, 400, "not-understood")
    assert SECRET not in answer.text
    assert len(answer.data) < 3000
    assert entries_of(floor, coi) == before


@pytest.mark.requirement("COI-API-06")
def test_a_body_that_is_no_json_or_too_large_is_turned_away(floor):
    system = integration(floor)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        assert_problem(system.post("/attempts", data="{}", headers={"Content-Type": kind}), 415, "not-json")
    big = b'{"comment": "' + b"x" * 10_000_000 + b'"}'
    for path in ("/attempts", "/scans", "/exports", "/sessions"):
        answer = system.post(path, data=big, headers={"Content-Type": "application/json"})
        assert_problem(answer, 413, "too-large")
    chunked = system.post(
        "/attempts",
        input_stream=io.BytesIO(big),
        headers={"Content-Type": "application/json", "Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert_problem(chunked, 413)


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\u202e", "'; DROP TABLE events; --", "{{7*7}}", "%00"])
@pytest.mark.requirement("COI-API-06")
def test_evidence_and_scans_that_are_odd_are_refused_and_kept_harmless(floor, text):
    coi = floor.courses[0]
    system = integration(floor, floor.site_of(coi))
    odd = deviation_attempt(
        floor,
        coi,
        evidence={"about": text, "severity": text, "description": text, "lots": [text], "suite": text},
        scans=[{"code": text}],
    )
    found = assert_problem(system.post("/attempts", odd), 422)
    assert found["reasons"]
    issue = labels_attempt(floor, coi, evidence={"kind": text, "count": 1, "reason": text, "suite": text})
    system.sign_in(issue["account"])
    assert_problem(system.post("/attempts", issue), 422)
    assert system.post("/scans", {"code": text, "station": odd["station"]}).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/courses?site=%00", "/courses?search=a%00", "/plans?site=%1f", "/courses?standing=%00", "/entries?start=%00"],
)
@pytest.mark.requirement("COI-API-06")
def test_control_characters_in_an_address_are_not_understood(floor, path):
    assert_problem(integration(floor).get(path), 400, "not-understood")


@pytest.mark.parametrize("path", ["/courses?search=a&search=b", "/entries?start=0&most=1&start=5", "/plans?x=1&x=1"])
@pytest.mark.requirement("COI-API-06")
def test_what_is_said_twice_in_an_address_is_not_understood_either(floor, path):
    assert_problem(integration(floor).get(path), 400, "not-understood")


@pytest.mark.requirement("COI-API-06")
def test_the_largest_body_that_is_taken_still_fits_into_an_entry(floor):
    coi = floor.courses[0]
    system = integration(floor, floor.site_of(coi))
    value = deviation_attempt(floor, coi)
    value["evidence"]["description"] = "\u00e9" * 60_000
    value["evidence"]["more"] = ["\x01"] * 900
    value["scans"] = [{"code": "\x01" * 20}] * 5
    answer = system.post(
        "/attempts", data=json.dumps(value, ensure_ascii=False).encode(), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422, answer.text[:500]


@pytest.mark.requirement("COI-API-06")
def test_too_many_requests_are_told_to_wait_and_others_are_not(floor):
    system = integration(floor)
    pace = system.client.application.extensions["api"].extensions["pace"]
    pace.at_once, pace.a_second = 5, 0.5
    answers = [system.get("/places") for _ in range(6)]
    assert [one.status_code for one in answers] == [200] * 5 + [429]
    assert_problem(answers[-1], 429, "too-many")
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 2
    other = integration(floor, key="other")
    other.client = system.client
    assert other.get("/places").status_code == 200
