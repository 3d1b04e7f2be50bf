"""One participant of a simulated trial: the walk through the process, with the mishaps of everyday work.

Adds to a `Walk` what people do beside the main steps, what they get wrong and do right afterwards, excuses by
deviation, and entries made late from paper. Which story is told is in `stories`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from coi_tracker.course import AccountId, EventId
from coi_tracker.errors import BrokenPromise
from coi_tracker.process.bedside import due_dose
from coi_tracker.services.attempts import Answer, record_attempt
from coi_tracker.services.requests import AttemptRequest
from coi_tracker.simulation.handing_in import request_of
from coi_tracker.simulation.intent import Intent
from coi_tracker.simulation.mishaps import Scene, any_mishap, sent_again
from coi_tracker.simulation.plans import Plan
from coi_tracker.simulation.values import local, morning, quantity
from coi_tracker.simulation.walking import MANUFACTURE, Reached, Trying, Waiting, Walk
from coi_tracker.vocabulary import ContainerKind, ContainerState, Meaning, Treatment
from coi_tracker.vocabulary import ReasonCode as Code

if TYPE_CHECKING:
    from coi_tracker.simulation.trial import Trial

MISHAP, REPEATED, SENT_AGAIN, TYPED = 0.07, 0.015, 0.012, 0.04
"""How often an attempt goes wrong first, is sent twice, is sent again later, or has a label typed by hand."""

BEGINS_TODAY = frozenset({"planned", "ld_running"})
INFUSION_DUE = frozenset({"ld_complete", "thaw_bag", "infused", "il2_running"})
"""Where a course rests whose next step has a window: of these lymphodepletion begins, or is over and the infusion was
planned for yesterday, when a trial is cut."""
INFUSED_BEFORE = {
    "thaw_bag": timedelta(minutes=30),
    "infused": timedelta(hours=6),
    "il2_running": timedelta(hours=13),
}
"""And how long before the cut its bags are thawed: then the bedside check, or the next dose of IL-2, is possible."""

NOT_APPLICABLE = {"cohort_3": "resectable_lesion", "retreatment": "prior_cell_therapy"}


@dataclass
class Story(Walk):
    """A walk with a plan, in a trial. ``site`` and ``subject`` are the plan's."""

    trial: Trial | None = None
    plan_: Plan | None = None
    seen: int = 0

    @property
    def told(self) -> Plan:
        """The plan."""
        if self.plan_ is None:
            raise BrokenPromise(expected="a story with a plan", came="none", do="report this fault of the simulation")
        return self.plan_

    @property
    def stage(self) -> Trial:
        """The trial."""
        if self.trial is None:
            raise BrokenPromise(expected="a story in a trial", came="none", do="report this fault of the simulation")
        return self.trial

    def lucky(self, probability: float) -> bool:
        """Whether something happens that happens that often."""
        return self.stage.chance.random() < probability

    # --- handing in, right and wrong

    def hand_in(self, intent: Intent) -> Answer:
        """Hand in the right attempt, now and then after a wrong one, or twice."""
        intent = self._typed(intent)
        on = self.chain_of(intent.step)
        request = request_of(self.record, self.premises, intent, on)
        if self.lucky(MISHAP):
            self._mishap(request)
        answer = self._record(request)
        if self.lucky(REPEATED):
            self._repeat(request, answer)
        if answer.performed and self.lucky(SENT_AGAIN):
            again = sent_again(self._scene(request))
            self._wrong("sent_again", again)
        self.learn(intent.step, answer)
        self.stage.tell(self)
        return answer

    def _record(self, request: AttemptRequest) -> Answer:
        answer = record_attempt(self.record, request)
        self.stage.report.count(answer)
        return answer

    def _typed(self, intent: Intent) -> Intent:
        if not intent.scans or not self.lucky(TYPED):
            return intent
        return replace(intent, scans=tuple(replace(s, how=self.stage.typed) for s in intent.scans))

    def _scene(self, request: AttemptRequest) -> Scene:
        step = self.record.process.steps[request.step]
        on = self.chain_of(request.step)
        return Scene(step, on, request, self.premises, self.stage.courses(), self.stage.chance)

    def _mishap(self, request: AttemptRequest) -> None:
        found = any_mishap(self._scene(request))
        if found is not None:
            self._wrong(*found)

    def _wrong(self, name: str, request: AttemptRequest | None) -> None:
        """Hand in what must be refused."""
        if request is None:
            return
        answer = self._record(request)
        self.stage.report.mishaps[name] += 1
        if answer.performed:
            self.stage.report.unexpected.append(f"{name}: {request.step} {request.id}")
            self.learn(request.step, answer)

    def _repeat(self, request: AttemptRequest, first: Answer) -> None:
        second = self._record(request)
        if not second.replayed or second.entry != first.entry:
            self.stage.report.unexpected.append(f"repeated: {request.step} {request.id}")

    def refused(self, step: str, **wishes: Any) -> Trying:
        """Try something that is going to be refused; performed is a fault of the story."""
        intent = yield from self.ready(step, **wishes)
        answer = self._record(request_of(self.record, self.premises, intent, self.chain_of(step)))
        if answer.performed:
            raise BrokenPromise(expected=f"{step} refused", came="performed", do="look at the story")
        yield self.now + self.pause()
        return answer

    # --- what helps on the way

    def next_morning(self, days: int = 1) -> datetime:
        """Nine in the morning at the site, so many days later."""
        return morning(local(self.now, self.zone) + timedelta(days=days), self.zone)

    def deviation(self, about: str, *, severity: str = "minor", by_physician: bool = False) -> Waiting:
        """Open a deviation about a step and have it approved; its id is in `latest_deviation`."""
        place = self.mine.facility
        yield from self.do(
            "open_deviation", about=about, severity=severity, place=place, description=f"{about} outside of its limits"
        )
        named = {"deviation": self.latest_deviation, "severity": severity, "reason": "no effect on the cells"}
        yield self.now + timedelta(minutes=40)
        yield from self.do("assess_deviation", accepted=True, role="qa", place=place, **named)
        if by_physician:
            yield from self.do("assess_deviation", accepted=True, role="physician", place=self.site, **named)

    @property
    def latest_deviation(self) -> EventId:
        """The id of the deviation opened last."""
        return EventId(self.mine.deviations[-1].id)

    def excused(self, step: str, **wrong: Any) -> Waiting:
        """A step outside of its limits: refused first, then done with an approved deviation."""
        yield from self.refused(step, **wrong)
        yield from self.deviation(step)
        yield from self.perform(step, deviation=self.latest_deviation, **wrong)

    def close_deviations(self) -> Waiting:
        """Quality closes what is open."""
        for one in self.mine.deviations:
            yield from self.do(
                "close_deviation", deviation=one.id, outcome="cause found, people trained", place=self.mine.facility
            )

    def late(self, step: str, *, hours: float, reason: str = "system_down") -> Waiting:
        """Done on paper now, recorded hours later, with a second person more who signs for that."""
        intent = yield from self.ready(step)
        yield self.now + timedelta(hours=hours)
        people = {intent.account, *(account for account, _ in intent.signers)}
        other = self._third(intent, people)
        signers = (*intent.signers, (other, Meaning.LATE_ENTRY))
        answer = self.hand_in(replace(intent, signers=signers, late_reason=reason))
        if not answer.performed:
            came = "; ".join(f"{r.code} {r.expected} {r.observed}" for r in answer.reasons)
            raise BrokenPromise(expected=f"late {step} performed", came=came, do="look at the story")
        yield self.now + self.pause()

    def _third(self, intent: Intent, people: Iterable[AccountId]) -> AccountId:
        here = {w.role for w in self.premises.workers if w.place == intent.place}
        return self.premises.person(here, intent.place, but=tuple(people))[0]

    # --- chapters, as they are in a trial

    def arrive(
        self, *, again: bool = False, cohort: str | None = None, answers: Mapping[str, str] | None = None
    ) -> Waiting:
        """Enrolment, and everything until the day before the slot."""
        cohort = cohort or self.told.cohort
        more = {NOT_APPLICABLE[cohort]: "not_applicable"} if cohort in NOT_APPLICABLE else {}
        if again:
            self.subject = replace(self.subject, protocol=self.premises.latest())
        yield from self.enrol(cohort=cohort, answers={**more, **(answers or {})}, again=again)
        yield self.next_morning(self.stage.chance.randint(1, 4))
        yield from self.prepare()

    def make(self, *, after: str | None = None) -> Waiting:
        """Manufacture with samples, fresh medium, air and temperature in between."""
        first = 0 if after is None else MANUFACTURE.index(after) + 1
        for step in MANUFACTURE[first:]:
            if step == "fill":
                yield from self.labels(ContainerKind.BAG, self.bags)
            if step == "cryopreserve":
                yield from self.labels(ContainerKind.CASSETTE, self.bags)
            yield from self.perform(step)
            yield from self.meanwhile(step)

    def meanwhile(self, step: str) -> Waiting:
        """What else operators do."""
        place = self.mine.facility
        if self.lucky(0.3):
            pressure = quantity(self.stage.chance.randint(12, 20), "Pa")
            suite = self.premises.suites(self.mine.facility or self.premises.new_facility())[0]
            particles = self.stage.chance.randint(100, 3000)
            yield from self.do("record_environment", suite=suite, particles=particles, pressure=pressure)
        if self.lucky(0.2):
            reading = quantity(self.stage.chance.randint(36, 37), "Cel")
            yield from self.do("record_temperature", where="incubator", temperature=reading, place=place)
        if self.lucky(0.03):
            told = {"field": "viability", "old": "88 %", "new": "86 %", "reason": "typing_error"}
            yield from self.do("correct", place=place, **told)
        if self.lucky(0.03):
            yield from self.reprint()
        if step in MANUFACTURE[:3] and self.lucky(0.25):
            yield self.now + timedelta(days=2)
            yield from self.do("exchange_medium")
            yield from self.labels(ContainerKind.QC_VIAL, 1)
            yield from self.do("take_sample", purpose="in-process count")

    def reprint(self) -> Waiting:
        """The label of something in use at the facility is damaged: another serial, scanned back."""
        kinds = {ContainerKind.FLASK, ContainerKind.POOL, ContainerKind.BAG}
        used = {ContainerState.IN_USE, ContainerState.FILLED, ContainerState.STORED}
        there = [c for c in self.mine.containers.values() if c.kind in kinds and c.state in used]
        if there:
            one, place = self.stage.chance.choice(there), self.mine.facility
            yield from self.do("reprint_label", container=one.id, reason="print_unreadable", place=place)
            yield from self.do("verify_label", containers=(one.id,), place=place)

    def test(self, *, days: int = 9, final: bool = True, values: dict[str, str] | None = None) -> Waiting:
        """Results come after some days; the final sterility after two weeks."""
        yield self.next_morning(days)
        yield from self.results(final=False, values=values)
        if final:
            yield self.next_morning(14 - days)
            yield from self.results(values=values)

    def release(self) -> Waiting:
        """All results, and the release."""
        yield from self.test()
        yield from self.do("release_product")

    def give(self, *, doses: int | None = None) -> Waiting:
        """From bags in the store to the end of IL-2."""
        yield from self.ship()
        yield from self.treat_when_ready()
        yield from self.finish(doses=doses)

    def treat_when_ready(self) -> Waiting:
        """Plan, and deplete on the planned day or on a later one."""
        yield from self.plan(in_days=self._days_to_wait(self.stage.chance.randint(2, 8)))
        while True:
            answer = yield from self.attempt("start_lymphodepletion")
            if answer.performed:
                break
            yield self.next_morning()
            yield from self.do_quietly("change_plan")
        self.check_rest("start_lymphodepletion")
        while due_dose(self.protocol, self.mine) is not None:
            yield from self.dose()

    def _days_to_wait(self, days: int) -> int:
        """Days until lymphodepletion: so many, or until what comes after it is due when a trial is cut."""
        if not self.stage.cut or self.until not in BEGINS_TODAY | INFUSION_DUE:
            return days
        first = local(self.stage.ends, self.zone)
        if self.until in INFUSION_DUE:
            regimen = self.protocol.regimens[self.protocol.treatment.default_regimen]
            first -= timedelta(days=1 - regimen.first_day)
        return max(days, (first - local(self.now, self.zone)).days)

    def _wait_for_the_cut(self) -> Waiting:
        """What has to be used within hours is thawed shortly before a trial is cut."""
        before = INFUSED_BEFORE.get(self.until or "") if self.stage.cut else None
        if before is not None and self.stage.ends - before > self.now:
            yield self.stage.ends - before

    def do_quietly(self, step: str) -> Waiting:
        """Plan anew for another day, after a hold or another obstacle."""
        yield from self.plan(step=step, in_days=2)

    def dose(self) -> Waiting:
        """One dose, on its day; after one that was held the next ones are later too, each with its reason."""
        while True:
            answer = yield from self.attempt("give_dose", lasting=timedelta(minutes=2))
            if answer.performed:
                break
            codes = {r.code for r in answer.reasons}
            if codes == {Code.TOO_EARLY}:
                yield self.next_morning()
            elif codes == {Code.TOO_LATE}:
                yield from self.do("hold_dose", reason="logistics")
            else:
                raise BrokenPromise(expected="a dose given", came=str(answer.reasons), do="look at the story")
        self.check_rest("give_dose")
        yield self.now + self.pause()

    def finish(self, *, doses: int | None = None) -> Waiting:
        """Infusion and IL-2."""
        yield from self._wait_for_the_cut()
        yield from self.infuse()
        yield from self.il2(doses=doses if doses is not None else self.stage.chance.choice([3, 4, 5, 6, 6, 6]))

    def il2(self, *, doses: int | None = None) -> Waiting:
        """Doses of IL-2, some time into each window; fewer than all are stopped with a reason."""
        for _ in range(self.protocol.il2.max_doses if doses is None else doses):
            yield from self.ready("give_il2")
            yield self.now + timedelta(minutes=self.stage.chance.randint(1, 150))
            yield from self.do("give_il2")
        if self.mine.treatment is not Treatment.COMPLETE:
            yield from self.do("stop_il2")

    def end_course(self, *, why: str) -> Waiting:
        """Terminate, destroy what is left, close."""
        yield from self.do("terminate_course", reason=why)
        yield from self.close()

    def second_course(self) -> Waiting:
        """Another procurement under another COI, all the way."""
        yield self.next_morning(self.stage.chance.randint(6, 20))
        self.course = None
        yield from self.arrive(again=True)
        yield from self.procure()
        yield from self.make()
        yield from self.release()
        yield from self.give()
        yield from self.close()

    def check_rest(self, step: str) -> None:
        """Stop where the plan rests, after a step that was not done by `do`."""
        if self.until in {step, *self.states()}:
            raise Reached

    def bag(self) -> str:
        """The first bag that is stored."""
        return next(b.id for b in self.mine.of_kind(ContainerKind.BAG) if b.state is ContainerState.STORED)
