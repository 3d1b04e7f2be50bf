"""From rows to the values a decision looks at: who acts, who signs, what was scanned, what is around.

One statement is read here, whatever the step. Judges nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from coi_tracker.course import (
    AccountId,
    Actor,
    Around,
    Attempt,
    Course,
    EventId,
    Scanned,
    Signer,
)
from coi_tracker.identity import safe_excerpt
from coi_tracker.protocols.model import Protocol
from coi_tracker.services.entries import event_of
from coi_tracker.services.requests import AttemptRequest, SignatureClaim
from coi_tracker.services.routing import ReadCode, Route
from coi_tracker.storage.around import AccountSeen, AroundRequest, AroundRows
from coi_tracker.storage.registry import AccountRole
from coi_tracker.vocabulary import HoldScope, PlaceKind
from coi_tracker.vocabulary import ReasonCode as Code

DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
NOWHERE = "Etc/UTC"


@dataclass(frozen=True, slots=True)
class Identification:
    """Which identifiers of the person matched what is kept apart, and which did not."""

    matched: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()


def questions(
    request: AttemptRequest, route: Route, course: Course, protocol: Protocol | None, codes: tuple[ReadCode, ...]
) -> AroundRequest:
    """What has to be read for this attempt."""
    facility = course.facility if request.step == "book_slot" else None
    serials = tuple(sorted({c.serial for c in codes if c.serial is not None}))
    return AroundRequest(
        coi=course.coi,
        study=route.study,
        subject=route.subject,
        accounts=tuple(sorted({request.account, *(s.account for s in request.signatures)})),
        stations=(route.station,) if route.station else (),
        places=_places(request, route),
        lots=_codes(request.evidence.get("lots")),
        equipment=_codes(request.evidence.get("equipment")),
        holds_on=_targets(route),
        serials=serials,
        shippers=serials,
        suite=_word(request.evidence.get("suite")),
        facility=facility,
        days=_days(request, course, protocol) if facility else (),
        entries=(request.refers_to,) if request.refers_to else (),
        attempt=request.id,
    )


def _word(value: object) -> str | None:
    return value[:200] if isinstance(value, str) and value.isprintable() and value else None


def _codes(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(sorted({v[:200] for v in value[:200] if isinstance(v, str) and v.isprintable()}))


def _places(request: AttemptRequest, route: Route) -> tuple[str, ...]:
    named = (_word(request.evidence.get("facility")), _word(request.evidence.get("courier")))
    return tuple(sorted({p for p in (route.place, route.site, route.facility, *named) if p}))


def _targets(route: Route) -> tuple[tuple[HoldScope, str], ...]:
    places = {p for p in (route.site, route.facility, route.place) if p}
    found = [(HoldScope.PLACE, p) for p in sorted(places)]
    return tuple(found + ([(HoldScope.STUDY, route.study)] if route.study else []))


def _days(request: AttemptRequest, course: Course, protocol: Protocol | None) -> tuple[date, ...]:
    """The process days after the day asked for; none when it is no date (the engine says so)."""
    value = request.evidence.get("day")
    if protocol is None or not isinstance(value, str) or not DAY.fullmatch(value):
        return ()
    try:
        first = date.fromisoformat(value)
        return tuple(first + timedelta(days=d) for d in protocol.manufactures[course.manufacture or ""].process_days)
    except (ValueError, KeyError, OverflowError):
        return ()


def attempt_of(
    request: AttemptRequest,
    route: Route,
    course: Course,
    rows: AroundRows,
    codes: tuple[ReadCode, ...],
    identified: Identification,
    *,
    now: datetime,
    fresh_coi: str,
    fresh_serials: tuple[str, ...],
    software: str,
) -> Attempt:
    """The attempt as the engine judges it."""
    zone = _zone(route, rows)
    return Attempt(
        id=EventId(request.id),
        step=request.step,
        actor=_actor(request, route, rows),
        happened_at=request.happened_at or now,
        recorded_at=now,
        zone=zone,
        scans=tuple(_scanned(c, course, rows) for c in codes),
        evidence=request.evidence,
        signers=tuple(_signer(s, route, rows, now) for s in request.signatures),
        late_reason=request.late_reason,
        comment=request.comment,
        refers_to=None if request.refers_to is None else EventId(request.refers_to),
        around=_around(route, rows, codes, identified),
        fresh_coi=fresh_coi,
        fresh_serials=fresh_serials,
        software=software,
    )


def _zone(route: Route, rows: AroundRows) -> str:
    """The zone of the place of the attempt; of the site for a place that is not known."""
    for place in (route.place, route.site):
        if place is not None and place in rows.places:
            return rows.places[place].zone
    return NOWHERE


def _actor(request: AttemptRequest, route: Route, rows: AroundRows) -> Actor:
    seen = rows.accounts.get(request.account)
    place = rows.places.get(route.place or "")
    roles = [] if seen is None or not seen.active or place is None else _roles(seen, {place.id})
    trained = next((r.trained_until for r in roles if r.role is request.role), None)
    return Actor(
        account=AccountId(request.account),
        name="unknown account" if seen is None else seen.name,
        role=request.role,
        place=None if place is None else place.id,
        place_kind=None if place is None else place.kind,
        station=route.station,
        roles=frozenset(r.role for r in roles),
        trained_until=trained,
    )


def _roles(seen: AccountSeen, places: Iterable[str]) -> list[AccountRole]:
    wanted = set(places)
    return [r for r in seen.roles if r.place in wanted]


def _signer(claim: SignatureClaim, route: Route, rows: AroundRows, now: datetime) -> Signer:
    """A second person signs for the place of the attempt, for the course's places, or for the sponsor."""
    seen = rows.accounts.get(claim.account)
    sponsor = [p.id for p in rows.places.values() if p.kind is PlaceKind.SPONSOR]
    places = {p for p in (route.place, route.site, route.facility) if p} | set(sponsor)
    roles = [] if seen is None or not seen.active else _roles(seen, places)
    today = now.astimezone(UTC).date()
    valid = [r for r in roles if r.trained_until is not None and r.trained_until >= today]
    return Signer(
        account=AccountId(claim.account),
        name=claim.account if seen is None else seen.name,
        meaning=claim.meaning,
        at=now,
        authentic=claim.authentic and seen is not None and seen.active,
        roles=frozenset(r.role for r in (valid or roles)),
        trained=bool(valid) or not roles,
    )


