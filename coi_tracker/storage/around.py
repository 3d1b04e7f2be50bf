"""Everything that a decision may know beyond its course, read in one statement by keys.

Knows which rows answer which question, and gives them as frozen values; what they mean to a step, it does not know.
Read after the chain is locked, so that on PostgreSQL every hold committed before the lock was given is seen.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from coi_tracker.course import (
    AccountId,
    Container,
    ContainerId,
    DayLoad,
    Definition,
    Equipment,
    Hold,
    Label,
    Lot,
    OtherCourse,
    PlaceId,
    Shipper,
    SubjectNumber,
    SuiteUse,
)
from coi_tracker.storage.chains import StoredEntry
from coi_tracker.storage.course_codec import container_from, label_from
from coi_tracker.storage.holdings import hold_of_row
from coi_tracker.storage.registry import AccountRole, Place, Station, Study, day_or_none
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.types import utc_from_text, utc_from_text_or_none
from coi_tracker.vocabulary import (
    FINAL_STATES,
    OPEN_LABELS,
    HoldScope,
    LabelState,
    PlaceKind,
    Role,
    Standing,
)


@dataclass(frozen=True, slots=True)
class AroundRequest:
    """What to read. Empty questions cost nothing.

    `coi` is the course that asks: it is no "other" course of its subject and no stranger in its suite. `holds_on`:
    places and studies whose standing holds matter. `shippers`: container ids or label serials. `days` are of
    `facility`. `attempt`: the id that may have been recorded already. `entries`: ids that are referred to.
    """

    coi: str | None = None
    study: str | None = None
    subject: str | None = None
    accounts: tuple[str, ...] = ()
    stations: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    lots: tuple[str, ...] = ()
    equipment: tuple[str, ...] = ()
    holds_on: tuple[tuple[HoldScope, str], ...] = ()
    serials: tuple[str, ...] = ()
    shippers: tuple[str, ...] = ()
    suite: str | None = None
    facility: str | None = None
    days: tuple[date, ...] = ()
    entries: tuple[str, ...] = ()
    attempt: str | None = None


@dataclass(frozen=True, slots=True)
class AccountSeen:
    """An account and its roles at every place, without its password."""

    id: AccountId
    name: str
    active: bool
    roles: tuple[AccountRole, ...]


@dataclass(frozen=True, slots=True)
class LabelSeen:
    """A label that was read: its state, its container as it is now, and the subject of the container's course."""

    label: Label
    container: Container
    study: str | None
    subject: SubjectNumber | None
    since: datetime | None = None  # printed, as far as the record knows, else issued
    replacing: str | None = None  # the entry that issued the label in its place


@dataclass(frozen=True, slots=True)
class Booking:
    """One taken position of a facility's day."""

    day: date
    position: int
    coi: str
    purpose: str


@dataclass(frozen=True, slots=True)
class AroundRows:
    """The answers. What was not asked for, or is not there, is empty or None."""

    accounts: Mapping[str, AccountSeen] = field(default_factory=dict)
    stations: Mapping[str, Station] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    lots: Mapping[str, Lot] = field(default_factory=dict)
    equipment: Mapping[str, Equipment] = field(default_factory=dict)
    out_of_use: Mapping[str, date] = field(default_factory=dict)  # since when: equipment by code, shippers by serial
    holds: tuple[Hold, ...] = ()
    others: tuple[OtherCourse, ...] = ()
    registered_at: PlaceId | None = None  # the site of the subject, when the number is in the record
    study: Study | None = None
    protocols: Mapping[str, Definition] = field(default_factory=dict)  # released for the study, by version
    labels: Mapping[str, LabelSeen] = field(default_factory=dict)
    shippers: Mapping[str, Shipper] = field(default_factory=dict)  # by container id
    suite: SuiteUse | None = None
    days: tuple[DayLoad, ...] = ()
    bookings: tuple[Booking, ...] = ()
    entries: Mapping[str, StoredEntry] = field(default_factory=dict)
    earlier: StoredEntry | None = None  # the entry of `attempt`


