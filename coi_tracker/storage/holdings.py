"""What courses take and give back, one row each: subjects, bookings, suites, shippers, holds, lots used.

Each function queues its rows and lets the database refuse what somebody else was quicker with. Knows no rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from coi_tracker.course import Container, Hold, Label, Subject
from coi_tracker.storage.chains import NewEntry
from coi_tracker.storage.course_codec import hold_from, text_of
from coi_tracker.storage.course_rows import issue_labels, save_container, save_labels
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.types import utc_text_or_none
from coi_tracker.vocabulary import HoldScope


def register_subject(tx: Transaction, subject: Subject, *, event: str) -> None:
    """Queue a participant, and with it the study's count. Conflict ck_studies_enrolment_limit: the study is full.

    Two who register the last place at once: one waits for the other's commit, and is refused.
    """
    tx.write(
        "INSERT INTO subjects (study, number, site, registered_event) VALUES (:study, :number, :site, :event)",
        {"study": subject.study, "number": subject.number, "site": subject.site, "event": event},
    )


def book(tx: Transaction, coi: str, *, facility: str, day: date, position: int, purpose: str) -> None:
    """Queue a booking of one position of a day. Conflict pk_bookings: somebody else was first."""
    tx.write(
        "INSERT INTO bookings (facility, day, position, coi, purpose) "
        "VALUES (:facility, :day, :position, :coi, :purpose)",
        {"facility": facility, "day": day.isoformat(), "position": position, "coi": coi, "purpose": purpose},
    )


def unbook(tx: Transaction, coi: str, *, purpose: str | None = None) -> None:
    """Queue giving back a course's bookings: all, or those for one purpose."""
    tx.write(
        "DELETE FROM bookings WHERE coi = :coi AND purpose = COALESCE(:purpose, purpose)",
        {"coi": coi, "purpose": purpose},
    )


def claim_suite(tx: Transaction, suite: str, *, coi: str, instead_of: str | None) -> None:
    """Queue a line clearance: the suite is this course's, where `instead_of` (None: nobody) had it when it was read.

    Conflict when that has changed since. A step that relies on a clearance takes ``suite/<id>`` as a shared lock,
    a clearance takes it exclusively (`chains.lock_chain`).
    """
    if instead_of is None:
        tx.write("INSERT INTO suite_claims (suite, coi) VALUES (:suite, :coi)", {"suite": suite, "coi": coi})
    else:
        tx.write(
            "UPDATE suite_claims SET coi = :coi WHERE suite = :suite AND coi = :before",
            {"suite": suite, "coi": coi, "before": instead_of},
            touching=1,
        )


def leave_suite(tx: Transaction, suite: str, *, coi: str) -> None:
    """Queue the end of a course's clearance of a suite; nothing when it has none."""
    tx.write("DELETE FROM suite_claims WHERE suite = :suite AND coi = :coi", {"suite": suite, "coi": coi})


def register_shipper(tx: Transaction, shipper: Container, *, home: str, entry: NewEntry) -> None:
    """Queue a shipper: its container, its label, which is applied, and its place at home. It belongs to no course."""
    label = Label(shipper.serial, shipper.id, shipper.kind, shipper.label)
    save_container(tx, shipper)
    issue_labels(tx, [label], coi=None, entry=entry)
    save_labels(tx, [label], coi=None)
    tx.write(
        "INSERT INTO shippers (id, serial, home, valid_until) VALUES (:id, :serial, :home, :valid_until)",
        {
            "id": shipper.id,
            "serial": shipper.serial,
            "home": home,
            "valid_until": utc_text_or_none(shipper.expires_at),
        },
    )


def load_shipper(tx: Transaction, shipper: str, *, coi: str, event: str) -> None:
    """Queue the loading of a shipper for a course. Conflict uq_shipper_loads_open: it is loaded already."""
    tx.write(
        "INSERT INTO shipper_loads (shipper, opened_event, coi) VALUES (:shipper, :event, :coi)",
        {"shipper": shipper, "event": event, "coi": coi},
    )


def unload_shipper(tx: Transaction, shipper: str, *, coi: str, event: str) -> None:
    """Queue the unloading of what a course had in a shipper."""
    tx.write(
        "UPDATE shipper_loads SET closed_event = :event "
        "WHERE shipper = :shipper AND coi = :coi AND closed_event IS NULL",
        {"shipper": shipper, "event": event, "coi": coi},
        touching=1,
    )


def place_hold(tx: Transaction, hold: Hold, *, event: str) -> None:
    """Queue a hold on a place or a study. Its target's lock has been taken exclusively (`chains.lock_chain`)."""
    tx.write(
        "INSERT INTO holds (id, scope, target, blocks, placed_by, reason, placed_event) "
        "VALUES (:id, :scope, :target, :blocks, :placed_by, :reason, :event)",
        {
            "id": hold.id,
            "scope": str(hold.scope),
            "target": hold.target,
            "blocks": text_of([str(word) for word in hold.blocks]),
            "placed_by": hold.placed_by,
            "reason": hold.reason,
            "event": event,
        },
    )


def lift_hold(tx: Transaction, hold: str, *, event: str) -> None:
    """Queue the end of a hold. Conflict when it is not there or lifted already."""
    tx.write(
        "UPDATE holds SET lifted_event = :event WHERE id = :id AND lifted_event IS NULL",
        {"id": hold, "event": event},
        touching=1,
    )


def active_holds(tx: Transaction) -> list[Hold]:
    """Every hold on a place or study that stands."""
    import json

    rows = tx.query(
        "SELECT id, scope, target, blocks, placed_by, reason FROM holds WHERE lifted_event IS NULL ORDER BY id"
    )
    return [hold_of_row(row[0], row[1], row[2], json.loads(row[3]), row[4], row[5]) for row in rows]


def hold_of_row(key: str, scope: str, target: str, blocks: list[str], placed_by: str, reason: str) -> Hold:
    """The hold of a row."""
    return hold_from(
        {
            "id": key,
            "scope": HoldScope(scope),
            "target": target,
            "blocks": blocks,
            "placed_by": placed_by,
            "reason": reason,
        }
    )


def use_lots(tx: Transaction, coi: str, *, lots: Iterable[str], event: str) -> None:
    """Queue which lots went into a course: what a recall asks for."""
    tx.write(
        "INSERT INTO lot_uses (lot, coi, event_id) VALUES (:lot, :coi, :event) ON CONFLICT DO NOTHING",
        *({"lot": lot, "coi": coi, "event": event} for lot in lots),
    )


def use_equipment(tx: Transaction, coi: str, *, equipment: Iterable[str], event: str) -> None:
    """Queue which equipment was used on a course."""
    tx.write(
        "INSERT INTO equipment_uses (equipment, coi, event_id) VALUES (:code, :coi, :event) ON CONFLICT DO NOTHING",
        *({"code": code, "coi": coi, "event": event} for code in equipment),
    )


def courses_with_lot(tx: Transaction, lot: str) -> list[str]:
    """The courses that a lot went into, by COI."""
    return [row[0] for row in tx.query("SELECT DISTINCT coi FROM lot_uses WHERE lot = :lot ORDER BY coi", lot=lot)]
