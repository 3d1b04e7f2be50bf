"""People who work, places, stations, studies, protocols, lots and equipment: adding, changing and finding them.

Off the hot path: a step reads what it needs of these through `around`. Knows no passwords, only their hashes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from coi_tracker.course import AccountId, Definition, Equipment, Lot, PlaceId
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.types import utc_from_text, utc_text
from coi_tracker.vocabulary import PlaceKind, Role


@dataclass(frozen=True, slots=True)
class Account:
    """A person who works with the record. ``active`` False: may not any more, and keeps the id for ever."""

    id: AccountId
    name: str
    password_hash: str | None = None
    badge: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class AccountRole:
    """What an account may do at a place. ``trained_until`` None: never trained."""

    account: AccountId
    role: Role
    place: PlaceId
    trained_until: date | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A site, facility, courier or office. ``country`` ISO 3166 alpha-2, ``zone`` IANA."""

    id: PlaceId
    kind: PlaceKind
    name: str
    country: str
    zone: str
    daily_capacity: int = 0


@dataclass(frozen=True, slots=True)
class Station:
    """A registered workstation or reader."""

    code: str
    place: PlaceId
    name: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Study:
    """A study and how full it is. ``enrolled`` is counted by the database."""

    key: str
    title: str
    open: bool
    enrolment_limit: int
    enrolled: int = 0


@dataclass(frozen=True, slots=True)
class ReleasedProtocol:
    """A released version of a study's protocol file: its exact text."""

    study: str
    definition: Definition
    text: str
    released_at: datetime


def add_account(tx: Transaction, account: Account) -> None:
    """Queue a new account. Conflict (pk_accounts, uq_accounts_badge) when the id or badge was ever given."""
    tx.write(
        "INSERT INTO accounts (id, name, password_hash, badge, active) "
        "VALUES (:id, :name, :password_hash, :badge, :active)",
        _account_values(account),
    )


def change_account(tx: Transaction, account: Account) -> None:
    """Queue a change of everything but the id."""
    tx.write(
        "UPDATE accounts SET name = :name, password_hash = :password_hash, badge = :badge, active = :active "
        "WHERE id = :id",
        _account_values(account),
        touching=1,
    )


def _account_values(account: Account) -> dict[str, object]:
    return {name: getattr(account, name) for name in Account.__slots__}


def find_account(tx: Transaction, account: str) -> Account | None:
    """The account with this id."""
    row = tx.one("SELECT id, name, password_hash, badge, active FROM accounts WHERE id = :id", id=account)
    return None if row is None else _account(row)


def find_badge(tx: Transaction, badge: str) -> Account | None:
    """The account that carries this badge."""
    row = tx.one("SELECT id, name, password_hash, badge, active FROM accounts WHERE badge = :badge", badge=badge)
    return None if row is None else _account(row)


def accounts(tx: Transaction) -> list[Account]:
    """All accounts, by id."""
    return [
        _account(row) for row in tx.query("SELECT id, name, password_hash, badge, active FROM accounts ORDER BY id")
    ]


def _account(row: tuple[Any, ...]) -> Account:
    key, name, password_hash, badge, active = row
    return Account(key, name, password_hash, badge, bool(active))


def give_roles(tx: Transaction, roles: Iterable[AccountRole]) -> None:
    """Queue roles of accounts at places, or a new end of their training."""
    tx.write(
        "INSERT INTO account_roles (account, role, place, trained_until) "
        "VALUES (:account, :role, :place, :trained_until) "
        "ON CONFLICT (account, role, place) DO UPDATE SET trained_until = excluded.trained_until",
        *(
            {
                "account": role.account,
                "role": str(role.role),
                "place": role.place,
                "trained_until": role.trained_until.isoformat() if role.trained_until else None,
            }
            for role in roles
        ),
    )


def take_role(tx: Transaction, account: str, *, role: Role, place: str) -> None:
    """Queue the end of a role at a place."""
    tx.write(
        "DELETE FROM account_roles WHERE account = :account AND role = :role AND place = :place",
        {"account": account, "role": str(role), "place": place},
        touching=1,
    )


def roles_of(tx: Transaction, account: str) -> list[AccountRole]:
    """Every role of an account, at every place."""
    rows = tx.query(
        "SELECT account, role, place, trained_until FROM account_roles WHERE account = :id ORDER BY role, place",
        id=account,
    )
    return [AccountRole(row[0], Role(row[1]), row[2], day_or_none(row[3])) for row in rows]


def roles_by_account(tx: Transaction) -> dict[str, tuple[AccountRole, ...]]:
    """Every role of every account that has one."""
    rows = tx.query("SELECT account, role, place, trained_until FROM account_roles ORDER BY account, role, place")
    found: dict[str, list[AccountRole]] = {}
    for account, role, place, until in rows:
        found.setdefault(account, []).append(AccountRole(account, Role(role), place, day_or_none(until)))
    return {account: tuple(roles) for account, roles in found.items()}


def day_or_none(text: str | None) -> date | None:
    """The day that stands in a column."""
    return None if text is None else date.fromisoformat(text)


def put_places(tx: Transaction, places: Iterable[Place]) -> None:
    """Queue places, new or changed."""
    tx.write(
        "INSERT INTO places (id, kind, name, country, zone, daily_capacity) "
        "VALUES (:id, :kind, :name, :country, :zone, :daily_capacity) "
        "ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, name = excluded.name, country = excluded.country, "
        "zone = excluded.zone, daily_capacity = excluded.daily_capacity",
        *({name: getattr(place, name) for name in Place.__slots__} | {"kind": str(place.kind)} for place in places),
    )


