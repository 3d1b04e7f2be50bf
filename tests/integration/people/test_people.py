"""Who may sign in: accounts, passwords, badges, roles; and every change of them in the log."""

from __future__ import annotations

import statistics
import time
from datetime import date
from typing import Any

import pytest

from coi_tracker.custody_log.entry import entry_problems
from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import BadgeCode
from coi_tracker.services import people
from coi_tracker.services.record import Record
from coi_tracker.services.requests import AttemptRequest, SignatureClaim
from coi_tracker.vocabulary import Meaning, Role
from tests.integration.people.conftest import BY, entries_of

NEW = "another long password"


def test_the_right_password_tells_who_it_is(record: Record) -> None:
    found = people.authenticate(record, "anna", "a long password")
    assert found is not None
    assert (found.account, found.name) == ("anna", "Anna Lind")


@pytest.mark.parametrize(
    ("account", "password"),
    [("anna", "a long passwore"), ("anna", ""), ("nobody", "a long password"), ("anna", "x" * 100_000)],
)
def test_anything_else_tells_nothing(record: Record, account: str, password: str) -> None:
    assert people.authenticate(record, account, password) is None


def test_the_same_password_from_another_keyboard_is_the_same(record: Record) -> None:
    people.set_password(record, "anna", password="cafe\u0301 com leite", **BY)
    assert people.authenticate(record, "anna", "caf\u00e9 com leite") is not None


def test_an_account_that_does_not_exist_takes_as_long_as_a_wrong_password(record: Record) -> None:
    people.set_password(record, "anna", password=NEW, **BY)

    def took(account: str) -> float:
        started = time.process_time()
        people.authenticate(record, account, "wrong password")
        return time.process_time() - started

    known = statistics.median(took("anna") for _ in range(5))
    unknown = statistics.median(took("nobody") for _ in range(5))
    assert 0.3 < unknown / known < 3


def test_a_password_never_gets_into_the_log_or_the_database(record: Record) -> None:
    people.set_password(record, "anna", password=NEW, **BY)
    with record.database.read() as tx:
        stored = tx.query("SELECT password_hash FROM accounts WHERE id = 'anna'")[0][0]
    assert stored.startswith("$argon2id$")
    text = str(entries_of(record, "account/anna"))
    assert NEW not in text
    assert stored not in text
    assert "argon2" not in text


def test_a_deactivated_account_cannot_sign_in_and_keeps_its_id(record: Record) -> None:
    people.change_account(record, "anna", active=False, **BY)
    assert people.authenticate(record, "anna", "a long password") is None
    with pytest.raises(NotUnderstood, match="which is taken"):
        people.add_account(record, "anna", name="Another Anna", **BY)


def test_every_change_is_an_entry_with_old_and_new_value_reason_and_who(record: Record) -> None:
    people.give_role(record, "anna", role=Role.NURSE, place="lisboa", trained_until=date(2027, 1, 31), **BY)
    people.give_role(record, "anna", role=Role.NURSE, place="lisboa", trained_until=date(2028, 1, 31), **BY)
    people.change_account(record, "anna", name="Anna Berg", **BY)
    people.take_role(record, "anna", role=Role.NURSE, place="lisboa", **BY)
    entries = entries_of(record, "account/anna")
    assert [entry["seq"] for entry in entries] == [1, 2, 3, 4, 5]
    assert all(entry_problems(entry) == [] for entry in entries)
    assert {entry["kind"] for entry in entries} == {"setup_changed"}
    changed: list[Any] = [(e["evidence"]["what"], e["evidence"]["old"], e["evidence"]["new"]) for e in entries]
    assert [what for what, _, _ in changed] == ["account", "role", "role", "account", "role"]
    assert (changed[2][1]["trained_until"], changed[2][2]["trained_until"]) == ("2027-01-31", "2028-01-31")
    assert (changed[3][1]["name"], changed[3][2]["name"]) == ("Anna Lind", "Anna Berg")
    assert changed[4][2] is None
    assert entries[2]["evidence"]["reason"] == "set up for a test"
    assert entries[2]["actor"]["account"] == "installer"
    assert people.find_person(record, "anna") == people.Person("anna", "Anna Berg", None, True, True, ())  # type: ignore[arg-type]


