"""Tokens of stations and other programs, and where events are sent.

Imports nothing of ours: what was released stays as it was, whatever the package becomes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _api_tokens()
    _webhooks()


def downgrade() -> None:
    """Remove the tables, with all they hold."""
    op.drop_table("webhooks")
    op.drop_table("api_tokens")


def _instant(table: str, *columns: str) -> list[sa.CheckConstraint]:
    shape = "____-__-__T__:__:__.______Z"
    return [sa.CheckConstraint(f"{name} LIKE '{shape}'", name=op.f(f"ck_{table}_{name}_instant")) for name in columns]


def _filled(table: str, *columns: str) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(f"{name} <> ''", name=op.f(f"ck_{table}_{name}_filled")) for name in columns]


def _api_tokens() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=True),
        sa.Column("places", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.Text(), nullable=True),
        sa.Column("used_at", sa.Text(), nullable=True),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_api_tokens_digest_hex")),
        sa.CheckConstraint(
            "(kind = 'station') = (station IS NOT NULL)", name=op.f("ck_api_tokens_station_of_a_station")
        ),
        sa.CheckConstraint("kind IN ('station', 'integration')", name=op.f("ck_api_tokens_kind_word")),
        *_filled("api_tokens", "id", "name", "places", "scopes"),
        *_instant("api_tokens", "issued_at", "expires_at", "revoked_at", "used_at"),
        sa.ForeignKeyConstraint(["station"], ["stations.code"], name=op.f("fk_api_tokens_station")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_tokens_digest")),
    )


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("next_index", NUMBER, nullable=False),
        sa.Column("tries", NUMBER, server_default=sa.text("0"), nullable=False),
        sa.Column("not_before", sa.Text(), nullable=True),
        sa.Column("leased_until", sa.Text(), nullable=True),
        sa.Column("delivered_at", sa.Text(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.CheckConstraint("next_index >= 0 AND tries >= 0", name=op.f("ck_webhooks_counts_from_0")),
        *_filled("webhooks", "id", "url", "kinds"),
        *_instant("webhooks", "made_at", "not_before", "leased_until", "delivered_at"),
        sa.ForeignKeyConstraint(["token"], ["api_tokens.id"], name=op.f("fk_webhooks_token")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
