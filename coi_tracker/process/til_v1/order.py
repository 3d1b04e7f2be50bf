"""Order: from a subject number to a course with a COI identifier, a slot and labels."""

from __future__ import annotations

from coi_tracker.process.acts import (
    AssignsCohort,
    BooksSlot,
    IssuesLabels,
    OpensCourse,
    RecordsEligibility,
    RegistersSubject,
    VerifiesLabels,
)
from coi_tracker.process.effects import Fills
from coi_tracker.process.enrolment import (
    CohortFollows,
    CourseFollows,
    CriteriaAnswered,
    EligibleNow,
    EnrolmentOpen,
    Identified,
    NoOpenCourse,
    NotRegistered,
    OwnSubject,
    SlotFree,
)
from coi_tracker.process.quality import Fact
from coi_tracker.process.scans import Scan
from coi_tracker.process.signing import Signs
from coi_tracker.process.spec import WINDING_UP, Field, FieldKind, On, Step, protocol
from coi_tracker.process.supplies import Given
from coi_tracker.process.til_v1.common import (
    LABELLED,
    OPEN,
    SITE,
    B,
    K,
    M,
    S,
    T,
    material,
    text,
    treatment,
    two,
)
from coi_tracker.vocabulary import LabelState, Meaning, PlaceKind, Role

register_subject = Step(
    "register_subject",
    "Register a subject of the trial",
    by=frozenset({Role.COORDINATOR}),
    at=SITE,
    on=On.SUBJECT,
    moves=(material(M.NONE), treatment(T.NONE, to=T.SCREENED)),
    needs=(
        NotRegistered(),
        EnrolmentOpen(protocol.enrolment_limit),
        OwnSubject(),
        Given(Field("sex", "sex", FieldKind.CHOICE, choices=("female", "male", "other", "unknown"))),
        Given(Field("identifiers_kept", "which personal identifiers are kept apart", FieldKind.CODES)),
    ),
    effects=(RegistersSubject(),),
    forbidden_by=frozenset({B.ENROLMENT}),
    source="protocol: enrolment; 21 CFR 1271.290(c): no name or record number in the identifier",
)

record_eligibility = Step(
    "record_eligibility",
    "Record every criterion of eligibility",
    by=frozenset({Role.COORDINATOR}),
    at=SITE,
    on=On.SUBJECT,
    moves=(treatment(T.SCREENED, T.ELIGIBLE),),
    needs=(CriteriaAnswered(), *two({Role.PHYSICIAN}, second=Meaning.APPROVED)),
    effects=(RecordsEligibility(),),
    forbidden_by=frozenset({B.ENROLMENT}),
    source="protocol: inclusion and exclusion criteria",
)

assign_cohort = Step(
    "assign_cohort",
    "Assign the cohort that follows from the answers",
    by=frozenset({Role.COORDINATOR}),
    at=SITE,
    on=On.SUBJECT,
    moves=(treatment(T.ELIGIBLE),),
    needs=(CohortFollows(),),
    effects=(AssignsCohort(),),
    forbidden_by=frozenset({B.ENROLMENT}),
    source="protocol: cohorts",
)

open_course = Step(
    "open_course",
    "Open a course of therapy and issue its COI identifier",
    by=frozenset({Role.PLANNER}),
    at=frozenset({PlaceKind.SPONSOR, PlaceKind.FACILITY}),
    on=On.SUBJECT,
    moves=(treatment(T.ELIGIBLE),),
    needs=(EligibleNow(), NoOpenCourse(), CourseFollows()),
    effects=(OpensCourse(),),
    forbidden_by=frozenset({B.ENROLMENT, B.PROCUREMENT}),
    source="Standards Coordinating Body: one chain of identity for one therapy event",
)

book_slot = Step(
    "book_slot",
    "Book a manufacturing slot",
    by=frozenset({Role.PLANNER}),
    at=frozenset({PlaceKind.SPONSOR, PlaceKind.FACILITY}),
    moves=(material(M.ORDERED),),
    needs=(
        SlotFree(protocol.planning.tissue_lead_time, protocol.manufacture.process_days),
        Fact("slot", present=False, words="no slot booked yet"),
    ),
    effects=(BooksSlot(),),
    forbidden_by=frozenset({B.PROCUREMENT, B.MANUFACTURE}),
    source="facility capacity on every process day",
)

LABEL_KINDS = tuple(str(k) for k in K if k is not K.SHIPPER)

issue_labels = Step(
    "issue_labels",
    "Issue labels bound to the course",
    by=frozenset({Role.COORDINATOR, Role.OPERATOR}),
    at=frozenset({PlaceKind.SITE, PlaceKind.FACILITY}),
    needs=(
        Given(Field("kind", "what the labels are for", FieldKind.CHOICE, choices=LABEL_KINDS)),
        Given(Field("count", "how many labels", FieldKind.COUNT, limits=(1, 50))),
        text("reason", "what they are needed for"),
        text("suite", "the suite they are issued into", required=False),
    ),
    effects=(IssuesLabels(),),
    forbidden_by=frozenset({B.EVERYTHING}),
    source="21 CFR 211.125: label issuance is controlled",
)

verify_label = Step(
    "verify_label",
    "Scan a printed label back before it is used",
    by=frozenset({Role.COORDINATOR, Role.OPERATOR}),
    at=frozenset({PlaceKind.SITE, PlaceKind.FACILITY}),
    needs=(Scan(None, "label", OPEN, (1, 50), labels=frozenset({LabelState.ISSUED, LabelState.PRINTED})),),
    effects=(VerifiesLabels(),),
    standing=WINDING_UP,
    source="21 CFR 1271.250(b): label accuracy, legibility and integrity are verified",
)

apply_wristband = Step(
    "apply_wristband",
    "Put the wristband of the course on the patient",
    by=frozenset({Role.COORDINATOR, Role.NURSE}),
    at=SITE,
    needs=(Scan(K.WRISTBAND, "wristband", LABELLED), Identified(wristband=False), Signs(Meaning.VERIFIED)),
    effects=(Fills("wristband", S.IN_USE),),
    forbidden_by=frozenset({B.EVERYTHING}),
    source="two identifiers are compared before a third one stands for the person",
)

STEPS = (
    register_subject,
    record_eligibility,
    assign_cohort,
    open_course,
    book_slot,
    issue_labels,
    verify_label,
    apply_wristband,
)
