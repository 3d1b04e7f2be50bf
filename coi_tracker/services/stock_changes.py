"""Changes of the stock of a place: adding, recalling, a new last day, out of use and back, each with its reason.

Each function is one transaction: the place's chain is locked first, so that the value before is the one that is
replaced, and a step that rests on it comes before or after. Who calls has found out with `stock_rules.keeper` who
changes; what an administrator may not is refused here. Adds no rule to the process: a step finds a recalled or
expired lot, or what is out of use, in its rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import NoReturn
from zoneinfo import ZoneInfo

from coi_tracker.course import Actor, Lot, PlaceId
from coi_tracker.custody_log.chain import place_chain
from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import EquipmentCode, LabelSerial
from coi_tracker.services.changes import write_change
from coi_tracker.services.record import Record
from coi_tracker.services.stock import Sort, kinds
from coi_tracker.services.stock_rules import from_supplier, known_kind, last_day, lot_code, refuse_letting_go_on
from coi_tracker.services.stocking import add_shipper as put_shipper
from coi_tracker.services.stocking import put_equipment, refuse_unknown_place
from coi_tracker.storage import course_rows, registry, stock
from coi_tracker.storage.around import AroundRequest, read_around
from coi_tracker.storage.chains import lock_chain
from coi_tracker.storage.faults import Conflict
from coi_tracker.storage.stock import KeptEquipment, KeptLot, KeptShipper
from coi_tracker.storage.transaction import Transaction

LAST_MOMENT = time(23, 59, 59)


def today_at(record: Record, place: str) -> date:
    """The calendar day at a place. Raises NotUnderstood for a place that is not there."""
    return record.clock().astimezone(ZoneInfo(_zone(record, place))).date()


def _zone(record: Record, place: str) -> str:
    with record.database.read() as tx:
        refuse_unknown_place(tx, place)
        return next(one.zone for one in registry.places(tx) if one.id == place)


@contextmanager
def _changing(record: Record, place: str) -> Iterator[Transaction]:
    """A transaction that has the place to itself."""
    chain = place_chain(place)
    with record.database.write() as tx:
        lock_chain(tx, chain, exclusive=(chain,), create=True)
        yield tx


# --- lots -----------------------------------------------------------------------------------------


def add_lot(
    record: Record,
    code: str,
    *,
    kind: str,
    expires: date | None,
    place: str,
    by: Actor,
    reason: str,
    past_meant: bool = False,
) -> Lot:
    """A lot that a place received. `past_meant`: its day is over, and still it is entered, for late entries.

    `code`: as its supplier wrote it, or the text of the supplier's GS1 symbol; then `expires` may be left out.
    """
    code, expires = from_supplier(code, expires)
    day = last_day(expires, today=today_at(record, place), past_meant=past_meant)
    new = Lot(lot_code(code), known_kind(kind, kinds(record).lots, of="lot"), day)
    try:
        with _changing(record, place) as tx:
            _refuse_taken(tx, new.code, place)
            stock.add_lot(tx, new, place=place)
            _write(record, tx, place, what="lot", key=code, old=None, new=new, by=by, reason=reason)
    except Conflict as conflict:
        raise _taken(code, "another place") from conflict
    return new


def _refuse_taken(tx: Transaction, code: str, place: str) -> None:
    found = stock.find_lot(tx, code)
    if found is not None:
        raise _taken(code, f"this place, as a lot of {found.lot.kind}" if found.place == place else "another place")


def _taken(code: str, by: str) -> NotUnderstood:
    return NotUnderstood(
        expected="a lot code that is not in the record",
        came=f"{code}, which was entered by {by}",
        do="look at the container again; a lot of the record can be scanned at every place as it is",
    )


def change_lot(
    record: Record,
    code: str,
    *,
    by: Actor,
    reason: str,
    expires: date | None = None,
    kind: str | None = None,
    past_meant: bool = False,
) -> Lot:
    """Another last day, as its supplier says or to correct it; another kind, as long as it went into nothing."""
    place = _place_of_lot(record, code)
    today = today_at(record, place)
    known = kinds(record).lots
    with _changing(record, place) as tx:
        old = _lot(tx, code).lot
        day = old.expires if expires in (None, old.expires) else last_day(expires, today=today, past_meant=past_meant)
        new = replace(old, expires=day, kind=kind or old.kind)
        if new.kind != old.kind:
            _refuse_used(tx, old, known_kind(new.kind, known, of="lot"))
        if day > old.expires or new.kind != old.kind:
            refuse_letting_go_on(by, "a later day or another kind of a lot")
        _put_lot(record, tx, place, old, new, by=by, reason=reason)
    return new


def _refuse_used(tx: Transaction, lot: Lot, kind: str) -> None:
    if stock.is_used(tx, lot.code):
        raise NotUnderstood(
            expected=f"lot {lot.code} as a lot of {lot.kind}, which it was when it was used",
            came=kind,
            do="recall it and open a deviation, if it never was one",
        )


def recall_lot(record: Record, code: str, *, by: Actor, reason: str, recalled: bool = True) -> Lot:
    """Nobody may use it any more; or a recall is taken back, by quality."""
    place = _place_of_lot(record, code)
    if not recalled:
        refuse_letting_go_on(by, "taking a recall back")
    with _changing(record, place) as tx:
        old = _lot(tx, code).lot
        new = replace(old, recalled=recalled)
        _put_lot(record, tx, place, old, new, by=by, reason=reason)
    return new


def _place_of_lot(record: Record, code: str) -> PlaceId:
    with record.database.read() as tx:
        found = _lot(tx, code)
    if found.place is None:
        raise _unknown("a lot that a place entered", code)
    return found.place


def _lot(tx: Transaction, code: str) -> KeptLot:
    return stock.find_lot(tx, code) or _missing("a lot of the record", code)


def _put_lot(record: Record, tx: Transaction, place: str, old: Lot, new: Lot, *, by: Actor, reason: str) -> None:
    _refuse_the_same(old, new)
    registry.put_lots(tx, [new])
    _write(record, tx, place, what="lot", key=new.code, old=old, new=new, by=by, reason=reason)


# --- equipment ------------------------------------------------------------------------------------


def add_equipment(
    record: Record, place: str, *, kind: str, fit_until: date | None, by: Actor, reason: str, past_meant: bool = False
) -> EquipmentCode:
    """A piece of equipment at a place; its code is drawn."""
    day = last_day(fit_until, today=today_at(record, place), past_meant=past_meant)
    known = known_kind(kind, kinds(record).equipment, of="equipment")
    return put_equipment(record, place, kind=known, fit_until=day, by=by, reason=reason)


def calibrate(
    record: Record, code: str, *, fit_until: date | None, by: Actor, reason: str, past_meant: bool = False
) -> None:
    """Another end of its calibration."""
    place = _equipment_at(record, code)
    day = last_day(fit_until, today=today_at(record, place), past_meant=past_meant)
    with _changing(record, place) as tx:
        old = _equipment(tx, code).equipment
        if day > old.fit_until:
            refuse_letting_go_on(by, "a later end of a calibration")
        new = replace(old, fit_until=day)
        _refuse_the_same(old, new)
        registry.put_equipment(tx, [new])
        _write(record, tx, place, what="equipment", key=code, old=old, new=new, by=by, reason=reason)


def use_equipment(record: Record, code: str, *, in_use: bool, by: Actor, reason: str) -> None:
    """Out of use from today on, or back."""
    place = _equipment_at(record, code)
    with _changing(record, place) as tx:
        old = _equipment(tx, code).out_since
        _put_use(record, tx, place, (Sort.EQUIPMENT, code, code), old, in_use=in_use, by=by, reason=reason)


def _equipment_at(record: Record, code: str) -> PlaceId:
    with record.database.read() as tx:
        return _equipment(tx, code).equipment.place


def _equipment(tx: Transaction, code: str) -> KeptEquipment:
    return stock.find_equipment(tx, code) or _missing("equipment of the record", code)


# --- shippers -------------------------------------------------------------------------------------


def add_shipper(
    record: Record, home: str, *, until: date | None, by: Actor, reason: str, past_meant: bool = False
) -> LabelSerial:
    """A shipper that a place owns, qualified to the end of a day there; its label's serial is drawn."""
    day = last_day(until, today=today_at(record, home), past_meant=past_meant)
    at = _end_of(day, _zone(record, home))
    return LabelSerial(put_shipper(record, home, valid_until=at, by=by, reason=reason).serial)


