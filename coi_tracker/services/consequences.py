"""What a performed step changes outside of its own course: slots, suites, shippers, holds, subjects, uses of lots.

Follows from the course before and after and from the entry; decides nothing. The database refuses what somebody
else was quicker with, and the attempt is then decided anew.
"""

from __future__ import annotations

from datetime import date

from coi_tracker.course import Course, Event
from coi_tracker.storage import holdings
from coi_tracker.storage.around import AroundRows
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import HoldScope

PURPOSES = ("receipt", "rapid_expansion", "scale_up", "harvest")


def write(tx: Transaction, before: Course | None, after: Course, event: Event, rows: AroundRows) -> None:
    """Queue every such change."""
    if event.step == "register_subject" and after.subject is not None:
        holdings.register_subject(tx, after.subject, event=event.id)
    _holds(tx, before, after, event)
    if after.coi is None:
        return
    _slot(tx, before, after)
    _suite(tx, before, after, rows)
    _shipper(tx, before, after, event)
    lots, equipment = event.evidence.get("lots"), event.evidence.get("equipment")
    holdings.use_lots(tx, after.coi, lots=lots or (), event=event.id)
    holdings.use_equipment(tx, after.coi, equipment=equipment or (), event=event.id)


def _holds(tx: Transaction, before: Course | None, after: Course, event: Event) -> None:
    shared = {HoldScope.PLACE, HoldScope.STUDY}
    old = {h.id: h for h in (before.holds if before else ()) if h.scope in shared}
    new = {h.id: h for h in after.holds if h.scope in shared}
    for key in new.keys() - old.keys():
        holdings.place_hold(tx, new[key], event=event.id)
    for key in old.keys() - new.keys():
        holdings.lift_hold(tx, key, event=event.id)


def _slot(tx: Transaction, before: Course | None, after: Course) -> None:
    """A slot booked, or given back when the course ends before its tissue came."""
    was, now = (before.facts.get("slot") if before else None), after.facts.get("slot")
    if was == now or after.coi is None or after.facility is None:
        return
    if was is not None:
        holdings.unbook(tx, after.coi)
    for purpose, (day, position) in zip(PURPOSES, now or (), strict=False):
        holdings.book(
            tx,
            after.coi,
            facility=after.facility,
            day=date.fromisoformat(day),
            position=position,
            purpose=purpose,
        )


def _suite(tx: Transaction, before: Course | None, after: Course, rows: AroundRows) -> None:
    was, now = (before.facts.get("line.suite") if before else None), after.facts.get("line.suite")
    if was == now or after.coi is None:
        return
    if was is not None:
        holdings.leave_suite(tx, was, coi=after.coi)
    if now is not None:
        held = rows.suite.claimed_by if rows.suite else None
        holdings.claim_suite(tx, now, coi=after.coi, instead_of=held)


def _shipper(tx: Transaction, before: Course | None, after: Course, event: Event) -> None:
    was, now = (before.facts.get("shipper") if before else None), after.facts.get("shipper")
    if was == now or after.coi is None:
        return
    if was is not None:
        holdings.unload_shipper(tx, was, coi=after.coi, event=event.id)
    if now is not None:
        holdings.load_shipper(tx, now, coi=after.coi, event=event.id)
