"""What work rests on: places and their calendars, stations, studies and protocol versions.

Each function is one transaction: the rows, and an entry with what was, what is now, why and who. Knows no rule of the
process and asks nobody for authority: who calls has found out that this person administers the set-up. Lots, equipment
and shippers are put by `stocking`, and named here for those who set up everything.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from datetime import date
from zoneinfo import available_timezones

from coi_tracker.course import Actor, Definition, PlaceId
from coi_tracker.custody_log.chain import place_chain, station_chain, study_chain
from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import StationCode
from coi_tracker.protocols import Protocol, parse_protocol
from coi_tracker.services.changes import write_change
from coi_tracker.services.record import Record
from coi_tracker.services.stocking import add_shipper, put_equipment, put_lot
from coi_tracker.storage import registry
from coi_tracker.storage.chains import lock_chain
from coi_tracker.storage.registry import Place, ReleasedProtocol, Station, Study
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import PlaceKind

__all__ = ["add_shipper", "put_equipment", "put_lot"]

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_COUNTRY = re.compile(r"[A-Z]{2}")


def _refuse_bad_key(key: str, what: str) -> None:
    if not _KEY.fullmatch(key):
        raise NotUnderstood(
            expected=f"{what} of 1 to 40 letters, digits and . _ -", came=repr(key[:60]), do="choose another one"
        )


def _refuse_bad_name(name: str, what: str) -> None:
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise NotUnderstood(
            expected=f"{what} of 1 to 100 printable characters", came=ascii(name[:40]), do="choose another one"
        )


# --- places and stations --------------------------------------------------------------------------


def put_place(
    record: Record,
    key: str,
    *,
    kind: PlaceKind,
    name: str,
    country: str,
    zone: str,
    by: Actor,
    reason: str,
    daily_capacity: int = 0,
) -> Place:
    """A new place, or what is known of one from now on. `daily_capacity`: courses it can work on in one day."""
    _refuse_bad_key(key, "the id of a place")
    _refuse_bad_name(name, "the name of a place")
    if not 0 <= daily_capacity <= 1000:
        raise NotUnderstood(expected="0 to 1000 courses a day", came=str(daily_capacity)[:20], do="correct it")
    if not _COUNTRY.fullmatch(country):
        raise NotUnderstood(expected="a country by ISO 3166, two capitals", came=repr(country[:20]), do="correct it")
    if zone not in available_timezones():
        raise NotUnderstood(expected="a time zone such as Europe/Lisbon", came=repr(zone[:60]), do="correct it")
    new = Place(PlaceId(key), kind, name, country, zone, daily_capacity)
    chain = place_chain(key)
    with record.database.write() as tx:
        old = next((one for one in registry.places(tx) if one.id == key), None)
        registry.put_places(tx, [new])
        write_change(record, tx, chain=chain, what="place", key=key, old=old, new=new, by=by, reason=reason, zone=zone)
    return new


def close_days(record: Record, place: str, *, days: Collection[date], by: Actor, reason: str) -> None:
    """Days on which a place does not work."""
    _change_days(record, place, days=days, closed=True, by=by, reason=reason)


def open_days(record: Record, place: str, *, days: Collection[date], by: Actor, reason: str) -> None:
    """Days on which it works after all."""
    _change_days(record, place, days=days, closed=False, by=by, reason=reason)


def _change_days(record: Record, place: str, *, days: Collection[date], closed: bool, by: Actor, reason: str) -> None:
    with record.database.write() as tx:
        _refuse_unknown_place(tx, place)
        before = set(registry.closed_days(tx, place))
        changed = sorted(set(days) - before if closed else set(days) & before)
        if not changed:
            return
        change = registry.close_days if closed else registry.open_days
        change(tx, place, days=changed)
        words = ("open", "closed") if closed else ("closed", "open")
        old, new = ({"days": changed, "state": word} for word in words)
        chain = place_chain(place)
        write_change(record, tx, chain=chain, what="days", key=place, old=old, new=new, by=by, reason=reason)


def _refuse_unknown_place(tx: Transaction, place: str) -> None:
    if place not in {one.id for one in registry.places(tx)}:
        raise NotUnderstood(expected="a place of the record", came=repr(place[:40]), do="name one, or add it first")


def put_station(
    record: Record,
    place: str,
    *,
    name: str,
    by: Actor,
    reason: str,
    code: StationCode | None = None,
    active: bool = True,
) -> StationCode:
    """A station at a place: a new one gets a code, one that is there (`code`) is changed."""
    _refuse_bad_name(name, "the name of a station")
    wanted = code or StationCode.issue(record.draw)
    new = Station(wanted.text, PlaceId(place), name, active)
    with record.database.write() as tx:
        _refuse_unknown_place(tx, place)
        old = next((one for one in registry.stations(tx) if one.code == new.code), None)
        registry.put_stations(tx, [new])
        chain = station_chain(new.code)
        write_change(record, tx, chain=chain, what="station", key=new.code, old=old, new=new, by=by, reason=reason)
    return wanted


# --- studies and their protocols ------------------------------------------------------------------


def release_protocol(record: Record, text: str, *, by: Actor, reason: str, name: str = "the text") -> Definition:
    """Release a version of a protocol file: its exact text is kept, and courses can be opened under it.

    The first version of a study makes the study, open; a later one brings its enrolment limit up to date. Raises
    ProtocolError for a file with mistakes, NotUnderstood for a version that was released before.
    """
    protocol = parse_protocol(text, name=name)
    definition = Definition(protocol.key, protocol.version, protocol.digest)
    released = ReleasedProtocol(protocol.key, definition, text, record.clock())
    with record.database.write() as tx:
        _lock_study(tx, protocol.key)
        _refuse_released(tx, protocol)
        _follow_protocol(record, tx, protocol, by=by, reason=reason)
        registry.release_protocol(tx, released)
        chain = study_chain(protocol.key)
        write_change(
            record,
            tx,
            chain=chain,
            what="protocol",
            key=protocol.version,
            old=None,
            new=definition,
            by=by,
            reason=reason,
        )
    return definition


def _refuse_released(tx: Transaction, protocol: Protocol) -> None:
    for one in registry.released_protocols(tx, protocol.key):
        if one.definition.version == protocol.version:
            same = "the same text" if one.definition.digest == protocol.digest else "another text"
            raise NotUnderstood(
                expected=f"a version of {protocol.key} that was not released yet",
                came=f"version {protocol.version}, released with {same}",
                do="give a changed protocol a new version; a released one never changes",
            )


def _follow_protocol(record: Record, tx: Transaction, protocol: Protocol, *, by: Actor, reason: str) -> None:
    old = next((one for one in registry.studies(tx) if one.key == protocol.key), None)
    is_open = True if old is None else old.open
    new = Study(protocol.key, protocol.title, is_open, protocol.enrolment_limit, 0 if old is None else old.enrolled)
    if new != old:
        _put_study(record, tx, old, new, by=by, reason=reason)


def released_protocols(record: Record, study: str | None = None) -> list[ReleasedProtocol]:
    """The released versions of one study's protocol, or of all studies, oldest first."""
    with record.database.read() as tx:
        return registry.released_protocols(tx, study)


def set_study_open(record: Record, key: str, *, is_open: bool, by: Actor, reason: str) -> None:
    """Open a study for new participants, or close it. Courses that run go on."""
    with record.database.write() as tx:
        _lock_study(tx, key)
        old = next((one for one in registry.studies(tx) if one.key == key), None)
        if old is None:
            raise NotUnderstood(
                expected="a study of the record", came=repr(key[:40]), do="release a protocol of it first"
            )
        _put_study(record, tx, old, replace(old, open=is_open), by=by, reason=reason)


def _lock_study(tx: Transaction, key: str) -> None:
    """Before its row: a registration holds the study's lock when it counts itself in that row."""
    chain = f"study/{key}"  # known or not: of an unknown study there is no such chain
    lock_chain(tx, chain, exclusive=(chain,))


def _put_study(record: Record, tx: Transaction, old: Study | None, new: Study, *, by: Actor, reason: str) -> None:
    registry.put_study(tx, new)
    chain = study_chain(new.key)
    write_change(record, tx, chain=chain, what="study", key=new.key, old=old, new=new, by=by, reason=reason)
