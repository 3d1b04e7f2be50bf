"""Small questions that an export asks before and while it reads the log. Knows columns, no proof."""

from __future__ import annotations

from coi_tracker.storage.transaction import Transaction


def has_chain(tx: Transaction, chain: str) -> bool:
    """Whether the chain has an entry."""
    return tx.one("SELECT 1 FROM events WHERE chain = :chain AND seq = 1", chain=chain) is not None


def has_place(tx: Transaction, place: str) -> bool:
    """Whether the place is registered."""
    return tx.one("SELECT 1 FROM places WHERE id = :place", place=place) is not None


def entry_at(tx: Transaction, index: int) -> str | None:
    """The exact text of the entry at a log index."""
    row = tx.one(
        "SELECT e.entry FROM log_positions p JOIN events e ON e.id = p.event_id WHERE p.idx = :index", index=index
    )
    return None if row is None else str(row[0])
