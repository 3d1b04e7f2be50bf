"""What somebody has begun at a station and not finished, and which scans of the last days were handled already.

Rows here are of the moment: nothing of them is in the log, and they may be deleted. They point at no account and no
station, so that no scan waits for a change of either.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from coi_tracker.storage.tables.base import Row, filled, instant


class StationDraftRow(Row):
    """What a person has in hand at a station, as JSON. ``sealed``: personal data that was said there, encrypted.

    ``token`` names the begun step. ``waits``: nothing of it is missing but signatures.
    """

    __tablename__ = "station_drafts"

    station: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    token: Mapped[str | None] = mapped_column(unique=True)
    waits: Mapped[bool]
    doc: Mapped[str]
    sealed: Mapped[bytes | None]
    changed_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("version >= 0", name="version_from_0"),
        *filled("station", "account", "doc"),
        *instant("changed_at"),
        Index(
            "ix_station_drafts_waiting",
            "changed_at",
            sqlite_where=text("waits"),
            postgresql_where=text("waits"),
        ),
    )


class StationScanRow(Row):
    """A scan that was handled, and what was answered: asked again, it is answered so again."""

    __tablename__ = "station_scans"

    station: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(primary_key=True)
    scan: Mapped[str] = mapped_column(primary_key=True)
    verdict: Mapped[str]
    handled_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("length(scan) <= 100", name="scan_short"),
        *filled("scan", "verdict"),
        *instant("handled_at"),
    )
