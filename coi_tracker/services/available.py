"""What is free: shippers, suites, days of a facility, protocol versions; and the state of any chain.

Reads only, for planning screens and the simulated trial. What is free here may be taken a moment later: the step
that takes it finds out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from coi_tracker.course import Course, Definition, Equipment, Lot
from coi_tracker.services.record import Record
from coi_tracker.storage import registry, stock
from coi_tracker.storage.around import AroundRequest, read_around
from coi_tracker.storage.chains import read_chain
from coi_tracker.storage.course_rows import load_course
from coi_tracker.storage.registry import AccountRole, Place, Station
from coi_tracker.storage.types import utc_from_text, utc_text

_SHIPPERS = """
SELECT s.serial FROM shippers s
WHERE (s.valid_until IS NULL OR s.valid_until > :at)
AND NOT EXISTS (SELECT 1 FROM shipper_loads o WHERE o.shipper = s.id AND o.closed_event IS NULL)
AND NOT EXISTS (SELECT 1 FROM out_of_use u WHERE u.thing = s.serial)
ORDER BY s.serial
"""


@dataclass(frozen=True, slots=True)
class SetUp:
    """Everything of the set-up that work can use."""

    places: tuple[Place, ...]
    stations: tuple[Station, ...]
    roles: tuple[AccountRole, ...]
    lots: tuple[Lot, ...]
    equipment: tuple[Equipment, ...]


def set_up(record: Record) -> SetUp:
    """What there is now; accounts that are not active and what is out of use are left out."""
    with record.database.read() as tx:
        active = [one.id for one in registry.accounts(tx) if one.active]
        return SetUp(
            places=tuple(registry.places(tx)),
            stations=tuple(s for s in registry.stations(tx) if s.active),
            roles=tuple(role for one in active for role in registry.roles_of(tx, one)),
            lots=tuple(registry.lots(tx)),
            equipment=tuple(one.equipment for one in stock.equipment(tx) if one.out_since is None),
        )


def chains_of(record: Record, kind: str) -> list[str]:
    """The names of all chains of a sort (course, subject, ...), in order."""
    with record.database.read() as tx:
        rows = tx.query("SELECT chain FROM chains WHERE chain LIKE :start ORDER BY chain", start=f"{kind}/%")
    return [str(row[0]) for row in rows]


def last_moment(record: Record) -> datetime | None:
    """When the latest entry was recorded."""
    with record.database.read() as tx:
        found = tx.query("SELECT max(recorded_at) FROM events")[0][0]
    return None if found is None else utc_from_text(str(found))


def state_of(record: Record, chain: str) -> Course | None:
    """What a chain is now. None: it has no performed entry."""
    with record.database.read() as tx:
        locked = read_chain(tx, chain)
        return None if locked is None else load_course(tx, locked)


def empty_shippers(record: Record, at: datetime) -> list[str]:
    """The label serials of the shippers that are in use, loaded for nobody and valid then, in order."""
    with record.database.read() as tx:
        return [str(row[0]) for row in tx.query(_SHIPPERS, at=utc_text(at))]


def shipper_serials(record: Record) -> dict[str, str]:
    """The label serial of every shipper, by its id."""
    with record.database.read() as tx:
        return {str(key): str(serial) for key, serial in tx.query("SELECT id, serial FROM shippers ORDER BY id")}


def free_suite(record: Record, suites: Iterable[str], *, coi: str | None) -> str | None:
    """The first suite that holds nothing of another course and is cleared for no other."""
    with record.database.read() as tx:
        for suite in suites:
            use = read_around(tx, AroundRequest(coi=coi, suite=suite)).suite
            if use is not None and use.claimed_by in (None, coi) and not (use.other_containers or use.other_labels):
                return suite
    return None


def receipt_day(
    record: Record, facility: str, *, process_days: Sequence[int], first: date, within: int = 120
) -> date | None:
    """The first day from `first` on which a facility has a free position on every process day after it."""
    days = tuple(first + timedelta(days=n) for n in range(within + max(process_days) + 1))
    with record.database.read() as tx:
        loads = read_around(tx, AroundRequest(facility=facility, days=days)).days
    free = {load.day for load in loads if not load.closed and len(load.taken) < load.capacity}
    wanted = (first + timedelta(days=n) for n in range(within))
    return next((day for day in wanted if all(day + timedelta(days=p) in free for p in process_days)), None)


def was_treated(record: Record, study: str, subject: str, *, but: str | None = None) -> bool:
    """Whether the subject was infused in a course other than `but`."""
    with record.database.read() as tx:
        others = read_around(tx, AroundRequest(coi=but, study=study, subject=subject)).others
    return any(other.infused for other in others)


def released_versions(record: Record, study: str) -> dict[str, Definition]:
    """The protocol versions released for a study, oldest first."""
    with record.database.read() as tx:
        rows = tx.query(
            "SELECT version, key, digest FROM study_protocols WHERE study = :s ORDER BY released_at, version", s=study
        )
    return {str(row[0]): Definition(str(row[1]), str(row[0]), str(row[2])) for row in rows}
