"""Printers, print jobs and their labels as rows. Each function queues or reads rows; when to do so, it does not know.

A change of a job says from which state it comes: somebody else who was quicker makes it a Conflict.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coi_tracker.course import AccountId, PlaceId
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.types import utc_from_text, utc_from_text_or_none, utc_text, utc_text_or_none
from coi_tracker.vocabulary import ContainerKind, JobState, PrinterKind, PrinterLanguage, PrintState, Role


@dataclass(frozen=True, slots=True)
class Printer:
    """A printer at a place. ``kinds``: the labels that fit what is loaded; empty: all. ``answers``: see `~HS`."""

    id: str
    place: PlaceId
    name: str
    kind: PrinterKind
    address: str
    language: PrinterLanguage
    dpi: int
    kinds: tuple[ContainerKind, ...] = ()
    answers: bool = False
    active: bool = True


@dataclass(frozen=True, slots=True)
class PrintJob:
    """Labels of one course for one printer. ``words``: what the last try came to. ``tries`` counts tries in vain."""

    id: str
    coi: str
    printer: str
    state: JobState
    asked_by: AccountId
    asked_name: str
    asked_role: Role
    asked_at: datetime
    due_at: datetime
    tries: int = 0
    claim: str | None = None
    claimed_until: datetime | None = None
    ended_at: datetime | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class JobLabel:
    """One serial of a job. ``label``: the state of the label itself, now."""

    serial: str
    n: int
    state: PrintState
    container: str
    label: str


@dataclass(frozen=True, slots=True)
class LabelInJob:
    """Which job a serial is in, when it is in one that may have printed it, or will."""

    serial: str
    job: str
    printer: str
    state: PrintState


# --- printers -------------------------------------------------------------------------------------

_PRINTER = "id, place, name, kind, address, language, dpi, kinds, answers, active"


def put_printer(tx: Transaction, printer: Printer) -> None:
    """Queue a printer, or what is known of it from now on."""
    values: dict[str, object] = {
        "id": printer.id,
        "place": printer.place,
        "name": printer.name,
        "kind": str(printer.kind),
        "address": printer.address,
        "language": str(printer.language),
        "dpi": printer.dpi,
        "kinds": json.dumps([str(kind) for kind in printer.kinds]),
        "answers": printer.answers,
        "active": printer.active,
    }
    sets = ", ".join(f"{name} = excluded.{name}" for name in values if name != "id")
    given = ", ".join(f":{name}" for name in values)
    tx.write(f"INSERT INTO printers ({_PRINTER}) VALUES ({given}) ON CONFLICT (id) DO UPDATE SET {sets}", values)  # noqa: S608


def printers(tx: Transaction) -> list[Printer]:
    """Every printer there ever was, by id."""
    return [_printer(row) for row in tx.query(f"SELECT {_PRINTER} FROM printers ORDER BY id")]  # noqa: S608


def find_printer(tx: Transaction, key: str) -> Printer | None:
    """One printer."""
    row = tx.one(f"SELECT {_PRINTER} FROM printers WHERE id = :id", id=key)  # noqa: S608
    return None if row is None else _printer(row)


def _printer(row: tuple[Any, ...]) -> Printer:
    key, place, name, kind, address, language, dpi, kinds, answers, active = row
    fitting = tuple(ContainerKind(one) for one in json.loads(kinds))
    words = PrinterKind(kind), address, PrinterLanguage(language)
    return Printer(key, PlaceId(place), name, *words, int(dpi), fitting, bool(answers), bool(active))


# --- jobs -----------------------------------------------------------------------------------------

_JOB = (
    "id, coi, printer, state, asked_by, asked_name, asked_role, asked_at, due_at, tries, claim, claimed_until, "
    "ended_at, words"
)


def add_job(tx: Transaction, job: PrintJob, *, serials: Sequence[str]) -> None:
    """Queue a job and its labels. Conflict uq_print_labels_live: a serial is in another job; pk_print_jobs: twice."""
    given = ", ".join(f":{name.strip()}" for name in _JOB.split(","))
    tx.write(f"INSERT INTO print_jobs ({_JOB}) VALUES ({given})", _job_values(job))  # noqa: S608
    tx.write(
        "INSERT INTO print_labels (job, serial, n, state) VALUES (:job, :serial, :n, 'queued')",
        *({"job": job.id, "serial": serial, "n": n} for n, serial in enumerate(serials, start=1)),
    )


def _job_values(job: PrintJob) -> dict[str, object]:
    return {
        "id": job.id,
        "coi": job.coi,
        "printer": job.printer,
        "state": str(job.state),
        "asked_by": job.asked_by,
        "asked_name": job.asked_name,
        "asked_role": str(job.asked_role),
        "asked_at": utc_text(job.asked_at),
        "due_at": utc_text(job.due_at),
        "tries": job.tries,
        "claim": job.claim,
        "claimed_until": utc_text_or_none(job.claimed_until),
        "ended_at": utc_text_or_none(job.ended_at),
        "words": job.words,
    }


def find_job(tx: Transaction, key: str) -> PrintJob | None:
    """One job."""
    row = tx.one(f"SELECT {_JOB} FROM print_jobs WHERE id = :id", id=key)  # noqa: S608
    return None if row is None else _job(row)


def _job(row: tuple[Any, ...]) -> PrintJob:
    key, coi, printer, state, account, name, role, asked_at, due_at, tries, claim, until, ended_at, words = row
    return PrintJob(
        key,
        coi,
        printer,
        JobState(state),
        AccountId(account),
        name,
        Role(role),
        utc_from_text(asked_at),
        utc_from_text(due_at),
        int(tries),
        claim,
        utc_from_text_or_none(until),
        utc_from_text_or_none(ended_at),
        words,
    )


_FILTER = """
WHERE coi = COALESCE(:coi, coi) AND printer = COALESCE(:printer, printer)
AND (:open = 0 OR state IN ('queued', 'sending', 'may_have_printed'))
"""


def jobs(
    tx: Transaction, *, coi: str | None = None, printer: str | None = None, only_open: bool = False, most: int = 100
) -> list[PrintJob]:
    """Jobs, the newest first."""
    rows = tx.query(
        f"SELECT {_JOB} FROM print_jobs {_FILTER} ORDER BY asked_at DESC, id DESC LIMIT :most",  # noqa: S608
        coi=coi,
        printer=printer,
        open=int(only_open),
        most=most,
    )
    return [_job(row) for row in rows]


def due_jobs(tx: Transaction, *, now: datetime, most: int = 20) -> list[PrintJob]:
    """Jobs that wait to be sent by a worker and may be tried now, the oldest first."""
    columns = ", ".join(f"j.{name.strip()}" for name in _JOB.split(","))
    rows = tx.query(
        f"SELECT {columns} FROM print_jobs j JOIN printers p ON p.id = j.printer "  # noqa: S608
        "WHERE j.state = 'queued' AND j.due_at <= :now AND p.kind <> 'download' "
        "ORDER BY j.asked_at, j.id LIMIT :most",
        now=utc_text(now),
        most=most,
    )
    return [_job(row) for row in rows]


def abandoned_jobs(tx: Transaction, *, now: datetime) -> list[PrintJob]:
    """Jobs whose sender has had its time and never came back."""
    rows = tx.query(
        f"SELECT {_JOB} FROM print_jobs WHERE state = 'sending' AND claimed_until < :now ORDER BY id",  # noqa: S608
        now=utc_text(now),
    )
    return [_job(row) for row in rows]


_CHANGE = """
UPDATE print_jobs SET state = :state, due_at = :due_at, tries = :tries, claim = :claim,
  claimed_until = :claimed_until, ended_at = :ended_at, words = :words