_WIDTH = 17


def _part(name: str, columns: str, source: str) -> str:
    """One arm of the union: a name, its columns as text, and NULL for what the widest arm has more."""
    listed = re.split(r", (?![^(]*\))", columns)  # not at the commas inside brackets
    padding = ["NULL"] * (_WIDTH - len(listed))
    return " ".join(["SELECT", f"'{name}',", ", ".join([*listed, *padding]), source])


def _flag(column: str) -> str:
    return f"CASE WHEN {column} THEN '1' ELSE '0' END"


def _whole(column: str) -> str:
    return f"CAST({column} AS TEXT)"


def _listed(words: frozenset[Any]) -> str:
    return ", ".join(f"'{word}'" for word in sorted(words))


_ENTRY = "id, chain, " + _whole("seq") + ", digest, kind, step, coi, recorded_at"
_SUITE = """
FROM (SELECT
  (SELECT coi FROM suite_claims WHERE suite = :suite) AS claimed_by,
  (SELECT count(*) FROM containers WHERE position = :suite AND coi <> :coi AND state NOT IN (FINAL)) AS others
) s
""".replace("FINAL", _listed(FINAL_STATES))

_PARTS: dict[str, str] = {
    "account": _part("account", f"id, name, {_flag('active')}", "FROM accounts WHERE id IN {accounts}"),
    "role": _part("role", "account, role, place, trained_until", "FROM account_roles WHERE account IN {accounts}"),
    "station": _part("station", f"code, place, name, {_flag('active')}", "FROM stations WHERE code IN {stations}"),
    "place": _part(
        "place",
        f"id, kind, name, country, zone, {_whole('daily_capacity')}",
        "FROM places WHERE id IN {places} OR kind = 'sponsor'",  # its people sign at every place
    ),
    "lot": _part("lot", f"code, kind, expires, {_flag('recalled')}", "FROM lots WHERE code IN {lots}"),
    "equipment": _part(
        "equipment",
        "q.code, q.kind, q.place, q.fit_until, u.since",
        "FROM equipment q LEFT JOIN out_of_use u ON u.thing = q.code WHERE q.code IN {equipment}",
    ),
    "hold": _part(
        "hold",
        "id, scope, target, blocks, placed_by, reason",
        "FROM holds WHERE target IN {targets} AND lifted_event IS NULL",
    ),
    "other": _part(
        "other",
        f"coi, standing, {_flag('infused')}, opened_at",
        "FROM courses WHERE study = :study AND subject = :subject AND coi <> :coi",
    ),
    "subject": _part("subject", "site", "FROM subjects WHERE study = :study AND number = :subject"),
    "study": _part(
        "study",
        f"key, title, {_flag('open')}, {_whole('enrolment_limit')}, {_whole('enrolled')}",
        "FROM studies WHERE key = :study",
    ),
    "protocol": _part("protocol", "version, key, digest", "FROM study_protocols WHERE study = :study"),
    "label": _part(
        "label",
        f"l.serial, l.kind, l.state, l.replaced_by, c.id, c.coi, c.kind, {_whole('c.part')}, c.state, c.holder, "
        "c.serial, c.position, c.doc, k.study, k.subject, COALESCE(d.printed_at, i.issued_at), e.entry",
        "FROM labels l JOIN containers c ON c.id = l.container LEFT JOIN courses k ON k.coi = c.coi "
        "JOIN label_issues i ON i.serial = l.serial LEFT JOIN label_prints d ON d.serial = l.serial "
        "LEFT JOIN label_issues r ON r.serial = l.replaced_by LEFT JOIN events e ON e.id = r.event_id "
        "WHERE l.serial IN {serials}",
    ),
    "shipper": _part(
        "shipper",
        "s.id, s.serial, s.valid_until, o.coi, COALESCE(l.state, 'applied'), u.since",
        "FROM shippers s LEFT JOIN shipper_loads o ON o.shipper = s.id AND o.closed_event IS NULL "
        "LEFT JOIN labels l ON l.serial = s.serial LEFT JOIN out_of_use u ON u.thing = s.serial "
        "WHERE s.id IN {shippers} OR s.serial IN {shippers}",
    ),
    "suite": _part("suite", f"CAST(:suite AS TEXT), s.claimed_by, {_whole('s.others')}", _SUITE),
    "stranger": _part(
        "stranger",
        "l.serial",
        "FROM labels l JOIN containers c ON c.id = l.container "
        f"WHERE c.position = :suite AND c.coi <> :coi AND l.live AND l.state IN ({_listed(OPEN_LABELS)})",
    ),
    "booking": _part(
        "booking",
        f"day, {_whole('position')}, coi, purpose",
        "FROM bookings WHERE facility = :facility AND day IN {days}",
    ),
    "closed": _part("closed", "day", "FROM closed_days WHERE place = :facility AND day IN {days}"),
    "entry": _part("entry", f"{_ENTRY}, NULL", "FROM events WHERE id IN {entries}"),
    "earlier": _part("earlier", f"{_ENTRY}, entry", "FROM events WHERE id = :attempt"),
}


