"""What steps of the order, of labelling and of review do: open a course, issue labels, review results.

Like `effects`, every act replays from the entry alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from coi_tracker.course import (
    Container,
    ContainerId,
    Course,
    Event,
    Label,
    PlaceId,
    Subject,
    SubjectNumber,
)
from coi_tracker.process.effects import Silent, touched
from coi_tracker.process.look import Look
from coi_tracker.process.spec import Move
from coi_tracker.vocabulary import (
    ContainerKind,
    ContainerState,
    LabelState,
    Material,
    TissueRoute,
    Track,
    Treatment,
)


@dataclass(frozen=True, slots=True)
class RegistersSubject(Silent):
    """The subject is in the record, by number."""

    USES: ClassVar[tuple[str, ...]] = ("subject", "study", "site")

    def apply(self, course: Course, event: Event) -> Course:
        """Screened."""
        e = event.evidence
        subject = Subject(SubjectNumber(e["subject"]), e["study"], PlaceId(e["site"]))
        return replace(course, subject=subject, site=subject.site)

    def say(self) -> str:
        """The effect in words."""
        return "subject registered"


@dataclass(frozen=True, slots=True)
class RecordsEligibility(Silent):
    """Eligible when nothing is not met; what is outstanding or not applicable is remembered."""

    USES: ClassVar[tuple[str, ...]] = ("answers",)
    FACTS: ClassVar[tuple[str, ...]] = ("criteria.outstanding", "criteria.not_applicable")
    REACHES: ClassVar[tuple[Move, ...]] = (
        Move(Track.TREATMENT, frozenset({Treatment.SCREENED}), Treatment.ELIGIBLE),
        Move(Track.TREATMENT, frozenset({Treatment.ELIGIBLE}), Treatment.SCREENED),
    )

    def apply(self, course: Course, event: Event) -> Course:
        """Set the treatment track."""
        answers = event.evidence["answers"]
        eligible = "not_met" not in answers.values()
        course = course.with_facts(
            {
                "criteria.outstanding": sorted(k for k, v in answers.items() if v == "outstanding") or None,
                "criteria.not_applicable": sorted(k for k, v in answers.items() if v == "not_applicable") or None,
            }
        )
        return replace(course, treatment=Treatment.ELIGIBLE if eligible else Treatment.SCREENED)

    def say(self) -> str:
        """The effect in words."""
        return "eligible when no criterion is not met"


@dataclass(frozen=True, slots=True)
class AssignsCohort(Silent):
    """The cohort of the next course."""

    USES: ClassVar[tuple[str, ...]] = ("cohort",)

    def apply(self, course: Course, event: Event) -> Course:
        """Remember the cohort."""
        return replace(course, cohort=event.evidence["cohort"])

    def say(self) -> str:
        """The effect in words."""
        return "cohort assigned"


@dataclass(frozen=True, slots=True)
class OpensCourse(Silent):
    """A COI identifier is issued and a course begins, in a chain of its own."""

    USES: ClassVar[tuple[str, ...]] = ("facility", "route", "manufacture")
    NOTES: ClassVar[tuple[str, ...]] = ("subject", "study", "site", "cohort", "outstanding")
    FACTS: ClassVar[tuple[str, ...]] = ("criteria.outstanding",)
    REACHES: ClassVar[tuple[Move, ...]] = (Move(Track.MATERIAL, frozenset({Material.NONE}), Material.ORDERED),)

    def note(self, look: Look) -> Mapping[str, Any]:
        """What the course inherits from its subject, so that its chain stands alone."""
        subject = look.course.subject
        assert subject is not None
        return {
            "subject": subject.number,
            "study": subject.study,
            "site": subject.site,
            "cohort": look.course.cohort,
            "outstanding": list(look.course.facts.get("criteria.outstanding") or ()),
        }

    def apply(self, course: Course, event: Event) -> Course:
        """The course as it begins; nothing of what was before it but what the entry says."""
        e = event.evidence
        return Course(
            chain=event.chain,
            process=event.process,
            protocol=event.protocol,
            subject=Subject(SubjectNumber(e["subject"]), e["study"], PlaceId(e["site"])),
            coi=event.course,
            site=PlaceId(e["site"]),
            facility=PlaceId(e["facility"]),
            cohort=e["cohort"],
            route=TissueRoute(e["route"]),
            manufacture=e["manufacture"],
            material=Material.ORDERED,
            treatment=Treatment.ELIGIBLE,
        ).with_facts({"criteria.outstanding": list(e["outstanding"]) or None})

    def say(self) -> str:
        """The effect in words."""
        return "COI issued; the course begins"


@dataclass(frozen=True, slots=True)
class BooksSlot(Silent):
    """The first free position on the day of receipt and on every process day."""

    NOTES: ClassVar[tuple[str, ...]] = ("positions",)
    FACTS: ClassVar[tuple[str, ...]] = ("slot",)

    def note(self, look: Look) -> Mapping[str, Any]:
        """Which positions."""
        days = [[load.day.isoformat(), _first_free(load.taken)] for load in look.attempt.around.days]
        return {"positions": days}

    def apply(self, course: Course, event: Event) -> Course:
        """Remember the slot."""
        return course.with_facts({"slot": event.evidence["positions"]})

    def say(self) -> str:
        """The effect in words."""
        return "a position booked on every process day"


def _first_free(taken: tuple[int, ...]) -> int:
    return next(n for n in range(1, len(taken) + 2) if n not in taken)


@dataclass(frozen=True, slots=True)
class IssuesLabels(Silent):
    """New containers with a label each, bound to this course before anything is printed."""

    USES: ClassVar[tuple[str, ...]] = ("kind", "count")
    NOTES: ClassVar[tuple[str, ...]] = ("labels",)

    def note(self, look: Look) -> Mapping[str, Any]:
        """The containers and their serials."""
        kind = ContainerKind(look.evidence["kind"])
        first = max((c.part for c in look.course.of_kind(kind)), default=0) + 1
        return {
            "labels": [
                {"container": f"{look.course.coi}/{kind}/{first + n}", "part": first + n, "serial": serial}
                for n, serial in enumerate(look.attempt.fresh_serials[: look.evidence["count"]])
            ]
        }

    def apply(self, course: Course, event: Event) -> Course:
        """Put containers and labels in."""
        kind = ContainerKind(event.evidence["kind"])
        here = event.actor.place
        assert here is not None
        for one in event.evidence["labels"]:
            id_ = ContainerId(one["container"])
            course = course.with_container(
                Container(
                    id=id_,
                    coi=course.coi,
                    kind=kind,
                    part=one["part"],
                    state=ContainerState.LABELLED,
                    serial=one["serial"],
                    label=LabelState.ISSUED,
                    holder=here,
                    position=event.evidence.get("suite"),
                )
            )
            course = course.with_label(Label(one["serial"], id_, kind, LabelState.ISSUED))
        return course

    def say(self) -> str:
        """The effect in words."""
        return "containers and labels bound to the course"


@dataclass(frozen=True, slots=True)
class VerifiesLabels(Silent):
    """A label that was scanned back may be used; on a container already filled (a reprint) it is applied at once."""

    PARTS: ClassVar[tuple[str, ...]] = ("label",)

    def apply(self, course: Course, event: Event) -> Course:
        """Verified, or applied."""
        for one in touched(course, event, "label"):
            state = LabelState.VERIFIED if one.state is ContainerState.LABELLED else LabelState.APPLIED
            course = course.with_container(replace(one, label=state))
            course = course.with_label(replace(course.labels[one.serial], state=state))
        return course

    def say(self) -> str:
        """The effect in words."""
        return "label verified (a reprint on a filled container: applied)"


@dataclass(frozen=True, slots=True)
class Reprints(Silent):
    """A new serial for a container; the old one is dead from this moment."""

    USES: ClassVar[tuple[str, ...]] = ("container",)
    NOTES: ClassVar[tuple[str, ...]] = ("old_serial", "new_serial")

    def note(self, look: Look) -> Mapping[str, Any]:
        """The new serial, and the one it replaces."""
        old = look.course.containers[look.evidence["container"]].serial
        return {"old_serial": old, "new_serial": look.attempt.fresh_serials[0]}

    def apply(self, course: Course, event: Event) -> Course:
        """Supersede and issue."""
        e = event.evidence
        one = course.containers[e["container"]]
        old = course.labels.get(e["old_serial"]) or Label(e["old_serial"], one.id, one.kind, LabelState.APPLIED)
        course = course.with_label(replace(old, state=LabelState.SUPERSEDED, replaced_by=e["new_serial"]))
        course = course.with_container(replace(one, serial=e["new_serial"], label=LabelState.ISSUED))
        return course.with_label(Label(e["new_serial"], one.id, one.kind, LabelState.ISSUED))

    def say(self) -> str:
        """The effect in words."""
        return "old label superseded, new one issued"


@dataclass(frozen=True, slots=True)
class EndsLabel(Silent):
    """A label that was never applied ends, and so does the empty container it was for.

    One that is handed back to whoever issues labels goes with its container; any other fate destroys the container.
    """

    state: LabelState
    MOVES_MATERIAL: ClassVar[bool] = True
    USES: ClassVar[tuple[str, ...]] = ("container",)

    @property
    def fate(self) -> ContainerState:
        """What becomes of the container."""
        return ContainerState.RETURNED if self.state is LabelState.RETURNED else ContainerState.DESTROYED

    def apply(self, course: Course, event: Event) -> Course:
        """End label and container."""
        one = course.containers[event.evidence["container"]]
        label = course.labels.get(one.serial) or Label(one.serial, one.id, one.kind, self.state)
        course = course.with_label(replace(label, state=self.state))
        return course.with_container(replace(one, label=self.state, state=self.fate, position=None))

    def say(self) -> str:
        """The effect in words."""
        return f"label {self.state}; the empty container is {self.fate}"


@dataclass(frozen=True, slots=True)
class ReviewsResult(Silent):
    """A second analyst has reviewed the result. (Whether it passes follows from the result itself.)"""

    USES: ClassVar[tuple[str, ...]] = ("test",)
    FACTS: ClassVar[tuple[str, ...]] = ("result.{test}.reviewed",)

    def apply(self, course: Course, event: Event) -> Course:
        """Mark it reviewed."""
        return course.with_facts({f"result.{event.evidence['test']}.reviewed": event.actor.account})

    def say(self) -> str:
        """The effect in words."""
        return "the result is reviewed"
