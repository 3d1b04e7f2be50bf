"""Printers, print jobs, what became of each label in a job, and which labels the log says were printed.

Only the last of these is state that the log gives back. The others are what is needed to do the work and to never
send a label twice; what matters of them is said in the log as well.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from coi_tracker.storage.tables.base import Row, filled, instant, one_of, points_to
from coi_tracker.vocabulary import JobState, PrinterKind, PrinterLanguage, PrintState


class PrinterRow(Row):
    """A printer at a place. ``kinds``: the labels that fit what is loaded, as a JSON list; empty for all.

    ``answers``: it says how it is (`~HS`), so that paper out is seen.
    """

    __tablename__ = "printers"

    id: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    address: Mapped[str]
    language: Mapped[str]
    dpi: Mapped[int]
    kinds: Mapped[str]
    answers: Mapped[bool]
    active: Mapped[bool]

    __table_args__ = (
        points_to(["place"], ["places.id"]),
        one_of("kind", PrinterKind),
        one_of("language", PrinterLanguage),
        CheckConstraint("dpi IN (203, 300, 600)", name="dpi_known"),
        *filled("id", "name"),
        Index("ix_printers_place", "place"),
    )


class PrintJobRow(Row):
    """Labels of one course for one printer, as somebody asked. ``claim``: which worker is at it, until when."""

    __tablename__ = "print_jobs"

    id: Mapped[str] = mapped_column(primary_key=True)
    coi: Mapped[str]
    printer: Mapped[str]
    state: Mapped[str]
    asked_by: Mapped[str]
    asked_name: Mapped[str]
    asked_role: Mapped[str]
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    tries: Mapped[int]
    claim: Mapped[str | None]
    claimed_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    words: Mapped[str | None]

    __table_args__ = (
        points_to(["coi"], ["courses.coi"], late=True),
        points_to(["printer"], ["printers.id"]),
        one_of("state", JobState),
        CheckConstraint("(state = 'sending') = (claim IS NOT NULL)", name="claimed_while_sending"),
        CheckConstraint("(claim IS NULL) = (claimed_until IS NULL)", name="claimed_until_then"),
        CheckConstraint("tries >= 0", name="tries_from_0"),
        *filled("asked_by"),
        *instant("asked_at", "due_at", "claimed_until", "ended_at"),
        Index("ix_print_jobs_coi", "coi"),
        Index(
            "ix_print_jobs_open",
            "state",
            "due_at",
            sqlite_where=text("state IN ('queued', 'sending', 'may_have_printed')"),
            postgresql_where=text("state IN ('queued', 'sending', 'may_have_printed')"),
        ),
    )


class PrintedLabelRow(Row):
    """One serial in one job. Unless it is known not to have come out, no other job may have it."""

    __tablename__ = "print_labels"

    job: Mapped[str] = mapped_column(primary_key=True)
    serial: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int]
    state: Mapped[str]

    __table_args__ = (
        points_to(["job"], ["print_jobs.id"]),
        points_to(["serial"], ["label_issues.serial"]),
        UniqueConstraint("job", "n"),
        one_of("state", PrintState),
        CheckConstraint("n >= 1", name="n_from_1"),
        Index(
            "uq_print_labels_live",
            "serial",
            unique=True,
            sqlite_where=text("state <> 'not_printed'"),
            postgresql_where=text("state <> 'not_printed'"),
        ),
    )


class LabelPrintRow(Row):
    """The log says that this label was printed: once. From then on it has to be scanned back in time."""

    __tablename__ = "label_prints"

    serial: Mapped[str] = mapped_column(primary_key=True)
    coi: Mapped[str]
    event_id: Mapped[str]
    printed_at: Mapped[datetime]

    __table_args__ = (
        points_to(["serial"], ["label_issues.serial"]),
        points_to(["event_id"], ["events.id"]),
        *instant("printed_at"),
        Index("ix_label_prints_coi", "coi"),
    )
