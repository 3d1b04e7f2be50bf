"""Signing in: a password, after a typed account id or a scanned badge, and a second factor where one is needed.

What does not succeed says the same whatever was wrong, so that a stranger learns nothing of who works here. Does not
know how a session is kept; who is signed in may do nothing by that alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from coi_tracker.course import AccountId
from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import BadgeCode, read_scan
from coi_tracker.services import lockout, password_rules, people, second_factor
from coi_tracker.services.lockout import Failures
from coi_tracker.services.password_rules import MustChange
from coi_tracker.services.record import Record
from coi_tracker.storage import registry
from coi_tracker.vocabulary import AskedFor


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody proved who she is.

    ``needs_totp``: nothing is open to her before `enter_code`. ``must_enrol_totp``, ``must_change_password``: nothing
    else is open to her before she did that. ``failures``: what failed since the last time.
    """

    account: AccountId
    name: str
    must_change_password: MustChange | None = None
    needs_totp: bool = False
    must_enrol_totp: bool = False
    failures: Failures | None = None


@dataclass(frozen=True, slots=True)
class NotSignedIn:
    """Nobody is signed in. ``why`` is shown as it is."""

    why: str


SignInOutcome = SignedIn | NotSignedIn

WRONG = NotSignedIn(
    "The account, badge or password is not right, or the account is locked for a while after too many wrong tries. "
    "Try again slowly. If it stays so, ask your administrator."
)
WRONG_CODE = NotSignedIn(
    "The code is not right, was used before, or there were too many wrong tries. "
    "Wait for the next code and try again, or use a recovery code."
)


def sign_in(record: Record, who: str, password: str, *, station: str | None = None) -> SignInOutcome:
    """Sign in with an account id or the code of a badge, and a password.

    About a tenth of a second, and no less for an account that does not exist.
    """
    account = _account_of(record, who)
    found = people.right_password(record, account, password, asked_for=AskedFor.SIGN_IN, station=station)
    if found is None:
        return WRONG
    if second_factor.is_set_up(record, found.account):
        return SignedIn(found.account, found.name, needs_totp=True)
    return signed_in(record, found.account, found.name)


def enter_code(record: Record, account: str, code: str, *, station: str | None = None) -> SignInOutcome:
    """The second half, for who gave the right password a moment ago: a one-time code, or a recovery code."""
    if not second_factor.right_code(record, account, code, station=station):
        return WRONG_CODE
    with record.database.read() as tx:
        found = registry.find_account(tx, account)
    if found is None or not found.active:
        return WRONG_CODE
    return signed_in(record, found.id, found.name)


def signed_in(record: Record, account: AccountId, name: str) -> SignInOutcome:
    """Everything was proved that had to be. Tells of failed tries since the last time, once."""
    failures = lockout.signed_in(record, account)
    if failures is None:
        return WRONG
    return SignedIn(
        account,
        name,
        must_change_password=password_rules.must_change(record, account) if _has_password(record, account) else None,
        must_enrol_totp=second_factor.is_missing(record, account),
        failures=failures if failures.count else None,
    )


def _has_password(record: Record, account: str) -> bool:
    """An account that only another organisation's sign-in opens has no password that could be too old."""
    with record.database.read() as tx:
        found = registry.find_account(tx, account)
    return found is not None and found.password_hash is not None


def _account_of(record: Record, who: str) -> str:
    """The account of a scanned badge; what was typed otherwise. Both cost one question to the database."""
    text = who.strip()[:200]
    try:
        read = read_scan(text)
    except NotUnderstood:
        read = None
    badge = read.text if isinstance(read, BadgeCode) else lockout.NOBODY
    with record.database.read() as tx:
        found = registry.find_badge(tx, badge)
    if badge == lockout.NOBODY:
        return text.lower()
    return lockout.NOBODY if found is None else found.id