def read_around(tx: Transaction, request: AroundRequest) -> AroundRows:
    """Read all that `request` asks for, in one statement; none when it asks for nothing."""
    wanted = list(_wanted(request))
    if not wanted:
        return AroundRows()
    found: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for row in tx.query(" UNION ALL ".join(_PARTS[name] for name in wanted), **_values(request)):
        found[row[0]].append(row[1:])
    return _answers(request, found)


def _wanted(request: AroundRequest) -> Iterator[str]:
    """Which arms of the union this request needs."""
    asked: dict[str, object] = {
        "account": request.accounts,
        "role": request.accounts,
        "station": request.stations,
        "place": request.places or request.days,
        "lot": request.lots,
        "equipment": request.equipment,
        "hold": request.holds_on,
        "other": request.study and request.subject,
        "subject": request.study and request.subject,
        "study": request.study,
        "protocol": request.study,
        "label": request.serials,
        "shipper": request.shippers,
        "suite": request.suite,
        "stranger": request.suite,
        "booking": request.facility and request.days,
        "closed": request.facility and request.days,
        "entry": request.entries,
        "earlier": request.attempt,
    }
    return (name for name, question in asked.items() if question)


def _values(request: AroundRequest) -> dict[str, Any]:
    facility = (request.facility,) if request.facility else ()
    return {
        "coi": request.coi or "",
        "study": request.study,
        "subject": request.subject,
        "suite": request.suite,
        "facility": request.facility,
        "attempt": request.attempt,
        "accounts": request.accounts,
        "stations": request.stations,
        "places": (*request.places, *facility),
        "lots": request.lots,
        "equipment": request.equipment,
        "targets": tuple(target for _, target in request.holds_on),
        "serials": request.serials,
        "shippers": request.shippers,
        "days": tuple(day.isoformat() for day in request.days),
        "entries": request.entries,
    }


_Found = Mapping[str, list[tuple[Any, ...]]]


def _answers(request: AroundRequest, found: _Found) -> AroundRows:
    places = {r[0]: Place(PlaceId(r[0]), PlaceKind(r[1]), r[2], r[3], r[4], int(r[5])) for r in found["place"]}
    return AroundRows(
        accounts=_accounts(found),
        stations={r[0]: Station(r[0], PlaceId(r[1]), r[2], r[3] == "1") for r in found["station"]},
        places=places,
        lots={r[0]: Lot(r[0], r[1], date.fromisoformat(r[2]), r[3] == "1") for r in found["lot"]},
        equipment={r[0]: Equipment(r[0], r[1], PlaceId(r[2]), date.fromisoformat(r[3])) for r in found["equipment"]},
        out_of_use=_out_of_use(found),
        holds=_holds(request, found),
        others=_others(found),
        registered_at=next((PlaceId(r[0]) for r in found["subject"]), None),
        study=next((Study(r[0], r[1], r[2] == "1", int(r[3]), int(r[4])) for r in found["study"]), None),
        protocols={r[0]: Definition(r[1], r[0], r[2]) for r in found["protocol"]},
        labels={r[0]: _label(r) for r in found["label"]},
        shippers={r[0]: _shipper(r) for r in found["shipper"]},
        suite=_suite(found),
        days=_days(request, found, places),
        bookings=_bookings(found),
        entries={r[0]: _entry(r) for r in found["entry"]},
        earlier=next((_entry(r) for r in found["earlier"]), None),
    )


