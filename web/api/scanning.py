"""Asking what a scan is and what may be done with it: the same questions as the scan station's page asks."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import LabelSerial, ScanPayload, read_scan
from coi_tracker.services import tokens
from coi_tracker.services.floor import lookup, offers
from coi_tracker.services.floor.screen import Offer, Sighting
from coi_tracker.services.floor.standing import Standing, standing
from coi_tracker.vocabulary import Scope
from web.api.callers import caller, for_scope, person, refuse_elsewhere
from web.api.shapes import ScanIn, ScanOut
from web.session import record

blueprint = APIBlueprint("scanning", __name__, tag="Recording")


@blueprint.post("/scans")
@for_scope(Scope.WRITE_ATTEMPTS)
@blueprint.input(ScanIn, arg_name="given")
@blueprint.output(ScanOut)
@blueprint.doc(summary="What is this, and what may be done with it?", operation_id="lookUp")
def look_up(given: ScanIn) -> Any:
    """What a scan is, to this station. The steps that may be done now, for the person in COI-Person. Keeps nothing."""
    at = _standing(given.station)
    found = lookup.look_up(record(), given.code, at=at)
    return {"sighting": found, "offers": _offers(found, given.code, at) if at.roles else ()}


def _standing(station: str | None) -> Standing:
    """Where the system stands, and who is there. A station's own token stands at its station, whatever is said."""
    where = caller().station or station
    if where is None:
        raise NotUnderstood(expected="the field station", came="none", do="say at which station it was scanned")
    refuse_elsewhere(where)
    nobody = tokens.standing_at(record(), caller(), where)
    who = person()
    return nobody if who is None else standing(record(), who, nobody.station)


def _offers(found: Sighting, code: str, at: Standing) -> tuple[Offer, ...]:
    if found.course is None:
        return ()
    return offers.offers(record(), found.course.chain, at=at, serial=_serial(code))


def _serial(code: str) -> str | None:
    try:
        read = read_scan(code)
    except NotUnderstood:
        return None
    if isinstance(read, ScanPayload):
        return read.serial.text
    return read.text if isinstance(read, LabelSerial) else None
