"""A chain folded from nothing: what its course is after every entry, and every state row that follows from it.

Says once more, from the log alone, what recording a step writes (`attempts`, `consequences`). Compares nothing and
reads no state row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from coi_tracker.course import Container, Course, Event, Label
from coi_tracker.engine import evolve
from coi_tracker.services.consequences import PURPOSES
from coi_tracker.services.entries import event_of
from coi_tracker.services.record import Record
from coi_tracker.storage.course_codec import is_live, state_text, text_of
from coi_tracker.storage.course_rows import container_values, course_columns, label_values
from coi_tracker.storage.state_rows import FoldedEntry, StateRow, StateTable, tables_of
from coi_tracker.storage.types import utc_text
from coi_tracker.vocabulary import ContainerState, HoldScope

Values = dict[str, Any]
CHANGES = frozenset({"performed", "label_printed"})
"""Kinds of entries that change what a course is."""


@dataclass
class Folded:
    """What a chain comes to. ``claims``: for each suite it was ever cleared for, the order of the last clearance."""

    chain: str
    course: Course | None = None
    seq: int = 0
    head: str | None = None
    entries: int = 0
    claims: dict[str, tuple[int, int]] = field(default_factory=dict)
    _kept: dict[str, dict[Any, Values]] = field(default_factory=dict)
    _labels: dict[str, Label] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Of what sort the chain is: course, subject, place ..."""
        return self.chain.partition("/")[0]

    @property
    def identifier(self) -> str:
        """What follows the slash."""
        return self.chain.partition("/")[2]

    def row(self) -> Values:
        """The row of the chain itself."""
        state = None if self.course is None else state_text(self.course)
        coi = None if self.course is None else self.course.coi
        return {"chain": self.chain, "seq": self.seq, "head": self.head, "coi": coi, "state": state}

    def rows(self, table: StateTable) -> list[StateRow]:
        """The rows that the table has to hold of this chain."""
        values = [*self._kept.get(table.name, {}).values(), *self._now(table.name)]
        return [tuple(value.get(column) for column in table.columns) for value in values]

    def _now(self, table: str) -> Iterable[Values]:
        """Rows that follow from what the course is at the end."""
        course = self.course
        if course is None or course.coi is None:
            return ()
        if table == "courses":
            return (course_columns(course, opened_at=course.done["open_course"].at),)
        if table == "containers":
            return map(container_values, course.containers.values())
        if table == "labels":
            return (label_values(label, coi=course.coi) for label in self._labels.values())
        return _bookings(course) if table == "bookings" else ()

    def keep(self, table: str, key: Any, **values: Any) -> None:
        """A row that follows from what happened on the way. The first with its key stays."""
        self._kept.setdefault(table, {}).setdefault(key, values)

    def open_rows(self, table: str, **wanted: Any) -> list[Values]:
        """Rows kept so far with these values."""
        rows = self._kept.get(table, {}).values()
        return [row for row in rows if all(row[name] == value for name, value in wanted.items())]

    def know_labels(self, course: Course) -> Course:
        """Keep what became of every label; the course with the live ones only, as a step will find it."""
        self._labels.update(course.labels)
        live = {serial: label for serial, label in course.labels.items() if is_live(label.state)}
        return replace(course, labels=MappingProxyType(live))


def _bookings(course: Course) -> Iterable[Values]:
    slot = course.facts.get("slot")
    if slot is None or course.facility is None:
        return ()
    named = zip(PURPOSES, slot, strict=False)
    return (
        {"facility": course.facility, "day": day, "position": position, "coi": course.coi, "purpose": purpose}
        for purpose, (day, position) in named
    )


def fold(record: Record, chain: str, entries: Iterable[FoldedEntry]) -> Folded:
    """Fold the entries of a chain. Raises what evolving raises when an entry cannot have been recorded like that."""
    folded = Folded(chain)
    for entry in entries:
        folded.entries += 1
        if tables_of(folded.kind) and entry.kind in CHANGES:
            _step(record, folded, entry)
        folded.seq, folded.head = entry.seq, entry.digest
    if folded.course is not None:
        folded.course = replace(folded.course, seq=folded.seq, head=folded.head)
    return folded


