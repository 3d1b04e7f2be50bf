"""A second factor: set up by its owner, good once, needed at every sign-in, removed by an administrator only."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pyotp
import pytest

from coi_tracker.errors import BrokenPromise, Misconfigured, NotUnderstood
from coi_tracker.services import lockout, password_rules, people, second_factor, signing_in
from coi_tracker.services.changes import administrator
from coi_tracker.services.record import Record
from coi_tracker.services.sign_in_rules import TotpFor
from coi_tracker.services.signing_in import NotSignedIn, SignedIn, enter_code, sign_in
from coi_tracker.storage import persons as person_rows
from coi_tracker.storage import second_factors as rows
from coi_tracker.storage.keyfile import load_key_file, new_key_file
from coi_tracker.vocabulary import Role
from tests.integration.people.conftest import BY, Ticking, entries_of

pytestmark = pytest.mark.requirement("COI-PPL-09")

RIGHT = "a long password"
ADMIN: dict[str, Any] = {"by": administrator("zoe", "Zoe Admin"), "reason": "telephone lost"}


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password_rules, "_NOBODYS", people.INVENTED.hash("nobody's"))


def _pass(record: Record, **time_: int) -> None:
    assert isinstance(record.clock, Ticking)
    record.clock.now += timedelta(**time_)


def _now(record: Record) -> datetime:
    assert isinstance(record.clock, Ticking)
    return record.clock.now


def _code(record: Record, secret: str, *, off: int = 0) -> str:
    return pyotp.TOTP(secret).at(_now(record) + timedelta(seconds=30 * off))


def _set_up(record: Record) -> tuple[str, tuple[str, ...]]:
    secret = second_factor.begin(record, "anna").secret
    codes = second_factor.confirm(record, "anna", _code(record, secret))
    assert codes is not None
    _pass(record, seconds=60)
    return secret, codes


def test_it_is_needed_once_its_owner_confirmed_it_with_a_code(record: Record) -> None:
    begun = second_factor.begin(record, "anna")
    assert begun.address.startswith("otpauth://totp/COI%20Tracker:anna?")
    assert begun.secret not in repr(begun)
    assert second_factor.begun(record, "anna") == begun
    assert second_factor.confirm(record, "anna", "000000") is None
    found = sign_in(record, "anna", RIGHT)
    assert isinstance(found, SignedIn)
    assert not found.needs_totp
    codes = second_factor.confirm(record, "anna", _code(record, begun.secret))
    assert codes is not None
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    found = sign_in(record, "anna", RIGHT)
    assert isinstance(found, SignedIn)
    assert found.needs_totp
    assert second_factor.confirm(record, "anna", _code(record, begun.secret)) is None
    assert second_factor.begun(record, "anna") is None


def test_a_code_lets_in_and_is_good_once(record: Record) -> None:
    secret, _ = _set_up(record)
    code = _code(record, secret)
    assert isinstance(enter_code(record, "anna", f"{code[:3]} {code[3:]}"), SignedIn)
    assert isinstance(enter_code(record, "anna", code), NotSignedIn)
    assert isinstance(enter_code(record, "anna", _code(record, secret, off=-1)), NotSignedIn), "an earlier step"
    _pass(record, seconds=30)
    assert isinstance(enter_code(record, "anna", _code(record, secret)), SignedIn)


def test_the_code_it_was_confirmed_with_is_used(record: Record) -> None:
    secret = second_factor.begin(record, "anna").secret
    code = _code(record, secret)
    assert second_factor.confirm(record, "anna", code)
    assert isinstance(enter_code(record, "anna", code), NotSignedIn)


def test_a_device_may_be_half_a_minute_off_and_no_more(record: Record) -> None:
    secret, _ = _set_up(record)
    for off, lets_in in ((-3, False), (3, False), (-1, True), (1, True)):
        assert isinstance(enter_code(record, "anna", _code(record, secret, off=off)), SignedIn) is lets_in, off
        _pass(record, minutes=20)


def test_one_code_at_once_from_two_places_lets_one_in(record: Record) -> None:
    secret, _ = _set_up(record)
    code, start, found = _code(record, secret), threading.Barrier(4), []

    def enter() -> None:
        start.wait()
        found.append(enter_code(record, "anna", code))

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(one, SignedIn) for one in found) == 1


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "' OR 1", "x" * 10_000])
def test_anything_else_is_a_wrong_code(record: Record, code: str) -> None:
    _set_up(record)
    assert enter_code(record, "anna", code) == signing_in.WRONG_CODE
    assert enter_code(record, "nobody", code) == signing_in.WRONG_CODE


def test_wrong_codes_lock_the_account_whatever_right_passwords_come_between(record: Record) -> None:
    secret, codes = _set_up(record)
    for _ in range(5):
        assert isinstance(sign_in(record, "anna", RIGHT), SignedIn)
        assert isinstance(enter_code(record, "anna", "000000"), NotSignedIn)
    assert isinstance(sign_in(record, "anna", RIGHT), NotSignedIn)
    assert isinstance(enter_code(record, "anna", _code(record, secret)), NotSignedIn)
    assert isinstance(enter_code(record, "anna", codes[0]), NotSignedIn)
    _pass(record, minutes=16)
    found = enter_code(record, "anna", _code(record, secret))
    assert isinstance(found, SignedIn)
    assert found.failures is not None
    assert found.failures.count == 8


def test_a_recovery_code_lets_in_once_and_is_an_entry(record: Record) -> None:
    _, codes = _set_up(record)
    typed = codes[0].upper().replace("-", " ")
    assert isinstance(enter_code(record, "anna", typed), SignedIn)
    assert isinstance(enter_code(record, "anna", codes[0]), NotSignedIn)
    assert second_factor.recovery_codes_left(record, "anna") == 7
    last = entries_of(record, "account/anna")[-1]["evidence"]
    assert (last["what"], last["old"], last["new"]) == ("recovery codes", 8, 7)


def test_only_an_administrator_removes_it_with_a_reason(record: Record) -> None:
    _, codes = _set_up(record)
    with pytest.raises(NotUnderstood, match="without a second factor"):
        second_factor.begin(record, "anna")
    with pytest.raises(NotUnderstood, match="a reason"):
        second_factor.remove(record, "anna", by=ADMIN["by"], reason="")
    second_factor.remove(record, "anna", **ADMIN)
    found = sign_in(record, "anna", RIGHT)
    assert isinstance(found, SignedIn)
    assert not found.needs_totp
    assert isinstance(enter_code(record, "anna", codes[0]), NotSignedIn)
    told = [e["evidence"] for e in entries_of(record, "account/anna") if e["evidence"]["what"] == "second factor"]
    assert [(one["old"], one["new"]) for one in told] == [(None, "set"), ("set", None)]
    with pytest.raises(NotUnderstood, match="with a second factor"):
        second_factor.remove(record, "anna", **ADMIN)


def test_it_is_asked_of_administrators_of_everybody_or_of_one(record: Record) -> None:
    people.add_account(record, "bert", name="Bert", password=RIGHT, hasher=people.INVENTED, **BY)
    people.give_role(record, "bert", role=Role.ADMIN, place="lisboa", **BY)

    def must(who: str, asked: TotpFor) -> bool:
        found = sign_in(replace(record, rules=replace(record.rules, totp_for=asked)), who, RIGHT)
        assert isinstance(found, SignedIn)
        return found.must_enrol_totp

    assert [must("anna", one) for one in (TotpFor.NOBODY, TotpFor.ADMINS, TotpFor.EVERYBODY)] == [False, False, True]
    assert [must("bert", one) for one in (TotpFor.NOBODY, TotpFor.ADMINS, TotpFor.EVERYBODY)] == [False, True, True]
    second_factor.require(record, "anna", required=True, **ADMIN)
    assert must("anna", TotpFor.NOBODY)
    with pytest.raises(NotUnderstood, match="what holds already"):
        second_factor.require(record, "anna", required=True, **ADMIN)
    _set_up(record)
    second_factor.remove(record, "anna", **ADMIN)
    assert must("anna", TotpFor.NOBODY), "removing the device does not remove the duty"


def test_no_secret_and_no_code_is_ever_in_the_database_or_the_log(record: Record) -> None:
    secret, codes = _set_up(record)
    with record.database.read() as tx:
        stored = str(tx.query("SELECT * FROM second_factors")) + str(tx.query("SELECT * FROM recovery_codes"))
    told = str(entries_of(record, "account/anna"))
    for hidden in (secret, *codes, *(code.replace("-", "") for code in codes)):
        assert hidden not in stored
        assert hidden not in told
    assert len(second_factor.all_factors(record)) == 1
    assert second_factor.all_factors(record)["anna"].sealed is None


def test_a_secret_moved_to_another_account_opens_nothing(record: Record) -> None:
    secret, _ = _set_up(record)
    people.add_account(record, "bert", name="Bert", password=RIGHT, hasher=people.INVENTED, **BY)
    with record.database.write() as tx:
        rows.save_second_factor(tx, replace(rows.second_factor(tx, "anna"), account="bert", used_step=None))
    with pytest.raises(BrokenPromise, match="moved from another row"):
        enter_code(record, "bert", _code(record, secret))


def test_without_the_key_file_nobody_gets_past_it(record: Record) -> None:
    secret, _ = _set_up(record)
    with pytest.raises(Misconfigured, match="key file"):
        enter_code(replace(record, person_keys=()), "anna", _code(record, secret))


def test_another_key_file_takes_the_secrets_over(record: Record, tmp_path: Any) -> None:
    secret, _ = _set_up(record)
    new_key_file(tmp_path / "new.key")
    new = load_key_file(tmp_path / "new.key")
    with record.database.write() as tx:
        person_rows.rewrap(tx, (*new, *record.person_keys))
    with pytest.raises(Misconfigured, match="a file without it"):
        enter_code(record, "anna", _code(record, secret))
    assert isinstance(enter_code(replace(record, person_keys=new), "anna", _code(record, secret)), SignedIn)


def test_failed_codes_are_kept_as_such(record: Record) -> None:
    _set_up(record)
    enter_code(record, "anna", "000000", station="STATION")
    assert [(one.asked_for, one.station) for one in lockout.failed_tries(record, "anna")] == [
        ("second_factor", "STATION")
    ]
