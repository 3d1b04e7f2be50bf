"""Every statement that any step of a course sends, explained on a large record: none reads through a growing table."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.filling import Filler, Raw
from coi_tracker.services.sequencer import sequence
from coi_tracker.storage.database import Database
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.wire import Values, Wire, _for_postgres, _for_sqlite, _with_lists, _with_lists_as_json
from tests.races.stage import Stage, furnished, stage_on

pytestmark = [pytest.mark.slow, pytest.mark.requirement("COI-MUST-21")]

ENTRIES = 12_000
SET_UP = {
    "accounts",
    "account_roles",
    "places",
    "stations",
    "studies",
    "study_protocols",
    "lots",
    "equipment",
    "shippers",
    "lot_homes",
    "out_of_use",
}
"""Tables that grow with the set-up of a trial and not with what is recorded."""


@dataclass
class Listening:
    """A wire that remembers what was sent over it, once each statement."""

    wire: Wire
    heard: dict[str, Mapping[str, Any]]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.wire, name)

    def query(self, sql: str, values: Values) -> list[tuple[Any, ...]]:
        self.heard.setdefault(sql, dict(values))
        return self.wire.query(sql, values)

    def send(self, batch: Sequence[tuple[str, Sequence[Values]]]) -> list[int]:
        for sql, rows in batch:
            self.heard.setdefault(sql, dict(rows[0]))
        return self.wire.send(batch)


class ListeningDatabase(Database):
    """Remembers every statement of its writing transactions."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.heard: dict[str, Mapping[str, Any]] = {}

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with super().write() as tx:
            tx._wire = Listening(tx._wire, self.heard)
            yield tx


@pytest.fixture
def heard(
    prepared_database: Callable[[Callable[[str], None]], str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, Mapping[str, Any]]]:
    """A large record, and every statement that driving one more course through it sent."""
    premises: list[Any] = []

    def fill(url: str) -> None:
        premises.append(furnished(url, Path(tempfile.mkdtemp(dir=tmp_path_factory.getbasetemp())), sites=1, shippers=6))
        stage = stage_on(url, premises[0])
        copied = stage.drive("TEMPLATE-1", None)
        sequence(stage.record)
        stage.record.database.close()
        Filler(url, copied.coi or "").fill(ENTRIES)

    stage: Stage = stage_on(prepared_database(fill), premises[0])
    database = ListeningDatabase(stage.url)
    listening = replace(stage, premises=replace(stage.premises, record=replace(stage.record, database=database)))
    listening.drive("ONE-MORE", None)
    listening.request("hold_place", f"place/{premises[0].new_facility()}")
    stage.record.database.close()
    database.close()
    return stage.url, database.heard


def test_no_statement_of_a_step_looks_through_a_table_that_grows(
    heard: tuple[str, dict[str, Mapping[str, Any]]], database_kind: str
) -> None:
    url, statements = heard
    assert len(statements) > 25, "the statements of a step were not heard"
    raw = Raw(url)
    through = _through_on_sqlite if database_kind == "sqlite" else _through_on_postgresql
    found = {sql: tables for sql, values in statements.items() if (tables := through(raw, sql, values) - SET_UP)}
    raw.connection.rollback()
    raw.connection.close()
    assert found == {}


def _through_on_sqlite(raw: Raw, sql: str, values: Mapping[str, Any]) -> set[str]:
    plan = raw.connection.execute("EXPLAIN QUERY PLAN " + _for_sqlite(sql), _with_lists_as_json(values))
    scanned = {row[3].split()[1] for row in plan if row[3].startswith("SCAN ")}
    called = {alias: table for table, alias in re.findall(r"(?:FROM|JOIN) (\w+) (\w+)\b", sql)}
    return {called.get(name, name) for name in scanned} & _large_on_sqlite(raw)


def _large_on_sqlite(raw: Raw) -> set[str]:
    """Tables of more than a handful of rows: to read through those it knows to be small is the planner's right."""
    rows = raw.connection.execute("SELECT tbl, stat FROM sqlite_stat1 WHERE stat IS NOT NULL").fetchall()
    return {table for table, stat in rows if int(stat.split()[0]) > 50}


def _through_on_postgresql(raw: Raw, sql: str, values: Mapping[str, Any]) -> set[str]:
    """By the planner's own choice in large tables; and in small ones where it has no other choice."""
    found: set[str] = set()
    for setting in ("on", "off"):
        raw.connection.execute(f"SET enable_seqscan = {setting}")
        explained = raw.connection.execute(f"EXPLAIN (FORMAT JSON) {_for_postgres(sql)}", _with_lists(values))
        plan = explained.fetchone()[0]
        large = {t for t, n in raw.connection.execute("SELECT relname, reltuples FROM pg_class") if n > 1000}
        seen = set(_seq_scans(plan if isinstance(plan, list) else json.loads(plan)))
        found |= seen & large if setting == "on" else seen
    return found


def _seq_scans(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for one in node:
            yield from _seq_scans(one)
    elif isinstance(node, dict):
        if node.get("Node Type") == "Seq Scan":
            yield node["Relation Name"]
        for value in node.values():
            yield from _seq_scans(value)
