"""Which passwords may be chosen, how they are hashed, how long they are good, and which cannot come back.

Source: NIST SP 800-63B for length and common passwords, 21 CFR 11.300(b) for age; decision 0130 says how they meet.
Knows no account but by its id, and no screen.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from coi_tracker.errors import NotUnderstood
from coi_tracker.services.record import Record
from coi_tracker.storage import registry, sign_ins
from coi_tracker.storage.sign_ins import PasswordAge
from coi_tracker.storage.transaction import Transaction

CAREFUL = PasswordHasher()
"""argon2id with the library's current cost, about a tenth of a second a password. Source: RFC 9106."""
INVENTED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""For people who do not exist: a simulated trial signs tens of thousands of times. Never for a real person."""
SHORTEST, LONGEST = 10, 200
_NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$FbgmSEjU5mq5Rm7FHy5Zlw$nwL9RFnlvzsXJH3dtdU10xFw7Y1XkYnLNKyMJMhmKqI"
_AROUND = "0123456789 !?.,;:-_*#+$%&@()/=<>^~\"'|\\[]{}"


class MustChange(StrEnum):
    """Why the owner has to choose another password before anything else."""

    SET_BY_ANOTHER = "set_by_another"
    TOO_OLD = "too_old"


def hashed(password: str, *, account: str, name: str, hasher: PasswordHasher = CAREFUL) -> str:
    """The hash of a password that may be chosen. Raises NotUnderstood, and never repeats the password."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise NotUnderstood(
            expected=f"a password of {SHORTEST} to {LONGEST} characters",
            came=f"one of {len(password)}",
            do="choose another one; several words are easy to type and hard to guess",
        )
    if _is_common(password, account, name):
        raise NotUnderstood(
            expected="a password that is not among the first that somebody would try",
            came="a common one, a row of keys, or the name of the account",
            do="choose another one; several words are easy to type and hard to guess",
        )
    return hasher.hash(_normal(password))


def _is_common(password: str, account: str, name: str) -> bool:
    """What is left without digits and signs around it counts: nobody is fooled by a 1 and an exclamation mark."""
    whole = unicodedata.normalize("NFKC", password).casefold()
    core = whole.strip(_AROUND)
    own = {account.casefold(), name.casefold(), name.casefold().replace(" ", "")}
    return len(set(whole)) < 4 or not core or bool({whole, core} & (_common() | own))


@cache
def _common() -> frozenset[str]:
    text = files("coi_tracker.services").joinpath("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def fits(password_hash: str | None, password: str) -> bool:
    """Whether it is the password of this hash. Takes as long when there is no hash, and is never true then."""
    try:
        CAREFUL.verify(password_hash or _NOBODYS, _normal(password)[: 4 * LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def _normal(password: str) -> str:
    """The same password typed on another keyboard is the same: RFC 8265 asks for NFC. Half a character becomes '?'."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "replace").decode()


def refuse_used(record: Record, account: str, password: str) -> None:
    """Raise NotUnderstood for one of the latest passwords of an account. About a tenth of a second for each."""
    with record.database.read() as tx:
        found = registry.find_account(tx, account)
        old = sign_ins.old_passwords(tx, account)[: record.rules.history - 1]
    latest = [one for one in (found.password_hash if found else None, *old) if one is not None]
    if any(fits(one, password) for one in latest):
        raise NotUnderstood(
            expected=f"a password that is not one of the last {record.rules.history}",
            came="one of them",
            do="choose another one",
        )


def replaced(record: Record, tx: Transaction, account: str, *, old_hash: str | None, by_another: bool) -> None:
    """Queue that an account has another password from now on, and what it had before."""
    now = record.clock()
    if old_hash is not None:
        sign_ins.keep_old_password(tx, account, old_hash, until=now, keep=max(record.rules.history - 1, 1))
    sign_ins.set_password_age(tx, account, PasswordAge(now, must_change=by_another))


def must_change(record: Record, account: str) -> MustChange | None:
    """Whether the owner has to choose another password first. One that nobody knows the age of is too old."""
    with record.database.read() as tx:
        age = sign_ins.password_age(tx, account)
    if age is None:
        return MustChange.TOO_OLD
    if age.must_change:
        return MustChange.SET_BY_ANOTHER
    return MustChange.TOO_OLD if _too_old(record, age.set_at) else None


def _too_old(record: Record, set_at: datetime) -> bool:
    longest = record.rules.password_age
    return longest is not None and record.clock() - set_at > longest
