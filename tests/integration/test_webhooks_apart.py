"""Webhooks beside each other, and receivers that do what they like: one that hangs, floods or lies costs no other."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from coi_tracker.services import deliveries, sequencer, webhooks
from coi_tracker.services.deliveries import Letter, deliver
from tests.floor import Floor, made
from tests.receiver import FLOOD, Receiver
from tests.systems import System, admin_of, deviation_attempt, integration
from web.deliveries import Post, Sending

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
ALONE = pytest.mark.requirement("COI-API-11")
SAFE = pytest.mark.requirement("COI-API-13")


@pytest.fixture
def floor(prepared_database) -> Iterator[Floor]:
    floor = Floor(prepared_database(made))
    sequencer.sequence(floor.record)
    yield floor
    floor.close()


@pytest.fixture
def receivers() -> Iterator[list[Receiver]]:
    found = [Receiver().start(), Receiver().start()]
    yield found
    for one in found:
        one.let_go.set()
        one.stop()


@pytest.fixture
def system(floor, receivers) -> System:
    """A site's system with a webhook to each of the receivers: first and second."""
    system = integration(floor, floor.site_of(floor.courses[0]))
    for key, one in zip(("first", "second"), receivers, strict=True):
        add(floor, key, one.url)
    return system


def add(floor, key, url):
    by = admin_of(floor)
    webhooks.add(floor.record, key, token="lims", url=url, kinds=["performed"], by=by, reason="a test")


def step(floor, system):
    attempt = deviation_attempt(floor, floor.courses[0])
    assert system.post("/attempts", attempt).status_code == 201
    return attempt["id"]


def entries(receiver):
    return [one.value["entry"] for one in receiver.taken]


@ALONE
def test_one_whose_receiver_hangs_holds_up_no_other_for_a_moment(floor, receivers, system):
    hanging, quick = receivers
    hanging.mood = "hang"
    sending = Sending(floor.record, Post({"127.0.0.1"}, patience=30, in_all=30), patience=0.5)
    told = []
    for _ in range(3):
        told.append(step(floor, system))
        ends = time.monotonic() + 30
        while entries(quick) != told and time.monotonic() < ends:
            sending.round()
        assert entries(quick) == told
        assert len(hanging.came) == 1, "and its first letter is not overtaken"
    hanging.let_go.set()
    ends = time.monotonic() + 30
    while entries(hanging) != told and time.monotonic() < ends:
        sending.round()
        time.sleep(0.02)
    assert entries(hanging) == told


@ALONE
def test_a_turn_ends_after_a_while_so_that_others_see_how_far_it_got(floor, receivers, system, monkeypatch):
    monkeypatch.setattr(deliveries, "TURN", 0.1)
    told = [step(floor, system) for _ in range(3)]
    post = Post({"127.0.0.1"})

    def slowly(letter, at):
        time.sleep(0.2)
        return post.send(letter, at)

    assert [deliver(floor.record, slowly).taken for _ in range(4)] == [2, 2, 2, 0], "one letter of each in a turn"
    assert entries(receivers[0]) == entries(receivers[1]) == told


@ALONE
def test_one_whose_secret_cannot_be_opened_is_told_of_and_stops_no_other(floor, receivers, system):
    told = step(floor, system)
    with floor.record.database.write() as tx:
        tx.write("UPDATE webhooks SET secret = :secret WHERE id = 'first'", {"secret": b"\1" * 60})
    done = deliver(floor.record, Post({"127.0.0.1"}).send)
    assert (done.taken, done.troubled) == (1, ("first",))
    assert entries(receivers[1]) == [told]
    assert "cannot be opened" in (webhooks.webhooks(floor.record)[0].trouble or "")


# --- receivers that do what they like; no database is asked ---------------------------------------


def letter_to(url: str) -> Letter:
    return Letter("a:1", url, b"{}", "secret")


@SAFE
def test_an_answer_of_10_mb_is_not_read(receivers):
    one = receivers[0]
    one.mood = "flood"
    begun = time.monotonic()
    assert Post({"127.0.0.1"}).send(letter_to(one.url), AT) is None
    assert time.monotonic() - begun < 6
    ends = time.monotonic() + 5
    while one.flooded == 0 and time.monotonic() < ends:
        time.sleep(0.01)
    assert one.flooded < FLOOD


@SAFE
def test_an_answer_with_endless_headers_is_no_answer(receivers):
    receivers[0].mood = "headers"
    assert Post({"127.0.0.1"}).send(letter_to(receivers[0].url), AT) == "no answer: HTTPException"


@SAFE
def test_who_greets_a_byte_at_a_time_is_cut_off_too():
    """A record of TLS that is announced as long and comes slowly: no single byte is late."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_drip, args=(server,), daemon=True).start()
        begun = time.monotonic()
        url = f"https://127.0.0.1:{server.getsockname()[1]}/"
        trouble = Post({"127.0.0.1"}, patience=2, in_all=0.5).send(letter_to(url), AT)
    assert time.monotonic() - begun < 6
    assert trouble is not None
    assert trouble.startswith("no answer")


def _drip(server: socket.socket) -> None:
    line, _ = server.accept()
    with line:
        line.recv(4096)
        try:
            for byte in b"\x16\x03\x03\x40\x00" + bytes(200):
                line.sendall(bytes([byte]))
                time.sleep(0.05)
        except OSError:
            return


@pytest.fixture(scope="module")
def secure(tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """A receiver that speaks TLS, and the file of the authority that it proves itself with."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver.example")])
    now = datetime.now(UTC)
    made_out = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(7).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(2))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem, private = folder / "one.pem", folder / "one.key"
    pem.write_bytes(made_out.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_address[1]}/", pem
    server.shutdown()
    server.server_close()


@SAFE
def test_https_is_held_to_its_certificate_also_where_the_host_is_trusted(secure):
    url, authority = secure
    known = ssl.create_default_context(cafile=str(authority))
    assert Post({"127.0.0.1"}, context=known).send(letter_to(url), AT) is None
    assert Post({"127.0.0.1"}).send(letter_to(url), AT) == "no answer: SSLCertVerificationError"
    other = url.replace("127.0.0.1", "localhost")
    assert Post({"localhost"}, context=known).send(letter_to(other), AT) == "no answer: SSLCertVerificationError"


@SAFE
@pytest.mark.parametrize(
    ("found", "connected"),
    [
        (["93.184.216.34"], ["93.184.216.34"]),
        (["93.184.216.34", "10.0.0.5"], []),
        (["64:ff9b::a00:5"], []),
        (["::a00:5"], []),
        (["fd00:ec2::254"], []),
    ],
)
def test_a_name_is_looked_up_once_and_may_lead_nowhere_inside(monkeypatch, found, connected):
    """A name that means something public at first and something inside a moment later is connected to as it was."""
    asked, reached = [], []

    def look_up(host, port, *_, **__):
        asked.append(host)
        return [(0, 0, 0, "", (one, port)) for one in (found if len(asked) == 1 else ["127.0.0.1"])]

    def connect(address, *_, **__):
        reached.append(address[0])
        raise OSError("nobody there")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", connect)
    assert Post().send(letter_to("https://rebinding.example/"), AT) is not None
    assert (asked, reached) == (["rebinding.example"], connected)
