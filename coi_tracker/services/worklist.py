"""The work of one person: what she may do now on which course, what is late, what is coming, what is blocked and why.

One question for every role: each step of each open course that she may know of, tried without doing it
(`next_steps`). A fixed number of statements, whatever there is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from coi_tracker.course import ContainerId, PlaceId
from coi_tracker.services.next_steps import next_steps
from coi_tracker.services.open_courses import Among, OpenCourse, OpenCourses, open_courses
from coi_tracker.services.record import Record
from coi_tracker.services.rehearsal import Setting
from coi_tracker.services.turns import NextStep, Way
from coi_tracker.services.viewers import Viewer
from coi_tracker.storage.registry import AccountRole, Place
from coi_tracker.vocabulary import FINAL_STATES, PlaceKind, Role


@dataclass(frozen=True, slots=True)
class WorkLine:
    """One step on one course. ``role``, ``place``: as whom and where she would do it; None for somebody else's turn.

    ``untrained``: her training for the role has ended, so it is refused until somebody renews it.
    """

    coi: str | None
    subject: str
    site: PlaceId | None
    what: NextStep
    role: Role | None = None
    place: PlaceId | None = None
    untrained: bool = False

    @property
    def way(self) -> Way:
        """How near it is to her: nothing she is not trained for is near."""
        return Way.BLOCKED if self.untrained and self.what.way is Way.NOW else self.what.way


@dataclass(frozen=True, slots=True)
class Carried:
    """What a place holds of a course on the way: for couriers and whoever waits for a shipment."""

    coi: str
    holder: PlaceId
    to: PlaceId | None
    containers: tuple[ContainerId, ...]


@dataclass(frozen=True, slots=True)
class CourseSeen:
    """A course as a whole, for those who watch and do not work."""

    coi: str
    subject: str
    site: PlaceId | None
    material: str
    disposition: str
    treatment: str
    standing: str
    holds: int
    deviations: int


@dataclass(frozen=True, slots=True)
class Worklist:
    """Of one page of courses all of it, as of one moment. ``others``: what others have to do on courses of her places.

    ``total``: how many courses there are, of which those from ``first`` on were looked at.
    """

    now: datetime
    mine: tuple[WorkLine, ...]
    others: tuple[WorkLine, ...]
    carried: tuple[Carried, ...]
    courses: tuple[CourseSeen, ...]
    places: dict[str, Place]
    total: int
    page: int
    pages: int
    first: int

    @property
    def more(self) -> bool:
        """Whether there are further courses on other pages."""
        return self.pages > 1

    def of(self, way: Way, *, late: bool = False) -> tuple[WorkLine, ...]:
        """Her lines that are so near; the late ones apart."""
        return tuple(line for line in self.mine if line.way is way and line.what.late is late)

    @property
    def late(self) -> tuple[WorkLine, ...]:
        """Her lines whose time is over, doable or not."""
        return tuple(line for line in self.mine if line.what.late)

    @property
    def roles(self) -> Counter[Role]:
        """How many lines she has in which role."""
        return Counter(line.role for line in self.mine if line.role is not None)


def worklist(
    record: Record, who: Viewer, *, role: Role | None = None, site: str | None = None, page: int = 1
) -> Worklist:
    """What `who` has to do. `role`: in that role only. `site`: on the courses of that site only. `page`: of courses."""
    found = open_courses(record, who, Among(site=site, page=page))
    today = found.setting.now.date()
    lines = [line for one in (*found.courses, *found.subjects) for line in _lines(record, one, found.setting, who)]
    mine = [own for line in lines for own in _own(line, who, today, role)]
    taken = {id(line.what) for line in mine}
    others = (line for line in lines if id(line.what) not in taken and line.what.way is Way.NOW)
    return Worklist(
        now=found.setting.now,
        mine=tuple(sorted(mine, key=_urgency)),
        others=tuple(sorted(others, key=_urgency)),
        carried=tuple(_carried(found, who)),
        courses=tuple(_seen(one) for one in found.courses),
        places=dict(found.setting.places),
        total=found.total,
        page=found.page,
        pages=found.pages,
        first=found.first,
    )


def _lines(record: Record, one: OpenCourse, setting: Setting, who: Viewer) -> Iterator[WorkLine]:
    course = one.course
    steps = next_steps(record.process_of(course), one.protocol, course, setting, account=who.account)
    subject = course.subject.number if course.subject is not None else ""
    yield from (WorkLine(course.coi, subject, course.site, what) for what in steps)


def _own(line: WorkLine, who: Viewer, today: date, wanted: Role | None) -> Iterator[WorkLine]:
    """The line as hers, once, in the role in which she may do it soonest."""
    fit = [r for r in who.roles if wanted in (None, r.role) and _may(line.what, r)]
    if not fit:
        return
    best = max(fit, key=lambda r: (r.trained_until or date.min, str(r.role)))
    trained = best.trained_until is not None and best.trained_until >= today
    yield WorkLine(line.coi, line.subject, line.site, line.what, best.role, best.place, untrained=not trained)


def _may(what: NextStep, has: AccountRole) -> bool:
    return has.role in what.roles and has.place in what.places


def _urgency(line: WorkLine) -> tuple[bool, str, str, str]:
    due = line.what.due_at or line.what.opens_at
    return not line.what.late, due.isoformat() if due else "9999", line.coi or line.subject, line.what.step


def _carried(found: OpenCourses, who: Viewer) -> Iterator[Carried]:
    """What is in the hands of a courier: hers, or on its way to or from a place of hers."""
    couriers = {p.id for p in found.setting.places.values() if p.kind is PlaceKind.COURIER}
    for one in found.courses:
        there = [c for c in one.course.containers.values() if c.holder in couriers and c.state not in FINAL_STATES]
        if there and one.course.coi is not None and _concerns(who, there[0].holder, there[0].offered_to):
            yield Carried(one.course.coi, there[0].holder, there[0].offered_to, tuple(c.id for c in there))


def _concerns(who: Viewer, *places: PlaceId | None) -> bool:
    return who.everywhere or any(place in who.places for place in places)


def _seen(one: OpenCourse) -> CourseSeen:
    course = one.course
    return CourseSeen(
        coi=course.coi or "",
        subject=course.subject.number if course.subject is not None else "",
        site=course.site,
        material=str(course.material),
        disposition=str(course.disposition),
        treatment=str(course.treatment),
        standing=str(course.standing),
        holds=len(course.holds),
        deviations=len(course.deviations),
    )


def due_of(record: Record, cois: Iterable[str], *, who: Viewer | None) -> dict[str, NextStep]:
    """Of each of these courses the step that is due first, whoever has to do it: for a page of a list."""
    found = open_courses(record, who, Among(cois=tuple(cois)))
    first: dict[str, NextStep] = {}
    for one in found.courses:
        steps = next_steps(record.process_of(one.course), one.protocol, one.course, found.setting)
        timed = [step for step in steps if step.due_at is not None]
        if timed and one.course.coi is not None:
            first[one.course.coi] = min(timed, key=lambda step: step.due_at or found.setting.now)
    return first
