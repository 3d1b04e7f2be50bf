"""What goes wrong with a right attempt on the shop floor: another bag, an old label, a torn code, a missing witness.

Each mishap turns a right request into one that must be refused, or says that it does not apply here. Knows the
course and the people, and no rule of any step but the roles it lists.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from coi_tracker.course import Container, Course
from coi_tracker.identity import CoiId, LabelSerial, ScanPayload
from coi_tracker.process.scans import Scan
from coi_tracker.process.spec import Step
from coi_tracker.services.changes import new_event_id
from coi_tracker.services.requests import AttemptRequest, ScanClaim
from coi_tracker.simulation.premises import Premises
from coi_tracker.vocabulary import HowRead, LabelState

DEAD = frozenset({LabelState.SUPERSEDED, LabelState.VOID, LabelState.DESTROYED, LabelState.RETURNED})
FOREIGN_CODES = (
    "",
    "   ",
    "=G123417654321A00",
    "(01)09506000134352(21)A1B2",
    "https://example.org/bag/1",
    "COI1:C",
    "COI2:-:L00000000000:0",
    '{"bag": 1}',
    "\u202eTAB\u202c",
    "\x00\x01\x02",
    "L0000-0000-000O",
)
"""Codes of other systems, torn ones, and what a reader makes of dirt."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A right attempt and what is around it. ``others``: courses whose labels may lie on the same table."""

    step: Step
    course: Course
    request: AttemptRequest
    premises: Premises
    others: Sequence[Course]
    chance: random.Random

    def fresh(self) -> AttemptRequest:
        """The same request under an id of its own."""
        return replace(self.request, id=new_event_id(self.premises.record))


Mishap = Callable[[Scene], AttemptRequest | None]


def payload(container: Container) -> str:
    """What a reader sends for the label of a container."""
    return code(container.coi, container.serial)


def code(coi: str | None, serial: str) -> str:
    """What a reader sends for a label."""
    return ScanPayload(None if coi is None else CoiId(coi), LabelSerial(serial)).format()


def with_scan(request: AttemptRequest, place: int, text: str) -> AttemptRequest:
    """The request with another code at one place of its scans."""
    scans = list(request.scans)
    scans[place] = ScanClaim(text, HowRead.SCANNED, scans[place].part)
    return replace(request, scans=tuple(scans))


def _own_scans(scene: Scene) -> list[tuple[int, Container]]:
    """The scans of containers of the course, each with its place."""
    by_code = {payload(c): c for c in scene.course.containers.values()}
    return [(n, by_code[s.code]) for n, s in enumerate(scene.request.scans) if s.code in by_code]


def _swapped(scene: Scene, others: Sequence[Course]) -> AttemptRequest | None:
    own = _own_scans(scene)
    if not own or scene.course.coi is None:
        return None
    place, mine = scene.chance.choice(own)
    there = [c for o in others if o.coi != scene.course.coi for c in o.of_kind(mine.kind)]
    if not there:
        return None
    return with_scan(scene.fresh(), place, payload(scene.chance.choice(there)))


def another_patient(scene: Scene) -> AttemptRequest | None:
    """A container of another patient instead of one of this course."""
    number = scene.course.subject.number if scene.course.subject else ""
    return _swapped(scene, [o for o in scene.others if o.subject is None or o.subject.number != number])


def same_patients_other_course(scene: Scene) -> AttemptRequest | None:
    """A container of another course of the same patient: name, birth date and record number all match."""
    number = scene.course.subject.number if scene.course.subject else ""
    return _swapped(scene, [o for o in scene.others if o.subject is not None and o.subject.number == number])


def dead_label(scene: Scene) -> AttemptRequest | None:
    """A label of the course that speaks for nothing any more."""
    dead = sorted(label.serial for label in scene.course.labels.values() if label.state in DEAD)
    own = _own_scans(scene)
    if not dead or not own:
        return None
    return with_scan(scene.fresh(), own[0][0], code(scene.course.coi, scene.chance.choice(dead)))


def torn_code(scene: Scene) -> AttemptRequest | None:
    """A code with its end cut off, a letter changed, or of another system."""
    if not scene.request.scans:
        return None
    place = scene.chance.randrange(len(scene.request.scans))
    right = scene.request.scans[place].code
    cut = right[: scene.chance.randrange(len(right))]
    return with_scan(scene.fresh(), place, scene.chance.choice([cut, right[:-1] + "?", *FOREIGN_CODES]))


def forgotten_scan(scene: Scene) -> AttemptRequest | None:
    """Nothing was scanned of what every such step has to see."""
    needed = [s for s in scene.step.needs_of(Scan) if s.all is not None or s.count == (1, 1)]
    if not needed or not scene.request.scans:
        return None
    parts = {s.part for s in needed}
    kept = tuple(s for s in scene.request.scans if s.part not in parts)
    return replace(scene.fresh(), scans=kept) if len(kept) < len(scene.request.scans) else None


def scanned_twice(scene: Scene) -> AttemptRequest | None:
    """One container read twice."""
    if not scene.request.scans:
        return None
    again = scene.chance.choice(scene.request.scans)
    return replace(scene.fresh(), scans=(*scene.request.scans, again))


def nobody_signs(scene: Scene) -> AttemptRequest | None:
    """The last signature is missing."""
    if not scene.request.signatures:
        return None
    return replace(scene.fresh(), signatures=scene.request.signatures[:-1])


def one_signs_twice(scene: Scene) -> AttemptRequest | None:
    """The actor signs for the witness too."""
    if len(scene.request.signatures) < 2:
        return None
    first, *rest = scene.request.signatures
    return replace(scene.fresh(), signatures=(first, *(replace(s, account=first.account) for s in rest)))


