"""Who is signed in at which device, kept by the server so that a session can be locked and ended.

Not part of the record: lost with no harm, people sign in again.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from coi_tracker.storage.tables.base import Row, filled, instant, points_to


class WebSessionRow(Row):
    """One person at one device. ``token`` is a digest: who reads the database cannot take a session over."""

    __tablename__ = "web_sessions"

    token: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    proved_at: Mapped[datetime]
    locked_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        points_to(["account"], ["accounts.id"]),
        CheckConstraint("length(token) = 64", name="token_digest"),
        *filled("account"),
        *instant("started_at", "seen_at", "proved_at", "locked_at", "ended_at"),
        Index("ix_web_sessions_account", "account"),
    )
