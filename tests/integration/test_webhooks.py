"""Events on their way to a real receiver that is down, slow, wrong and back again: on both databases."""

from __future__ import annotations

import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from coi_tracker.config import Settings
from coi_tracker.errors import NotUnderstood
from coi_tracker.services import deliveries, queries, sequencer, tokens, webhooks
from coi_tracker.services.deliveries import Letter, deliver
from coi_tracker.storage import integrations, persons
from coi_tracker.storage.keyfile import MasterKey
from coi_tracker.vocabulary import Scope
from tests.floor import Floor, made
from tests.receiver import Receiver
from tests.systems import admin_of, deviation_attempt, integration, labels_attempt
from web.deliveries import Post, send_all

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)


@pytest.fixture
def floor(prepared_database):
    floor = Floor(prepared_database(made))
    sequencer.sequence(floor.record)
    yield floor
    floor.close()


@pytest.fixture
def receiver():
    receiver = Receiver().start()
    yield receiver
    receiver.stop()


class Line:
    """A site's system with a webhook to the receiver, and steps to tell of."""

    def __init__(self, floor, receiver, *places, kinds=("performed", "refused")):
        self.floor, self.receiver = floor, receiver
        self.coi = floor.courses[0]
        where = places or (floor.site_of(self.coi),)
        self.system = integration(floor, *where)
        self.secret = webhooks.add(
            floor.record, "lims", token="lims", url=receiver.url, kinds=kinds, by=admin_of(floor), reason="a test"
        )
        self.post = Post({"127.0.0.1"}, patience=0.5, in_all=1.0)

    def step(self, **changed):
        attempt = deviation_attempt(self.floor, self.coi, **changed)
        answer = self.system.post("/attempts", attempt)
        assert answer.status_code in {201, 422}, answer.text
        return attempt["id"]

    def deliver(self):
        return deliver(self.floor.record, self.post.send)

    def standing(self):
        return next(one for one in webhooks.webhooks(self.floor.record) if one.id == "lims")

    def taken(self):
        return [one.value["entry"] for one in self.receiver.taken]


@pytest.fixture
def line(floor, receiver):
    return Line(floor, receiver)


@pytest.mark.requirement("COI-API-11", "COI-API-12")
def test_each_event_is_told_once_in_order_and_signed(line):
    told = [line.step(), line.step(evidence={}), line.step()]
    assert line.deliver().taken == 3
    assert line.taken() == told
    assert line.deliver().taken == 0
    assert [one.value["kind"] for one in line.receiver.taken] == ["performed", "refused", "performed"]
    assert all(one.is_signed_with(line.secret) for one in line.receiver.taken)
    first = line.receiver.taken[0]
    assert first.headers["COI-Delivery"] == f"lims:{first.value['index']}"
    assert first.headers["Content-Type"] == "application/json"
    assert abs(int(first.headers["COI-Time"]) - line.floor.record.clock().timestamp()) < 60
    changed = type(first)(first.headers, first.body.replace(b"performed", b"refused  "))
    assert not changed.is_signed_with(line.secret)
    assert not first.is_signed_with(line.secret + "x")


@pytest.mark.requirement("COI-API-12")
def test_a_letter_holds_no_personal_data(line):
    line.step(comment="the lid was loose; ask Anna")
    line.deliver()
    value = line.receiver.taken[0].value
    assert set(value) == {"chain", "course", "digest", "entry", "index", "kind", "recorded_at", "step"}
    with line.floor.record.database.read() as tx:
        names = [row[0] for row in tx.query("SELECT name FROM accounts UNION ALL SELECT id FROM accounts")]
        subjects = [row[0] for row in tx.query("SELECT number FROM subjects")]
    text = line.receiver.taken[0].body.decode()
    assert not [one for one in (*names, *subjects, "Anna") if f'"{one}"' in text or f"/{one}" in text]


@pytest.mark.requirement("COI-API-12")
def test_of_a_subjects_or_persons_chain_a_letter_names_only_the_kind(floor, receiver):
    line = Line(floor, receiver, "sponsor")
    with floor.record.database.read() as tx:
        index = tx.query(
            "SELECT min(p.idx) FROM log_positions p JOIN events e ON e.id = p.event_id WHERE e.chain LIKE 'subject/%'"
        )[0][0]
    with floor.record.database.write() as tx:
        tx.write("UPDATE webhooks SET next_index = :n", {"n": index})
    line.deliver()
    first = receiver.taken[0].value
    assert (first["index"], first["chain"], first["course"]) == (index, "subject", None)
    assert not [one for one in receiver.taken if one.value["chain"].startswith(("subject/", "account/"))]


