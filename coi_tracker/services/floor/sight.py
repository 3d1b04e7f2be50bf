"""A begun step, looked at: what the engine says now, which prompts are open, what would be signed.

One look serves a scan, a screen and a signature. Reads, decides without recording, and writes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from coi_tracker.course import Course, Event, Reason, Scanned
from coi_tracker.custody_log.entry import canonical
from coi_tracker.process.look import Unreadable, read_field, read_instant, write_field
from coi_tracker.process.quality import Fact, Gate
from coi_tracker.process.scans import assign, fault_of
from coi_tracker.process.signing import SecondSigns, Signs
from coi_tracker.process.spec import Step
from coi_tracker.services import plain
from coi_tracker.services.floor.asking import prompts_of
from coi_tracker.services.floor.draft import Draft, Seat, Signed, request_of
from coi_tracker.services.floor.lines import course_line
from coi_tracker.services.floor.screen import Progress, Prompt, SignatureSlot, Summary
from coi_tracker.services.floor.standing import Standing
from coi_tracker.services.floor.targets import target_prompts
from coi_tracker.services.floor.view import View
from coi_tracker.services.record import Record
from coi_tracker.services.requests import AttemptRequest
from coi_tracker.services.routing import read_codes
from coi_tracker.services.scene import Scene, decided, set_scene, with_request
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import Meaning, Role

MEASURED = ("weight", "height", "creatinine")
"""What doses are reckoned from."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look at a begun step found. ``view`` None: what the step is about is not known yet."""

    step: Step
    draft: Draft
    seat: Seat
    view: View | None
    scene: Scene | None
    reasons: tuple[Reason, ...]
    prompts: tuple[Prompt, ...]
    digest: str
    slots: tuple[SignatureSlot, ...]

    @property
    def next(self) -> Prompt | None:
        """The prompt that plain text answers."""
        return next((p for p in self.prompts if p.progress is Progress.NEXT), None)

    @property
    def unsigned(self) -> tuple[SignatureSlot, ...]:
        """The signatures that are still to be given."""
        return tuple(s for s in self.slots if s.signed_at is None)


def look(record: Record, tx: Transaction, at: Standing, seat: Seat, *, now: datetime) -> Sight:
    """Look at what is begun at a seat. `at`: who sits there."""
    draft = seat.draft
    assert draft is not None  # noqa: S101 - the caller has seen that something is begun
    if draft.chain is None:
        step = record.process.steps[draft.step]
        return Sight(step, draft, seat, None, None, (), target_prompts(record, tx, draft), "", ())
    scene = scene_for(record, tx, request_of(draft, seat, now=now))
    return sight_of(scene, at, seat, decided(scene), now=now)


def scene_for(record: Record, tx: Transaction, request: AttemptRequest) -> Scene:
    """Everything for a request, without a lock."""
    return set_scene(record, tx, request, read_codes(request.scans), locking=False)


def sight_of(scene: Scene, at: Standing, seat: Seat, event: Event, *, now: datetime) -> Sight:
    """The sight of a scene that was decided."""
    draft = seat.draft
    assert draft is not None  # noqa: S101
    step = step_of(scene, draft.step)
    if scene.protocol is None:
        return Sight(step, draft, seat, None, scene, event.reasons, (), "", ())
    view = View(step, scene.protocol, scene.course, scene, draft, at, now)
    what = what_is_signed(view, scene)
    digest = hashlib.sha256(canonical(what)).hexdigest()
    slots = tuple(_slots(step, draft, seat, digest, now))
    return Sight(step, draft, seat, view, scene, event.reasons, prompts_of(view), digest, slots)


def step_of(scene: Scene, name: str) -> Step:
    """The step as the course's own process has it."""
    process = scene.record.process_of(scene.course)
    return process.steps.get(name) or scene.record.process.steps[name]


def decided_with(scene: Scene, draft: Draft, seat: Seat, *, now: datetime) -> tuple[Scene, Event]:
    """The same scene for another draft that asks for nothing new, and what the engine says to it."""
    other = with_request(scene, request_of(draft, seat, now=now))
    return other, decided(other)


# --- what is signed


def parts_of(step: Step, course: Course, scans: tuple[Scanned, ...]) -> dict[str, tuple[Scanned, ...]]:
    """Which part each scan plays."""
    found: dict[str, tuple[Scanned, ...]] = assign(step, tuple(replace(s, fault=fault_of(course, s)) for s in scans))[0]
    return found


