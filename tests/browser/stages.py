"""Records on the way: what the tests in a browser begin with, and what the people there know.

Made once for each kind of database and copied; see `prepared_database`.
"""

from __future__ import annotations

from typing import Any

from coi_tracker.course import Container, Course
from coi_tracker.identity import CoiId, LabelSerial, ScanPayload
from coi_tracker.services import available
from coi_tracker.services.record import Record
from coi_tracker.simulation.clock import Clock
from coi_tracker.simulation.fictions import participant
from coi_tracker.simulation.furnishing import furnish
from coi_tracker.simulation.walking import drive
from coi_tracker.storage import migrate
from coi_tracker.storage.database import Database
from coi_tracker.vocabulary import ContainerKind, PlaceKind
from tests.floor import PERSONS, STARTED, Floor


def tissue_packed(url: str) -> None:
    """One course whose two jars are packed, and another one that is only opened."""
    _made(url, ("open_course", "pack"), jars=2)


def tissue_on_the_way(url: str) -> None:
    """One course whose two jars the courier has accepted."""
    _made(url, ("open_course", "accept_by_courier"), jars=2)


def product_released(url: str) -> None:
    """One course whose two bags are packed and offered to the courier."""
    _made(url, ("open_course", "release_product_to_courier"), bags=2)


def treatment_planned(url: str) -> None:
    """One course whose treatment is planned, and not confirmed yet."""
    _made(url, ("open_course", "plan_treatment"))


def at_the_bedside(url: str) -> None:
    """One course with two bags at the site, of which one is thawed."""
    _made(url, ("open_course", "thaw_bag"), bags=2)


def _made(url: str, stages: tuple[str, ...], **plan: Any) -> None:
    migrate.upgrade(url)
    database = Database(url)
    record = Record(database, clock=Clock(STARTED), person_keys=PERSONS)
    premises = furnish(record, sites=2, shippers=6)
    premises.site = premises.of_kind(PlaceKind.SITE)[0]
    for number, until in enumerate(stages):
        drive(record, premises, f"010{number}", until=until, **plan)
    database.close()


def course_at(floor: Floor, number: int = -1) -> Course:
    """A course as it is now; the last one that was made is the one that goes on."""
    found = available.state_of(floor.record, f"course/{floor.courses[number]}")
    assert found is not None
    return found


def containers(course: Course, kind: ContainerKind) -> list[Container]:
    """Those of a kind, in their order."""
    return sorted((c for c in course.containers.values() if c.kind is kind), key=lambda one: one.part)


def payload(course: Course | None, serial: str | None) -> str:
    """What the symbol of a label says."""
    coi = None if course is None else CoiId(str(course.coi))
    return ScanPayload(coi, LabelSerial(str(serial))).format()


def shipper_of(course: Course) -> str:
    """What the symbol of the shipper says that the course is packed in."""
    loaded = next(c.shipper for c in course.containers.values() if c.shipper)
    return payload(None, loaded.split("/", 1)[1])


def birth_date_of(course: Course) -> str:
    """What the person in front says."""
    return participant(number_of(course))["birth_date"]


def number_of(course: Course) -> str:
    """The number of the subject."""
    assert course.subject is not None
    return str(course.subject.number)
