"""The answers there are to a piece of evidence, where the course, the protocol or the record can say them.

A closed list holds all that will do; the engine has the last word all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from coi_tracker.course import Container
from coi_tracker.process.bedside import DoseDue, DrugOpen, Il2Due, PlanFits, due_dose, regimen_of
from coi_tracker.process.enrolment import CohortFollows, CourseFollows
from coi_tracker.process.look import NotInProtocol
from coi_tracker.process.quality import ResultFits, ResultThere
from coi_tracker.process.records import Amendment, KnownContainer, OpenDeviation, OpenHold, OwnContainer
from coi_tracker.process.shipping import CourierKnown
from coi_tracker.process.spec import Field, FieldKind, ProtocolPath
from coi_tracker.process.supplies import LineClear
from coi_tracker.protocols.amendment import differences
from coi_tracker.services import plain
from coi_tracker.services.floor.screen import Choice
from coi_tracker.services.floor.view import View
from coi_tracker.vocabulary import PlaceKind

LONGEST = 1800
"""Characters of the differences between two protocol versions that are put down; the page shows all of them."""


def options(need: Any, field: Field, view: View) -> tuple[tuple[Choice, ...], bool]:
    """The choices for a field that a need asks for, and whether only they will do."""
    rule = _RULES.get((type(need), field.name))
    if rule is not None:
        return tuple(rule(view)), (type(need), field.name) not in _SUGGESTED
    if field.name == "deviation":
        return _about_this(view), True
    if field.name == "test":
        return _tests(view), True
    if field.name == "about":
        return tuple(Choice(s.name, s.title) for s in view.scene.record.process.steps.values()), False
    found = view.limit(field.choices) if isinstance(field.choices, ProtocolPath) else field.choices
    words = tuple(Choice(str(c), plain.words(c)) for c in found or ())
    return words, bool(words) and field.kind in {FieldKind.CHOICE, FieldKind.CODES}


def _plain(words: Iterable[str]) -> list[Choice]:
    return [Choice(w, plain.words(w)) for w in words]


def _about_this(view: View) -> tuple[Choice, ...]:
    """Open deviations that could excuse this very step."""
    found = [d for d in view.course.deviations if d.about == view.step.name]
    return tuple(Choice(d.id, f"{d.severity} deviation about {_step(view, d.about)}") for d in found)


def _tests(view: View) -> tuple[Choice, ...]:
    tests, facts = view.protocol.release_tests, view.course.facts
    names = [t for t in tests if f"result.{t}.reviewed" not in facts]
    if view.step.needs_of(ResultThere):
        names = [t for t in names if f"result.{t}" in facts]
    elif not view.step.needs_of(ResultFits):
        names = list(tests)
    return tuple(Choice(t, f"{plain.words(t)} ({plain.words(tests[t].limit)})") for t in names)


def _step(view: View, name: str) -> str:
    """A step that somebody has named, by its title; other words as they are."""
    found = view.scene.record.process.steps.get(name)
    return name if found is None else f"“{found.title}”"


def _cohorts(view: View) -> list[Choice]:
    return _plain(view.protocol.cohorts)


def _manufactures(view: View) -> list[Choice]:
    cohort = view.protocol.cohorts.get(view.course.cohort or "")
    return _plain(cohort.manufactures if cohort is not None else ())


def _of_kind(kind: PlaceKind) -> Callable[[View], list[Choice]]:
    return lambda view: [Choice(p.id, p.name) for p in view.places(kind)]


def _deviations(view: View) -> list[Choice]:
    return [Choice(d.id, f"{d.severity} deviation about {_step(view, d.about)}") for d in view.course.deviations]


def _holds(view: View) -> list[Choice]:
    return [Choice(h.id, f"blocks {', '.join(h.blocks)}: {h.reason}"[:200]) for h in view.course.holds]


def _known(view: View) -> list[Choice]:
    need: KnownContainer = view.step.needs_of(KnownContainer)[0]
    fit = [c for c in view.course.containers.values() if c.state in need.states]
    here = [c for c in fit if not need.here or c.holder == view.place.id]
    return [_container(c) for c in sorted(here, key=lambda c: (c.kind, c.part))]


def _own(view: View) -> list[Choice]:
    found = sorted(view.course.containers.values(), key=lambda c: (c.kind, c.part))
    return [_container(c) for c in found]


def _container(one: Container) -> Choice:
    return Choice(one.id, f"{plain.container(one)}, {plain.words(one.state)}")


def _versions(view: View) -> list[Choice]:
    found = [d for d in view.scene.rows.protocols.values() if d.version != view.course.protocol.version]
    return [Choice(d.version, f"{plain.study(d.key)}, version {d.version}") for d in found]


def _differences(view: View) -> list[Choice]:
    """What the version that was chosen changes, as text."""
    wanted = view.scene.rows.protocols.get(str(view.evidence.get("version")))
    if wanted is None:
        return []
    new = view.scene.record.protocol(view.scene.tx, wanted)
    text = "; ".join(f"{d.path}: {d.old or 'none'} > {d.new or 'none'}" for d in differences(view.protocol, new))
    shown = "".join(c if c.isprintable() else " " for c in text) or "no difference in any value"
    return [Choice(shown[:LONGEST], "the differences that are shown")]


def _regimens(view: View) -> list[Choice]:
    return _plain(view.protocol.regimens)


def _due(view: View) -> list[Choice]:
    try:
        due = due_dose(view.protocol, view.course)
    except NotInProtocol:
        return []
    return [] if due is None else [Choice(due.drug, f"{due.drug}, dose {due.number}")]


def _drugs(view: View) -> list[Choice]:
    facts = view.course.facts
    try:
        regimen = regimen_of(view.protocol, view.course)
    except NotInProtocol:
        return []
    open_ = [d.key for d in regimen.drugs if not facts.get(f"dose.{d.key}.stopped")]
    return _plain(d for d in open_ if (facts.get(f"dose.{d}") or 0) < regimen.doses_expected(d))


def _cleared(view: View) -> list[Choice]:
    suite = view.course.facts.get("line.suite")
    return [] if suite is None else [Choice(suite, f"{suite}, cleared for this course")]


def _dose_number(view: View) -> list[Choice]:
    number = (view.course.facts.get("il2") or 0) + 1
    return [Choice(str(number), f"dose {number}")] if number <= view.protocol.il2.max_doses else []


def _method(view: View) -> list[Choice]:
    test = view.protocol.release_tests.get(str(view.evidence.get("test")))
    return [] if test is None else [Choice(test.method, test.method)]


_RULES: Mapping[tuple[type, str], Callable[[View], list[Choice]]] = {
    (CohortFollows, "cohort"): _cohorts,
    (CourseFollows, "manufacture"): _manufactures,
    (CourseFollows, "facility"): _of_kind(PlaceKind.FACILITY),
    (CourierKnown, "courier"): _of_kind(PlaceKind.COURIER),
    (OpenDeviation, "deviation"): _deviations,
    (OpenHold, "hold"): _holds,
    (KnownContainer, "container"): _known,
    (OwnContainer, "container"): _own,
    (Amendment, "version"): _versions,
    (Amendment, "differences"): _differences,
    (PlanFits, "regimen"): _regimens,
    (DoseDue, "drug"): _due,
    (DrugOpen, "drug"): _drugs,
    (LineClear, "suite"): _cleared,
    (Il2Due, "number"): _dose_number,
    (ResultFits, "method"): _method,
}
_SUGGESTED = frozenset({(Amendment, "differences"), (ResultFits, "method"), (Il2Due, "number")})
