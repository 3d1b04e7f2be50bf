"""What a verification found: each problem where it is, the first bad entry before all others, never too many of them.

Values only; does not know how anything is verified.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

MOST = 50
"""Findings kept. The first ones are; how many there were in all is counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not hold: where it stands (``entry``, ``tree``, ``checkpoint`` ...) and what is wrong.

    `index` is the log index of the entry, `chain`, `seq` and `id` name it as far as they are known. `upto` not None:
    some entry from `index` up to and without `upto`; nothing in the database says which.
    """

    where: str
    problem: str
    index: int | None = None
    chain: str | None = None
    seq: int | None = None
    id: str | None = None
    upto: int | None = None

    def order(self) -> tuple[int, int, int, str, int]:
        """Sorts by log index; a range after what is known exactly in it; then what has no index; the rest last."""
        vague = self.upto is not None
        if self.index is not None:
            return (0, self.index if self.upto is None else self.upto - 1, vague + (self.where != "entry"), "", 0)
        return (1 if self.seq is not None else 2, 0, 0, self.chain or "", self.seq or 0)

    def sentence(self) -> str:
        """The finding for people."""
        place = f"{self.where}"
        if self.index is not None:
            span = f" to {self.upto - 1}" if self.upto is not None and self.upto > self.index + 1 else ""
            place += f" at log index {self.index}{span}"
        if self.chain is not None:
            place += f", {self.chain}" + ("" if self.seq is None else f" number {self.seq}")
        return f"{place}{f', id {self.id}' if self.id else ''}: {self.problem}"


@dataclass
class Findings:
    """Collects findings, and keeps the first ones."""

    total: int = 0
    kept: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        """Take one in."""
        self.total += 1
        self.kept.append(finding)
        if len(self.kept) > 4 * MOST:
            self.kept = self.sorted()

    def sorted(self) -> list[Finding]:
        """The first ones, in order."""
        return sorted(self.kept, key=Finding.order)[:MOST]


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at and what was found. ``counts`` are whole numbers by name; ``notes`` what to know besides."""

    verified: bool
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]
    findings_total: int
    notes: tuple[str, ...] = ()
    about: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def first_bad(self) -> Finding | None:
        """The first bad entry, or else the first other thing that does not hold."""
        return self.findings[0] if self.findings else None

    def as_json(self) -> dict[str, Any]:
        """The report as a JSON object."""
        found = [asdict(finding) for finding in self.findings]
        return {
            "verified": self.verified,
            **self.about,
            **self.counts,
            "first_bad": found[0] if found else None,
            "findings": found,
            "findings_total": self.findings_total,
            "notes": list(self.notes),
        }


def report_of(found: Findings, counts: Mapping[str, int], **more: Any) -> Report:
    """The report of what was collected."""
    return Report(found.total == 0, counts, tuple(found.sorted()), found.total, **more)
