"""What courses hold and where it goes: hand-offs, infusions, bookings, suites, shippers, holds.

Imports nothing of ours: what was released stays as it was, whatever the package becomes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("shipper_loads", "shippers", "infusions", "hand_offs", "suite_claims", "bookings", "holds")


def upgrade() -> None:
    """Make the tables."""
    _holds()
    _bookings()
    _suite_claims()
    _hand_offs()
    _infusions()
    _shippers()
    _shipper_loads()


def downgrade() -> None:
    """Remove the tables, with all they hold."""
    for table in TABLES:
        op.drop_table(table)


def _holds() -> None:
    op.create_table(
        "holds",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("blocks", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_event", sa.Text(), nullable=False),
        sa.Column("lifted_event", sa.Text(), nullable=True),
        sa.CheckConstraint("blocks <> ''", name=op.f("ck_holds_blocks_filled")),
        sa.CheckConstraint("placed_by <> ''", name=op.f("ck_holds_placed_by_filled")),
        sa.CheckConstraint("scope IN ('place', 'study')", name=op.f("ck_holds_scope_word")),
        sa.CheckConstraint("target <> ''", name=op.f("ck_holds_target_filled")),
        sa.ForeignKeyConstraint(["lifted_event"], ["events.id"], name=op.f("fk_holds_lifted_event")),
        sa.ForeignKeyConstraint(["placed_event"], ["events.id"], name=op.f("fk_holds_placed_event")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )
    op.create_index(
        "ix_holds_active",
        "holds",
        ["target"],
        unique=False,
        sqlite_where=sa.text("lifted_event IS NULL"),
        postgresql_where=sa.text("lifted_event IS NULL"),
    )


def _bookings() -> None:
    op.create_table(
        "bookings",
        sa.Column("facility", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("position", NUMBER, autoincrement=False, nullable=False),
        sa.Column("coi", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.CheckConstraint("day LIKE '____-__-__'", name=op.f("ck_bookings_day_day")),
        sa.CheckConstraint("facility <> ''", name=op.f("ck_bookings_facility_filled")),
        sa.CheckConstraint("purpose <> ''", name=op.f("ck_bookings_purpose_filled")),
        sa.CheckConstraint("position >= 0", name=op.f("ck_bookings_position_from_0")),
        sa.ForeignKeyConstraint(
            ["coi"], ["courses.coi"], name=op.f("fk_bookings_coi"), initially="IMMEDIATE", deferrable=True
        ),
        sa.PrimaryKeyConstraint("facility", "day", "position", name=op.f("pk_bookings")),
    )
    op.create_index("ix_bookings_coi", "bookings", ["coi"], unique=False)


def _suite_claims() -> None:
    op.create_table(
        "suite_claims",
        sa.Column("suite", sa.Text(), nullable=False),
        sa.Column("coi", sa.Text(), nullable=False),
        sa.CheckConstraint("suite <> ''", name=op.f("ck_suite_claims_suite_filled")),
        sa.ForeignKeyConstraint(
            ["coi"], ["courses.coi"], name=op.f("fk_suite_claims_coi"), initially="IMMEDIATE", deferrable=True
        ),
        sa.PrimaryKeyConstraint("suite", name=op.f("pk_suite_claims")),
    )


def _hand_offs() -> None:
    op.create_table(
        "hand_offs",
        sa.Column("container", sa.Text(), nullable=False),
        sa.Column("opened_event", sa.Text(), nullable=False),
        sa.Column("from_place", sa.Text(), nullable=False),
        sa.Column("to_place", sa.Text(), nullable=False),
        sa.Column("closed_event", sa.Text(), nullable=True),
        sa.CheckConstraint("from_place <> to_place", name=op.f("ck_hand_offs_between_two")),
        sa.ForeignKeyConstraint(["closed_event"], ["events.id"], name=op.f("fk_hand_offs_closed_event")),
        sa.ForeignKeyConstraint(
            ["container"],
            ["containers.id"],
            name=op.f("fk_hand_offs_container"),
            initially="IMMEDIATE",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["opened_event"], ["events.id"], name=op.f("fk_hand_offs_opened_event")),
        sa.PrimaryKeyConstraint("container", "opened_event", name=op.f("pk_hand_offs")),
    )
    op.create_index(
        "uq_hand_offs_open",
        "hand_offs",
        ["container"],
        unique=True,
        sqlite_where=sa.text("closed_event IS NULL"),
        postgresql_where=sa.text("closed_event IS NULL"),
    )


def _infusions() -> None:
    op.create_table(
        "infusions",
        sa.Column("container", sa.Text(), nullable=False),
        sa.Column("coi", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["coi", "container"],
            ["containers.coi", "containers.id"],
            name=op.f("fk_infusions_coi_container"),
            initially="IMMEDIATE",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_infusions_event_id")),
        sa.PrimaryKeyConstraint("container", name=op.f("pk_infusions")),
    )
    op.create_index("ix_infusions_coi", "infusions", ["coi"], unique=False)


def _shippers() -> None:
    op.create_table(
        "shippers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("valid_until", sa.Text(), nullable=True),
        sa.CheckConstraint("serial <> ''", name=op.f("ck_shippers_serial_filled")),
        sa.CheckConstraint(
            "valid_until LIKE '____-__-__T__:__:__.______Z'", name=op.f("ck_shippers_valid_until_instant")
        ),
        sa.ForeignKeyConstraint(
            ["id"], ["containers.id"], name=op.f("fk_shippers_id"), initially="IMMEDIATE", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shippers")),
        sa.UniqueConstraint("serial", name=op.f("uq_shippers_serial")),
    )


def _shipper_loads() -> None:
    op.create_table(
        "shipper_loads",
        sa.Column("shipper", sa.Text(), nullable=False),
        sa.Column("opened_event", sa.Text(), nullable=False),
        sa.Column("coi", sa.Text(), nullable=False),
        sa.Column("closed_event", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["closed_event"], ["events.id"], name=op.f("fk_shipper_loads_closed_event")),
        sa.ForeignKeyConstraint(
            ["coi"], ["courses.coi"], name=op.f("fk_shipper_loads_coi"), initially="IMMEDIATE", deferrable=True
        ),
        sa.ForeignKeyConstraint(["opened_event"], ["events.id"], name=op.f("fk_shipper_loads_opened_event")),
        sa.ForeignKeyConstraint(
            ["shipper"], ["shippers.id"], name=op.f("fk_shipper_loads_shipper"), initially="IMMEDIATE", deferrable=True
        ),
        sa.PrimaryKeyConstraint("shipper", "opened_event", name=op.f("pk_shipper_loads")),
    )
    op.create_index("ix_shipper_loads_coi", "shipper_loads", ["coi"], unique=False)
    op.create_index(
        "uq_shipper_loads_open",
        "shipper_loads",
        ["shipper"],
        unique=True,
        sqlite_where=sa.text("closed_event IS NULL"),
        postgresql_where=sa.text("closed_event IS NULL"),
    )
