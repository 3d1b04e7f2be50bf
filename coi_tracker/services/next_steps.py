"""What happens next on a course: every step that is somebody's turn, when it is due, and what is in the way.

Follows from the states a step starts in and from trying it (`rehearsal`): no rule stands here a second time. Which
steps are only done because somebody decides to is said here, because nothing of the definition says it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from coi_tracker.course import AccountId, Course, Deviation, PlaceId, Reason
from coi_tracker.process.bedside import due_dose
from coi_tracker.process.effects import Remembers, RemembersActor
from coi_tracker.process.look import Look, NotInProtocol
from coi_tracker.process.quality import Fact, Gate
from coi_tracker.process.records import CourseEnded, OpenDeviation, OpenHold
from coi_tracker.process.scans import ShipperScan
from coi_tracker.process.spec import On, Process, Step
from coi_tracker.process.timing import Within
from coi_tracker.process.windows import Window, both, windows
from coi_tracker.protocols.model import Protocol
from coi_tracker.services.deadlines import borrowed, deadlines, recent_enough, stands
from coi_tracker.services.rehearsal import SOMEBODY, Rehearsal, Setting, rehearse
from coi_tracker.services.turns import Asked, GatePartSeen, NextStep, Way
from coi_tracker.services.wanted_labels import wanted_labels
from coi_tracker.vocabulary import PlaceKind, Role
from coi_tracker.vocabulary import ReasonCode as Code

ON_DEMAND = frozenset(
    {
        "register_subject", "issue_labels", "release_line", "unpack", "reject_tissue", "take_sample",
        "record_environment", "exchange_medium", "move", "discard", "reject_product", "result_after_release",
        "change_plan", "hold_dose", "stop_drug", "stop_infusion", "hold_il2", "stop_il2", "place_hold",
        "open_deviation", "correct", "reprint_label", "void_label", "destroy_label", "return_label", "withdraw_subject",
        "terminate_course", "report_lost", "report_found", "record_temperature", "adopt_amendment",
        "review_audit_trail",
    }
)  # fmt: skip
"""Steps that nothing asks for: somebody decides to. A new step is listed unless it is put here."""
ONLY_WHEN_READY = frozenset({"declare_out_of_specification"})
"""Steps that nobody waits for: they come into question when they can be done."""
ALREADY = frozenset({Code.ALREADY_RECORDED})
NO_MORE = frozenset({Code.COURSE_OPEN, Code.NOT_ELIGIBLE})
"""Why a subject gets no course just now: nothing that somebody has to do about it."""


def next_steps(
    process: Process, protocol: Protocol, course: Course, setting: Setting, *, account: AccountId = SOMEBODY
) -> tuple[NextStep, ...]:
    """Everything that is somebody's turn on this course (or on a subject without one), the most urgent first.

    `account`: who asks; what she may not do because she did something before is blocked for her.
    """
    asked = Asked(process, protocol, course, setting, account)
    asked = replace(asked, ahead=tuple(deadlines(asked)))
    found = [line for step in process.steps.values() if _in_question(step, course) for line in _lines(asked, step)]
    return tuple(sorted(_merged([*found, *wanted_labels(asked, found)]), key=_urgency))


def _urgency(one: NextStep) -> tuple[bool, str, str, str]:
    far = "9999"
    order = {Way.NOW: "0", Way.LATER: "1", Way.BLOCKED: "2"}
    return not one.late, order[one.way], one.due_at.isoformat() if one.due_at else far, one.step


def _in_question(step: Step, course: Course) -> bool:
    """Whether the states of the course let the step be tried at all."""
    on = On.SUBJECT if course.coi is None else On.COURSE
    if step.on is not on or step.name in ON_DEMAND or course.standing not in step.standing:
        return False
    if course.coi is None and step.name in course.done:
        return False
    return all(course.state_of(move.track) in move.sources for move in step.moves)


# --- one step, once for everything it can be about


def _lines(asked: Asked, step: Step) -> Iterator[NextStep]:
    if _known_already(asked, step):
        return
    for about, evidence in variants(asked, step):
        for place, kind, all_places in stands(asked, step):
            tried = rehearse(
                asked.process, asked.protocol, asked.course, step,
                setting=asked.setting, at=(place, kind), account=asked.account, evidence=evidence,
            )  # fmt: skip
            if not _drops(asked, step, tried):
                yield _line(asked, step, about, tried, places=all_places)


def variants(asked: Asked, step: Step) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What the step can be about now: each test, hold and deviation; the dose that is due. Once, if nothing."""
    names = {f.name for f in step.fields}
    course = asked.course
    if "test" in names:
        yield from ((test, {"test": test}) for test in asked.protocol.release_tests if _test_open(course, step, test))
    elif step.needs_of(OpenHold):
        yield from ((f"hold: {hold.reason}"[:80], {"hold": hold.id}) for hold in course.holds)
    elif step.needs_of(OpenDeviation):
        yield from (
            (f"{d.severity}, {d.about}", {"deviation": d.id}) for d in course.deviations if _assessable(asked, step, d)
        )
    elif "drug" in names:
        yield from _dose(asked)
    elif "number" in names:
        number = (course.facts.get("il2") or 0) + 1
        yield f"dose {number}", {"number": number}
    else:
        yield "", {}


