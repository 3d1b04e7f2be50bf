"""The only way anything is recorded about a subject, a course, a place or a study: one attempt, one transaction.

Lock the chain, load what it is now, read what is around it, decide, append the entry, write what changed, commit,
answer. A refusal is committed like anything else. A repeated attempt id gets the first answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from coi_tracker.course import Event, Reason
from coi_tracker.engine import evolve, refuse
from coi_tracker.services import consequences
from coi_tracker.services.entries import event_of, new_entry
from coi_tracker.services.persons import keep_person
from coi_tracker.services.record import Record
from coi_tracker.services.requests import AttemptRequest
from coi_tracker.services.routing import ReadCode, read_codes
from coi_tracker.services.scene import Scene, decided, set_scene
from coi_tracker.storage.chains import NewEntry, append_entry, find_entry, lock_chain, move_head
from coi_tracker.storage.course_rows import save_course
from coi_tracker.storage.faults import Conflict
from coi_tracker.storage.transaction import Transaction

TRIES = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an attempt. ``replayed``: it had been recorded before, and this is the first answer again."""

    performed: bool
    event: Event
    entry: str
    seq: int
    replayed: bool = False
    round_trips: int = 0

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Every reason of a refusal."""
        return self.event.reasons


def record_attempt(record: Record, request: AttemptRequest) -> Answer:
    """Record an attempt. Signatures were authenticated by the caller (`people.authenticate_claims`).

    Raises NotUnderstood for an attempt that nobody can be held to, StorageUnavailable when nothing could be
    recorded: then the attempt may be repeated with the same id.
    """
    codes = read_codes(request.scans)
    for left in reversed(range(TRIES)):
        try:
            return _once(record, request, codes)
        except Conflict as conflict:
            # Somebody else was quicker with a row both wanted (a slot, a suite, a shipper): look again, decide again.
            if left == 0:
                return _once(record, request, codes, conflict=conflict)
    raise AssertionError("unreachable")


def _once(
    record: Record, request: AttemptRequest, codes: tuple[ReadCode, ...], *, conflict: Conflict | None = None
) -> Answer:
    with record.database.write() as tx:
        scene = set_scene(record, tx, request, codes)
        earlier = scene.rows.earlier
        if earlier is not None:
            return _answer(earlier.entry, replayed=True, tx=tx)
        event = decided(scene, conflict)
        entry = _write(scene, event)
    return replace(_answer(entry.entry, replayed=False, tx=tx), round_trips=tx.round_trips)


def _answer(text: str, *, replayed: bool, tx: Transaction) -> Answer:
    value: Mapping[str, Any] = json.loads(text)
    event = event_of(value)
    return Answer(event.kind == "performed", event, text, value["seq"], replayed, tx.round_trips)


def _write(scene: Scene, event: Event) -> NewEntry:
    if event.kind == "performed" and event.chain != scene.locked.chain:
        return _write_new_chain(scene, event)
    entry = new_entry(event, seq=scene.locked.seq + 1, prev=scene.locked.head)
    append_entry(scene.tx, entry)
    if event.kind != "performed":
        move_head(scene.tx, scene.locked, entry)
        return entry
    process = scene.record.process_of(scene.course)
    after = replace(evolve(process, scene.course, event), seq=entry.seq, head=entry.digest)
    before = None if scene.locked.state is None else scene.course
    if before is None and scene.locked.seq:
        before = scene.course  # refusals came first: the row moves on from there
    save_course(scene.tx, before, after, entry=entry)
    consequences.write(scene.tx, scene.course, after, event, scene.rows)
    if event.step == "register_subject" and after.subject is not None:
        keep_person(scene.record, scene.tx, after.subject.study, after.subject.number, scene.request.person)
    return entry


def _write_new_chain(scene: Scene, event: Event) -> NewEntry:
    """A course opens: its first entry begins a chain of its own, while the subject's chain stays locked."""
    locked = lock_chain(scene.tx, event.chain, create=True, new=True)
    assert locked is not None  # noqa: S101
    entry = new_entry(event, seq=1, prev=None)
    append_entry(scene.tx, entry)
    after = replace(evolve(scene.record.process, scene.course, event), seq=1, head=entry.digest)
    save_course(scene.tx, None, after, entry=entry)
    consequences.write(scene.tx, None, after, event, scene.rows)
    return entry


def look_at_attempt(record: Record, request: AttemptRequest) -> Event:
    """What an attempt would become now: the same rules in a transaction that only reads. Nothing is recorded."""
    with record.database.read() as tx:
        return decided(set_scene(record, tx, request, read_codes(request.scans), locking=False))


def record_refused_scan(scene: Scene, reasons: Sequence[Reason]) -> NewEntry:
    """Queue the refusal of one scan, in the transaction of the scene: of the chain it is about, else of the station.

    `scene` was set without a lock, for the attempt with that scan alone; its request's id is the id of the entry.
    """
    where = scene.route
    locked = lock_chain(scene.tx, scene.locked.chain, shared=where.shared, exclusive=where.exclusive, create=True)
    assert locked is not None  # noqa: S101 - it was made if it was missing
    event = refuse(scene.course, scene.attempt, list(reasons)).event
    entry = new_entry(event, seq=locked.seq + 1, prev=locked.head)
    append_entry(scene.tx, entry)
    move_head(scene.tx, locked, entry)
    return entry


def earlier_answer(record: Record, attempt_id: str) -> Answer | None:
    """The answer that an attempt id got, if it was recorded."""
    with record.database.read() as tx:
        found = find_entry(tx, attempt_id)
        return None if found is None else _answer(found.entry, replayed=True, tx=tx)
