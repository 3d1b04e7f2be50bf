"""Makes the premises of an invented trial in an empty record, every change through the set-up services.

The clock of the record says when; its chance draws codes. People get one invented password, and each of them
authenticates once: after that a simulation hands in their signatures as authenticated.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from coi_tracker.course import AccountId, PlaceId
from coi_tracker.errors import BrokenPromise
from coi_tracker.identity import BadgeCode
from coi_tracker.protocols.loading import builtin, builtin_keys
from coi_tracker.protocols.model import Protocol
from coi_tracker.services import available, people, setup
from coi_tracker.services.changes import INSTALLER
from coi_tracker.services.record import Record
from coi_tracker.simulation import fictions
from coi_tracker.simulation.fictions import InventedPlace
from coi_tracker.simulation.premises import Premises, StockedLot, Worker
from coi_tracker.storage.registry import Place
from coi_tracker.vocabulary import PlaceKind, Role

STUDY = "iov_lun_202"
AMENDMENT = "iov_lun_202_amendment"
PASSWORD = "invented people only"  # noqa: S105  nobody real, in a record of a simulation
REASON = "set up for the invented trial"
YEARS = 3
LOTS_OF_A_KIND = 4
PIECES_OF_A_KIND = 2
LAPSING = frozenset({Role.OPERATOR, Role.NURSE})
"""Roles in which every place has one person more, whose training ends soon."""
LAPSES_AFTER = 45


def furnish(
    record: Record, *, sites: int = 12, shippers: int = 24, chance: random.Random | None = None, study: str = STUDY
) -> Premises:
    """Make everything: study, places, people, stations, lots, equipment, shippers. The record has none of it yet."""
    protocol = builtin(study)
    places = {PlaceId(one.id): _place(record, one) for one in fictions.places(sites)}
    premises = Premises(
        record=record,
        study=protocol.key,
        places=places,
        workers=tuple(_workers(record, places)),
        stations={place: _station(record, place) for place in places},
        lots=list(_lots(record, protocol)),
        equipment_codes=_equipment(record, protocol, places),
        chance=chance,
    )
    premises.release(study)
    _shippers(record, places, shippers)
    return premises


def _place(record: Record, one: InventedPlace) -> Place:
    return setup.put_place(
        record,
        one.id,
        kind=one.kind,
        name=one.name,
        country=one.country,
        zone=one.zone,
        daily_capacity=one.daily_capacity,
        by=INSTALLER,
        reason=REASON,
    )


def _workers(record: Record, places: Mapping[PlaceId, Place]) -> Iterator[Worker]:
    named = fictions.names()
    until, soon = _later(record, 365 * YEARS).date(), _later(record, LAPSES_AFTER).date()
    for place in places.values():
        for role, number in fictions.roles_at(place.kind):
            for trained in [until] * number + [soon] * (role in LAPSING):
                first, last = next(named)
                yield _hired(record, first, last, Worker(AccountId(f"{first}.{last}".lower()), role, place.id, trained))


def _hired(record: Record, first: str, last: str, worker: Worker) -> Worker:
    people.add_account(
        record,
        worker.account,
        name=f"{first} {last}",
        by=INSTALLER,
        reason=REASON,
        password=PASSWORD,
        badge=BadgeCode.issue(record.draw),
        hasher=people.INVENTED,
    )
    people.give_role(
        record,
        worker.account,
        role=worker.role,
        place=worker.place,
        trained_until=worker.until,
        by=INSTALLER,
        reason=REASON,
    )
    if people.authenticate(record, worker.account, PASSWORD) is None:
        raise BrokenPromise(expected="an account that can sign", came=worker.account, do="report this fault")
    return worker


def _station(record: Record, place: PlaceId) -> str:
    return setup.put_station(record, place, name=f"Scanner 1 of {place}", by=INSTALLER, reason=REASON).text


def _lots(record: Record, protocol: Protocol) -> Iterator[StockedLot]:
    kinds = sorted({kind for m in protocol.manufactures.values() for kinds in m.lots.values() for kind in kinds})
    for kind in kinds:
        for n in range(1, LOTS_OF_A_KIND + 1):
            lot = StockedLot(f"LOT-{kind}-{n}", kind, _later(record, 270 * n).date())
            home = fictions.OTHER_FACILITY
            setup.put_lot(record, lot.code, kind=kind, expires=lot.expires, place=home, by=INSTALLER, reason=REASON)
            yield lot


def _equipment(
    record: Record, protocol: Protocol, places: Mapping[PlaceId, Place]
) -> dict[tuple[PlaceId, str], tuple[str, ...]]:
    kinds = sorted({kind for m in protocol.manufactures.values() for kinds in m.equipment.values() for kind in kinds})
    fit: date = _later(record, 365 * YEARS).date()
    return {
        (place.id, kind): tuple(
            setup.put_equipment(record, place.id, kind=kind, fit_until=fit, by=INSTALLER, reason=REASON).text
            for _ in range(PIECES_OF_A_KIND)
        )
        for place in places.values()
        if place.kind is PlaceKind.FACILITY
        for kind in kinds
    }


def _shippers(record: Record, places: Mapping[PlaceId, Place], number: int) -> None:
    homes = [key for key, place in places.items() if place.kind is PlaceKind.FACILITY]
    for n in range(number):
        until: datetime = _later(record, 365 * YEARS)
        setup.add_shipper(record, homes[n % len(homes)], valid_until=until, by=INSTALLER, reason=REASON)


def _later(record: Record, days: int) -> datetime:
    return record.clock() + timedelta(days=days)


def reopened(record: Record, *, chance: random.Random | None = None, study: str = STUDY) -> Premises:
    """The premises of a record that was furnished before, read back from it."""
    found = available.set_up(record)
    lots = [StockedLot(one.code, one.kind, one.expires, one.recalled) for one in found.lots]
    kinds = sorted({(one.place, one.kind) for one in found.equipment})
    premises = Premises(
        record=record,
        study=study,
        places={place.id: place for place in found.places},
        workers=tuple(Worker(r.account, r.role, r.place, r.trained_until or date.min) for r in found.roles),
        stations={one.place: one.code for one in reversed(found.stations)},
        lots=lots,
        equipment_codes={
            key: tuple(one.code for one in found.equipment if (one.place, one.kind) == key) for key in kinds
        },
        chance=chance,
    )
    shipped = {builtin(key).digest: builtin(key) for key in builtin_keys()}
    released = available.released_versions(record, study).values()
    premises.protocols.update({one.digest: shipped[one.digest] for one in released if one.digest in shipped})
    return premises
