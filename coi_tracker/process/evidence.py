"""Whether steps ask for what they use: evidence, facts and the parts of scans, by name.

Looks at what needs and effects declare (see `spec`); a test holds those declarations against their code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from coi_tracker.process.effects import Fills, Forgets, Remembers, RemembersActor, Stores
from coi_tracker.process.quality import Fact, Gate
from coi_tracker.process.scans import Scan
from coi_tracker.process.signing import AnotherPerson
from coi_tracker.process.spec import Field, FieldKind, Process, Step, fields_of, walk
from coi_tracker.process.timing import OnDay, Within

PART_FIELDS = frozenset({"part", "parts", "of", "left", "right", "bag", "cassette"})
RESERVED = frozenset({"late_reason", "comment", "identified"})
"""Names the engine itself writes into the evidence of an entry."""

_HOLE = re.compile(r"\{(\w+)\}")


def part_faults(process: Process) -> Iterator[str]:
    """Every part a need or an effect speaks of is a part that is scanned, once."""
    for step in process.steps.values():
        scanned = [scan.part for scan in step.needs_of(Scan)]
        yield from (f"{step.name}: scans {p} twice" for p in sorted(set(scanned)) if scanned.count(p) > 1)
        for value in walk((*step.needs, *step.effects)):
            if not isinstance(value, Scan):
                missing = sorted(_parts(value) - set(scanned))
                yield from (f"{step.name}: {_name(value)} speaks of {p}, which is not scanned" for p in missing)


def _parts(value: Any) -> set[str]:
    found = set(getattr(type(value), "PARTS", ()))
    for one in fields(value):
        if one.name in PART_FIELDS:
            given = getattr(value, one.name)
            found |= {name for name in ((given,) if isinstance(given, str) else given) if isinstance(name, str)}
    return found


def evidence_faults(process: Process) -> Iterator[str]:
    """Every piece of evidence that is used is asked for, in one way, and overwritten by nothing."""
    for step in process.steps.values():
        asked = _asked(step)
        noted = {name for effect in step.effects for name in getattr(effect, "NOTES", ())}
        yield from (f"{step.name}: {f}" for name in asked for f in _field_faults(name, asked[name]))
        for effect in step.effects:
            yield from (f"{step.name}: {f}" for f in _use_faults(effect, asked, noted))
        for name in sorted(noted & asked.keys()):
            yield f"{step.name}: an effect writes over {name}, which a person is asked for"
        for value in walk(step.needs):
            for name in sorted(_holes(value) - asked.keys()):
                yield f"{step.name}: {_name(value)} needs {name}, which nobody is asked for"


def _asked(step: Step) -> dict[str, list[Field]]:
    found: dict[str, list[Field]] = {}
    for one in fields_of(step.needs):
        found.setdefault(one.name, []).append(one)
    return found


def _field_faults(name: str, ways: list[Field]) -> Iterator[str]:
    if len({(f.kind, f.unit, f.required) for f in ways}) > 1:
        yield f"asks for {name} in two ways"
    if name in RESERVED:
        yield f"asks for {name}, a name the engine writes itself"
    for one in ways:
        if (one.kind is FieldKind.QUANTITY) is not (one.unit is not None):
            yield f"{name}: a quantity has a unit, and nothing else has"
        if one.kind is FieldKind.CHOICE and not one.choices:
            yield f"{name}: a choice of nothing"


def _use_faults(effect: Any, asked: dict[str, list[Field]], noted: set[str]) -> Iterator[str]:
    for name in sorted(_used(effect) - asked.keys() - noted):
        yield f"{_name(effect)} uses {name}, which nobody is asked for"
    for name in getattr(effect, "USES", ()):
        if any(not f.required for f in asked.get(name, ())):
            yield f"{_name(effect)} cannot do without {name}, which need not be given"


def _used(effect: Any) -> set[str]:
    found = {*getattr(effect, "USES", ()), *_holes(effect)}
    if isinstance(effect, Remembers | Stores):
        found.add(effect.field)
    if isinstance(effect, Fills) and effect.in_suite:
        found.add("suite")
    return found


def _holes(value: Any) -> set[str]:
    """Evidence that fills the name of a fact, such as test in result.{test}."""
    return {hole for fact in _facts_named(value) for hole in _HOLE.findall(fact)}


def fact_faults(process: Process) -> Iterator[str]:
    """Every fact that is asked for, or forgotten, is remembered by some effect."""
    effects = [(step, effect) for step in process.steps.values() for effect in step.effects]
    remembered = {_shape(f) for _, effect in effects if not isinstance(effect, Forgets) for f in _facts(effect)}
    known = remembered | process.steps.keys()
    for step, effect in effects:
        for fact in sorted(_shapes(effect) - remembered):
            yield f"{step.name}: forgets {fact}, which nothing remembers"
    for step in process.steps.values():
        for value in walk(step.needs):
            wanted = known if isinstance(value, Within | OnDay) else remembered
            for fact in sorted(_shapes(value) - wanted):
                yield f"{step.name}: {_name(value)} asks for {fact}, which nothing remembers"


def _shapes(value: Any) -> set[str]:
    return {_shape(fact) for fact in _facts(value)}


def _facts(value: Any) -> tuple[str, ...]:
    return (*getattr(type(value), "FACTS", ()), *_facts_named(value))


def _facts_named(value: Any) -> tuple[str, ...]:
    """The facts that the fields of a value name."""
    match value:
        case Fact(name=name):
            return (name,)
        case AnotherPerson(fact=fact) | Remembers(fact=fact) | RemembersActor(fact=fact):
            return (fact,)
        case Forgets(facts=facts):
            return facts
        case Within(since=since) | OnDay(since=since):
            return (since,)
        case Gate(until=str(until)):
            return (until,)
        case _:
            return ()


def _shape(fact: str) -> str:
    return _HOLE.sub("{}", fact)


def _name(value: Any) -> str:
    assert is_dataclass(value)
    return type(value).__name__