def places(tx: Transaction) -> list[Place]:
    """All places, by id."""
    rows = tx.query("SELECT id, kind, name, country, zone, daily_capacity FROM places ORDER BY id")
    return [Place(row[0], PlaceKind(row[1]), *row[2:]) for row in rows]


def close_days(tx: Transaction, place: str, *, days: Iterable[date]) -> None:
    """Queue days on which a place does not work."""
    tx.write(
        "INSERT INTO closed_days (place, day) VALUES (:place, :day) ON CONFLICT DO NOTHING",
        *({"place": place, "day": day.isoformat()} for day in days),
    )


def open_days(tx: Transaction, place: str, *, days: Iterable[date]) -> None:
    """Queue the opposite."""
    tx.write(
        "DELETE FROM closed_days WHERE place = :place AND day = :day",
        *({"place": place, "day": day.isoformat()} for day in days),
    )


def closed_days(tx: Transaction, place: str) -> list[date]:
    """The days on which a place does not work, in order."""
    rows = tx.query("SELECT day FROM closed_days WHERE place = :place ORDER BY day", place=place)
    return [date.fromisoformat(row[0]) for row in rows]


def put_stations(tx: Transaction, stations: Iterable[Station]) -> None:
    """Queue stations, new or changed."""
    tx.write(
        "INSERT INTO stations (code, place, name, active) VALUES (:code, :place, :name, :active) "
        "ON CONFLICT (code) DO UPDATE SET place = excluded.place, name = excluded.name, active = excluded.active",
        *({name: getattr(station, name) for name in Station.__slots__} for station in stations),
    )


def stations(tx: Transaction) -> list[Station]:
    """All stations, by code."""
    rows = tx.query("SELECT code, place, name, active FROM stations ORDER BY code")
    return [Station(row[0], row[1], row[2], bool(row[3])) for row in rows]


def put_study(tx: Transaction, study: Study) -> None:
    """Queue a study, new or changed. Conflict (ck_studies_enrolment_limit) when it is fuller than its new limit."""
    tx.write(
        "INSERT INTO studies (key, title, open, enrolment_limit) VALUES (:key, :title, :open, :enrolment_limit) "
        "ON CONFLICT (key) DO UPDATE SET title = excluded.title, open = excluded.open, "
        "enrolment_limit = excluded.enrolment_limit",
        {name: getattr(study, name) for name in ("key", "title", "open", "enrolment_limit")},
    )


def studies(tx: Transaction) -> list[Study]:
    """All studies, by key."""
    rows = tx.query("SELECT key, title, open, enrolment_limit, enrolled FROM studies ORDER BY key")
    return [Study(row[0], row[1], bool(row[2]), row[3], row[4]) for row in rows]


def release_protocol(tx: Transaction, protocol: ReleasedProtocol) -> None:
    """Queue a version of a study's protocol; a version that was released once never changes."""
    tx.write(
        "INSERT INTO study_protocols (study, version, key, digest, text, released_at) "
        "VALUES (:study, :version, :key, :digest, :text, :released_at)",
        {
            "study": protocol.study,
            "version": protocol.definition.version,
            "key": protocol.definition.key,
            "digest": protocol.definition.digest,
            "text": protocol.text,
            "released_at": utc_text(protocol.released_at),
        },
    )


def released_protocols(tx: Transaction, study: str | None = None) -> list[ReleasedProtocol]:
    """The released protocols of one study or of all, oldest first."""
    rows = tx.query(
        "SELECT study, key, version, digest, text, released_at FROM study_protocols "
        "WHERE study = COALESCE(:study, study) ORDER BY study, released_at, version",
        study=study,
    )
    return [ReleasedProtocol(row[0], Definition(*row[1:4]), row[4], utc_from_text(row[5])) for row in rows]


def put_lots(tx: Transaction, lots: Iterable[Lot]) -> None:
    """Queue ancillary lots, new or changed (a recall)."""
    tx.write(
        "INSERT INTO lots (code, kind, expires, recalled) VALUES (:code, :kind, :expires, :recalled) "
        "ON CONFLICT (code) DO UPDATE SET kind = excluded.kind, expires = excluded.expires, "
        "recalled = excluded.recalled",
        *(
            {"code": lot.code, "kind": lot.kind, "expires": lot.expires.isoformat(), "recalled": lot.recalled}
            for lot in lots
        ),
    )


def put_equipment(tx: Transaction, equipment: Iterable[Equipment]) -> None:
    """Queue pieces of equipment, new or with a new end of calibration."""
    tx.write(
        "INSERT INTO equipment (code, kind, place, fit_until) VALUES (:code, :kind, :place, :fit_until) "
        "ON CONFLICT (code) DO UPDATE SET kind = excluded.kind, place = excluded.place, "
        "fit_until = excluded.fit_until",
        *(
            {"code": one.code, "kind": one.kind, "place": one.place, "fit_until": one.fit_until.isoformat()}
            for one in equipment
        ),
    )


def lots(tx: Transaction) -> list[Lot]:
    """All lots, by code."""
    rows = tx.query("SELECT code, kind, expires, recalled FROM lots ORDER BY code")
    return [Lot(row[0], row[1], date.fromisoformat(row[2]), bool(row[3])) for row in rows]


def find_lot(tx: Transaction, code: str) -> Lot | None:
    """One lot."""
    row = tx.one("SELECT code, kind, expires, recalled FROM lots WHERE code = :code", code=code)
    return None if row is None else Lot(row[0], row[1], date.fromisoformat(row[2]), bool(row[3]))


def equipment(tx: Transaction) -> list[Equipment]:
    """All equipment, by code."""
    rows = tx.query("SELECT code, kind, place, fit_until FROM equipment ORDER BY code")
    return [Equipment(row[0], row[1], PlaceId(row[2]), date.fromisoformat(row[3])) for row in rows]
