"""Needs of the order: who may be registered, what makes a subject eligible, which cohort, which slot.

Knows nothing of cells. The rules themselves (criteria, cohort table, capacity) are the protocol's and the places'.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from coi_tracker.course import Reason
from coi_tracker.process.look import Look, chosen, reason
from coi_tracker.process.spec import Field, FieldKind, ProtocolPath
from coi_tracker.vocabulary import ReasonCode as Code
from coi_tracker.vocabulary import Standing

ENDED = frozenset({Standing.CLOSED, Standing.TERMINATED})
"""Standings after which the subject may have another course; who has withdrawn has none until that one is closed."""


AN_INSTANT = timedelta(microseconds=1)
"""The smallest difference between two instants: the cohort may be assigned in the instant eligibility was recorded."""


@dataclass(frozen=True, slots=True)
class OwnSubject:
    """The subject is the one whose chain it is, at the site that registers it, in the study of the protocol."""

    ASKS: ClassVar[tuple[Field, ...]] = (
        Field("subject", "the subject number of the trial"),
        Field("study", "the study"),
        Field("site", "the site"),
    )

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Somebody else's number, another site's subject, another study."""
        e, number = look.evidence, look.course.chain.partition("/")[2]
        if e.get("subject", number) != number:
            yield reason(Code.WRONG_SUBJECT, f"subject {number}", e["subject"])
        if e.get("site", look.attempt.actor.place) != look.attempt.actor.place:
            yield reason(Code.PLACE_MISSING, f"a subject of {look.attempt.actor.place}", e["site"])
        if e.get("study", look.protocol.key) != look.protocol.key:
            yield reason(Code.PROTOCOL_MISMATCH, f"study {look.protocol.key}", e["study"])

    def say(self) -> str:
        """The need in words."""
        return "the subject's own chain, its own site, the study of the protocol"


@dataclass(frozen=True, slots=True)
class NotRegistered:
    """The subject number is new in this study."""

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Already there."""
        if look.attempt.around.registered:
            yield reason(Code.ALREADY_RECORDED, "a subject number not yet registered", "registered already")

    def say(self) -> str:
        """The need in words."""
        return "the subject is not registered yet"


@dataclass(frozen=True, slots=True)
class EnrolmentOpen:
    """The study is open and below the number of participants of the protocol."""

    limit: ProtocolPath

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Closed, or full."""
        most, have = look.limit(self.limit), look.attempt.around.enrolled
        if not look.attempt.around.study_open:
            yield reason(Code.ENROLMENT_FULL, "a study open for enrolment", "closed")
        if have >= most:
            yield reason(Code.ENROLMENT_FULL, f"fewer than {most} participants", str(have))

    def say(self) -> str:
        """The need in words."""
        return f"the study is open and below *{self.limit}* participants"


