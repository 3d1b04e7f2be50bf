"""Hands intents in at the one write path, as a station would: payloads as scanned, signatures as authenticated.

Judges nothing; the answer says what became of the attempt.
"""

from __future__ import annotations

from coi_tracker.course import Course
from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import CoiId, LabelSerial, ScanPayload
from coi_tracker.services import available
from coi_tracker.services.attempts import Answer, record_attempt
from coi_tracker.services.changes import new_event_id
from coi_tracker.services.record import Record
from coi_tracker.services.requests import AttemptRequest, ScanClaim, SignatureClaim
from coi_tracker.simulation.fictions import participant
from coi_tracker.simulation.intent import Intent, ScanIntent
from coi_tracker.simulation.premises import Premises
from coi_tracker.vocabulary import HowRead


def record_intent(
    record: Record, premises: Premises, intent: Intent, course: Course, *, attempt_id: str | None = None
) -> Answer:
    """Record an intent about a course, subject, place or study. `attempt_id` None: a new one is drawn."""
    return record_attempt(record, request_of(record, premises, intent, course, attempt_id=attempt_id))


def request_of(
    record: Record, premises: Premises, intent: Intent, course: Course, *, attempt_id: str | None = None
) -> AttemptRequest:
    """The request that says what the intent means."""
    kind, key = course.chain.split("/", 1)
    number = course.subject.number if course.subject else key
    return AttemptRequest(
        id=attempt_id or new_event_id(record),
        step=intent.step,
        account=intent.account,
        role=intent.role,
        station=premises.stations.get(intent.place),
        happened_at=intent.at,
        course=course.coi,
        subject=key if kind == "subject" else None,
        study=premises.study,
        target=key if kind in {"place", "study"} else None,
        scans=tuple(ScanClaim(code_of(one, course), one.how, one.part) for one in intent.scans),
        evidence=dict(intent.evidence),
        signatures=tuple(SignatureClaim(account, meaning, authentic=True) for account, meaning in intent.signers),
        identifiers=shown_by(number) if intent.identify else {},
        person=participant(number) if intent.step == "register_subject" else {},
        late_reason=intent.late_reason,
        refers_to=intent.refers_to,
    )


def shown_by(number: str) -> dict[str, str]:
    """The two identifiers that the person with this number says or shows."""
    return {"birth_date": participant(number)["birth_date"], "subject_number": number}


def code_of(one: ScanIntent, course: Course) -> str:
    """What the reader or the keyboard sends for a label of the course, or of no course; other text as it is."""
    try:
        serial = LabelSerial(one.serial)
    except NotUnderstood:
        return one.serial
    if one.how is HowRead.TYPED:
        return serial.display()
    ours = serial.text in course.labels or any(c.serial == serial.text for c in course.containers.values())
    return ScanPayload(CoiId(course.coi) if ours and course.coi else None, serial).format()


def load(record: Record, key: str) -> Course:
    """What a course, subject, place or study is now, by COI or by the name of its chain. Raises NotUnderstood."""
    chain = key if "/" in key else f"course/{key}"
    found = available.state_of(record, chain)
    if found is None:
        raise NotUnderstood(expected="a chain with entries", came=chain[:80], do="look at its name")
    return found
