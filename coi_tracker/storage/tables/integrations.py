"""Other systems that may call, and where events are sent to. What is secret is a digest or encrypted.

Not the record itself: who was given a token, and when it was taken away, stands in the log.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from coi_tracker.storage.tables.base import Row, filled, instant, one_of, points_to
from coi_tracker.vocabulary import TokenKind


class ApiTokenRow(Row):
    """One system that may call. ``digest``: who reads the database cannot call. Rows stay when a token is revoked."""

    __tablename__ = "api_tokens"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    digest: Mapped[str]
    kind: Mapped[str]
    station: Mapped[str | None]
    places: Mapped[str]
    scopes: Mapped[str]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]

    __table_args__ = (
        points_to(["station"], ["stations.code"]),
        UniqueConstraint("digest"),
        CheckConstraint("length(digest) = 64", name="digest_hex"),
        CheckConstraint("(kind = 'station') = (station IS NOT NULL)", name="station_of_a_station"),
        one_of("kind", TokenKind),
        *filled("id", "name", "places", "scopes"),
        *instant("issued_at", "expires_at", "revoked_at", "used_at"),
    )


class WebhookRow(Row):
    """Where events are sent to: an address, what is wanted, and how far in the log it has got.

    ``next_index``: the first entry of the log that was not looked at for it. ``leased_until``: a worker is at it.
    """

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[str]
    url: Mapped[str]
    secret: Mapped[bytes]
    kinds: Mapped[str]
    active: Mapped[bool]
    made_at: Mapped[datetime]
    next_index: Mapped[int]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    not_before: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    trouble: Mapped[str | None]

    __table_args__ = (
        points_to(["token"], ["api_tokens.id"]),
        CheckConstraint("next_index >= 0 AND tries >= 0", name="counts_from_0"),
        *filled("id", "url", "kinds"),
        *instant("made_at", "not_before", "leased_until", "delivered_at"),
    )
