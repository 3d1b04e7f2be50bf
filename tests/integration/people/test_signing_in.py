"""Signing in with a password: what is told, what is counted, when an account is locked, and when a password is old."""

from __future__ import annotations

import statistics
import threading
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from coi_tracker.custody_log.entry import entry_problems
from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import BadgeCode
from coi_tracker.services import lockout, password_rules, people, signing_in
from coi_tracker.services.changes import administrator
from coi_tracker.services.password_rules import MustChange
from coi_tracker.services.record import Record
from coi_tracker.services.requests import AttemptRequest, SignatureClaim
from coi_tracker.services.signing_in import NotSignedIn, SignedIn, sign_in
from coi_tracker.vocabulary import AskedFor, Meaning
from tests.integration.people.conftest import BY, Ticking, entries_of

RIGHT, WRONG = "a long password", "a wrong password"
ADMIN: dict[str, Any] = {"by": administrator("zoe", "Zoe Admin"), "reason": "asked in person"}
LOCKOUT = pytest.mark.requirement("COI-PPL-02")
REPORTED = pytest.mark.requirement("COI-PPL-03")
AGE = pytest.mark.requirement("COI-PPL-05")
CHOICE = pytest.mark.requirement("COI-PPL-06")
FORCED = pytest.mark.requirement("COI-PPL-04")


