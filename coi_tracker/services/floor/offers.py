"""Which steps this person at this place may do now, found by letting the engine decide without writing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from coi_tracker.course import Container
from coi_tracker.identity import CommandCode
from coi_tracker.process.scans import Scan, ShipperScan
from coi_tracker.process.signing import SameTwoAtBedside
from coi_tracker.process.spec import Step
from coi_tracker.services import plain
from coi_tracker.services.floor.asking import prompts_of
from coi_tracker.services.floor.containers import asked
from coi_tracker.services.floor.draft import Draft
from coi_tracker.services.floor.judging import words_of
from coi_tracker.services.floor.lines import concerned
from coi_tracker.services.floor.screen import Offer, Prompt, Words
from coi_tracker.services.floor.standing import Standing
from coi_tracker.services.floor.targets import only_study
from coi_tracker.services.floor.trying import in_the_way
from coi_tracker.services.floor.view import View
from coi_tracker.services.record import Record
from coi_tracker.services.requests import AttemptRequest, ScanClaim
from coi_tracker.services.routing import read_codes
from coi_tracker.services.scene import Scene, set_scene, with_request
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import Command, Role
from coi_tracker.vocabulary import ReasonCode as Code

NOBODYS_ID = "00000000-0000-7000-8000-000000000000"
"""Of an attempt that is only looked at."""


def offers(record: Record, chain: str, *, at: Standing, serial: str | None = None) -> tuple[Offer, ...]:
    """Steps on a chain (``course/<COI>``, ``subject/<number>``, ``place/<id>``, ``study/<key>``) for the roles here.

    Those that are ready come first, and of them those in which the label ``serial`` plays a part. Empty for a chain
    with which the place has nothing to do.
    """
    with record.database.read() as tx:
        scene = scene_at(record, tx, at, chain, serial=serial)
        known = scene.protocol is not None and concerned(scene.course, at)
        return offers_in(record, at, scene, serial=serial) if known else ()


def scene_at(record: Record, tx: Transaction, at: Standing, chain: str | None, *, serial: str | None = None) -> Scene:
    """What is there on a chain (None: of the label), for somebody who stands here and has attempted nothing yet."""
    kind, _, key = (chain or "").partition("/")
    on = {"course": "", "subject": "subject", "place": "place", "study": "study"}.get(kind, "")
    step = next((s.name for s in record.process.steps.values() if s.on == (on or "course")), "")
    request = AttemptRequest(
        id=NOBODYS_ID,
        step=step,
        account=at.account,
        role=None,
        station=at.station,
        course=key if kind == "course" else None,
        subject=key if kind == "subject" else None,
        target=key if kind in {"place", "study"} else None,
        study=only_study(tx) if kind == "place" else None,
        scans=() if serial is None else (ScanClaim(serial),),
    )
    return set_scene(record, tx, request, read_codes(request.scans), locking=False)


def offers_in(record: Record, at: Standing, scene: Scene | None, *, serial: str | None) -> tuple[Offer, ...]:
    """The same with what was read already. `scene` None: nothing was scanned, what can be begun from nothing."""
    if scene is None or scene.protocol is None:
        return tuple(_from_nothing(record, at))
    found = [_offer(scene, at, step, role, serial) for step, role in _steps(scene, at)]
    return tuple(sorted(found, key=lambda offer: (not offer.ready, offer.part is None)))


def _from_nothing(record: Record, at: Standing) -> Iterator[Offer]:
    for step in record.process.steps.values():
        role = at.role_for(step.by)
        if role is not None and at.place.kind in step.at and step.on != "course":
            yield Offer(step.name, step.title, role, ready=True, command=command_of(step))


def command_of(step: Step) -> str:
    """What is printed for choosing the step by scanning."""
    return CommandCode(Command.STEP, step.name).format()


def _steps(scene: Scene, at: Standing) -> Iterator[tuple[Step, Role]]:
    kind = scene.course.chain.partition("/")[0]
    for step in scene.record.process_of(scene.course).steps.values():
        role = at.role_for(step.by)
        if role is not None and step.on == kind and at.place.kind in step.at and _own(scene, at):
            yield step, role


def _own(scene: Scene, at: Standing) -> bool:
    """A site acts on its own subjects, a facility on its own courses (the engine says so too)."""
    place, course = at.place, scene.course
    if place.kind == "site":
        return course.site in (None, place.id)
    return place.kind != "facility" or course.facility in (None, place.id)


def _offer(scene: Scene, at: Standing, step: Step, role: Role, serial: str | None) -> Offer:
    view = empty_view(scene, at, step, role)
    part = _part(view, serial)
    blocked = [words_of(r, at) for r in in_the_way(view, serial=serial if part else None)]
    prompts = () if blocked else prompts_of(view)
    blocked += _unanswerable(view, prompts)
    return Offer(
        step=step.name,
        title=step.title,
        role=role,
        ready=not blocked,
        blocked=tuple(dict.fromkeys(blocked)),
        missing=tuple(p.asks for p in prompts if p.required),
        part=part,
        command=command_of(step),
    )


def empty_view(scene: Scene, at: Standing, step: Step, role: Role) -> View:
    """A step on which nothing was scanned or answered yet. The scene must be one of a known protocol."""
    bare = replace(scene.request, step=step.name, role=role, scans=(), evidence={}, study=scene.route.study)
    tried = with_request(scene, bare)
    assert tried.protocol is not None  # noqa: S101 - said above
    now = tried.attempt.recorded_at
    draft = Draft("", NOBODYS_ID, step.name, role, scene.course.chain, scene.route.study, now)
    return View(step, tried.protocol, tried.course, tried, draft, at, now)


def _unanswerable(view: View, prompts: tuple[Prompt, ...]) -> Iterator[Words]:
    """What the step will ask for and nobody could give now."""
    for scan in view.step.needs_of(Scan):
        yield from _too_few(view, scan)
    for need in view.step.needs_of(ShipperScan):
        if need.ours and view.course.facts.get("shipper") is None:
            yield _lacking("a shipper packed for this course", "none is packed", "pack it first")
    for prompt in prompts:
        if prompt.closed and prompt.required and not prompt.choices:
            yield _lacking(prompt.asks, "there is none", "open the course to see what comes first")
    if view.step.needs_of(SameTwoAtBedside) and not any(c.verified_at for c in view.course.containers.values()):
        yield _lacking("a bag verified at the bedside", "none is", "match bag and wristband first")


def _too_few(view: View, scan: Scan) -> Iterator[Words]:
    low, _ = view.bounds(scan)
    fit = len(view.fit_for(scan))
    if fit < low:
        states = plain.either(scan.states) if len(scan.states) < 4 else "in use"
        do = "issue labels and scan them back" if states == "labelled" else "open the course to see where they are"
        yield _lacking(f"{asked(scan, low, low)}, {states}, here", f"{fit or 'none'}", do)


def _lacking(expected: str, observed: str, do: str) -> Words:
    return Words(expected, observed, do, str(Code.MISSING_CONTAINER), "Not there yet")


def _part(view: View, serial: str | None) -> str | None:
    if serial is None:
        return None
    for scan in view.step.needs_of(Scan):
        if any(c.serial == serial for c in view.fit_for(scan)):
            return str(scan.part)
    shippers = {s.serial for s in view.scene.rows.shippers.values()}
    return "shipper" if view.step.needs_of(ShipperScan) and serial in shippers else None


def container_of(scene: Scene, serial: str) -> Container | None:
    """The container of a label that was read into a scene."""
    return next((s.container for s in scene.attempt.scans if s.serial == serial), None)
