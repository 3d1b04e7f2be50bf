"""Generated requests against the description of the API itself: right ones, wrong ones, and those at the edges.

No 5xx, no status, media type or shape that the description does not have; wrong requests are turned away, right ones
are not called wrong.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from coi_tracker.config import Settings
from coi_tracker.process.til_v1 import TIL_V1
from coi_tracker.services import keys
from coi_tracker.services.changes import new_event_id
from tests.systems import integration, labels_attempt

pytestmark = [pytest.mark.requirement("COI-API-09"), pytest.mark.slow]

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
EXAMPLES = int(os.environ.get("API_EXAMPLES", "15"))
SECONDS = 60 * max(1, EXAMPLES // 15)
"""Of this process, for all of it on one database."""
QUICK = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


@pytest.fixture
def system(floor, tmp_path):
    """A program of the first course's site that may do everything there, with its coordinator signed in."""
    keys.create(tmp_path, "test/log")
    keys.publish(floor.record, keys.read(tmp_path / keys.FILE))
    found = integration(floor, floor.site_of(floor.courses[0]), settings=Settings(key_dir=tmp_path))
    found.client.application.extensions["api"].extensions["pace"].a_second = 1e6
    found.sign_in(labels_attempt(floor, floor.courses[0])["account"])
    return found


def operations(system):
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", system.client.application)
    return {f"{one.method.upper()} {one.path}": one for one in map(_read, schema.get_all_operations())}


def _read(found: Any) -> Any:
    """An operation that could be read; what cannot be read fails here."""
    return found.ok()


def send(case, system):
    """Send a generated request as this system, and hold the answer to the description."""
    case.headers = {name: value for name, value in (case.headers or {}).items() if name != "COI-Person"}
    answer = case.call(headers=system.headers)
    case.validate_response(answer, checks=CHECKS)
    return answer


def written_as_whole(value):
    """For a schema 1.0 is a whole number; the API takes it written as 1 only."""
    if isinstance(value, float):
        return int(value)
    if isinstance(value, dict):
        return {name: written_as_whole(one) for name, one in value.items()}
    return [written_as_whole(one) for one in value] if isinstance(value, list) else value


def is_wrong(case, answer):
    """Whether the body was made wrong, or the query is wrong as it came; headers are set right again here.

    A query is text: an empty list is not sent at all, and what was meant as null is a word like any other.
    """
    wrong = {str(place.value) for place, one in case.meta.components.items() if one.mode is GenerationMode.NEGATIVE}
    return "body" in wrong or ("query" in wrong and is_wrong_as_sent(case, answer.request.url))


def is_wrong_as_sent(case, address):
    known = {one["name"]: one["schema"] for one in case.operation.definition.raw["parameters"] if one["in"] == "query"}
    came = parse_qs(urlsplit(address).query, keep_blank_values=True)
    return any(len(said) > 1 or name not in known or not is_one(known[name], said[0]) for name, said in came.items())


def is_one(schema, text):
    """Whether a text of an address is a value of this schema, read as text or as a whole number."""
    number = int(text) if text.isascii() and text.lstrip("-").isdigit() else text
    return any(jsonschema_rs.is_valid(schema, one) for one in (text, number))


def is_right(case):
    return all(one.mode is GenerationMode.POSITIVE for one in case.meta.components.values())


def run(operation, mode, seen, system, *, known=None):
    strategy = operation.as_strategy(generation_mode=mode)

    @QUICK
    @given(case=strategy, data=st.data())
    def each(case, data):
        if known is not None:
            known(case, data)
        if mode is GenerationMode.POSITIVE:
            case.body = written_as_whole(case.body)
        answer = send(case, system)
        seen[answer.status_code] += 1
        if mode is GenerationMode.POSITIVE and operation.path != "/exports":
            assert answer.status_code != 400, answer.text
        if mode is GenerationMode.NEGATIVE and is_wrong(case, answer):
            assert answer.status_code >= 400, (case.as_curl_command(), answer.text[:300])

    each()


def test_generated_requests_break_nothing_and_keep_to_the_description(floor, system, capsys):
    station = labels_attempt(floor, floor.courses[0])["station"]

    def known(case, data):
        if case.operation.path == "/scans" and is_right(case):
            case.body["station"] = station
        if "{coi}" in case.operation.path and data.draw(st.booleans()):
            case.path_parameters = {"coi": floor.courses[0]}

    begun, found = time.process_time(), operations(system)
    assert len(found) == 13
    told = {}
    for name, operation in found.items():
        for mode in GenerationMode:
            if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query):
                continue
            seen: Counter[int] = Counter()
            run(operation, mode, seen, system, known=known)
            told[f"{name} {mode.value}"] = dict(seen)
    took, count = time.process_time() - begun, sum(sum(one.values()) for one in told.values())
    with capsys.disabled():
        print(f"\n{took:.0f} s, {count} requests", json.dumps(told))
    assert took < SECONDS


def test_generated_attempts_of_somebody_who_is_there_are_decided(floor, system):
    """The same for attempts, made so that they get past the door: they are performed, refused, or of no course."""
    operation = operations(system)["POST /attempts"]
    right = labels_attempt(floor, floor.courses[0])
    sometimes = st.booleans()

    def known(case, data):
        case.body = {**case.body, "id": new_event_id(floor.record), "account": right["account"]}
        case.body["station"] = right["station"]
        case.body["step"] = data.draw(st.sampled_from(sorted(TIL_V1.steps)))
        case.body.pop("happened_at", None)
        if data.draw(sometimes):
            case.body["course"] = floor.courses[0]
        if data.draw(sometimes):
            case.body["scans"] = [{"code": floor.courses[0]}]

    seen: Counter[int] = Counter()
    run(operation, GenerationMode.POSITIVE, seen, system, known=known)
    assert set(seen) <= {201, 404, 422}
    assert seen[422] > 3


def test_a_course_with_all_that_belongs_to_it_has_the_shape_of_the_description(floor, system):
    found, whole = operations(system), integration(floor, key="whole")
    for path in ("", "/labels", "/entries"):
        answer = whole.get(f"/courses/{floor.courses[3]}{path}")
        assert answer.status_code == 200
        found[f"GET /courses/{{coi}}{path}"].validate_response(answer)
    for path in ("/courses", "/entries", "/places", "/plans", "/health"):
        found[f"GET {path}"].validate_response(whole.get(path))


@pytest.mark.parametrize("method", ["put", "patch", "delete", "get", "post"])
def test_a_method_that_an_address_does_not_take_is_405_and_says_which_it_takes(system, method):
    for name, operation in operations(system).items():
        taken = {one.split(" ")[0] for one in operations(system) if one.endswith(f" {operation.path}")}
        if method.upper() in taken:
            continue
        path = operation.path.replace("{coi}", "CTFNABAEVCBDH")
        answer = system.client.open(f"/api/v1{path}", method=method, headers=system.headers)
        assert answer.status_code == 405, name
        assert {one.strip() for one in answer.headers["Allow"].split(",")} >= taken
        assert answer.mimetype == "application/problem+json"
