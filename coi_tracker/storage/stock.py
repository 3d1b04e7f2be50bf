"""Lots, equipment and shippers with the place that keeps them, and the courses they were used on.

Off the hot path: a step reads what it needs of these through `around`. Knows no rule and no state in words.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from coi_tracker.course import Equipment, Lot, PlaceId
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.types import utc_from_text, utc_from_text_or_none, utc_text_or_none
from coi_tracker.vocabulary import Material, Standing


@dataclass(frozen=True, slots=True)
class KeptLot:
    """A lot and the place that entered it. ``place`` None: the log tells of none."""

    lot: Lot
    place: PlaceId | None


@dataclass(frozen=True, slots=True)
class KeptEquipment:
    """A piece of equipment, and since when it is out of use."""

    equipment: Equipment
    out_since: date | None = None


@dataclass(frozen=True, slots=True)
class KeptShipper:
    """A shipper. ``loaded_for``: the COI of the course that is in it now."""

    id: str
    serial: str
    home: PlaceId
    valid_until: datetime | None
    loaded_for: str | None = None
    out_since: date | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """A course that something was used on, by which step, and when that was recorded."""

    coi: str
    standing: Standing
    material: Material
    step: str
    at: datetime


_LOTS = "SELECT l.code, l.kind, l.expires, l.recalled, h.place FROM lots l LEFT JOIN lot_homes h ON h.lot = l.code"
_EQUIPMENT = (
    "SELECT e.code, e.kind, e.place, e.fit_until, u.since FROM equipment e LEFT JOIN out_of_use u ON u.thing = e.code"
)
_SHIPPERS = (
    "SELECT s.id, s.serial, s.home, s.valid_until, o.coi, u.since FROM shippers s "
    "LEFT JOIN shipper_loads o ON o.shipper = s.id AND o.closed_event IS NULL "
    "LEFT JOIN out_of_use u ON u.thing = s.serial"
)


def lots(tx: Transaction, places: Collection[str] | None = None) -> list[KeptLot]:
    """Lots of these places (None: of all), by code."""
    rows = _of_places(tx, _LOTS, "h.place", places, order="l.code")
    return [_lot(row) for row in rows]


def equipment(tx: Transaction, places: Collection[str] | None = None) -> list[KeptEquipment]:
    """Equipment of these places (None: of all), by kind and code."""
    return [_equipment(row) for row in _of_places(tx, _EQUIPMENT, "e.place", places, order="e.kind, e.code")]


def shippers(tx: Transaction, places: Collection[str] | None = None) -> list[KeptShipper]:
    """Shippers whose home is one of these places (None: any), by serial."""
    return [_shipper(row) for row in _of_places(tx, _SHIPPERS, "s.home", places, order="s.serial")]


def _of_places(
    tx: Transaction, sql: str, column: str, places: Collection[str] | None, *, order: str
) -> list[tuple[Any, ...]]:
    if places is None:
        return tx.query(f"{sql} ORDER BY {order}")
    return tx.query(f"{sql} WHERE {column} IN {{places}} ORDER BY {order}", places=tuple(places)) if places else []


def find_lot(tx: Transaction, code: str) -> KeptLot | None:
    """One lot."""
    row = tx.one(f"{_LOTS} WHERE l.code = :code", code=code)
    return None if row is None else _lot(row)


def find_equipment(tx: Transaction, code: str) -> KeptEquipment | None:
    """One piece of equipment."""
    row = tx.one(f"{_EQUIPMENT} WHERE e.code = :code", code=code)
    return None if row is None else _equipment(row)


def find_shipper(tx: Transaction, serial: str) -> KeptShipper | None:
    """One shipper."""
    row = tx.one(f"{_SHIPPERS} WHERE s.serial = :serial", serial=serial)
    return None if row is None else _shipper(row)


def _lot(row: tuple[Any, ...]) -> KeptLot:
    code, kind, expires, recalled, place = row
    return KeptLot(Lot(code, kind, date.fromisoformat(expires), bool(recalled)), place and PlaceId(place))


def _equipment(row: tuple[Any, ...]) -> KeptEquipment:
    code, kind, place, fit_until, since = row
    return KeptEquipment(Equipment(code, kind, PlaceId(place), date.fromisoformat(fit_until)), _day(since))


def _shipper(row: tuple[Any, ...]) -> KeptShipper:
    key, serial, home, valid_until, coi, since = row
    return KeptShipper(key, serial, PlaceId(home), utc_from_text_or_none(valid_until), coi, _day(since))


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


# --- changing -------------------------------------------------------------------------------------


def add_lot(tx: Transaction, lot: Lot, *, place: str) -> None:
    """Queue a new lot of a place. Conflict pk_lots: its code is in the record already."""
    tx.write(
        "INSERT INTO lots (code, kind, expires, recalled) VALUES (:code, :kind, :expires, :recalled)",
        {"code": lot.code, "kind": lot.kind, "expires": lot.expires.isoformat(), "recalled": lot.recalled},
    )
    keep_lot_at(tx, lot.code, place=place)


def keep_lot_at(tx: Transaction, lot: str, *, place: str) -> None:
    """Queue which place entered a lot; nothing where one has already."""
    sql = "INSERT INTO lot_homes (lot, place) VALUES (:lot, :place) ON CONFLICT (lot) DO NOTHING"
    tx.write(sql, {"lot": lot, "place": place})


def put_out_of_use(tx: Transaction, thing: str, *, since: date) -> None:
    """Queue that equipment (by code) or a shipper (by serial) is not used from a day on."""
    tx.write(
        "INSERT INTO out_of_use (thing, since) VALUES (:thing, :since) "
        "ON CONFLICT (thing) DO UPDATE SET since = excluded.since",
        {"thing": thing, "since": since.isoformat()},
    )


def put_into_use(tx: Transaction, thing: str) -> None:
    """Queue the opposite."""
    tx.write("DELETE FROM out_of_use WHERE thing = :thing", {"thing": thing})


def qualify_shipper(tx: Transaction, serial: str, *, valid_until: datetime) -> None:
    """Queue another end of a shipper's qualification. (Its container is saved by whoever has read it.)"""
    tx.write(
        "UPDATE shippers SET valid_until = :until WHERE serial = :serial",
        {"until": utc_text_or_none(valid_until), "serial": serial},
        touching=1,
    )


