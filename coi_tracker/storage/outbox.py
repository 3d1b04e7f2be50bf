"""Things to do after a commit, written in the same transaction as what they follow from.

Taken by one worker each: on PostgreSQL the others skip what is taken, on SQLite there is one writer. What fails stays
and is tried again; delivering twice is possible, losing is not. Knows no topic.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.types import utc_from_text, utc_text


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do. ``body`` is text, as its topic understands it."""

    n: int
    topic: str
    body: str
    made_at: datetime
    tries: int


def put(tx: Transaction, topic: str, *, body: str, at: datetime) -> None:
    """Queue something to do once this transaction is committed."""
    tx.write(
        "INSERT INTO outbox (topic, body, made_at) VALUES (:topic, :body, :at)",
        {"topic": topic, "body": body, "at": utc_text(at)},
    )


_TAKE = """
SELECT n, topic, body, made_at, tries FROM outbox WHERE topic = :topic AND done_at IS NULL
AND body = COALESCE(:body, body) ORDER BY n LIMIT :limit
"""


def take(tx: Transaction, topic: str, *, limit: int = 100, body: str | None = None) -> list[Task]:
    """The oldest undone tasks of a topic (or the one with a body) that nobody else has, ours until the end."""
    sql = _TAKE + " FOR UPDATE SKIP LOCKED" if tx.kind == "postgresql" else _TAKE
    rows = tx.query(sql, topic=topic, limit=limit, body=body)
    return [Task(n, of, body, utc_from_text(made_at), tries) for n, of, body, made_at, tries in rows]


def done(tx: Transaction, task: Task, *, at: datetime) -> None:
    """Queue that a task is done."""
    tx.write("UPDATE outbox SET done_at = :at WHERE n = :n", {"n": task.n, "at": utc_text(at)}, touching=1)


def failed(tx: Transaction, task: Task) -> None:
    """Queue that it was tried in vain."""
    tx.write("UPDATE outbox SET tries = tries + 1 WHERE n = :n", {"n": task.n}, touching=1)
