"""Accounts, passwords, badges and roles of the people who work with the record, and whether somebody is who she says.

Every change is an entry in the account's chain; a password or its hash never is. Knows nothing of steps: whether a
role is enough is decided by the process.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date, datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from coi_tracker.course import AccountId, Actor, PlaceId
from coi_tracker.custody_log.chain import account_chain
from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import BadgeCode
from coi_tracker.services.changes import administrator, write_change
from coi_tracker.services.record import Record
from coi_tracker.services.requests import AttemptRequest, SignatureClaim
from coi_tracker.storage import registry
from coi_tracker.storage.registry import Account, AccountRole
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import Role

CAREFUL = PasswordHasher()
"""argon2id with the library's current cost, about a tenth of a second a password. Source: RFC 9106."""
INVENTED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""For people who do not exist: a simulated trial signs tens of thousands of times. Never for a real person."""

_NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$FbgmSEjU5mq5Rm7FHy5Zlw$nwL9RFnlvzsXJH3dtdU10xFw7Y1XkYnLNKyMJMhmKqI"
_ID = re.compile(r"[a-z0-9][a-z0-9._@-]{1,59}")
SHORTEST, LONGEST = 10, 200
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Authenticated:
    """Somebody gave the right password of an active account, then."""

    account: AccountId
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """An account with its roles, for lists. Without the password's hash."""

    id: AccountId
    name: str
    badge: str | None
    active: bool
    has_password: bool
    roles: tuple[AccountRole, ...]


def authenticate(record: Record, account: str, password: str) -> Authenticated | None:
    """Who gave the right password, or None. Takes as long for an account that does not exist.

    Opens a short transaction of its own and hashes outside of it: about a tenth of a second.
    """
    with record.database.read() as tx:
        found = registry.find_account(tx, account)
    usable = found is not None and found.active and found.password_hash is not None
    fits = _fits(found.password_hash if found is not None and found.password_hash else _NOBODYS, password)
    if found is None or not usable or not fits:
        _log.info("authentication failed")  # without the name: people type their password there
        return None
    return Authenticated(found.id, found.name, record.clock())


def _fits(password_hash: str, password: str) -> bool:
    try:
        return CAREFUL.verify(password_hash, _normal(password)[: 4 * LONGEST])
    except (VerificationError, InvalidHashError):
        return False


def _normal(password: str) -> str:
    """The same password typed on another keyboard is the same: RFC 8265 asks for NFC."""
    return unicodedata.normalize("NFC", password)


def authenticate_claims(record: Record, request: AttemptRequest) -> AttemptRequest:
    """The request with every signature's password tried and taken away; a wrong one leaves ``authentic`` False."""
    return replace(request, signatures=tuple(_tried(record, claim) for claim in request.signatures))


def _tried(record: Record, claim: SignatureClaim) -> SignatureClaim:
    fits = claim.password is not None and authenticate(record, claim.account, claim.password) is not None
    return replace(claim, authentic=claim.authentic or fits, password=None)


def authenticate_admin(record: Record, account: str, password: str) -> Actor | None:
    """The actor for changes of the set-up, or None: password wrong, or no administrator anywhere."""
    found = authenticate(record, account, password)
    if found is None:
        return None
    with record.database.read() as tx:
        roles = registry.roles_of(tx, found.account)
    return administrator(found.account, found.name) if any(r.role is Role.ADMIN for r in roles) else None


def people(record: Record) -> list[Person]:
    """Every account there ever was, by id."""
    with record.database.read() as tx:
        return [_person(one, registry.roles_of(tx, one.id)) for one in registry.accounts(tx)]


def find_person(record: Record, account: str) -> Person | None:
    """One account with its roles, or None."""
    with record.database.read() as tx:
        found = registry.find_account(tx, account)
        return None if found is None else _person(found, registry.roles_of(tx, found.id))


def carrier_of(record: Record, badge: BadgeCode) -> Person | None:
    """Whose badge this is. Says who is at the station; it is not a signature."""
    with record.database.read() as tx:
        found = registry.find_badge(tx, badge.text)
        return None if found is None else _person(found, registry.roles_of(tx, found.id))


def _person(account: Account, roles: list[AccountRole]) -> Person:
    has_password = account.password_hash is not None
    return Person(account.id, account.name, account.badge, account.active, has_password, tuple(roles))


def add_account(
    record: Record,
    account: str,
    *,
    name: str,
    by: Actor,
    reason: str,
    password: str | None = None,
    badge: BadgeCode | None = None,
    hasher: PasswordHasher = CAREFUL,
) -> AccountId:
    """A new account, without any role. Its id is never given to anybody else. Raises NotUnderstood."""
    _refuse_bad_id(account)
    new = Account(
        id=AccountId(account),
        name=_printed_name(name),
        password_hash=None if password is None else _hashed(password, hasher),
        badge=None if badge is None else badge.text,
    )
    with record.database.write() as tx:
        if registry.find_account(tx, account) is not None:
            raise _taken("an account id that was never given", account)
        _refuse_taken_badge(tx, new)
        registry.add_account(tx, new)
        _write(record, tx, account, None, new, by=by, reason=reason)
    return new.id