def qualify(
    record: Record, serial: str, *, until: date | None, by: Actor, reason: str, past_meant: bool = False
) -> None:
    """Another end of its qualification."""
    place = _home(record, serial)
    day = last_day(until, today=today_at(record, place), past_meant=past_meant)
    at = _end_of(day, _zone(record, place))
    with _changing(record, place) as tx:
        old = _shipper(tx, serial)
        if old.valid_until is not None and at > old.valid_until:
            refuse_letting_go_on(by, "a later end of a qualification")
        _refuse_the_same(old.valid_until, at)
        stock.qualify_shipper(tx, serial, valid_until=at)
        container = read_around(tx, AroundRequest(serials=(serial,))).labels[serial].container
        course_rows.save_container(tx, replace(container, expires_at=at))
        before, after = {"valid_until": old.valid_until}, {"valid_until": at}
        _write(record, tx, place, what="shipper", key=old.id, old=before, new=after, by=by, reason=reason)


def use_shipper(record: Record, serial: str, *, in_use: bool, by: Actor, reason: str) -> None:
    """Out of use from today on, or back. What is in it goes on to where it is sent; nothing more is packed."""
    place = _home(record, serial)
    with _changing(record, place) as tx:
        old = _shipper(tx, serial)
        thing = (Sort.SHIPPER, old.id, serial)
        _put_use(record, tx, place, thing, old.out_since, in_use=in_use, by=by, reason=reason)


