"""What the screens of administration ask for: who may sign in and how it went, the set-up, and what was changed in it.

Reads only. Shows changes of the set-up and refused addresses from a chain, and nothing that is about a course: an
administrator has no business with those.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from coi_tracker.course import Definition
from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import CoiId
from coi_tracker.protocols import Difference, Protocol, differences, load_protocol, parse_protocol
from coi_tracker.services.record import Record
from coi_tracker.storage import registry, second_factors, sign_ins
from coi_tracker.storage.registry import Account, AccountRole, Place, ReleasedProtocol, Station, Study
from coi_tracker.storage.sign_ins import Standing
from coi_tracker.storage.types import utc_from_text

__all__ = ["Change", "Changes", "Place", "ReleasedProtocol", "Station", "Study", "Target"]

Target = Literal["account", "place", "station", "study"]
MOST = 200
"""Changes on a page."""


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account in the list. ``second_factor``: set up. Without hash and secret."""

    id: str
    name: str
    badge: str | None
    active: bool
    has_password: bool
    roles: tuple[AccountRole, ...]
    standing: Standing
    second_factor: bool
    second_factor_required: bool


@dataclass(frozen=True, slots=True)
class Changed:
    """One value that a change touched; None where there was or is none."""

    name: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the set-up as it stands in the log, or an address that somebody was refused (``tried``)."""

    seq: int
    at: datetime
    by: str
    what: str
    key: str
    values: tuple[Changed, ...]
    reason: str
    tried: str | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of one target, the newest first. ``older``: the number to go on from."""

    changes: tuple[Change, ...]
    older: int | None


