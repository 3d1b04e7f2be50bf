"""Accounts, passwords, badges and roles of the people who work with the record, and whether somebody is who she says.

Every change is an entry in the account's chain; a password or its hash never is. Knows nothing of steps: whether a
role is enough is decided by the process.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace
from datetime import date, datetime

from argon2 import PasswordHasher

from coi_tracker.course import AccountId, Actor, PlaceId
from coi_tracker.custody_log.chain import account_chain
from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import BadgeCode
from coi_tracker.services import lockout, password_rules
from coi_tracker.services.changes import INSTALLER, administrator, write_change
from coi_tracker.services.password_rules import CAREFUL, INVENTED, LONGEST, SHORTEST
from coi_tracker.services.record import Record
from coi_tracker.services.requests import AttemptRequest, SignatureClaim
from coi_tracker.storage import registry, sessions
from coi_tracker.storage.registry import Account, AccountRole
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import AskedFor, Role

__all__ = ["CAREFUL", "INVENTED", "LONGEST", "SHORTEST", "Authenticated", "Person"]

_ID = re.compile(r"[a-z0-9][a-z0-9._@-]{1,59}")
_RESERVED = frozenset({INSTALLER.account, lockout.DOORKEEPER.account})
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


def authenticate(
    record: Record,
    account: str,
    password: str,
    *,
    asked_for: AskedFor = AskedFor.SIGNATURE,
    station: str | None = None,
) -> Authenticated | None:
    """Who gave the right password, or None: wrong, or the account is locked. A wrong one is counted.

    Takes as long for an account that does not exist. Hashes outside of its short transactions: a tenth of a second.
    """
    found = right_password(record, account, password, asked_for=asked_for, station=station)
    if found is None or not lockout.right_again(record, found.account):
        return None
    return found


def right_password(
    record: Record, account: str, password: str, *, asked_for: AskedFor, station: str | None = None
) -> Authenticated | None:
    """The same, but what was wrong before still counts: for who has to prove more than a password.

    The lock is looked at after hashing, so that guesses sent all at once do not overtake the count of the wrong ones.
    """
    with record.database.read() as tx:
        found = registry.find_account(tx, account if _ID.fullmatch(account) else lockout.NOBODY)
    usable = found is not None and found.active
    right = password_rules.fits(found.password_hash if found is not None else None, password)
    if found is None or not usable or not right:
        _log.info("authentication failed")  # without the name: people type their password there
        lockout.count_failure(record, None if found is None else found.id, asked_for=asked_for, station=station)
        return None
    if lockout.locked_now(record, found.id):
        lockout.count_failure(record, found.id, asked_for=asked_for, station=station)
        return None
    return Authenticated(found.id, found.name, record.clock())


def authenticate_claims(record: Record, request: AttemptRequest) -> AttemptRequest:
    """The request with every signature's password tried and taken away; a wrong one leaves ``authentic`` False."""
    tried = tuple(_tried(record, claim, request.station) for claim in request.signatures)
    return replace(request, signatures=tried)


def _tried(record: Record, claim: SignatureClaim, station: str | None) -> SignatureClaim:
    fits = claim.password is not None and _signs(record, claim.account, claim.password, station)
    return replace(claim, authentic=claim.authentic or fits, password=None)


def _signs(record: Record, account: str, password: str, station: str | None) -> bool:
    """A password that somebody else chose, or that is too old, signs nothing: only its owner may know it."""
    found = authenticate(record, account, password, station=station)
    return found is not None and password_rules.must_change(record, found.account) is None


