"""Needs of the treatment: the plan, doses, thaw timer, infusion, IL-2.

Checks against what the protocol and the plan say; gives no clinical advice. Limits are defaults of the protocol
file until the sponsor confirms them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from coi_tracker.course import Course, Reason
from coi_tracker.planning.regimen import DueDose, amount, amount_range, next_dose
from coi_tracker.process.look import Look, chosen, hours, read_instant, reason
from coi_tracker.process.spec import Field, FieldKind, ProtocolPath
from coi_tracker.process.supplies import Given
from coi_tracker.process.timing import BY_QA, DEVIATION
from coi_tracker.protocols.model import Protocol
from coi_tracker.protocols.treating import Regimen
from coi_tracker.vocabulary import FINAL_STATES, ContainerKind, ContainerState, LabelState
from coi_tracker.vocabulary import ReasonCode as Code


def regimen_of(protocol: Protocol, course: Course) -> Regimen:
    """The regimen the plan names. Raises NotInProtocol."""
    found: Regimen = chosen(protocol.regimens, course.facts.get("plan.regimen") or protocol.treatment.default_regimen)
    return found


def due_dose(protocol: Protocol, course: Course) -> DueDose | None:
    """The dose that comes next, or None when lymphodepletion is over."""
    regimen = regimen_of(protocol, course)
    given = {d.key: course.facts.get(f"dose.{d.key}") or 0 for d in regimen.drugs}
    stopped = frozenset(d.key for d in regimen.drugs if course.facts.get(f"dose.{d.key}.stopped"))
    return next_dose(regimen, given, stopped)


@dataclass(frozen=True, slots=True)
class PlanFits:
    """The day of infusion leaves room for the whole regimen, and every bag is still valid on it."""

    ASKS: ClassVar[tuple[Field, ...]] = (
        Field("infusion_at", "when the infusion is planned", FieldKind.INSTANT),
        Field("regimen", "the lymphodepletion regimen"),
        Field("weight", "body weight", FieldKind.QUANTITY, "kg", limits=(25, 300)),
        Field("height", "body height", FieldKind.QUANTITY, "cm", limits=(100, 230)),
        Field("creatinine", "serum creatinine", FieldKind.QUANTITY, "mg/dL", limits=(0, 20)),
    )

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Unknown regimen, values of no patient, a first day in the past, bags that expire before."""
        for one in self.ASKS:
            yield from Given(one).unmet(look)
        name, infusion = look.evidence.get("regimen"), look.evidence.get("infusion_at")
        if name is not None and name not in look.protocol.regimens:
            yield reason(Code.PLAN_CONFLICT, f"regimen: {', '.join(look.protocol.regimens)}", name)
            return
        if name is None or infusion is None:
            return
        first = look.local_date(infusion) + timedelta(days=look.protocol.regimens[name].first_day)
        if first < look.today:
            yield reason(Code.PLAN_CONFLICT, f"first day of {name} not before {look.today}", str(first))
        for bag in look.course.of_kind(ContainerKind.BAG):
            if bag.expires_at is not None and bag.expires_at < infusion and bag.state not in FINAL_STATES:
                yield reason(Code.PLAN_CONFLICT, f"infusion before {bag.id} expires", str(bag.expires_at))

    def say(self) -> str:
        """The need in words."""
        return "the regimen fits before the infusion; every bag is valid on that day"


@dataclass(frozen=True, slots=True)
class PlanDayIsToday:
    """Today is the first day of the planned regimen: the infusion then falls inside its window."""

    FACTS: ClassVar[tuple[str, ...]] = ("plan.infusion_at", "plan.regimen")

    def unmet(self, look: Look) -> Iterator[Reason]:
        """No plan, or another day."""
        planned = look.instant("plan.infusion_at")
        if planned is None:
            yield reason(Code.PLAN_CONFLICT, "a plan", "none")
            return
        regimen = regimen_of(look.protocol, look.course)
        first = look.local_date(planned) + timedelta(days=regimen.first_day)
        if first != look.today:
            yield reason(Code.PLAN_CONFLICT, f"lymphodepletion starts on {first}, as planned", str(look.today))

    def say(self) -> str:
        """The need in words."""
        return "today is the first day of the planned regimen"


@dataclass(frozen=True, slots=True)
class BagsHere:
    """Every bag of the dose was received at this site, scanned and matched, and nothing holds it back."""

    def unmet(self, look: Look) -> Iterator[Reason]:
        """No bag, or one that is elsewhere, in transit, unlabelled or under a hold."""
        bags = [b for b in look.course.of_kind(ContainerKind.BAG) if b.state not in FINAL_STATES]
        held = {h.target for h in look.course.holds}
        if not bags:
            yield reason(Code.MISSING_CONTAINER, "bags of the dose at the site", "none")
        for bag in bags:
            here = bag.state is ContainerState.STORED and bag.holder == look.course.site
            if not here or bag.label is not LabelState.APPLIED or bag.id in held:
                found = f"{bag.state} at {bag.holder}, label {bag.label}" + (", on hold" if bag.id in held else "")
                yield reason(Code.MISSING_CONTAINER, f"{bag.id} stored at {look.course.site}", found)

    def say(self) -> str:
        """The need in words."""
        return "every bag received at the site, scanned and matched, none on hold"


