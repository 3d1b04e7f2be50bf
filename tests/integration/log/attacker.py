"""Somebody who owns the database: triggers, keys and rules switched off, any row changed by raw SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from coi_tracker.custody_log import merkle

TABLES = (
    "events",
    "signatures",
    "log_positions",
    "tree_nodes",
    "checkpoints",
    "log_keys",
    "chains",
    "unsequenced",
)


class Attacker:
    """Raw SQL past every rule. Statements say ``?`` for a value, on both databases."""

    def __init__(self, url: str) -> None:
        self.is_sqlite = url.startswith("sqlite")
        self.driver: Any
        if self.is_sqlite:
            self.driver = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=30)
        else:
            self.driver = psycopg.connect(url, autocommit=True)
        self._switch_off_the_rules()

    def _switch_off_the_rules(self) -> None:
        if self.is_sqlite:
            self("PRAGMA foreign_keys = OFF")
            self("PRAGMA ignore_check_constraints = ON")
            for (name,) in self("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
                self(f"DROP TRIGGER {name}")
            return
        self("SET session_replication_role = replica")
        checks = (
            "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'c' "
            "AND connamespace = 'public'::regnamespace"
        )
        for table, name in self(checks):
            self(f"ALTER TABLE {table} DROP CONSTRAINT {name}")

    def __call__(self, statement: str, *values: Any) -> list[tuple]:
        text = statement if self.is_sqlite else statement.replace("?", "%s")
        cursor = self.driver.execute(text, values) if values else self.driver.execute(statement)
        return cursor.fetchall() if cursor.description else []

    def one(self, statement: str, *values: Any) -> Any:
        return self(statement, *values)[0][0]

    @contextmanager
    def undone(self, *tables: str) -> Iterator[None]:
        """What happens to these tables (of the log, if none is named) in the block is put back afterwards."""
        for table in tables or TABLES:
            self(f"CREATE TEMPORARY TABLE kept_{table} AS SELECT * FROM {table}")
        yield
        for table in tables or TABLES:
            self(f"DELETE FROM {table}")
            self(f"INSERT INTO {table} SELECT * FROM kept_{table}")
            self(f"DROP TABLE kept_{table}")

    def grow_the_tree_anew(self) -> bytes:
        """Nodes for the digests as they are now; the root."""
        leaves = [bytes.fromhex(row[0]) for row in self("SELECT digest FROM log_positions ORDER BY idx")]
        nodes: dict[tuple[int, int], bytes] = {}
        self("DELETE FROM tree_nodes")
        for index, leaf in enumerate(leaves):
            for level, position, node in merkle.new_nodes(index, leaf, lambda *at: nodes[at]):
                nodes[level, position] = node
                self("INSERT INTO tree_nodes (level, position, hash) VALUES (?, ?, ?)", level, position, node)
        return merkle.root(leaves)

    def close(self) -> None:
        self.driver.close()
