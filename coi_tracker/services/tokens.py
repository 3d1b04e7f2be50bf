"""Tokens: which system calls. Issued and taken away by an administrator, each time with an entry in the log.

A token says which system it is, never which person: who acts is named in an attempt and proved by a password. What
may be seen with it are the courses of its places, like anybody who works there. Its text is shown once; the database
keeps the digest. Entries about a token are in the chain of its own account, ``account/token:<id>``.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from coi_tracker.course import AccountId, Actor, PlaceId
from coi_tracker.custody_log.chain import account_chain
from coi_tracker.errors import CoiError, NotUnderstood
from coi_tracker.identity import StationCode
from coi_tracker.services.changes import write_change
from coi_tracker.services.denials import keep_denial
from coi_tracker.services.floor.standing import Standing, names_of
from coi_tracker.services.record import Record
from coi_tracker.services.viewers import Viewer
from coi_tracker.storage import integrations, registry
from coi_tracker.storage.integrations import TokenRow
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import PlaceKind, Scope, TokenKind

OF_A_STATION = frozenset({Scope.READ_COURSES, Scope.READ_PLACES, Scope.WRITE_ATTEMPTS})
"""What the device of a station may do: scan, record, and read what concerns its place."""
DAYS = 365
MOST_DAYS = 730
NOTICED = timedelta(minutes=1)
"""How exactly it is kept when a token was used last: a call does not wait for the disk each time."""

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
_TEXT = re.compile(r"coi_[A-Za-z0-9_-]{43}")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """A system that calls. ``viewer`` is what it may see, as somebody who works at its places would."""

    id: str
    name: str
    kind: TokenKind
    scopes: frozenset[Scope]
    viewer: Viewer
    station: str | None = None

    def may_work_at(self, place: str) -> bool:
        """Whether it may act for a station at that place."""
        return place in self.viewer.places


@dataclass(frozen=True, slots=True)
class TokenLine:
    """A token in a list: all of it but the token."""

    id: str
    name: str
    kind: TokenKind
    station: str | None
    places: tuple[str, ...]
    scopes: tuple[Scope, ...]
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    used_at: datetime | None


def issue_station(
    record: Record,
    key: str,
    *,
    station: str,
    by: Actor,
    reason: str,
    days: int = DAYS,
) -> str:
    """The token of the device of one station. Shown this once. Raises NotUnderstood."""
    code = StationCode.parse(station.strip().upper().replace("-", "")).text
    with record.database.read() as tx:
        found = next((one for one in registry.stations(tx) if one.code == code and one.active), None)
    if found is None:
        raise NotUnderstood(expected="a registered station", came=code, do="register it first")
    row = _new(record, key, name=found.name, kind=TokenKind.STATION, days=days)
    return _issue(record, row, station=code, places=(found.place,), scopes=OF_A_STATION, by=by, reason=reason)


def issue_integration(
    record: Record,
    key: str,
    *,
    name: str,
    places: Collection[str],
    scopes: Collection[Scope],
    by: Actor,
    reason: str,
    days: int = DAYS,
) -> str:
    """The token of a program, for what it may do at these places. Shown this once. Raises NotUnderstood."""
    with record.database.read() as tx:
        known = {one.id for one in registry.places(tx)}
    if not places or not set(places) <= known:
        unknown = ", ".join(sorted(set(places) - known)) or "none"
        raise NotUnderstood(expected="places of the record", came=unknown[:100], do="name at least one of them")
    if not scopes:
        raise NotUnderstood(expected=f"one or more of {', '.join(Scope)}", came="none", do="say what it may do")
    row = _new(record, key, name=name, kind=TokenKind.INTEGRATION, days=days)
    return _issue(record, row, station=None, places=places, scopes=scopes, by=by, reason=reason)


def _new(record: Record, key: str, *, name: str, kind: TokenKind, days: int) -> TokenRow:
    if not _ID.fullmatch(key):
        raise NotUnderstood(
            expected="an id of 2 to 40 small letters, digits and . _ -", came=repr(key[:60]), do="choose another one"
        )
    if not 1 <= days <= MOST_DAYS:
        raise NotUnderstood(expected=f"1 to {MOST_DAYS} days", came=str(days), do="give it a shorter life")
    shown = " ".join(name.split())
    if not shown or len(shown) > 100 or not shown.isprintable():
        raise NotUnderstood(expected="a name of 1 to 100 characters", came=repr(name[:40]), do="write which system")
    now = record.clock()
    return TokenRow(key, shown, "", kind, None, "", "", now, now + timedelta(days=days))


def _issue(
    record: Record,
    row: TokenRow,
    *,
    station: str | None,
    places: Collection[str],
    scopes: Collection[Scope],
    by: Actor,
    reason: str,
) -> str:
    text = "coi_" + base64.urlsafe_b64encode(record.draw(32)).decode().rstrip("=")
    new = TokenRow(
        id=row.id,
        name=row.name,
        digest=_digest(text),
        kind=row.kind,
        station=station,
        places=" ".join(sorted(places)),
        scopes=" ".join(sorted(scopes)),
        issued_at=row.issued_at,
        expires_at=row.expires_at,
    )
    with record.database.write() as tx:
        if integrations.find_token(tx, id=new.id) is not None:
            raise NotUnderstood(
                expected="an id that no token ever had", came=new.id, do="choose another one; ids are not given twice"
            )
        integrations.add_token(tx, new)
        _write(record, tx, new.id, None, _told(new), by=by, reason=reason)
    return text


def revoke(record: Record, key: str, *, by: Actor, reason: str) -> None:
    """The end of a token, at once and for ever. Raises NotUnderstood when there is none that is valid."""
    with record.database.write() as tx:
        old = integrations.find_token(tx, id=key)
        if old is None or old.revoked_at is not None:
            came = "one that was revoked" if old else repr(key[:60])
            raise NotUnderstood(expected="a token that is valid", came=came, do="look at `coi tokens list`")
        integrations.revoke_token(tx, key, at=record.clock())
        _write(record, tx, key, _told(old), None, by=by, reason=reason)


def _write(record: Record, tx: Transaction, token: str, old: object, new: object, *, by: Actor, reason: str) -> None:
    write_change(record, tx, chain=token_chain(token), what="token", key=token, old=old, new=new, by=by, reason=reason)


def _told(row: TokenRow) -> dict[str, object]:
    """What the log tells of a token: neither it nor its digest."""
    return {
        "expires_at": row.expires_at,
        "kind": row.kind,
        "name": row.name,
        "places": row.places.split(),
        "scopes": row.scopes.split(),
        "station": row.station,
    }


def token_chain(token: str) -> str:
    """Where the entries about a token are. No account of a person can have this name: it holds a colon."""
    return account_chain(f"token:{token}")


def tokens(record: Record) -> list[TokenLine]:
    """Every token there ever was."""
    with record.database.read() as tx:
        return [_line(row) for row in integrations.tokens(tx)]


def _line(row: TokenRow) -> TokenLine:
    return TokenLine(
        row.id,
        row.name,
        TokenKind(row.kind),
        row.station,
        tuple(row.places.split()),
        tuple(Scope(one) for one in row.scopes.split()),
        row.issued_at,
        row.expires_at,
        row.revoked_at,
        row.used_at,
    )


def caller_of(record: Record, text: str) -> Caller | None:
    """Which system has this token. None: nobody, or it is over, or its station is."""
    if not _TEXT.fullmatch(text):
        return None
    with record.database.read() as tx:
        row = integrations.find_token(tx, digest=_digest(text))
        found = None if row is None else caller(tx, row, now=record.clock())
    if row is None or found is None:
        return None
    _notice(record, row)
    return found


def caller(tx: Transaction, row: TokenRow, *, now: datetime) -> Caller | None:
    """The system of a kept token. None: the token is over, or its station is."""
    if row.revoked_at is not None or now >= row.expires_at:
        return None
    places = tuple(PlaceId(one) for one in row.places.split())
    if row.station is not None:
        here = next((one for one in registry.stations(tx) if one.code == row.station and one.active), None)
        if here is None:
            return None
        places = (here.place,)
    sponsors = {one.id for one in registry.places(tx) if one.kind is PlaceKind.SPONSOR}
    seen = Viewer(
        AccountId(f"token:{row.id}"), row.name, (), places, everywhere=any(place in sponsors for place in places)
    )
    scopes = frozenset(Scope(one) for one in row.scopes.split())
    return Caller(row.id, row.name, TokenKind(row.kind), scopes, seen, row.station)


def standing_at(record: Record, who: Caller, station: str) -> Standing:
    """Where a system stands while nobody is signed in at it: at a station of its places, without any role.

    Raises NotUnderstood for a station that is not in the record, or not at one of its places.
    """
    code = StationCode.parse(station.strip().upper().replace("-", "")).text
    with record.database.read() as tx:
        here = next((one for one in registry.stations(tx) if one.code == code and one.active), None)
        places = registry.places(tx)
    place = None if here is None else next(one for one in places if one.id == here.place)
    if here is None or place is None or not who.may_work_at(place.id):
        raise NotUnderstood(
            expected="a registered station at a place of this token", came=code, do="use another station or token"
        )
    names = names_of(record, places)
    return Standing(who.viewer.account, who.name, here.code, here.name, place, (), names)


def _notice(record: Record, row: TokenRow) -> None:
    now = record.clock()
    if row.used_at is not None and now - row.used_at < NOTICED:
        return
    try:
        with record.database.write() as tx:
            integrations.token_used(tx, row.id, at=now)
    except CoiError as error:
        _log.warning("not kept that a token was used: %s", error)  # no reason to turn the call away


def keep_refusal(record: Record, who: Caller, *, tried: str, needed: Sequence[str]) -> None:
    """Keep that a system was refused what it tried, in the chain of its token; so many an hour at most."""
    has = f"scopes: {', '.join(sorted(who.scopes))}; places: {', '.join(who.viewer.places)}"
    keep_denial(record, who.viewer, tried=tried, needed=needed, has=has[:200])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
