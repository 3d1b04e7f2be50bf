"""What is planned for courses: booked days of manufacture, and the day of infusion. For planning programs.

Reads only, two statements a page. Holds no weight, height or laboratory value: those are for who treats.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

from coi_tracker.services import queries
from coi_tracker.services.queries import CourseFilter, CourseLine
from coi_tracker.services.record import Record
from coi_tracker.services.viewers import Viewer


@dataclass(frozen=True, slots=True)
class Slot:
    """One of a facility's places on a day."""

    day: date
    position: int
    purpose: str


@dataclass(frozen=True, slots=True)
class PlanLine:
    """What is planned for one course. ``infusion_at``: an instant, as the plan has it; None: not planned yet."""

    coi: str
    site: str
    facility: str | None
    treatment: str
    standing: str
    slots: tuple[Slot, ...]
    infusion_at: str | None
    regimen: str | None
    confirmed: bool
    blocked: bool


@dataclass(frozen=True, slots=True)
class PlanPage:
    """A page of plans, those of the newest courses first."""

    plans: tuple[PlanLine, ...]
    number: int
    pages: int
    total: int


def plans(record: Record, wanted: CourseFilter, *, page: int, who: Viewer | None) -> PlanPage:
    """The plans of the courses that fit and `who` may know of."""
    found = queries.courses(record, wanted, page=page, who=who)
    cois = [one.coi for one in found.courses]
    with record.database.read() as tx:
        rows = tx.query(
            "SELECT k.coi, k.facility, c.state FROM courses k JOIN chains c ON c.chain = k.chain WHERE k.coi IN {cois}",
            cois=cois,
        )
        booked = tx.query(
            "SELECT coi, day, position, purpose FROM bookings WHERE coi IN {cois} ORDER BY day, position", cois=cois
        )
    known = {coi: (facility, json.loads(state)["facts"]) for coi, facility, state in rows}
    slots: dict[str, list[Slot]] = {}
    for coi, day, position, purpose in booked:
        slots.setdefault(coi, []).append(Slot(date.fromisoformat(str(day)), position, purpose))
    lines = tuple(_line(one, *known[one.coi], slots.get(one.coi, [])) for one in found.courses)
    return PlanPage(lines, found.number, found.pages, found.total)


def _line(course: CourseLine, facility: str | None, facts: dict[str, object], slots: list[Slot]) -> PlanLine:
    infusion, regimen = facts.get("plan.infusion_at"), facts.get("plan.regimen")
    return PlanLine(
        coi=course.coi,
        site=course.site,
        facility=facility,
        treatment=course.treatment,
        standing=course.standing,
        slots=tuple(slots),
        infusion_at=None if infusion is None else str(infusion),
        regimen=None if regimen is None else str(regimen),
        confirmed="plan.confirmed" in facts,
        blocked="plan.blocked" in facts,
    )
