"""The description of the API: what is the same for every address, and a page to read it, made by the server.

Knows the schema (OpenAPI 3.1), not what an address does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from apiflask import APIFlask
from flask import render_template

from coi_tracker.process.describe import table
from web.api import examples, letters
from web.api.callers import PERSON, for_everybody, scopes_of
from web.api.problems import MEDIA, TITLES
from web.api.shapes import LetterOut, ProblemOut, RefusedOut
from web.session import record

NAMED = {400: "Not understood", 401: "No valid token", 403: "Not allowed", 404: "Not found", 409: "Try again"}
NAMED |= {413: "Too large", 415: "Not JSON", 422: "Refused", 429: "Too many requests", 503: "Not available"}
DESCRIPTION = (
    "The chain-of-identity record for autologous TIL therapy, for programs. Times are UTC, ISO 8601 with Z and up to "
    "six decimals (2026-11-22T19:04:21.927727Z); a time that is sent may have another offset. Days are YYYY-MM-DD, "
    "counted at the place they are about. A measured value is text with its unit, "
    '{"value": "2.5", "unit": "mL"}, units as in UCUM; no number has a fraction. JSON is read strictly: no unknown '
    "field, none twice. Failures are application/problem+json (RFC 9457): expected, came, do. One token may ask 20 "
    "times a second for long and 200 times at once, counted by each server process. What a token may not see is not "
    "found (404)."
)
BEARER = (
    "coi_ and 43 characters: which system calls. An administrator issues it (Administration, Other systems, or "
    "`coi tokens add`) for a station, or for a program with scopes at places; it is shown once. Its scopes are said "
    "with each operation as x-scopes: one of them is enough."
)
TAGS = {
    "Recording": "Scanning, signing somebody in, recording steps: for devices and programs on the floor.",
    "Reading": "Courses, the log, places and plans, as far as the places of a token go.",
}
_SECONDS = {"Retry-After": {"description": "how many seconds to wait", "schema": {"type": "integer"}}}
_ETAG = {"description": "the version of what was sent", "schema": {"type": "string"}}
_BEARER = {"WWW-Authenticate": {"description": "how to prove who calls", "schema": {"type": "string"}}}
HEADERS: Mapping[int, Any] = {401: _BEARER, 409: _SECONDS, 429: _SECONDS, 503: _SECONDS}
_PERSON = {
    "name": PERSON,
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "the session of the person who acts, from POST /sessions with the same token",
}
_IF_CHANGED = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "the ETag of what you have: 304 when it is still that",
}
PARAMETERS: Mapping[str, Any] = {
    "lookUp": (_PERSON,),
    "recordAttempt": (_PERSON,),
    "signOut": (_PERSON,),
    "getCourse": (_IF_CHANGED,),
}
"""Headers that operations take, which the framework does not know of."""
LINKS: Mapping[str, Any] = {
    "listCourses": {
        name: {"operationId": name, "parameters": {"coi": "$response.body#/courses/0/coi"}}
        for name in ("getCourse", "listLabels", "listEntriesOfCourse")
    },
    "listEntries": {"next": {"operationId": "listEntries", "parameters": {"start": "$response.body#/next"}}},
}
"""Where an answer leads on to."""
WORDS_OF = {"coi": "the identifier of a course: 13 letters and digits, hyphens as you like"}


def register(app: APIFlask) -> None:
    """Complete the schema, and serve it as a page, with another one of the steps."""
    app.spec_processor(lambda spec: _completed(app, spec))
    app.add_url_rule("/docs", "docs", for_everybody(app.doc(hide=True)(_page_of(app))))
    app.add_url_rule("/docs/steps", "steps", for_everybody(app.doc(hide=True)(_steps)))


def _completed(app: APIFlask, spec: Any) -> Any:
    _add_what_is_shared(spec)
    rules = {
        (_path_of(rule), method): rule.endpoint for rule in app.url_map.iter_rules() for method in rule.methods or ()
    }
    order = {name: place for place, name in enumerate(app.view_functions)}
    places: dict[str, int] = {}
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            name = rules[path, method.upper()]
            places[path] = min(order[name], places.get(path, order[name]))
            operation["description"] = " ".join(str(app.view_functions[name].__doc__).split())
            _complete(path, operation, scopes_of(app.view_functions[name]))
    spec["paths"] = dict(sorted(spec["paths"].items(), key=lambda one: places[one[0]]))
    return spec


def _add_what_is_shared(spec: Any) -> None:
    schemas = spec["components"]["schemas"]
    for name, model in (("Problem", ProblemOut), ("Refused", RefusedOut), ("Letter", LetterOut)):
        found = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= {inner: shape for inner, shape in found.pop("$defs", {}).items() if inner not in schemas}
        schemas[name] = found
    spec["components"]["examples"] = {
        name: {"summary": TITLES[name][1], "value": value} for name, (_, value) in examples.PROBLEMS.items()
    }
    spec["tags"] = [{"name": name, "description": words} for name, words in TAGS.items()]
    spec["webhooks"] = letters.described()


def _path_of(rule: Any) -> str:
    return str(rule).replace("<", "{").replace(">", "}")


def _complete(path: str, operation: dict[str, Any], scopes: frozenset[str]) -> None:
    """Say of an operation which token it needs, which problems it may answer with, and give an example of each."""
    if scopes:
        operation["security"] = [{"token": []}]
        operation["x-scopes"] = sorted(scopes)
    if operation.get("requestBody"):
        operation["requestBody"]["required"] = True
    responses, name = operation["responses"], operation["operationId"]
    named = {int(code) for code in responses if int(code) >= 400}
    for status in sorted(named | _statuses(path, operation, bool(scopes))):
        responses[str(status)] = _problem_answer(name, status)
    if "200" in responses and "201" in responses:
        responses["200"]["content"] = dict(responses["201"]["content"])
    operation["responses"] = dict(sorted(responses.items()))
    operation["parameters"] = [*map(_with_words, operation["parameters"]), *PARAMETERS.get(name, ())]
    _add_examples(name, operation)


def _statuses(path: str, operation: Mapping[str, Any], closed: bool) -> set[int]:
    found = {503} | ({401, 403, 429} if closed else set())
    found |= {400, 413, 415} if operation.get("requestBody") else set()
    found |= {400} if operation["parameters"] else set()
    return found | ({404} if "{" in path or path == "/exports" else set())


def _problem_answer(name: str, status: int) -> dict[str, Any]:
    shape = {"$ref": f"#/components/schemas/{'Refused' if status == 422 else 'Problem'}"}
    shown = {one: {"$ref": f"#/components/examples/{one}"} for one in examples.of_status(name, status)}
    headers = {"headers": HEADERS[status]} if status in HEADERS else {}
    return {"description": NAMED[status], **headers, "content": {MEDIA: {"schema": shape, "examples": shown}}}


def _with_words(parameter: dict[str, Any]) -> dict[str, Any]:
    """A parameter with its description where it belongs, and not in its schema."""
    schema = dict(parameter["schema"])
    words = schema.pop("description", None) or WORDS_OF.get(parameter["name"], "")
    return {**parameter, "schema": schema, "description": words}


def _add_examples(name: str, operation: dict[str, Any]) -> None:
    if name in examples.ASKED:
        media = operation["requestBody"]["content"]["application/json"]
        media["examples"] = {title: {"value": value} for title, value in examples.ASKED[name].items()}
    for (whose, status), value in examples.ANSWERED.items():
        if whose == name:
            operation["responses"][str(status)]["content"]["application/json"] |= {"example": value}
    if name in LINKS:
        operation["responses"]["200"]["links"] = LINKS[name]
    if name == "getCourse":
        operation["responses"]["200"]["headers"] = {"ETag": _ETAG}
        operation["responses"]["304"] = {"description": "Not changed since", "headers": {"ETag": _ETAG}}


# --- the page -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One field of a shape, for a table."""

    name: str
    kind: str
    required: bool
    words: str


