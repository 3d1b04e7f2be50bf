"""Scan anything: what it is, whose, where it stands, who holds it, what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from coi_tracker.course import Container, Course, Lot, Reason, Scanned
from coi_tracker.identity import (
    BadgeCode,
    CoiId,
    CommandCode,
    EquipmentCode,
    LabelSerial,
    PlaceCode,
    PositionCode,
    Read,
    ScanPayload,
    StationCode,
    safe_excerpt,
)
from coi_tracker.process.look import hours, reason
from coi_tracker.process.scans import expired, fault_of, faults
from coi_tracker.process.spec import Step
from coi_tracker.services import plain
from coi_tracker.services.floor.containers import printed
from coi_tracker.services.floor.judging import words_of
from coi_tracker.services.floor.lines import concerned, container_line, course_line, timers
from coi_tracker.services.floor.offers import scene_at
from coi_tracker.services.floor.screen import CourseLine, Replaced, Sighting, Words
from coi_tracker.services.floor.standing import Standing
from coi_tracker.services.floor.supplier import SupplierLot, supplier_lot
from coi_tracker.services.floor.targets import nameable
from coi_tracker.services.record import Record
from coi_tracker.services.requests import CODE_LIMIT, ScanClaim
from coi_tracker.services.routing import ReadCode, read_codes
from coi_tracker.services.scene import Scene
from coi_tracker.storage import registry
from coi_tracker.storage.around import AroundRequest, read_around
from coi_tracker.storage.registry import AccountRole
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import ContainerState, LabelState, PlaceKind
from coi_tracker.vocabulary import ReasonCode as Code

ASTRAY = Words(
    expected="a label of a course that this place works on",
    observed="a label that does not belong here",
    do="do not use it; set the container aside and call quality",
    code=str(Code.WRONG_COURSE),
    title="Does not belong here",
)
NOT_FOUND = Words("something that this place works on", "nothing of that kind", "scan it again, or ask who gave it")
_ANY_STEP = Step("", "", frozenset(), frozenset())


@dataclass(frozen=True, slots=True)
class Found:
    """A sighting, and what can be gone on from: the scene, the chain, the label. ``wrong``: codes of what is wrong."""

    sighting: Sighting
    scene: Scene | None = None
    chain: str | None = None
    serial: str | None = None


def look_up(record: Record, code: str, *, at: Standing) -> Sighting:
    """What a scan or typed text is, to this person at this place. Raises nothing, records nothing.

    What belongs to a course with which the place has nothing to do tells only that it does not belong here.
    """
    with record.database.read() as tx:
        return sighted(record, tx, at, read_codes((ScanClaim(code[:CODE_LIMIT]),))[0]).sighting


def sighted(record: Record, tx: Transaction, at: Standing, code: ReadCode) -> Found:
    """The same, within a transaction."""
    read = code.read
    if isinstance(read, ScanPayload | LabelSerial):
        return _label(record, tx, at, code)
    if isinstance(read, CoiId):
        return found_at(record, tx, at, chain=f"course/{read.text}", serial=None) or _astray("course", read.display())
    if read is None:
        return _text(record, tx, at, code.claim.code)
    return Found(_thing(tx, at, read, at.today(record.clock())))


def found_at(record: Record, tx: Transaction, at: Standing, *, chain: str | None, serial: str | None) -> Found | None:
    """What was scanned before, as it is now: a label, or a chain; None for nothing, or nothing of this place."""
    if serial is not None:
        found = _label(record, tx, at, read_codes((ScanClaim(serial),))[0])
        return found if found.chain is not None else None
    if chain is None:
        return None
    scene = scene_at(record, tx, at, chain)
    if scene.protocol is None or not _may_see(scene.course, at):
        return None
    kind = chain.partition("/")[0]
    line = course_line(scene.course, at, scene.rows.holds)
    words = _standing_of(kind, line)
    sighting = Sighting(kind, line.display, words, course=line, timers=timers(scene.course, scene.protocol))
    return Found(sighting, scene, chain, None)


def _standing_of(kind: str, line: CourseLine) -> str:
    """What was found, and how far it is, in a few words."""
    if kind == "course":
        return f"course {line.display}: {plain.words(line.material)}, {plain.words(line.treatment)}"
    return f"subject {line.display}: {plain.words(line.treatment)}" if kind == "subject" else line.display


def _may_see(course: Course, at: Standing) -> bool:
    return course.chain.startswith(("place/", "study/")) or concerned(course, at)


def _astray(is_a: str, display: str) -> Found:
    return Found(Sighting(is_a, display, "does not belong here", wrong=(ASTRAY,)))


# --- labels


def _label(record: Record, tx: Transaction, at: Standing, code: ReadCode) -> Found:
    scene = scene_at(record, tx, at, None, serial=code.claim.code)
    one = scene.attempt.scans[0]
    display = printed(code.serial) or ""
    if one.container is None:
        words = words_of(reason(one.fault or Code.UNKNOWN_LABEL, "a label this record has issued", one.raw), at)
        return Found(Sighting("label", display, "unknown label", wrong=(words,)))
    if one.container.coi is None:
        return _shipper(record, tx, at, one, display, scene)
    if scene.protocol is None or not concerned(scene.course, at):
        return _astray("label", display)
    return Found(_of_course(scene, one, display, at), scene, scene.course.chain, code.serial)


def _of_course(scene: Scene, one: Scanned, display: str, at: Standing) -> Sighting:
    assert one.container is not None  # noqa: S101 - the caller has looked
    wrong = tuple(words_of(r, at) for r in _wrong(scene, one, one.container))
    line = course_line(scene.course, at, scene.rows.holds)
    words = f"{plain.container(one.container)} of course {line.display}, {plain.words(one.container.state)}"
    return Sighting(
        is_a="label",
        display=display,
        words=words,
        course=line,
        container=container_line(one.container, at, wrong),
        replaced=_replaced(one),
        timers=tuple(t for t in timers(scene.course, scene.protocol) if t.container == one.container.id),
        wrong=wrong,
    )


def _replaced(one: Scanned) -> Replaced | None:
    if one.replaced_by is None:
        return None
    at, by = one.replaced or (None, None)
    return Replaced(printed(one.serial) or "", printed(one.replaced_by), at, by)


def _wrong(scene: Scene, one: Scanned, container: Container) -> Iterator[Reason]:
    """All that is wrong with a label and its container, whatever anybody means to do with it."""
    course, now = scene.course, scene.attempt.recorded_at
    if scene.protocol is not None:
        one = expired(one, scene.protocol.labels.verify_within, now)
    one = replace(one, fault=fault_of(course, one))
    yield from faults(_ANY_STEP, course, (one,), [])
    if one.fault is None and container.label in {LabelState.ISSUED, LabelState.PRINTED}:
        yield reason(Code.LABEL_NOT_VERIFIED, f"a label that was scanned back on {container.id}", container.label)
    if container.state in {ContainerState.QUARANTINED, ContainerState.LOST, ContainerState.DESTROYED}:
        yield reason(Code.WRONG_CONTAINER_STATE, f"{container.id} to be used", container.state)
    for hold in (h for h in course.holds if h.target in {container.id, course.coi}):
        yield reason(Code.ON_HOLD, f"no hold on {hold.scope} {hold.target}", f"blocks {', '.join(hold.blocks)}")
    yield from _too_late(scene, container)


def _too_late(scene: Scene, container: Container) -> Iterator[Reason]:
    now = scene.attempt.recorded_at
    if container.expires_at is not None and container.expires_at < now:
        yield reason(Code.TOO_LATE, f"{container.id} before its expiry", f"expired {container.expires_at:%Y-%m-%d}")
    for timer in timers(scene.course, scene.protocol):
        if timer.container == container.id and timer.deadline < now:
            yield reason(Code.TOO_LATE, timer.words, f"{hours(now - timer.since)}")


def _shipper(record: Record, tx: Transaction, at: Standing, one: Scanned, display: str, scene: Scene) -> Found:
    """A shipper belongs to no course; whose things are in it is told to who has to do with that course."""
    assert one.container is not None  # noqa: S101 - the caller has looked
    shipper = next((s for s in scene.rows.shippers.values() if s.serial == one.serial), None)
    loaded = None if shipper is None else shipper.loaded_for
    line = container_line(one.container, at)
    if loaded is None:
        wrong = tuple(words_of(r, at) for r in _unfit_shipper(scene, one.container))
        return Found(Sighting("label", display, "an empty shipper", container=line, wrong=wrong), None, None, None)
    inside = found_at(record, tx, at, chain=f"course/{loaded}", serial=None)
    if inside is None:
        return Found(Sighting("label", display, "a shipper in use", container=line, wrong=(ASTRAY,)))
    words = f"the shipper of course {plain.coi(loaded)}"
    return replace(inside, sighting=replace(inside.sighting, display=display, words=words, container=line))


def _unfit_shipper(scene: Scene, shipper: Container) -> Iterator[Reason]:
    since, now = scene.rows.out_of_use.get(shipper.serial), scene.attempt.recorded_at
    if since is not None and since <= now.astimezone(ZoneInfo(scene.attempt.zone)).date():
        yield reason(Code.WRONG_CONTAINER_STATE, "a shipper in use", f"out of use since {since}")
    if shipper.expires_at is not None and shipper.expires_at < now:
        yield reason(
            Code.TOO_LATE, "a shipper within its qualification", f"qualified until {shipper.expires_at:%Y-%m-%d}"
        )


# --- everything else


def _text(record: Record, tx: Transaction, at: Standing, text: str) -> Found:
    """Plain text: a subject of this site, a lot of the record, or nothing."""
    wanted = nameable(text)
    if at.place.kind is PlaceKind.SITE and wanted:
        row = tx.query("SELECT 1 FROM subjects WHERE number = :n AND site = :site", n=wanted, site=at.place.id)
        found = found_at(record, tx, at, chain=f"subject/{wanted}", serial=None) if row else None
        if found is not None:
            return found
    lot = registry.find_lot(tx, wanted) if wanted else None
    if lot is not None:
        return Found(_lot(lot, at, at.today(record.clock())))
    supplied = supplier_lot(tx, text)
    if supplied is not None:
        return Found(_supplied(supplied, at, at.today(record.clock())))
    words = words_of(reason(Code.MALFORMED_LABEL, "a label, badge, command or number of this record", _shown(text)), at)
    return Found(Sighting("text", _shown(text), "none of our codes", wrong=(words,)))


def _shown(text: str) -> str:
    return safe_excerpt(text, 60)


def _lot(lot: Lot, at: Standing, today: date) -> Sighting:
    state = "recalled" if lot.recalled else f"expired {lot.expires}" if lot.expires < today else None
    wrong = (
        ()
        if state is None
        else (words_of(reason(Code.LOT_EXPIRED, f"lot {lot.code} in date, not recalled", state), at),)
    )
    told = f"lot of {plain.words(lot.kind)}, {state or f'expires {lot.expires}'}"
    return Sighting("lot", lot.code, at.say(told), wrong=wrong)


def _supplied(supplied: SupplierLot, at: Standing, today: date) -> Sighting:
    wrong = () if supplied.wrong is None else (words_of(supplied.wrong, at),)
    if supplied.lot is None:
        return Sighting("lot", "symbol of a supplier", "the symbol of a supplier", wrong=wrong)
    found = _lot(supplied.lot, at, today)
    return replace(found, wrong=(*wrong, *found.wrong))


def _thing(tx: Transaction, at: Standing, read: Read, today: date) -> Sighting:
    match read:
        case CommandCode():
            return Sighting("command", read.format(), f"the command {plain.words(read.command)}")
        case BadgeCode():
            return _badge(tx, at, read, today)
        case EquipmentCode():
            return _equipment(tx, at, read, today)
        case StationCode():
            row = tx.one("SELECT name FROM stations WHERE code = :code AND active", code=read.text)
            name = "a station that is not registered" if row is None else f"the station {row[0]}"
            return Sighting("station", read.display(), name)
        case PositionCode():
            return Sighting("position", read.display(), f"storage position {read.display()}")
        case PlaceCode():
            return Sighting("place", read.display(), f"place {read.display()}")
        case _:
            return Sighting("text", "", "none of our codes")


def _badge(tx: Transaction, at: Standing, read: BadgeCode, today: date) -> Sighting:
    """Whose it is, what she is here, and what she can do with it."""
    carrier = registry.find_badge(tx, read.text)
    if carrier is None or not carrier.active:
        return Sighting("badge", "", "a badge that nobody carries", wrong=(NOT_FOUND,))
    here = tuple(role for role in registry.roles_of(tx, carrier.id) if role.place == at.place.id)
    told = ", ".join(_role(role, today) for role in here) or "no role"
    way = "signed in here now" if carrier.id == at.account else "can sign in here with the password"
    words = f"the badge of {carrier.name}: {told} at {at.place.name}, {way}"
    return Sighting("badge", carrier.name, words, badge=carrier.id, roles=tuple(role.role for role in here))


def _role(one: AccountRole, today: date) -> str:
    lasts = one.trained_until is not None and one.trained_until >= today
    return plain.words(one.role) if lasts else f"{plain.words(one.role)} (the training has ended)"


def _equipment(tx: Transaction, at: Standing, read: EquipmentCode, today: date) -> Sighting:
    rows = read_around(tx, AroundRequest(equipment=(read.text,)))
    one, since = rows.equipment.get(read.text), rows.out_of_use.get(read.text)
    if one is None:
        return Sighting("equipment", read.display(), "equipment that is not registered", wrong=(NOT_FOUND,))
    retired = since is not None and since <= today
    state = f"out of use since {since}" if retired else f"fit until {one.fit_until}"
    unfit = retired or one.fit_until < today
    wrong = (words_of(reason(Code.EQUIPMENT_UNFIT, f"equipment that is fit on {today}", state), at),) if unfit else ()
    told = at.say(f"{plain.words(one.kind)} of {one.place}, {state}")
    return Sighting("equipment", read.display(), told, wrong=wrong)