@pytest.mark.parametrize("mood", ["500", "redirect", "slow", "drip", "cut", "gone", "down"])
@pytest.mark.requirement("COI-API-11", "COI-API-13")
def test_what_was_not_taken_is_sent_again_later_and_nothing_overtakes_it(line, mood):
    told = [line.step(), line.step()]
    if mood == "down":
        line.receiver.stop()
    line.receiver.mood = mood
    begun = time.monotonic()
    done = line.deliver()
    assert time.monotonic() - begun < 5
    assert (done.taken, done.troubled) == (0, ("lims",))
    assert len(line.receiver.came) == (0 if mood == "down" else 1), "the second one waits for the first"
    standing = line.standing()
    assert (standing.active, standing.tries, standing.behind > 0) == (True, 1, True)
    assert standing.trouble
    assert line.deliver().taken == 0, "not before its time"
    if mood == "down":
        line.receiver.start()
    line.receiver.mood = "taken"
    line.floor.clock.forward(timedelta(seconds=3))
    told.append(line.step())
    assert line.deliver().taken == 3
    assert line.taken() == told
    assert (line.standing().tries, line.standing().trouble) == (0, None)
    assert line.receiver.elsewhere == 0
    if mood != "down":
        repeated = [one.headers["COI-Delivery"] for one in line.receiver.came[:2]]
        assert repeated[0] == repeated[1]


@pytest.mark.requirement("COI-API-11")
def test_after_many_tries_it_stops_and_goes_on_where_it_stopped(line):
    told = [line.step(), line.step()]
    line.receiver.mood = "500"
    waits, standing = [], line.standing()
    for _ in range(deliveries.MOST_TRIES):
        line.deliver()
        standing = line.standing()
        waits.append(standing.not_before - line.floor.record.clock())
        line.floor.clock.forward(waits[-1])
    assert waits[:4] == [timedelta(seconds=2), timedelta(seconds=4), timedelta(seconds=8), timedelta(seconds=16)]
    assert max(waits) == timedelta(hours=1)
    assert (standing.active, "stopped after" in standing.trouble) == (False, True)
    line.receiver.mood = "taken"
    line.floor.clock.forward(timedelta(days=1))
    assert line.deliver().taken == 0
    webhooks.resume(line.floor.record, "lims", by=admin_of(line.floor), reason="they are back")
    assert line.deliver().taken == 2
    assert line.taken() == told


@pytest.mark.requirement("COI-API-11")
def test_a_paused_one_leaves_nothing_out(line):
    line.step()
    webhooks.pause(line.floor.record, "lims", by=admin_of(line.floor), reason="their maintenance")
    line.step()
    assert line.deliver().taken == 0
    webhooks.resume(line.floor.record, "lims", by=admin_of(line.floor), reason="done")
    assert line.deliver().taken == 2
    changes = queries.timeline(line.floor.record, "account/webhook:lims").entries
    assert [one.event.evidence["reason"] for one in changes] == ["done", "their maintenance", "a test"]
    assert line.secret not in "".join(one.text for one in changes)


@pytest.mark.requirement("COI-API-11", "COI-API-10")
def test_nothing_is_sent_any_more_when_the_token_is_revoked(line):
    line.step()
    tokens.revoke(line.floor.record, "lims", by=admin_of(line.floor), reason="contract over")
    assert line.deliver().taken == 0
    assert line.receiver.came == []
    assert not line.standing().active


@pytest.mark.requirement("COI-API-11", "COI-API-04")
def test_only_events_that_the_token_may_see_are_sent(floor, receiver):
    other = next(one for one in floor.courses if floor.site_of(one) != floor.site_of(floor.courses[0]))
    line = Line(floor, receiver)
    stranger = integration(floor, floor.site_of(other), key="stranger")
    assert stranger.post("/attempts", deviation_attempt(floor, other)).status_code == 201
    own = line.step()
    assert line.deliver().taken == 1
    assert line.taken() == [own]
    assert other not in receiver.taken[0].body.decode()


