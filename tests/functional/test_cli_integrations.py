"""Tokens and webhooks from the command line, up to an event that arrives."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from coi_tracker.cli import cli
from coi_tracker.services import persons, tokens
from coi_tracker.vocabulary import PlaceKind, Role
from tests.floor import PASSWORD, Floor, made
from tests.receiver import Receiver
from tests.systems import System, deviation_attempt

pytestmark = pytest.mark.requirement("COI-API-10")


@pytest.fixture
def floor(tmp_path, monkeypatch):
    """A furnished record, and a working directory whose settings name it."""
    url = f"sqlite:///{tmp_path / 'coi.sqlite3'}"
    made(url)
    (tmp_path / "keys").mkdir(mode=0o700)
    persons.make_person_key(tmp_path / "keys")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COI_DATABASE_URL", url)
    monkeypatch.setenv("COI_KEY_DIR", str(tmp_path / "keys"))
    monkeypatch.delenv("COI_CONFIG", raising=False)
    floor = Floor(url)
    floor.clock.forward_to(datetime.now(UTC))  # the command line lives by the clock of the machine
    yield floor
    floor.close()


def coi(*arguments, typed=None):
    return CliRunner().invoke(cli, list(arguments), input=typed, prog_name="coi")


def changed(floor, *arguments, password=PASSWORD):
    by = ["--by", floor.person(Role.ADMIN).id, "--reason", "a test", "--password-stdin"]
    return coi(*arguments, *by, typed=f"{password}\n")


def test_a_token_is_printed_once_listed_without_it_and_revoked(floor):
    station = floor.station(floor.place(PlaceKind.SITE))
    done = changed(floor, "tokens", "add", "bench-3", "--station", station)
    assert done.exit_code == 0, done.output
    text = done.stdout.strip()
    system = System(floor, text)
    assert system.get("/places").status_code == 200
    listed = coi("tokens", "list", "--json")
    assert [one["id"] for one in json.loads(listed.stdout)] == ["bench-3"]
    assert text not in listed.stdout
    assert text not in coi("tokens", "list").stdout
    assert changed(floor, "tokens", "revoke", "bench-3").exit_code == 0
    assert system.get("/places").status_code == 401


def test_a_program_gets_what_it_was_given_and_wrong_words_change_nothing(floor):
    site = floor.place(PlaceKind.SITE)
    given = ["--name", "LIMS", "--place", site, "--scope", "read:courses", "--scope", "read:entries"]
    assert changed(floor, "tokens", "add", "lims", *given, password="wrong").exit_code == 1
    assert changed(floor, "tokens", "add", "lims").exit_code == 2
    assert changed(floor, "tokens", "add", "lims", "--name", "LIMS").exit_code == 2
    assert changed(floor, "tokens", "add", "lims", *given, "--station", "SXXXXXXX").exit_code == 2
    assert changed(floor, "tokens", "add", "Bad Id", *given).exit_code == 2
    assert tokens.tokens(floor.record) == []
    assert changed(floor, "tokens", "add", "lims", *given).exit_code == 0
    found = tokens.tokens(floor.record)[0]
    assert ([str(one) for one in found.scopes], found.places) == (["read:courses", "read:entries"], (site,))


@pytest.mark.requirement("COI-API-11")
def test_events_arrive_by_command_once_the_host_is_named(floor, monkeypatch):
    coi_id = floor.courses[0]
    site = floor.site_of(coi_id)
    scopes = ["--scope", "read:entries", "--scope", "write:attempts"]
    token = changed(floor, "tokens", "add", "lims", "--name", "LIMS", "--place", site, *scopes).stdout.strip()
    receiver = Receiver().start()
    try:
        added = changed(floor, "webhooks", "add", "lims", "--token", "lims", "--url", receiver.url)
        assert added.exit_code == 0, added.output
        secret = added.stdout.strip()
        assert System(floor, token).post("/attempts", deviation_attempt(floor, coi_id)).status_code == 201
        assert coi("webhooks", "deliver").stdout == "0 delivered\n"
        assert "webhook_hosts" in json.loads(coi("webhooks", "list", "--json").stdout)[0]["trouble"]
        monkeypatch.setenv("COI_WEBHOOK_HOSTS", "127.0.0.1")
        assert changed(floor, "webhooks", "pause", "lims").exit_code == 0
        assert coi("webhooks", "deliver").stdout == "0 delivered\n"
        assert changed(floor, "webhooks", "resume", "lims").exit_code == 0
        assert coi("webhooks", "deliver").stdout == "1 delivered\n"
        assert receiver.taken[0].is_signed_with(secret)
        assert secret not in coi("webhooks", "list", "--json").stdout
        assert secret not in coi("webhooks", "list").stdout
    finally:
        receiver.stop()
    assert changed(floor, "webhooks", "pause", "nobody").exit_code == 2