@dataclass(frozen=True, slots=True)
class CriteriaAnswered:
    """Every criterion is answered: met, not_met, waived, outstanding or not_applicable.

    waived needs the protocol to allow it and the medical monitor's approval; outstanding needs the protocol to allow
    it (documented progression, when product is made in advance). An eligible subject has no not_met.
    """

    ASKS: ClassVar[tuple[Field, ...]] = (
        Field(
            "answers",
            "every criterion: met / not_met / waived / outstanding / not_applicable",
            FieldKind.ANSWERS,
        ),
        Field("monitor_approval", "the medical monitor's approval of the waivers", required=False),
    )

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Unanswered, unknown, or an answer that the protocol does not allow."""
        answers = look.evidence.get("answers")
        if answers is None:
            return
        criteria = {c.key: c for c in look.protocol.criteria}
        for key in criteria.keys() - answers.keys():
            yield reason(Code.EVIDENCE_MISSING, f"an answer to criterion {key}", "none")
        for key, answer in sorted(answers.items()):
            yield from self._one(look, key, answer)
        if "waived" in answers.values() and "monitor_approval" not in look.evidence:
            yield reason(Code.EVIDENCE_MISSING, "monitor_approval: a waiver needs the medical monitor", "nothing")

    def _one(self, look: Look, key: str, answer: str) -> Iterator[Reason]:
        known = {c.key: c for c in look.protocol.criteria}.get(key)
        if known is None:
            yield reason(Code.EVIDENCE_UNEXPECTED, "a criterion of the protocol", key)
            return
        allowed = {"met", "not_met"}
        allowed |= {"waived"} if known.waivable else set()
        allowed |= {"outstanding"} if known.may_be_outstanding else set()
        allowed |= {"not_applicable"} if known.not_for else set()
        if answer not in allowed:
            code = (
                Code.NOT_ELIGIBLE if answer in {"waived", "outstanding", "not_applicable"} else Code.VALUE_OUT_OF_RANGE
            )
            yield reason(code, f"{key}: {' / '.join(sorted(allowed))}", answer)

    def say(self) -> str:
        """The need in words."""
        return "every criterion of the protocol answered; waivers only where allowed and approved"


@dataclass(frozen=True, slots=True)
class CohortFollows:
    """The cohort is the one that follows from the answers, and no criterion is 'not applicable' outside of it."""

    ASKS: ClassVar[tuple[Field, ...]] = (
        Field(
            "tps",
            "PD-L1 tumour proportion score before checkpoint inhibitor",
            FieldKind.QUANTITY,
            "%",
            required=False,
        ),
        Field("fit_for_resection", "can a resection be done safely?", FieldKind.FLAG),
        Field("previous_course", "treated with the product in this study before?", FieldKind.FLAG),
        Field("cohort", "the cohort"),
    )
    FACTS: ClassVar[tuple[str, ...]] = ("criteria.not_applicable",)

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Another cohort, or answers about the past that the record contradicts."""
        given, fit = look.evidence.get("cohort"), look.evidence.get("fit_for_resection")
        before = look.evidence.get("previous_course")
        if given is None or fit is None or before is None:
            return
        treated = any(o.infused for o in look.attempt.around.others)
        if before != treated:
            yield reason(
                Code.COHORT_MISMATCH,
                f"previous course: {'yes' if treated else 'no'} (the record)",
                str(before),
            )
            return
        try:
            wanted = look.protocol.cohort_for(
                tps_percent=look.evidence.get("tps"), fit_for_resection=fit, previous_course=before
            )
        except ValueError as error:
            yield reason(Code.VALUE_OUT_OF_RANGE, f"tps: {error}", str(look.evidence.get("tps")))
            return
        if given != wanted:
            yield reason(Code.COHORT_MISMATCH, f"cohort {wanted or 'none: the study has none for this'}", given)
            return
        yield from self._criteria(look, given)

    def _criteria(self, look: Look, cohort: str) -> Iterator[Reason]:
        answers = look.course.facts.get("criteria.not_applicable") or ()
        criteria = {c.key: c for c in look.protocol.criteria}
        for key in answers:
            if cohort not in chosen(criteria, key).not_for:
                yield reason(Code.NOT_ELIGIBLE, f"criterion {key} answered: it applies to {cohort}", "not_applicable")

    def say(self) -> str:
        """The need in words."""
        return "the cohort follows from the answers and from the record"


@dataclass(frozen=True, slots=True)
class EligibleNow:
    """Eligibility and cohort were recorded after the latest other course was opened."""

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Eligibility of an earlier course is not eligibility for this one."""
        latest = max((o.opened_at for o in look.attempt.around.others), default=None)
        for step in ("record_eligibility", "assign_cohort"):
            done = look.course.done.get(step)
            if done is None or (latest is not None and done.at <= latest):
                yield reason(Code.NOT_ELIGIBLE, f"{step} for this course", "not recorded since the last course")
            latest = done.at - AN_INSTANT if done is not None else latest

    def say(self) -> str:
        """The need in words."""
        return "eligibility and cohort recorded for this course"


@dataclass(frozen=True, slots=True)
class NoOpenCourse:
    """The subject has no other open course."""

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Another course is open."""
        for other in look.attempt.around.others:
            if other.standing not in ENDED:
                yield reason(Code.COURSE_OPEN, "no other open course of the subject", other.coi)

    def say(self) -> str:
        """The need in words."""
        return "no other open course of the subject"


