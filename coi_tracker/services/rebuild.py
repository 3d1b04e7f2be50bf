"""The state against the log: every chain folded from nothing and compared with its rows; and the rows written anew.

The log is the truth. Checking reads at one moment and changes nothing; rebuilding is one transaction. Rows that only
grow (label issues, infusions) are compared, never written. What the set-up put there (places, people, lots, shippers)
is not looked at. Does not know whether the log itself is whole: `verification` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from coi_tracker.errors import CoiError
from coi_tracker.services.findings import Finding, Findings, Report, report_of
from coi_tracker.services.fold import Folded, fold
from coi_tracker.services.record import Record
from coi_tracker.storage import state_rows
from coi_tracker.storage.chains import lock_chain
from coi_tracker.storage.log_store import log_size, waiting_count
from coi_tracker.storage.state_rows import CHAINS, SUITES, StateRow, StateTable, tables_of
from coi_tracker.storage.transaction import Transaction

__all__ = ["Finding", "Report", "check", "rebuild"]

Progress = Callable[[int, int], None]
"""Told the entries folded so far, and how many there are in all."""

NOT_AS_RECORDED = (CoiError, LookupError, ValueError, TypeError, AttributeError)
"""What folding raises when an entry is not one that could have been recorded there."""


def check(record: Record, *, progress: Progress | None = None) -> Report:
    """Compare the state with what the log says it must be; the report names each row that differs."""
    with record.database.read() as tx:
        work = _Work(record, progress, log_size(tx) + waiting_count(tx))
        for chain in _chains(tx):
            folded = work.fold(tx, chain)
            if folded is not None:
                _compare_chain(tx, work, folded)
        for table, key in state_rows.stray_rows(tx):
            work.found.add(Finding(table, "belongs to no chain of the log", id=key))
        _compare(work, SUITES, work.suites(), state_rows.read_rows(tx, SUITES, chain="", coi=""), chain=None)
    return work.report()


def rebuild(record: Record, *, progress: Progress | None = None) -> Report:
    """Write the state anew from the log, then compare: what still differs only grows, or cannot be folded.

    One transaction: all of it or nothing. Nobody else can record meanwhile, or has to wait.
    """
    with record.database.write() as tx:
        work = _Work(record, None, 0)
        state_rows.check_late(tx)
        for chain in _chains(tx):
            _write_chain(tx, work, chain)
        state_rows.forget_rows(tx, SUITES, chain="", coi="")
        state_rows.write_rows(tx, SUITES, work.suites())
    return check(record, progress=progress)


@dataclass
class _Work:
    """One run: what was found and counted, and who was cleared for a suite last."""

    record: Record
    progress: Progress | None
    total: int
    found: Findings = field(default_factory=Findings)
    entries: int = 0
    chains: int = 0
    courses: int = 0
    rows: int = 0
    cleared: dict[str, tuple[tuple[int, int], str | None]] = field(default_factory=dict)

    def fold(self, tx: Transaction, chain: str) -> Folded | None:
        """The chain folded; None when it cannot be, which is a finding."""
        reached: list[state_rows.FoldedEntry] = []
        try:
            folded = fold(self.record, chain, _remembering(state_rows.entries_to_fold(tx, chain), reached))
        except NOT_AS_RECORDED as error:
            last = reached[-1] if reached else None
            problem = f"it cannot be folded: {str(error)[:200] or type(error).__name__}"
            seq, key = (last.seq, last.id) if last else (None, None)
            self.found.add(Finding("entry", problem, chain=chain, seq=seq, id=key))
            return None
        self._count(folded)
        return folded

    def _count(self, folded: Folded) -> None:
        self.chains += 1
        self.courses += folded.kind == "course"
        self.entries += folded.entries
        suite = folded.course.facts.get("line.suite") if folded.course else None
        for name, order in folded.claims.items():
            if name not in self.cleared or self.cleared[name][0] < order:
                self.cleared[name] = (order, folded.identifier if name == suite else None)
        if self.progress:
            self.progress(self.entries, max(self.total, self.entries))

    def suites(self) -> list[StateRow]:
        """Which course each suite is cleared for: the one cleared last, if it has not left it."""
        return [(suite, coi) for suite, (_, coi) in sorted(self.cleared.items()) if coi is not None]

    def report(self) -> Report:
        names = ("chains", "courses", "entries", "rows")
        return report_of(self.found, {name: getattr(self, name) for name in names})


def _remembering(
    entries: Iterable[state_rows.FoldedEntry], reached: list[state_rows.FoldedEntry]
) -> Iterator[state_rows.FoldedEntry]:
    """The entries, of which `reached` holds the one that is being folded."""
    for entry in entries:
        reached[:] = [entry]
        yield entry


def _chains(tx: Transaction) -> Iterator[str]:
    last = ""
    while names := state_rows.chain_names(tx, last):
        yield from names
        last = names[-1]


def _compare_chain(tx: Transaction, work: _Work, folded: Folded) -> None:
    tables = (CHAINS, *tables_of(folded.kind))
    for table in tables:
        row = folded.row()
        wanted = [tuple(row[c] for c in CHAINS.columns)] if table is CHAINS else folded.rows(table)
        held = state_rows.read_rows(tx, table, chain=folded.chain, coi=folded.identifier)
        _compare(work, table, wanted, held, chain=folded.chain)


def _compare(
    work: _Work, table: StateTable, wanted: Sequence[StateRow], held: Sequence[StateRow], *, chain: str | None
) -> None:
    work.rows += len(held)
    told = {row[: table.key]: row for row in wanted}
    for row in held:
        expected = told.pop(row[: table.key], None)
        if expected != row:
            problem = _difference(table, expected, row)
            work.found.add(Finding(table.name, problem, chain=chain, id=table.key_of(row)))
    for missing in told.values():
        work.found.add(Finding(table.name, "the row is missing", chain=chain, id=table.key_of(missing)))


def _difference(table: StateTable, expected: StateRow | None, held: StateRow) -> str:
    if expected is None:
        return "the log knows no such row"
    wrong = zip(table.columns, expected, held, strict=True)
    return "; ".join(
        f"{name} is {_shown(is_now)}, by the log {_shown(by_log)}" for name, by_log, is_now in wrong if by_log != is_now
    )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _write_chain(tx: Transaction, work: _Work, chain: str) -> None:
    lock_chain(tx, chain, create=True)
    folded = work.fold(tx, chain)
    if folded is None:
        return
    state_rows.write_chain(tx, folded.row())
    tables = [table for table in tables_of(folded.kind) if not table.only_grows]
    for table in reversed(tables):
        state_rows.forget_rows(tx, table, chain=chain, coi=folded.identifier)
    for table in tables:
        state_rows.write_rows(tx, table, folded.rows(table))
