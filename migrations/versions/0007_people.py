"""What the tracker keeps of passwords, second factors and failed attempts to sign in.

Imports nothing of ours: what was released stays as it was, whatever the package becomes.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = (
    "outside_identities",
    "recovery_codes",
    "second_factors",
    "old_passwords",
    "passwords",
    "failed_sign_ins",
    "sign_ins",
)


def upgrade() -> None:
    """Make the tables. A password that is there already counts as chosen by its owner, today."""
    _sign_ins()
    _failed_sign_ins()
    _passwords()
    _old_passwords()
    _second_factors()
    _recovery_codes()
    _outside_identities()
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    op.execute(
        sa.text(
            "INSERT INTO passwords (account, set_at, must_change) "
            "SELECT id, :now, false FROM accounts WHERE password_hash IS NOT NULL"
        ).bindparams(now=now)
    )


def downgrade() -> None:
    """Remove the tables, with all they hold."""
    for table in TABLES:
        op.drop_table(table)


def _instant(table: str, *columns: str) -> list[sa.CheckConstraint]:
    shape = "____-__-__T__:__:__.______Z"
    return [sa.CheckConstraint(f"{name} LIKE '{shape}'", name=op.f(f"ck_{table}_{name}_instant")) for name in columns]


def _filled(table: str, *columns: str) -> list[sa.CheckConstraint]:
    return [sa.CheckConstraint(f"{name} <> ''", name=op.f(f"ck_{table}_{name}_filled")) for name in columns]


def _of_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["account"], ["accounts.id"], name=op.f(f"fk_{table}_account"))


def _sign_ins() -> None:
    op.create_table(
        "sign_ins",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("failures", NUMBER, server_default=sa.text("0"), nullable=False),
        sa.Column("unreported", NUMBER, server_default=sa.text("0"), nullable=False),
        sa.Column("locks", NUMBER, server_default=sa.text("0"), nullable=False),
        sa.Column("counted_from", sa.Text(), nullable=True),
        sa.Column("last_failed_at", sa.Text(), nullable=True),
        sa.Column("locked_until", sa.Text(), nullable=True),
        sa.Column("signed_in_at", sa.Text(), nullable=True),
        sa.CheckConstraint("failures >= 0 AND unreported >= 0 AND locks >= 0", name=op.f("ck_sign_ins_counts_from_0")),
        *_filled("sign_ins", "account"),
        *_instant("sign_ins", "counted_from", "last_failed_at", "locked_until", "signed_in_at"),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_sign_ins")),
    )


def _failed_sign_ins() -> None:
    op.create_table(
        "failed_sign_ins",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("slot", NUMBER, autoincrement=False, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("asked_for", sa.Text(), nullable=False),
        sa.Column("station", sa.Text(), nullable=True),
        sa.CheckConstraint("slot >= 0", name=op.f("ck_failed_sign_ins_slot_from_0")),
        sa.CheckConstraint(
            "asked_for IN ('sign_in', 'second_factor', 'signature', 'command')",
            name=op.f("ck_failed_sign_ins_asked_for_word"),
        ),
        *_instant("failed_sign_ins", "at"),
        sa.ForeignKeyConstraint(["account"], ["sign_ins.account"], name=op.f("fk_failed_sign_ins_account")),
        sa.PrimaryKeyConstraint("account", "slot", name=op.f("pk_failed_sign_ins")),
    )


def _passwords() -> None:
    op.create_table(
        "passwords",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("set_at", sa.Text(), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        *_instant("passwords", "set_at"),
        _of_account("passwords"),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_passwords")),
    )


def _old_passwords() -> None:
    op.create_table(
        "old_passwords",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        *_filled("old_passwords", "password_hash"),
        *_instant("old_passwords", "until"),
        _of_account("old_passwords"),
        sa.PrimaryKeyConstraint("account", "until", name=op.f("pk_old_passwords")),
    )


def _second_factors() -> None:
    op.create_table(
        "second_factors",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("confirmed_at", sa.Text(), nullable=True),
        sa.Column("used_step", NUMBER, nullable=True),
        sa.CheckConstraint(
            "confirmed_at IS NULL OR secret IS NOT NULL", name=op.f("ck_second_factors_confirmed_secret")
        ),
        *_instant("second_factors", "confirmed_at"),
        _of_account("second_factors"),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_second_factors")),
    )


def _recovery_codes() -> None:
    op.create_table(
        "recovery_codes",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_recovery_codes_digest_length")),
        _of_account("recovery_codes"),
        sa.PrimaryKeyConstraint("account", "digest", name=op.f("pk_recovery_codes")),
    )


def _outside_identities() -> None:
    op.create_table(
        "outside_identities",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("linked_at", sa.Text(), nullable=False),
        *_filled("outside_identities", "issuer", "subject"),
        *_instant("outside_identities", "linked_at"),
        _of_account("outside_identities"),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_outside_identities")),
    )