@dataclass(frozen=True, slots=True)
class CourseFollows:
    """Route and process version are those of the cohort; the facility is one."""

    ASKS: ClassVar[tuple[Field, ...]] = (
        Field("route", "how the tissue will be taken", FieldKind.CHOICE, choices=("resection", "core_biopsy")),
        Field("manufacture", "the version of the manufacturing process"),
        Field("facility", "the manufacturing facility"),
    )

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Another route or version than the cohort's, or no such facility."""
        cohort = look.protocol.cohorts.get(look.course.cohort or "")
        if cohort is None:
            return
        route, version = look.evidence.get("route"), look.evidence.get("manufacture")
        if route is not None and route != cohort.route:
            yield reason(Code.PROTOCOL_MISMATCH, f"route {cohort.route} of cohort {cohort.key}", route)
        if version is not None and version not in cohort.manufactures:
            yield reason(Code.PROTOCOL_MISMATCH, f"process {' or '.join(cohort.manufactures)}", version)
        facility = look.evidence.get("facility")
        if facility is not None and look.attempt.around.places.get(facility) != "facility":
            yield reason(Code.PLACE_MISSING, "a registered manufacturing facility", facility)

    def say(self) -> str:
        """The need in words."""
        return "route and process version are those of the cohort; the facility is registered"


@dataclass(frozen=True, slots=True)
class SlotFree:
    """The facility can take the course on the day of receipt and on every process day after it."""

    lead: ProtocolPath
    days: ProtocolPath
    ASKS: ClassVar[tuple[Field, ...]] = (Field("day", "the day of receipt", FieldKind.DATE),)

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Too soon for the tissue to come, no capacity, or a day without staff."""
        day = look.evidence.get("day")
        if day is None:
            return
        first = look.local_date(look.now + look.limit(self.lead))
        if day < first:
            yield reason(Code.PLAN_CONFLICT, f"not before {first} (tissue lead time)", str(day))
        loads = look.attempt.around.days
        wanted = tuple(day + timedelta(days=d) for d in look.limit(self.days))
        if tuple(load.day for load in loads) != wanted:
            yield reason(Code.PLAN_CONFLICT, "every process day looked at", f"{len(loads)} of {len(wanted)} days")
        for load in loads:
            if load.closed:
                yield reason(Code.PLAN_CONFLICT, f"{load.day}: the facility is staffed", "closed")
            elif len(load.taken) >= load.capacity:
                yield reason(
                    Code.CAPACITY_FULL,
                    f"a free position on {load.day}",
                    f"{load.capacity} of {load.capacity}",
                )

    def say(self) -> str:
        """The need in words."""
        return f"capacity on every process day, staffed, not before *{self.lead}*"


@dataclass(frozen=True, slots=True)
class Identified:
    """The person is who the record says: a wristband was scanned, or two identifiers match what is kept apart."""

    wristband: bool = True  # a scan of the wristband will do
    ASKS: ClassVar[tuple[Field, ...]] = ()

    def unmet(self, look: Look) -> Iterator[Reason]:
        """An identifier of somebody else, or too few."""
        around = look.attempt.around
        if around.misidentified:
            yield reason(Code.WRONG_SUBJECT, "identifiers of this subject", ", ".join(around.misidentified) + " differ")
        elif len(around.identified) < 2 and not (self.wristband and (look.parts.get("wristband") or look.unread)):
            yield reason(
                Code.EVIDENCE_MISSING,
                "the wristband, or two identifiers that match",
                str(len(around.identified)),
            )

    def say(self) -> str:
        """The need in words."""
        return "wristband, or two identifiers of the subject" if self.wristband else "two identifiers of the subject"