@pytest.fixture(autouse=True)
def quick_hashes(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost of argon2 is in every hash, so cheap ones are verified quickly by the same code."""
    monkeypatch.setattr(password_rules, "_NOBODYS", people.INVENTED.hash("nobody's"))


def _pass(record: Record, **time_: int) -> None:
    assert isinstance(record.clock, Ticking)
    record.clock.now += timedelta(**time_)


def _in(record: Record, password: str = RIGHT, who: str = "anna") -> SignedIn:
    found = sign_in(record, who, password)
    assert isinstance(found, SignedIn)
    return found


def _wrong(record: Record, times: int, who: str = "anna") -> None:
    for _ in range(times):
        assert isinstance(sign_in(record, who, WRONG), NotSignedIn)


def _locks(record: Record) -> list[Any]:
    found = [entry["evidence"] for entry in entries_of(record, "account/anna")]
    return [one for one in found if one["what"] == "lock"]


@pytest.mark.requirement("COI-PPL-01")
def test_an_account_id_or_a_badge_with_the_password_signs_in(record: Record) -> None:
    badge = BadgeCode.issue()
    people.change_account(record, "anna", badge=badge, **BY)
    assert _in(record) == SignedIn(_in(record).account, "Anna Lind")
    for scanned in (badge.text, f" {badge.text}\r\n"):
        assert _in(record, who=scanned).account == "anna"
    assert _in(record, who=" Anna ").account == "anna"


@pytest.mark.requirement("COI-PPL-01")
def test_what_fails_says_the_same_whatever_was_wrong(record: Record) -> None:
    people.add_account(record, "bert", name="Bert", **BY)
    people.add_account(record, "cleo", name="Cleo", password=RIGHT, hasher=people.INVENTED, **BY)
    people.change_account(record, "cleo", active=False, **BY)
    strange = [("anna", WRONG), ("nobody", RIGHT), ("bert", RIGHT), ("cleo", RIGHT), (BadgeCode.issue().text, RIGHT)]
    strange += [
        ("", ""),
        ("?", RIGHT),
        ("anna", "\ud800"),
        ("x" * 100_000, "y" * 100_000),
        ("anna\x00", RIGHT),
        ("\ud800", RIGHT),
    ]
    assert {repr(sign_in(record, who, password)) for who, password in strange} == {repr(signing_in.WRONG)}
    for _ in range(6):
        sign_in(record, "anna", WRONG)
    assert sign_in(record, "anna", RIGHT) == signing_in.WRONG


@pytest.mark.requirement("COI-PPL-01")
def test_an_unknown_account_takes_as_long_as_a_wrong_password(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    people.set_password(record, "anna", password="another long password", **BY)
    patient = replace(record, rules=replace(record.rules, tries=20))

    def took(who: str) -> float:
        started = time.process_time()
        sign_in(patient, who, WRONG)
        return time.process_time() - started

    known = statistics.median(took("anna") for _ in range(7))
    unknown = statistics.median(took("nobody") for _ in range(7))
    assert 0.5 < unknown / known < 2


@LOCKOUT
def test_five_wrong_passwords_lock_the_account_for_a_while(record: Record) -> None:
    _wrong(record, 4)
    _in(record)
    _wrong(record, 5)
    assert isinstance(sign_in(record, "anna", RIGHT), NotSignedIn)
    _pass(record, minutes=14)
    assert isinstance(sign_in(record, "anna", RIGHT), NotSignedIn)
    _pass(record, minutes=2)
    _in(record)


@LOCKOUT
def test_the_right_password_starts_the_count_anew_and_time_does_too(record: Record) -> None:
    for _ in range(3):
        _wrong(record, 4)
        _in(record)
    for _ in range(12):
        _wrong(record, 1)
        _pass(record, minutes=4)
    _in(record)
    assert _locks(record) == []


@LOCKOUT
def test_a_lock_is_longer_each_time_up_to_a_day(record: Record) -> None:
    minutes = []
    for _ in range(9):
        _wrong(record, 5)
        standing = lockout.standings(record)["anna"]
        assert standing.locked_until is not None
        assert standing.last_failed_at is not None
        minutes.append(round((standing.locked_until - standing.last_failed_at).total_seconds() / 60))
        _pass(record, minutes=minutes[-1] + 1)
    assert minutes == [15, 30, 60, 120, 240, 480, 960, 1440, 1440]
    _in(record)
    _wrong(record, 5)
    assert _locks(record)[-1]["new"]["failures"] == 5
    standing = lockout.standings(record)["anna"]
    assert standing.locks == 1


@LOCKOUT
def test_tries_while_locked_make_the_lock_no_longer(record: Record) -> None:
    _wrong(record, 5)
    until = lockout.standings(record)["anna"].locked_until
    _wrong(record, 30)
    assert lockout.standings(record)["anna"].locked_until == until
    _pass(record, minutes=16)
    _wrong(record, 1)
    _in(record)


@LOCKOUT
def test_signatures_count_and_are_refused_while_locked(record: Record) -> None:
    def signs(password: str) -> bool:
        claim = SignatureClaim("anna", Meaning.PERFORMED, password)
        request = AttemptRequest("id", "step", "anna", None, "STATION", signatures=(claim,))
        return people.authenticate_claims(record, request).signatures[0].authentic

    assert signs(RIGHT)
    assert [signs(WRONG) for _ in range(5)] == [False] * 5
    assert not signs(RIGHT)
    assert isinstance(sign_in(record, "anna", RIGHT), NotSignedIn)
    assert people.authenticate_admin(record, "anna", RIGHT) is None
    tried = lockout.failed_tries(record, "anna")
    assert {(one.asked_for, one.station) for one in tried[-5:]} == {(AskedFor.SIGNATURE, "STATION")}
    _pass(record, minutes=16)
    assert signs(RIGHT)


@LOCKOUT
def test_a_lock_is_an_entry_and_an_administrator_ends_it_with_a_reason(record: Record) -> None:
    _wrong(record, 5)
    with pytest.raises(NotUnderstood, match="a reason"):
        lockout.unlock(record, "anna", by=ADMIN["by"], reason=" ")
    lockout.unlock(record, "anna", **ADMIN)
    _in(record)
    locked, unlocked = _locks(record)
    assert (locked["old"], locked["new"]["failures"], unlocked["new"]) == (None, 5, None)
    assert unlocked["reason"] == "asked in person"
    entries = entries_of(record, "account/anna")
    assert [entry["actor"]["account"] for entry in entries[-2:]] == ["doorkeeper", "zoe"]
    assert all(entry_problems(entry) == [] for entry in entries)
    for account in ("anna", "nobody", "?"):
        with pytest.raises(NotUnderstood, match="a locked account"):
            lockout.unlock(record, account, **ADMIN)


@LOCKOUT
def test_wrong_passwords_at_once_are_all_counted(record: Record) -> None:
    patient = replace(record, rules=replace(record.rules, tries=20))
    start = threading.Barrier(8)

    def guess() -> None:
        start.wait()
        sign_in(patient, "anna", WRONG)

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lockout.standings(record)["anna"].failures == 8
    assert len(lockout.failed_tries(record, "anna")) == 8


@LOCKOUT
def test_of_guesses_at_once_only_one_locks(record: Record) -> None:
    start = threading.Barrier(8)

    def guess() -> None:
        start.wait()
        sign_in(record, "anna", WRONG)

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(_locks(record)) == 1
    assert isinstance(sign_in(record, "anna", RIGHT), NotSignedIn)


@REPORTED
def test_the_next_sign_in_tells_of_failed_tries_once(record: Record) -> None:
    assert _in(record).failures is None
    _wrong(record, 2)
    people.authenticate(record, "anna", WRONG)
    at = lockout.standings(record)["anna"].last_failed_at
    assert people.authenticate(record, "anna", RIGHT) is not None  # a signature does not use the report up
    found = _in(record).failures
    assert found is not None
    assert (found.count, found.last_at) == (3, at)
    assert _in(record).failures is None


@REPORTED
def test_a_flood_of_tries_fills_neither_the_log_nor_the_tables(record: Record) -> None:
    entries = len(entries_of(record, "account/anna"))
    for who in ("anna", "nobody", "nobody-else"):
        _wrong(record, 70, who)
    assert len(entries_of(record, "account/anna")) == entries + 1
    assert len(lockout.failed_tries(record, limit=1000)) == 2 * lockout.KEPT
    assert lockout.standings(record)[lockout.NOBODY].failures == 140
    assert lockout.failed_tries(record, limit=3)[0].account == lockout.NOBODY
    with record.database.read() as tx:
        assert tx.query("SELECT count(*) FROM failed_sign_ins WHERE account = 'nobody'") == [(0,)]


@FORCED
def test_a_password_that_somebody_else_set_is_changed_first_and_signs_nothing(record: Record) -> None:
    people.set_password(record, "anna", password="from the administrator", hasher=people.INVENTED, **ADMIN)
    assert _in(record, "from the administrator").must_change_password is MustChange.SET_BY_ANOTHER
    claim = SignatureClaim("anna", Meaning.PERFORMED, "from the administrator")
    request = AttemptRequest("id", "step", "anna", None, None, signatures=(claim,))
    assert not people.authenticate_claims(record, request).signatures[0].authentic
    own: dict[str, Any] = {"new": "one of my own", "hasher": people.INVENTED}
    assert not people.change_own_password(record, "anna", old=WRONG, **own)
    assert people.change_own_password(record, "anna", old="from the administrator", **own)
    assert _in(record, "one of my own").must_change_password is None
    last = entries_of(record, "account/anna")[-1]
    assert (last["actor"]["account"], last["evidence"]["what"], last["evidence"]["new"]) == ("anna", "password", "set")


@FORCED
def test_an_account_that_an_administrator_adds_changes_its_password_first(record: Record) -> None:
    people.add_account(record, "bert", name="Bert", password=RIGHT, hasher=people.INVENTED, **ADMIN)
    assert _in(record, who="bert").must_change_password is MustChange.SET_BY_ANOTHER


@AGE
def test_a_password_older_than_a_year_is_changed_first_and_signs_nothing(record: Record) -> None:
    _pass(record, days=364)
    assert _in(record).must_change_password is None
    _pass(record, days=2)
    assert _in(record).must_change_password is MustChange.TOO_OLD
    claim = SignatureClaim("anna", Meaning.PERFORMED, RIGHT)
    request = AttemptRequest("id", "step", "anna", None, None, signatures=(claim,))
    assert not people.authenticate_claims(record, request).signatures[0].authentic
    never = replace(record, rules=replace(record.rules, password_age=None))
    assert _in(never).must_change_password is None


@AGE
def test_none_of_the_last_five_passwords_comes_back(record: Record) -> None:
    chosen = [RIGHT, *(f"password number {word}" for word in ("one", "two", "three", "four", "five"))]
    for password in chosen[1:]:
        people.set_password(record, "anna", password=password, hasher=people.INVENTED, **BY)
    for used in chosen[1:]:
        with pytest.raises(NotUnderstood, match="not one of the last 5"):
            people.set_password(record, "anna", password=used, hasher=people.INVENTED, **BY)
    people.set_password(record, "anna", password=chosen[0], hasher=people.INVENTED, **BY)
    with record.database.read() as tx:
        kept = tx.query("SELECT password_hash FROM old_passwords WHERE account = 'anna'")
    assert len(kept) == 4
    assert all(row[0].startswith("$argon2id$") for row in kept)


@CHOICE
@pytest.mark.parametrize(
    "password",
    ["Password2026!", "qwertyuiop", "1234567890", "!!welcome1!!", "aaaaaaaaaaaa", "ababababab", "Anna Lind 1",
     "anna1234567", "PASSWORDPASSWORD", "Ｐａｓｓｗｏｒｄ１２", "hospital2026"],
)  # fmt: skip
def test_what_somebody_would_try_first_is_refused_and_not_repeated(record: Record, password: str) -> None:
    with pytest.raises(NotUnderstood) as caught:
        people.set_password(record, "anna", password=password, **BY)
    assert "first that somebody would try" in str(caught.value)
    assert password not in str(caught.value)


@CHOICE
@pytest.mark.parametrize("password", ["the nurse reads slowly", "grün und blau", "10 green bottles", "Ω-mega-Δ-elta"])
def test_several_words_are_taken_as_they_are(record: Record, password: str) -> None:
    people.set_password(record, "anna", password=password, hasher=people.INVENTED, **BY)
    _in(record, password)


@pytest.mark.requirement("COI-PPL-07")
def test_sessions_end_with_the_password_and_with_the_account(record: Record) -> None:
    from coi_tracker.services import sessions

    person = _in(record)
    first = sessions.begin(record, person.account)
    people.set_password(record, "anna", password="something new", hasher=people.INVENTED, **BY)
    assert sessions.look_up(record, first) is None
    second = sessions.begin(record, person.account)
    people.change_account(record, "anna", active=False, **BY)
    assert sessions.look_up(record, second) is None


@pytest.mark.requirement("COI-PPL-08")
def test_an_id_is_never_given_again_and_names_of_the_tracker_are_nobody_s(record: Record) -> None:
    people.change_account(record, "anna", active=False, **BY)
    with pytest.raises(NotUnderstood, match="which is taken"):
        people.add_account(record, "anna", name="Another Anna", **BY)
    for reserved in ("installer", "doorkeeper"):
        with pytest.raises(NotUnderstood, match="an account id"):
            people.add_account(record, reserved, name="Somebody", **BY)
