"""A satisfying attempt for any step, made up from what the step declares it needs; and the earliest right time for it.

Knows no particular step: a need that is declared is met by the rule for its class (`meeting`), so a new step of known
needs is satisfied without a change here. Does not decide anything: the engine does.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from coi_tracker.course import Container, Course, PlaceId
from coi_tracker.process.bedside import DoseDue, Il2Due, PlanDayIsToday, due_dose, regimen_of
from coi_tracker.process.custody import contents
from coi_tracker.process.look import limit_of, read_instant
from coi_tracker.process.records import KnownContainer
from coi_tracker.process.scans import Scan
from coi_tracker.process.shipping import ContentsHeld, ContentsHere
from coi_tracker.process.spec import Step
from coi_tracker.process.timing import OnDay, Within
from coi_tracker.protocols.model import Protocol
from coi_tracker.simulation import meeting_care  # noqa: F401  registers its rules with `meet`
from coi_tracker.simulation.draft import Draft
from coi_tracker.simulation.intent import Intent, NotYet, Things
from coi_tracker.simulation.meeting import meet
from coi_tracker.simulation.values import local, morning
from coi_tracker.vocabulary import ContainerKind, ContainerState, PlaceKind

AT_THE_SITE = frozenset({ContainerKind.TISSUE_JAR, ContainerKind.WRISTBAND})
"""Kinds whose labels are issued and used at the site; the others are the facility's."""


def satisfy(
    step: Step,
    protocol: Protocol,
    course: Course,
    things: Things,
    *,
    now: datetime,
    choose: random.Random | None = None,
    **wishes: Any,
) -> Intent:
    """An attempt that meets every need of the step, at ``now`` or at the earliest right time after it.

    ``wishes``: evidence by field name, and ``place``, ``role``, ``containers`` (ids to choose from), ``how_many`` (most
    to scan, by part), ``lasting`` (how long what is recorded took). ``choose`` gives variety where several things would
    do. Raises NotYet when something has to be there first.
    """
    place = place_for(step, course, things, wishes)
    at = max(now, earliest(step, protocol, course, things.zone(place)) or now)
    draft = Draft(step, protocol, course, things, place, at, choose, wishes)
    draft.lasting = wishes.get("lasting", timedelta(0))
    for need in step.needs:
        meet(need, draft)
    for field in step.fields:  # what is wished for is given, even where no need insists on it (a deviation)
        if field.name in wishes:
            draft.evidence.setdefault(field.name, wishes[field.name])
    return draft.finished()


def earliest(step: Step, protocol: Protocol, course: Course, zone: str) -> datetime | None:
    """The earliest right time that the windows of the step allow, as far as they say; None when none of them does."""
    found = list(_starts(step, protocol, course, zone))
    return max(found, default=None)


def _starts(step: Step, protocol: Protocol, course: Course, zone: str) -> Iterator[datetime]:
    for need in step.needs_of(Within):
        start = _start_of(course, need.since)
        if start is not None and need.after is not None:
            yield start + limit_of(need.after, protocol, course)
    for need in step.needs_of(OnDay):
        start = _start_of(course, need.since)
        if start is not None:
            days = timedelta(days=limit_of(need.day, protocol, course))
            yield morning(local(start, zone) + days, zone)
    if step.needs_of(Il2Due):
        yield from _il2(protocol, course)
    if "plan.infusion_at" in course.facts:
        yield from (morning(day, zone) for day in _planned(step, protocol, course, zone))


def _planned(step: Step, protocol: Protocol, course: Course, zone: str) -> Iterator[date]:
    """Days that the plan gives the step."""
    infusion = local(read_instant(course.facts["plan.infusion_at"]), zone)
    if step.needs_of(PlanDayIsToday):
        yield infusion + timedelta(days=regimen_of(protocol, course).first_day)
    due = due_dose(protocol, course) if step.needs_of(DoseDue) else None
    if due is not None:
        yield due.date(infusion)


def _il2(protocol: Protocol, course: Course) -> Iterator[datetime]:
    given = bool(course.facts.get("il2"))
    clock = "infusion.end_at" if protocol.il2.clock_starts == "infusion_end" else "infusion.start_at"
    since = course.facts.get("il2.last_at" if given else clock)
    window = protocol.il2.interval if given else protocol.il2.first_after
    if since is not None:
        yield read_instant(since) + window.start


def _start_of(course: Course, since: str) -> datetime | None:
    if since in course.done:
        return course.done[since].at
    return read_instant(course.facts[since]) if since in course.facts else None


def place_for(step: Step, course: Course, things: Things, wishes: Mapping[str, Any]) -> PlaceId:
    """Where the step would be done: as wished, where the containers are, or a place of a kind the step allows."""
    if "place" in wishes:
        return PlaceId(wishes["place"])
    holder = _holder(step, course, things, wishes)
    if holder is not None:
        return holder
    kinds = [kind for kind in PlaceKind if kind in step.at]
    if "kind" in wishes and len(kinds) > 1:
        kinds = [PlaceKind.SITE if wishes["kind"] in AT_THE_SITE else PlaceKind.FACILITY]
    for kind in kinds:
        place = _place(kind, course, things)
        try:
            things.person(step.by, place)
        except NotYet:
            continue
        return place
    raise NotYet(f"{step.name}: nobody in the right place")


def _place(kind: PlaceKind, course: Course, things: Things) -> PlaceId:
    if kind is PlaceKind.SITE:
        return course.site or things.new_site()
    if kind is PlaceKind.FACILITY:
        return course.facility or things.new_facility()
    if kind is PlaceKind.SPONSOR:
        return things.sponsor()
    offered = {c.offered_to for c in contents(course) if c.offered_to is not None}
    couriers = sorted(p for p in offered if things.kind(p) == PlaceKind.COURIER)
    return couriers[0] if couriers else things.courier()


def _holder(step: Step, course: Course, things: Things, wishes: Mapping[str, Any]) -> PlaceId | None:
    """Where the shipper is handed over, or the container that a scan of any kind or an id could be about."""
    packed = contents(course) if step.needs_of(ContentsHeld) or step.needs_of(ContentsHere) else ()
    if packed:
        return packed[0].holder
    anything: list[Container] = []
    for scan in step.needs_of(Scan):
        if scan.kind is None:
            anything += [c for c in course.containers.values() if _fits(scan, c)]
    for known in step.needs_of(KnownContainer):
        anything += [c for c in course.containers.values() if c.state in known.states]
    named = {*wishes.get("containers", ()), *([wishes["container"]] if "container" in wishes else [])}
    for one in sorted(anything, key=lambda c: c.id):
        if (not named or one.id in named) and things.kind(one.holder) in step.at:
            return one.holder
    return None


def _fits(scan: Scan, one: Container) -> bool:
    return one.state in scan.states and (scan.labels is None or one.label in scan.labels)


def labels_wanted(step: Step, protocol: Protocol, course: Course) -> dict[ContainerKind, int]:
    """How many verified labels of each kind the step still lacks, for scans of containers about to be filled."""
    wanted: dict[ContainerKind, int] = {}
    for scan in step.needs_of(Scan):
        if scan.kind is None or scan.states != {ContainerState.LABELLED}:
            continue
        low = scan.count[0] if isinstance(scan.count, tuple) else limit_of(scan.count, protocol, course).low
        have = sum(1 for c in course.of_kind(scan.kind) if c.state is ContainerState.LABELLED)
        if low > have:
            wanted[scan.kind] = low - have
    return wanted
