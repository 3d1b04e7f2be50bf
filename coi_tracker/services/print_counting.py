"""What people say of a print job: which labels came out, and which of them scan right.

A job that may have printed is settled by a person who counted. A roll is scanned back label by label, each through the
one write path as `verify_label`; what is missing and what does not belong to it is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from coi_tracker.course import Reason
from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import safe_excerpt
from coi_tracker.services.attempts import record_attempt
from coi_tracker.services.print_entries import Fates, actor_at, write_fates
from coi_tracker.services.printing import JobView, existing_job, find_job, locked_course, may_print, serial_of, view_of
from coi_tracker.services.record import Record
from coi_tracker.services.requests import AttemptRequest, ScanClaim
from coi_tracker.storage import printing
from coi_tracker.storage.printing import JobLabel
from coi_tracker.vocabulary import HowRead, JobState, LabelState, PrintState, Role

NOT_SEEN = frozenset({LabelState.ISSUED, LabelState.PRINTED})
"""A label in another state has been seen by somebody, or is dead."""
SEEN = frozenset({LabelState.VERIFIED, LabelState.APPLIED})


def settle_job(record: Record, job_id: str, *, printed: Sequence[str], by: str) -> JobView:
    """Which labels of a job that may have printed did come out; the others may be in another job.

    ``by`` is an account that the caller has authenticated. The same count again is the same answer. Raises
    NotUnderstood for a job that is not to be counted, for labels it has not, and when a label that is said not to
    have come out has been scanned back.
    """
    counted = {serial_of(text) for text in printed}
    with record.database.write() as tx:
        locked_course(tx, existing_job(tx, job_id).coi)
        view = view_of(tx, existing_job(tx, job_id))
        _refuse_foreign(view, counted)
        if view.job.state is JobState.COUNTED and counted == _printed(view):
            return view
        _refuse_not_to_count(view)
        _refuse_seen(view, counted)
        account, name, role = may_print(record, tx, by, view.printer)
        words = f"{account} counted {len(counted)} of {len(view.labels)} labels"
        after = replace(view.job, state=JobState.COUNTED, ended_at=record.clock(), words=words)
        printing.change_job(tx, view.job, after)
        out = [one.serial for one in view.labels if one.serial in counted]
        fates = Fates(printed=out, not_printed=[one.serial for one in view.labels if one.serial not in counted])
        write_fates(record, tx, view.job, fates, by=actor_at(view.printer, account, name, role), words=words)
        return view_of(tx, after)


def _printed(view: JobView) -> set[str]:
    return {one.serial for one in view.labels if one.state is PrintState.PRINTED}


def _refuse_foreign(view: JobView, counted: set[str]) -> None:
    foreign = sorted(counted - {one.serial for one in view.labels})
    if foreign:
        raise NotUnderstood(
            expected=f"labels of job {view.job.id}",
            came=", ".join(foreign),
            do="look which job they came from; nothing was counted",
        )


def _refuse_not_to_count(view: JobView) -> None:
    if view.job.state is not JobState.MAY_HAVE_PRINTED:
        raise NotUnderstood(
            expected="a job that may have printed",
            came=f"one that is {view.job.state} ({view.job.words or 'nothing was sent yet'})",
            do="what is printed and missing is replaced by `reprint_label`; what waits can be cancelled",
        )


def _refuse_seen(view: JobView, counted: set[str]) -> None:
    seen = [one.serial for one in view.labels if one.serial not in counted and one.label in SEEN]
    if seen:
        raise NotUnderstood(
            expected="every label that was scanned back to be counted as printed",
            came=f"{', '.join(seen)} left out",
            do="count again: a label that was scanned did come out",
        )


# --- a whole roll ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RollScan:
    """One label of a roll, as it was read. ``id``: of the attempt; the same id again gets the same answer."""

    id: str
    code: str
    by: HowRead = HowRead.SCANNED


@dataclass(frozen=True, slots=True)
class WrongScan:
    """A scan that was refused, with every reason. ``code`` is shortened and escaped."""

    code: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class ScanBack:
    """What a roll came to, by serial. ``extra``: not of this job. ``twice``: on two labels, or one read twice.

    ``missing``: labels of the job that may be on the roll, and that nobody has scanned back.
    """

    verified: tuple[str, ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    twice: tuple[str, ...]
    wrong: tuple[WrongScan, ...]

    @property
    def complete(self) -> bool:
        """Every label of the job is verified, and nothing else was on the roll."""
        return not (self.missing or self.extra or self.twice or self.wrong)


def scan_back(
    record: Record, job_id: str, scans: Sequence[RollScan], *, account: str, role: Role, station: str
) -> ScanBack:
    """Verify the labels of a roll one after another. Every scan is an attempt; a wrong one does not stop the next.

    A serial that is read again is not verified again: two labels may have it, and somebody has to look.
    """
    before = {one.serial: one for one in find_job(record, job_id).labels}
    coi = find_job(record, job_id).job.coi
    verified: list[str] = []
    extra: list[str] = []
    twice: list[str] = []
    wrong: list[WrongScan] = []
    for scan in scans:
        serial = _serial_or_none(scan.code)
        if serial is not None and serial in (*verified, *extra):
            twice.append(serial)
            continue
        request = _verification(scan, coi, account=account, role=role, station=station)
        answer = record_attempt(record, request)
        if serial is not None and serial not in before:
            extra.append(serial)
        elif answer.performed and serial is not None:
            verified.append(serial)
            continue
        if not answer.performed:
            again = serial is not None and serial in before and before[serial].label in SEEN
            twice.append(serial) if again and serial else wrong.append(WrongScan(_excerpt(scan), answer.reasons))
    return ScanBack(tuple(verified), _missing(record, job_id), tuple(extra), tuple(dict.fromkeys(twice)), tuple(wrong))


def _excerpt(scan: RollScan) -> str:
    return safe_excerpt(scan.code, 60)


def _missing(record: Record, job_id: str) -> tuple[str, ...]:
    return tuple(one.serial for one in find_job(record, job_id).labels if _to_come(one))


def _to_come(one: JobLabel) -> bool:
    return one.state is not PrintState.NOT_PRINTED and one.label in NOT_SEEN


def _serial_or_none(code: str) -> str | None:
    try:
        return serial_of(code)
    except NotUnderstood:
        return None


def _verification(scan: RollScan, coi: str, *, account: str, role: Role, station: str) -> AttemptRequest:
    return AttemptRequest(
        id=scan.id,
        step="verify_label",
        account=account,
        role=role,
        station=station,
        course=coi,
        scans=(ScanClaim(scan.code, scan.by),),
    )
