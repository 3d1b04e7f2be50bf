"""Needs of quality control and disposition: results, deviations, lineage, custody, facts and gates.

Out of specification is shown, never hidden: a failing result is recorded like any other; it forbids release.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from coi_tracker.course import ContainerId, Course, Reason
from coi_tracker.process.look import Look, reason
from coi_tracker.process.signing import fact_name
from coi_tracker.process.spec import Field, Need, ProtocolPath
from coi_tracker.protocols.model import ReleaseTest
from coi_tracker.vocabulary import (
    FINAL_STATES,
    ContainerKind,
    ContainerState,
    LabelState,
    Role,
    Severity,
)
from coi_tracker.vocabulary import ReasonCode as Code

TEST = Field("test", "the test of the release specification")


@dataclass(frozen=True, slots=True)
class ResultFits:
    """The result belongs to a test of the specification, in its unit, and can be read."""

    ASKS: ClassVar[tuple[Field, ...]] = (
        TEST,
        Field("value", "the result"),
        Field("unit", "its unit, where the test has one", required=False),
        Field("method", "how it was measured"),
    )

    def unmet(self, look: Look) -> Iterator[Reason]:
        """An unknown test, another unit, an unreadable value."""
        name, value = look.evidence.get("test"), look.evidence.get("value")
        if name is None or value is None:
            return
        test = look.protocol.release_tests.get(name)
        if test is None:
            yield reason(Code.VALUE_OUT_OF_RANGE, f"a test of: {', '.join(look.protocol.release_tests)}", name)
            return
        if look.evidence.get("unit") != test.unit:
            yield reason(Code.VALUE_OUT_OF_RANGE, f"unit: {test.unit or 'none'}", str(look.evidence.get("unit")))
        try:
            test.passes(value)
        except ValueError as error:
            yield reason(Code.VALUE_OUT_OF_RANGE, f"{name}: {error}", value)

    def say(self) -> str:
        """The need in words."""
        return "a test of the specification, its unit, a value that can be read"


@dataclass(frozen=True, slots=True)
class ResultThere:
    """The result was recorded and is not reviewed yet."""

    FACTS: ClassVar[tuple[str, ...]] = ("result.{test}", "result.{test}.reviewed")

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Nothing to review."""
        name = look.evidence.get("test")
        if name is None:
            return
        if f"result.{name}" not in look.course.facts:
            yield reason(Code.RESULTS_OPEN, f"a recorded result of {name}", "none")
        elif f"result.{name}.reviewed" in look.course.facts:
            yield reason(Code.ALREADY_RECORDED, f"an unreviewed result of {name}", "reviewed already")

    def say(self) -> str:
        """The need in words."""
        return "the result is recorded and not reviewed yet"


@dataclass(frozen=True, slots=True)
class ResultsReviewed:
    """Every required result is recorded and reviewed. ``final``: those that come after release too.

    ``passing``: all of them meet the specification; False: one that does not is what the step is about.
    """

    final: bool
    passing: bool
    FACTS: ClassVar[tuple[str, ...]] = ("result.{test}", "result.{test}.reviewed")

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Missing, unreviewed, or not as the step needs them."""
        failing = [
            name
            for name, test in look.protocol.release_tests.items()
            if (value := look.course.facts.get(f"result.{name}")) is not None and not _passes(test, value)
        ]
        if not self.passing:
            if not [f for f in failing if f"result.{f}.reviewed" in look.course.facts]:
                yield reason(Code.RESULTS_OPEN, "a reviewed result outside the specification", "none")
            return
        for name, test in look.protocol.release_tests.items():
            if (self.final or not test.final_after_release) and f"result.{name}.reviewed" not in look.course.facts:
                yield reason(Code.RESULTS_OPEN, f"{name} recorded and reviewed", "open")
        for name in failing:
            yield reason(
                Code.RESULTS_OPEN,
                f"{name}: {look.protocol.release_tests[name].limit}",
                "out of specification",
            )

    def say(self) -> str:
        """The need in words."""
        if not self.passing:
            return "a reviewed result is outside the specification"
        return "every required result reviewed and within specification" + (
            "" if self.final else " (those that come after release may be open)"
        )


def _passes(test: ReleaseTest, value: str) -> bool:
    """Whether a recorded result meets the specification; one that an amended limit cannot read does not."""
    try:
        return test.passes(value)
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class NoDeviationOpen:
    """No open deviation of this severity or above; ``unapproved``: only those that quality has not approved."""

    severities: frozenset[Severity]
    unapproved: bool = False

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Each open deviation."""
        for one in look.course.deviations:
            if one.severity in self.severities and not (self.unapproved and Role.QA in one.approvals):
                yield reason(Code.DEVIATION_OPEN, f"no open {one.severity} deviation", f"open: about {one.about}")

    def say(self) -> str:
        """The need in words."""
        return f"no open deviation ({', '.join(sorted(self.severities))})"


