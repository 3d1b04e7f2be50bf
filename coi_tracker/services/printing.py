"""Asking for labels to be printed, and what became of it: jobs, their labels, and what a label has to say.

A job is put into the outbox in the transaction that makes it. The same job id gets the same answer: a double click is
one job. Knows neither how a label looks nor how a printer is reached; `print_work` does the work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from coi_tracker.course import AccountId, Container, Course
from coi_tracker.custody_log.chain import course_chain
from coi_tracker.errors import BrokenPromise, NotUnderstood
from coi_tracker.identity import CoiId, LabelSerial, ScanPayload, read_scan, safe_excerpt
from coi_tracker.services import plain
from coi_tracker.services.printers import unknown_printer
from coi_tracker.services.record import Record
from coi_tracker.services.requests import UUID7
from coi_tracker.storage import outbox, printing, registry
from coi_tracker.storage.chains import lock_chain, read_chain
from coi_tracker.storage.course_rows import load_course
from coi_tracker.storage.faults import Conflict
from coi_tracker.storage.printing import IssuedLabel, JobLabel, Printer, PrintJob
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import ContainerKind, JobState, LabelState, PrinterKind, PrintState, Role

TOPIC = "print"
MOST_LABELS = 200
"""Labels in one job: what a person can scan back and count."""


@dataclass(frozen=True, slots=True)
class LabelToPrint:
    """What stands on one label of a course. ``texts``: the sentences the protocol requires."""

    serial: str
    coi: str
    kind: ContainerKind
    part: int
    of: int
    study: str
    site: str
    zone: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JobView:
    """A job with its printer and its labels."""

    job: PrintJob
    printer: Printer
    labels: tuple[JobLabel, ...]


Render = Callable[[Sequence[LabelToPrint], Printer], bytes]
"""Draws labels for a printer. Raises NotUnderstood for what does not fit, before anything is sent."""


def ask_to_print(
    record: Record,
    job_id: str,
    *,
    printer: str,
    by: str,
    serials: Sequence[str] = (),
    course: str | None = None,
    check: Render | None = None,
) -> JobView:
    """Queue labels of one course: these serials, or all of the course that wait to be printed and fit the printer.

    ``by`` is an account that the caller has authenticated. ``check`` draws the labels once before anything is queued.
    Raises NotUnderstood, and then nothing is queued. A job id that is there already: that job, whatever was asked.
    """
    _refuse_odd_id(job_id)
    wanted = None if course is not None and not serials else _serials(serials)
    try:
        with record.database.write() as tx:
            if (earlier := printing.find_job(tx, job_id)) is not None:
                return view_of(tx, earlier)
            return _ask(record, tx, job_id, printer=printer, by=by, wanted=wanted, course=course, check=check)
    except Conflict as conflict:
        with record.database.read() as tx:
            if (earlier := printing.find_job(tx, job_id)) is not None:
                return view_of(tx, earlier)
        raise _in_another_job(conflict) from conflict


def _in_another_job(conflict: Conflict) -> NotUnderstood:
    return NotUnderstood(
        expected="labels that no other print job has",
        came=f"one that somebody else asked for at this moment ({conflict.constraint})",
        do="look at the open print jobs, and ask again for the rest",
    )


def _refuse_odd_id(job_id: str) -> None:
    if not UUID7.fullmatch(job_id):
        raise NotUnderstood(
            expected="a job id that is a UUID of version 7 in lower case",
            came=safe_excerpt(job_id, 60),
            do="draw a new one for each job, and repeat a request with the id it had",
        )


def _serials(given: Sequence[str]) -> tuple[str, ...]:
    """The serials that were meant, each once. Typed forms and whole scans will do."""
    if not 1 <= len(given) <= MOST_LABELS:
        raise NotUnderstood(
            expected=f"1 to {MOST_LABELS} labels in a print job",
            came=f"{len(given)}",
            do="correct the number, or print them in several jobs; nothing was queued",
        )
    found = [serial_of(text) for text in given]
    twice = sorted({serial for serial in found if found.count(serial) > 1})
    if twice:
        raise NotUnderstood(
            expected="every label once", came=f"{twice[0]} twice", do="leave one out: a serial is one printed label"
        )
    return tuple(found)


def serial_of(text: str) -> str:
    """The serial of a label that was scanned or typed. Raises NotUnderstood."""
    read = read_scan(text)
    if isinstance(read, ScanPayload):
        return read.serial.text
    if isinstance(read, LabelSerial):
        return read.text
    raise NotUnderstood(expected="the serial of a label", came=safe_excerpt(text, 60), do="scan the label, or type it")


def _ask(
    record: Record,
    tx: Transaction,
    job_id: str,
    *,
    printer: str,
    by: str,
    wanted: tuple[str, ...] | None,
    course: str | None,
    check: Render | None,
) -> JobView:
    machine = printing.find_printer(tx, printer)
    if machine is None:
        raise unknown_printer(printer)
    _refuse_out_of_use(machine)
    who = may_print(record, tx, by, machine)
    of = locked_course(tx, _coi(tx, course, wanted))
    if (earlier := printing.find_job(tx, job_id)) is not None:  # the other click was first, and waited for
        return view_of(tx, earlier)
    waiting = _waiting(record, tx, of, machine, wanted)
    labels = to_print(record, tx, of, [one.serial for one in waiting])
    if check is not None:
        check(labels, machine)
    now = record.clock()
    job = PrintJob(job_id, of.coi or "", machine.id, JobState.QUEUED, *who, asked_at=now, due_at=now)
    printing.add_job(tx, job, serials=[one.serial for one in waiting])
    if machine.kind is not PrinterKind.DOWNLOAD:
        outbox.put(tx, TOPIC, body=job_id, at=now)
    return view_of(tx, job)


def _refuse_out_of_use(machine: Printer) -> None:
    if not machine.active:
        raise NotUnderstood(
            expected="a printer in use", came=f"{machine.id}, which is out of use", do="choose another printer"
        )


def may_print(record: Record, tx: Transaction, account: str, machine: Printer) -> tuple[AccountId, str, Role]:
    """Whoever may issue or reprint labels where the printer stands may print and count them. Raises NotUnderstood."""
    steps = record.process.steps
    allowed = steps["issue_labels"].by | steps["reprint_label"].by
    found = registry.find_account(tx, account)
    today = record.clock().astimezone(UTC).date()
    roles = [] if found is None or not found.active else registry.roles_of(tx, found.id)
    fit = [r for r in roles if r.role in allowed and r.place == machine.place]
    trained = [r for r in fit if r.trained_until is not None and r.trained_until >= today]
    if found is None or not trained:
        raise NotUnderstood(
            expected=f"{' or '.join(sorted(allowed))} at {machine.place}, with valid training",
            came=f"{safe_excerpt(account, 40)}, who is {'not trained for it any more' if fit else 'none of these'}",
            do="have somebody of the place print it",
        )
    return found.id, found.name, trained[0].role


def _coi(tx: Transaction, course: str | None, wanted: tuple[str, ...] | None) -> str:
    """The one course of a job: a roll with two patients' labels is how labels are swapped."""
    named = None if course is None else named_course(course)
    known = printing.course_of_serials(tx, wanted or ())
    for serial in wanted or ():
        if known.get(serial) is None:
            came = f"{serial}, which is {'of no course' if serial in known else 'none of them'}"
            raise NotUnderstood(expected="labels this record has issued for a course", came=came, do="leave it out")
    found = {coi for coi in (*known.values(), named) if coi is not None}
    if len(found) != 1:
        raise NotUnderstood(
            expected="labels of one course in a print job",
            came=" and ".join(sorted(found)) or "no course",
            do="print each course's labels by themselves, so that no roll has two patients on it",
        )
    return found.pop()