def wrong_password(scene: Scene) -> AttemptRequest | None:
    """One signature was not authenticated."""
    if not scene.request.signatures:
        return None
    *first, last = scene.request.signatures
    return replace(scene.fresh(), signatures=(*first, replace(last, authentic=False)))


def _as(scene: Scene, account: str, *, station: str | None = None) -> AttemptRequest:
    """The request as if another person acted (and signed for the actor)."""
    mine = scene.request.account
    signatures = tuple(replace(s, account=account) if s.account == mine else s for s in scene.request.signatures)
    return replace(scene.fresh(), account=account, signatures=signatures, station=station or scene.request.station)


def wrong_role(scene: Scene) -> AttemptRequest | None:
    """Somebody of the same place without a role for the step tries it, as what she is."""
    mine = next((w for w in scene.premises.workers if w.account == scene.request.account), None)
    if mine is None:
        return None
    others = [w for w in scene.premises.workers if w.place == mine.place and w.role not in scene.step.by]
    if not others:
        return None
    other = scene.chance.choice(others)
    return replace(_as(scene, other.account), role=other.role)


def wrong_place(scene: Scene) -> AttemptRequest | None:
    """Somebody with the right role tries it at another place of the same sort."""
    mine = next((w for w in scene.premises.workers if w.account == scene.request.account), None)
    if mine is None or scene.course.coi is None or mine.place not in {scene.course.site, scene.course.facility}:
        return None
    kind = scene.premises.kind(mine.place)
    others = [
        w
        for w in scene.premises.workers
        if w.role is mine.role and w.place != mine.place and scene.premises.kind(w.place) == kind
    ]
    if not others:
        return None
    other = scene.chance.choice(others)
    return _as(scene, other.account, station=scene.premises.stations[other.place])


def lapsed_training(scene: Scene) -> AttemptRequest | None:
    """Somebody whose training has ended."""
    mine = next((w for w in scene.premises.workers if w.account == scene.request.account), None)
    if mine is None:
        return None
    today = scene.premises.today(mine.place)
    lapsed = [w for w in scene.premises.people(mine.role, mine.place) if w.until < today]
    return _as(scene, lapsed[0].account) if lapsed else None


def unknown_station(scene: Scene) -> AttemptRequest | None:
    """A reader that was never registered."""
    return replace(scene.fresh(), station="S000-0000")


def wrong_clock(scene: Scene) -> AttemptRequest | None:
    """A station whose clock is off, either way."""
    if scene.request.happened_at is None or scene.request.late_reason is not None:
        return None
    off = timedelta(minutes=scene.chance.choice([-61, -7, 7, 60]))
    return replace(scene.fresh(), happened_at=scene.request.happened_at + off)


def missing_evidence(scene: Scene) -> AttemptRequest | None:
    """One of the questions that have to be answered is not."""
    asked = [f.name for f in scene.step.fields if f.required and f.name != "identifiers_kept"]
    given = sorted(set(asked) & scene.request.evidence.keys())
    if not given:
        return None
    gone = scene.chance.choice(given)
    return replace(scene.fresh(), evidence={k: v for k, v in scene.request.evidence.items() if k != gone})


def wrong_unit(scene: Scene) -> AttemptRequest | None:
    """A number in another unit than the form asks for."""
    units = sorted(k for k, v in scene.request.evidence.items() if isinstance(v, dict) and "unit" in v)
    if not units:
        return None
    name = scene.chance.choice(units)
    wrong = {**scene.request.evidence[name], "unit": "furlong"}
    return replace(scene.fresh(), evidence={**scene.request.evidence, name: wrong})


def unasked_evidence(scene: Scene) -> AttemptRequest | None:
    """An answer to a question nobody asked."""
    return replace(scene.fresh(), evidence={**scene.request.evidence, "colour": "blue"})


def wrong_person(scene: Scene) -> AttemptRequest | None:
    """The person in front of the nurse is somebody else."""
    if not scene.request.identifiers:
        return None
    return replace(scene.fresh(), identifiers={**scene.request.identifiers, "birth_date": "1931-01-01"})


MISHAPS: tuple[tuple[Mishap, int], ...] = (
    (another_patient, 14),
    (same_patients_other_course, 30),
    (dead_label, 20),
    (torn_code, 12),
    (forgotten_scan, 6),
    (scanned_twice, 5),
    (nobody_signs, 4),
    (one_signs_twice, 4),
    (wrong_password, 6),
    (wrong_role, 5),
    (wrong_place, 4),
    (lapsed_training, 3),
    (unknown_station, 2),
    (wrong_clock, 3),
    (missing_evidence, 5),
    (wrong_unit, 3),
    (unasked_evidence, 1),
    (wrong_person, 6),
)
"""Every mishap with its weight; those that seldom apply weigh more."""


def any_mishap(scene: Scene) -> tuple[str, AttemptRequest] | None:
    """A mishap by chance, with its name; None when the one that was drawn does not apply."""
    kinds, weights = zip(*MISHAPS, strict=True)
    mishap: Mishap = scene.chance.choices(kinds, weights=weights)[0]
    found = mishap(scene)
    return None if found is None else (mishap.__name__, found)


def sent_again(scene: Scene) -> AttemptRequest | None:
    """A step that moves a track, handed in a second time under a new id, after it was performed."""
    moved = [m for m in scene.step.moves if m.to is not None and m.to not in m.sources]
    return scene.fresh() if moved else None
