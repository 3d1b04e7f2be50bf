"""Fires wrong, repeated, reordered, stale, concurrent and malformed attempts at a record, mixed with right ones.

The right ones are those of participants who are treated meanwhile: each of their steps comes among wrong ones made
from it, and has to be performed. Whatever is performed is judged by the `oracle`, which knows no need of any step;
whatever is refused must stand in the log. Three counts must stay 0.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from time import perf_counter
from typing import Any

from coi_tracker.course import Course, EventId
from coi_tracker.errors import BrokenPromise, CoiError, Misconfigured, NotUnderstood
from coi_tracker.services import available
from coi_tracker.services.attempts import Answer, earlier_answer, record_attempt
from coi_tracker.services.changes import new_event_id
from coi_tracker.services.record import Record
from coi_tracker.services.requests import AttemptRequest, parse_request
from coi_tracker.simulation import oracle
from coi_tracker.simulation.clock import Clock
from coi_tracker.simulation.furnishing import reopened
from coi_tracker.simulation.handing_in import request_of
from coi_tracker.simulation.intent import NotYet
from coi_tracker.simulation.malice import MALICE, NOT_REQUESTS
from coi_tracker.simulation.mishaps import Scene, sent_again
from coi_tracker.simulation.premises import Premises
from coi_tracker.simulation.satisfy import satisfy
from coi_tracker.simulation.victims import Victim, recruits
from coi_tracker.vocabulary import Standing

Progress = Callable[[int, int], None]
FAULTS = (CoiError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""What code raises that did not expect what it got."""
THREADS = 6
WRONG_A_STEP = 9
"""Wrong attempts that are made from one right one."""
HELD = 0.03
"""How often a hold is placed first that forbids the step."""
PARALLEL = 30
"""Participants that are treated at the same time."""


@dataclass
class AttackReport:
    """What came of an attack. The three lists must be empty."""

    seed: int
    attempts: int = 0
    performed: int = 0
    refused: int = 0
    repeated: int = 0
    not_understood: int = 0
    right: int = 0
    concurrent: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    wrongly_accepted: list[str] = field(default_factory=list)
    wrongly_refused: list[str] = field(default_factory=list)
    without_entry: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def figures(self) -> dict[str, Any]:
        """The figures as JSON, those that must be 0 first."""
        zero = {
            "wrong_acceptances": len(self.wrongly_accepted),
            "wrong_refusals": len(self.wrongly_refused),
            "unrecorded": len(self.without_entry),
        }
        told = {**asdict(replace(self, kinds=Counter(), reasons=Counter())), "seconds": round(self.seconds, 1)}
        return {**zero, **told, "kinds": dict(self.kinds.most_common()), "reasons": dict(self.reasons.most_common())}


