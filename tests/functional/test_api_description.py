"""The description of the API as somebody reads it who never saw it: complete, with examples that are true."""

from __future__ import annotations

import html
import json
import os
import re
import shlex
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import pytest

from coi_tracker.config import Settings
from coi_tracker.process.til_v1 import TIL_V1
from coi_tracker.services import deliveries, keys, sequencer, webhooks
from coi_tracker.services.changes import new_event_id
from coi_tracker.services.deliveries import Letter, deliver
from coi_tracker.vocabulary import Role, Scope
from tests.floor import PASSWORD, Floor
from tests.systems import System, admin_of, deviation_attempt, integration
from web.api import examples, letters
from web.deliveries import headers_of

pytestmark = pytest.mark.requirement("COI-API-16")


@pytest.fixture
def system(floor, tmp_path) -> System:
    """A program of the first course's site that may do everything there."""
    keys.create(tmp_path, "test/log")
    keys.publish(floor.record, keys.read(tmp_path / keys.FILE))
    return integration(floor, floor.site_of(floor.courses[0]), settings=Settings(key_dir=tmp_path))


def described(system: System) -> dict[str, Any]:
    found: dict[str, Any] = system.get("/openapi.json").json
    return found


def operations(spec: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


# --- what is said ---------------------------------------------------------------------------------


def test_every_operation_says_what_it_is_takes_and_gives_with_examples(system):
    spec = described(system)
    for name, one in operations(spec):
        assert one["summary"], name
        assert len(one["description"]) > 30, name
        assert all(parameter["description"] for parameter in one["parameters"]), name
        assert one.get("x-scopes") or name == "GET /health", name
        if "requestBody" in one:
            assert one["requestBody"]["content"]["application/json"]["examples"], name
        for status, answer in one["responses"].items():
            assert answer["description"], (name, status)
            for media, content in answer.get("content", {}).items():
                assert "schema" in content, (name, status)
                assert media == "application/zip" or "example" in content or content["examples"], (name, status)
        failures = {"503"} if name == "GET /health" else {"401", "403", "429", "503"}
        asks = "requestBody" in one or any(parameter["in"] == "query" for parameter in one["parameters"])
        assert set(one["responses"]) >= failures | ({"400"} if asks else set()), name
    assert {"201", "200", "404", "409", "422"} <= set(spec["paths"]["/attempts"]["post"]["responses"])


def test_what_is_shared_is_said_once_and_well(system):
    spec = described(system)
    assert spec["openapi"].startswith("3.1")
    assert [one["name"] for one in spec["tags"]] == ["Recording", "Reading"]
    for words in ("UTC", "ISO 8601", "UCUM", "RFC 9457", "20 times a second"):
        assert words in spec["info"]["description"]
    event = spec["webhooks"]["event"]["post"]
    assert {one["name"] for one in event["parameters"]} == {"COI-Delivery", "COI-Time", "COI-Signature"}
    assert "HMAC-SHA256" in json.dumps(event)


def fits(spec: Mapping[str, Any], shape: Mapping[str, Any], value: object) -> list[str]:
    whole = {"components": spec["components"], **shape}
    return [str(one) for one in jsonschema_rs.Draft202012Validator(whole).iter_errors(value)]


def test_every_example_fits_its_schema(system):
    spec, seen = described(system), 0
    shared = spec["components"]["examples"]
    webhook = spec["webhooks"]["event"]["post"]
    for name, one in [*operations(spec), ("event", webhook)]:
        bodies = [one.get("requestBody", {}), *one["responses"].values()]
        for content in [content for body in bodies for content in body.get("content", {}).values()]:
            given = [content["example"]] if "example" in content else []
            named = content.get("examples", {}).values()  # here, or shared with others
            given += [
                one["value"] if "value" in one else shared[one["$ref"].rpartition("/")[2]]["value"] for one in named
            ]
            for value in given:
                assert fits(spec, content["schema"], value) == [], name
                seen += 1
        for parameter in (one for one in one["parameters"] if "example" in one):
            assert fits(spec, parameter["schema"], parameter["example"]) == []
    assert seen > 90


def test_examples_of_steps_name_what_the_steps_ask_for():
    for attempt in examples.ASKED["recordAttempt"].values():
        step = TIL_V1.steps[attempt["step"]]
        assert Role(attempt["role"]) in step.by
        assert set(attempt.get("evidence", {})) == {one.name for one in step.fields if one.required}
        measured = [one for one in step.fields if one.unit]
        assert all(attempt["evidence"][one.name]["unit"] == one.unit for one in measured)


def test_the_page_of_steps_has_each_step_with_all_that_it_asks_for(system):
    page = html.unescape(system.get("/docs/steps").text)
    for step in TIL_V1.steps.values():
        assert f'id="step-{step.name}"' in page
        assert all(one.asks in page for one in step.fields), step.name


# --- what is true ---------------------------------------------------------------------------------


def as_here(floor: Floor, text: str) -> str:
    """An example with a course, a station and a person of this record."""
    coi = floor.courses[0]
    site = floor.site_of(coi)
    put = {
        examples.COI: coi,
        examples.STATION: floor.station(site),
        "es-islote": site,
        "felix.dunmere": floor.person(Role.COORDINATOR, site).id,
        "invented people only": PASSWORD,
        examples.ID: new_event_id(floor.record),
    }
    for old, new in put.items():
        text = text.replace(old, new)
    return text


def sent(system: System, line: str) -> Any:
    """What a shell would do with a line of the page: the same request, to this application."""
    words = shlex.split(line.replace("$COI_TOKEN", system.token).replace("$COI_PERSON", system.person or "nobody"))
    assert words[0] == "curl"
    given: dict[str, Any] = {"headers": {}, "method": "GET"}
    rest, address = iter(words[1:]), ""
    for word in rest:
        if word == "-H":
            name, _, value = next(rest).partition(": ")
            given["headers"][name] = value
        elif word == "--json":
            given |= {"data": next(rest), "content_type": "application/json", "method": "POST"}
        elif word == "-X":
            given["method"] = next(rest)
        elif word == "-o":
            next(rest)
        else:
            address = word.removeprefix("$COI")
    return system.client.open(f"/api/v1{address}", **given)


def lines_of(page: str) -> list[str]:
    blocks = [html.unescape(one) for one in re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page, re.DOTALL)]
    return [one.partition("\nexport")[0] for one in blocks if one.startswith("curl ")]


