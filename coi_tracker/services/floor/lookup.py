"""Scan anything: what it is, whose, where it stands, who holds it, what is wrong with it."""

from __future__ import annotations

from coi_tracker.services.floor.screen import Sighting
from coi_tracker.services.floor.standing import Standing
from coi_tracker.services.record import Record


def look_up(record: Record, code: str, *, at: Standing) -> Sighting:
    """What a scan or typed text is, to this person at this place. Raises nothing, records nothing.

    What belongs to a course with which the place has nothing to do tells only that it does not belong here.
    """
    raise NotImplementedError