def named_course(text: str) -> str:
    """The COI that somebody typed or scanned. Raises NotUnderstood."""
    read = read_scan(text)
    if isinstance(read, CoiId):
        return read.text
    raise NotUnderstood(expected="a COI identifier", came=safe_excerpt(text, 40), do="type it as the label shows it")


def locked_course(tx: Transaction, coi: str) -> Course:
    """The course, locked. Raises NotUnderstood when there is none."""
    locked = lock_chain(tx, course_chain(coi))
    course = None if locked is None else load_course(tx, locked)
    if course is None:
        raise NotUnderstood(expected="a course of the record", came=coi, do="look it up with `coi course list`")
    return course


def _waiting(
    record: Record, tx: Transaction, course: Course, machine: Printer, wanted: tuple[str, ...] | None
) -> list[IssuedLabel]:
    """The labels that are to be printed, in the order of issue. Any of them that cannot be stops all of them."""
    issued = {one.serial: one for one in printing.issued_labels(tx, course.coi or "")}
    if wanted is None:
        taken = {one.serial for one in printing.live_in_jobs(tx, list(issued))}
        fresh = [one for one in issued.values() if one.state == LabelState.ISSUED and one.serial not in taken]
        chosen = [one for one in fresh if _fault(record, tx, course, machine, one) is None]
        if not 1 <= len(chosen) <= MOST_LABELS:
            came = f"{len(chosen)} of {course.coi} that wait for {machine.id}"
            raise NotUnderstood(expected=f"1 to {MOST_LABELS} labels", came=came, do="issue labels, or name serials")
        return chosen
    chosen = [issued[serial] for serial in wanted]
    for one in chosen:
        fault = _fault(record, tx, course, machine, one)
        if fault is not None:
            raise NotUnderstood(
                expected=fault[0], came=f"{one.serial}, {fault[1]}", do=f"{fault[2]}; nothing is queued"
            )
    _refuse_taken(tx, wanted)
    return chosen


