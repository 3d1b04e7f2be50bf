"""The screen of a seat: what is begun and what it asks for, or what was scanned and what could be begun."""

from __future__ import annotations

from datetime import datetime

from coi_tracker.services.floor.draft import Seat
from coi_tracker.services.floor.judging import forbidding, words_of
from coi_tracker.services.floor.lines import container_line, course_line, timers
from coi_tracker.services.floor.lookup import found_at, sighted
from coi_tracker.services.floor.offers import offers_in
from coi_tracker.services.floor.screen import ContainerLine, Screen, Sighting, Signer, State
from coi_tracker.services.floor.sight import Sight, look, summary_of
from coi_tracker.services.floor.standing import Standing
from coi_tracker.services.record import Record
from coi_tracker.services.requests import ScanClaim
from coi_tracker.services.routing import read_codes
from coi_tracker.storage.transaction import Transaction


def draw(
    record: Record, tx: Transaction, at: Standing, seat: Seat, *, now: datetime, sight: Sight | None = None
) -> Screen:
    """The screen of this person at this station. `sight`: a look at what is begun, when there was one already."""
    if seat.draft is None:
        return _scanned(record, tx, at, seat, now)
    return _begun(sight or look(record, tx, at, seat, now=now), at, seat, now)


def _begun(sight: Sight, at: Standing, seat: Seat, now: datetime) -> Screen:
    draft, state = sight.draft, state_of(sight)
    scene = sight.scene
    done = state in {State.READY, State.SIGNING, State.REFUSED}
    return Screen(
        state=state,
        who=at.who,
        version=seat.version,
        at=now,
        zone=at.place.zone,
        step=draft.step,
        title=sight.step.title,
        role=draft.role,
        token=draft.token,
        late=draft.late,
        course=None if scene is None else course_line(scene.course, at, scene.rows.holds),
        container=_last_read(sight, at),
        prompts=sight.prompts,
        signatures=sight.slots,
        summary=summary_of(sight, at) if done and sight.slots else None,
        problems=tuple(words_of(r, at) for r in forbidding(sight.reasons, asked_all=done)),
        timers=() if scene is None else timers(scene.course, scene.protocol),
        signer=_signer(sight),
    )


def _signer(sight: Sight) -> Signer | None:
    account = sight.draft.signer
    return None if account is None else Signer(account, sight.draft.signer_name or account)


def state_of(sight: Sight) -> State:
    """How far a begun step is."""
    if sight.draft.answered:
        return State.REFUSED
    if sight.view is None or sight.next is not None:
        return State.BEGUN
    return State.SIGNING if sight.unsigned else State.READY


def _last_read(sight: Sight, at: Standing) -> ContainerLine | None:
    if sight.scene is None or not sight.draft.reads:
        return None
    serial = sight.draft.reads[-1].serial
    found = next((s.container for s in sight.scene.attempt.scans if s.serial == serial), None)
    return None if found is None else container_line(found, at)


def _scanned(record: Record, tx: Transaction, at: Standing, seat: Seat, now: datetime) -> Screen:
    found = found_at(record, tx, at, chain=seat.chain, serial=seat.serial)
    thing = _thing(record, tx, at, seat)
    if found is None:
        state = State.IDLE if thing is None else State.SCANNED
        offers = offers_in(record, at, None, serial=None)
        inside = None if thing is None else thing.container
        return Screen(state, at.who, seat.version, now, at.place.zone, container=inside, sighting=thing, offers=offers)
    sighting = found.sighting
    return Screen(
        state=State.SCANNED,
        who=at.who,
        version=seat.version,
        at=now,
        zone=at.place.zone,
        course=sighting.course,
        container=sighting.container,
        sighting=thing or sighting,
        offers=offers_in(record, at, found.scene, serial=seat.serial),
        timers=sighting.timers,
    )


def _thing(record: Record, tx: Transaction, at: Standing, seat: Seat) -> Sighting | None:
    """What was scanned last and is of no course, as it is now."""
    if seat.thing is None:
        return None
    return sighted(record, tx, at, read_codes((ScanClaim(seat.thing),))[0]).sighting