@dataclass
class Attack:
    """An attack that goes on."""

    record: Record
    clock: Clock
    premises: Premises
    chance: random.Random
    report: AttackReport
    count: int
    progress: Progress | None = None
    until: float = float("inf")
    courses: dict[str, Course] = field(default_factory=dict)
    past: list[tuple[Scene, AttemptRequest]] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Whether enough was fired."""
        return self.report.attempts >= self.count or perf_counter() > self.until

    # --- one attempt

    def fire(self, request: AttemptRequest, kind: str) -> Answer | None:
        """Hand something in and count it. None: nobody can be held to it, and it was not recorded."""
        report = self.report
        report.attempts += 1
        report.kinds[kind] += 1
        if self.progress is not None and report.attempts % 50 == 0:
            self.progress(min(report.attempts, self.count), self.count)
        try:
            answer = record_attempt(self.record, request)
        except NotUnderstood:
            report.not_understood += 1
            return None
        except FAULTS as fault:  # neither an answer nor an entry: nobody will ever know of this attempt
            report.without_entry.append(f"{kind}: {request.step} at {request.course}: {fault!r}"[:300])
            return None
        self.counted(answer)
        return answer

    def counted(self, answer: Answer) -> None:
        """Count an answer; a refusal has to stand in the log."""
        report = self.report
        report.repeated += answer.replayed
        report.performed += answer.performed and not answer.replayed
        report.refused += not answer.performed and not answer.replayed
        report.reasons.update({str(r.code) for r in answer.reasons} if not answer.replayed else ())
        kept = earlier_answer(self.record, answer.event.id)
        if kept is None or kept.entry != answer.entry:
            report.without_entry.append(f"{answer.event.step} {answer.event.id}")

    def wrong(self, request: AttemptRequest | None, kind: str) -> None:
        """Fire what must be refused."""
        if request is None or self.over:
            return
        answer = self.fire(request, kind)
        if answer is not None and answer.performed and not answer.replayed:
            self.report.wrongly_accepted.append(f"{kind}: {request.step} {answer.event.id}")

    def right(self, scene: Scene, request: AttemptRequest) -> Answer:
        """Fire what must be performed, and let the oracle look at it."""
        before = self.state(scene.course)
        answer = self.fire(request, "right")
        if answer is None:
            raise BrokenPromise(expected="an attempt that is understood", came=request.step, do="look at the adversary")
        self.report.right += 1
        if answer.performed:
            self.judged(answer, before)
        return answer

    def state(self, course: Course) -> Course | None:
        """What the record holds now."""
        return available.state_of(self.record, course.chain)

    def judged(self, answer: Answer, before: Course | None) -> None:
        """Ask the oracle about a performed entry."""
        entry = json.loads(answer.entry)
        after = available.state_of(self.record, entry["chain"])
        if after is None:
            self.report.without_entry.append(f"state of {entry['chain']}")
            return
        if entry["chain"].startswith("course/"):
            self.courses[after.coi or ""] = after
        seen = oracle.Seen(entry, None if entry["step"] == "open_course" else before, after)
        faults = oracle.wrong(seen, self.premises)
        self.report.wrongly_accepted.extend(f"{entry['step']} {entry['id']}: {fault}" for fault in faults)

    # --- around a right step

    def scene(self, course: Course, request: AttemptRequest) -> Scene:
        """A right attempt and what may lie on the same table."""
        step = self.record.process.steps[request.step]
        return Scene(step, course, request, self.premises, tuple(self.courses.values()), self.chance)

    def around(self, course: Course, request: AttemptRequest) -> Answer:
        """Wrong attempts made from a right one, the right one among them, and what comes after it."""
        scene = self.scene(course, request)
        for malice in self.chance.sample(MALICE, WRONG_A_STEP):
            self.wrong(malice(scene), malice.__name__)
        self.elsewhere()
        if self.chance.random() < HELD:
            self.under_hold(scene)
        answer = self.at_once(scene, request) if self.chance.random() < 0.08 else self.right(scene, request)
        if answer.performed:  # of several at once a twin with another id may have won: its id is the one that was used
            self.afterwards(scene, replace(request, id=answer.event.id), answer)
        return answer

    def under_hold(self, scene: Scene) -> None:
        """A hold on course, site, facility or study forbids the step: refused while it stands, then it is lifted."""
        course, blocks = scene.course, sorted(scene.step.forbidden_by)
        if not blocks or course.coi is None or "plan.confirmed" in course.facts:
            return  # (a hold takes the confirmation of a plan away, and its participant would have to plan anew)
        chain, place, lift = self.chance.choice(
            [
                (course.chain, "place_hold", "lift_hold"),
                (f"place/{course.site}", "hold_place", "lift_hold_on_place"),
                (f"place/{course.facility}", "hold_place", "lift_hold_on_place"),
                (f"study/{self.premises.study}", "hold_study", "lift_hold_on_study"),
            ]
        )
        placed = self.beside(chain, place, blocks=[str(self.chance.choice(blocks))], reason="safety_event")
        self.wrong(scene.fresh(), "under_hold")
        self.beside(chain, lift, hold=placed.event.id, reason="assessed")

    def beside(self, chain: str, step: str, **wishes: Any) -> Answer:
        """A right step of the sponsor's on any chain."""
        on = available.state_of(self.record, chain) or self.premises.new_chain(chain)
        definition, protocol, now = self.record.process.steps[step], self.premises.protocol_of(on), self.record.clock()
        wishes = {"place": self.premises.sponsor(), "role": "qa", **wishes}
        intent = satisfy(definition, protocol, on, self.premises, now=now, choose=self.chance, **wishes)
        answer = self.right(self.scene(on, request := request_of(self.record, self.premises, intent, on)), request)
        if not answer.performed:
            raise BrokenPromise(expected=f"{step} performed", came=str(answer.reasons)[:500], do="look at the reasons")
        return answer

    def afterwards(self, scene: Scene, request: AttemptRequest, answer: Answer) -> None:
        """The same again: with its id, with its id and another content, under a new id, and much later."""
        other = replace(request, evidence={**request.evidence, "colour": "blue"}, comment="another content")
        self.same_id(self.chance.choice([request, other]), answer)
        self.wrong(sent_again(scene), "sent_again")
        self.past.append((scene, request))
        old_scene, old = self.chance.choice(self.past[-400:])
        self.wrong(sent_again(old_scene), "stale")
        self.same_id(replace(request, id=old.id), None)

    def same_id(self, request: AttemptRequest, answer: Answer | None) -> None:
        """An id that was used gets its first answer, whatever comes with it, and nothing is written."""
        if self.over:
            return
        again = self.fire(request, "same_id")
        if again is None or not again.replayed or (answer is not None and again.entry != answer.entry):
            self.report.wrongly_accepted.append(f"same_id: {request.step} {request.id}")

    def elsewhere(self) -> None:
        """Something at a resting course, and something that is no request."""
        if self.chance.random() < 0.3:
            self.understood(self.chance.choice(NOT_REQUESTS))
        resting = [c for c in self.courses.values() if c.standing is not Standing.CLOSED]
        if not resting:
            return
        course = self.chance.choice(resting)
        step = self.chance.choice(sorted(self.record.process.steps))
        definition = self.record.process.steps[step]
        try:
            protocol, now = self.premises.protocol_of(course), self.record.clock()
            intent = satisfy(definition, protocol, course, self.premises, now=now, choose=self.chance)
        except (NotYet, KeyError):
            return
        request = request_of(self.record, self.premises, replace(intent, at=now), course)
        scene = self.scene(course, request)
        for malice in self.chance.sample(MALICE, 3):
            self.wrong(malice(scene), malice.__name__)

    def understood(self, value: Any) -> None:
        """What is no request is not understood, and recorded nowhere."""
        self.report.attempts += 1
        self.report.kinds["not_a_request"] += 1
        try:
            parse_request(value)
        except NotUnderstood:
            self.report.not_understood += 1
        else:
            self.report.wrongly_accepted.append(f"understood: {value!r}"[:100])

    # --- at once

    def at_once(self, scene: Scene, request: AttemptRequest) -> Answer:
        """The right attempt from several stations at once, among wrong ones: one is performed."""
        before = self.state(scene.course)
        wrong = [found for malice in self.chance.sample(MALICE, 5) if (found := malice(scene)) is not None]
        moved = sent_again(scene) is not None
        twins = [replace(request, id=new_event_id(self.record)) for _ in range(2 if moved else 0)]
        several = [request, request, *twins, *wrong]
        self.report.attempts += len(several)
        self.report.concurrent += len(several)
        self.report.kinds["concurrent"] += len(several)
        with ThreadPoolExecutor(THREADS) as pool:
            answers = list(pool.map(self._quiet, several))
        for answer in filter(None, answers):
            self.counted(answer)
        performed = {a.event.id: a for a in answers if a is not None and a.performed}
        mine = [a for a in answers[: 2 + len(twins)] if a is not None]
        self._judge_race(performed, {a.event.id for a in mine}, scene)
        for answer in list(performed.values())[:1]:
            self.judged(answer, before)
        self.report.right += 1
        return next((a for a in mine if a.performed and not a.replayed), mine[0])

    def _judge_race(self, performed: dict[EventId, Answer], mine: set[EventId], scene: Scene) -> None:
        strangers = performed.keys() - mine
        if strangers or len(performed) > 1:
            self.report.wrongly_accepted.append(f"at once: {scene.step.name} {sorted(performed)}")

    def _quiet(self, request: AttemptRequest) -> Answer | None:
        try:
            return record_attempt(self.record, request)
        except NotUnderstood:
            self.report.not_understood += 1
            return None


