"""Needs about the record itself: entries, deviations and holds that are named, containers by their id, how it ends.

Knows no step, and nothing of results: what quality control asks for is in `quality`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from coi_tracker.course import Reason
from coi_tracker.process.look import Look, reason
from coi_tracker.process.spec import Field
from coi_tracker.vocabulary import FINAL_STATES, ContainerState, Standing, Treatment
from coi_tracker.vocabulary import ReasonCode as Code


@dataclass(frozen=True, slots=True)
class Reference:
    """The attempt refers to an earlier entry of the same chain."""

    def unmet(self, look: Look) -> Iterator[Reason]:
        """No reference, or to an entry that is not there."""
        named = look.attempt.refers_to
        if named is None or named not in look.attempt.around.entries:
            yield reason(Code.REFERENCE_UNKNOWN, "refers_to: an entry of this chain", named or "nothing")

    def say(self) -> str:
        """The need in words."""
        return "refers to an entry of the same chain"


@dataclass(frozen=True, slots=True)
class OpenDeviation:
    """The evidence names a deviation that is open."""

    ASKS: ClassVar[tuple[Field, ...]] = (Field("deviation", "the deviation"),)

    def unmet(self, look: Look) -> Iterator[Reason]:
        """No such open deviation."""
        named = look.evidence.get("deviation")
        if named is not None and named not in {d.id for d in look.course.deviations}:
            yield reason(Code.REFERENCE_UNKNOWN, "an open deviation of this course", named)

    def say(self) -> str:
        """The need in words."""
        return "an open deviation of this course"


@dataclass(frozen=True, slots=True)
class OpenHold:
    """The evidence names a hold that stands; who placed it does not lift it."""

    ASKS: ClassVar[tuple[Field, ...]] = (Field("hold", "the hold"),)

    def unmet(self, look: Look) -> Iterator[Reason]:
        """No such hold, or placed by the same person."""
        named = look.evidence.get("hold")
        if named is None:
            return
        found = next((h for h in look.course.holds if h.id == named), None)
        if found is None:
            yield reason(Code.REFERENCE_UNKNOWN, "a hold that stands", named)
        elif found.placed_by == look.attempt.actor.account:
            yield reason(Code.SAME_SIGNER, "a hold is lifted by another person than placed it", look.attempt.actor.name)

    def say(self) -> str:
        """The need in words."""
        return "a hold that stands, placed by another person"


@dataclass(frozen=True, slots=True)
class KnownContainer:
    """A container of this course named by its id (it may be lost, or its label unreadable), in one of these states."""

    states: frozenset[ContainerState]
    here: bool = False  # in the custody of the place
    ASKS: ClassVar[tuple[Field, ...]] = (Field("container", "the container's id, such as C.../bag/2"),)

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Another course's, unknown, or in another state."""
        named = look.evidence.get("container")
        if named is None:
            return
        found = look.course.containers.get(named)
        if found is None:
            yield reason(Code.WRONG_COURSE, "a container of this course", named)
        elif found.state not in self.states:
            yield reason(Code.WRONG_CONTAINER_STATE, " or ".join(sorted(self.states)), found.state)
        elif self.here and found.holder != look.attempt.actor.place:
            yield reason(Code.WRONG_CUSTODIAN, f"{named} held by {look.attempt.actor.place}", found.holder)

    def say(self) -> str:
        """The need in words."""
        return "a container of this course by its id" + (", held here" if self.here else "")


@dataclass(frozen=True, slots=True)
class OwnContainer:
    """The container that is named, if one is, belongs to this course."""

    ASKS: ClassVar[tuple[Field, ...]] = (
        Field("container", "the container's id, when it is about one", required=False),
    )

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Another course's, or unknown."""
        named = look.evidence.get("container")
        if named is not None and named not in look.course.containers:
            yield reason(Code.WRONG_COURSE, "a container of this course", named)

    def say(self) -> str:
        """The need in words."""
        return "a container that is named is of this course"


@dataclass(frozen=True, slots=True)
class EveryContainerFinal:
    """Every container of the course has a final fate."""

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Each container that is still somewhere."""
        left = sorted(c.id for c in look.course.containers.values() if c.state not in FINAL_STATES)
        if left:
            yield reason(Code.WRONG_CONTAINER_STATE, "every container with a final fate", ", ".join(left))

    def say(self) -> str:
        """The need in words."""
        return "every container has a final fate"


@dataclass(frozen=True, slots=True)
class CourseEnded:
    """The treatment is complete, or the course was withdrawn or terminated."""

    def unmet(self, look: Look) -> Iterator[Reason]:
        """It still goes on."""
        ended = look.course.standing in {Standing.WITHDRAWN, Standing.TERMINATED}
        if look.course.treatment is not Treatment.COMPLETE and not ended:
            yield reason(
                Code.WRONG_STATE,
                "treatment complete, or course withdrawn or terminated",
                look.course.treatment,
            )

    def say(self) -> str:
        """The need in words."""
        return "treatment complete, or course withdrawn or terminated"


@dataclass(frozen=True, slots=True)
class Amendment:
    """A released version of the same protocol that this course can move to."""

    ASKS: ClassVar[tuple[Field, ...]] = (
        Field("version", "the protocol version to adopt"),
        Field("differences", "what changes, as it was shown to the signer"),
    )

    def unmet(self, look: Look) -> Iterator[Reason]:
        """An unknown version, or the one already in force."""
        version = look.evidence.get("version")
        if version is None:
            return
        if version == look.course.protocol.version:
            yield reason(Code.ALREADY_RECORDED, "another version than the one in force", version)
        elif version not in look.attempt.around.protocols:
            yield reason(Code.PROTOCOL_MISMATCH, "a released version this course can move to", version)

    def say(self) -> str:
        """The need in words."""
        return "a released version of the protocol, not the one in force"