def test_a_badge_is_carried_by_one_person(record: Record) -> None:
    badge = BadgeCode.issue()
    people.change_account(record, "anna", badge=badge, **BY)
    carrier = people.carrier_of(record, badge)
    assert carrier is not None
    assert carrier.id == "anna"
    with pytest.raises(NotUnderstood, match="a badge that nobody carries"):
        people.add_account(record, "bert", name="Bert", badge=badge, **BY)
    assert people.find_person(record, "bert") is None


@pytest.mark.parametrize("account", ["", "a", "Anna", "an na", "anna/1", "ann\u00e4", "x" * 61, "installer"])
def test_an_id_that_could_be_mistaken_is_refused(record: Record, account: str) -> None:
    with pytest.raises(NotUnderstood, match="an account id of 2 to 60"):
        people.add_account(record, account, name="Somebody", **BY)


@pytest.mark.parametrize("password", ["short", "x" * 201, ""])
def test_a_password_of_the_wrong_length_is_refused_and_never_repeated(record: Record, password: str) -> None:
    with pytest.raises(NotUnderstood) as caught:
        people.set_password(record, "anna", password=password, **BY)
    assert not password or f" {password}" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "A\u202enna", "A\x1b[31m"])
def test_a_name_that_cannot_be_printed_is_refused(record: Record, name: str) -> None:
    with pytest.raises(NotUnderstood, match="printed name"):
        people.change_account(record, "anna", name=name, **BY)


def test_a_change_without_a_reason_changes_nothing(record: Record) -> None:
    with pytest.raises(NotUnderstood, match="a reason"):
        people.change_account(record, "anna", active=False, by=BY["by"], reason="  ")
    person = people.find_person(record, "anna")
    assert person is not None
    assert person.active
    assert len(entries_of(record, "account/anna")) == 1


def test_only_an_administrator_administers(record: Record) -> None:
    assert people.authenticate_admin(record, "anna", "a long password") is None
    people.give_role(record, "anna", role=Role.ADMIN, place="lisboa", **BY)
    found = people.authenticate_admin(record, "anna", "a long password")
    assert found is not None
    assert found.role is Role.ADMIN
    assert people.authenticate_admin(record, "anna", "wrong") is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: people.give_role(r, "anna", role=Role.NURSE, place="nowhere", **BY), "a place of the record"),
        (lambda r: people.give_role(r, "bert", role=Role.NURSE, place="lisboa", **BY), "an account of the record"),
        (lambda r: people.take_role(r, "anna", role=Role.NURSE, place="lisboa", **BY), "a role that the account has"),
        (lambda r: people.set_password(r, "bert", password=NEW, **BY), "an account of the record"),
    ],
)
def test_what_is_not_there_cannot_be_changed(record: Record, change: Any, message: str) -> None:
    with pytest.raises(NotUnderstood, match=message):
        change(record)


def test_signatures_are_tried_and_their_passwords_forgotten(record: Record) -> None:
    claims = (
        SignatureClaim("anna", Meaning.PERFORMED, "a long password"),
        SignatureClaim("anna", Meaning.WITNESSED, "wrong"),
        SignatureClaim("nobody", Meaning.WITNESSED, None),
    )
    tried = people.authenticate_claims(record, AttemptRequest("id", "step", "anna", None, None, signatures=claims))
    assert [claim.authentic for claim in tried.signatures] == [True, False, False]
    assert {claim.password for claim in tried.signatures} == {None}


@pytest.mark.requirement("COI-PPL-12")
def test_nobody_gives_herself_a_role(record: Record) -> None:
    people.give_role(record, "anna", role=Role.ADMIN, place="lisboa", **BY)
    herself = people.authenticate_admin(record, "anna", "a long password")
    assert herself is not None
    with pytest.raises(NotUnderstood, match="another administrator"):
        people.give_role(record, "anna", role=Role.QA, place="lisboa", by=herself, reason="to help out")


def test_the_last_administrator_stays(record: Record) -> None:
    people.give_role(record, "anna", role=Role.ADMIN, place="lisboa", **BY)
    people.add_account(record, "bert", name="Bert", **BY)
    people.give_role(record, "bert", role=Role.ADMIN, place="lisboa", **BY)
    people.change_account(record, "bert", active=False, **BY)
    for change in (
        lambda: people.change_account(record, "anna", active=False, **BY),
        lambda: people.take_role(record, "anna", role=Role.ADMIN, place="lisboa", **BY),
    ):
        with pytest.raises(NotUnderstood, match="the last one"):
            change()
    people.change_account(record, "bert", active=True, **BY)
    people.change_account(record, "anna", active=False, **BY)
