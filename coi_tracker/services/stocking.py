"""Putting lots, equipment and shippers into the record: the rows, and the entry in the chain of their place.

Each function is one transaction, knows no rule and asks nobody for authority. What a person may put, and how, is said
by `stock_changes`, which the pages and the command line use.
"""

from __future__ import annotations

import re
from datetime import date, datetime

from coi_tracker.course import Actor, Container, ContainerId, Equipment, Lot, PlaceId
from coi_tracker.custody_log.chain import place_chain
from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import EquipmentCode, LabelSerial
from coi_tracker.services.changes import write_change
from coi_tracker.services.record import Record
from coi_tracker.storage import holdings, registry, stock
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import ContainerKind, ContainerState, LabelState

LOT_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
"""What the code of a lot may be."""


def refuse_unknown_place(tx: Transaction, place: str) -> None:
    """Raise NotUnderstood for a place that the record does not know."""
    if place not in {one.id for one in registry.places(tx)}:
        raise NotUnderstood(expected="a place of the record", came=repr(place[:40]), do="name one, or add it first")


def put_lot(
    record: Record,
    code: str,
    *,
    kind: str,
    expires: date,
    place: str,
    by: Actor,
    reason: str,
    recalled: bool = False,
) -> Lot:
    """An ancillary lot that a place received, or what is known of it from now on (a recall)."""
    if not LOT_CODE.fullmatch(code):
        expected = "the code of a lot of 1 to 40 letters, digits and . _ -"
        raise NotUnderstood(expected=expected, came=repr(code[:60]), do="choose another one")
    new = Lot(code, kind, expires, recalled)
    with record.database.write() as tx:
        refuse_unknown_place(tx, place)
        old = registry.find_lot(tx, code)
        registry.put_lots(tx, [new])
        stock.keep_lot_at(tx, code, place=place)
        chain = place_chain(place)
        write_change(record, tx, chain=chain, what="lot", key=code, old=old, new=new, by=by, reason=reason)
    return new


def put_equipment(
    record: Record,
    place: str,
    *,
    kind: str,
    fit_until: date,
    by: Actor,
    reason: str,
    code: EquipmentCode | None = None,
) -> EquipmentCode:
    """Equipment at a place: new equipment gets a code, what is there (`code`) a new end of its calibration."""
    wanted = code or EquipmentCode.issue(record.draw)
    new = Equipment(wanted.text, kind, PlaceId(place), fit_until)
    with record.database.write() as tx:
        refuse_unknown_place(tx, place)
        old = next((one for one in registry.equipment(tx) if one.code == new.code), None)
        registry.put_equipment(tx, [new])
        chain = place_chain(place)
        write_change(record, tx, chain=chain, what="equipment", key=new.code, old=old, new=new, by=by, reason=reason)
    return wanted


def add_shipper(
    record: Record,
    home: str,
    *,
    by: Actor,
    reason: str,
    valid_until: datetime | None = None,
    serial: LabelSerial | None = None,
) -> Container:
    """A shipping box that belongs to no course, with its label applied. `valid_until`: the end of its qualification.

    Raises Conflict when the serial was given before.
    """
    label = serial or LabelSerial.issue(record.draw)
    shipper = _shipper(label, home, valid_until)
    with record.database.write() as tx:
        refuse_unknown_place(tx, home)
        new = {"home": home, "id": shipper.id, "serial": label.text, "valid_until": valid_until}
        chain = place_chain(home)
        entry = write_change(
            record, tx, chain=chain, what="shipper", key=shipper.id, old=None, new=new, by=by, reason=reason
        )
        holdings.register_shipper(tx, shipper, home=home, entry=entry)
    return shipper


def _shipper(label: LabelSerial, home: str, valid_until: datetime | None) -> Container:
    return Container(
        id=ContainerId(f"shipper/{label.text}"),
        coi=None,
        kind=ContainerKind.SHIPPER,
        part=0,
        state=ContainerState.STORED,
        serial=label.text,
        label=LabelState.APPLIED,
        holder=PlaceId(home),
        expires_at=valid_until,
    )