def _home(record: Record, serial: str) -> PlaceId:
    with record.database.read() as tx:
        return _shipper(tx, serial).home


def _shipper(tx: Transaction, serial: str) -> KeptShipper:
    return stock.find_shipper(tx, serial) or _missing("a shipper of the record", serial)


def _end_of(day: date, zone: str) -> datetime:
    return datetime.combine(day, LAST_MOMENT, ZoneInfo(zone)).astimezone(UTC)


# --- what they share ------------------------------------------------------------------------------


def _put_use(
    record: Record,
    tx: Transaction,
    place: str,
    thing: tuple[Sort, str, str],
    old: date | None,
    *,
    in_use: bool,
    by: Actor,
    reason: str,
) -> None:
    """`thing`: its sort, its key in the log, and what is printed on it."""
    sort, key, code = thing
    if in_use:
        refuse_letting_go_on(by, "taking something into use again")
        stock.put_into_use(tx, code)
        new = None
    else:
        zone = next(one.zone for one in registry.places(tx) if one.id == place)
        new = old or record.clock().astimezone(ZoneInfo(zone)).date()
        stock.put_out_of_use(tx, code, since=new)
    _refuse_the_same(old, new)
    before, after = {"out_of_use_since": old}, {"out_of_use_since": new}
    _write(record, tx, place, what=sort, key=key, old=before, new=after, by=by, reason=reason)


def _write(
    record: Record,
    tx: Transaction,
    place: str,
    *,
    what: str,
    key: str,
    old: object,
    new: object,
    by: Actor,
    reason: str,
) -> None:
    chain = place_chain(place)
    write_change(record, tx, chain=chain, what=what, key=key, old=old, new=new, by=by, reason=reason)


def _refuse_the_same(old: object, new: object) -> None:
    if old == new:
        raise NotUnderstood(
            expected="something else than what is known already", came="the same", do="nothing had to be changed"
        )


def _unknown(expected: str, code: str) -> NotUnderstood:
    return NotUnderstood(expected=expected, came=ascii(code[:60]), do="look at the list, or add it first")


def _missing(expected: str, code: str) -> NoReturn:
    raise _unknown(expected, code)
