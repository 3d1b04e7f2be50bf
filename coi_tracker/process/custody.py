"""Effects of a hand-off: packed, offered, accepted. Custody moves on acceptance only.

Like `effects`, every one replays from the entry alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from coi_tracker.course import Container, Course, Event, PlaceId
from coi_tracker.process.effects import Silent, put, touched
from coi_tracker.process.look import Look
from coi_tracker.vocabulary import FINAL_STATES, ContainerState


@dataclass(frozen=True, slots=True)
class Packs(Silent):
    """Containers go into the shipper, under a seal."""

    parts: tuple[str, ...]
    MOVES_MATERIAL: ClassVar[bool] = True
    USES: ClassVar[tuple[str, ...]] = ("seal",)
    NOTES: ClassVar[tuple[str, ...]] = ("shipper",)
    FACTS: ClassVar[tuple[str, ...]] = ("shipper", "seal")

    def note(self, look: Look) -> Mapping[str, Any]:
        """Which shipper."""
        shipper = look.attempt.around.shipper
        return {"shipper": shipper.id if shipper else ""}

    def apply(self, course: Course, event: Event) -> Course:
        """Put them in."""
        shipper = event.evidence["shipper"]
        course = put(
            course,
            (replace(c, shipper=shipper, position=None) for p in self.parts for c in touched(course, event, p)),
        )
        return course.with_facts({"shipper": shipper, "seal": event.evidence.get("seal")})

    def say(self) -> str:
        """The effect in words."""
        return f"{', '.join(self.parts)} packed in the shipper, seal remembered"


def contents(course: Course) -> tuple[Container, ...]:
    """What is packed in the shipper of this course."""
    shipper = course.facts.get("shipper")
    return tuple(c for c in course.containers.values() if shipper is not None and c.shipper == shipper)


@dataclass(frozen=True, slots=True)
class Offers(Silent):
    """The contents of the shipper are offered to the courier: custody stays until it accepts."""

    MOVES_MATERIAL: ClassVar[bool] = True
    USES: ClassVar[tuple[str, ...]] = ("courier",)
    NOTES: ClassVar[tuple[str, ...]] = ("contents",)

    def note(self, look: Look) -> Mapping[str, Any]:
        """What was handed over."""
        return {"contents": sorted(c.id for c in contents(look.course))}

    def apply(self, course: Course, event: Event) -> Course:
        """Open the hand-off of each container."""
        to = PlaceId(event.evidence["courier"])
        return put(course, (replace(c, offered_to=to) for c in contents(course)))

    def say(self) -> str:
        """The effect in words."""
        return "contents offered to the courier; custody stays here until it accepts"


@dataclass(frozen=True, slots=True)
class CourierAccepts(Silent):
    """Custody of the contents moves to the courier, who offers them on to where they go."""

    to_site: bool
    MOVES_MATERIAL: ClassVar[bool] = True
    NOTES: ClassVar[tuple[str, ...]] = ("contents",)

    def note(self, look: Look) -> Mapping[str, Any]:
        """What was accepted."""
        return {"contents": sorted(c.id for c in contents(look.course))}

    def apply(self, course: Course, event: Event) -> Course:
        """Move custody, open the next hand-off."""
        here = event.actor.place
        to = course.site if self.to_site else course.facility
        assert here is not None
        return put(
            course,
            (replace(c, holder=here, offered_to=to, state=ContainerState.IN_TRANSIT) for c in contents(course)),
        )

    def say(self) -> str:
        """The effect in words."""
        return "custody of the contents moves to the courier; offered on to the " + (
            "site" if self.to_site else "facility"
        )


@dataclass(frozen=True, slots=True)
class Accepts(Silent):
    """Custody of the containers that were read moves here; they leave the shipper."""

    parts: tuple[str, ...]
    state: ContainerState
    MOVES_MATERIAL: ClassVar[bool] = True
    FACTS: ClassVar[tuple[str, ...]] = ("shipper", "seal")

    def apply(self, course: Course, event: Event) -> Course:
        """Move custody by acceptance of each container."""
        here = event.actor.place
        assert here is not None
        course = put(
            course,
            (
                replace(c, holder=here, offered_to=None, shipper=None, state=self.state)
                for p in self.parts
                for c in touched(course, event, p)
            ),
        )
        left = {c.shipper for c in course.containers.values() if c.shipper is not None}
        return course if left else course.with_facts({"shipper": None, "seal": None})

    def say(self) -> str:
        """The effect in words."""
        return f"custody of {', '.join(self.parts)} moves here -> {self.state}"


@dataclass(frozen=True, slots=True)
class Unpacks(Silent):
    """Everything leaves the shipper again; an offer nobody accepted is taken back. Custody has not moved."""

    MOVES_MATERIAL: ClassVar[bool] = True
    NOTES: ClassVar[tuple[str, ...]] = ("contents",)
    FACTS: ClassVar[tuple[str, ...]] = ("shipper", "seal")

    def note(self, look: Look) -> Mapping[str, Any]:
        """What was taken out."""
        return {"contents": sorted(c.id for c in contents(look.course))}

    def apply(self, course: Course, event: Event) -> Course:
        """Empty the shipper."""
        course = put(course, (replace(c, shipper=None, offered_to=None) for c in contents(course)))
        return course.with_facts({"shipper": None, "seal": None})

    def say(self) -> str:
        """The effect in words."""
        return "contents out of the shipper, the offer is taken back"


@dataclass(frozen=True, slots=True)
class SettlesShipper(Silent):
    """What has a final fate is in no shipper and on offer to nobody; a shipper with nothing left in it is free."""

    MOVES_MATERIAL: ClassVar[bool] = True
    FACTS: ClassVar[tuple[str, ...]] = ("shipper", "seal")

    def apply(self, course: Course, event: Event) -> Course:
        """Take them out, free the shipper."""
        gone = (c for c in course.containers.values() if c.state in FINAL_STATES and (c.shipper or c.offered_to))
        course = put(course, [replace(c, shipper=None, offered_to=None) for c in gone])
        return course if contents(course) else course.with_facts({"shipper": None, "seal": None})

    def say(self) -> str:
        """The effect in words."""
        return "a shipper with nothing left in it is free"
