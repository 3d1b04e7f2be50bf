"""The statements of a step find their rows by keys, however long the tables are."""

from __future__ import annotations

import pytest

from coi_tracker.storage import around, chains, course_rows, migrate
from coi_tracker.storage.around import AroundRequest, read_around
from coi_tracker.storage.chains import append_entries, lock_chain
from coi_tracker.storage.course_rows import container_values, issue_labels, label_values, load_course
from coi_tracker.storage.database import Database
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.wire import _for_postgres, _for_sqlite, _with_lists_as_json
from coi_tracker.vocabulary import ContainerKind, HoldScope
from tests.integration.storage.builders import (
    ON_POSTGRESQL,
    ON_SQLITE,
    a_container,
    a_course,
    an_entry,
    furnish,
    its_label,
    open_course,
    signed,
)

pytestmark = [pytest.mark.requirement("COI-MUST-21"), pytest.mark.slow]

BIG = ("events", "signatures", "containers", "labels", "label_issues", "unsequenced")
ASKED = AroundRequest(
    coi="C1", study="S", subject="001", serials=("L-C1-flask-1",), suite="suite-1", attempt="none",
    entries=("none",), holds_on=((HoldScope.PLACE, "fac"),), accounts=("ann",), places=("site",),
)  # fmt: skip


def _much(url: str) -> None:
    """One course that is looked at, and much that is not."""
    migrate.upgrade(url)
    with Database(url) as db:
        furnish(db)
        with db.write() as tx:
            _fill(tx)
        with db.write() as tx:
            tx.query("ANALYZE")


def _fill(tx: Transaction) -> None:
    open_course(tx, a_course("C1"))
    open_course(tx, a_course("C2", subject="002"))
    entries = [an_entry("place/fac", signatures=signed("ann"))]
    for _ in range(5000):
        entries.append(an_entry("place/fac", entries[-1], signatures=signed("ann")))
    append_entries(tx, entries)
    others = [a_container("C2", ContainerKind.QC_VIAL, part) for part in range(5000)]
    tx.write(course_rows._SAVE_CONTAINER, *(container_values(other) for other in others))
    issue_labels(tx, [its_label(other) for other in others], coi="C2", entry=entries[0])
    tx.write(course_rows._SAVE_LABEL, *(label_values(its_label(other), coi="C2") for other in others))


@pytest.fixture
def long(prepared_database):
    with Database(prepared_database(_much)) as db:
        yield db


STATEMENTS = {
    "find an entry": (chains._BY_ID, {"id": "x"}),
    "load a course": (course_rows._LOAD, {"coi": "C1"}),
    "read all around": (
        " UNION ALL ".join(around._PARTS[name] for name in around._wanted(ASKED)), around._values(ASKED)
    ),
    "move a head": (course_rows._MOVE, {"seq": 2, "head": "x", "chain": "course/C1", "before": 1}),
}  # fmt: skip


@ON_SQLITE
@pytest.mark.parametrize("what", STATEMENTS)
def test_no_big_table_is_searched_through_on_sqlite(long, raw_to, what):
    sql, values = STATEMENTS[what]
    plan = raw_to(long.url).driver.execute("EXPLAIN QUERY PLAN " + _for_sqlite(sql), _with_lists_as_json(values))
    steps = [row[3] for row in plan]

    assert not [step for step in steps for table in BIG if step.startswith(f"SCAN {table}")], steps


@ON_POSTGRESQL
@pytest.mark.parametrize("what", STATEMENTS)
def test_no_big_table_is_searched_through_on_postgresql(long, raw_to, what):
    sql, values = STATEMENTS[what]
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    driver = raw_to(long.url).driver
    for mode in ("force_custom_plan", "force_generic_plan"):  # what a fresh and what a warm connection uses
        driver.execute(f"SET plan_cache_mode = {mode}")
        plan = "\n".join(row[0] for row in driver.execute("EXPLAIN " + _for_postgres(sql), values))
        assert not [table for table in BIG if f"Seq Scan on {table}" in plan], plan


@ON_POSTGRESQL
def test_a_young_table_is_searched_by_its_whole_key(migrated_url, raw_to):
    """Triggers keep the plan of their first day: one that looks through a whole chain would get slower every step."""
    driver = raw_to(migrated_url).driver
    driver.execute("SET plan_cache_mode = force_generic_plan")
    for number, (table, condition) in enumerate(BY_WHOLE_KEY.items()):
        driver.execute(f"PREPARE look{number}(text, bigint, text) AS SELECT 1 FROM {table} WHERE {condition}")
        plan = "\n".join(row[0] for row in driver.execute(f"EXPLAIN EXECUTE look{number}('x', 5, 'y')"))
        assert "Index Cond" in plan
        assert "Filter" not in plan, plan


BY_WHOLE_KEY = {
    "events": "chain = $1 AND seq = $2 - 1 AND digest = $3",
    "log_positions": "idx = $2 - 1",
    "unsequenced": "event_id = $1",
}


def test_a_step_costs_the_same_trips_among_many_rows(long: Database):
    with long.write() as tx:
        row = lock_chain(tx, "course/C1", shared=["place/fac", "study/S"])
        assert row is not None
        read_around(tx, ASKED)
        assert load_course(tx, row) is not None
        assert tx.round_trips == 4