@dataclass(frozen=True, slots=True)
class StudyView:
    """A study and every version of its protocol, the newest first."""

    study: Study
    versions: tuple[ReleasedProtocol, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """A protocol file before it is released. ``against``: the version it is compared with."""

    protocol: Protocol
    definition: Definition
    against: Definition | None
    differences: tuple[Difference, ...]


def accounts(record: Record) -> list[AccountLine]:
    """Every account there ever was, by id."""
    with record.database.read() as tx:
        roles = registry.roles_by_account(tx)
        went = {one.account: one for one in sign_ins.standings(tx)}
        factors = second_factors.second_factors(tx)
        found = registry.accounts(tx)
    return [_line(one, roles.get(one.id, ()), went.get(one.id), factors.get(one.id)) for one in found]


def _line(
    account: Account,
    roles: tuple[AccountRole, ...],
    standing: Standing | None,
    factor: second_factors.SecondFactor | None,
) -> AccountLine:
    return AccountLine(
        id=account.id,
        name=account.name,
        badge=account.badge,
        active=account.active,
        has_password=account.password_hash is not None,
        roles=roles,
        standing=standing or Standing(account.id),
        second_factor=factor is not None and factor.confirmed_at is not None,
        second_factor_required=factor is not None and factor.required,
    )


def account(record: Record, key: str) -> AccountLine | None:
    """One account."""
    return next((one for one in accounts(record) if one.id == key), None)


def places(record: Record) -> list[Place]:
    """Every place, by id."""
    with record.database.read() as tx:
        return registry.places(tx)


def stations(record: Record) -> list[Station]:
    """Every station there ever was, by place and name."""
    with record.database.read() as tx:
        return sorted(registry.stations(tx), key=lambda one: (one.place, one.name, one.code))


def closed_days(record: Record, place: str) -> list[date]:
    """The days on which a place does not work, in order."""
    with record.database.read() as tx:
        return registry.closed_days(tx, place)


def studies(record: Record) -> list[StudyView]:
    """Every study with the versions of its protocol, by key."""
    with record.database.read() as tx:
        versions = registry.released_protocols(tx)
        return [
            StudyView(study, tuple(one for one in reversed(versions) if one.study == study.key))
            for study in registry.studies(tx)
        ]


def preview_protocol(record: Record, text: str, *, name: str) -> Preview:
    """What would be released. Raises ProtocolError, and NotUnderstood for a version that was released before."""
    protocol = parse_protocol(text, name=name)
    with record.database.read() as tx:
        released = registry.released_protocols(tx, protocol.key)
    if any(one.definition.version == protocol.version for one in released):
        raise NotUnderstood(
            expected=f"a version of {protocol.key} that was not released yet",
            came=f"version {protocol.version}",
            do="give a changed protocol a new version; a released one never changes",
        )
    latest = released[-1] if released else None
    found = () if latest is None else tuple(differences(load_protocol(latest.text), protocol))
    definition = Definition(protocol.key, protocol.version, protocol.digest)
    return Preview(protocol, definition, latest.definition if latest else None, found)


# --- what was changed -----------------------------------------------------------------------------

_CHANGES = """
SELECT seq, kind, entry, recorded_at FROM events
WHERE chain = :chain AND seq <= :first AND (kind = 'setup_changed' OR (kind = 'refused' AND COALESCE(step, '') = ''))
{about} ORDER BY seq DESC LIMIT :most
"""
_ABOUT = "AND kind = 'setup_changed' AND entry LIKE :key ESCAPE '!' AND entry LIKE :what ESCAPE '!'"
"""Entries are canonical JSON: a key and its value stand in them as they are looked for."""


def changes_of(record: Record, target: Target, key: str, *, first: int | None = None, most: int = MOST) -> Changes:
    """What was changed of an account, place, station or study, the newest first, from number `first` backwards."""
    upper = 2**31 if first is None else first
    with record.database.read() as tx:
        rows = tx.query(_CHANGES.format(about=""), chain=f"{target}/{key}", first=upper, most=most + 1)
    return _page(rows, most)


def changes_at_place(
    record: Record, place: str, *, what: str, key: str, first: int | None = None, most: int = MOST
) -> Changes:
    """The same of one thing that a place keeps: a lot, a piece of equipment, a shipper."""
    upper = 2**31 if first is None else first
    about = {"key": _says("key", key), "what": _says("what", what)}
    with record.database.read() as tx:
        sql = _CHANGES.format(about=_ABOUT)
        rows = tx.query(sql, chain=f"place/{place}", first=upper, most=most + 1, **about)
    return _page(rows, most)


def _says(name: str, value: str) -> str:
    """A pattern for entries that say this. In codes of ours and of lots only _ means something in a pattern."""
    return f'%"{name}":"{value.replace("_", "!_")}"%'


def _page(rows: list[tuple[Any, ...]], most: int) -> Changes:
    found = tuple(_change(*row) for row in rows[:most])
    return Changes(found, int(rows[most][0]) if len(rows) > most else None)


def _change(seq: int, kind: str, text: str, at: str) -> Change:
    entry: Mapping[str, Any] = json.loads(text)
    said: Mapping[str, Any] = entry["evidence"]
    tried = _without_courses(str(said.get("tried", "something"))) if kind == "refused" else None
    return Change(
        seq=int(seq),
        at=utc_from_text(at),
        by=str(entry["actor"]["name"] or entry["actor"]["account"]),
        what="refused" if tried is not None else str(said.get("what", "")),
        key=str(said.get("key", "")),
        values=() if tried is not None else (*_days(said), *_values(said.get("old"), said.get("new"))),
        reason=str(said.get("reason", "")),
        tried=tried,
    )


def _days(said: Mapping[str, Any]) -> tuple[Changed, ...]:
    """Which days were closed or opened: they are the same before and after, and still what matters."""
    new = said.get("new")
    return (Changed("days", None, new["days"]),) if said.get("what") == "days" and isinstance(new, Mapping) else ()


def _without_courses(address: str) -> str:
    """An address that somebody was refused, without the identifier of the course she asked for."""
    return "/".join("(a course)" if _is_coi(part) else part for part in address.split("/"))


def _is_coi(part: str) -> bool:
    try:
        CoiId.parse(re.split(r"[?&#.]", part)[0].replace("-", "").upper())
    except NotUnderstood:
        return False
    return True


def _values(old: Any, new: Any) -> tuple[Changed, ...]:
    """Value by value where both are records of values, or one is and there is no other."""
    if not all(one is None or isinstance(one, Mapping) for one in (old, new)):
        return (Changed("", old, new),)
    before, after = old or {}, new or {}
    names = sorted({*before, *after})
    return tuple(
        Changed(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    )