def change_account(
    record: Record,
    account: str,
    *,
    by: Actor,
    reason: str,
    name: str | None = None,
    badge: BadgeCode | None = None,
    active: bool | None = None,
) -> None:
    """Another name or badge, or the end (or return) of an account. What is None stays. Raises NotUnderstood."""
    with record.database.write() as tx:
        old = _existing(tx, account)
        new = replace(
            old,
            name=old.name if name is None else _printed_name(name),
            badge=old.badge if badge is None else badge.text,
            active=old.active if active is None else active,
        )
        _refuse_taken_badge(tx, new)
        registry.change_account(tx, new)
        _write(record, tx, account, old, new, by=by, reason=reason)


def set_password(
    record: Record, account: str, *, password: str, by: Actor, reason: str, hasher: PasswordHasher = CAREFUL
) -> None:
    """Another password. The entry says that it was changed, not what it is. Raises NotUnderstood."""
    password_hash = _hashed(password, hasher)
    with record.database.write() as tx:
        old = _existing(tx, account)
        registry.change_account(tx, replace(old, password_hash=password_hash))
        was = "set" if old.password_hash else None
        chain = account_chain(account)
        write_change(record, tx, chain=chain, what="password", key=account, old=was, new="set", by=by, reason=reason)


def give_role(
    record: Record,
    account: str,
    *,
    role: Role,
    place: str,
    by: Actor,
    reason: str,
    trained_until: date | None = None,
) -> None:
    """A role at a place, or a new end of the training for it. Raises NotUnderstood."""
    new = AccountRole(AccountId(account), role, PlaceId(place), trained_until)
    with record.database.write() as tx:
        old = _role(tx, account, role, place)
        if place not in {one.id for one in registry.places(tx)}:
            raise NotUnderstood(expected="a place of the record", came=repr(place[:40]), do="name one, or add it first")
        registry.give_roles(tx, [new])
        _write_role(record, tx, old, new, by=by, reason=reason)


def take_role(record: Record, account: str, *, role: Role, place: str, by: Actor, reason: str) -> None:
    """The end of a role at a place. Raises NotUnderstood when there is no such role."""
    with record.database.write() as tx:
        old = _role(tx, account, role, place)
        if old is None:
            came = f"no role {role} of {account} at {place}"
            raise NotUnderstood(expected="a role that the account has", came=came, do="look at `coi accounts list`")
        registry.take_role(tx, account, role=role, place=place)
        _write_role(record, tx, old, None, by=by, reason=reason)


def _role(tx: Transaction, account: str, role: Role, place: str) -> AccountRole | None:
    _existing(tx, account)
    return next((r for r in registry.roles_of(tx, account) if (r.role, r.place) == (role, place)), None)


def _write_role(
    record: Record, tx: Transaction, old: AccountRole | None, new: AccountRole | None, *, by: Actor, reason: str
) -> None:
    one = new or old
    if one is None:
        return
    key = f"{one.role}@{one.place}"
    chain = account_chain(one.account)
    write_change(record, tx, chain=chain, what="role", key=key, old=old, new=new, by=by, reason=reason)


def _write(
    record: Record, tx: Transaction, account: str, old: Account | None, new: Account, *, by: Actor, reason: str
) -> None:
    write_change(
        record,
        tx,
        chain=account_chain(account),
        what="account",
        key=account,
        old=_told(old),
        new=_told(new),
        by=by,
        reason=reason,
    )


def _told(account: Account | None) -> dict[str, object] | None:
    """What the log tells of an account: never the hash."""
    if account is None:
        return None
    return {
        "active": account.active,
        "badge": account.badge,
        "name": account.name,
        "password": "set" if account.password_hash else None,
    }


def _existing(tx: Transaction, account: str) -> Account:
    found = registry.find_account(tx, account)
    if found is None:
        raise NotUnderstood(expected="an account of the record", came=repr(account[:60]), do="see `coi accounts list`")
    return found


def _refuse_bad_id(account: str) -> None:
    if not _ID.fullmatch(account) or account == "installer":
        raise NotUnderstood(
            expected="an account id of 2 to 60 small letters, digits and . _ @ -",
            came=repr(account[:60]),
            do="choose another one; it stays with the person for ever",
        )


def _printed_name(name: str) -> str:
    shown = " ".join(name.split())
    if not shown or len(shown) > 100 or not shown.isprintable():
        raise NotUnderstood(
            expected="the person's printed name, 1 to 100 characters", came=repr(name[:40]), do="write it out"
        )
    return shown


def _refuse_taken_badge(tx: Transaction, account: Account) -> None:
    if account.badge is None:
        return
    carrier = registry.find_badge(tx, account.badge)
    if carrier is not None and carrier.id != account.id:
        raise _taken("a badge that nobody carries", account.badge)


def _taken(expected: str, came: str) -> NotUnderstood:
    return NotUnderstood(expected=expected, came=f"{came}, which is taken", do="choose another one")


def _hashed(password: str, hasher: PasswordHasher) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise NotUnderstood(
            expected=f"a password of {SHORTEST} to {LONGEST} characters",
            came=f"one of {len(password)}",
            do="choose another one; several words are easy to type and hard to guess",
        )
    return hasher.hash(_normal(password))