def test_somebody_with_the_page_alone_gets_from_a_token_to_a_recorded_step(floor, system):
    page = system.get("/docs").text
    begin = page[page.index('id="begin"') : page.index('id="rules"')]
    first, scan, sign_in, step = [as_here(floor, line) for line in lines_of(begin)]
    assert sent(system, first).status_code == 200
    seen = sent(system, scan)
    assert (seen.status_code, seen.json["sighting"]["is_a"], seen.json["offers"]) == (200, "course", [])
    system.person = sent(system, sign_in).json["person"]
    again = sent(system, scan.replace("curl ", 'curl -H "COI-Person: $COI_PERSON" '))
    assert "open_deviation" in {one["step"] for one in again.json["offers"]}
    done = sent(system, step)
    assert done.status_code == 201, done.text
    assert sent(system, step).json["replayed"]


def test_every_call_that_the_page_shows_is_answered(floor, system):
    page = system.get("/docs").text
    lines = [as_here(floor, line) for line in lines_of(page[page.index('id="addresses"') :])]
    assert len(lines) == len(list(operations(described(system))))
    for line in lines:
        with sent(system, line) as answer:
            assert answer.status_code in {200, 201, 204}, (line, answer.text)


def test_problems_are_told_as_the_examples_tell_them(floor, system):
    coi, known = floor.courses[0], {name: value for name, (_, value) in examples.PROBLEMS.items()}
    attempt = deviation_attempt(floor, coi, password="wrong")
    reader = integration(floor, floor.site_of(coi), scopes=(Scope.READ_PLACES,), key="reader")
    assert system.post("/attempts", {"id": "1", "step": "open_deviation"}).json == known["not-understood"]
    assert System(floor, "nonsense").get("/places").json == known["no-token"]
    assert reader.post("/attempts", attempt).json == known["not-allowed"]
    assert system.post("/attempts", attempt).json == known["not-proved"]
    assert system.get("/courses/CTFNABAEVCBDH").json == known["not-found"]
    assert system.post("/scans", data="x=1").json == known["not-json"]
    assert system.post("/scans", {"code": "A" * 200_000}).json == known["too-large"]
    refused = system.post("/attempts", deviation_attempt(floor, coi, evidence={"severity": "dreadful"})).json
    changing = {"id", "course", "chain", "seq", "recorded_at", "entry", "reasons"}
    assert {name: value for name, value in refused.items() if name not in changing} == {
        name: value for name, value in known["refused"].items() if name not in changing
    }
    assert all(one in refused["reasons"] for one in known["refused"]["reasons"])
    pace = system.client.application.extensions["api"].extensions["pace"]
    pace.at_once = 0
    answer = system.get("/places")
    assert (answer.json, answer.headers["Retry-After"]) == (known["too-many"], "1")


def test_letters_are_as_the_description_says(floor, system):
    spec = described(system)
    sequencer.sequence(floor.record)
    to: dict[str, Any] = {"url": "https://lims.example/", "kinds": webhooks.KINDS}
    secret = webhooks.add(floor.record, "bell", token="lims", by=admin_of(floor), reason="a test", **to)
    assert system.post("/attempts", deviation_attempt(floor, floor.courses[0])).status_code == 201
    came: list[tuple[Letter, datetime]] = []
    deliver(floor.record, lambda letter, at: came.append((letter, at)))
    (letter, at), webhook = came[0], spec["webhooks"]["event"]["post"]
    assert fits(spec, webhook["requestBody"]["content"]["application/json"]["schema"], json.loads(letter.body)) == []
    assert (
        set(json.loads(letter.body)) == set(examples.LETTER) == set(spec["components"]["schemas"]["Letter"]["required"])
    )
    headers = headers_of(letter, at)
    for parameter in webhook["parameters"]:
        assert fits(spec, parameter["schema"], headers[parameter["name"]]) == []
    entry = json.loads(letter.body)["index"]
    assert system.get(f"/entries?start={entry}&most=1").json["entries"][0]["index"] == entry
    assert secret not in letter.body.decode()


def test_the_check_of_a_signature_that_the_page_shows_takes_the_letter_that_it_shows(system, monkeypatch):
    page = html.unescape(system.get("/docs").text)
    assert letters.CHECK in page
    given: dict[str, Any] = {}
    exec(letters.CHECK, given)
    monkeypatch.setitem(os.environ, "COI_WEBHOOK_SECRET", letters.SECRET)
    monkeypatch.setattr(time, "time", lambda: float(letters.AT))
    headers = {name: told[0] for name, told in letters.HEADERS.items()}
    assert given["is_ours"](headers, letters.BODY.encode())
    assert not given["is_ours"]({**headers, "COI-Time": str(int(letters.AT) + 1)}, letters.BODY.encode())
    assert datetime.fromtimestamp(int(letters.AT), UTC).isoformat()[:16] == examples.AT_SECOND[:16]
    assert deliveries.MOST_TRIES == 20, "as the description says"