def authenticate_admin(record: Record, account: str, password: str) -> Actor | None:
    """The actor for changes of the set-up, or None: password wrong, or no administrator anywhere."""
    found = authenticate(record, account, password, asked_for=AskedFor.COMMAND)
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
        password_hash=None
        if password is None
        else password_rules.hashed(password, account=account, name=name, hasher=hasher),
        badge=None if badge is None else badge.text,
    )
    with record.database.write() as tx:
        if registry.find_account(tx, account) is not None:
            raise _taken("an account id that was never given", account)
        _refuse_taken_badge(tx, new)
        registry.add_account(tx, new)
        if new.password_hash is not None:
            password_rules.replaced(record, tx, account, old_hash=None, by_another=_another(by, account))
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
    """Another name or badge, or the end (or return) of an account. What is None stays. Raises NotUnderstood.

    With the end of an account its sessions end.
    """
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
        if not new.active:
            sessions.end_all(tx, account, at=record.clock())
            _refuse_without_admin(tx, had=old)
        _write(record, tx, account, old, new, by=by, reason=reason)


def set_password(
    record: Record, account: str, *, password: str, by: Actor, reason: str, hasher: PasswordHasher = CAREFUL
) -> None:
    """Another password, and the end of every session. The entry says that it was changed, not what it is.

    One that somebody else chose has to be changed by its owner first of all. Raises NotUnderstood: too short, too
    common, or one of the latest.
    """
    with record.database.read() as tx:
        name = _existing(tx, account).name
    password_hash = password_rules.hashed(password, account=account, name=name, hasher=hasher)
    password_rules.refuse_used(record, account, password)
    with record.database.write() as tx:
        old = _existing(tx, account)
        registry.change_account(tx, replace(old, password_hash=password_hash))
        another = _another(by, account)
        password_rules.replaced(record, tx, account, old_hash=old.password_hash, by_another=another)
        sessions.end_all(tx, account, at=record.clock())
        was = "set" if old.password_hash else None
        chain = account_chain(account)
        write_change(record, tx, chain=chain, what="password", key=account, old=was, new="set", by=by, reason=reason)


def change_own_password(
    record: Record, account: str, *, old: str, new: str, station: str | None = None, hasher: PasswordHasher = CAREFUL
) -> bool:
    """Another password, by its owner, who gives the one before. False: that was wrong. Raises NotUnderstood."""
    found = authenticate(record, account, old, asked_for=AskedFor.SIGN_IN, station=station)
    if found is None:
        return False
    reason = "changed by its owner"
    set_password(record, account, password=new, by=owner(found.account, found.name), reason=reason, hasher=hasher)
    return True


def owner(account: str, name: str) -> Actor:
    """The actor of what somebody changes of her own account."""
    return Actor(AccountId(account), name, role=None, place=None, place_kind=None, station=None)


def _another(by: Actor, account: str) -> bool:
    """Whether somebody else chose a password. Who installs types her own."""
    return by.account not in {account, INSTALLER.account}


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
    """A role at a place, or a new end of the training for it. Raises NotUnderstood; nobody gives one to herself."""
    if by.account == account:
        raise NotUnderstood(
            expected="another administrator", came="a role for yourself", do="ask one to give it to you"
        )
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
        if role is Role.ADMIN:
            _refuse_without_admin(tx)
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


def _refuse_without_admin(tx: Transaction, *, had: Account | None = None) -> None:
    """Somebody has to be able to let people in again. `had`: the account that ends; any other end changes nothing."""
    roles = registry.roles_by_account(tx)
    admins = {account for account, held in roles.items() if any(one.role is Role.ADMIN for one in held)}
    if had is not None and had.id not in admins:
        return
    if not any(one.active and one.id in admins for one in registry.accounts(tx)):
        raise NotUnderstood(
            expected="another administrator", came="the last one", do="make somebody else administrator first"
        )


def _existing(tx: Transaction, account: str) -> Account:
    found = registry.find_account(tx, account)
    if found is None:
        raise NotUnderstood(expected="an account of the record", came=repr(account[:60]), do="see `coi accounts list`")
    return found


def _refuse_bad_id(account: str) -> None:
    if not _ID.fullmatch(account) or account in _RESERVED:
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