def _scanned(code: ReadCode, course: Course, rows: AroundRows) -> Scanned:
    raw = safe_excerpt(code.claim.code)
    if code.serial is None:
        return Scanned(raw, code.claim.by, code.claim.part, fault=Code.MALFORMED_LABEL)
    seen = rows.labels.get(code.serial)
    if seen is None or (code.coi is not None and code.coi != seen.container.coi):
        return Scanned(raw, code.claim.by, code.claim.part, fault=Code.UNKNOWN_LABEL)
    by = None if seen.replacing is None else event_of(json.loads(seen.replacing))
    return Scanned(
        raw,
        code.claim.by,
        code.claim.part,
        serial=code.serial,
        label=seen.label.state,
        replaced_by=seen.label.replaced_by,
        container=course.containers.get(seen.container.id, seen.container),
        subject=seen.subject,
        since=seen.since,
        replaced=None if by is None else (by.recorded_at, by.actor.name),
    )


def _around(route: Route, rows: AroundRows, codes: tuple[ReadCode, ...], identified: Identification) -> Around:
    study = rows.study
    return Around(
        study_open=study is not None and study.open,
        enrolled=0 if study is None else study.enrolled,
        registered=rows.registered_at is not None,
        identified=identified.matched,
        misidentified=identified.differing,
        holds=rows.holds,
        others=rows.others,
        lots=rows.lots,
        equipment=rows.equipment,
        out_of_use=rows.out_of_use,
        days=rows.days,
        suite=rows.suite,
        shipper=_shipper(rows, codes),
        places={key: place.kind for key, place in rows.places.items()},
        entries={key: e.step or "" for key, e in rows.entries.items() if e.chain == route.chain},
        protocols=rows.protocols,
    )


def _shipper(rows: AroundRows, codes: tuple[ReadCode, ...]) -> Any:
    by_serial: Mapping[str, Any] = {s.serial: s for s in rows.shippers.values()}
    return next((by_serial[c.serial] for c in codes if c.serial is not None and c.serial in by_serial), None)
