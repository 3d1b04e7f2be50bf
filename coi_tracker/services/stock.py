"""What a place keeps for the work: lots, equipment and shippers, how each of them stands today, and where it was used.

Reads only. Who keeps it: quality assurance of the place, and an administrator, who sees no course. What somebody does
not keep is not found. Changes are made by `stock_changes`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from coi_tracker.course import PlaceId
from coi_tracker.services.record import Record
from coi_tracker.services.viewers import Viewer, may_see, seen_by
from coi_tracker.storage import registry, stock
from coi_tracker.storage.registry import Place
from coi_tracker.storage.stock import KeptEquipment, KeptLot, KeptShipper, Use
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import Role, Standing

__all__ = ["KeptEquipment", "KeptLot", "KeptShipper", "Use"]

SOON = timedelta(days=30)
"""Before its end something is called for: time enough to order another lot, or to have it calibrated."""


class Sort(StrEnum):
    """The three sorts of things that are kept."""

    LOT = "lot"
    EQUIPMENT = "equipment"
    SHIPPER = "shipper"


class Stands(StrEnum):
    """How a thing stands today. The worst of what holds."""

    RECALLED = "recalled"
    OUT_OF_USE = "out_of_use"
    OVER = "over"
    LOADED = "loaded"
    ENDS_SOON = "ends_soon"
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing in a list. ``code``: the lot's code, the equipment's code, or the shipper's serial.

    ``until``: the last day it may be used, at its place; None for a shipper without an end. ``at``: the same moment,
    where it is one. ``since``: the first day out of use.
    """

    sort: Sort
    code: str
    kind: str
    place: PlaceId
    stands: Stands
    until: date | None
    since: date | None = None
    recalled: bool = False
    loaded: bool = False


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds of lots and of equipment that the released protocols ask for."""

    lots: tuple[str, ...]
    equipment: tuple[str, ...]


def kinds(record: Record) -> Kinds:
    """What every version released so far asks for, whichever study it is of."""
    with record.database.read() as tx:
        found = [
            made
            for released in registry.released_protocols(tx)
            for made in record.protocol(tx, released.definition).manufactures.values()
        ]
    return Kinds(_named(made.lots for made in found), _named(made.equipment for made in found))


def _named(tables: Iterable[Mapping[str, tuple[str, ...]]]) -> tuple[str, ...]:
    return tuple(sorted({kind for table in tables for kinds in table.values() for kind in kinds}))


# --- who keeps it ---------------------------------------------------------------------------------


def kept_by(who: Viewer) -> frozenset[PlaceId] | None:
    """The places whose stock somebody keeps. None: every place's, as an administrator."""
    if who.has(Role.ADMIN):
        return None
    return answers_for(who)


def answers_for(who: Viewer) -> frozenset[PlaceId]:
    """The places of which somebody is the quality assurance: there she may know what something was used on."""
    return frozenset(one.place for one in who.roles if one.role is Role.QA)


def places_kept(record: Record, who: Viewer) -> dict[PlaceId, Place]:
    """The places whose stock somebody keeps, by id."""
    kept = kept_by(who)
    with record.database.read() as tx:
        return {one.id: one for one in registry.places(tx) if kept is None or one.id in kept}


# --- lists ----------------------------------------------------------------------------------------


def lines(record: Record, sort: Sort, places: Mapping[PlaceId, Place]) -> list[Line]:
    """Everything of a sort at these places, what ends first in front."""
    with record.database.read() as tx:
        found = list(_LISTED[sort](tx, places, record.clock()))
    return sorted(found, key=lambda one: (one.until or date.max, one.kind, one.code))


def line(record: Record, sort: Sort, code: str, places: Mapping[PlaceId, Place]) -> Line | None:
    """One thing of these places; None for what is not there, and for what is somebody else's."""
    return next((one for one in lines(record, sort, places) if one.code == code), None)


def _lots(tx: Transaction, places: Mapping[PlaceId, Place], now: datetime) -> Iterable[Line]:
    for kept in stock.lots(tx, places):
        if kept.place is not None:
            yield _lot_line(kept, kept.place, _day(now, places[kept.place].zone))


