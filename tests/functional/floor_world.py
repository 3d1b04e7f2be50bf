"""A record with courses at many points of the process, made once, for the tests of the scan station."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from coi_tracker.course import Container, Course
from coi_tracker.identity import CoiId, LabelSerial, ScanPayload
from coi_tracker.services import available, rebuild
from coi_tracker.services.record import Record
from coi_tracker.simulation.furnishing import reopened
from coi_tracker.simulation.premises import Premises
from coi_tracker.simulation.walking import Reached, Waiting, Walk, run
from coi_tracker.vocabulary import ContainerKind, PlaceKind, Role, Standing
from tests.functional.station import Station, furnished, opened

PREPARED = "S-001"
"""Slot, wristband on the patient, three verified jar labels: the tissue can be taken."""
NEIGHBOUR = "S-002"
"""The same, another patient of the same site."""
FAR = "S-003"
"""The same, at another site."""
AGAIN = "S-004"
"""A second course of a subject; the first was terminated."""
PACKED = "S-005"
"""Two jars of tissue, packed."""
INSIDE = "S-006"
"""Tissue accepted, flasks labelled, the line cleared."""
BEDSIDE = "S-007"
"""Two bags at the site, lymphodepletion complete, one bag thawed."""
SHIPPED = "S-008"
"""Two bags with the courier, offered to the site."""


def make(url: str) -> None:
    """Fill an empty database."""
    record, premises = furnished(url)
    site, other = premises.of_kind(PlaceKind.SITE)[:2]
    for number, place, story in (
        (PREPARED, site, prepared),
        (NEIGHBOUR, site, prepared),
        (FAR, other, prepared),
        (AGAIN, site, twice),
        (PACKED, site, packed),
        (INSIDE, site, inside),
        (BEDSIDE, site, bedside),
        (SHIPPED, site, shipped),
    ):
        premises.site = place
        run(record, story(Walk(record, premises, premises.new_chain(f"subject/{number}"), place, jars=3, bags=2)))
    record.database.close()


def prepared(s: Walk) -> Waiting:
    yield from s.enrol()
    yield from s.prepare()


def twice(s: Walk) -> Waiting:
    yield from prepared(s)
    yield from s.do("terminate_course")
    s.course = None
    yield from s.enrol(again=True)
    yield from s.prepare()


def packed(s: Walk) -> Waiting:
    yield from prepared(s)
    yield from s.day_before_slot()
    yield from s.perform("procure_tissue")
    yield from s.do("pack")


def inside(s: Walk) -> Waiting:
    yield from prepared(s)
    yield from s.procure()
    yield from s.labels(ContainerKind.FLASK, 2)
    yield from s.do("clear_line")


def shipped(s: Walk) -> Waiting:
    yield from prepared(s)
    yield from s.procure()
    yield from s.manufacture()
    yield from s.results()
    yield from s.do("release_product")
    s.until = "accept_product_by_courier"
    try:
        yield from s.ship()
    except Reached:
        s.until = None


def bedside(s: Walk) -> Waiting:
    yield from prepared(s)
    yield from s.procure()
    yield from s.manufacture()
    yield from s.results()
    yield from s.do("release_product")
    yield from s.ship()
    yield from s.plan()
    yield from s.deplete()
    yield from s.do("thaw_bag")


@dataclass
class World:
    """The record opened again at its last moment, and who works there."""

    record: Record
    premises: Premises
    courses: dict[str, Course] = field(default_factory=dict)

    @classmethod
    def at(cls, url: str) -> World:
        first = opened(url)
        last = available.last_moment(first)
        first.database.close()
        assert last is not None
        record = opened(url, now=last)
        return cls(record, reopened(record))

    def course(self, number: str) -> Course:
        """The latest course of a subject, as it is now."""
        return max(self.all_of(number), key=lambda c: c.standing != Standing.TERMINATED)

    def all_of(self, number: str) -> list[Course]:
        found = [available.state_of(self.record, chain) for chain in available.chains_of(self.record, "course")]
        return [c for c in found if c is not None and c.subject is not None and c.subject.number == number]

    def station(self, role: Role, place: str, *, nth: int = 0) -> Station:
        """A person with the role at the place."""
        workers = [w for w in self.premises.workers if w.role == role and w.place == place]
        return Station.of(self.record, self.premises, workers[nth].account, place)

    def other(self, role: Role, place: str) -> str:
        """The account of a second person."""
        return [w.account for w in self.premises.workers if w.role == role and w.place == place][1]

    def containers(self, number: str, kind: ContainerKind) -> tuple[Container, ...]:
        return self.course(number).of_kind(kind)

    def close(self) -> None:
        self.record.database.close()


@pytest.fixture
def world(prepared_database: Callable[..., str]) -> Iterator[World]:
    """A copy of the record; afterwards its state equals the fold of its log."""
    opened_again = World.at(prepared_database(make))
    yield opened_again
    assert rebuild.check(opened_again.record).findings == ()
    opened_again.close()


def payload(one: Container) -> str:
    """What the symbol on a container says."""
    coi = None if one.coi is None else CoiId(one.coi)
    return ScanPayload(coi, LabelSerial(one.serial)).format()
