"""A second proof beside the password: one-time codes of a device (TOTP), and recovery codes for when it is lost.

The secret is encrypted with the installation's key file and bound to its account; recovery codes are kept as digests.
A code is good once. Source: RFC 6238. Knows no password.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, replace

import pyotp

from coi_tracker.course import Actor
from coi_tracker.custody_log.chain import account_chain
from coi_tracker.errors import Misconfigured, NotUnderstood
from coi_tracker.services import lockout, people
from coi_tracker.services.changes import write_change
from coi_tracker.services.record import Record
from coi_tracker.services.sign_in_rules import TotpFor
from coi_tracker.storage import registry
from coi_tracker.storage import second_factors as rows
from coi_tracker.storage.faults import Conflict
from coi_tracker.storage.keyfile import MasterKey
from coi_tracker.storage.registry import Account
from coi_tracker.storage.second_factors import SecondFactor
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import AskedFor, Role

SECONDS = 30
RECOVERY_CODES = 8
_AROUND = (-1, 0, 1)
"""Time steps whose code is taken: the clocks of devices are half a minute off. Source: RFC 6238, 5.2."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the owner's device is told, once. ``address`` is what a QR code on the screen holds."""

    secret: str
    address: str

    def __repr__(self) -> str:
        return "Enrolment(...)"


def is_set_up(record: Record, account: str) -> bool:
    """Whether a code has to be given at every sign-in."""
    return _factor(record, account).confirmed_at is not None


def is_missing(record: Record, account: str) -> bool:
    """Whether the owner has to set one up before anything else."""
    with record.database.read() as tx:
        factor = rows.second_factor(tx, account)
        admin = any(one.role is Role.ADMIN for one in registry.roles_of(tx, account))
    everybody, admins = (record.rules.totp_for is one for one in (TotpFor.EVERYBODY, TotpFor.ADMINS))
    return factor.confirmed_at is None and (factor.required or everybody or (admins and admin))


def _factor(record: Record, account: str) -> SecondFactor:
    with record.database.read() as tx:
        return rows.second_factor(tx, account)


def all_factors(record: Record) -> dict[str, SecondFactor]:
    """Who has one, or has to have one; without the secrets."""
    with record.database.read() as tx:
        return {account: replace(one, sealed=None) for account, one in rows.second_factors(tx).items()}


def begin(record: Record, account: str) -> Enrolment:
    """A new secret for a device, of no effect before `confirm`. Raises NotUnderstood when one is set up already."""
    keys = _keys(record)
    secret = base64.b32encode(record.draw(20)).decode()
    with record.database.write() as tx:
        _existing(tx, account)
        old = rows.second_factor(tx, account)
        if old.confirmed_at is not None:
            raise NotUnderstood(
                expected="an account without a second factor",
                came="one that has it",
                do="ask an administrator to remove it first, if the device is lost",
            )
        rows.save_second_factor(tx, replace(old, sealed=rows.seal_secret(keys, account, secret)))
    address = pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name="COI Tracker")
    return Enrolment(secret, address)


def begun(record: Record, account: str) -> Enrolment | None:
    """The secret that was begun and is not confirmed, to show the page again. None: there is none."""
    factor = _factor(record, account)
    if factor.sealed is None or factor.confirmed_at is not None:
        return None
    secret = rows.open_secret(_keys(record), account, factor.sealed)
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name="COI Tracker"))


def confirm(record: Record, account: str, code: str) -> tuple[str, ...] | None:
    """From now on a code is needed. Gives the recovery codes, once; None when the code was not that of the device."""
    keys = _keys(record)
    with record.database.write() as tx:
        owner = _existing(tx, account)
        factor = rows.second_factor(tx, account)
        step = None if factor.confirmed_at is not None else _step_of(record, keys, factor, code)
        if step is None:
            return None
        rows.save_second_factor(tx, replace(factor, confirmed_at=record.clock(), used_step=step))
        codes = tuple(_recovery_code(record) for _ in range(RECOVERY_CODES))
        rows.replace_recovery_codes(tx, account, tuple(_digest(account, one) for one in codes))
        by = people.owner(account, owner.name)
        _write(record, tx, account, old=None, new="set", by=by, reason="set up by its owner")
    return codes


def right_code(record: Record, account: str, code: str, *, station: str | None = None) -> bool:
    """Whether this is the code of now, or a recovery code; either is good once. A wrong one is counted."""
    right = not lockout.locked_now(record, account) and (
        _use_code(record, account, code) or _use_recovery_code(record, account, code)
    )
    if not right:
        lockout.count_failure(record, account, asked_for=AskedFor.SECOND_FACTOR, station=station)
    return right