def _lot_line(kept: KeptLot, place: PlaceId, today: date) -> Line:
    lot = kept.lot
    stands = Stands.RECALLED if lot.recalled else _by_day(lot.expires, today)
    return Line(Sort.LOT, lot.code, lot.kind, place, stands, lot.expires, recalled=lot.recalled)


def _equipment(tx: Transaction, places: Mapping[PlaceId, Place], now: datetime) -> Iterable[Line]:
    for kept in stock.equipment(tx, places):
        one = kept.equipment
        stands = _by_day(one.fit_until, _day(now, places[one.place].zone))
        stands = Stands.OUT_OF_USE if kept.out_since else stands
        yield Line(Sort.EQUIPMENT, one.code, one.kind, one.place, stands, one.fit_until, kept.out_since)


def _shippers(tx: Transaction, places: Mapping[PlaceId, Place], now: datetime) -> Iterable[Line]:
    for kept in stock.shippers(tx, places):
        zone = places[kept.home].zone
        until = None if kept.valid_until is None else _day(kept.valid_until, zone)
        loaded = kept.loaded_for is not None
        stands = _shipper_stands(kept, until, now, _day(now, zone))
        yield Line(Sort.SHIPPER, kept.serial, "shipper", kept.home, stands, until, kept.out_since, loaded=loaded)


def _shipper_stands(kept: KeptShipper, until: date | None, now: datetime, today: date) -> Stands:
    over = kept.valid_until is not None and kept.valid_until < now
    if kept.out_since is not None or over:
        return Stands.OVER if kept.out_since is None else Stands.OUT_OF_USE
    if kept.loaded_for is not None:
        return Stands.LOADED
    return Stands.GOOD if until is None else _by_day(until, today)


def _by_day(until: date, today: date) -> Stands:
    if until < today:
        return Stands.OVER
    return Stands.ENDS_SOON if until - today <= SOON else Stands.GOOD


def _day(now: datetime, zone: str) -> date:
    return now.astimezone(ZoneInfo(zone)).date()


_LISTED = {Sort.LOT: _lots, Sort.EQUIPMENT: _equipment, Sort.SHIPPER: _shippers}


def narrowed(found: Iterable[Line], *, search: str = "", place: str = "", stands: Collection[str] = ()) -> list[Line]:
    """Those that fit: a part of the code or kind, the place, how it stands. What is empty fits everything."""
    wanted = _bare(search)
    return [
        one
        for one in found
        if wanted in _bare(f"{one.code} {one.kind}")
        and (not place or one.place == place)
        and (not stands or one.stands in stands)
    ]


def _bare(text: str) -> str:
    """Without what people write one way and programs another: IL-2 and il2, bag set and bag_set."""
    return text.casefold().translate({ord(one): None for one in " _-"})


# --- where it was used ----------------------------------------------------------------------------


def uses(record: Record, one: Line, *, who: Viewer) -> list[Use] | None:
    """The courses that a lot or equipment was used on, running ones first; None for who is not its quality assurance.

    Of them those that this person may know of.
    """
    if one.place not in answers_for(who):
        return None
    seen, values = seen_by(who)
    ask = {Sort.LOT: stock.uses_of_lot, Sort.EQUIPMENT: stock.uses_of_equipment}[one.sort]
    with record.database.read() as tx:
        found = ask(tx, one.code, seen=seen, values=values)
    return sorted(found, key=lambda use: use.standing in _OVER)


_OVER = frozenset({Standing.CLOSED, Standing.TERMINATED, Standing.WITHDRAWN})


def loaded_for(record: Record, serial: str, *, who: Viewer) -> str | None:
    """The COI of the course whose things are in a shipper, for who may know of it."""
    with record.database.read() as tx:
        found = stock.find_shipper(tx, serial)
        if found is None or found.loaded_for is None or not who.reads_courses:
            return None
        return found.loaded_for if may_see(tx, who, found.loaded_for) else None