def _refuse_taken(tx: Transaction, wanted: tuple[str, ...]) -> None:
    for one in printing.live_in_jobs(tx, wanted):
        raise NotUnderstood(
            expected="labels that no other print job has",
            came=f"{one.serial}, {one.state} in job {one.job} on {one.printer}",
            do="see to that job first: count what came out, or cancel it; nothing is queued",
        )


def _fault(
    record: Record, tx: Transaction, course: Course, machine: Printer, one: IssuedLabel
) -> tuple[str, str, str] | None:
    """What stands against printing this label here: what was expected, what it is, what to do."""
    if one.state != LabelState.ISSUED:
        return (
            "a label that was issued and not printed yet",
            one.state,
            "a printed label is replaced by `reprint_label`",
        )
    if is_expired(record, tx, course, one) and not printing.was_in_a_job(tx, one.serial):
        return "a label that is still to be scanned back", "expired", "destroy it, and issue or reprint a fresh one"
    if machine.kinds and one.kind not in machine.kinds:
        fits = ", ".join(machine.kinds)
        return f"a label that fits what is in {machine.id} ({fits})", f"a {one.kind}", "choose another printer"
    holder = course.containers[_container_of(course, one).id].holder
    if holder != machine.place:
        return f"a label for {machine.place}, where the printer stands", f"for {holder}", "print it there"
    return None


def _container_of(course: Course, one: IssuedLabel) -> Container:
    found = next((c for c in course.containers.values() if c.id == one.container), None)
    if found is None:
        raise BrokenPromise(expected=f"the container of {one.serial}", came="none", do="run `coi rebuild --check`")
    return found


def is_expired(record: Record, tx: Transaction, course: Course, one: IssuedLabel) -> bool:
    """Whether nobody scanned this label back in time: then it speaks for nothing any more."""
    if one.state not in {LabelState.ISSUED, LabelState.PRINTED}:
        return False
    return record.clock() - one.since > record.protocol(tx, course.protocol).labels.verify_within


def state_shown(record: Record, tx: Transaction, course: Course, one: IssuedLabel) -> LabelState:
    """The state of a label as people see it: what the log says, and expired where time has passed."""
    return LabelState.EXPIRED if is_expired(record, tx, course, one) else LabelState(one.state)


