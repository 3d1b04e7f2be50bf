"""The state against the log: equal after work by the one write path, every difference named, and written anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from coi_tracker.services.rebuild import check, rebuild
from coi_tracker.services.record import Record
from coi_tracker.services.verification import verify
from coi_tracker.storage.database import Database
from coi_tracker.storage.state_rows import CHAINS, OF_COURSE, OF_HOLDER, OF_SUBJECT, SUITES
from tests.integration.log import trial
from tests.integration.log.attacker import Attacker

COMPARED = pytest.mark.requirement("COI-CLI-10", "COI-MUST-20")
TABLES = (CHAINS, *OF_COURSE, *OF_SUBJECT, *OF_HOLDER, SUITES)


@pytest.fixture
def url(prepared_database) -> str:
    return str(prepared_database(trial.recorded))


@pytest.fixture
def record(url: str) -> Iterator[Record]:
    opened = Record(Database(url))
    yield opened
    opened.database.close()


@pytest.fixture
def attacker(url: str) -> Iterator[Attacker]:
    found = Attacker(url)
    yield found
    found.close()


def state(attacker: Attacker) -> dict[str, list[Any]]:
    """Every row of the state."""
    names = [(table.name, ", ".join(table.columns)) for table in TABLES]
    return {name: sorted(attacker(f"SELECT {columns} FROM {name}"), key=str) for name, columns in names}


@COMPARED
def test_the_state_of_a_trial_equals_the_fold_of_its_log(record, attacker) -> None:
    told: list[tuple[int, int]] = []
    report = check(record, progress=lambda done, total: told.append((done, total)))
    assert report.verified, [finding.sentence() for finding in report.findings]
    assert report.counts["courses"] == len(trial.STAGES)
    assert report.counts["entries"] == attacker.one("SELECT count(*) FROM events") == told[-1][0] == told[-1][1]
    empty = [name for name, rows in state(attacker).items() if not rows]
    assert empty == list(WITHOUT_PRINTERS)
    assert verify(record).verified


WITHOUT_PRINTERS = ("label_prints",)
"""This trial has no printer; tests/integration/printing folds what is printed."""

CHANGES = {
    "chains": "UPDATE chains SET state = replace(state, 'active', 'closed') WHERE coi IS NOT NULL",
    "courses": "UPDATE courses SET facility = 'elsewhere'",
    "containers": "UPDATE containers SET holder = 'elsewhere' WHERE kind = 'bag'",
    "lineage": "DELETE FROM lineage",
    "label_issues": "UPDATE label_issues SET issued_at = '2020-01-01T00:00:00.000000Z'",
    "labels": "UPDATE labels SET replaced_by = 'X' WHERE coi IS NOT NULL",
    "hand_offs": "UPDATE hand_offs SET to_place = 'elsewhere'",
    "infusions": "DELETE FROM infusions",
    "bookings": "UPDATE bookings SET position = position + 5",
    "shipper_loads": "DELETE FROM shipper_loads",
    "lot_uses": "UPDATE lot_uses SET lot = lot || 'x'",
    "equipment_uses": "DELETE FROM equipment_uses",
    "subjects": "UPDATE subjects SET site = 'elsewhere'",
    "holds": "UPDATE holds SET blocks = '[]'",
    "suite_claims": "DELETE FROM suite_claims",
}


@COMPARED
def test_every_difference_is_named_by_its_table(record, attacker) -> None:
    assert set(CHANGES) == {table.name for table in TABLES} - {*WITHOUT_PRINTERS}
    for table, change in CHANGES.items():
        with attacker.undone(table):
            one = f"{change} {'AND' if 'WHERE' in change else 'WHERE'} {first_of(attacker, table, change)}"
            attacker(one)
            report = check(record)
            assert {finding.where for finding in report.findings} == {table}, (table, report.findings)
    assert check(record).verified


def first_of(attacker: Attacker, table: str, change: str) -> str:
    """A condition that is true of one row that the change would touch."""
    spec = next(one for one in TABLES if one.name == table)
    key = spec.columns[0]
    condition = {
        "label_issues": "coi IS NOT NULL",
        "labels": "coi IS NOT NULL",
        "containers": "kind = 'bag'",
        "chains": "coi IS NOT NULL AND state LIKE '%active%'",
    }.get(table, "1 = 1")
    found = attacker.one(f"SELECT {key} FROM {table} WHERE {condition} ORDER BY {key} LIMIT 1")
    return f"{key} = '{found}'"


@COMPARED
def test_rows_that_the_log_does_not_know_are_named(record, attacker) -> None:
    shipper, event = attacker("SELECT shipper, opened_event FROM shipper_loads LIMIT 1")[0]
    strays = {
        "chains": "INSERT INTO chains (chain, seq, state) VALUES ('course/NOBODY', 0, '{}')",
        "bookings": "INSERT INTO bookings (facility, day, position, coi, purpose) "
        "VALUES ('f', '2026-01-01', 0, 'NOBODY', 'receipt')",
        "suite_claims": "INSERT INTO suite_claims (suite, coi) VALUES ('suite-x', 'NOBODY')",
        "hand_offs": "INSERT INTO hand_offs (container, opened_event, from_place, to_place) "
        f"VALUES ('NOBODY/bag/1', '{event}', 'a', 'b')",
        "shipper_loads": "INSERT INTO shipper_loads (shipper, opened_event, coi) "
        f"VALUES ('{shipper}', 'nothing', 'NOBODY')",
    }
    for table, insert in strays.items():
        with attacker.undone(table):
            attacker(insert)
            assert {finding.where for finding in check(record).findings} == {table}


@COMPARED
def test_an_entry_that_cannot_have_been_recorded_is_named(record, attacker) -> None:
    key, chain, seq = attacker("SELECT id, chain, seq FROM events WHERE step = 'procure_tissue' LIMIT 1")[0]
    attacker("UPDATE events SET entry = replace(entry, 'procure_tissue', 'no_such_step') WHERE id = ?", key)
    first = check(record).findings[0]
    assert (first.where, first.chain, first.seq, first.id) == ("entry", chain, seq, key)


@COMPARED
def test_a_state_thrown_away_is_written_anew_from_the_log(record, attacker, url: str) -> None:
    """With triggers and rules in place: what only grows is left, all else is gone."""
    before = state(attacker)
    for table in reversed(TABLES):
        if not table.only_grows and table is not CHAINS:
            ours = "coi IS NOT NULL" if "coi" in table.columns else "1 = 1"  # shippers are of the set-up
            attacker(f"DELETE FROM {table.name} WHERE {ours}")
    attacker("UPDATE chains SET state = NULL, coi = NULL")
    assert not check(record).verified
    report = rebuild(record)
    assert report.verified, [finding.sentence() for finding in report.findings]
    assert state(attacker) == before


@COMPARED
def test_a_state_mixed_up_is_written_anew(record, attacker) -> None:
    before = state(attacker)
    courses = [row[0] for row in attacker("SELECT coi FROM courses ORDER BY coi")]
    attacker("UPDATE containers SET coi = ? WHERE coi = ?", courses[0], courses[1])
    attacker("UPDATE labels SET coi = ? WHERE coi = ?", courses[1], courses[0])
    for table, change in CHANGES.items():
        if table not in ("label_issues", "infusions"):
            attacker(change)
    assert rebuild(record).verified
    assert state(attacker) == before


@COMPARED
def test_what_only_grows_is_compared_and_never_written(record, attacker) -> None:
    attacker("DELETE FROM infusions")
    report = rebuild(record)
    assert {finding.where for finding in report.findings} == {"infusions"}


@COMPARED
def test_a_rebuild_needs_no_rule_to_be_switched_off(record) -> None:
    """Foreign keys and triggers are as they always are: no attacker was here."""
    assert rebuild(record).verified
    record.database.check()