def _page_of(app: APIFlask) -> Any:
    def docs() -> str:
        """The description as a page."""
        spec: Any = app._get_spec("json")
        shapes = spec["components"]["schemas"]
        return render_template(
            "api.html",
            spec=spec,
            operations=list(_operations(spec)),
            shapes={name: list(lines_of(shape)) for name, shape in sorted(shapes.items())},
            lists={name: shape["enum"] for name, shape in sorted(shapes.items()) if "enum" in shape},
            words={name: str(shape.get("description", "")).replace("``", "") for name, shape in shapes.items()},
            problems=TITLES,
            problem_examples=examples.PROBLEMS,
            name_of=name_of,
            curl=curl,
            pretty=pretty,
            letter=letters,
            steps=len(record().process.steps),
        )

    return docs


def _steps() -> str:
    """What each step asks for, as a page."""
    process = record().process
    return render_template("steps.html", process=process, rows=table(process))


def curl(method: str, path: str, operation: Mapping[str, Any]) -> str:
    """The call of an operation, with its first example, for a shell."""
    address = path.replace("{coi}", examples.COI) + QUERIES.get(operation["operationId"], "")
    words = ["curl", *([] if method in {"GET", "POST"} else ["-X", method])]
    words += ['-H "Authorization: Bearer $COI_TOKEN"'] if operation.get("x-scopes") else []
    names = {one["name"] for one in operation["parameters"]}
    words += ['-H "COI-Person: $COI_PERSON"'] if PERSON in names else []
    asked = examples.ASKED.get(operation["operationId"])
    body = f" --json '{pretty(next(iter(asked.values())))}'" if asked else ""
    kept = " -o coi-bundle.zip" if operation["operationId"] == "export" else ""
    return f'{" ".join(words)} "$COI{address}"{kept}{body}'


QUERIES = {
    "listCourses": "?standing=active",
    "listEntries": "?start=0&most=500",
    "listEntriesOfCourse": "?most=10",
    "listPlans": "?site=es-islote",
}
"""What the example of an address asks for."""


def pretty(value: Any) -> str:
    """A value as people read JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def _operations(spec: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            yield method.upper(), path, operation


def lines_of(shape: Mapping[str, Any]) -> Iterator[Line]:
    """The fields of a shape."""
    for name, field in shape.get("properties", {}).items():
        words = str(field.get("description", ""))
        yield Line(name, name_of(field), name in shape.get("required", ()), words)


def name_of(field: Mapping[str, Any]) -> str:
    """The type of a field in words: text, whole number, list of X."""
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(name_of(one) for one in field["anyOf"]))
    if "enum" in field or "const" in field:
        return "one of " + ", ".join(map(str, field.get("enum", [field.get("const")])))
    if field.get("type") == "array":
        return f"list of {name_of(field.get('items') or {})}"
    kind = {"string": "text", "integer": "whole number", "boolean": "true or false", "object": "object"}
    return kind.get(str(field.get("type")), str(field.get("type", "anything"))) + _limits(field)


def _limits(field: Mapping[str, Any]) -> str:
    most, least = field.get("maxLength", field.get("maximum")), field.get("minLength", field.get("minimum"))
    found = [f"from {least}"] if least else []
    return f" ({' '.join([*found, f'up to {most}'])})" if most else ""
