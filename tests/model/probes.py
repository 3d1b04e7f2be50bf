"""Wrong attempts in a reachable state: another container in each scan, a signature less, a flag down, another place.

Whatever is refused changes nothing; whatever is performed all the same is shown to the watchers like any event. An
attempt with another container of the same course may be right (the other bag); one with a stranger's may not be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from coi_tracker.course import Course
from coi_tracker.simulation.cast import PEOPLE, PLACES
from coi_tracker.simulation.intent import Intent
from coi_tracker.vocabulary import HoldBlocks
from tests.model.acts import Act, acts
from tests.model.state import sort_of
from tests.model.world import Turned, World


def probe(world: World, course: Course, now: datetime, *, only: str | None = None) -> int:
    """Try everything that can be tried here (or one step only), and every wrong variant of it.

    Gives how many of the variants were performed all the same.
    """
    performed = 0
    for act in _worth(world, course, now):
        if only is not None and act.steps[-1][0] != only:
            continue
        world.after(act, course, now)
        prepared = world.up_to_the_last(act, course, now)
        if prepared is None:
            continue
        there, intent = prepared
        for wrong in variants(there, intent):
            try:
                world.handed_in(wrong, there)
            except Turned:
                continue
            performed += 1
    return performed


def _worth(world: World, course: Course, now: datetime) -> Iterator[Act]:
    for act in acts(world.process, world.protocol, course, now, full=True):
        if act.steps and not act.name.startswith(("stray", "open dev", "hold")):
            yield act


def variants(course: Course, intent: Intent) -> Iterator[Intent]:
    """The attempt with one thing wrong, as people get things wrong."""
    yield from _scans(course, intent)
    for less in range(len(intent.signers)):
        yield replace(intent, signers=intent.signers[:less] + intent.signers[less + 1 :])
    for name, value in intent.evidence.items():
        if value is True:
            yield replace(intent, evidence={**intent.evidence, name: False})
    yield from _places(intent)


def _scans(course: Course, intent: Intent) -> Iterator[Intent]:
    sorts = {sort_of(course, c): c for c in course.containers.values()}
    read = {s.serial for s in intent.scans}
    others = [c for c in sorts.values() if c.serial not in read]
    for place, scan in enumerate(intent.scans):
        rest = intent.scans[:place], intent.scans[place + 1 :]
        yield replace(intent, scans=(*rest[0], *rest[1]))
        for other in others:
            yield replace(intent, scans=(*rest[0], replace(scan, serial=other.serial, part=None), *rest[1]))


def _places(intent: Intent) -> Iterator[Intent]:
    here = PLACES[intent.place]
    for other in PLACES.values():
        if other.kind is here.kind and other.id != here.id:
            stranger = next(p.account for p in PEOPLE.values() if (p.place, p.role) == (other.id, intent.role))
            signers = tuple((stranger if a == intent.account else a, m) for a, m in intent.signers)
            yield replace(intent, place=other.id, account=stranger, signers=signers)


def probe_holds(world: World, course: Course, now: datetime) -> int:
    """Place a hold of every sort, then try everything. Gives how many steps were performed under one."""
    performed = 0
    for block in HoldBlocks:
        held = world.after(Act("hold", (("place_hold", {"blocks": [str(block)]}),)), course, now)
        if held is None:
            continue
        for act in acts(world.process, world.protocol, *held, full=True):
            if act.steps and act.cost == 0 and not act.name.startswith(("lift", "find", "destroy")):
                performed += world.after(act, *held) is not None
    return performed
