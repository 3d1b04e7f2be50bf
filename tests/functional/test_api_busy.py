"""What a program is told when the record is busy or away: whether the same thing may be sent again."""

from __future__ import annotations

import threading

import pytest

from coi_tracker.services import queries
from coi_tracker.storage.chains import lock_chain
from coi_tracker.storage.database import Database
from tests.floor import Floor, made
from tests.systems import assert_problem, integration, labels_attempt


@pytest.fixture
def floor(prepared_database, monkeypatch):
    monkeypatch.setattr("coi_tracker.storage.database.SECONDS_TO_WAIT", 1)
    floor = Floor(prepared_database(made))
    yield floor
    floor.close()


@pytest.mark.requirement("COI-API-02")
def test_while_others_hold_the_course_a_program_is_told_to_send_the_same_again(floor):
    coi = floor.courses[0]
    system = integration(floor, floor.site_of(coi))
    attempt = labels_attempt(floor, coi)
    assert system.sign_in(attempt["account"]).status_code == 201
    held, let_go = threading.Event(), threading.Event()

    def hold():
        with Database(floor.url) as other, other.write() as tx:
            lock_chain(tx, f"course/{coi}", exclusive=(f"course/{coi}",))
            held.set()
            let_go.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(10)
    try:
        answer = system.post("/attempts", attempt)
        assert_problem(answer, 409, "again")
        assert answer.headers["Retry-After"] == "1"
    finally:
        let_go.set()
        holder.join()
    assert system.post("/attempts", attempt).status_code == 201
    assert queries.timeline(floor.record, f"course/{coi}", most=1).entries[0].event.id == attempt["id"]


@pytest.mark.requirement("COI-API-02")
def test_a_record_that_is_gone_is_not_available_and_nothing_of_it_is_told(floor, tmp_path):
    system = integration(floor, floor.site_of(floor.courses[0]))
    here = floor.record.database
    away = Database(f"sqlite:///{tmp_path}/gone/none.sqlite3")
    object.__setattr__(floor.record, "database", away)
    try:
        answer = system.get("/courses")
    finally:
        object.__setattr__(floor.record, "database", here)
        away.close()
    assert_problem(answer, 503, "not-available")
    assert "none.sqlite3" not in answer.text
