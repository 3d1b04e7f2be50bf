"""Effects that follow from what is left: infused, lost or destroyed once every container has a fate; on hold or not.

Like `effects`, every one replays from the entry alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from coi_tracker.course import Course, Event
from coi_tracker.process.effects import Silent
from coi_tracker.process.spec import Move
from coi_tracker.vocabulary import (
    FINAL_STATES,
    ContainerKind,
    ContainerState,
    Material,
    Standing,
    Track,
    Treatment,
)

CARRIERS = frozenset({ContainerKind.TISSUE_JAR, ContainerKind.FLASK, ContainerKind.POOL, ContainerKind.BAG})
"""Kinds that carry the patient's cells on; samples and retains do not."""

GONE = frozenset({Material.INFUSED, Material.LOST, Material.DESTROYED, Material.INSUFFICIENT})
HOLDING = frozenset(Material) - GONE - {Material.NONE, Material.ORDERED}
"""States of the material in which there is something that can be lost or destroyed."""


@dataclass(frozen=True, slots=True)
class SettlesInfusion(Silent):
    """When every bag of the dose has a fate and at least one was infused, the patient and the material are infused."""

    REACHES: ClassVar[tuple[Move, ...]] = (
        Move(Track.MATERIAL, frozenset({Material.AT_SITE}), Material.INFUSED),
        Move(Track.TREATMENT, frozenset({Treatment.LD_COMPLETE}), Treatment.INFUSED),
    )

    def apply(self, course: Course, event: Event) -> Course:
        """Move both tracks when it is so."""
        bags = [b for b in course.of_kind(ContainerKind.BAG) if b.parents]
        open_ = [b for b in bags if b.state not in FINAL_STATES]
        infused = any(b.state is ContainerState.INFUSED for b in bags)
        if open_ or not infused or course.treatment is not Treatment.LD_COMPLETE:
            return course
        return replace(course, material=Material.INFUSED, treatment=Treatment.INFUSED)

    def say(self) -> str:
        """The effect in words."""
        return "infused when every bag of the dose has a fate"


@dataclass(frozen=True, slots=True)
class SettlesMaterial(Silent):
    """When nothing that carries the cells is left, the material is lost or destroyed."""

    FACTS: ClassVar[tuple[str, ...]] = ("material.before",)
    REACHES: ClassVar[tuple[Move, ...]] = (
        Move(Track.MATERIAL, HOLDING, Material.LOST),
        Move(Track.MATERIAL, HOLDING, Material.DESTROYED),
    )

    def apply(self, course: Course, event: Event) -> Course:
        """Move the material track when it is so."""
        carriers = [c for c in course.containers.values() if c.kind in CARRIERS and c.filled_at is not None]
        alive = [c for c in carriers if c.state not in FINAL_STATES]
        if alive or not carriers or course.material in GONE:
            return course
        if any(c.state is ContainerState.INFUSED for c in carriers):
            return course
        lost = any(c.state is ContainerState.LOST for c in carriers)
        course = course.with_facts({"material.before": course.material.value})
        return replace(course, material=Material.LOST if lost else Material.DESTROYED)

    def say(self) -> str:
        """The effect in words."""
        return "material lost or destroyed when no carrier of the cells is left"


@dataclass(frozen=True, slots=True)
class Standings(Silent):
    """The standing follows the holds on the course: on hold while one stands, active again after the last."""

    REACHES: ClassVar[tuple[Move, ...]] = (
        Move(Track.STANDING, frozenset({Standing.ACTIVE}), Standing.ON_HOLD),
        Move(Track.STANDING, frozenset({Standing.ON_HOLD}), Standing.ACTIVE),
    )

    def apply(self, course: Course, event: Event) -> Course:
        """Set the standing."""
        if course.standing not in {Standing.ACTIVE, Standing.ON_HOLD}:
            return course
        held = any(h.target == course.coi for h in course.holds)
        return replace(course, standing=Standing.ON_HOLD if held else Standing.ACTIVE)

    def say(self) -> str:
        """The effect in words."""
        return "on hold while a hold on the course stands"