def to_print(record: Record, tx: Transaction, course: Course, serials: Sequence[str]) -> list[LabelToPrint]:
    """What stands on these labels of a course, in this order."""
    labels = record.protocol(tx, course.protocol).labels
    place = next((one for one in registry.places(tx) if one.id == course.site), None)
    if place is None or course.subject is None:
        raise BrokenPromise(expected="the site of the course", came=str(course.site), do="report this fault")
    found = []
    for serial in serials:
        one = course.containers[course.labels[serial].container]
        of = max(c.part for c in course.of_kind(one.kind))
        words = plain.study(course.subject.study), place.name, place.zone, tuple(labels.texts[one.kind])
        found.append(LabelToPrint(serial, course.coi or "", one.kind, one.part, of, *words))
    return found


def cancel_job(record: Record, job_id: str, *, by: str) -> JobView:
    """A job that waits is not wanted any more. Raises NotUnderstood when it does not wait: bytes may have left."""
    with record.database.write() as tx:
        job = existing_job(tx, job_id)
        if job.state is not JobState.QUEUED:
            raise NotUnderstood(
                expected="a print job that waits", came=f"one that is {job.state}", do="count what came out of it"
            )
        after = replace(job, state=JobState.CANCELLED, ended_at=record.clock(), words=f"cancelled by {by}")
        end_unsent(tx, job, after)
        return view_of(tx, after)


def end_unsent(tx: Transaction, before: PrintJob, after: PrintJob) -> None:
    """Queue the end of a job of which nothing was sent: its labels may be in another job."""
    printing.change_job(tx, before, after)
    serials = [one.serial for one in printing.job_labels(tx, before.id)]
    printing.mark_labels(tx, before.id, serials=serials, state=PrintState.NOT_PRINTED)
    forget_task(tx, before.id, now=after.ended_at or after.due_at)


def forget_task(tx: Transaction, job_id: str, *, now: datetime) -> None:
    """Queue that nothing in the outbox stands for this job any more."""
    for task in outbox.take(tx, TOPIC, body=job_id):
        outbox.done(tx, task, at=now)


def existing_job(tx: Transaction, job_id: str) -> PrintJob:
    """The job. Raises NotUnderstood when there is none."""
    found = printing.find_job(tx, job_id)
    if found is None:
        raise NotUnderstood(
            expected="a print job of the record", came=safe_excerpt(job_id, 60), do="see `coi print-jobs`"
        )
    return found


def find_job(record: Record, job_id: str) -> JobView:
    """One job with its labels. Raises NotUnderstood when there is none."""
    with record.database.read() as tx:
        return view_of(tx, existing_job(tx, job_id))


def jobs(
    record: Record, *, course: str | None = None, printer: str | None = None, only_open: bool = False
) -> list[JobView]:
    """Print jobs, the newest first. ``only_open``: those that wait, are being sent, or have to be counted."""
    coi = None if course is None else named_course(course)
    with record.database.read() as tx:
        found = printing.jobs(tx, coi=coi, printer=printer, only_open=only_open)
        return [view_of(tx, job) for job in found]


def view_of(tx: Transaction, job: PrintJob) -> JobView:
    machine = printing.find_printer(tx, job.printer)
    if machine is None:
        raise BrokenPromise(expected=f"printer {job.printer}", came="none", do="report this fault of the product")
    return JobView(job, machine, tuple(printing.job_labels(tx, job.id)))


def course_now(tx: Transaction, coi: str) -> Course | None:
    """The course as it is, without a lock."""
    found = read_chain(tx, course_chain(coi))
    return None if found is None else load_course(tx, found)


def look_of(record: Record, coi: str, serial: str) -> LabelToPrint | None:
    """What stands on a label of a course, to look at. None: the course has no such label."""
    with record.database.read() as tx:
        course = course_now(tx, coi)
        if course is None or serial not in course.labels:
            return None
        return to_print(record, tx, course, [serial])[0]
