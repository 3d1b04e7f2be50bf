"""A begun step is handed in: one attempt, with the id that was fixed when it was begun."""

from __future__ import annotations

from coi_tracker.services.floor.screen import Outcome
from coi_tracker.services.floor.standing import Standing
from coi_tracker.services.record import Record


def hand_in(record: Record, at: Standing, *, once: str | None = None) -> Outcome:
    """Record the step. Performed ends the draft; refused keeps it, until it is acknowledged and corrected.

    Handed in again without a change, the attempt id is the same: the record gives its first answer again.
    """
    raise NotImplementedError