@dataclass(frozen=True, slots=True)
class DispositionAllows:
    """Quality assurance has released the product, in one of the ways the protocol accepts."""

    allowed: ProtocolPath

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Not released."""
        allowed = look.limit(self.allowed)
        if look.course.disposition not in allowed:
            yield reason(Code.WRONG_STATE, "disposition " + " or ".join(sorted(allowed)), look.course.disposition)

    def say(self) -> str:
        """The need in words."""
        return f"disposition is one of *{self.allowed}*"


@dataclass(frozen=True, slots=True)
class RecheckPasses:
    """Every item of the recheck list is answered within its limit."""

    ASKS: ClassVar[tuple[Field, ...]] = (
        Field("answers", "every item of the recheck list with its value", FieldKind.ANSWERS),
    )

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Missing, unknown, unreadable or failing items."""
        answers = look.evidence.get("answers")
        if answers is None:
            return
        items = {i.key: i for i in look.protocol.treatment.recheck}
        for key in sorted(items.keys() | answers.keys()):
            if key not in answers:
                yield reason(Code.EVIDENCE_MISSING, f"{key}: {items[key].text}", "nothing")
            elif key not in items:
                yield reason(Code.EVIDENCE_UNEXPECTED, "an item of the recheck list", key)
            elif not _passes(items[key], answers[key]):
                yield reason(Code.NOT_ELIGIBLE, f"{key}: {items[key].limit}", answers[key])

    def say(self) -> str:
        """The need in words."""
        return "every item of the protocol's recheck list, within its limit"


def _passes(item: object, answer: str) -> bool:
    try:
        return bool(item.passes(answer))  # type: ignore[attr-defined]
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class DoseDue:
    """The drug is the one due, on its day, in the ordered amount within the protocol's tolerance."""

    ASKS: ClassVar[tuple[Field, ...]] = (
        Field("drug", "the drug"),
        Field("started_at", "start of the dose", FieldKind.INSTANT),
        Field("amount", "the amount given", FieldKind.QUANTITY, "mg"),
        DEVIATION,
    )
    FACTS: ClassVar[tuple[str, ...]] = (
        "plan.infusion_at",
        "plan.regimen",
        "plan.weight",
        "plan.height",
        "dose.{drug}",
        "dose.{drug}.held",
        "dose.{drug}.last_at",
        "dose.{drug}.stopped",
    )

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Another drug, another day, another amount, a second dose on one day."""
        drug, given = look.evidence.get("drug"), look.evidence.get("amount")
        due = due_dose(look.protocol, look.course)
        if drug is None:
            return
        if due is None:
            yield reason(Code.PLAN_CONFLICT, "a dose that is due", "none")
            return
        if drug != due.drug:
            yield reason(Code.PLAN_CONFLICT, f"next: dose {due.number} of {due.drug}", drug)
            return
        yield from self._day(look, due)
        if given is not None:
            yield from self._amount(look, due, given)

    def _day(self, look: Look, due: DueDose) -> Iterator[Reason]:
        given_on = look.local_date(look.evidence.get("started_at", look.now))
        before = look.instant(f"dose.{due.drug}.last_at")
        if before is not None and look.local_date(before) >= given_on:
            yield reason(Code.TOO_EARLY, f"one dose of {due.drug} a day", f"another one on {look.local_date(before)}")
            return
        planned = look.instant("plan.infusion_at")
        if planned is None or look.excused(BY_QA):
            return
        day = due.date(look.local_date(planned))
        if given_on < day:
            yield reason(Code.TOO_EARLY, f"{due.drug} dose {due.number} on {day}", str(given_on))
        if given_on > day and not look.course.facts.get(f"dose.{due.drug}.held"):
            yield reason(Code.TOO_LATE, f"{due.drug} dose {due.number} on {day}", str(given_on))

    def _amount(self, look: Look, due: DueDose, given: Decimal) -> Iterator[Reason]:
        regimen = regimen_of(look.protocol, look.course)
        drug = regimen.drug(due.drug)
        weight, height = look.course.facts.get("plan.weight"), look.course.facts.get("plan.height")
        if weight is None or height is None:  # no plan yet: nobody can say what was ordered
            yield reason(Code.PLAN_CONFLICT, "a plan with weight and height", "none")
            return
        kg, cm = Decimal(weight["value"]), Decimal(height["value"])
        low, high = amount_range(drug, amount(drug, weight_kg=kg, height_cm=cm, formula=regimen.bsa_formula))
        if not low <= given <= high:
            yield reason(Code.VALUE_OUT_OF_RANGE, f"{drug.key}: {low:.1f} to {high:.1f} mg", f"{given} mg")

    def say(self) -> str:
        """The need in words."""
        return "the drug due, on its day, in the ordered amount"


@dataclass(frozen=True, slots=True)
class DrugOpen:
    """The drug belongs to the regimen and is not stopped or complete."""

    ASKS: ClassVar[tuple[Field, ...]] = (Field("drug", "the drug"),)
    FACTS: ClassVar[tuple[str, ...]] = ("plan.regimen", "dose.{drug}", "dose.{drug}.stopped")

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Unknown drug, or nothing left to give of it."""
        name = look.evidence.get("drug")
        if name is None:
            return
        regimen = regimen_of(look.protocol, look.course)
        known = [d.key for d in regimen.drugs]
        if name not in known:
            yield reason(Code.VALUE_OUT_OF_RANGE, f"drug: {' / '.join(known)}", name)
        elif look.course.facts.get(f"dose.{name}.stopped") or (
            (look.course.facts.get(f"dose.{name}") or 0) >= regimen.doses_expected(name)
        ):
            yield reason(Code.ALREADY_RECORDED, f"{name}: doses left", "complete or stopped")

    def say(self) -> str:
        """The need in words."""
        return "a drug of the regimen with doses left"


