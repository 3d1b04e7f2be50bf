"""The only way anything is recorded about a subject, a course, a place or a study: one attempt, one transaction.

Lock the chain, load what it is now, read what is around it, decide, append the entry, write what changed, commit,
answer. A refusal is committed like anything else. A repeated attempt id gets the first answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from coi_tracker.course import Attempt, Course, Definition, Event, Reason
from coi_tracker.engine import decide, evolve, refuse
from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import CoiId, LabelSerial
from coi_tracker.process.describe import definition
from coi_tracker.process.look import reason
from coi_tracker.protocols.model import Protocol
from coi_tracker.services import consequences
from coi_tracker.services.entries import NO_DEFINITION, event_of, new_entry
from coi_tracker.services.persons import compare_person, keep_person
from coi_tracker.services.record import Record
from coi_tracker.services.requests import AttemptRequest
from coi_tracker.services.routing import ReadCode, Route, read_codes, route
from coi_tracker.services.surroundings import Identification, attempt_of, questions
from coi_tracker.storage.around import AroundRows, read_around
from coi_tracker.storage.chains import LockedChain, NewEntry, append_entry, find_entry, lock_chain, move_head
from coi_tracker.storage.course_rows import load_course, save_course
from coi_tracker.storage.faults import Conflict
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import ReasonCode as Code

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


@dataclass(frozen=True, slots=True)
class _Scene:
    """What one try works with."""

    record: Record
    tx: Transaction
    request: AttemptRequest
    route: Route
    locked: LockedChain
    course: Course
    protocol: Protocol | None
    rows: AroundRows
    attempt: Attempt


def _once(
    record: Record, request: AttemptRequest, codes: tuple[ReadCode, ...], *, conflict: Conflict | None = None
) -> Answer:
    with record.database.write() as tx:
        scene = _scene(record, tx, request, codes)
        earlier = scene.rows.earlier
        if earlier is not None:
            return _answer(earlier.entry, replayed=True, tx=tx)
        event = _decided(scene, conflict)
        entry = _write(scene, event)
    return replace(_answer(entry.entry, replayed=False, tx=tx), round_trips=tx.round_trips)


def _answer(text: str, *, replayed: bool, tx: Transaction) -> Answer:
    value: Mapping[str, Any] = json.loads(text)
    event = event_of(value)
    return Answer(event.kind == "performed", event, text, value["seq"], replayed, tx.round_trips)


def _scene(record: Record, tx: Transaction, request: AttemptRequest, codes: tuple[ReadCode, ...]) -> _Scene:
    where = route(tx, record.process, request, codes)
    chain = where.chain or _fallback(tx, request, where)
    new = where.create and where.subject is not None
    locked = lock_chain(tx, chain, shared=where.shared, exclusive=where.exclusive, create=True, new=new)
    assert locked is not None  # noqa: S101 - it was made if it was missing
    course = load_course(tx, locked) or _blank(record, locked)
    course, protocol = _under_protocol(record, tx, where, course)
    rows = read_around(tx, questions(request, where, course, protocol, codes))
    identified = _identify(record, tx, request, where)
    now = _now(record)
    attempt = attempt_of(
        request,
        where,
        course,
        rows,
        codes,
        identified,
        now=now,
        fresh_coi=CoiId.issue(record.draw).text,
        fresh_serials=_serials(record, request),
        software=record.software,
    )
    return _Scene(record, tx, request, where, locked, course, protocol, rows, _with_kept(attempt, request))


def _fallback(tx: Transaction, request: AttemptRequest, where: Route) -> str:
    """The chain of an attempt that can be tied to no course: the station's, else the account's."""
    if where.station is not None:
        return f"station/{where.station}"
    if tx.one("SELECT 1 FROM accounts WHERE id = :id", id=request.account) is not None:
        return f"account/{request.account}"
    raise NotUnderstood(
        expected="a known account or a registered station",
        came="neither",
        do="sign in, or have the station registered, and try again",
    )


def _blank(record: Record, locked: LockedChain) -> Course:
    return Course(
        chain=locked.chain,
        process=definition(record.process),
        protocol=NO_DEFINITION,
        seq=locked.seq,
        head=locked.head,
    )


def _under_protocol(record: Record, tx: Transaction, where: Route, course: Course) -> tuple[Course, Protocol | None]:
    """The protocol a course is pinned to; before there is a course, the version of the study released last."""
    if course.coi is None:
        latest = _latest(tx, where.study)
        course = course if latest is None else replace(course, protocol=latest)
    if course.protocol == NO_DEFINITION:
        return course, None
    return course, record.protocol(tx, course.protocol)


def _latest(tx: Transaction, study: str | None) -> Definition | None:
    if study is None:
        return None
    row = tx.query(
        "SELECT key, version, digest FROM study_protocols WHERE study = :s ORDER BY released_at DESC LIMIT 1", s=study
    )
    return Definition(row[0][0], row[0][1], row[0][2]) if row else None


def _identify(record: Record, tx: Transaction, request: AttemptRequest, where: Route) -> Identification:
    """Compare what the person says with what is kept apart. What was said is not kept."""
    if not request.identifiers or where.subject is None or where.study is None:
        return Identification()
    given = dict(request.identifiers)
    number = given.pop("subject_number", None)
    matched, differing = compare_person(record, tx, where.study, where.subject, given) if given else ((), ())
    if number is not None and number == where.subject:
        matched = (*matched, "subject_number")
    elif number is not None:
        differing = (*differing, "subject_number")
    return Identification(tuple(sorted(matched)), tuple(sorted(differing)))


def _now(record: Record) -> datetime:
    return record.clock()


def _serials(record: Record, request: AttemptRequest) -> tuple[str, ...]:
    """Unused label serials, as many as are asked for. The database refuses one that was ever given before."""
    if request.step == "reprint_label":
        wanted = 1
    elif request.step == "issue_labels":
        count = request.evidence.get("count")
        wanted = count if isinstance(count, int) and not isinstance(count, bool) and 0 < count <= 50 else 0
    else:
        wanted = 0
    return tuple(LabelSerial.issue(record.draw).text for _ in range(wanted))


def _with_kept(attempt: Attempt, request: AttemptRequest) -> Attempt:
    """Registration says which identifiers are kept apart; which they are is never said."""
    if request.step != "register_subject":
        return attempt
    return replace(attempt, evidence={**attempt.evidence, "identifiers_kept": sorted(request.person)})


def _decided(scene: _Scene, conflict: Conflict | None) -> Event:
    if conflict is not None:
        why = reason(Code.CONFLICT_RETRY, "nobody else at the same row", str(conflict)[:200])
        return refuse(scene.course, scene.attempt, [why]).event
    if scene.route.chain is None or scene.protocol is None:
        return refuse(scene.course, scene.attempt, _nothing_known(scene)).event
    return decide(scene.record.process_of(scene.course), scene.protocol, scene.course, scene.attempt).event


def _nothing_known(scene: _Scene) -> list[Reason]:
    """Why an attempt could be tied to nothing."""
    faults = [
        reason(s.fault, "a label this record has issued", s.raw) for s in scene.attempt.scans if s.fault is not None
    ]
    if scene.record.process.step(scene.request.step) is None:
        return [reason(Code.WRONG_STATE, "a step of the process", scene.request.step), *faults]
    claimed = scene.request.course or scene.request.subject or scene.request.target
    if claimed is None and faults:
        return faults
    code = Code.UNKNOWN_LABEL if scene.request.course else Code.REFERENCE_UNKNOWN
    return [reason(code, "a course, subject, place or study of this record", claimed or "nothing"), *faults]


def _write(scene: _Scene, event: Event) -> NewEntry:
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


def _write_new_chain(scene: _Scene, event: Event) -> NewEntry:
    """A course opens: its first entry begins a chain of its own, while the subject's chain stays locked."""
    locked = lock_chain(scene.tx, event.chain, create=True, new=True)
    assert locked is not None  # noqa: S101
    entry = new_entry(event, seq=1, prev=None)
    append_entry(scene.tx, entry)
    after = replace(evolve(scene.record.process, scene.course, event), seq=1, head=entry.digest)
    save_course(scene.tx, None, after, entry=entry)
    consequences.write(scene.tx, None, after, event, scene.rows)
    return entry


def earlier_answer(record: Record, attempt_id: str) -> Answer | None:
    """The answer that an attempt id got, if it was recorded."""
    with record.database.read() as tx:
        found = find_entry(tx, attempt_id)
        return None if found is None else _answer(found.entry, replayed=True, tx=tx)
