"""kill -9 of the process that delivers, at each point where something could be lost: on both databases.

Each event comes all the same, in order, and what comes twice can be told by its id.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from coi_tracker.services import deliveries, sequencer, webhooks
from coi_tracker.services.deliveries import deliver
from tests.floor import Floor, made
from tests.integration.interrupted_sender import POINTS
from tests.receiver import Receiver
from tests.systems import System, admin_of, deviation_attempt, integration
from web.deliveries import Post

pytestmark = pytest.mark.requirement("COI-API-11")


@pytest.fixture
def floor(prepared_database) -> Iterator[Floor]:
    floor = Floor(prepared_database(made))
    sequencer.sequence(floor.record)
    yield floor
    floor.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver().start()
    yield receiver
    receiver.let_go.set()
    receiver.stop()


@pytest.fixture
def system(floor: Floor, receiver: Receiver) -> System:
    """A site's system with a webhook to the receiver."""
    system = integration(floor, floor.site_of(floor.courses[0]))
    url, by = receiver.url, admin_of(floor)
    webhooks.add(floor.record, "lims", token="lims", url=url, kinds=["performed"], by=by, reason="a test")
    return system


def steps(floor: Floor, system: System, count: int) -> list[str]:
    found = [deviation_attempt(floor, floor.courses[0]) for _ in range(count)]
    assert [system.post("/attempts", one).status_code for one in found] == [201] * count
    return [str(one["id"]) for one in found]


def killed_at(floor: Floor, receiver: Receiver, point: str) -> None:
    """Another process delivers, and is killed when it is at that point."""
    receiver.mood, receiver.hang_from = ("hang" if point == "unanswered" else "taken"), 2
    command = [sys.executable, "-m", "tests.integration.interrupted_sender", floor.url, point]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as sender:
        assert sender.stdout is not None
        if point == "unanswered":
            ends = time.monotonic() + 60
            while len(receiver.came) < 2 and time.monotonic() < ends:
                time.sleep(0.02)
        else:
            assert sender.stdout.readline() == b"here\n"
        sender.kill()
    receiver.mood = "taken"
    receiver.let_go.set()


@pytest.mark.parametrize("point", POINTS)
def test_a_sender_that_was_killed_loses_nothing_and_what_comes_twice_has_the_same_id(floor, receiver, system, point):
    told = steps(floor, system, 3)
    killed_at(floor, receiver, point)
    came = [one.value["entry"] for one in receiver.came]
    assert came == {"leased": [], "unanswered": told[:2], "answered": told[:2]}[point]
    post = Post({"127.0.0.1"})
    assert deliver(floor.record, post.send).taken == 0, "the lease of the dead one lasts"
    floor.clock.forward(deliveries.LEASE)
    told += steps(floor, system, 1)
    assert deliver(floor.record, post.send).taken == 4
    assert [one.value["entry"] for one in receiver.came[len(came) :]] == told
    ids: dict[str, bytes] = {}
    for one in receiver.came:
        assert ids.setdefault(one.headers["COI-Delivery"], one.body) == one.body
    assert list(dict.fromkeys(one.headers["COI-Delivery"] for one in receiver.came)) == list(ids)
    assert len(ids) == 4
    assert deliver(floor.record, post.send).taken == 0


def test_what_a_killed_process_recorded_is_told_though_it_never_got_its_place_in_the_log(floor, receiver, system):
    """The intention to tell is the entry itself: it waits for its place from the moment it is committed."""
    told = steps(floor, system, 1)
    with floor.record.database.read() as tx:
        assert tx.query("SELECT count(*) FROM unsequenced u WHERE u.event_id = :id", id=told[0]) == [(1,)]
    assert deliver(floor.record, Post({"127.0.0.1"}).send).taken == 1
    assert [one.value["entry"] for one in receiver.came] == told
