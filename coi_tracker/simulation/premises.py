"""What an invented trial stands on: a study, places, people, stations and supplies, made through the set-up services.

`Premises` knows what was made and answers what there is (`Things`), looking up in the record what may be taken
meanwhile: shippers, suites, days. Decides nothing about any step.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from coi_tracker.course import AccountId, Course, Definition, EventId, PlaceId
from coi_tracker.process.describe import definition
from coi_tracker.protocols.loading import builtin, builtin_text
from coi_tracker.protocols.model import Protocol
from coi_tracker.services import available, setup
from coi_tracker.services.changes import INSTALLER
from coi_tracker.services.record import Record
from coi_tracker.simulation.fictions import FACILITY_OF_COUNTRY, OTHER_FACILITY
from coi_tracker.simulation.intent import NotYet
from coi_tracker.storage.registry import Place
from coi_tracker.vocabulary import PlaceKind, Role

SUITES = 6
"""Suites of a facility."""


@dataclass(frozen=True, slots=True)
class Worker:
    """An account with its role at its place. ``until``: the last day of its training."""

    account: AccountId
    role: Role
    place: PlaceId
    until: date


@dataclass(frozen=True, slots=True)
class StockedLot:
    """An ancillary lot. Several of a kind follow one another."""

    code: str
    kind: str
    expires: date
    recalled: bool = False


@dataclass
class Premises:
    """What was made. ``chance`` None: the first that fits is taken; otherwise any that fits."""

    record: Record
    study: str
    places: Mapping[PlaceId, Place]
    workers: tuple[Worker, ...]
    stations: Mapping[PlaceId, str]
    lots: list[StockedLot]
    equipment_codes: Mapping[tuple[PlaceId, str], tuple[str, ...]]
    protocols: dict[str, Protocol] = field(default_factory=dict)  # by digest
    chance: random.Random | None = None
    site: PlaceId | None = None  # where new subjects come to; None: the first site

    # --- courses

    def protocol_of(self, course: Course) -> Protocol:
        """The protocol version a course is under."""
        return self.protocols[course.protocol.digest]

    def latest(self) -> Definition:
        """The version that new courses are opened under."""
        return list(available.released_versions(self.record, self.study).values())[-1]

    def new_chain(self, chain: str) -> Course:
        """A chain without an entry, as the services would see it."""
        return Course(chain, definition(self.record.process), self.latest())

    def release(self, key: str) -> Definition:
        """Release a shipped protocol file for the study, and know it."""
        text, record = builtin_text(key), self.record
        found = setup.release_protocol(record, text, by=INSTALLER, reason="released for the invented trial")
        self.protocols[found.digest] = builtin(key)
        return found

    def of_kind(self, kind: PlaceKind) -> tuple[PlaceId, ...]:
        """The places of one sort, in the order they were made."""
        return tuple(key for key, place in self.places.items() if place.kind is kind)

    def facility_for(self, site: PlaceId) -> PlaceId:
        """Where the tissue of a site goes."""
        return PlaceId(FACILITY_OF_COUNTRY.get(self.places[site].country, OTHER_FACILITY))

    def today(self, place: PlaceId) -> date:
        """The calendar day at a place."""
        return self.record.clock().astimezone(ZoneInfo(self.zone(place))).date()

    def people(self, role: Role, place: PlaceId) -> tuple[Worker, ...]:
        """Everybody with a role at a place, trained or not."""
        return tuple(w for w in self.workers if w.role is role and w.place == place)

    # --- what there is (see `Things`)

    def zone(self, place: PlaceId) -> str:
        """The IANA zone of a place."""
        return self.places[place].zone

    def kind(self, place: PlaceId) -> str:
        """The sort of a place."""
        return self.places[place].kind

    def person(
        self, roles: Collection[Role], place: PlaceId | None, *, but: Collection[AccountId] = ()
    ) -> tuple[AccountId, Role]:
        """Somebody trained who fits; anywhere (``place`` None) means the sponsor's, who sign everywhere."""
        where = place or self.sponsor()
        today = self.today(where)
        fit = [
            w for w in self.workers if w.place == where and w.role in roles and w.account not in but and w.until > today
        ]
        if not fit:
            raise NotYet(f"{' or '.join(sorted(roles))} at {where}")
        found = fit[0] if self.chance is None else self.chance.choice(fit)
        return found.account, found.role

    def roles_at(self, account: AccountId, place: PlaceId) -> frozenset[Role]:
        """The roles of an account at a place."""
        return frozenset(w.role for w in self.workers if w.account == account and w.place == place)

    def sponsor(self) -> PlaceId:
        """The sponsor's office."""
        return self.of_kind(PlaceKind.SPONSOR)[0]

    def new_site(self) -> PlaceId:
        """The site that new subjects come to."""
        return self.site or self.of_kind(PlaceKind.SITE)[0]

    def new_facility(self) -> PlaceId:
        """The facility of that site."""
        return self.facility_for(self.new_site())

    def courier(self) -> PlaceId:
        """A courier."""
        found = self.of_kind(PlaceKind.COURIER)
        return found[0] if self.chance is None else self.chance.choice(found)

    def suites(self, facility: PlaceId) -> tuple[str, ...]:
        """The suites of a facility."""
        return tuple(f"{facility}/suite-{n}" for n in range(1, SUITES + 1))

    def suite(self, facility: PlaceId, course: Course) -> str:
        """The first suite that is free for the course."""
        found = available.free_suite(self.record, self.suites(facility), coi=course.coi)
        return found or _missing(f"a free suite at {facility}")

    def lot(self, kind: str, day: date) -> str:
        """The lot of the kind that expires first, of those in date and not recalled."""
        fit = sorted((x for x in self.lots if x.kind == kind and x.expires > day and not x.recalled), key=_expiry)
        return fit[0].code if fit else _missing(f"a lot of {kind}")

    def recall(self, code: str) -> None:
        """A lot is recalled: the record and these premises know it."""
        n = next(i for i, one in enumerate(self.lots) if one.code == code)
        old = self.lots[n] = replace(self.lots[n], recalled=True)
        setup.put_lot(
            self.record,
            code,
            kind=old.kind,
            expires=old.expires,
            place=OTHER_FACILITY,
            by=INSTALLER,
            reason="recalled by its supplier",
            recalled=True,
        )

    def equipment(self, kind: str, place: PlaceId, day: date) -> str:
        """A piece of equipment of the kind at the place."""
        found = self.equipment_codes.get((place, kind)) or (_missing(f"{kind} at {place}"),)
        return found[0] if self.chance is None else self.chance.choice(found)

    def empty_shipper(self, at: datetime) -> str:
        """A shipper that nobody has loaded."""
        free = available.empty_shippers(self.record, at)
        return next(iter(free), "") or _missing("an empty shipper")

    def shipper_serial(self, shipper: str) -> str:
        """The serial is the second half of the id: the label of a shipper is never reprinted here."""
        return shipper.split("/", 1)[1]

    def slot_day(self, course: Course, first: date) -> date:
        """The first day with room at the facility of the course."""
        manufacture = self.protocol_of(course).manufactures[course.manufacture or ""]
        facility = course.facility or self.new_facility()
        found = available.receipt_day(self.record, facility, process_days=manufacture.process_days, first=first)
        if found is None:
            raise NotYet(f"a free day at {facility}")
        return found

    def treated_before(self, course: Course) -> bool:
        """Whether another course of the subject was infused."""
        if course.subject is None:
            return False
        return available.was_treated(self.record, self.study, course.subject.number, but=course.coi)

    def entry(self, course: Course) -> EventId:
        """The latest performed entry of the chain."""
        latest = max(course.done.values(), key=lambda d: d.at, default=None)
        if latest is None:
            raise NotYet("an entry to refer to")
        return latest.event

    def newer_version(self, course: Course) -> str:
        """The latest version, when it is another one than the course's."""
        latest = self.latest().version
        return latest if latest != course.protocol.version else _missing("a newer version")


def _expiry(lot: StockedLot) -> tuple[date, str]:
    return lot.expires, lot.code


def _missing(what: str) -> str:
    raise NotYet(what)
