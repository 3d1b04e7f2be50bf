"""What is kept of signing in: wrong tries and locks, ages of passwords, second factors, links to outside identities.

None of it is the record: entries in an account's chain say what matters of it. No row holds a password or a code.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from coi_tracker.storage.tables.base import Row, filled, instant, one_of, points_to
from coi_tracker.vocabulary import AskedFor


class SignInRow(Row):
    """How signing in went for an account. Without a foreign key: one row is for accounts that do not exist."""

    __tablename__ = "sign_ins"

    account: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    unreported: Mapped[int] = mapped_column(server_default=text("0"))
    locks: Mapped[int] = mapped_column(server_default=text("0"))
    counted_from: Mapped[datetime | None]
    last_failed_at: Mapped[datetime | None]
    locked_until: Mapped[datetime | None]
    signed_in_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("failures >= 0 AND unreported >= 0 AND locks >= 0", name="counts_from_0"),
        *filled("account"),
        *instant("counted_from", "last_failed_at", "locked_until", "signed_in_at"),
    )


class FailedSignInRow(Row):
    """One failed try. ``slot`` goes round, so that an account keeps a fixed number of them however often it fails."""

    __tablename__ = "failed_sign_ins"

    account: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    asked_for: Mapped[str]
    station: Mapped[str | None]

    __table_args__ = (
        points_to(["account"], ["sign_ins.account"]),
        CheckConstraint("slot >= 0", name="slot_from_0"),
        one_of("asked_for", AskedFor),
        *instant("at"),
    )


class PasswordRow(Row):
    """Since when an account has its password, and whether somebody else chose it."""

    __tablename__ = "passwords"

    account: Mapped[str] = mapped_column(primary_key=True)
    set_at: Mapped[datetime]
    must_change: Mapped[bool]

    __table_args__ = (points_to(["account"], ["accounts.id"]), *instant("set_at"))


class OldPasswordRow(Row):
    """The hash of a password that an account had before; the oldest go."""

    __tablename__ = "old_passwords"

    account: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime] = mapped_column(primary_key=True)
    password_hash: Mapped[str]

    __table_args__ = (points_to(["account"], ["accounts.id"]), *filled("password_hash"), *instant("until"))


class SecondFactorRow(Row):
    """The encrypted secret of an account's one-time codes. ``used_step``: the last 30 seconds whose code was used."""

    __tablename__ = "second_factors"

    account: Mapped[str] = mapped_column(primary_key=True)
    required: Mapped[bool]
    secret: Mapped[bytes | None]
    confirmed_at: Mapped[datetime | None]
    used_step: Mapped[int | None]

    __table_args__ = (
        points_to(["account"], ["accounts.id"]),
        CheckConstraint("confirmed_at IS NULL OR secret IS NOT NULL", name="confirmed_secret"),
        *instant("confirmed_at"),
    )


class RecoveryCodeRow(Row):
    """The digest of a code that lets somebody in once without the device."""

    __tablename__ = "recovery_codes"

    account: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)

    __table_args__ = (
        points_to(["account"], ["accounts.id"]),
        CheckConstraint("length(digest) = 64", name="digest_length"),
    )


class OutsideIdentityRow(Row):
    """Who somebody is at another organisation's sign-in: one subject of one issuer is one account."""

    __tablename__ = "outside_identities"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    linked_at: Mapped[datetime]

    __table_args__ = (
        points_to(["account"], ["accounts.id"]),
        *filled("issuer", "subject"),
        *instant("linked_at"),
    )
