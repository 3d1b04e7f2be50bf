"""What one course can see of another, and every attempt to use it: the pair check (see docs/model_check.md).

A decision about course A sees of course B only scans of B's labels, B's standing, a suite B has cleared or stands in,
and the shipper B is packed in. So the pairs are A's reachable states times what B's reachable states show.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from coi_tracker.course import (
    Attempt,
    Container,
    ContainerId,
    Course,
    OtherCourse,
    Performed,
    Scanned,
    Shipper,
    SubjectNumber,
    SuiteUse,
)
from coi_tracker.engine import decide
from coi_tracker.simulation.intent import Intent
from coi_tracker.vocabulary import ContainerKind, ContainerState, HowRead, LabelState, Standing
from tests.model.acts import acts
from tests.model.state import sort_of
from tests.model.world import World

SAME, OTHER = "the same subject's other course", "another subject's course"


def shown(courses: Iterable[Course]) -> tuple[Container, ...]:
    """Every container that courses can show, one of each sort, as another course's."""
    found: dict[Hashable, Container] = {}
    for course in courses:
        for one in course.containers.values():
            # Who holds it, relative to A, is tried both ways by the places of A; the rest of a sort is its own.
            found.setdefault((one.kind, one.state, one.label, one.holder, one.thawed_at is None), _theirs(one))
    return tuple(found.values())


def anything_like(attempt: Attempt) -> Iterator[Container]:
    """More than B can ever show: for each kind that is read, every state under every label, held where A acts."""
    place = attempt.actor.place
    for one in {s.container.kind: s.container for s in attempt.scans if s.container is not None}.values():
        if one.kind is not ContainerKind.SHIPPER and place is not None:
            for state in ContainerState:
                for label in LabelState:
                    yield _theirs(replace(one, state=state, label=label, holder=place))


def _theirs(one: Container) -> Container:
    return replace(one, id=ContainerId(f"COTHER/{one.kind}/{one.part}"), coi="COTHER", serial=f"LTHEIRS{one.serial}")


def situations(world: World, states: Iterable[tuple[Course, datetime]]) -> Iterator[tuple[str, Course, Intent]]:
    """Every step that can be tried somewhere, once for each sort of things it reads."""
    seen: set[Hashable] = set()
    for course, now in states:
        for act in acts(world.process, world.protocol, course, now, full=True):
            prepared = world.up_to_the_last(act, course, now) if act.steps else None
            if prepared is None:
                continue
            there, intent = prepared
            by_serial = {c.serial: sort_of(there, c) for c in there.containers.values()}
            read = tuple(by_serial.get(s.serial) for s in intent.scans)
            sort = (intent.step, read, there.standing, there.material, there.treatment, intent.place)
            if sort not in seen:
                seen.add(sort)
                yield act.name, there, intent


def foreign_attempts(course: Course, attempt: Attempt, theirs: Container) -> Iterator[tuple[str, Attempt]]:
    """The attempt with B's container in place of each scan, beside the scans, and named by its id."""
    mine = course.subject.number if course.subject else SubjectNumber("")
    for whose, subject in ((SAME, mine), (OTHER, SubjectNumber("S-OTHER"))):
        scan = Scanned(
            theirs.serial,
            HowRead.SCANNED,
            serial=theirs.serial,
            label=theirs.label,
            container=theirs,
            subject=subject,
        )
        scans = attempt.scans
        for place in range(len(scans)):
            swapped = (*scans[:place], replace(scan, part=scans[place].part), *scans[place + 1 :])
            yield f"{whose}, in place of scan {place}", replace(attempt, scans=swapped)
        if scans:
            yield f"{whose}, beside the scans", replace(attempt, scans=(*scans, scan))
    if "container" in attempt.evidence:
        yield "named by its id", replace(attempt, evidence={**attempt.evidence, "container": theirs.id})


def claimed_attempts(attempt: Attempt) -> Iterator[tuple[str, Attempt]]:
    """The attempt while B has the suite, the shipper, or (of the same subject) is still open."""
    around = attempt.around
    if attempt.step == "clear_line":
        suite = str(attempt.evidence["suite"])
        for use in (SuiteUse(suite, "COTHER", 0, ()), SuiteUse(suite, None, 1, ()), SuiteUse(suite, None, 0, ("L1",))):
            yield f"suite {use}", replace(attempt, around=replace(around, suite=use))
    if around.shipper is not None:
        loaded = Shipper(ContainerId("shipper/THEIRS"), "SHIPPERTHEIRS", "COTHER", around.shipper.valid_until)
        scan = next(s for s in attempt.scans if s.container and s.container.kind is ContainerKind.SHIPPER)
        assert scan.container is not None
        theirs = replace(scan, serial=loaded.serial, container=replace(scan.container, id=loaded.id))
        scans = tuple(theirs if s is scan else s for s in attempt.scans)
        yield "B's shipper", replace(attempt, scans=scans, around=replace(around, shipper=loaded))
    if attempt.step == "open_course":
        for standing in (Standing.ACTIVE, Standing.ON_HOLD, Standing.WITHDRAWN):
            other = OtherCourse("COTHER", standing, infused=False, opened_at=datetime(2020, 1, 1, tzinfo=UTC))
            yield f"B is {standing}", replace(attempt, around=replace(around, others=(other,)))


def performed(world: World, course: Course, attempt: Attempt) -> bool:
    """Whether the attempt is performed all the same."""
    return isinstance(decide(world.process, world.protocol, course, attempt), Performed)