def _step(record: Record, folded: Folded, entry: FoldedEntry) -> None:
    event = event_of(json.loads(entry.text))
    before = folded.course
    found = before or Course(chain=folded.chain, process=event.process, protocol=event.protocol)
    if found.coi is None:
        found = replace(found, protocol=event.protocol)  # before there is a course, the version released last
    after = evolve(record.process_of(found), found, event)
    if event.step == "register_subject" and after.subject is not None:
        subject = after.subject
        row = {"study": subject.study, "number": subject.number, "site": subject.site, "registered_event": event.id}
        folded.keep("subjects", subject.number, **row)
    _holds(folded, found, after, event)
    if after.coi is not None:
        _of_course(folded, before, after, event, entry)
    folded.course = folded.know_labels(after)


def _of_course(folded: Folded, before: Course | None, after: Course, event: Event, entry: FoldedEntry) -> None:
    known = before.containers if before else {}
    changed = [one for key, one in after.containers.items() if known.get(key) != one]
    _issues(folded, before, after, event)
    _prints(folded, after, event)
    for one in changed:
        for parent in one.parents:
            folded.keep("lineage", (one.id, parent), coi=after.coi, child=one.id, parent=parent)
        _hand_off(folded, known.get(one.id), one, event)
        if one.state is ContainerState.INFUSED:
            folded.keep("infusions", one.id, container=one.id, coi=one.coi, event_id=event.id)
    _shipper(folded, before, after, event)
    _uses(folded, after, event)
    suite = after.facts.get("line.suite")
    if suite is not None and suite != (before.facts.get("line.suite") if before else None):
        folded.claims[suite] = entry.order


def _issues(folded: Folded, before: Course | None, after: Course, event: Event) -> None:
    known = before.labels if before else {}
    for serial, label in after.labels.items():
        if serial not in known:
            row = {"container": label.container, "coi": after.coi, "kind": str(label.kind), "event_id": event.id}
            folded.keep("label_issues", serial, serial=serial, issued_at=utc_text(event.recorded_at), **row)


def _prints(folded: Folded, after: Course, event: Event) -> None:
    for serial in event.evidence["labels"] if event.kind == "label_printed" else ():
        row = {"coi": after.coi, "event_id": event.id, "printed_at": utc_text(event.recorded_at)}
        folded.keep("label_prints", serial, serial=serial, **row)


def _hand_off(folded: Folded, was: Container | None, now: Container, event: Event) -> None:
    offered = was.offered_to if was else None
    if offered == now.offered_to:
        return
    if offered is not None:
        for row in folded.open_rows("hand_offs", container=now.id, closed_event=None):
            row["closed_event"] = event.id
    if now.offered_to is not None:
        places = {"from_place": now.holder, "to_place": now.offered_to}
        row = {"container": now.id, "opened_event": event.id, "closed_event": None, **places}
        folded.keep("hand_offs", (now.id, event.id), **row)


def _shipper(folded: Folded, before: Course | None, after: Course, event: Event) -> None:
    was, now = (before.facts.get("shipper") if before else None), after.facts.get("shipper")
    if was == now:
        return
    if was is not None:
        for row in folded.open_rows("shipper_loads", shipper=was, closed_event=None):
            row["closed_event"] = event.id
    if now is not None:
        row = {"shipper": now, "opened_event": event.id, "coi": after.coi, "closed_event": None}
        folded.keep("shipper_loads", (now, event.id), **row)


def _uses(folded: Folded, after: Course, event: Event) -> None:
    for table, name, column in (("lot_uses", "lots", "lot"), ("equipment_uses", "equipment", "equipment")):
        for code in event.evidence.get(name) or ():
            folded.keep(table, (code, event.id), **{column: code}, coi=after.coi, event_id=event.id)


def _holds(folded: Folded, before: Course, after: Course, event: Event) -> None:
    shared = (HoldScope.PLACE, HoldScope.STUDY)
    old, new = ({h.id: h for h in course.holds if h.scope in shared} for course in (before, after))
    for key in new.keys() - old.keys():
        hold = new[key]
        words = {
            "scope": str(hold.scope),
            "target": hold.target,
            "blocks": text_of([str(word) for word in hold.blocks]),
        }
        who = {"placed_by": hold.placed_by, "reason": hold.reason, "placed_event": event.id, "lifted_event": None}
        folded.keep("holds", key, id=key, **words, **who)
    for key in old.keys() - new.keys():
        for row in folded.open_rows("holds", id=key):
            row["lifted_event"] = event.id
