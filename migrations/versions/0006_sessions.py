"""Who is signed in at which device, kept by the server so that a session can be ended.

Imports nothing of ours: what was released stays as it was, whatever the package becomes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INSTANTS = ("started_at", "seen_at", "proved_at", "locked_at", "ended_at")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "web_sessions",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.Text(), nullable=False),
        sa.Column("proved_at", sa.Text(), nullable=False),
        sa.Column("locked_at", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.Text(), nullable=True),
        sa.CheckConstraint("account <> ''", name=op.f("ck_web_sessions_account_filled")),
        sa.CheckConstraint("length(token) = 64", name=op.f("ck_web_sessions_token_digest")),
        *(
            sa.CheckConstraint(
                f"{name} LIKE '____-__-__T__:__:__.______Z'", name=op.f(f"ck_web_sessions_{name}_instant")
            )
            for name in INSTANTS
        ),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name=op.f("fk_web_sessions_account")),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_web_sessions")),
    )
    op.create_index("ix_web_sessions_account", "web_sessions", ["account"], unique=False)


def downgrade() -> None:
    """Remove the table: everybody signs in again."""
    op.drop_table("web_sessions")
