"""The courses of an invented trial as they were just before each entry, folded from the log."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from coi_tracker.course import Course, Definition, Event
from coi_tracker.engine import evolve
from coi_tracker.process.describe import definition
from coi_tracker.protocols.model import Protocol
from coi_tracker.services.entries import event_of
from coi_tracker.services.record import Record
from coi_tracker.services.rehearsal import Setting
from coi_tracker.storage import registry

NOT_PINNED = Definition("", "", "")


@dataclass(frozen=True)
class Moment:
    """A course (or a subject before one) as it was, and what was done to it then."""

    course: Course
    protocol: Protocol
    event: Event
    setting: Setting


def moments(record: Record) -> Iterator[Moment]:
    """Every performed step on a subject or a course."""
    chains, protocols, places = _read(record)
    for chain, entries in chains.items():
        course = Course(chain=chain, process=definition(record.process), protocol=NOT_PINNED)
        for event in entries:
            if event.kind == "performed" and course.protocol != NOT_PINNED:
                yield Moment(course, protocols[course.protocol.digest], event, Setting(event.happened_at, places))
            course = evolve(record.process, course, event)
            if course.protocol == NOT_PINNED:
                course = replace(course, protocol=event.protocol)


def _read(record: Record) -> tuple[dict[str, list[Event]], dict[str, Protocol], dict[str, Any]]:
    chains: defaultdict[str, list[Event]] = defaultdict(list)
    with record.database.read() as tx:
        rows = tx.query(
            "SELECT chain, entry FROM events WHERE chain LIKE 'course/%' OR chain LIKE 'subject/%' ORDER BY 1, seq"
        )
        released = [found.definition for found in registry.released_protocols(tx)]
        protocols = {one.digest: record.protocol(tx, one) for one in released}
        places: dict[str, Any] = {place.id: place for place in registry.places(tx)}
    for chain, text in rows:
        chains[chain].append(event_of(json.loads(text)))
    return chains, protocols, places
