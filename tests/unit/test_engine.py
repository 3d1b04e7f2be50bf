"""The engine by itself: it looks at nothing but what it is given, refuses with values, and never trusts a clock."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from coi_tracker.course import Performed, Refused
from coi_tracker.engine import decide, evolve
from coi_tracker.protocols import builtin
from coi_tracker.simulation import paths
from coi_tracker.simulation.bench import Bench
from coi_tracker.vocabulary import ReasonCode as Code

TRIAL = builtin("iov_lun_202")
IMPURE = {"time", "random", "secrets", "os", "socket", "sqlite3", "sqlalchemy", "psycopg", "uuid", "threading"}


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.requirement("COI-ENG-01")
def test_what_decides_imports_no_clock_no_chance_and_no_world() -> None:
    root = Path(__file__).resolve().parents[2] / "coi_tracker"
    files = [root / "engine.py", root / "course.py", *sorted((root / "process").rglob("*.py"))]
    assert {str(f.relative_to(root)): _imports(f) & IMPURE for f in files if _imports(f) & IMPURE} == {}


@pytest.mark.requirement("COI-ENG-01")
def test_the_same_attempt_on_the_same_course_gives_the_same_event_and_the_same_course() -> None:
    bench = Bench(TRIAL)
    chain = paths.enrol(bench, "S-001", cohort="cohort_1")
    course, attempt = bench.courses[chain], bench.attempt(bench.intend("book_slot", chain), chain)
    first = decide(bench.process, TRIAL, course, attempt)
    again = decide(bench.process, TRIAL, course, attempt)
    assert first == again
    assert evolve(bench.process, course, first.event) == evolve(bench.process, course, again.event)
    assert bench.courses[chain] is course, "deciding changes nothing"


@pytest.mark.requirement("COI-ENG-05")
@pytest.mark.parametrize("step", ["harvest", "no_such_step", "", "\x00", "DROP TABLE events"])
def test_whatever_is_tried_a_refusal_is_a_value_with_reasons(step: str) -> None:
    bench = Bench(TRIAL)
    chain = paths.enrol(bench, "S-001", cohort="cohort_1")
    attempt = replace(bench.attempt(bench.intend("book_slot", chain), chain), step=step, evidence={"a": float("nan")})
    decision = decide(bench.process, TRIAL, bench.courses[chain], attempt)
    assert isinstance(decision, Refused)
    assert decision.reasons
    assert evolve(bench.process, bench.courses[chain], decision.event) == bench.courses[chain]


@pytest.mark.requirement("COI-PROC-12")
@pytest.mark.parametrize("minutes", [-600, -3, 3, 600])
def test_a_clock_that_is_off_is_refused_and_said(minutes: int) -> None:
    bench = Bench(TRIAL)
    chain = paths.enrol(bench, "S-001", cohort="cohort_1")
    attempt = bench.attempt(bench.intend("book_slot", chain), chain)
    off = replace(attempt, happened_at=attempt.recorded_at - timedelta(minutes=minutes))
    decision = decide(bench.process, TRIAL, bench.courses[chain], off)
    assert isinstance(decision, Refused)
    assert Code.CLOCK_WRONG in {r.code for r in decision.reasons}


@pytest.mark.requirement("COI-PROC-12")
def test_a_clock_within_the_limit_is_fine() -> None:
    bench = Bench(TRIAL)
    chain = paths.enrol(bench, "S-001", cohort="cohort_1")
    attempt = bench.attempt(bench.intend("book_slot", chain), chain)
    off = replace(attempt, happened_at=attempt.recorded_at - TRIAL.clock.tolerance)
    assert isinstance(decide(bench.process, TRIAL, bench.courses[chain], off), Performed)


@pytest.mark.requirement("COI-ID-05")
def test_no_serial_is_printed_twice_in_a_whole_course() -> None:
    bench = Bench(TRIAL)
    chain = paths.enrol(bench, "S-001", cohort="cohort_1")
    paths.procure(bench, chain)
    paths.manufacture(bench, chain, bags=3)
    issued = [one["serial"] for e in bench.events if e.step == "issue_labels" for one in e.evidence["labels"]]
    assert len(issued) > 10
    assert len(set(issued)) == len(issued)
