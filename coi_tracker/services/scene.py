"""Everything one attempt is decided with, found in one transaction: where it goes, what is there, what is around it.

For recording it, with its chain locked, and for looking at it beforehand without a lock. Writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from coi_tracker.course import Attempt, Course, Definition, Event, Reason
from coi_tracker.engine import decide, refuse
from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import CoiId, LabelSerial
from coi_tracker.process.describe import definition
from coi_tracker.process.look import reason
from coi_tracker.protocols.model import Protocol
from coi_tracker.services.entries import NO_DEFINITION
from coi_tracker.services.persons import compare_person
from coi_tracker.services.record import Record
from coi_tracker.services.requests import AttemptRequest
from coi_tracker.services.routing import ReadCode, Route, read_codes, route
from coi_tracker.services.surroundings import Identification, attempt_of, questions
from coi_tracker.storage.around import AroundRows, read_around
from coi_tracker.storage.chains import LockedChain, lock_chain, read_chain
from coi_tracker.storage.course_rows import load_course
from coi_tracker.storage.faults import Conflict
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import ReasonCode as Code


@dataclass(frozen=True, slots=True)
class Scene:
    """What one try works with. ``locked`` is only locked when the scene was set for recording."""

    record: Record
    tx: Transaction
    request: AttemptRequest
    route: Route
    locked: LockedChain
    course: Course
    protocol: Protocol | None
    rows: AroundRows
    identified: Identification
    attempt: Attempt


def set_scene(
    record: Record, tx: Transaction, request: AttemptRequest, codes: tuple[ReadCode, ...], *, locking: bool = True
) -> Scene:
    """Find everything for an attempt. `locking` False: to look at it only, with no fresh codes drawn for it.

    Raises NotUnderstood for an attempt that nobody can be held to.
    """
    where = route(tx, record.process, request, codes)
    locked = _locked(tx, request, where) if locking else _unlocked(tx, request, where)
    course = load_course(tx, locked) or _blank(record, locked)
    course, protocol = _under_protocol(record, tx, where, course)
    rows = read_around(tx, questions(request, where, course, protocol, codes))
    identified = _identify(record, tx, request, where)
    fresh = (CoiId.issue(record.draw).text, _serials(record, request)) if locking else _stand_ins(request)
    attempt = _attempt(record, request, where, course, rows, codes, identified, fresh)
    return Scene(record, tx, request, where, locked, course, protocol, rows, identified, attempt)


def with_request(scene: Scene, request: AttemptRequest) -> Scene:
    """The same scene for another request that asks for nothing more: another step, fewer scans, other evidence."""
    attempt = _attempt(
        scene.record,
        request,
        scene.route,
        scene.course,
        scene.rows,
        read_codes(request.scans),
        scene.identified if request.identifiers else Identification(),
        _stand_ins(request),
    )
    return replace(scene, request=request, attempt=attempt)


def _attempt(
    record: Record,
    request: AttemptRequest,
    where: Route,
    course: Course,
    rows: AroundRows,
    codes: tuple[ReadCode, ...],
    identified: Identification,
    fresh: tuple[str, tuple[str, ...]],
) -> Attempt:
    attempt = attempt_of(
        request,
        where,
        course,
        rows,
        codes,
        identified,
        now=_now(record),
        fresh_coi=fresh[0],
        fresh_serials=fresh[1],
        software=record.software,
    )
    return _with_kept(attempt, request)


def _locked(tx: Transaction, request: AttemptRequest, where: Route) -> LockedChain:
    chain = where.chain or fallback(tx, request, where)
    new = where.create and where.subject is not None
    locked = lock_chain(tx, chain, shared=where.shared, exclusive=where.exclusive, create=True, new=new)
    assert locked is not None  # noqa: S101 - it was made if it was missing
    return locked


def _unlocked(tx: Transaction, request: AttemptRequest, where: Route) -> LockedChain:
    chain = where.chain or fallback(tx, request, where)
    return read_chain(tx, chain) or LockedChain(chain, 0, None, None, None)


def fallback(tx: Transaction, request: AttemptRequest, where: Route) -> str:
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
    return tuple(LabelSerial.issue(record.draw).text for _ in range(_wanted_serials(request)))


def _wanted_serials(request: AttemptRequest) -> int:
    if request.step == "reprint_label":
        return 1
    count = request.evidence.get("count") if request.step == "issue_labels" else 0
    return count if isinstance(count, int) and not isinstance(count, bool) and 0 < count <= 50 else 0


def _stand_ins(request: AttemptRequest) -> tuple[str, tuple[str, ...]]:
    """Stand for codes that are drawn when an attempt is recorded: looking at it uses none up."""
    return "C000000000000", tuple(f"L{n:011}" for n in range(_wanted_serials(request)))


def _with_kept(attempt: Attempt, request: AttemptRequest) -> Attempt:
    """Registration says which identifiers are kept apart; which they are is never said."""
    if request.step != "register_subject":
        return attempt
    return replace(attempt, evidence={**attempt.evidence, "identifiers_kept": sorted(request.person)})


def decided(scene: Scene, conflict: Conflict | None = None) -> Event:
    """What the engine says. `conflict`: somebody else took a row that this attempt wanted."""
    if conflict is not None:
        why = reason(Code.CONFLICT_RETRY, "nobody else at the same row", str(conflict)[:200])
        return refuse(scene.course, scene.attempt, [why]).event
    if scene.route.chain is None or scene.protocol is None:
        return refuse(scene.course, scene.attempt, _nothing_known(scene)).event
    return decide(scene.record.process_of(scene.course), scene.protocol, scene.course, scene.attempt).event


def _nothing_known(scene: Scene) -> list[Reason]:
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