def what_is_signed(view: View, scene: Scene) -> dict[str, Any]:
    """The ``what`` of docs/custody_log.md, with the evidence as it was given."""
    course, attempt = scene.course, scene.attempt
    parts = parts_of(view.step, course, attempt.scans)
    touches = [{"id": s.container.id, "part": part} for part, ss in parts.items() for s in ss if s.container]
    touches += [
        {"id": s.container.id, "part": "shipper"} for s in attempt.scans if s.container and _is_shipper(view, s)
    ]
    return {
        "containers": touches,
        "course": course.coi,
        "evidence": _evidence(view, attempt.evidence),
        "process": _definition(course.process.digest, course.process.key, course.process.version),
        "protocol": _definition(course.protocol.digest, course.protocol.key, course.protocol.version),
        "refers_to": attempt.refers_to,
        "step": view.step.name,
    }


def _is_shipper(view: View, one: Scanned) -> bool:
    return any(r.part == "shipper" and r.serial == one.serial for r in view.draft.reads)


def _definition(digest: str, key: str, version: str) -> dict[str, str]:
    return {"digest": digest, "key": key, "version": version}


def _evidence(view: View, given: Mapping[str, Any]) -> dict[str, Any]:
    fields = {f.name: f for f in view.step.fields}
    found = dict(given)
    for name, value in given.items():
        if name in fields:
            try:
                found[name] = write_field(fields[name], read_field(fields[name], value))
            except Unreadable:
                continue
    draft = view.draft
    extra = {"late_reason": draft.late_reason if draft.late else None, "comment": draft.comment}
    return found | {k: v for k, v in extra.items() if v is not None}


def summary_of(sight: Sight, at: Standing) -> Summary:
    """Plain sentences, one after the other, and the digest of what they say."""
    return Summary(tuple(_sentences(sight, at)), sight.digest)


def _sentences(sight: Sight, at: Standing) -> Iterator[str]:
    view, draft = sight.view, sight.draft
    if view is None:
        return
    yield f"{view.step.title}: {_whose(view.course, at)}."
    yield from _plan(view)
    for prompt in sight.prompts:
        if prompt.given and not prompt.personal:
            yield f"{prompt.asks[:1].upper()}{prompt.asks[1:]}: {', '.join(prompt.given)}."
    if any(p.personal and p.given for p in sight.prompts):
        yield "The person was identified, or asked, as the step wants."
    when = "now" if draft.happened_at is None else plain.moment(draft.happened_at, at.place.zone)
    yield f"By {at.name} as {plain.words(draft.role)} at {at.place.name}, {when}."


def _plan(view: View) -> Iterator[str]:
    """The plan of the record, where a step rests on it: nobody confirms, or begins, what is not said."""
    needs = (*view.step.needs, *(part.need for gate in view.step.needs_of(Gate) for part in gate.parts))
    facts = view.course.facts
    if "plan.infusion_at" not in facts or not any(isinstance(n, Fact) and n.name == "plan.confirmed" for n in needs):
        return
    when = plain.moment(read_instant(facts["plan.infusion_at"]), view.zone)
    body = [f"{name} {_amount(facts[f'plan.{name}'])}" for name in MEASURED if facts.get(f"plan.{name}")]
    said = (f"infusion {when}", f"regimen {plain.words(str(facts.get('plan.regimen')))}", *body)
    yield f"The plan in the record: {', '.join(said)}."


def _amount(quantity: Mapping[str, Any]) -> str:
    return f"{quantity['value']} {plain.unit(quantity['unit'])}"


def _whose(course: Course, at: Standing) -> str:
    kind = course.chain.partition("/")[0]
    return f"{kind} {course_line(course, at).display}"


# --- who signs


def _slots(step: Step, draft: Draft, seat: Seat, digest: str, now: datetime) -> Iterator[SignatureSlot]:
    left = [s for s in draft.signatures if s.digest == digest and now < s.until]
    for need in step.needs_of(Signs):
        mine = next((s for s in left if s.account == seat.account and s.meaning is need.meaning), None)
        yield _slot(need.meaning, frozenset({draft.role}), mine, left, account=seat.account)
    for need in step.needs_of(SecondSigns):
        other = next((s for s in left if s.account != seat.account and s.meaning is need.meaning), None)
        yield _slot(need.meaning, need.by, other, left)
    if draft.late:
        late = next((s for s in left if s.account != seat.account and s.meaning is Meaning.LATE_ENTRY), None)
        yield _slot(Meaning.LATE_ENTRY, frozenset(Role), late, left)


def _slot(
    meaning: Meaning, roles: frozenset[Role], found: Signed | None, left: list[Signed], account: str | None = None
) -> SignatureSlot:
    ordered = tuple(sorted(roles))
    if found is None:
        return SignatureSlot(meaning, account is not None, ordered, account)
    left.remove(found)
    return SignatureSlot(meaning, account is not None, ordered, found.account, found.name, found.at, found.until)
