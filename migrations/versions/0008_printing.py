"""Printers, print jobs, and what became of every label that was sent to one.

Imports nothing of ours: what was released stays as it was, whatever the package becomes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = "____-__-__T__:__:__.______Z"
OPEN = sa.text("state IN ('queued', 'sending', 'may_have_printed')")
LIVE = sa.text("state <> 'not_printed'")
JOBS = "'queued', 'sending', 'printed', 'may_have_printed', 'counted', 'failed', 'cancelled'"
LABELS = "'queued', 'sending', 'printed', 'may_have_printed', 'not_printed'"
TABLES = ("label_prints", "print_labels", "print_jobs", "printers")


def upgrade() -> None:
    """Make the tables."""
    _printers()
    _print_jobs()
    _print_labels()
    _label_prints()


def downgrade() -> None:
    """Remove the tables, with all they hold."""
    for table in TABLES:
        op.drop_table(table)


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _printers() -> None:
    op.create_table(
        "printers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("dpi", NUMBER, nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("answers", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        _check("printers", "dpi_known", "dpi IN (203, 300, 600)"),
        _check("printers", "id_filled", "id <> ''"),
        _check("printers", "name_filled", "name <> ''"),
        _check("printers", "kind_word", "kind IN ('tcp', 'cups', 'folder', 'download')"),
        _check("printers", "language_word", "language IN ('zpl', 'pdf')"),
        sa.ForeignKeyConstraint(["place"], ["places.id"], name=op.f("fk_printers_place")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_printers")),
    )
    op.create_index("ix_printers_place", "printers", ["place"], unique=False)


def _print_jobs() -> None:
    op.create_table(
        "print_jobs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("coi", sa.Text(), nullable=False),
        sa.Column("printer", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_name", sa.Text(), nullable=False),
        sa.Column("asked_role", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.Text(), nullable=False),
        sa.Column("due_at", sa.Text(), nullable=False),
        sa.Column("tries", NUMBER, nullable=False),
        sa.Column("claim", sa.Text(), nullable=True),
        sa.Column("claimed_until", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        _check("print_jobs", "state_word", f"state IN ({JOBS})"),
        _check("print_jobs", "claimed_while_sending", "(state = 'sending') = (claim IS NOT NULL)"),
        _check("print_jobs", "claimed_until_then", "(claim IS NULL) = (claimed_until IS NULL)"),
        _check("print_jobs", "tries_from_0", "tries >= 0"),
        _check("print_jobs", "asked_by_filled", "asked_by <> ''"),
        *(
            _check("print_jobs", f"{name}_instant", f"{name} LIKE '{INSTANT}'")
            for name in ("asked_at", "due_at", "claimed_until", "ended_at")
        ),
        sa.ForeignKeyConstraint(
            ["coi"], ["courses.coi"], name=op.f("fk_print_jobs_coi"), initially="IMMEDIATE", deferrable=True
        ),
        sa.ForeignKeyConstraint(["printer"], ["printers.id"], name=op.f("fk_print_jobs_printer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_print_jobs")),
    )
    op.create_index("ix_print_jobs_coi", "print_jobs", ["coi"], unique=False)
    op.create_index(
        "ix_print_jobs_open",
        "print_jobs",
        ["state", "due_at"],
        unique=False,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )


def _print_labels() -> None:
    op.create_table(
        "print_labels",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("n", NUMBER, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        _check("print_labels", "state_word", f"state IN ({LABELS})"),
        _check("print_labels", "n_from_1", "n >= 1"),
        sa.ForeignKeyConstraint(["job"], ["print_jobs.id"], name=op.f("fk_print_labels_job")),
        sa.ForeignKeyConstraint(["serial"], ["label_issues.serial"], name=op.f("fk_print_labels_serial")),
        sa.PrimaryKeyConstraint("job", "serial", name=op.f("pk_print_labels")),
        sa.UniqueConstraint("job", "n", name=op.f("uq_print_labels_job_n")),
    )
    op.create_index(
        "uq_print_labels_live", "print_labels", ["serial"], unique=True, sqlite_where=LIVE, postgresql_where=LIVE
    )


def _label_prints() -> None:
    op.create_table(
        "label_prints",
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("coi", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("printed_at", sa.Text(), nullable=False),
        _check("label_prints", "printed_at_instant", f"printed_at LIKE '{INSTANT}'"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_label_prints_event_id")),
        sa.ForeignKeyConstraint(["serial"], ["label_issues.serial"], name=op.f("fk_label_prints_serial")),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_label_prints")),
    )
    op.create_index("ix_label_prints_coi", "label_prints", ["coi"], unique=False)
