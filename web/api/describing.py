"""The description of the API: what is the same for every address, and a page to read it, made by the server.

Knows the schema (OpenAPI 3.1), not what an address does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from apiflask import APIFlask
from flask import render_template

from web.api.callers import PERSON, for_everybody, scopes_of
from web.api.problems import MEDIA, TITLES
from web.api.shapes import ProblemOut, RefusedOut

NAMED = {400: "Not understood", 401: "No valid token", 403: "Not allowed", 404: "Not found", 409: "Try again"}
NAMED |= {413: "Too large", 415: "Not JSON", 422: "Refused", 429: "Too many requests", 503: "Not available"}
_AT_ONCE = (503,)
"""Answers that every address may give."""


def register(app: APIFlask) -> None:
    """Complete the schema, and serve it as a page."""
    app.spec_processor(lambda spec: _completed(app, spec))
    app.add_url_rule("/docs", "docs", for_everybody(app.doc(hide=True)(_page_of(app))))


def _completed(app: APIFlask, spec: Any) -> Any:
    schemas = spec["components"]["schemas"]
    for name, model in (("Problem", ProblemOut), ("Refused", RefusedOut)):
        found = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= {inner: shape for inner, shape in found.pop("$defs", {}).items() if inner not in schemas}
        schemas[name] = found
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


def _path_of(rule: Any) -> str:
    return str(rule).replace("<", "{").replace(">", "}")


def _complete(path: str, operation: dict[str, Any], scopes: frozenset[str]) -> None:
    """Say of an operation which token it needs and which problems it may answer with."""
    statuses = set(_AT_ONCE)
    if scopes:
        operation["security"] = [{"token": []}]
        operation["x-scopes"] = sorted(scopes)
        statuses |= {401, 403, 429}
    if operation.get("requestBody"):
        operation["requestBody"]["required"] = True
        statuses |= {400, 413, 415}
    statuses |= {400} if operation["parameters"] else set()
    statuses |= {404} if "{" in path or path == "/exports" else set()
    responses = operation["responses"]
    named = {int(code) for code, answer in responses.items() if int(code) >= 400}
    for status in sorted(statuses | named):
        responses[str(status)] = _problem_answer(status)
    if "200" in responses and "201" in responses:
        responses["200"]["content"] = responses["201"]["content"]
    if "/attempts" in path or "/scans" in path:
        operation["parameters"] = [*operation["parameters"], _PERSON]


_PERSON = {
    "name": PERSON,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 200},
    "description": "the session of the person who acts, from POST /sessions",
}


def _problem_answer(status: int) -> dict[str, Any]:
    shape = {"$ref": f"#/components/schemas/{'Refused' if status == 422 else 'Problem'}"}
    return {"description": NAMED[status], "content": {MEDIA: {"schema": shape}}}


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
        return render_template(
            "api.html",
            spec=spec,
            operations=list(_operations(spec)),
            shapes={name: list(lines_of(shape)) for name, shape in sorted(spec["components"]["schemas"].items())},
            problems=TITLES,
            name_of=name_of,
        )

    return docs


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
