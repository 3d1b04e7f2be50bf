"""What somebody means to do, and what there is to do it with: the two sides between which attempts are made up.

An intent is what a person at a station would hand in: label serials, evidence, who signs. Turning it into an attempt
that the engine can judge is the work of the world it happens in: a bench in memory, or the record itself.
Knows no rule of any step.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from coi_tracker.course import AccountId, Course, EventId, PlaceId
from coi_tracker.vocabulary import HowRead, Meaning, Role


@dataclass(frozen=True, slots=True)
class ScanIntent:
    """One label that is read: its serial (or any text that came), and the part it is meant for."""

    serial: str
    part: str | None = None
    how: HowRead = HowRead.SCANNED


@dataclass(frozen=True, slots=True)
class Intent:
    """An attempt as a person would hand it in. ``identify``: the identifiers of the subject are asked and compared.

    ``at`` is when it happens; ``late_reason`` makes it a late entry, recorded at ``recorded_at``.
    """

    step: str
    account: AccountId
    role: Role
    place: PlaceId
    at: datetime
    scans: tuple[ScanIntent, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    signers: tuple[tuple[AccountId, Meaning], ...] = ()
    identify: bool = False
    refers_to: EventId | None = None
    late_reason: str | None = None
    recorded_at: datetime | None = None


class NotYet(Exception):
    """No satisfying attempt can be made up now: something has to be there first. Says what."""


class Things(Protocol):
    """What exists beside a course: people, places, supplies. Each answer may raise NotYet when there is none."""

    def zone(self, place: PlaceId) -> str:
        """The IANA zone of a place."""

    def kind(self, place: PlaceId) -> str:
        """The sort of a place, a value of PlaceKind."""

    def person(
        self, roles: Collection[Role], place: PlaceId | None, *, but: Collection[AccountId] = ()
    ) -> tuple[AccountId, Role]:
        """Somebody who has one of the roles at the place (None: anywhere) and is none of ``but``."""

    def roles_at(self, account: AccountId, place: PlaceId) -> frozenset[Role]:
        """The roles of an account at a place."""

    def sponsor(self) -> PlaceId:
        """The sponsor's office."""

    def new_site(self) -> PlaceId:
        """A site for a new subject."""

    def new_facility(self) -> PlaceId:
        """A facility for a new course."""

    def courier(self) -> PlaceId:
        """A courier company."""

    def suite(self, facility: PlaceId, course: Course) -> str:
        """A suite or room of a facility that this course can have."""

    def lot(self, kind: str, day: date) -> str:
        """A lot of a kind that is in date and not recalled."""

    def equipment(self, kind: str, place: PlaceId, day: date) -> str:
        """A fit piece of equipment at a place."""

    def empty_shipper(self, at: datetime) -> str:
        """The label serial of a shipper that is loaded for nobody and valid."""

    def shipper_serial(self, shipper: str) -> str:
        """The label serial of a shipper by its id."""

    def slot_day(self, course: Course, first: date) -> date:
        """A day of receipt, not before ``first``, on which the facility of the course has room."""

    def treated_before(self, course: Course) -> bool:
        """Whether the subject was infused in another course."""

    def entry(self, course: Course) -> EventId:
        """An entry of the course's own chain."""

    def newer_version(self, course: Course) -> str:
        """A protocol version the course can move to."""