def _test_open(course: Course, step: Step, test: str) -> bool:
    """A result is recorded once and reviewed once. (Recording it anew is somebody's decision.)"""
    there, reviewed = f"result.{test}" in course.facts, f"result.{test}.reviewed" in course.facts
    recording = any(isinstance(e, Remembers) and e.fact == "result.{test}" for e in step.effects)
    return not there if recording else there and not reviewed


def _assessable(asked: Asked, step: Step, one: Deviation) -> bool:
    """It is assessed by everybody whose approval the step it is about wants, quality first, and closed after that."""
    about = asked.process.step(one.about)
    wanted = {Role.QA}.union(*(need.excused_by or () for need in (about.needs_of(Within) if about else ())))
    assessed = wanted <= set(one.approvals)
    return assessed if step.name == "close_deviation" else not assessed


def _dose(asked: Asked) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        due = due_dose(asked.protocol, asked.course)
    except NotInProtocol:
        due = None
    if due is not None:
        yield f"{due.drug} dose {due.number}", {"drug": due.drug}


# --- what is no work, or none any more


def _known_already(asked: Asked, step: Step) -> bool:
    """What the step would remember is remembered, and the step would move nothing."""
    course = asked.course
    kept = [e.fact for e in step.effects if isinstance(e, Remembers | RemembersActor) and "{" not in e.fact]
    if kept and all(fact in course.facts for fact in kept) and not any(m.to for m in step.moves):
        return True
    return not step.effects and not any(m.to for m in step.moves) and not _asked_again(asked, step)


def _asked_again(asked: Asked, step: Step) -> bool:
    """Whether a step that only has to have been done lately has to be done (again): somebody counts from it."""
    recent = recent_enough(asked, step)
    done = asked.course.done.get(step.name)
    return done is None or recent is None or recent.opens is None or done.at < recent.opens


def _drops(asked: Asked, step: Step, tried: Rehearsal) -> bool:
    """Whether the step is no work: done already, or there is nothing to do it with and nobody waits for it."""
    codes = {r.code for r in tried.reasons}
    if codes & ALREADY or (step.on is On.SUBJECT and codes & NO_MORE):
        return True
    if step.name in ONLY_WHEN_READY and codes:
        return True
    if Code.MISSING_CONTAINER in codes and (not step.moves or _nothing_packed(asked, step)):
        return True
    return any(_settled(asked, step, need, tried.look) for need in step.needs)


def _nothing_packed(asked: Asked, step: Step) -> bool:
    """A shipper is not handed over before it is packed: until then packing it is what is to be done."""
    return "shipper" not in asked.course.facts and any(need.ours for need in step.needs_of(ShipperScan))


def _settled(asked: Asked, step: Step, need: object, look: Look) -> bool:
    """Whether a condition of the step says that its time is over, or has not come."""
    if isinstance(need, CourseEnded):
        return any(True for _ in need.unmet(look))
    if not isinstance(need, Fact) or "{" in need.name or not any(True for _ in need.unmet(look)):
        return False
    if need.present:
        others = (s for s in asked.process.steps.values() if s.on is On.COURSE and s is not step)
        return not any(need.name in _sets(s) for s in others)
    return need.name in _sets(step)


def _sets(step: Step) -> frozenset[str]:
    """The facts that a step remembers."""
    kept = {e.fact for e in step.effects if isinstance(e, Remembers | RemembersActor)}
    return frozenset(kept | {fact for e in step.effects for fact in getattr(e, "FACTS", ())})


# --- one line


def _line(asked: Asked, step: Step, about: str, tried: Rehearsal, *, places: tuple[PlaceId, ...]) -> NextStep:
    look, now = tried.look, asked.setting.now
    found = (*windows(look), *borrowed(asked, step, look))
    opens, closes = both(found)
    early = opens is not None and opens > now
    way = Way.LATER if early else Way.BLOCKED if tried.reasons else Way.NOW
    return NextStep(
        step=step.name,
        title=step.title,
        about=about.replace("_", " "),
        roles=tuple(role for role in Role if role in step.by),
        kinds=tuple(kind for kind in PlaceKind if kind in step.at),
        places=places,
        way=way,
        reasons=tuple(r for r in tried.reasons if not (early and r.code is Code.TOO_EARLY)),
        opens_at=opens,
        due_at=closes,
        says=tuple(dict.fromkeys(w.says for w in found if _decides(w, opens if early else None, closes))),
        late=closes is not None and closes < now,
        gate=tuple(_gate(step, tried.reasons)),
        zone=look.attempt.zone,
    )


def _decides(window: Window, opens: datetime | None, closes: datetime | None) -> bool:
    """Whether it is this window that says when the step opens (if that is still to come) or closes."""
    return (opens is not None and window.opens == opens) or (closes is not None and window.closes == closes)


def _gate(step: Step, reasons: Iterable[Reason]) -> Iterator[GatePartSeen]:
    for gate in (n for n in step.needs if isinstance(n, Gate) and n.until is None):
        for part in gate.parts:
            start = f"{part.name}: "
            mine = (r for r in reasons if r.code is Code.GATE_NOT_MET and r.expected.startswith(start))
            yield GatePartSeen(part.name, tuple(replace(r, expected=r.expected.removeprefix(start)) for r in mine))


def _merged(lines: Iterable[NextStep]) -> Iterator[NextStep]:
    """Lines that differ only in what they are about become one."""
    groups: dict[NextStep, list[str]] = {}
    for one in lines:
        groups.setdefault(replace(one, about=""), []).append(one.about)
    for key, about in groups.items():
        yield replace(key, about=", ".join(filter(None, about)))
