"""Needs of a hand-off: what is in the shipper, who holds it, to whom it was offered; and the ordered route."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from coi_tracker.course import Reason
from coi_tracker.process.custody import contents
from coi_tracker.process.look import Look, reason
from coi_tracker.process.spec import Field, FieldKind
from coi_tracker.vocabulary import PlaceKind, TissueRoute
from coi_tracker.vocabulary import ReasonCode as Code


@dataclass(frozen=True, slots=True)
class ContentsHere:
    """Everything in the shipper is in the custody of the place that releases it, and not offered to anybody yet."""

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Held by another place, or offered already."""
        for one in contents(look.course):
            if one.holder != look.attempt.actor.place:
                yield reason(Code.WRONG_CUSTODIAN, f"{one.id} held by {look.attempt.actor.place}", one.holder)
            elif one.offered_to is not None:
                yield reason(Code.ALREADY_RECORDED, f"{one.id} not offered yet", f"offered to {one.offered_to}")

    def say(self) -> str:
        """The need in words."""
        return "everything in the shipper is held here and not offered yet"


@dataclass(frozen=True, slots=True)
class ContentsHeld:
    """Everything in the shipper is in the custody of this place, offered on or not."""

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Held by another place."""
        for one in contents(look.course):
            if one.holder != look.attempt.actor.place:
                yield reason(Code.WRONG_CUSTODIAN, f"{one.id} held by {look.attempt.actor.place}", one.holder)

    def say(self) -> str:
        """The need in words."""
        return "everything in the shipper is held here"


@dataclass(frozen=True, slots=True)
class OfferedHere:
    """Everything in the shipper was offered to the place that accepts it."""

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Offered to another place, or to none."""
        for one in contents(look.course):
            if one.offered_to != look.attempt.actor.place:
                observed = f"offered to {one.offered_to or 'nobody'}"
                yield reason(Code.WRONG_CUSTODIAN, f"{one.id} offered to {look.attempt.actor.place}", observed)

    def say(self) -> str:
        """The need in words."""
        return "everything in the shipper was offered to this place"


@dataclass(frozen=True, slots=True)
class CourierKnown:
    """The courier it goes to is registered."""

    ASKS: ClassVar[tuple[Field, ...]] = (Field("courier", "the courier company"),)

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Not a registered courier."""
        named = look.evidence.get("courier")
        if named is not None and look.attempt.around.places.get(named) is not PlaceKind.COURIER:
            yield reason(Code.PLACE_MISSING, "a registered courier", named)

    def say(self) -> str:
        """The need in words."""
        return "the courier is registered"


@dataclass(frozen=True, slots=True)
class RouteIsOrdered:
    """The tissue is taken the way the cohort says, with the measure that belongs to it."""

    ASKS: ClassVar[tuple[Field, ...]] = (
        Field("route", "how the tissue was taken", FieldKind.CHOICE, choices=tuple(str(r) for r in TissueRoute)),
    )

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Another route, or no lesion size for a resection, no number of cores for a biopsy."""
        route = look.evidence.get("route")
        if route is None:
            return
        if route != look.course.route:
            yield reason(Code.PROTOCOL_MISMATCH, f"route {look.course.route}", route)
            return
        measure = "lesion_size" if route == TissueRoute.RESECTION else "cores"
        if measure not in look.attempt.evidence:
            yield reason(Code.EVIDENCE_MISSING, f"{measure} for a {route}", "nothing")

    def say(self) -> str:
        """The need in words."""
        return "the route of the cohort, with lesion size or number of cores"