def _accounts(found: _Found) -> dict[str, AccountSeen]:
    roles: defaultdict[str, list[AccountRole]] = defaultdict(list)
    for account, role, place, trained_until, *_ in sorted(found["role"], key=lambda r: (r[0], r[1], r[2])):
        roles[account].append(AccountRole(AccountId(account), Role(role), PlaceId(place), day_or_none(trained_until)))
    return {r[0]: AccountSeen(AccountId(r[0]), r[1], r[2] == "1", tuple(roles[r[0]])) for r in found["account"]}


def _out_of_use(found: _Found) -> dict[str, date]:
    rows = [(row[0], row[4]) for row in found["equipment"]] + [(row[1], row[5]) for row in found["shipper"]]
    return {thing: date.fromisoformat(since) for thing, since in rows if since is not None}


def _holds(request: AroundRequest, found: _Found) -> tuple[Hold, ...]:
    rows = sorted(r for r in found["hold"] if (r[1], r[2]) in request.holds_on)
    return tuple(hold_of_row(r[0], r[1], r[2], json.loads(r[3]), r[4], r[5]) for r in rows)


def _others(found: _Found) -> tuple[OtherCourse, ...]:
    rows = sorted(found["other"])
    return tuple(OtherCourse(r[0], Standing(r[1]), r[2] == "1", utc_from_text(r[3])) for r in rows)


def _suite(found: _Found) -> SuiteUse | None:
    strangers = tuple(sorted(row[0] for row in found["stranger"]))
    return next((SuiteUse(r[0], r[1], int(r[2]), strangers) for r in found["suite"]), None)


def _label(row: tuple[Any, ...]) -> LabelSeen:
    serial, kind, state, replaced_by = row[:4]
    container = container_from(row[4:12], rest=row[12])
    label = label_from(serial, container.id, kind, state, replaced_by)
    since = utc_from_text_or_none(row[15])
    return LabelSeen(label, container, study=row[13], subject=row[14], since=since, replacing=row[16])


def _shipper(row: tuple[Any, ...]) -> Shipper:
    key, serial, valid_until, loaded_for, label = row[:5]
    return Shipper(ContainerId(key), serial, loaded_for, utc_from_text_or_none(valid_until), LabelState(label))


def _bookings(found: _Found) -> tuple[Booking, ...]:
    rows = sorted((r[0], int(r[1]), r[2], r[3]) for r in found["booking"])
    return tuple(Booking(date.fromisoformat(day), *rest) for day, *rest in rows)


def _days(request: AroundRequest, found: _Found, places: Mapping[str, Place]) -> tuple[DayLoad, ...]:
    facility = places.get(request.facility or "")
    closed = {r[0] for r in found["closed"]}
    taken: defaultdict[date, list[int]] = defaultdict(list)
    for booking in _bookings(found):
        taken[booking.day].append(booking.position)
    if facility is None:
        return ()
    return tuple(
        DayLoad(day, facility.daily_capacity, tuple(taken[day]), day.isoformat() in closed) for day in request.days
    )


def _entry(row: tuple[Any, ...]) -> StoredEntry:
    key, chain, seq, digest, kind, step, coi, recorded_at, entry = row[:9]
    return StoredEntry(key, chain, int(seq), digest, kind, step, coi, utc_from_text(recorded_at), entry or "")
