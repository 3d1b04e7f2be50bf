"""What is scanned or answered goes into a begun step, or is refused because of what it brings. Kept, or recorded.

The engine decides with it and without it; what it makes wrong is the difference. Knows no particular step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coi_tracker.course import Event
from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import CoiId, ScanPayload, safe_excerpt
from coi_tracker.process.look import reason
from coi_tracker.process.quality import ResultFits
from coi_tracker.process.records import KnownContainer, OwnContainer
from coi_tracker.process.scans import ShipperScan
from coi_tracker.process.spec import On
from coi_tracker.services import plain
from coi_tracker.services.floor.containers import printed
from coi_tracker.services.floor.draft import Draft, Read, Seat, request_of
from coi_tracker.services.floor.judging import brought, forbidding, words_of
from coi_tracker.services.floor.lines import concerned
from coi_tracker.services.floor.offers import scene_at
from coi_tracker.services.floor.screen import Words
from coi_tracker.services.floor.sight import decided_with, parts_of, scene_for, sight_of, step_of
from coi_tracker.services.floor.work import Done, Hand, accepted, changed, refused, refused_scan
from coi_tracker.services.requests import ScanClaim
from coi_tracker.services.routing import ReadCode
from coi_tracker.services.scene import Scene, decided
from coi_tracker.vocabulary import ContainerKind
from coi_tracker.vocabulary import ReasonCode as Code


def take(hand: Hand, draft: Draft, *, claims: tuple[ScanClaim, ...], shown_as: str, key: str, **values: Any) -> Done:
    """Take other content into the draft unless it brings a reason to refuse it at once.

    `claims`: the codes that a refusal records, `shown_as` how it stands in the list of what was unexpected.
    """
    before = hand.seat.draft
    assert before is not None  # noqa: S101 - the caller has seen that something is begun
    seat = changed(hand, draft, **values, order=(*draft.order, key))
    after = seat.draft
    assert after is not None  # noqa: S101
    scene = scene_for(hand.record, hand.tx, request_of(after, seat, now=hand.now))
    event = decided(scene)
    _, without = decided_with(scene, before, hand.seat, now=hand.now)
    wrong = brought(without.reasons, event.reasons)
    if wrong:
        return refused_scan(hand, claims, wrong, shown_as=shown_as)
    seat = replace(seat, draft=_with_part(scene, after))
    if key.startswith("read.") and (read := scene.attempt.scans[-1].container) is not None:
        shown_as = f"{plain.container(read)}, {shown_as}"
    news = tuple(words_of(r, hand.at) for r in forbidding(event.reasons) if r not in without.reasons)
    return Done(accepted(shown_as, *news), seat, _sight(hand, scene, seat, event))


def _sight(hand: Hand, scene: Scene, seat: Seat, event: Event) -> Any:
    return sight_of(scene, hand.at, seat, event, now=hand.now)


def _with_part(scene: Scene, draft: Draft) -> Draft:
    """The last label that was read, with the part it plays: the engine says which."""
    if not draft.reads or draft.reads[-1].part is not None:
        return draft
    step = step_of(scene, draft.step)
    last = scene.attempt.scans[-1]
    found = [p for p, scans in parts_of(step, scene.course, scene.attempt.scans).items() if scans and _in(last, scans)]
    shipper = last.container is not None and last.container.kind is ContainerKind.SHIPPER
    part = found[0] if found else "shipper" if shipper and step.needs_of(ShipperScan) else None
    return replace(draft, reads=(*draft.reads[:-1], replace(draft.reads[-1], part=part)))


def _in(one: Any, several: tuple[Any, ...]) -> bool:
    return any(s.serial == one.serial for s in several)


# --- labels


def take_label(hand: Hand, draft: Draft, code: ReadCode) -> Done:
    """A label was scanned: it says which course it is about, or names a container, or plays a part."""
    serial = code.serial or ""
    display = printed(serial) or ""
    if draft.chain is None:
        return _course_of_label(hand, draft, code, display)
    named = _named(hand, draft, code)
    if named is not None:
        evidence = {**draft.evidence, "container": named}
        return take(hand, draft, claims=(code.claim,), shown_as=display, key="field.container", evidence=evidence)
    reads = (*draft.reads, Read(_canonical(code), code.claim.by, None, serial))
    return take(hand, draft, claims=(code.claim,), shown_as=display, key=f"read.{serial}", reads=reads)


def _canonical(code: ReadCode) -> str:
    """What is kept of a label: exactly what it says, without what a scanner adds."""
    return str(code.read)


def _named(hand: Hand, draft: Draft, code: ReadCode) -> str | None:
    """The container that is to be named and not scanned; only by a live label of this very course."""
    step = hand.record.process.steps[draft.step]
    if not (step.needs_of(KnownContainer) or step.needs_of(OwnContainer)) or "container" in draft.evidence:
        return None
    kind, _, coi = (draft.chain or "").partition("/")
    if kind != "course" or code.coi not in (None, coi):
        return None
    row = hand.tx.one(
        "SELECT c.id FROM labels l JOIN containers c ON c.id = l.container "
        "WHERE l.serial = :serial AND l.live AND c.coi = :coi",
        serial=code.serial,
        coi=coi,
    )
    return None if row is None else str(row[0])


def _course_of_label(hand: Hand, draft: Draft, code: ReadCode, display: str) -> Done:
    step = hand.record.process.steps[draft.step]
    scene = scene_at(hand.record, hand.tx, hand.at, None, serial=code.claim.code)
    one = scene.attempt.scans[0]
    if step.on is not On.COURSE or scene.protocol is None or not concerned(scene.course, hand.at):
        coded = one.fault or Code.WRONG_COURSE
        why = reason(coded, "a label of a course that this place works on", display or one.raw)
        return refused_scan(hand, (code.claim,), (why,), shown_as=display or one.raw)
    on_it = replace(draft, chain=scene.course.chain, study=scene.route.study)
    done = take_label(replace(hand, seat=replace(hand.seat, draft=on_it)), on_it, code)
    if done.verdict.entry is None:
        return done
    return replace(done, seat=replace(done.seat, draft=draft), sight=None)


def take_coi(hand: Hand, draft: Draft, code: ReadCode) -> Done:
    """A COI was scanned or typed: it says which course the step is about, or confirms it."""
    assert isinstance(code.read, CoiId)  # noqa: S101 - the caller has looked
    coi = code.read
    wanted = f"course/{coi.text}"
    if draft.chain == wanted:
        return Done(accepted(f"{coi.display()} is the course of this step"), hand.seat)
    if draft.chain is None and hand.record.process.steps[draft.step].on is On.COURSE:
        scene = scene_at(hand.record, hand.tx, hand.at, wanted)
        if scene.protocol is not None and concerned(scene.course, hand.at):
            seat = changed(hand, draft, chain=wanted, study=scene.route.study)
            return Done(accepted(f"Course {coi.display()}"), seat)
    kind, _, ours = (draft.chain or "").partition("/")
    expected = f"the course of this step ({ours})" if kind == "course" else "a course that this place works on"
    why = reason(Code.WRONG_COURSE, expected, f"COI {coi.display()}")
    return refused_scan(hand, (code.claim,), (why,), shown_as=coi.display())


def take_unfitting(hand: Hand, code: ReadCode, what: str) -> Done:
    """One of our codes that nothing of this step asks for."""
    asked = hand.look().next
    expected = "nothing more to be scanned for this step" if asked is None else asked.asks
    why = reason(Code.WRONG_CONTAINER_KIND, expected, what)
    return refused_scan(hand, (code.claim,), (why,), shown_as=what)


def take_unread(hand: Hand, code: ReadCode) -> Done:
    """Text that is none of our codes, and nothing that was asked for."""
    raw = safe_excerpt(code.claim.code)
    fault = _fault_of_text(code.claim.code)
    why = reason(Code.MALFORMED_LABEL, "a label of this system", raw)
    done = refused_scan(hand, (code.claim,), (why,), shown_as=safe_excerpt(code.claim.code, 40))
    if fault is None:
        return done
    return replace(done, verdict=replace(done.verdict, words=(replace(done.verdict.words[0], observed=fault),)))


def _fault_of_text(text: str) -> str | None:
    """What is wrong with what was nearly a label, in the words of the identifiers."""
    try:
        ScanPayload.parse(text.strip().upper())
    except NotUnderstood as not_understood:
        return not_understood.came if text.strip().upper().startswith("COI") else None
    return None


# --- evidence


def take_evidence(
    hand: Hand,
    draft: Draft,
    evidence: Mapping[str, Any],
    *,
    key: str,
    shown_as: str,
    claims: tuple[ScanClaim, ...] = (),
) -> Done:
    """Answers go in, with what follows from them."""
    return take(hand, draft, claims=claims, shown_as=shown_as, key=key, evidence=_followed(hand, draft, evidence))


def _followed(hand: Hand, draft: Draft, evidence: Mapping[str, Any]) -> dict[str, Any]:
    """The unit of a result follows from its test."""
    found = dict(evidence)
    step = hand.record.process.steps[draft.step]
    if not step.needs_of(ResultFits) or "test" not in found:
        return found
    scene = scene_for(hand.record, hand.tx, request_of(draft, hand.seat, now=hand.now))
    test = None if scene.protocol is None else scene.protocol.release_tests.get(str(found["test"]))
    found.pop("unit", None)
    return found | ({"unit": test.unit} if test is not None and test.unit is not None else {})


def not_a_value(hand: Hand, expected: str, came: str) -> Done:
    """An answer of another shape or not of the list: it is said, and not recorded, because nothing was understood."""
    words = Words(expected, came, "scan or type it again", str(Code.VALUE_OUT_OF_RANGE), "Not an answer")
    return Done(refused("Not an answer", words), hand.seat)


def identified(hand: Hand, draft: Draft, name: str, value: str) -> Done:
    """What the person says or shows is compared at once: what differs is refused, and its value never kept."""
    seat = changed(
        hand, draft, identifiers={**draft.identifiers, name: value}, order=(*draft.order, f"identifier.{name}")
    )
    after = seat.draft
    assert after is not None  # noqa: S101
    scene = scene_for(hand.record, hand.tx, request_of(after, seat, now=hand.now))
    words = name.replace("_", " ")
    if name in scene.identified.differing:
        why = reason(Code.WRONG_SUBJECT, "identifiers of this subject", f"{words} differs")
        return refused_scan(hand, (), (why,), shown_as=f"{words}: differs")
    if name not in scene.identified.matched:
        passed = changed(hand, draft, passed=(*draft.passed, f"identifier.{name}"))
        told = Words(f"a {words} to compare with", "none is kept of this subject", "ask for another identifier")
        return Done(refused("Cannot be compared", told), passed)
    return Done(accepted(f"{words} matches"), seat, _sight(hand, scene, seat, decided(scene)))
