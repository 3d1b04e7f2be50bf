"""A study is closed and opened while subjects are registered in it: nobody is told to try again for no reason."""

from __future__ import annotations

import threading

import pytest

from coi_tracker.errors import CoiError
from coi_tracker.services import setup
from coi_tracker.services.attempts import Answer, record_attempt
from coi_tracker.services.changes import INSTALLER
from coi_tracker.services.sequencer import sequence
from tests.races.soundness import assert_chains_whole
from tests.races.stage import Stage

pytestmark = [pytest.mark.slow, pytest.mark.requirement("COI-MUST-17")]

ROUNDS = 25


def test_closing_a_study_and_registering_subjects_do_not_lock_each_other_up(stage: Stage) -> None:
    requests = [stage.request("register_subject", f"subject/E-{n:03}") for n in range(ROUNDS)]
    answers: list[Answer] = []
    errors: list[CoiError] = []

    def register() -> None:
        for request in requests:
            try:
                answers.append(record_attempt(stage.record, request))
            except CoiError as error:
                errors.append(error)

    worker = threading.Thread(target=register)
    worker.start()
    while worker.is_alive():
        for is_open in (False, True):
            try:
                setup.set_study_open(
                    stage.record, stage.premises.study, is_open=is_open, by=INSTALLER, reason="it was asked for"
                )
            except CoiError as error:
                errors.append(error)
    worker.join()
    assert errors == []
    assert len(answers) == ROUNDS
    assert_chains_whole(stage.record, acknowledged=[a.event.id for a in answers])
    assert_obeyed(stage, answers)


def assert_obeyed(stage: Stage, answers: list[Answer]) -> None:
    """What was registered came while the study was open, by the order of the log; what was refused, while closed."""
    sequence(stage.record)
    with stage.record.database.read() as tx:
        order = dict(tx.query("SELECT event_id, idx FROM log_positions"))
        changes = tx.query(
            "SELECT p.idx, e.entry FROM events e JOIN log_positions p ON p.event_id = e.id "
            "WHERE e.chain = :chain AND e.entry LIKE '%it was asked for%' ORDER BY p.idx",
            chain=f"study/{stage.premises.study}",
        )
    for answer in answers:
        last = [text for index, text in changes if index < order[answer.event.id]]
        is_open = not last or '"open":true' in last[-1].split('"new":')[1].split('"old":')[0]
        assert answer.performed is is_open, answer.reasons