@pytest.mark.requirement("COI-API-11")
def test_several_workers_at_once_tell_each_event_once(line):
    told = [line.step() for _ in range(12)]
    threads = [threading.Thread(target=line.deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert line.taken() == told


@pytest.mark.requirement("COI-API-11")
def test_a_worker_that_dies_is_followed_by_another_and_nothing_is_lost(line):
    told = [line.step(), line.step()]

    def die(letter, at):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver(line.floor.record, die)
    assert line.deliver().taken == 2, "it gave back what it had taken"
    assert line.taken() == told


@pytest.mark.requirement("COI-API-11")
def test_a_worker_that_was_killed_is_followed_when_its_lease_is_over(line):
    told = [line.step()]
    now = line.floor.record.clock()
    with line.floor.record.database.write() as tx:
        assert integrations.lease_webhook(tx, "lims", now=now, until=now + deliveries.LEASE) is not None
    assert line.deliver().taken == 0
    line.floor.clock.forward(deliveries.LEASE)
    assert line.deliver().taken == 1
    assert line.taken() == told


@pytest.mark.requirement("COI-API-11")
def test_recording_does_not_wait_for_a_slow_receiver(line):
    line.step()
    line.receiver.mood = "slow"
    worker = threading.Thread(target=line.deliver)
    worker.start()
    while not line.receiver.came:
        time.sleep(0.01)
    begun = time.monotonic()
    line.system.sign_in(labels_attempt(line.floor, line.coi)["account"])
    assert line.system.post("/attempts", labels_attempt(line.floor, line.coi)).status_code == 201
    assert worker.is_alive() or time.monotonic() - begun < 1.0
    worker.join()


@pytest.mark.requirement("COI-API-11")
def test_the_worker_of_the_server_sends_by_the_settings(line):
    line.step()
    assert send_all(line.floor.record, Settings()) == 0
    assert "webhook_hosts" in line.standing().trouble
    line.floor.clock.forward(timedelta(seconds=5))
    assert send_all(line.floor.record, Settings(webhook_hosts=f"other 127.0.0.1:{line.receiver.port}")) == 1


# --- where it may not go --------------------------------------------------------------------------


def letter_to(url):
    return Letter("a:1", url, b"{}", "secret")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://10.1.2.3/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://0.0.0.0/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://224.0.0.1/",
        "https://nobody.invalid/",
    ],
)
@pytest.mark.requirement("COI-API-13")
def test_private_addresses_and_plain_http_are_refused_unless_named(url):
    reached = []

    def connect(*_, **__):
        reached.append(url)
        raise OSError("connected")

    post = Post(patience=0.5, in_all=1)
    original = socket.create_connection
    socket.create_connection = connect
    try:
        trouble = post.send(letter_to(url), AT)
    finally:
        socket.create_connection = original
    assert trouble is not None
    assert "host" in trouble
    assert reached == []


@pytest.mark.parametrize(
    "url", ["ftp://x/", "https://", "https://user:pw@host/", "https://host/#part", "https://ho st/", "javascript:x", ""]
)
@pytest.mark.requirement("COI-API-13")
def test_an_address_that_is_none_is_not_taken(floor, url):
    integration(floor)
    with pytest.raises(NotUnderstood):
        webhooks.add(
            floor.record, "lims", token="lims", url=url, kinds=["performed"], by=admin_of(floor), reason="a test"
        )
    assert webhooks.webhooks(floor.record) == []


@pytest.mark.requirement("COI-API-11")
def test_a_webhook_needs_a_token_that_reads_entries(floor):
    integration(floor, scopes=(Scope.READ_COURSES,))
    for token in ("lims", "nobody"):
        with pytest.raises(NotUnderstood):
            webhooks.add(
                floor.record,
                "lims",
                token=token,
                url="https://example.org/",
                kinds=["performed"],
                by=admin_of(floor),
                reason="a test",
            )


@pytest.mark.requirement("COI-API-12")
def test_the_secret_is_kept_encrypted_and_survives_a_change_of_keys(line):
    record = line.floor.record
    with record.database.read() as tx:
        row = integrations.webhooks(tx)[0]
    assert line.secret.encode() not in row.secret
    new = MasterKey("0f100002", bytes(range(1, 33)))
    keys = (new, *record.person_keys)
    with record.database.write() as tx:
        persons.rewrap(tx, keys)
    with record.database.read() as tx:
        row = integrations.webhooks(tx)[0]
    assert integrations.open_secret((new,), "lims", row.secret) == line.secret
    assert "secret" not in repr(letter_to("https://x/"))
