"""Sending print jobs so that no label can come out twice without the record knowing. Handed a renderer and a sender.

A job is drawn first. Then it is marked *sending* and committed before a byte leaves. What the sender says is committed
after: printed; or nothing was sent, and the job waits; or nobody knows, and it *may have printed*. A worker that dies
in between leaves the job sending; when its time is over that is *may have printed* too. Nothing is sent again by
itself: a person counts (`print_counting`). Knows no pixels and no printer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from coi_tracker.course import Actor
from coi_tracker.errors import CoiError, NotUnderstood
from coi_tracker.services.changes import new_event_id
from coi_tracker.services.print_entries import Fates, actor_at, write_fates
from coi_tracker.services.printing import (
    TOPIC,
    JobView,
    LabelToPrint,
    Render,
    course_now,
    end_unsent,
    existing_job,
    find_job,
    locked_course,
    may_print,
    to_print,
    view_of,
)
from coi_tracker.services.record import Record
from coi_tracker.storage import outbox, printing
from coi_tracker.storage.faults import Conflict
from coi_tracker.storage.outbox import Task
from coi_tracker.storage.printing import Printer, PrintJob
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import HowDelivered, JobState, LabelState, PrinterKind, PrintState

LEASE = timedelta(minutes=2)
"""How long a sender has. After that, what it was sending may have printed."""
WAITS = (timedelta(seconds=5), timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=5))
"""After a try of which nothing was sent; the last one from then on."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a sender knows, in words for people: which printer, how long it tried, what it saw."""

    how: HowDelivered
    words: str


Deliver = Callable[[Printer, bytes, str], Outcome]
"""Sends the bytes of a job to a printer, within the lease. Says IN_DOUBT whenever a byte may have left."""


def print_next(record: Record, render: Render, deliver: Deliver, *, lease: timedelta = LEASE) -> JobView | None:
    """Work on the oldest job that is due, and say what became of it. None: nothing is due."""
    give_up_abandoned(record)
    with record.database.read() as tx:
        due = printing.due_jobs(tx, now=record.clock())
    for job in due:
        drawn = _drawn(record, job, render)
        if isinstance(drawn, JobView):
            return drawn
        claimed = _claim(record, job, lease)
        if isinstance(claimed, JobView):
            return claimed
        if claimed is not None:
            return _finish(record, claimed, _delivered(record, claimed, drawn, deliver))
    return None


def _drawn(record: Record, job: PrintJob, render: Render) -> bytes | JobView:
    """The bytes of a job; or the job, failed, when it cannot be drawn any more."""
    try:
        labels, machine = _labels(record, job.id)
        return render(labels, machine)
    except CoiError as error:
        return _fail(record, job.id, str(error))
    except Exception as error:  # noqa: BLE001 - one job that breaks the drawing must not stop those behind it
        _log.exception("job %s cannot be drawn", job.id)
        return _fail(record, job.id, f"it cannot be drawn ({type(error).__name__}); nothing was sent")


def _labels(record: Record, job_id: str) -> tuple[list[LabelToPrint], Printer]:
    """What a job has to show. Raises NotUnderstood when one of its labels is not waiting to be printed any more."""
    with record.database.read() as tx:
        view = view_of(tx, existing_job(tx, job_id))
        course = course_now(tx, view.job.coi)
        for one in view.labels:
            if one.label != LabelState.ISSUED or course is None:
                raise _dead(one)
        assert course is not None  # noqa: S101 - a job has at least one label
        return to_print(record, tx, course, [one.serial for one in view.labels]), view.printer


def _dead(one: printing.JobLabel) -> NotUnderstood:
    return NotUnderstood(
        expected="labels that wait to be printed",
        came=f"{one.serial}, which is {one.label} since the job was queued",
        do="nothing was sent; ask again for the others",
    )


def _fail(record: Record, job_id: str, words: str) -> JobView:
    with record.database.write() as tx:
        job = existing_job(tx, job_id)
        if job.state is JobState.QUEUED:
            end_unsent(tx, job, replace(job, state=JobState.FAILED, ended_at=record.clock(), words=words[:1000]))
        return view_of(tx, existing_job(tx, job_id))


def _claim(record: Record, job: PrintJob, lease: timedelta) -> PrintJob | JobView | None:
    """Mark the job sending. None: somebody else has it. A job whose labels died meanwhile fails."""
    try:
        with record.database.write() as tx:
            locked_course(tx, job.coi)  # nobody voids a label of it meanwhile
            task = _task(tx, job.id)
            now = printing.find_job(tx, job.id)
            if task is None or now is None or now.state is not JobState.QUEUED:
                return None
            dead = next((one for one in printing.job_labels(tx, job.id) if one.label != LabelState.ISSUED), None)
            if dead is None:
                return _marked(record, tx, now, task, lease)
    except Conflict:
        return None
    return _fail(record, job.id, str(_dead(dead)))


def _task(tx: Transaction, job_id: str) -> Task | None:
    return next(iter(outbox.take(tx, TOPIC, body=job_id)), None)


def _marked(record: Record, tx: Transaction, job: PrintJob, task: Task, lease: timedelta) -> PrintJob:
    now = record.clock()
    after = replace(job, state=JobState.SENDING, claim=new_event_id(record), claimed_until=now + lease)
    printing.change_job(tx, job, after)
    _mark(tx, job, PrintState.SENDING)
    outbox.done(tx, task, at=now)
    return after


def _mark(tx: Transaction, job: PrintJob, state: PrintState) -> None:
    serials = [one.serial for one in printing.job_labels(tx, job.id)]
    printing.mark_labels(tx, job.id, serials=serials, state=state)