def attack(
    record: Record,
    *,
    seed: int,
    attempts: int,
    premises: Premises | None = None,
    progress: Progress | None = None,
    seconds: float = float("inf"),
) -> AttackReport:
    """Fire so many attempts at the record of a simulated trial. Raises Misconfigured when there is none in it.

    The clock of the record is not used: the attack begins the day after the last entry. `seconds`: it ends after so
    long, however many were fired by then.
    """
    begun = perf_counter()
    last = available.last_moment(record)
    chains = available.chains_of(record, "course")
    if last is None or not chains:
        raise Misconfigured(
            expected="the record of a simulated trial", came="one without courses", do="run `coi simulate` first"
        )
    codes, chance = random.Random(f"attack codes {seed}"), random.Random(f"attack {seed}")
    clock = Clock(last + timedelta(days=1))
    ours = replace(record, clock=clock, draw=codes.randbytes)
    again = reopened(ours, chance=chance) if premises is None else replace(premises, record=ours, chance=chance)
    going = Attack(ours, clock, again, chance, AttackReport(seed), attempts, progress, begun + seconds)
    going.courses = {c.coi or "": c for chain in chains if (c := available.state_of(ours, chain)) is not None}
    _treat(going)
    going.report.seconds = perf_counter() - begun
    return going.report


def _treat(going: Attack) -> None:
    """Participants are treated again, many at a time, until enough was fired."""
    before = -1
    while not going.over and going.report.attempts > before:
        before = going.report.attempts
        victims = list(recruits(going, most=PARALLEL))
        if not victims:
            raise Misconfigured(
                expected="participants whose course has ended", came="none", do="simulate more participants first"
            )
        _interleave(going, victims)


def _interleave(going: Attack, victims: list[Victim]) -> None:
    """Everybody in the order of time, until enough was fired."""
    clock = going.clock
    waiting = [(clock.now, n, victim.life()) for n, victim in enumerate(victims)]
    while waiting and not going.over:
        waiting.sort(key=lambda one: one[:2])
        at, n, life = waiting.pop(0)
        clock.forward_to(at)
        try:
            waiting.append((next(life), n, life))
        except StopIteration:
            continue
        except (BrokenPromise, NotYet) as fault:
            going.report.wrongly_refused.append(f"{victims[n].subject.chain}: {fault}")
