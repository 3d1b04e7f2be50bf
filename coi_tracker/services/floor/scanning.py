"""One scan, handled once: the function behind the capture field of a station."""

from __future__ import annotations

from coi_tracker.services.floor.screen import Outcome
from coi_tracker.services.floor.standing import Standing
from coi_tracker.services.record import Record
from coi_tracker.vocabulary import HowRead


def scan(record: Record, at: Standing, code: str, *, scan_id: str, by: HowRead = HowRead.SCANNED) -> Outcome:
    """Handle one scan or typed text. `scan_id`: a new one (up to 100 characters) for each scan, the same when repeated.

    A scan id seen before at this station and person changes nothing and gives the first verdict again. Never raises for
    what was scanned.
    """
    raise NotImplementedError