@dataclass(frozen=True, slots=True)
class NoHoldOpen:
    """Nothing of the course is on hold, whatever the hold blocks."""

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Each hold on the course or on one of its containers."""
        for hold in look.course.holds:
            yield reason(Code.ON_HOLD, f"no hold on {hold.scope} {hold.target}", f"hold {hold.id} stands")

    def say(self) -> str:
        """The need in words."""
        return "no hold on the course or on one of its containers"


@dataclass(frozen=True, slots=True)
class ChainComplete:
    """Every bag descends from tissue of this course, has an applied label and one custodian, no hand-off open."""

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Bags without tissue, open hand-offs."""
        for bag in look.course.of_kind(ContainerKind.BAG):
            if bag.state in FINAL_STATES or bag.state is ContainerState.LABELLED:
                continue
            if not _has_tissue(look.course, bag.id):
                yield reason(Code.GATE_NOT_MET, f"lineage: {bag.id} descends from tissue of this course", "it does not")
            if bag.offered_to is not None:
                yield reason(
                    Code.GATE_NOT_MET,
                    f"custody: no open hand-off of {bag.id}",
                    f"offered to {bag.offered_to}",
                )
            if bag.label is not LabelState.APPLIED:
                yield reason(Code.LABEL_NOT_VERIFIED, f"an applied label on {bag.id}", bag.label)

    def say(self) -> str:
        """The need in words."""
        return "labels, lineage and custody of every bag are complete"


def _has_tissue(course: Course, start: ContainerId) -> bool:
    todo, seen = [start], set()
    while todo:
        one = course.containers.get(todo.pop())
        if one is None or one.id in seen or one.coi != course.coi:
            continue
        if one.kind is ContainerKind.TISSUE_JAR:
            return True
        seen.add(one.id)
        todo.extend(one.parents)
    return False


@dataclass(frozen=True, slots=True)
class DoseInRange:
    """The viable cells of all bags together are one dose."""

    range: ProtocolPath
    FACTS: ClassVar[tuple[str, ...]] = ("fill.cells",)

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Too few or too many cells."""
        cells = look.course.facts.get("fill.cells")
        if cells is None or not look.limit(self.range).contains(Decimal(cells["value"])):
            observed = "not recorded" if cells is None else f"{cells['value']} cells"
            yield reason(Code.VALUE_OUT_OF_RANGE, f"viable cells {look.limit(self.range)}", observed)

    def say(self) -> str:
        """The need in words."""
        return f"viable cells within *{self.range}*"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something an earlier step has (or has not) remembered. ``name`` may hold {evidence}."""

    name: str
    present: bool
    words: str
    code: Code = Code.WRONG_STATE

    def unmet(self, look: Look) -> Iterator[Reason]:
        """The fact is not there, or is."""
        found = look.course.facts.get(fact_name(look, self.name))
        if (found is not None) is not self.present:
            yield reason(self.code, self.words, _recorded(found))

    def say(self) -> str:
        """The need in words."""
        return self.words


def _recorded(found: object) -> str:
    """A fact in words: several things one after the other; what has no words of its own is only there."""
    if found is None:
        return "not recorded"
    if isinstance(found, list | tuple) and all(isinstance(one, str) for one in found):
        return ", ".join(found) or "none"
    return "recorded" if isinstance(found, list | tuple | dict) else str(found)


@dataclass(frozen=True, slots=True)
class GatePart:
    """One named part of a gate."""

    name: str
    need: Need


@dataclass(frozen=True, slots=True)
class Gate:
    """A point of no return: every part must hold in the same transaction, and each unmet one is named.

    ``until``: a fact; once it is there the gate has been passed and is not asked again.
    """

    title: str
    parts: tuple[GatePart, ...]
    until: str | None = None

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Every reason of every unmet part, under the part's name."""
        if self.until is not None and self.until in look.course.facts:
            return
        for part in self.parts:
            for one in part.need.unmet(look):
                yield reason(Code.GATE_NOT_MET, f"{part.name}: {one.expected}", one.observed)

    def say(self) -> str:
        """The need in words."""
        return f"{self.title}: " + "; ".join(f"{p.name} ({p.need.say()})" for p in self.parts)
