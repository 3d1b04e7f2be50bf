"""Steps that somebody has begun at a station and not finished.

Imports nothing of ours: what was released stays as it was, whatever the package becomes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "station_drafts",
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.CheckConstraint("version >= 0", name=op.f("ck_station_drafts_version_from_0")),
        sa.CheckConstraint("station <> ''", name=op.f("ck_station_drafts_station_filled")),
        sa.CheckConstraint("account <> ''", name=op.f("ck_station_drafts_account_filled")),
        sa.CheckConstraint("doc <> ''", name=op.f("ck_station_drafts_doc_filled")),
        sa.CheckConstraint(
            "changed_at LIKE '____-__-__T__:__:__.______Z'", name=op.f("ck_station_drafts_changed_at_instant")
        ),
        sa.PrimaryKeyConstraint("station", "account", name=op.f("pk_station_drafts")),
        sa.UniqueConstraint("token", name=op.f("uq_station_drafts_token")),
    )
    op.create_index(
        "ix_station_drafts_waiting",
        "station_drafts",
        ["changed_at"],
        unique=False,
        sqlite_where=sa.text("waits"),
        postgresql_where=sa.text("waits"),
    )
    op.create_table(
        "station_scans",
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("scan", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("handled_at", sa.Text(), nullable=False),
        sa.CheckConstraint("length(scan) <= 100", name=op.f("ck_station_scans_scan_short")),
        sa.CheckConstraint("scan <> ''", name=op.f("ck_station_scans_scan_filled")),
        sa.CheckConstraint("verdict <> ''", name=op.f("ck_station_scans_verdict_filled")),
        sa.CheckConstraint(
            "handled_at LIKE '____-__-__T__:__:__.______Z'", name=op.f("ck_station_scans_handled_at_instant")
        ),
        sa.PrimaryKeyConstraint("station", "account", "scan", name=op.f("pk_station_scans")),
    )


def downgrade() -> None:
    """Remove the tables: what was begun has to be begun again, and nothing that was recorded is lost."""
    op.drop_table("station_scans")
    op.drop_table("station_drafts")
