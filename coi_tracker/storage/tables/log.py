"""The tables of the custody log: entries, signatures, the order of the log, its tree, checkpoints and keys.

All of them only grow (see append_only), but for the short list of entries that wait for their log index.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from coi_tracker.custody_log.entry import KINDS
from coi_tracker.storage.tables.base import Row, filled, instant, one_of, points_to
from coi_tracker.storage.types import ByteOrderedText
from coi_tracker.vocabulary import Meaning


def _digest(column: str) -> CheckConstraint:
    return CheckConstraint(f"length({column}) = 64 AND {column} = lower({column})", name=f"{column}_hex")


class EventRow(Row):
    """One entry of the log. ``entry`` is its canonical text, byte for byte; the other columns repeat parts of it."""

    __tablename__ = "events"

    chain: Mapped[str] = mapped_column(ByteOrderedText, primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str]
    prev: Mapped[str | None]
    digest: Mapped[str]
    kind: Mapped[str]
    step: Mapped[str | None]
    coi: Mapped[str | None]
    recorded_at: Mapped[datetime]
    entry: Mapped[str]

    __table_args__ = (
        UniqueConstraint("id"),
        UniqueConstraint("prev", "chain"),  # prev first: on a young table PostgreSQL would look for a chain by it
        UniqueConstraint("chain", "seq", "digest"),
        CheckConstraint("seq >= 1", name="seq_from_1"),
        CheckConstraint("(prev IS NULL) = (seq = 1)", name="prev_null_only_first"),
        one_of("kind", sorted(KINDS)),
        _digest("digest"),
        *filled("chain", "id", "entry"),
        *instant("recorded_at"),
        Index("ix_events_first", "chain", sqlite_where=text("seq = 1"), postgresql_where=text("seq = 1")),
        Index("ix_events_recorded_at", "recorded_at"),
    )


class SignatureRow(Row):
    """One person's signature under an entry: at most one a person."""

    __tablename__ = "signatures"

    event_id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(primary_key=True)
    meaning: Mapped[str]
    signed_at: Mapped[datetime]
    signed: Mapped[str]

    __table_args__ = (
        points_to(["event_id"], ["events.id"]),
        one_of("meaning", Meaning),
        _digest("signed"),
        *instant("signed_at"),
        Index("ix_signatures_account", "account", "signed_at"),
    )


class UnsequencedRow(Row):
    """An entry that has no log index yet. Written by a trigger, removed when the sequencer has given it one."""

    __tablename__ = "unsequenced"

    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    event_id: Mapped[str]

    __table_args__ = (
        points_to(["event_id"], ["events.id"]),
        UniqueConstraint("event_id"),
        {"sqlite_autoincrement": True},
    )


class LogPositionRow(Row):
    """The place of an entry in the one order of the log, from 0 without gaps."""

    __tablename__ = "log_positions"

    idx: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event_id: Mapped[str]
    digest: Mapped[str]

    __table_args__ = (
        points_to(["event_id"], ["events.id"]),
        UniqueConstraint("event_id"),
        CheckConstraint("idx >= 0", name="idx_from_0"),
    )


class TreeNodeRow(Row):
    """A full node of the RFC 6962 tree: ``position`` counts from the left at its ``level`` (0: leaves)."""

    __tablename__ = "tree_nodes"

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[bytes]

    __table_args__ = (
        CheckConstraint("level >= 0 AND position >= 0", name="in_tree"),
        CheckConstraint("length(hash) = 32", name="hash_length"),
    )


class CheckpointRow(Row):
    """A signed tree head, kept for ever."""

    __tablename__ = "checkpoints"

    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    origin: Mapped[str]
    note: Mapped[str]
    made_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("size >= 1", name="size_from_1"),
        *filled("origin", "note"),
        *instant("made_at"),
    )


class LogKeyRow(Row):
    """A verifier key of the log and the tree size from which it signs. ``event_id`` is the entry of its rotation."""

    __tablename__ = "log_keys"

    vkey: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    since_size: Mapped[int]
    event_id: Mapped[str | None]

    __table_args__ = (
        points_to(["event_id"], ["events.id"]),
        CheckConstraint("since_size >= 0", name="since_size_from_0"),
        *filled("vkey", "name"),
    )