# --- uses -----------------------------------------------------------------------------------------

_USES = """
SELECT u.coi, k.standing, k.material, e.step, e.recorded_at FROM {table} u
JOIN courses k ON k.coi = u.coi JOIN events e ON e.id = u.event_id
WHERE u.{column} = :thing AND {seen} ORDER BY e.recorded_at DESC, u.coi
"""


def uses_of_lot(tx: Transaction, lot: str, *, seen: str, values: dict[str, str]) -> list[Use]:
    """The courses that a lot went into, the latest use first. `seen`, `values`: which of them may be known of."""
    sql = _USES.format(table="lot_uses", column="lot", seen=seen)
    return [_use(row) for row in tx.query(sql, thing=lot, **values)]


def uses_of_equipment(tx: Transaction, code: str, *, seen: str, values: dict[str, str]) -> list[Use]:
    """The same of a piece of equipment."""
    sql = _USES.format(table="equipment_uses", column="equipment", seen=seen)
    return [_use(row) for row in tx.query(sql, thing=code, **values)]


def is_used(tx: Transaction, lot: str) -> bool:
    """Whether a lot went into any course."""
    return bool(tx.query("SELECT 1 FROM lot_uses WHERE lot = :lot LIMIT 1", lot=lot))


def _use(row: tuple[Any, ...]) -> Use:
    coi, standing, material, step, recorded_at = row
    return Use(coi, Standing(standing), Material(material), step, utc_from_text(recorded_at))
