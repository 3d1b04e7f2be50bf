"""The people, places and supplies of a small invented trial: two sites and two facilities in four time zones.

Frozen values only. Every role has two people at every place where it exists, so that two can always sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from coi_tracker.course import AccountId, Equipment, Lot, PlaceId
from coi_tracker.vocabulary import PlaceKind, Role

FAR_DAY = date(2040, 1, 1)
"""Nothing of the cast expires before."""

ROLES_AT: Mapping[PlaceKind, tuple[Role, ...]] = MappingProxyType(
    {
        PlaceKind.SITE: (Role.COORDINATOR, Role.PROCEDURALIST, Role.CELL_LAB, Role.PHYSICIAN, Role.NURSE),
        PlaceKind.FACILITY: (Role.OPERATOR, Role.QC_ANALYST, Role.QA, Role.PLANNER),
        PlaceKind.COURIER: (Role.COURIER,),
        PlaceKind.SPONSOR: (Role.QA, Role.PLANNER, Role.MEDICAL_MONITOR, Role.AUDITOR, Role.ADMIN),
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the cast."""

    id: PlaceId
    kind: PlaceKind
    zone: str


@dataclass(frozen=True, slots=True)
class Person:
    """One account, with its only role and where it has it."""

    account: AccountId
    name: str
    role: Role
    place: PlaceId


PLACES: Mapping[PlaceId, Place] = MappingProxyType(
    {
        place.id: place
        for place in (
            Place(PlaceId("site-lyon"), PlaceKind.SITE, "Europe/Paris"),
            Place(PlaceId("site-tampa"), PlaceKind.SITE, "America/New_York"),
            Place(PlaceId("facility-leiden"), PlaceKind.FACILITY, "Europe/Amsterdam"),
            Place(PlaceId("facility-denver"), PlaceKind.FACILITY, "America/Denver"),
            Place(PlaceId("courier-swift"), PlaceKind.COURIER, "UTC"),
            Place(PlaceId("courier-north"), PlaceKind.COURIER, "UTC"),
            Place(PlaceId("sponsor-office"), PlaceKind.SPONSOR, "America/Los_Angeles"),
        )
    }
)

PEOPLE: Mapping[AccountId, Person] = MappingProxyType(
    {
        account: Person(account, f"{role.value.title()} {number} of {place.id}", role, place.id)
        for place in PLACES.values()
        for role in ROLES_AT[place.kind]
        for number in (1, 2)
        for account in (AccountId(f"{role}-{number}@{place.id}"),)
    }
)

LOT_KINDS = ("media", "il2", "il15", "okt3", "feeder", "wash_buffer", "cs10", "bag_set")
LOTS: Mapping[str, Lot] = MappingProxyType({f"LOT-{kind}": Lot(f"LOT-{kind}", kind, FAR_DAY) for kind in LOT_KINDS})

EQUIPMENT_KINDS = (
    "biosafety_cabinet",
    "incubator",
    "cell_counter",
    "cell_washer",
    "tube_sealer",
    "controlled_rate_freezer",
)
EQUIPMENT: Mapping[str, Equipment] = MappingProxyType(
    {
        code: Equipment(code, kind, place.id, FAR_DAY)
        for place in PLACES.values()
        if place.kind is PlaceKind.FACILITY
        for kind in EQUIPMENT_KINDS
        for code in (f"{kind}@{place.id}",)
    }
)


def places_of(kind: PlaceKind) -> tuple[PlaceId, ...]:
    """The places of one sort, in the order of the cast."""
    return tuple(p.id for p in PLACES.values() if p.kind is kind)
