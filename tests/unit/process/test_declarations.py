"""What classes of needs and effects declare about their code is what their code does."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

import coi_tracker.process as room
from coi_tracker.process.effects import Fills, Forgets, Remembers, RemembersActor, Silent, Stores

MODULES = [import_module(f"{room.__name__}.{m.name}") for m in pkgutil.iter_modules(room.__path__)]
CLASSES = sorted(
    {c for m in MODULES for _, c in inspect.getmembers(m, inspect.isclass) if c.__module__.startswith(room.__name__)},
    key=lambda c: c.__name__,
)
EFFECTS = [c for c in CLASSES if hasattr(c, "apply") and c is not Silent and c.__name__ != "Effect"]
NEEDS = [c for c in CLASSES if hasattr(c, "unmet") and c.__name__ != "Need"]
BY_FIELD = {Fills: {"suite", "expires_at"}, Remembers: set(), RemembersActor: set(), Forgets: set(), Stores: set()}
"""Effects whose evidence or facts are named in their fields, so that no class can declare them."""


def tree_of(kind: type) -> ast.AST:
    return ast.parse(textwrap.dedent(inspect.getsource(kind)))


def words(node: ast.AST) -> str | None:
    """A name written as text; a formatted part of it becomes {}."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
    return None


def looked_up(tree: ast.AST, *owners: str) -> Iterator[tuple[str, bool]]:
    """Names looked up in `evidence` and the like, and whether the code cannot do without them."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=owner, slice=name):
                needed = True
            case ast.Call(func=ast.Attribute(attr="get", value=owner), args=[name, *_]):
                needed = False
            case _:
                continue
        if re.search(rf"\b({'|'.join(owners)})$", ast.unparse(owner)) and (found := words(name)) is not None:
            yield found, needed


def written(tree: ast.AST) -> Iterator[str]:
    """Names that code puts into facts: keys of every mapping it writes down or adds to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("with_facts"):
            yield from keys_of(node)
        if isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if ast.unparse(target) == "facts":
                yield from keys_of(node)
            if isinstance(target, ast.Subscript) and ast.unparse(target.value) == "facts":
                yield words(target.slice) or "?"


def keys_of(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            yield from (name for key in node.keys if key is not None and (name := words(key)) is not None)


def method(kind: type, name: str) -> ast.AST:
    return next(n for n in ast.walk(tree_of(kind)) if isinstance(n, ast.FunctionDef) and n.name == name)


def shapes(names: Any) -> set[str]:
    return {re.sub(r"\{\w*\}", "{}", name) for name in names}


def test_there_are_needs_and_effects_to_look_at() -> None:
    assert len(EFFECTS) >= 30
    assert len(NEEDS) >= 40


@pytest.mark.parametrize("kind", EFFECTS, ids=lambda k: k.__name__)
def test_an_effect_declares_the_evidence_its_code_uses(kind: Any) -> None:
    used = set(looked_up(method(kind, "apply"), "evidence", "e"))
    declared = {*kind.__dict__.get("USES", ()), *kind.__dict__.get("NOTES", ()), *BY_FIELD.get(kind, ())}
    assert {name for name, needed in used if needed} - declared == set()


@pytest.mark.parametrize("kind", [k for k in EFFECTS if "note" in vars(k)], ids=lambda k: k.__name__)
def test_an_effect_declares_the_evidence_it_notes(kind: Any) -> None:
    returned = [
        n for n in ast.walk(method(kind, "note")) if isinstance(n, ast.Return) and isinstance(n.value, ast.Dict)
    ]
    noted = {words(key) for r in returned if isinstance(r.value, ast.Dict) for key in r.value.keys if key is not None}
    assert noted == set(kind.NOTES)


@pytest.mark.parametrize("kind", EFFECTS, ids=lambda k: k.__name__)
def test_an_effect_declares_the_facts_its_code_sets(kind: Any) -> None:
    set_ = shapes(written(method(kind, "apply")))
    assert set_ - shapes(getattr(kind, "FACTS", ())) - {"{}"} == set()


@pytest.mark.parametrize("kind", NEEDS, ids=lambda k: k.__name__)
def test_a_need_declares_the_facts_its_code_reads(kind: Any) -> None:
    read = shapes(name for name, _ in looked_up(tree_of(kind), "course.facts"))
    for node in ast.walk(tree_of(kind)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "look.instant":
            read |= shapes({words(node.args[0]) or "?"} - {"?"})
    assert read - shapes(getattr(kind, "FACTS", ())) - {"{}"} == set()


@pytest.mark.parametrize("kind", NEEDS, ids=lambda k: k.__name__)
def test_a_need_asks_for_the_evidence_its_code_looks_at(kind: Any) -> None:
    """Evidence that a need only compares may be asked for by another need of the step; it is never missing by name."""
    read = {name for name, _ in looked_up(tree_of(kind), "look.evidence")}
    asked = {f.name for f in getattr(kind, "ASKS", ())}
    elsewhere = {"RouteIsOrdered": {"lesion_size", "cores"}, "ResultThere": {"test"}}
    assert read - asked - elsewhere.get(kind.__name__, set()) == set()


@pytest.mark.parametrize("kind", EFFECTS, ids=lambda k: k.__name__)
def test_an_effect_that_moves_a_track_declares_where_to(kind: Any) -> None:
    """Tracks are set by `replace(course, material=...)` and the like, and nowhere else."""
    moved = {
        keyword.arg
        for node in ast.walk(method(kind, "apply"))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "replace" and ast.unparse(node.args[0]) == "course"
        for keyword in node.keywords
        if keyword.arg in {"material", "disposition", "treatment", "standing"}
    }
    assert {m.track.value for m in getattr(kind, "REACHES", ())} == moved or kind.__name__ == "OpensCourse"


@pytest.mark.parametrize("kind", EFFECTS, ids=lambda k: k.__name__)
def test_an_effect_that_changes_a_container_declares_it(kind: Any) -> None:
    """State, holder, hand-off, shipper and position are what a container is and where; the rest describes it."""
    changed = {
        keyword.arg
        for node in ast.walk(method(kind, "apply"))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "replace"
        and ast.unparse(node.args[0]) in {"c", "one"}
        for keyword in node.keywords
    }
    moves = bool(changed & {"state", "holder", "offered_to", "shipper", "position"})
    assert getattr(kind, "MOVES_MATERIAL", False) == moves
