"""What steps of the treatment do: count doses, remember the infusion, end lymphodepletion and IL-2.

Like `effects`, every act replays from the entry alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from coi_tracker.course import (
    Course,
    Event,
)
from coi_tracker.process.bedside import due_dose
from coi_tracker.process.effects import Silent
from coi_tracker.process.look import Look
from coi_tracker.process.spec import Move
from coi_tracker.vocabulary import (
    Track,
    Treatment,
)


@dataclass(frozen=True, slots=True)
class GivesDose(Silent):
    """One dose more; after the last one lymphodepletion is complete."""

    USES: ClassVar[tuple[str, ...]] = ("drug", "started_at", "ended_at")
    NOTES: ClassVar[tuple[str, ...]] = ("number", "counts", "last")
    FACTS: ClassVar[tuple[str, ...]] = (
        "dose.{drug}",
        "dose.{drug}.held",
        "dose.{drug}.last_at",
        "ld.begun",
        "ld.last_at",
    )
    REACHES: ClassVar[tuple[Move, ...]] = (
        Move(Track.TREATMENT, frozenset({Treatment.LD_RUNNING}), Treatment.LD_COMPLETE),
    )

    def note(self, look: Look) -> Mapping[str, Any]:
        """Which dose it was, and whether it was one of the drug that the infusion is counted from."""
        due = due_dose(look.protocol, look.course)
        number = due.number if due is not None else 0
        drug = look.evidence["drug"]
        after = look.course.with_facts({f"dose.{drug}": number})
        return {
            "number": number,
            "counts": drug == look.protocol.treatment.last_drug,
            "last": due_dose(look.protocol, after) is None,
        }

    def apply(self, course: Course, event: Event) -> Course:
        """Count it."""
        e = event.evidence
        drug = e["drug"]
        facts: dict[str, Any] = {f"dose.{drug}": e["number"], f"dose.{drug}.held": None, "ld.begun": True}
        facts[f"dose.{drug}.last_at"] = e["started_at"]
        if e["counts"]:
            facts["ld.last_at"] = e["ended_at"]
        course = course.with_facts(facts)
        return replace(course, treatment=Treatment.LD_COMPLETE) if e["last"] else course

    def say(self) -> str:
        """The effect in words."""
        return "dose counted; ld_complete after the last"


@dataclass(frozen=True, slots=True)
class StopsDrug(Silent):
    """No more of this drug; when nothing else is due lymphodepletion is complete."""

    USES: ClassVar[tuple[str, ...]] = ("drug",)
    NOTES: ClassVar[tuple[str, ...]] = ("last",)
    FACTS: ClassVar[tuple[str, ...]] = ("dose.{drug}.stopped",)
    REACHES: ClassVar[tuple[Move, ...]] = (
        Move(Track.TREATMENT, frozenset({Treatment.LD_RUNNING}), Treatment.LD_COMPLETE),
    )

    def note(self, look: Look) -> Mapping[str, Any]:
        """Whether anything is still due."""
        after = look.course.with_facts({f"dose.{look.evidence['drug']}.stopped": True})
        return {"last": due_dose(look.protocol, after) is None}

    def apply(self, course: Course, event: Event) -> Course:
        """Stop it."""
        course = course.with_facts({f"dose.{event.evidence['drug']}.stopped": True})
        return replace(course, treatment=Treatment.LD_COMPLETE) if event.evidence["last"] else course

    def say(self) -> str:
        """The effect in words."""
        return "no more of the drug; ld_complete when nothing is due"


@dataclass(frozen=True, slots=True)
class RecordsInfusion(Silent):
    """Start of the first bag, end of the last one: IL-2 is counted from one of them."""

    USES: ClassVar[tuple[str, ...]] = ("started_at", "ended_at")
    FACTS: ClassVar[tuple[str, ...]] = ("infusion.start_at", "infusion.end_at")

    def apply(self, course: Course, event: Event) -> Course:
        """Remember the instants."""
        e = event.evidence
        facts = {"infusion.end_at": e["ended_at"]}
        if "infusion.start_at" not in course.facts:
            facts["infusion.start_at"] = e["started_at"]
        return course.with_facts(facts)

    def say(self) -> str:
        """The effect in words."""
        return "start and end of the infusion remembered"


@dataclass(frozen=True, slots=True)
class GivesIl2(Silent):
    """One dose of IL-2 more; the last one completes the treatment."""

    USES: ClassVar[tuple[str, ...]] = ("number", "started_at")
    NOTES: ClassVar[tuple[str, ...]] = ("last",)
    FACTS: ClassVar[tuple[str, ...]] = ("il2", "il2.last_at", "il2.held")
    REACHES: ClassVar[tuple[Move, ...]] = (
        Move(Track.TREATMENT, frozenset({Treatment.INFUSED, Treatment.IL2_RUNNING}), Treatment.IL2_RUNNING),
        Move(Track.TREATMENT, frozenset({Treatment.INFUSED, Treatment.IL2_RUNNING}), Treatment.COMPLETE),
    )

    def note(self, look: Look) -> Mapping[str, Any]:
        """Whether it was the last."""
        return {"last": look.evidence["number"] >= look.protocol.il2.max_doses}

    def apply(self, course: Course, event: Event) -> Course:
        """Count it."""
        e = event.evidence
        course = course.with_facts({"il2": e["number"], "il2.last_at": e["started_at"], "il2.held": None})
        return replace(course, treatment=Treatment.COMPLETE if e["last"] else Treatment.IL2_RUNNING)

    def say(self) -> str:
        """The effect in words."""
        return "dose counted; complete after the last"


@dataclass(frozen=True, slots=True)
class ConfirmsProgression(Silent):
    """Progression is documented: nothing is outstanding any more."""

    USES: ClassVar[tuple[str, ...]] = ("documented_on",)
    FACTS: ClassVar[tuple[str, ...]] = ("criteria.outstanding", "progression")

    def apply(self, course: Course, event: Event) -> Course:
        """Clear what was outstanding."""
        return course.with_facts({"criteria.outstanding": None, "progression": event.evidence["documented_on"]})

    def say(self) -> str:
        """The effect in words."""
        return "what was outstanding is documented"