def _delivered(record: Record, job: PrintJob, content: bytes, deliver: Deliver) -> Outcome:
    """What the sender says. One that was held up until its time is over sends nothing any more."""
    with record.database.read() as tx:
        machine = view_of(tx, job).printer
    if job.claimed_until is None or record.clock() >= job.claimed_until:
        return Outcome(HowDelivered.NOTHING_SENT, "the worker was held up until its time was over; nothing was sent")
    try:
        return deliver(machine, content, job.id)
    except Exception as error:  # noqa: BLE001 - whatever it was: bytes may have left
        _log.exception("sending job %s to %s failed", job.id, machine.id)
        return Outcome(HowDelivered.IN_DOUBT, f"sending to {machine.id} broke off: {type(error).__name__}")


def _finish(record: Record, claimed: PrintJob, outcome: Outcome) -> JobView:
    """Commit what the sender said; nothing when the job was given up meanwhile: then a person counts."""
    with record.database.write() as tx:
        locked_course(tx, claimed.coi)
        job = existing_job(tx, claimed.id)
        if (job.state, job.claim) == (JobState.SENDING, claimed.claim):
            _END[outcome.how](record, tx, job, outcome.words)
        return view_of(tx, existing_job(tx, claimed.id))


def _taken(record: Record, tx: Transaction, job: PrintJob, words: str) -> None:
    _end(record, tx, job, JobState.PRINTED, words)
    view = view_of(tx, job)
    fates = Fates(printed=[one.serial for one in view.labels])
    write_fates(record, tx, job, fates, by=_asker(view), words=words)


def _in_doubt(record: Record, tx: Transaction, job: PrintJob, words: str) -> None:
    _end(record, tx, job, JobState.MAY_HAVE_PRINTED, words)
    view = view_of(tx, job)
    fates = Fates(may_have_printed=[one.serial for one in view.labels])
    write_fates(record, tx, job, fates, by=_asker(view), words=words)


def _end(record: Record, tx: Transaction, job: PrintJob, state: JobState, words: str) -> None:
    ended = record.clock()
    after = replace(job, state=state, claim=None, claimed_until=None, ended_at=ended, words=words[:1000])
    printing.change_job(tx, job, after)


def _asker(view: JobView) -> Actor:
    return actor_at(view.printer, view.job.asked_by, view.job.asked_name, view.job.asked_role)


def _nothing_sent(record: Record, tx: Transaction, job: PrintJob, words: str) -> None:
    """The job is kept, and is due again later."""
    now = record.clock()
    wait = WAITS[min(job.tries, len(WAITS) - 1)]
    due = now + wait
    words = (
        f"{words}; try {job.tries + 1}, {_span(now - job.asked_at)} after it was asked for, the next in {_span(wait)}"
    )
    after = replace(job, state=JobState.QUEUED, claim=None, claimed_until=None, due_at=due, tries=job.tries + 1)
    printing.change_job(tx, job, replace(after, words=words[:1000]))
    _mark(tx, job, PrintState.QUEUED)
    outbox.put(tx, TOPIC, body=job.id, at=now)


def _span(time: timedelta) -> str:
    """Seconds, or minutes where there are many."""
    seconds = round(time.total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"


_END = {
    HowDelivered.TAKEN: _taken,
    HowDelivered.NOTHING_SENT: _nothing_sent,
    HowDelivered.IN_DOUBT: _in_doubt,
}


def give_up_abandoned(record: Record) -> list[JobView]:
    """Jobs whose sender died or was held up: they may have printed, and somebody has to count."""
    with record.database.read() as tx:
        found = printing.abandoned_jobs(tx, now=record.clock())
    return [view for job in found if (view := _give_up(record, job)) is not None]


def _give_up(record: Record, job: PrintJob) -> JobView | None:
    words = f"whoever sent it to {job.printer} did not come back; count which labels came out"
    with record.database.write() as tx:
        locked_course(tx, job.coi)
        now = existing_job(tx, job.id)
        if (now.state, now.claim) != (JobState.SENDING, job.claim):
            return None
        _in_doubt(record, tx, now, words)
        return view_of(tx, existing_job(tx, job.id))


def hand_out(record: Record, job_id: str, *, by: str, render: Render) -> bytes:
    """The file of a job for a download, once: from then on it may have printed. Raises NotUnderstood."""
    view = find_job(record, job_id)
    if view.printer.kind is not PrinterKind.DOWNLOAD or view.job.state is not JobState.QUEUED:
        raise _not_to_fetch(view)
    labels, machine = _labels(record, job_id)
    content = render(labels, machine)
    with record.database.write() as tx:
        locked_course(tx, view.job.coi)
        job = existing_job(tx, job_id)
        if job.state is not JobState.QUEUED:
            raise _not_to_fetch(view_of(tx, job))
        account, name, role = may_print(record, tx, by, machine)
        words = f"{account} fetched the file; count which labels came out"
        _end(record, tx, job, JobState.MAY_HAVE_PRINTED, words)
        fates = Fates(may_have_printed=[one.serial for one in labels])
        write_fates(record, tx, job, fates, by=actor_at(machine, account, name, role), words=words)
    return content


def _not_to_fetch(view: JobView) -> NotUnderstood:
    job = view.job
    came = f"job {job.id} on {view.printer.id} ({view.printer.kind}), {job.state}: {job.words or 'a worker sends it'}"
    return NotUnderstood(
        expected="a job for a download that nobody has fetched yet",
        came=came,
        do="count what came out of it, if it was",
    )
