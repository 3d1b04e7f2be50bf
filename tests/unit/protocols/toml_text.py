"""Writes plain values back as TOML, a key a line, so that tests can change one value and know its line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from importlib import resources
from typing import Any

Path = tuple[str | int, ...]


def shipped(name: str) -> str:
    """The text of a shipped protocol file."""
    return resources.files("coi_tracker.protocols").joinpath(f"{name}.toml").read_text(encoding="utf-8")


def written(raw: dict[str, Any]) -> str:
    """The values as a TOML text."""
    return "\n".join(_table(raw, "")) + "\n"


def _table(table: dict[str, Any], name: str) -> Iterator[str]:
    for key, value in table.items():
        if not _is_table(value) and not _is_tables(value):
            yield f"{_key(key)} = {_value(value)}"
    for key, value in table.items():
        full = f"{name}.{_key(key)}".removeprefix(".")
        if _is_table(value):
            yield f"[{full}]"
            yield from _table(value, full)
        elif _is_tables(value):
            for entry in value:
                yield f"[[{full}]]"
                yield from _table(entry, full)


def _is_table(value: object) -> bool:
    return isinstance(value, dict) and not (set(value) <= {"low", "high", "start", "end"} and value)


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(entry, dict) for entry in value)


def _key(key: str) -> str:
    return json.dumps(key)


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Every value that is no table, with its path; lists of simple values are leaves."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from leaves(entry, (*path, key))
    elif _is_tables(value):
        assert isinstance(value, list)
        for position, entry in enumerate(value):
            yield from leaves(entry, (*path, position))
    else:
        yield path, value


def at(raw: Any, path: Path) -> Any:
    """The value at a path."""
    for name in path:
        raw = raw[name]
    return raw


def with_value(raw: dict[str, Any], path: Path, value: object) -> dict[str, Any]:
    """A copy with another value at a path."""
    changed = deepcopy(raw)
    at(changed, path[:-1])[path[-1]] = value
    return changed


def without(raw: dict[str, Any], path: Path) -> dict[str, Any]:
    """A copy that lacks a key."""
    changed = deepcopy(raw)
    del at(changed, path[:-1])[path[-1]]
    return changed
