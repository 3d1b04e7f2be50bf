"""Courses, containers and deadlines as lines of a screen: without names, and without what the place may not know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from coi_tracker.course import Container, Course, Hold
from coi_tracker.process.look import hours
from coi_tracker.protocols.model import Protocol
from coi_tracker.services import plain
from coi_tracker.services.floor.containers import printed
from coi_tracker.services.floor.screen import ContainerLine, CourseLine, HoldLine, Timer, Words
from coi_tracker.services.floor.standing import Standing
from coi_tracker.vocabulary import ContainerKind, ContainerState, PlaceKind


def concerned(course: Course, at: Standing) -> bool:
    """Whether the place has to do with the course: its site, its facility, who holds or is offered something of it."""
    held = {c.holder for c in course.containers.values()} | {c.offered_to for c in course.containers.values()}
    return at.concerns(frozenset({course.site, course.facility, *held}))


def course_line(course: Course, at: Standing, holds: Iterable[Hold] = ()) -> CourseLine:
    """Whose course it is and where it stands. `holds`: those around it too."""
    known = at.place.kind is PlaceKind.SITE and at.place.id == course.site
    kind, _, key = course.chain.partition("/")
    return CourseLine(
        chain=course.chain,
        coi=course.coi,
        display=_called(kind, key, course, at),
        subject=course.subject.number if course.subject is not None and (known or kind == "subject") else None,
        cohort=course.cohort,
        site=course.site,
        facility=course.facility,
        site_name=None if course.site is None else at.called(course.site),
        facility_name=None if course.facility is None else at.called(course.facility),
        material=str(course.material),
        disposition=str(course.disposition),
        treatment=str(course.treatment),
        standing=str(course.standing),
        holds=tuple(
            HoldLine(h.id, str(h.scope), h.target, tuple(str(b) for b in h.blocks), h.reason, at.say(h.target))
            for h in (*course.holds, *holds)
        ),
    )


def _called(kind: str, key: str, course: Course, at: Standing) -> str:
    """What people call it: the COI in groups, the number of a subject, the name of a place, the study."""
    if course.coi is not None:
        return plain.coi(course.coi)
    return {"place": at.called(key), "study": plain.study(key)}.get(kind, key)


def container_line(one: Container, at: Standing, wrong: tuple[Words, ...] = ()) -> ContainerLine:
    """One container as it is now."""
    return ContainerLine(
        id=one.id,
        kind=str(one.kind),
        part=one.part,
        state=str(one.state),
        serial=printed(one.serial) or "",
        label=str(one.label),
        holder=one.holder,
        offered_to=one.offered_to,
        position=one.position,
        shipper=one.shipper,
        expires_at=one.expires_at,
        wrong=wrong,
        holder_name=at.called(one.holder),
        offered_name=None if one.offered_to is None else at.called(one.offered_to),
        shipper_serial=None if one.shipper is None else printed(one.shipper.removeprefix("shipper/")),
    )


def timers(course: Course, protocol: Protocol | None) -> tuple[Timer, ...]:
    """What runs out at the bedside: every thawed bag, every check of one, the first deadline first."""
    return () if protocol is None else tuple(sorted(_timers(course, protocol), key=lambda t: t.deadline))


def _timers(course: Course, protocol: Protocol) -> Iterator[Timer]:
    for bag in course.of_kind(ContainerKind.BAG):
        if bag.state is not ContainerState.IN_USE:
            continue
        if bag.thawed_at is not None:
            limit = protocol.product.thaw_limit
            words = f"infused within {hours(limit)} of thaw"
            yield Timer("thaw", words, bag.id, bag.thawed_at, bag.thawed_at + limit)
        if bag.verified_at is not None:
            valid = protocol.product.bedside_check_valid
            words = f"started within {hours(valid)} of the check at the bedside"
            yield Timer("bedside_check", words, bag.id, bag.verified_at, bag.verified_at + valid)
