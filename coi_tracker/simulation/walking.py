"""Walks a participant through the process by the one write path: labels, cleared lines and waiting included.

Every chapter is a generator: it yields the moments it has to wait for, and whoever drives it moves the clock. So many
walks go on side by side in a simulated trial, and one walk is driven alone in a test. What goes wrong on the way is
in `stories`.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from coi_tracker.course import Container, Course, PlaceId
from coi_tracker.engine import evolve
from coi_tracker.errors import BrokenPromise
from coi_tracker.process.bedside import due_dose
from coi_tracker.process.spec import On
from coi_tracker.process.supplies import LineClear
from coi_tracker.protocols.model import Protocol
from coi_tracker.services.attempts import Answer
from coi_tracker.services.record import Record
from coi_tracker.simulation.clock import Clock
from coi_tracker.simulation.handing_in import record_intent
from coi_tracker.simulation.intent import Intent, NotYet
from coi_tracker.simulation.premises import Premises
from coi_tracker.simulation.satisfy import AT_THE_SITE, earliest, labels_wanted, satisfy
from coi_tracker.simulation.values import local, morning
from coi_tracker.vocabulary import FINAL_STATES, ContainerKind, ContainerState, Treatment
from coi_tracker.vocabulary import ReasonCode as Code

Waiting = Generator[datetime, None, None]
"""Yields the moments it waits for."""
Trying = Generator[datetime, None, Answer]
"""The same, and gives the answer at the end."""

MANUFACTURE = ("start_first_expansion", "start_rapid_expansion", "scale_up", "harvest", "fill", "cryopreserve")
TO_THE_COURIER = ("pack", "release_to_courier", "accept_by_courier", "receive_tissue", "accept_tissue")
TO_THE_SITE = ("pack_product", "release_product_to_courier", "accept_product_by_courier", "receive_product")
PATIENCE = timedelta(days=200)
"""How long a walk waits for a hold to be lifted or a suite to be free before it is a fault."""
WAITED_FOR = frozenset({Code.ON_HOLD, Code.CONFLICT_RETRY, Code.LINE_NOT_CLEAR})
"""Reasons that go away by themselves."""


class Reached(Exception):
    """The walk is where it was wanted."""


@dataclass
class Walk:
    """One participant on the way. ``until``: a step, or a state of a track, at which to stop."""

    record: Record
    premises: Premises
    subject: Course
    site: PlaceId
    course: Course | None = None
    until: str | None = None
    pace: timedelta = timedelta(minutes=5)
    bags: int = 2
    jars: int = 1
    choose: random.Random | None = None
    answers: list[Answer] = field(default_factory=list)
    keep_answers: bool = False
    waits_for: frozenset[Code] = WAITED_FOR

    @property
    def now(self) -> datetime:
        """The time of the record."""
        return self.record.clock()

    @property
    def mine(self) -> Course:
        """The course. Raises BrokenPromise before one is open."""
        if self.course is None:
            raise BrokenPromise(expected="an open course", came="none", do="report this fault of the simulation")
        return self.course

    @property
    def protocol(self) -> Protocol:
        """The protocol version the course is under."""
        return self.premises.protocol_of(self.course or self.subject)

    # --- one step

    def chain_of(self, step: str) -> Course:
        """What a step is done on: the subject, or its course."""
        return self.subject if self.record.process.steps[step].on is On.SUBJECT else self.mine

    def intend(self, step: str, **wishes: Any) -> Intent:
        """A satisfying intent. Raises NotYet."""
        on = self.chain_of(step)
        self.premises.site = self.site
        definition, protocol = self.record.process.steps[step], self.premises.protocol_of(on)
        return satisfy(definition, protocol, on, self.premises, now=self.now, choose=self.choose, **wishes)

    def hand_in(self, intent: Intent) -> Answer:
        """Record the intent, and know what became of the course."""
        answer = record_intent(self.record, self.premises, intent, self.chain_of(intent.step))
        self.learn(intent.step, answer)
        return answer

    def learn(self, step: str, answer: Answer) -> None:
        """What a performed entry changed."""
        if not answer.performed or answer.replayed:
            return
        after = evolve(self.record.process, self.chain_of(step), answer.event)
        if after.coi is None:
            self.subject = after
        else:
            self.course = after

    def do(self, step: str, **wishes: Any) -> Trying:
        """Do a step as soon as it can be done. Raises BrokenPromise when it is refused for good."""
        answer = yield from self.attempt(step, **wishes)
        if not answer.performed:
            raise _refused(step, answer)
        if self.keep_answers:
            self.answers.append(answer)
        if self.until in {step, *self.states()}:
            raise Reached
        yield self.now + self.pause()
        return answer

    def attempt(self, step: str, **wishes: Any) -> Trying:
        """The same, and a refusal is an answer too, when it is none that goes away by itself."""
        patience = self.now + PATIENCE
        while True:
            intent = yield from self.ready(step, **wishes)
            answer = self.hand_in(intent)
            if answer.performed or not {r.code for r in answer.reasons} <= self.waits_for or self.now > patience:
                return answer
            yield self.now + timedelta(hours=20)

    def ready(self, step: str, **wishes: Any) -> Generator[datetime, None, Intent]:
        """A satisfying intent for now, waited for. Raises NotYet when nobody comes to provide what it lacks."""
        patience = self.now + PATIENCE
        while True:
            try:
                intent = self.intend(step, **wishes)
            except NotYet:
                if self.now > patience:
                    raise
                yield self.now + timedelta(hours=3)
                continue
            if intent.at <= self.now:
                return intent
            yield intent.at

    def pause(self) -> timedelta:
        """How long until the next thing is done."""
        return self.pace if self.choose is None else self.pace * (0.4 + 1.2 * self.choose.random())

    def states(self) -> set[str]:
        """The states of all tracks, as words."""
        on = self.course or self.subject
        return {str(on.material), str(on.disposition), str(on.treatment), str(on.standing)}

    def perform(self, step: str, **wishes: Any) -> Trying:
        """Do a step, with the labels it lacks issued and verified and the line cleared before."""
        wanted = self.record.process.steps[step]
        for kind, count in labels_wanted(wanted, self.protocol, self.mine).items():
            yield from self.labels(kind, count)
        if not wanted.needs_of(LineClear):
            return (yield from self.do(step, **wishes))
        yield from self.wait_for(step)
        yield from self.do("clear_line")
        answer = yield from self.do(step, **wishes)
        yield from self.put_away()
        return answer

    def wait_for(self, step: str) -> Waiting:
        """Wait for the first right time of a step."""
        zone = self.premises.zone(self.mine.facility or self.premises.new_facility())
        right = earliest(self.record.process.steps[step], self.protocol, self.mine, zone)
        if right is not None and right > self.now:
            yield right

    def put_away(self) -> Waiting:
        """What is left in the suite goes to an incubator, so that the suite is free for others."""
        suites = self.premises.suites(self.mine.facility or self.premises.new_facility())
        left = tuple(
            c.id for c in self.mine.containers.values() if c.position in suites and c.state not in FINAL_STATES
        )
        if left:
            shelf = f"incubator shelf {len(left)}-{self.mine.seq % 9 + 1}"
            yield from self.do("move", containers=left, position=shelf, place=self.mine.facility)

    def labels(self, kind: ContainerKind, count: int = 1) -> Waiting:
        """Issue labels and scan them back."""
        place = self.mine.site if kind in AT_THE_SITE else self.mine.facility
        yield from self.do("issue_labels", kind=str(kind), count=count, place=place)
        yield from self.do("verify_label", place=place)

    # --- chapters

    def enrol(
        self, *, cohort: str | None = None, answers: dict[str, str] | None = None, again: bool = False
    ) -> Waiting:
        """Register the subject (unless it comes again), and open a course."""
        if not again:
            yield from self.do("register_subject", place=self.site)
        yield from self.do("record_eligibility", answers=answers or {})
        yield from self.do("assign_cohort", **({} if cohort is None else {"cohort": cohort}))
        yield from self.do("open_course")

    def prepare(self) -> Waiting:
        """A slot, a wristband, labels for the jars."""
        yield from self.do("book_slot")
        yield from self.labels(ContainerKind.WRISTBAND)
        yield from self.do("apply_wristband")
        yield from self.labels(ContainerKind.TISSUE_JAR, self.jars)

    def procure(self) -> Waiting:
        """From the wait for the day of the slot to tissue that quality has accepted."""
        yield from self.day_before_slot()
        yield from self.perform("procure_tissue")
        yield from self.send_tissue()

    def day_before_slot(self) -> Waiting:
        """The tissue is taken on the morning before the day of receipt."""
        receipt = date.fromisoformat(self.mine.facts["slot"][0][0])
        when = morning(receipt - timedelta(days=1), self.premises.zone(self.site))
        if when > self.now:
            yield when

    def send_tissue(self) -> Waiting:
        """Pack, hand over, receive, inspect."""
        for step in TO_THE_COURIER:
            yield from self.perform(step)
            if step == "accept_by_courier":
                yield self.now + timedelta(hours=19)

    def manufacture(self, *, after: str | None = None) -> Waiting:
        """From accepted tissue (or after a step) to frozen bags, each step on its day."""
        first = 0 if after is None else MANUFACTURE.index(after) + 1
        for step in MANUFACTURE[first:]:
            if step == "fill":
                yield from self.labels(ContainerKind.BAG, self.bags)
            if step == "cryopreserve":
                yield from self.labels(ContainerKind.CASSETTE, self.bags)
            yield from self.perform(step)

    def results(self, *, final: bool = True, values: dict[str, str] | None = None) -> Waiting:
        """Record and review the results; ``final`` False: those that come after release stay open."""
        for name, test in self.protocol.release_tests.items():
            if f"result.{name}.reviewed" in self.mine.facts or (test.final_after_release and not final):
                continue
            given = {"value": values[name]} if values and name in values else {}
            yield from self.do("record_result", test=name, **given)
            yield from self.do("review_result", test=name)

    def ship(self) -> Waiting:
        """From released bags in the store to bags at the site."""
        for step in TO_THE_SITE:
            yield from self.do(step)
            if step == "accept_product_by_courier":
                yield self.now + timedelta(hours=26)

    def plan(self, *, step: str = "plan_treatment", in_days: int = 0) -> Waiting:
        """Plan for so many days later, confirm, and recheck on the first day; lymphodepletion can start."""
        protocol = self.protocol
        regimen = protocol.regimens[protocol.treatment.default_regimen]
        start = morning(local(self.now, self.premises.zone(self.site)) + timedelta(days=in_days), self.zone)
        infusion = max(start, self.now) - timedelta(days=regimen.first_day)
        yield from self.do(step, infusion_at=infusion.isoformat())
        yield from self.do("confirm_plan")
        if start > self.now:
            yield start
        yield from self.do("recheck_eligibility")

    @property
    def zone(self) -> str:
        """The zone of the site."""
        return self.premises.zone(self.site)

    def deplete(self) -> Waiting:
        """Lymphodepletion, dose by dose."""
        yield from self.do("start_lymphodepletion")
        while due_dose(self.protocol, self.mine) is not None:
            yield from self.do("give_dose", lasting=timedelta(minutes=2))

    def infuse(self) -> Waiting:
        """Every bag at the site, one at a time."""
        while self.mine.treatment is Treatment.LD_COMPLETE:
            yield from self.do("thaw_bag")
            yield from self.do("verify_at_bedside")
            yield from self.do("infuse_bag", lasting=timedelta(minutes=2))

    def il2(self, *, doses: int | None = None) -> Waiting:
        """Doses of IL-2; fewer than the protocol's are stopped with a reason."""
        for _ in range(self.protocol.il2.max_doses if doses is None else doses):
            yield from self.do("give_il2")
        if self.mine.treatment is not Treatment.COMPLETE:
            yield from self.do("stop_il2")

    def treat(self) -> Waiting:
        """From bags at the site to the end of IL-2."""
        yield from self.plan()
        yield from self.deplete()
        yield from self.infuse()
        yield from self.il2()

    def clear_up(self) -> Waiting:
        """Give every container that is left a final fate."""
        for one in [c for c in self.mine.containers.values() if c.state not in FINAL_STATES]:
            yield from self.end(one)

    def end(self, one: Container) -> Waiting:
        """The final fate of one container."""
        if one.state is ContainerState.LABELLED:
            yield from self.do("destroy_label", container=one.id, place=one.holder)
        else:
            yield from self.do("discard", containers=(one.id,), place=one.holder, reason="not needed any more")

    def close(self) -> Waiting:
        """Clear up, and close the course."""
        yield from self.clear_up()
        yield from self.do("close_course")

    def whole_course(self) -> Waiting:
        """From the slot to the closed course."""
        yield from self.prepare()
        yield from self.procure()
        yield from self.manufacture()
        yield from self.results()
        yield from self.do("release_product")
        yield from self.ship()
        yield from self.treat()
        yield from self.close()


