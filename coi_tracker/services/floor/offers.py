"""Which steps this person at this place may do now, found by letting the engine decide without writing."""

from __future__ import annotations

from coi_tracker.services.floor.screen import Offer
from coi_tracker.services.floor.standing import Standing
from coi_tracker.services.record import Record


def offers(record: Record, chain: str, *, at: Standing, serial: str | None = None) -> tuple[Offer, ...]:
    """Steps on a chain (``course/<COI>``, ``subject/<number>``, ``place/<id>``, ``study/<key>``) for the roles here.

    Those that are ready come first, and of them those in which the label ``serial`` plays a part. Empty for a chain
    with which the place has nothing to do.
    """
    raise NotImplementedError
