"""Which station a device is, and where that station stands. Reads only."""

from __future__ import annotations

from dataclasses import dataclass

from coi_tracker.course import PlaceId
from coi_tracker.services.record import Record
from coi_tracker.vocabulary import PlaceKind


@dataclass(frozen=True, slots=True)
class StationHere:
    """A registered station and its place."""

    code: str
    name: str
    place: PlaceId
    place_name: str
    place_kind: PlaceKind
    zone: str


_STATION = """
SELECT s.code, s.name, p.id, p.name, p.kind, p.zone FROM stations s JOIN places p ON p.id = s.place
WHERE s.code = :code AND s.active
"""


def station_here(record: Record, code: str) -> StationHere | None:
    """The station with this code. None: it is not registered, or not any more."""
    with record.database.read() as tx:
        row = tx.one(_STATION, code=code)
    return None if row is None else StationHere(row[0], row[1], PlaceId(row[2]), row[3], PlaceKind(row[4]), row[5])
