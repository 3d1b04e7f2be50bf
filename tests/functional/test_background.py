"""What goes on behind the pages goes on: the log is placed and signed, failures are survived, an end is an end."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from coi_tracker.config import Settings
from coi_tracker.services import keys, opening, queries
from tests.floor import Floor, made
from web import background
from web.background import Worker

SOON = timedelta(milliseconds=5)


def wait_until(happened, *, seconds=20.0):
    waiting = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if happened():
            return
        waiting.wait(0.05)
    raise AssertionError("it never happened")


@pytest.mark.requirement("COI-WEB-06")
def test_entries_are_placed_and_signed_while_pages_are_served(prepared_database, tmp_path):
    floor = Floor(prepared_database(made))
    settings = Settings(
        database_url=floor.url, key_dir=tmp_path, checkpoint_dir=tmp_path / "kept", checkpoint_minutes=1
    )
    opening.make_folder(settings.checkpoint_dir)
    keys.create(tmp_path, settings.origin)
    keys.publish(floor.record, keys.read(tmp_path / keys.FILE))
    running = background.start(background.of_the_log(floor.record, settings))
    try:
        wait_until(lambda: queries.log_status(floor.record).checkpoint is not None)
        wait_until(lambda: queries.log_status(floor.record).since_checkpoint == 0)
        wait_until(lambda: any(settings.checkpoint_dir.iterdir()))
    finally:
        running.stop()
    assert not any(thread.is_alive() for thread in running.threads)
    floor.close()


@pytest.mark.requirement("COI-WEB-06")
def test_a_worker_that_fails_is_told_of_and_tried_again(caplog):
    tries: list[int] = []

    def work() -> int:
        tries.append(1)
        if len(tries) < 4:
            raise OSError("the printer is off")
        return 0

    running = background.start([Worker("printing", SOON, work)])
    wait_until(lambda: len(tries) >= 5)
    running.stop()
    told = [line for line in caplog.messages if "printing failed" in line]
    assert len(told) == 3


def test_a_worker_with_more_to_do_does_not_wait(caplog):
    left = list(range(50))
    running = background.start([Worker("slow", timedelta(hours=1), lambda: bool(left) and left.pop() >= 0)])
    wait_until(lambda: not left)
    running.stop()
    assert not caplog.messages