def _use_code(record: Record, account: str, code: str) -> bool:
    factor = _factor(record, account)
    step = None if factor.confirmed_at is None else _step_of(record, _keys(record), factor, code)
    if step is None:
        return False
    try:
        with record.database.write() as tx:
            rows.use_step(tx, account, step)
    except Conflict:
        return False  # used before, perhaps by somebody who was quicker this very moment
    return True


def _step_of(record: Record, keys: tuple[MasterKey, ...], factor: SecondFactor, code: str) -> int | None:
    """The time step whose code this is, looking at all of them however early one fits."""
    plain = re.sub(r"\s", "", code)
    if factor.sealed is None or not re.fullmatch(r"[0-9]{6}", plain):
        return None
    totp = pyotp.TOTP(rows.open_secret(keys, factor.account, factor.sealed))
    now = int(record.clock().timestamp()) // SECONDS
    found = [now + off for off in _AROUND if hmac.compare_digest(totp.generate_otp(now + off), plain)]
    return found[-1] if found else None  # whether it was used is for the row to say, which two cannot change at once


def _use_recovery_code(record: Record, account: str, code: str) -> bool:
    try:
        with record.database.write() as tx:
            owner = _existing(tx, account)
            rows.use_recovery_code(tx, account, _digest(account, code))
            left = rows.count_recovery_codes(tx, account)
            by = people.owner(account, owner.name)
            reason = "used to sign in"
            _write(record, tx, account, old=left + 1, new=left, by=by, reason=reason, what="recovery codes")
    except (Conflict, NotUnderstood):
        return False
    return True


def recovery_codes_left(record: Record, account: str) -> int:
    """How many recovery codes an account has not used yet."""
    with record.database.read() as tx:
        return rows.count_recovery_codes(tx, account)


def remove(record: Record, account: str, *, by: Actor, reason: str) -> None:
    """The end of a second factor, by an administrator: the device was lost. Raises NotUnderstood when there is none."""
    with record.database.write() as tx:
        _existing(tx, account)
        factor = rows.second_factor(tx, account)
        if factor.sealed is None:
            raise NotUnderstood(
                expected="an account with a second factor", came="one without", do="nothing was changed"
            )
        rows.save_second_factor(tx, SecondFactor(factor.account, required=factor.required))
        rows.replace_recovery_codes(tx, account, ())
        _write(record, tx, account, old="set", new=None, by=by, reason=reason)


def require(record: Record, account: str, *, required: bool, by: Actor, reason: str) -> None:
    """Ask one person for a second factor, or no longer. Raises NotUnderstood when nothing would change."""
    with record.database.write() as tx:
        _existing(tx, account)
        factor = rows.second_factor(tx, account)
        if factor.required == required:
            raise NotUnderstood(expected="a change", came="what holds already", do="nothing was changed")
        rows.save_second_factor(tx, replace(factor, required=required))
        old, new = factor.required, required
        _write(record, tx, account, old=old, new=new, by=by, reason=reason, what="second factor required")


def _write(
    record: Record,
    tx: Transaction,
    account: str,
    *,
    old: object,
    new: object,
    by: Actor,
    reason: str,
    what: str = "second factor",
) -> None:
    chain = account_chain(account)
    write_change(record, tx, chain=chain, what=what, key=account, old=old, new=new, by=by, reason=reason)


def _existing(tx: Transaction, account: str) -> Account:
    found = registry.find_account(tx, account)
    if found is None:
        raise NotUnderstood(expected="an account of the record", came=repr(account[:60]), do="see `coi accounts list`")
    return found


def _keys(record: Record) -> tuple[MasterKey, ...]:
    if not record.person_keys:
        raise Misconfigured(
            expected="a record opened with its key file", came="one without", do="open it with `open_record(settings)`"
        )
    return record.person_keys


def _recovery_code(record: Record) -> str:
    """80 bits that can be typed: four groups of four letters and digits."""
    text = base64.b32encode(record.draw(10)).decode().lower()
    return "-".join(text[n : n + 4] for n in range(0, 16, 4))


def _digest(account: str, code: str) -> str:
    """Enough as it is: 80 random bits are not guessed from a digest."""
    plain = re.sub(r"[\s-]", "", code.lower())[:64]
    return hashlib.sha256(f"coi recovery code {account} {plain}".encode()).hexdigest()