@dataclass(frozen=True, slots=True)
class NoOtherThawed:
    """One bag at a time: no other bag is thawed and waiting."""

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Another bag is thawed."""
        for bag in look.course.of_kind(ContainerKind.BAG):
            if bag.state is ContainerState.IN_USE:
                yield reason(Code.WRONG_CONTAINER_STATE, "one bag thawed at a time", f"{bag.id} is thawed")

    def say(self) -> str:
        """The need in words."""
        return "no other bag is thawed"


@dataclass(frozen=True, slots=True)
class BagGood:
    """The bag is not expired, and (``limit``) not thawed for longer than allowed. ``at``: evidence for the instant."""

    limit: ProtocolPath | None = None
    at: str | None = None
    part: str = "bag"

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Expired, or thawed too long."""
        when: datetime = look.evidence.get(self.at, look.now) if self.at else look.now
        for bag in look.containers(self.part):
            if bag.expires_at is not None and bag.expires_at < when:
                yield reason(Code.TOO_LATE, f"{bag.id} before its expiry", f"expired {bag.expires_at:%Y-%m-%d}")
            if self.limit is None:
                continue
            gone = None if bag.thawed_at is None else when - bag.thawed_at
            if gone is not None and gone > look.limit(self.limit):
                yield reason(Code.TOO_LATE, f"within {hours(look.limit(self.limit))} of thaw", hours(gone))

    def say(self) -> str:
        """The need in words."""
        return "the bag is not expired" + (f" and thawed for at most *{self.limit}*" if self.limit else "")


@dataclass(frozen=True, slots=True)
class Il2Due:
    """The next dose of IL-2, inside its window: after the infusion for the first, after the last one for the others."""

    ASKS: ClassVar[tuple[Field, ...]] = (
        Field("number", "which dose of IL-2", FieldKind.COUNT),
        Field("started_at", "start of the dose", FieldKind.INSTANT),
        DEVIATION,
    )
    FACTS: ClassVar[tuple[str, ...]] = ("il2", "il2.last_at", "il2.held", "infusion.start_at", "infusion.end_at")

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Another number than the next, more than allowed, too early or too late."""
        number, at = look.evidence.get("number"), look.evidence.get("started_at")
        given = look.course.facts.get("il2") or 0
        most = look.protocol.il2.max_doses
        if number is not None and (number != given + 1 or number > most):
            yield reason(Code.VALUE_OUT_OF_RANGE, f"dose {given + 1} of at most {most}", str(number))
        start = self.counted_from(look, given)
        if at is None or start is None:
            return
        window = look.protocol.il2.interval if given else look.protocol.il2.first_after
        gone = at - start
        if gone < window.start:
            yield reason(Code.TOO_EARLY, f"{hours(window.start)} to {hours(window.end)} after", hours(gone))
        late = gone > window.end and not look.course.facts.get("il2.held") and not look.excused(BY_QA)
        if late:
            yield reason(Code.TOO_LATE, f"{hours(window.start)} to {hours(window.end)} after", hours(gone))

    def counted_from(self, look: Look, given: int) -> datetime | None:
        """The instant the window of the next dose is counted from."""
        if given:
            return look.instant("il2.last_at")
        fact = "infusion.end_at" if look.protocol.il2.clock_starts == "infusion_end" else "infusion.start_at"
        value = look.course.facts.get(fact)
        return None if value is None else read_instant(value)

    def say(self) -> str:
        """The need in words."""
        return "the next dose of at most *protocol.il2.max_doses*, inside its window"
