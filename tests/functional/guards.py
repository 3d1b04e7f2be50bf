"""Definitions with one guard taken away: what each step would be without it. Frozen values, nothing is patched.

A guard is an attribute of a step, a piece of evidence that must be given, a need, a part of a gate, or one bound of a
need. Its name is the one that spoiled attempts carry (`coi_tracker.simulation.spoiling.Spoiled.guard`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any

from coi_tracker.course import Reason
from coi_tracker.process.graph import STATES
from coi_tracker.process.look import Look
from coi_tracker.process.quality import Gate, NoDeviationOpen, ResultsReviewed
from coi_tracker.process.records import KnownContainer
from coi_tracker.process.scans import Scan
from coi_tracker.process.signing import SecondSigns
from coi_tracker.process.spec import Field, Process, Step
from coi_tracker.process.supplies import Given, Reconciled
from coi_tracker.process.timing import Within
from coi_tracker.vocabulary import ContainerState, LabelState, PlaceKind, Role, Standing

ANYTHING = (0, 10_000)


@dataclass(frozen=True, slots=True)
class Unguarded:
    """A need that asks for what it asks for, and then lets everything pass."""

    need: Any

    def unmet(self, look: Look) -> Iterator[Reason]:
        yield from ()

    def say(self) -> str:
        return "nothing"


@dataclass(frozen=True, slots=True)
class Loose(Step):
    """A step that does not insist on one piece of evidence."""

    loose: str = ""

    @property
    def fields(self) -> tuple[Field, ...]:
        asked = Step.fields.fget(self)  # type: ignore[attr-defined]
        return tuple(replace(f, required=f.required and f.name != self.loose) for f in asked)


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard, in words, and the step without it. ``name`` is what spoiled attempts say they are about."""

    step: str
    name: str
    what: str
    without: Step

    def in_(self, process: Process) -> Process:
        """The process without the guard."""
        return replace(process, steps=MappingProxyType({**process.steps, self.step: self.without}))


def guards(process: Process) -> Iterator[Guard]:
    """Every guard of the definition."""
    for step in process.steps.values():
        for name, what, without in (*_attributes(step), *_evidence(step), *_needs(step)):
            yield Guard(step.name, name, what, without)


Found = Iterator[tuple[str, str, Step]]


def _attributes(step: Step) -> Found:
    if step.by != frozenset(Role):
        yield "by", "who may do it", replace(step, by=frozenset(Role))
    if step.at != frozenset(PlaceKind):
        yield "at", "where", replace(step, at=frozenset(PlaceKind))
    if step.standing != frozenset(Standing):
        yield "standing", "in which standings", replace(step, standing=frozenset(Standing))
    for place, move in enumerate(step.moves):
        free = replace(move, sources=STATES[move.track])
        moves = (*step.moves[:place], free, *step.moves[place + 1 :])
        yield f"moves[{place}]", f"from which states of {move.track}", replace(step, moves=moves)
    for block in sorted(step.forbidden_by):
        rest = step.forbidden_by - {block}
        yield f"forbidden_by[{block}]", f"no hold on {block}", replace(step, forbidden_by=rest)


def _evidence(step: Step) -> Found:
    for one in step.fields:
        if one.required:
            loose = Loose(**{f.name: getattr(step, f.name) for f in fields(Step)}, loose=one.name)
            yield f"field[{one.name}]", "is asked for", loose


def _needs(step: Step) -> Found:
    for place, need in enumerate(step.needs):
        for name, what, other in _without(f"needs[{place}]", need):
            yield name, what, replace(step, needs=(*step.needs[:place], other, *step.needs[place + 1 :]))


def _without(name: str, need: Any) -> Iterator[tuple[str, str, Any]]:
    """A need without its guard, and with each of its bounds open."""
    if isinstance(need, Gate):
        for place, part in enumerate(need.parts):
            opened = replace(part, need=Unguarded(part.need))
            parts = (*need.parts[:place], opened, *need.parts[place + 1 :])
            yield f"{name}.parts[{place}]", f"{need.title}: {part.name}", replace(need, parts=parts)
        return
    if isinstance(need, Given) and not need.field.choices and need.field.limits is None:
        return  # asks for a piece of evidence and nothing else: that is a guard of its own
    yield name, need.say(), Unguarded(need)
    yield from ((name, f"{need.say()}: {what}", weaker) for what, weaker in _weaker(need))


def _weaker(need: Any) -> Iterator[tuple[str, Any]]:
    match need:
        case Scan():
            yield from _weaker_scan(need)
        case SecondSigns() if need.by != frozenset(Role):
            yield "by whom", replace(need, by=frozenset(Role))
        case Within():
            for bound in ("after", "before"):
                if getattr(need, bound) is not None:
                    opened: dict[str, Any] = {bound: None}
                    yield bound, replace(need, **opened)
        case Reconciled() if len(need.kinds) < 9:
            yield from ((f"of {kind}", replace(need, kinds=need.kinds - {kind})) for kind in sorted(need.kinds))
        case NoDeviationOpen():
            yield from ((str(s), replace(need, severities=need.severities - {s})) for s in sorted(need.severities))
        case ResultsReviewed() if need.final:
            yield "final results too", replace(need, final=False)
        case KnownContainer():
            yield "state", replace(need, states=frozenset(ContainerState))
            if need.here:
                yield "held here", replace(need, here=False)
        case _:
            return


def _weaker_scan(need: Scan) -> Iterator[tuple[str, Any]]:
    yield "state", replace(need, states=frozenset(ContainerState))
    yield "label", replace(need, labels=frozenset(LabelState))
    if need.all is not None:
        yield "all of them", replace(need, all=None, count=ANYTHING)
    else:
        yield "how many", replace(need, count=ANYTHING)
    if not need.elsewhere:
        yield "held here", replace(need, elsewhere=True)
