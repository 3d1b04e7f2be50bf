"""What became of labels at a printer, written into the course's chain: printed, may have printed, did not come out.

One entry for one outcome of a job, in the transaction that changes the job. Decides nothing and sends nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from coi_tracker.course import AccountId, Actor, Course, Event
from coi_tracker.custody_log.chain import course_chain
from coi_tracker.engine import evolve
from coi_tracker.errors import BrokenPromise
from coi_tracker.services.changes import new_event_id
from coi_tracker.services.entries import new_entry
from coi_tracker.services.record import Record
from coi_tracker.storage import printing, registry
from coi_tracker.storage.chains import LockedChain, append_entry, lock_chain
from coi_tracker.storage.course_rows import load_course, save_course
from coi_tracker.storage.printing import Printer, PrintJob
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import PrintState, Role


@dataclass(frozen=True, slots=True)
class Fates:
    """What became of the serials of a job. Those that are not named stay what they were."""

    printed: Sequence[str] = ()
    may_have_printed: Sequence[str] = ()
    not_printed: Sequence[str] = ()


def actor_at(machine: Printer, account: str, name: str, role: Role) -> Actor:
    """A person at the place of a printer. No station: who asks a printer need not stand at one."""
    return Actor(AccountId(account), name, role, machine.place, None, None)


def write_fates(record: Record, tx: Transaction, job: PrintJob, fates: Fates, *, by: Actor, words: str) -> None:
    """Queue the entry, the state of the labels it changes, and the rows of the job's labels."""
    locked, course = _locked(tx, job.coi)
    event = _event(record, tx, course, job, fates, by=by, words=words)
    entry = new_entry(event, seq=locked.seq + 1, prev=locked.head)
    append_entry(tx, entry)
    after = evolve(record.process_of(course), course, event)
    save_course(tx, course, replace(after, seq=entry.seq, head=entry.digest), entry=entry)
    printing.keep_prints(tx, fates.printed, coi=job.coi, event=entry.id, at=entry.recorded_at)
    for serials, state in (
        (fates.printed, PrintState.PRINTED),
        (fates.may_have_printed, PrintState.MAY_HAVE_PRINTED),
        (fates.not_printed, PrintState.NOT_PRINTED),
    ):
        printing.mark_labels(tx, job.id, serials=serials, state=state)


def _locked(tx: Transaction, coi: str) -> tuple[LockedChain, Course]:
    locked = lock_chain(tx, course_chain(coi))
    course = None if locked is None else load_course(tx, locked)
    if locked is None or course is None:
        raise BrokenPromise(expected=f"the course {coi} of a print job", came="none", do="report this fault")
    return locked, course


def _event(
    record: Record, tx: Transaction, course: Course, job: PrintJob, fates: Fates, *, by: Actor, words: str
) -> Event:
    now = record.clock()
    zone = next((one.zone for one in registry.places(tx) if one.id == by.place), "Etc/UTC")
    evidence = {
        "asked_by": job.asked_by,
        "job": job.id,
        "labels": list(fates.printed),
        "may_have_printed": list(fates.may_have_printed),
        "not_printed": list(fates.not_printed),
        "printer": job.printer,
        "words": words,
    }
    return Event(
        id=new_event_id(record),
        chain=course.chain,
        course=course.coi,
        kind="label_printed",
        step="",
        process=course.process,
        protocol=course.protocol,
        happened_at=now,
        recorded_at=now,
        zone=zone,
        actor=by,
        containers=(),
        evidence=evidence,
        signers=(),
        reasons=(),
        refers_to=None,
        software=record.software,
    )