def _refused(step: str, answer: Answer) -> BrokenPromise:
    came = "; ".join(f"{r.code}: {r.expected} / {r.observed}" for r in answer.reasons)
    return BrokenPromise(expected=f"{step} performed", came=came[:900], do="look at the step and at the story")


def drive(
    record: Record, premises: Premises, number: str, *, until: str | None = None, cohort: str | None = None, **plan: Any
) -> Course:
    """Walk a new participant to a step or a state, and give the course as it is then.

    The record's clock has to be a `Clock`, because days pass. `plan`: fields of `Walk`, such as bags=3.
    """
    site = premises.new_site()
    walk = Walk(record, premises, premises.new_chain(f"subject/{number}"), site, until=until, **plan)
    run(record, _from_the_beginning(walk, cohort))
    return walk.course or walk.subject


def _from_the_beginning(walk: Walk, cohort: str | None) -> Waiting:
    yield from walk.enrol(cohort=cohort)
    yield from walk.whole_course()


def run(record: Record, waiting: Waiting) -> None:
    """Drive one walk alone: the clock goes to every moment it waits for."""
    clock = record.clock
    if not isinstance(clock, Clock):
        raise BrokenPromise(
            expected="a record with a clock that can be moved", came=type(clock).__name__, do="open it with a Clock"
        )
    try:
        for moment in waiting:
            clock.forward_to(moment)
    except Reached:
        return
