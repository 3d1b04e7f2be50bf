"""Are all labels of a course accounted for: in all, by the entry that issued them, by print job; and what that blocks.

issued = applied + destroyed + returned + void + superseded, and what is left is open, each named. Reads only; that an
open difference blocks a step is decided by the process, which is asked here which steps those are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from coi_tracker.course import Course
from coi_tracker.process.supplies import Reconciled
from coi_tracker.services.printing import course_now, named_course, state_shown
from coi_tracker.services.record import Record
from coi_tracker.storage import printing
from coi_tracker.storage.printing import IssuedLabel
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import OPEN_LABELS, ContainerKind, LabelState, PrintState


@dataclass(frozen=True, slots=True)
class OpenLabel:
    """A label that nobody has accounted for. ``job``: the print job it is in, if it is in one, and how it is there."""

    serial: str
    container: str
    kind: ContainerKind
    state: LabelState
    job: str | None = None
    at_printer: PrintState | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """Some labels: how many were issued, what became of them, and the open ones. ``what`` says which these are."""

    what: str
    issued: int
    ended: Mapping[LabelState, int]
    open: tuple[OpenLabel, ...]
    at: datetime | None = None

    @property
    def difference(self) -> int:
        """What is issued and not accounted for; zero when it is reconciled."""
        return self.issued - sum(self.ended.values())


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The labels of a course. ``blocks``: the steps that open ones stand against, and which ones, by serial.

    ``suites``: suites that open labels lie in; no other course's line is cleared there.
    """

    coi: str
    all: Balance
    by_issue: tuple[Balance, ...]
    by_job: tuple[Balance, ...]
    blocks: Mapping[str, tuple[str, ...]]
    suites: Mapping[str, tuple[str, ...]]


def reconcile(record: Record, coi: str) -> Reconciliation | None:
    """How the labels of a course stand. None: no such course. Raises NotUnderstood for what is no COI."""
    key = named_course(coi)
    with record.database.read() as tx:
        course = course_now(tx, key)
        return None if course is None else _reconciled(record, tx, course, key)


def _reconciled(record: Record, tx: Transaction, course: Course, coi: str) -> Reconciliation:
    issued = printing.issued_labels(tx, coi)
    in_jobs = printing.all_of_course(tx, coi)
    latest = {serial: (job, state) for job, serial, state in in_jobs}
    named = {one.serial: _open(record, tx, course, one, latest) for one in issued if one.state in OPEN_LABELS}
    by_serial = {one.serial: one for one in issued}
    issues = dict.fromkeys(one.event for one in issued)
    jobs = dict.fromkeys(job for job, _, _ in in_jobs)
    return Reconciliation(
        coi,
        _balance(f"course {coi}", issued, named),
        tuple(_of_issue([one for one in issued if one.event == event], named) for event in issues),
        tuple(
            _balance(f"print job {job}", [by_serial[serial] for of, serial, _ in in_jobs if of == job], named)
            for job in jobs
        ),
        _blocks(record, course, named.values()),
        _suites(course, named.values()),
    )


def _open(
    record: Record, tx: Transaction, course: Course, one: IssuedLabel, latest: Mapping[str, tuple[str, PrintState]]
) -> OpenLabel:
    state = state_shown(record, tx, course, one)
    return OpenLabel(one.serial, one.container, one.kind, state, *latest.get(one.serial, (None, None)))


def _of_issue(issued: list[IssuedLabel], named: Mapping[str, OpenLabel]) -> Balance:
    first = issued[0]
    kinds = ", ".join(sorted({one.kind for one in issued}))
    return _balance(f"{first.step or 'issued'}: {kinds}", issued, named, at=first.issued_at)


def _balance(
    what: str, issued: list[IssuedLabel], named: Mapping[str, OpenLabel], *, at: datetime | None = None
) -> Balance:
    ended = Counter(LabelState(one.state) for one in issued if one.serial not in named)
    left = tuple(named[one.serial] for one in issued if one.serial in named)
    return Balance(what, len(issued), dict(ended), left, at)


def _blocks(record: Record, course: Course, left: Iterable[OpenLabel]) -> dict[str, tuple[str, ...]]:
    """By the process: each step that asks for labels of some kinds to reconcile."""
    found: dict[str, tuple[str, ...]] = {}
    known = list(left)
    for step in record.process_of(course).steps.values():
        for need in step.needs_of(Reconciled):
            serials = tuple(one.serial for one in known if one.kind in need.kinds)
            if serials:
                found[step.name] = serials
    return found


def _suites(course: Course, left: Iterable[OpenLabel]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for one in left:
        container = next((c for c in course.containers.values() if c.id == one.container), None)
        if container is not None and container.position is not None:
            found[container.position] = (*found.get(container.position, ()), one.serial)
    return found
