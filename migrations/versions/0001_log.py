"""The custody log: entries, signatures, order, tree, checkpoints, keys.

Imports nothing of ours: what was released stays as it was, whatever the package becomes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTES_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
TABLES = ("unsequenced", "signatures", "log_positions", "log_keys", "tree_nodes", "events", "checkpoints")


def upgrade() -> None:
    """Make the tables."""
    _checkpoints()
    _events()
    _tree_nodes()
    _log_keys()
    _log_positions()
    _signatures()
    _unsequenced()


def downgrade() -> None:
    """Remove the tables, with all they hold."""
    for table in TABLES:
        op.drop_table(table)


def _checkpoints() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("size", NUMBER, autoincrement=False, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.CheckConstraint("made_at LIKE '____-__-__T__:__:__.______Z'", name=op.f("ck_checkpoints_made_at_instant")),
        sa.CheckConstraint("note <> ''", name=op.f("ck_checkpoints_note_filled")),
        sa.CheckConstraint("origin <> ''", name=op.f("ck_checkpoints_origin_filled")),
        sa.CheckConstraint("size >= 1", name=op.f("ck_checkpoints_size_from_1")),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_checkpoints")),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("chain", BYTES_TEXT, nullable=False),
        sa.Column("seq", NUMBER, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("prev", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("coi", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.Text(), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.CheckConstraint("chain <> ''", name=op.f("ck_events_chain_filled")),
        sa.CheckConstraint("entry <> ''", name=op.f("ck_events_entry_filled")),
        sa.CheckConstraint("id <> ''", name=op.f("ck_events_id_filled")),
        sa.CheckConstraint(
            "kind IN ('checkpoint_heads', 'key_published', 'key_rotated', 'label_printed', 'performed', "
            "'refused', 'setup_changed')",
            name=op.f("ck_events_kind_word"),
        ),
        sa.CheckConstraint(
            "recorded_at LIKE '____-__-__T__:__:__.______Z'", name=op.f("ck_events_recorded_at_instant")
        ),
        sa.CheckConstraint("(prev IS NULL) = (seq = 1)", name=op.f("ck_events_prev_null_only_first")),
        sa.CheckConstraint("length(digest) = 64 AND digest = lower(digest)", name=op.f("ck_events_digest_hex")),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_events_seq_from_1")),
        sa.PrimaryKeyConstraint("chain", "seq", name=op.f("pk_events")),
        sa.UniqueConstraint("chain", "seq", "digest", name=op.f("uq_events_chain_seq_digest")),
        sa.UniqueConstraint("id", name=op.f("uq_events_id")),
        sa.UniqueConstraint("prev", "chain", name=op.f("uq_events_prev_chain")),
    )
    op.create_index(
        "ix_events_first",
        "events",
        ["chain"],
        unique=False,
        sqlite_where=sa.text("seq = 1"),
        postgresql_where=sa.text("seq = 1"),
    )
    op.create_index("ix_events_recorded_at", "events", ["recorded_at"], unique=False)


def _tree_nodes() -> None:
    op.create_table(
        "tree_nodes",
        sa.Column("level", NUMBER, autoincrement=False, nullable=False),
        sa.Column("position", NUMBER, autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(hash) = 32", name=op.f("ck_tree_nodes_hash_length")),
        sa.CheckConstraint("level >= 0 AND position >= 0", name=op.f("ck_tree_nodes_in_tree")),
        sa.PrimaryKeyConstraint("level", "position", name=op.f("pk_tree_nodes")),
    )


def _log_keys() -> None:
    op.create_table(
        "log_keys",
        sa.Column("vkey", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since_size", NUMBER, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.CheckConstraint("name <> ''", name=op.f("ck_log_keys_name_filled")),
        sa.CheckConstraint("vkey <> ''", name=op.f("ck_log_keys_vkey_filled")),
        sa.CheckConstraint("since_size >= 0", name=op.f("ck_log_keys_since_size_from_0")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_log_keys_event_id")),
        sa.PrimaryKeyConstraint("vkey", name=op.f("pk_log_keys")),
    )


def _log_positions() -> None:
    op.create_table(
        "log_positions",
        sa.Column("idx", NUMBER, autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.CheckConstraint("idx >= 0", name=op.f("ck_log_positions_idx_from_0")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_log_positions_event_id")),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_log_positions")),
        sa.UniqueConstraint("event_id", name=op.f("uq_log_positions_event_id")),
    )


def _signatures() -> None:
    op.create_table(
        "signatures",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.Text(), nullable=False),
        sa.Column("signed", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "meaning IN ('performed', 'witnessed', 'verified', 'reviewed', 'approved', 'released', "
            "'received', 'authorised', 'late_entry')",
            name=op.f("ck_signatures_meaning_word"),
        ),
        sa.CheckConstraint(
            "signed_at LIKE '____-__-__T__:__:__.______Z'", name=op.f("ck_signatures_signed_at_instant")
        ),
        sa.CheckConstraint("length(signed) = 64 AND signed = lower(signed)", name=op.f("ck_signatures_signed_hex")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_signatures_event_id")),
        sa.PrimaryKeyConstraint("event_id", "account", name=op.f("pk_signatures")),
    )
    op.create_index("ix_signatures_account", "signatures", ["account", "signed_at"], unique=False)


def _unsequenced() -> None:
    op.create_table(
        "unsequenced",
        sa.Column("n", NUMBER, autoincrement=True, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_unsequenced_event_id")),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_unsequenced")),
        sa.UniqueConstraint("event_id", name=op.f("uq_unsequenced_event_id")),
        sqlite_autoincrement=True,
    )
