"""What performed steps do to containers, labels and facts: the effects that most chapters use.

Every effect replays from the entry alone: ``note`` adds to the evidence whatever ``apply`` will need, and ``apply``
looks at nothing but the course before and the event. Knows no database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from coi_tracker.course import AccountId, Container, Course, Event
from coi_tracker.process.look import Look, read_instant, write_instant
from coi_tracker.process.spec import ProtocolPath
from coi_tracker.vocabulary import (
    FINAL_STATES,
    ContainerState,
    LabelState,
)


@dataclass(frozen=True, slots=True)
class Silent:
    """The common part of effects that add nothing to the evidence."""

    def note(self, look: Look) -> Mapping[str, Any]:
        """Nothing to add."""
        return {}


def touched(course: Course, event: Event, part: str) -> tuple[Container, ...]:
    """The containers that the event read for a part, as they are now."""
    return tuple(course.containers[t.id] for t in event.containers if t.part == part and t.id in course.containers)


def put(course: Course, containers: Iterable[Container]) -> Course:
    """The course with these containers in place of the old ones."""
    for one in containers:
        course = course.with_container(one)
    return course


@dataclass(frozen=True, slots=True)
class Becomes(Silent):
    """The containers of a part get a state; a final one leaves its suite and shipper."""

    part: str
    state: ContainerState
    MOVES_MATERIAL: ClassVar[bool] = True

    def apply(self, course: Course, event: Event) -> Course:
        """Set the state."""
        final = self.state in FINAL_STATES
        return put(
            course,
            (
                replace(c, state=self.state, position=None if final else c.position)
                for c in touched(course, event, self.part)
            ),
        )

    def say(self) -> str:
        """The effect in words."""
        return f"{self.part} -> {self.state}"


@dataclass(frozen=True, slots=True)
class Fills(Silent):
    """Labelled containers are filled: the label is applied, parents are recorded, custody is here.

    ``state`` is what they become; ``of`` the parts they come from; ``in_suite`` puts them where the work is done;
    ``shelf_life`` gives them an expiry from the day they are filled.
    """

    part: str
    state: ContainerState
    of: tuple[str, ...] = ()
    in_suite: bool = False
    shelf_life: ProtocolPath | None = None
    MOVES_MATERIAL: ClassVar[bool] = True
    NOTES: ClassVar[tuple[str, ...]] = ("expires_at",)

    def note(self, look: Look) -> Mapping[str, Any]:
        """The expiry, worked out from the protocol when the step is decided."""
        if self.shelf_life is None:
            return {}
        return {"expires_at": write_instant(look.now + look.limit(self.shelf_life))}

    def apply(self, course: Course, event: Event) -> Course:
        """Fill, label, descend."""
        parents = tuple(c.id for part in self.of for c in touched(course, event, part))
        position = event.evidence.get("suite") if self.in_suite else None
        expires = event.evidence.get("expires_at") if self.shelf_life is not None else None
        for one in touched(course, event, self.part):
            filled = replace(
                one,
                state=self.state,
                label=LabelState.APPLIED,
                parents=parents,
                position=position,
                filled_at=event.happened_at,
                expires_at=None if expires is None else read_instant(expires),
            )
            course = course.with_container(filled)
            course = course.with_label(replace(course.labels[one.serial], state=LabelState.APPLIED))
        return course

    def say(self) -> str:
        """The effect in words."""
        from_ = f" from {', '.join(self.of)}" if self.of else ""
        expiry = f", expiry after *{self.shelf_life}*" if self.shelf_life else ""
        return f"{self.part} filled{from_} -> {self.state}, label applied{expiry}"


@dataclass(frozen=True, slots=True)
class Remembers(Silent):
    """A piece of evidence becomes a fact (nothing when it was not given)."""

    fact: str
    field: str

    def apply(self, course: Course, event: Event) -> Course:
        """Remember the evidence as it stands in the entry."""
        value = event.evidence.get(self.field)
        return course if value is None else course.with_facts({filled(self.fact, event): value})

    def say(self) -> str:
        """The effect in words."""
        return f"remembers {self.field} as {self.fact}"


@dataclass(frozen=True, slots=True)
class RemembersActor(Silent):
    """Who did it becomes a fact."""

    fact: str

    def apply(self, course: Course, event: Event) -> Course:
        """Remember the account."""
        return course.with_facts({filled(self.fact, event): event.actor.account})

    def say(self) -> str:
        """The effect in words."""
        return f"remembers who did it as {self.fact}"


@dataclass(frozen=True, slots=True)
class Forgets(Silent):
    """Facts that no longer hold."""

    facts: tuple[str, ...]

    def apply(self, course: Course, event: Event) -> Course:
        """Forget them."""
        return course.with_facts({filled(f, event): None for f in self.facts})

    def say(self) -> str:
        """The effect in words."""
        return f"forgets {', '.join(self.facts)}"


def filled(template: str, event: Event) -> str:
    """A fact's name with the evidence of the event filled in."""
    found = template
    for key, value in event.evidence.items():
        found = found.replace("{" + key + "}", str(value))
    return found


@dataclass(frozen=True, slots=True)
class Stores(Silent):
    """Containers go to a position."""

    part: str
    field: str = "position"
    state: ContainerState | None = None
    MOVES_MATERIAL: ClassVar[bool] = True

    def apply(self, course: Course, event: Event) -> Course:
        """Set the position."""
        where = event.evidence.get(self.field)
        return put(
            course,
            (replace(c, position=where, state=self.state or c.state) for c in touched(course, event, self.part)),
        )

    def say(self) -> str:
        """The effect in words."""
        return f"{self.part} at the {self.field}"


@dataclass(frozen=True, slots=True)
class Pairs(Silent):
    """Each bag gets the cassette that was read with it: first with first, second with second."""

    PARTS: ClassVar[tuple[str, ...]] = ("bag", "cassette")

    def apply(self, course: Course, event: Event) -> Course:
        """Put bag and cassette together."""
        bags, cassettes = touched(course, event, "bag"), touched(course, event, "cassette")
        return put(course, (replace(b, cassette=c.id) for b, c in zip(bags, cassettes, strict=False)))

    def say(self) -> str:
        """The effect in words."""
        return "each bag is in the cassette read with it"


@dataclass(frozen=True, slots=True)
class Thaws(Silent):
    """The thaw timer of the bag starts."""

    MOVES_MATERIAL: ClassVar[bool] = True
    PARTS: ClassVar[tuple[str, ...]] = ("bag",)

    def apply(self, course: Course, event: Event) -> Course:
        """Start the timer."""
        return put(
            course,
            (
                replace(c, state=ContainerState.IN_USE, thawed_at=event.happened_at, position=None)
                for c in touched(course, event, "bag")
            ),
        )

    def say(self) -> str:
        """The effect in words."""
        return "bag in use, thaw timer starts"


@dataclass(frozen=True, slots=True)
class VerifiesAtBedside(Silent):
    """The bag was matched with the wristband by the people who signed."""

    PARTS: ClassVar[tuple[str, ...]] = ("bag",)

    def apply(self, course: Course, event: Event) -> Course:
        """Remember who and when."""
        people = tuple(sorted(AccountId(s.account) for s in event.signers))
        return put(
            course,
            (replace(c, verified_at=event.happened_at, verified_by=people) for c in touched(course, event, "bag")),
        )

    def say(self) -> str:
        """The effect in words."""
        return "bag verified against the wristband by these two"
