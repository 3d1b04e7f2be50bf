"""What holds, deviations, losses and amendments do to a course.

Like `effects`, every act replays from the entry alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from coi_tracker.course import (
    Course,
    Definition,
    Deviation,
    Event,
    Hold,
)
from coi_tracker.process.effects import Silent, touched
from coi_tracker.process.look import Look
from coi_tracker.process.settling import CARRIERS, HOLDING
from coi_tracker.process.spec import Move
from coi_tracker.vocabulary import (
    FINAL_STATES,
    OPEN_LABELS,
    ContainerKind,
    ContainerState,
    HoldBlocks,
    HoldScope,
    LabelState,
    Material,
    Role,
    Severity,
    Track,
)


@dataclass(frozen=True, slots=True)
class PlacesHold(Silent):
    """A hold on what the step says: a container of the course, the course, a place or the study."""

    scope: HoldScope | None = None  # None: the evidence says whether it is a container or the course
    USES: ClassVar[tuple[str, ...]] = ("blocks", "reason")

    def apply(self, course: Course, event: Event) -> Course:
        """Add it."""
        e = event.evidence
        container = e.get("container")
        scope = self.scope or (HoldScope.CONTAINER if container else HoldScope.COURSE)
        target = container or course.coi or course.chain.split("/", 1)[1]
        blocks = tuple(HoldBlocks(b) for b in e["blocks"])
        hold = Hold(event.id, scope, target, blocks, event.actor.account, e["reason"])
        return replace(course, holds=(*course.holds, hold))

    def say(self) -> str:
        """The effect in words."""
        return "the hold stands, under the id of its entry"


@dataclass(frozen=True, slots=True)
class LiftsHold(Silent):
    """The hold is gone."""

    USES: ClassVar[tuple[str, ...]] = ("hold",)

    def apply(self, course: Course, event: Event) -> Course:
        """Remove it."""
        return replace(course, holds=tuple(h for h in course.holds if h.id != event.evidence["hold"]))

    def say(self) -> str:
        """The effect in words."""
        return "the hold is lifted"


@dataclass(frozen=True, slots=True)
class Quarantines(Silent):
    """Every bag without a final fate is held back, the plan is blocked."""

    FACTS: ClassVar[tuple[str, ...]] = ("plan.confirmed", "plan.blocked")

    def apply(self, course: Course, event: Event) -> Course:
        """A hold on each bag."""
        for bag in course.of_kind(ContainerKind.BAG):
            if bag.state in FINAL_STATES or bag.state is ContainerState.LABELLED:
                continue
            hold = Hold(
                f"{event.id}/{bag.part}",
                HoldScope.CONTAINER,
                bag.id,
                (HoldBlocks.RELEASE, HoldBlocks.SHIPMENT, HoldBlocks.LYMPHODEPLETION, HoldBlocks.INFUSION),
                event.actor.account,
                "result after release",
            )
            course = replace(course, holds=(*course.holds, hold))
        return course.with_facts({"plan.confirmed": None, "plan.blocked": event.id})

    def say(self) -> str:
        """The effect in words."""
        return "every bag not infused is held back; the plan is blocked"


@dataclass(frozen=True, slots=True)
class OpensDeviation(Silent):
    """A deviation about a step, open until quality closes it."""

    USES: ClassVar[tuple[str, ...]] = ("about", "severity")

    def apply(self, course: Course, event: Event) -> Course:
        """Add it under the id of its entry."""
        e = event.evidence
        one = Deviation(event.id, e["about"], Severity(e["severity"]))
        return replace(course, deviations=(*course.deviations, one))

    def say(self) -> str:
        """The effect in words."""
        return "the deviation is open, under the id of its entry"


@dataclass(frozen=True, slots=True)
class AssessesDeviation(Silent):
    """The role of the actor approves that the deviation decides."""

    USES: ClassVar[tuple[str, ...]] = ("deviation", "accepted", "severity")

    def apply(self, course: Course, event: Event) -> Course:
        """Add the approval."""
        e = event.evidence
        role = event.actor.role
        assert role is not None
        return replace(course, deviations=tuple(_approved(d, e, role) for d in course.deviations))

    def say(self) -> str:
        """The effect in words."""
        return "approved by the role of the actor, when the assessment accepts it"


def _approved(one: Deviation, evidence: Mapping[str, Any], role: Role) -> Deviation:
    if one.id != evidence["deviation"]:
        return one
    approvals = set(one.approvals) - {role}
    if evidence["accepted"]:
        approvals |= {role}
    return replace(one, approvals=tuple(sorted(approvals)), severity=Severity(evidence["severity"]))


@dataclass(frozen=True, slots=True)
class ClosesDeviation(Silent):
    """The deviation is closed."""

    USES: ClassVar[tuple[str, ...]] = ("deviation",)

    def apply(self, course: Course, event: Event) -> Course:
        """Remove it from the open ones."""
        named = event.evidence["deviation"]
        return replace(course, deviations=tuple(d for d in course.deviations if d.id != named))

    def say(self) -> str:
        """The effect in words."""
        return "the deviation is closed"


@dataclass(frozen=True, slots=True)
class Loses(Silent):
    """A container is lost; what it was is remembered, in case it is found. A label not yet on it is void."""

    MOVES_MATERIAL: ClassVar[bool] = True
    USES: ClassVar[tuple[str, ...]] = ("container",)
    FACTS: ClassVar[tuple[str, ...]] = ("lost.{container}",)

    def apply(self, course: Course, event: Event) -> Course:
        """Lost; an open hand-off ends with it."""
        one = course.containers[event.evidence["container"]]
        course = course.with_facts({f"lost.{one.id}": one.state.value})
        label = course.labels.get(one.serial)
        if label is not None and label.state in OPEN_LABELS:
            course = course.with_label(replace(label, state=LabelState.VOID))
            one = replace(one, label=LabelState.VOID)
        return course.with_container(
            replace(one, state=ContainerState.LOST, offered_to=None, shipper=None, position=None)
        )

    def say(self) -> str:
        """The effect in words."""
        return "the container is lost"


@dataclass(frozen=True, slots=True)
class Finds(Silent):
    """A lost container is here again, under a hold until quality lifts it."""

    MOVES_MATERIAL: ClassVar[bool] = True
    PARTS: ClassVar[tuple[str, ...]] = ("container",)
    FACTS: ClassVar[tuple[str, ...]] = ("lost.{container}",)
    REACHES: ClassVar[tuple[Move, ...]] = tuple(
        Move(Track.MATERIAL, frozenset({Material.LOST}), before) for before in sorted(HOLDING)
    )

    def apply(self, course: Course, event: Event) -> Course:
        """Here, as it was (what was on its way is stored), held back; the material is what it was."""
        here = event.actor.place
        assert here is not None
        for one in touched(course, event, "container"):
            was = ContainerState(course.facts.get(f"lost.{one.id}") or ContainerState.STORED)
            was = ContainerState.STORED if was is ContainerState.IN_TRANSIT else was
            course = course.with_facts({f"lost.{one.id}": None})
            course = course.with_container(replace(one, state=was, holder=here))
            hold = Hold(
                event.id,
                HoldScope.CONTAINER,
                one.id,
                (HoldBlocks.EVERYTHING,),
                event.actor.account,
                "was lost",
            )
            course = replace(course, holds=(*course.holds, hold))
            if course.material is Material.LOST and one.kind in CARRIERS:
                course = replace(course, material=Material(course.facts["material.before"]))
        return course

    def say(self) -> str:
        """The effect in words."""
        return "here, as it was, held back until quality lifts the hold"


@dataclass(frozen=True, slots=True)
class Adopts(Silent):
    """The course is under another version of the protocol from here on."""

    USES: ClassVar[tuple[str, ...]] = ("version",)
    NOTES: ClassVar[tuple[str, ...]] = ("protocol_key", "protocol_digest")

    def note(self, look: Look) -> Mapping[str, Any]:
        """Which definition."""
        found = look.attempt.around.protocols[look.evidence["version"]]
        return {"protocol_key": found.key, "protocol_digest": found.digest}

    def apply(self, course: Course, event: Event) -> Course:
        """Take it over."""
        e = event.evidence
        return replace(course, protocol=Definition(e["protocol_key"], e["version"], e["protocol_digest"]))

    def say(self) -> str:
        """The effect in words."""
        return "the course follows the newer protocol version"