WHERE id = :id AND state = :before AND COALESCE(claim, '') = COALESCE(:claim_before, '')
"""


def change_job(tx: Transaction, before: PrintJob, after: PrintJob) -> None:
    """Queue what became of a job. Conflict print_jobs_unchanged: it is not any more what it was."""
    names = ("id", "state", "due_at", "tries", "claim", "claimed_until", "ended_at", "words")
    values = {name: value for name, value in _job_values(after).items() if name in names}
    tx.write(_CHANGE, {**values, "before": str(before.state), "claim_before": before.claim}, touching=1)


def job_labels(tx: Transaction, job: str) -> list[JobLabel]:
    """The labels of a job, in the order they are printed."""
    rows = tx.query(
        "SELECT p.serial, p.n, p.state, l.container, l.state FROM print_labels p "
        "JOIN labels l ON l.serial = p.serial WHERE p.job = :job ORDER BY p.n",
        job=job,
    )
    return [
        JobLabel(serial, int(n), PrintState(state), container, label) for serial, n, state, container, label in rows
    ]


def mark_labels(tx: Transaction, job: str, *, serials: Iterable[str], state: PrintState) -> None:
    """Queue what became of some labels of a job."""
    tx.write(
        "UPDATE print_labels SET state = :state WHERE job = :job AND serial = :serial",
        *({"state": str(state), "job": job, "serial": serial} for serial in serials),
    )


def live_in_jobs(tx: Transaction, serials: Sequence[str]) -> list[LabelInJob]:
    """Which of these are in a job that will print them, or may have."""
    rows = tx.query(
        "SELECT l.serial, l.job, j.printer, l.state FROM print_labels l JOIN print_jobs j ON j.id = l.job "
        "WHERE l.serial IN {serials} AND l.state <> 'not_printed' ORDER BY l.serial",
        serials=list(serials),
    )
    return [LabelInJob(serial, job, printer, PrintState(state)) for serial, job, printer, state in rows]


def was_in_a_job(tx: Transaction, serial: str) -> bool:
    """Whether a serial was in any job: then it is known what became of it there."""
    return bool(tx.query("SELECT 1 FROM print_labels WHERE serial = :serial LIMIT 1", serial=serial))


def all_of_course(tx: Transaction, coi: str) -> list[tuple[str, str, PrintState]]:
    """For each label of a course in each job: (job, serial, what became of it there)."""
    rows = tx.query(
        "SELECT p.job, p.serial, p.state FROM print_jobs j JOIN print_labels p ON p.job = j.id "
        "WHERE j.coi = :coi ORDER BY j.asked_at, p.job, p.n",
        coi=coi,
    )
    return [(job, serial, PrintState(state)) for job, serial, state in rows]


# --- what the log says was printed ----------------------------------------------------------------


def keep_prints(tx: Transaction, serials: Iterable[str], *, coi: str, event: str, at: datetime) -> None:
    """Queue that labels were printed, by an entry. Conflict pk_label_prints: one of them was printed before."""
    tx.write(
        "INSERT INTO label_prints (serial, coi, event_id, printed_at) VALUES (:serial, :coi, :event, :at)",
        *({"serial": serial, "coi": coi, "event": event, "at": utc_text(at)} for serial in serials),
    )


@dataclass(frozen=True, slots=True)
class IssuedLabel:
    """A label as it was issued and what became of it. ``event``, ``step``: the entry that issued it."""

    serial: str
    container: str
    kind: ContainerKind
    state: str
    replaced_by: str | None
    issued_at: datetime
    event: str
    step: str | None
    printed_at: datetime | None

    @property
    def since(self) -> datetime:
        """From when it has to be scanned back: printed, or issued as long as nobody saw it printed."""
        return self.printed_at or self.issued_at


_ISSUED = """
SELECT i.serial, i.container, i.kind, l.state, l.replaced_by, i.issued_at, i.event_id, e.step, p.printed_at
FROM label_issues i JOIN labels l ON l.serial = i.serial JOIN events e ON e.id = i.event_id
LEFT JOIN label_prints p ON p.serial = i.serial
"""


def issued_labels(tx: Transaction, coi: str, *, most: int = 10_000) -> list[IssuedLabel]:
    """Every label that was ever issued for a course, in the order of issue; at most so many."""
    order = "ORDER BY i.issued_at, i.container, i.serial LIMIT :most"
    rows = tx.query(f"{_ISSUED} WHERE i.coi = :coi {order}", coi=coi, most=most)
    return [_issued(row) for row in rows]


def course_of_serials(tx: Transaction, serials: Sequence[str]) -> dict[str, str | None]:
    """The course of each serial that was ever issued; None for one of no course."""
    rows = tx.query("SELECT serial, coi FROM label_issues WHERE serial IN {serials}", serials=list(serials))
    return {row[0]: row[1] for row in rows}


def _issued(row: tuple[Any, ...]) -> IssuedLabel:
    serial, container, kind, state, replaced_by, issued_at, event, step, printed_at = row
    times = utc_from_text(issued_at), event, step, utc_from_text_or_none(printed_at)
    return IssuedLabel(serial, container, ContainerKind(kind), state, replaced_by, *times)
