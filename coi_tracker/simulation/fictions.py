"""The invented places, people and names of a simulated trial. None of them exists.

Frozen values only; names are drawn by position, so that the same trial always has the same people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from coi_tracker.simulation.cast import ROLES_AT
from coi_tracker.vocabulary import PlaceKind, Role


@dataclass(frozen=True, slots=True)
class InventedPlace:
    """A place of the simulated trial."""

    id: str
    kind: PlaceKind
    name: str
    country: str
    zone: str
    daily_capacity: int = 0


_SITES = (
    ("us-hollow", "Fairmont Hollow Cancer Centre (invented)", "US", "America/New_York"),
    ("de-linden", "Lindenau Thorax Clinic (invented)", "DE", "Europe/Berlin"),
    ("es-salina", "Hospital de la Salina (invented)", "ES", "Europe/Madrid"),
    ("gb-marsh", "Kelling Marsh Hospital (invented)", "GB", "Europe/London"),
    ("us-prairie", "Prairie Gate Medical Center (invented)", "US", "America/Chicago"),
    ("us-mesa", "Three Mesas Hospital (invented)", "US", "America/Phoenix"),
    ("de-harz", "Klinikum Oberharzfeld (invented)", "DE", "Europe/Berlin"),
    ("es-islote", "Hospital del Islote (invented)", "ES", "Atlantic/Canary"),
    ("us-harbor", "Gull Harbor Cancer Institute (invented)", "US", "America/Los_Angeles"),
    ("gb-fell", "Ashfell Royal Infirmary (invented)", "GB", "Europe/London"),
    ("de-foerde", "Klinik an der Foerde (invented)", "DE", "Europe/Berlin"),
    ("us-summit", "Summit Creek Hospital (invented)", "US", "America/Denver"),
)
_OTHERS = (
    InventedPlace("fac-east", PlaceKind.FACILITY, "Eastmoor Cell Works (invented)", "US", "America/New_York", 4),
    InventedPlace("fac-rhine", PlaceKind.FACILITY, "Rheinau Zellwerk (invented)", "DE", "Europe/Berlin", 4),
    InventedPlace("swift", PlaceKind.COURIER, "Swiftwater Medical Couriers (invented)", "US", "America/Chicago"),
    InventedPlace("kurier-nord", PlaceKind.COURIER, "Kurierdienst Nordkap (invented)", "DE", "Europe/Berlin"),
    InventedPlace("sponsor", PlaceKind.SPONSOR, "Sponsor's office (invented)", "US", "America/Los_Angeles"),
)

FACILITY_OF_COUNTRY = {"US": "fac-east"}
"""Where the tissue of a country goes; every other one goes to the facility in Europe."""
OTHER_FACILITY = "fac-rhine"


def places(sites: int) -> tuple[InventedPlace, ...]:
    """Everything but the sites, and the first so many sites (at most 12, in 4 countries)."""
    made = (InventedPlace(key, PlaceKind.SITE, name, country, zone) for key, name, country, zone in _SITES[:sites])
    return (*_OTHERS, *made)


HOW_MANY: dict[Role, int] = {Role.OPERATOR: 4, Role.QC_ANALYST: 3, Role.QA: 3, Role.NURSE: 3}
"""People of a role at a place; two of every other role, so that two can always sign."""

_FIRST = (
    "Ada", "Bruno", "Carla", "Dario", "Edith", "Felix", "Greta", "Hugo", "Irma", "Jonas", "Klara", "Leo", "Mona",
    "Nils", "Olga", "Paul", "Rita", "Sven", "Tessa", "Urs", "Vera", "Wim", "Xenia", "Yves", "Zita", "Anton", "Berta",
    "Clemens", "Dora", "Emil", "Flora", "Georg", "Hanna", "Ivo", "Jutta", "Karl", "Lena", "Marco", "Nora", "Otto",
)  # fmt: skip
_LAST = (
    "Abelin", "Brandis", "Corvello", "Dunmere", "Eckhold", "Farrow", "Gantry", "Hollis", "Imhof", "Jarrow", "Kestrel",
    "Lambrecht", "Merrow", "Nantwich", "Osgrove", "Pellam", "Quarles", "Rushmoor", "Sandling", "Tarnow", "Underhay",
    "Varden", "Westrop", "Yarrow", "Zellin",
)  # fmt: skip


def names() -> Iterator[tuple[str, str]]:
    """First name and surname, one pair after the other; every account gets another one (1000 there are)."""
    for n in count():
        yield _FIRST[n % len(_FIRST)], _LAST[(n + n // len(_FIRST)) % len(_LAST)]


def roles_at(kind: PlaceKind) -> tuple[tuple[Role, int], ...]:
    """Which roles a place of that sort has, and how many people in each."""
    return tuple((role, HOW_MANY.get(role, 2)) for role in ROLES_AT[kind])


_PATIENTS = ("Attery", "Boscombe", "Crail", "Dovedale", "Elmhurst", "Fenwood", "Gildersome", "Holmrook", "Ivering")
"""Surnames that nobody of the staff has, so that a name in the log would be noticed."""


def participant(number: str) -> dict[str, str]:
    """The personal data of an invented participant, always the same for the same subject number."""
    seed = sum(ord(letter) * (place + 7) ** 2 for place, letter in enumerate(number))
    born = f"{1952 + seed % 37}-{seed % 12 + 1:02}-{seed % 28 + 1:02}"
    name = f"{_FIRST[seed % len(_FIRST)]} {_PATIENTS[seed // 7 % len(_PATIENTS)]}"
    return {"name": name, "record_number": f"MR{seed % 1000000:06}", "birth_date": born}
