"""The shared words of the product: closed lists that every room uses.

Knows nothing but words. A word that is written to the log is its *value*; renaming a member is harmless, changing a
value is a new version of the process or of the log format.
"""

from __future__ import annotations

from enum import StrEnum


class Track(StrEnum):
    """The four things about a course that move side by side."""

    MATERIAL = "material"
    DISPOSITION = "disposition"
    TREATMENT = "treatment"
    STANDING = "standing"


class Material(StrEnum):
    """Where the tissue, and later the product, is in its life."""

    NONE = "none"  # the subject is known, no course is open yet
    ORDERED = "ordered"
    PROCURED = "procured"
    INBOUND = "inbound"
    RECEIVED = "received"
    FIRST_EXPANSION = "first_expansion"
    RAPID_EXPANSION = "rapid_expansion"
    SCALED_UP = "scaled_up"
    HARVESTED = "harvested"
    CRYOPRESERVED = "cryopreserved"
    OUTBOUND = "outbound"
    AT_SITE = "at_site"
    INFUSED = "infused"
    LOST = "lost"
    DESTROYED = "destroyed"
    INSUFFICIENT = "insufficient"


class Disposition(StrEnum):
    """What quality assurance has said about the product."""

    NONE = "none"
    TESTING = "testing"
    RELEASED = "released"
    CONDITIONALLY_RELEASED = "conditionally_released"
    OUT_OF_SPECIFICATION = "out_of_specification"
    EXCEPTIONALLY_RELEASED = "exceptionally_released"
    REJECTED = "rejected"


class Treatment(StrEnum):
    """What has happened to the patient."""

    NONE = "none"  # registered, eligibility not recorded
    SCREENED = "screened"
    ELIGIBLE = "eligible"
    PLANNED = "planned"
    LD_RUNNING = "ld_running"
    LD_COMPLETE = "ld_complete"
    INFUSED = "infused"
    IL2_RUNNING = "il2_running"
    COMPLETE = "complete"


class Standing(StrEnum):
    """Whether work on the course may go on at all."""

    ACTIVE = "active"
    ON_HOLD = "on_hold"
    WITHDRAWN = "withdrawn"
    TERMINATED = "terminated"
    CLOSED = "closed"


class Role(StrEnum):
    """What a person is authorised to do, always at a place."""

    COORDINATOR = "coordinator"
    PROCEDURALIST = "proceduralist"
    COURIER = "courier"
    OPERATOR = "operator"
    QC_ANALYST = "qc_analyst"
    QA = "qa"
    PLANNER = "planner"
    CELL_LAB = "cell_lab"
    PHYSICIAN = "physician"
    NURSE = "nurse"
    MEDICAL_MONITOR = "medical_monitor"
    AUDITOR = "auditor"
    ADMIN = "admin"


class PlaceKind(StrEnum):
    """Sorts of places. Planners, quality and medical monitors of the sponsor sit at the sponsor's office."""

    SITE = "site"
    FACILITY = "facility"
    COURIER = "courier"
    SPONSOR = "sponsor"


class ContainerKind(StrEnum):
    """Physical, labelled things."""

    TISSUE_JAR = "tissue_jar"
    FLASK = "flask"
    POOL = "pool"
    BAG = "bag"
    CASSETTE = "cassette"
    QC_VIAL = "qc_vial"
    RETAIN = "retain"
    SHIPPER = "shipper"
    WRISTBAND = "wristband"


class ContainerState(StrEnum):
    """What has become of a container."""

    LABELLED = "labelled"
    FILLED = "filled"
    IN_TRANSIT = "in_transit"
    STORED = "stored"
    IN_USE = "in_use"
    CONSUMED = "consumed"
    INFUSED = "infused"
    DESTROYED = "destroyed"
    QUARANTINED = "quarantined"
    LOST = "lost"
    RETURNED = "returned"
    RETAINED = "retained"


FINAL_STATES = frozenset(
    {
        ContainerState.CONSUMED,
        ContainerState.INFUSED,
        ContainerState.DESTROYED,
        ContainerState.LOST,
        ContainerState.RETURNED,
        ContainerState.RETAINED,
    }
)
"""States that are a final fate: a course may be closed when every container is in one of these."""


class LabelState(StrEnum):
    """The life of one printed label."""

    ISSUED = "issued"
    PRINTED = "printed"
    VERIFIED = "verified"
    APPLIED = "applied"
    SUPERSEDED = "superseded"
    VOID = "void"
    DESTROYED = "destroyed"
    RETURNED = "returned"
    EXPIRED = "expired"


LIVE_LABELS = frozenset({LabelState.ISSUED, LabelState.PRINTED, LabelState.VERIFIED, LabelState.APPLIED})
"""Labels that still speak for their container; a container has exactly one of them or none."""

OPEN_LABELS = frozenset({LabelState.ISSUED, LabelState.PRINTED, LabelState.VERIFIED})
"""Labels that reconciliation still has to account for."""


class PrinterKind(StrEnum):
    """How a printer is reached."""

    TCP = "tcp"  # bytes to a port, usually 9100
    CUPS = "cups"  # a queue of the print system, by `lp`
    FOLDER = "folder"  # a file in a folder that something else watches
    DOWNLOAD = "download"  # a PDF that a person takes and prints


class PrinterLanguage(StrEnum):
    """What a printer is sent."""

    ZPL = "zpl"
    PDF = "pdf"


class JobState(StrEnum):
    """What has become of a print job. After ``sending``, bytes may have left; nothing is ever sent again by itself."""

    QUEUED = "queued"
    SENDING = "sending"
    PRINTED = "printed"
    MAY_HAVE_PRINTED = "may_have_printed"
    COUNTED = "counted"
    FAILED = "failed"
    CANCELLED = "cancelled"


class PrintState(StrEnum):
    """What has become of one label serial in one print job."""

    QUEUED = "queued"
    SENDING = "sending"
    PRINTED = "printed"
    MAY_HAVE_PRINTED = "may_have_printed"
    NOT_PRINTED = "not_printed"


class HowDelivered(StrEnum):
    """What a sender knows of a job that it tried to deliver."""

    TAKEN = "taken"
    NOTHING_SENT = "nothing_sent"
    IN_DOUBT = "in_doubt"


class TissueRoute(StrEnum):
    """How the tumour tissue is taken."""

    RESECTION = "resection"
    CORE_BIOPSY = "core_biopsy"


class HowRead(StrEnum):
    """How an identifier reached the record."""

    SCANNED = "scanned"
    TYPED = "typed"


class Meaning(StrEnum):
    """What a signature says (21 CFR 11.50(a)(3))."""

    PERFORMED = "performed"
    WITNESSED = "witnessed"
    VERIFIED = "verified"
    REVIEWED = "reviewed"
    APPROVED = "approved"
    RELEASED = "released"
    RECEIVED = "received"
    AUTHORISED = "authorised"
    LATE_ENTRY = "late_entry"


class Command(StrEnum):
    """What a station can be told by scanning a code instead of touching the screen."""

    CONFIRM = "confirm"
    CANCEL = "cancel"
    ACKNOWLEDGE = "acknowledge"  # a refusal was read
    NEXT = "next"  # done with this one, or leave it out
    BACK = "back"  # take the last one back
    YES = "yes"
    NO = "no"
    NOW = "now"  # this instant, or today
    SIGN = "sign"
    SECOND = "second"  # a second person is here
    COMMENT = "comment"
    LATE = "late"  # a late entry: when it happened, and why it is late
    LOCK = "lock"
    STEP = "step"  # begin the step that is named


class HoldBlocks(StrEnum):
    """What a hold forbids. A step says which of these forbid it."""

    EVERYTHING = "everything"
    ENROLMENT = "enrolment"
    PROCUREMENT = "procurement"
    MANUFACTURE = "manufacture"
    RELEASE = "release"
    SHIPMENT = "shipment"
    LYMPHODEPLETION = "lymphodepletion"
    INFUSION = "infusion"


class HoldScope(StrEnum):
    """What a hold is placed on."""

    CONTAINER = "container"
    COURSE = "course"
    PLACE = "place"
    STUDY = "study"


class Severity(StrEnum):
    """How much a deviation matters; an open critical one forbids release."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class ReasonCode(StrEnum):
    """Why an attempt was refused. Closed; every code is explained in docs/reasons.md."""

    UNKNOWN_LABEL = "unknown_label"
    MALFORMED_LABEL = "malformed_label"
    LABEL_NOT_VERIFIED = "label_not_verified"
    LABEL_VOID = "label_void"
    LABEL_SUPERSEDED = "label_superseded"
    WRONG_COURSE = "wrong_course"
    WRONG_SUBJECT = "wrong_subject"
    SAME_SUBJECT_OTHER_COURSE = "same_subject_other_course"
    WRONG_CONTAINER_KIND = "wrong_container_kind"
    WRONG_CONTAINER_STATE = "wrong_container_state"
    WRONG_CUSTODIAN = "wrong_custodian"
    DUPLICATE_SCAN = "duplicate_scan"
    MISSING_CONTAINER = "missing_container"
    UNEXPECTED_CONTAINER = "unexpected_container"
    WRONG_STATE = "wrong_state"
    ROLE_MISSING = "role_missing"
    PLACE_MISSING = "place_missing"
    TRAINING_EXPIRED = "training_expired"
    SAME_SIGNER = "same_signer"
    SIGNATURE_FAILED = "signature_failed"
    SIGNATURE_MISSING = "signature_missing"
    SIGNATURE_UNEXPECTED = "signature_unexpected"
    STATION_UNKNOWN = "station_unknown"
    CLOCK_WRONG = "clock_wrong"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    TEMPERATURE_OUT_OF_RANGE = "temperature_out_of_range"
    SEAL_MISMATCH = "seal_mismatch"
    EVIDENCE_MISSING = "evidence_missing"
    EVIDENCE_UNEXPECTED = "evidence_unexpected"
    VALUE_OUT_OF_RANGE = "value_out_of_range"
    LOT_EXPIRED = "lot_expired"
    LOT_UNKNOWN = "lot_unknown"
    EQUIPMENT_UNFIT = "equipment_unfit"
    ON_HOLD = "on_hold"
    CAPACITY_FULL = "capacity_full"
    GATE_NOT_MET = "gate_not_met"
    RECONCILIATION_OPEN = "reconciliation_open"
    RESULTS_OPEN = "results_open"
    DEVIATION_OPEN = "deviation_open"
    LINE_NOT_CLEAR = "line_not_clear"
    PLAN_CONFLICT = "plan_conflict"
    PROTOCOL_MISMATCH = "protocol_mismatch"
    NOT_ELIGIBLE = "not_eligible"
    COHORT_MISMATCH = "cohort_mismatch"
    COURSE_OPEN = "course_open"
    ENROLMENT_FULL = "enrolment_full"
    REFERENCE_UNKNOWN = "reference_unknown"
    ALREADY_RECORDED = "already_recorded"
    CONFLICT_RETRY = "conflict_retry"


class AskedFor(StrEnum):
    """What somebody was asked to prove who she is for."""

    SIGN_IN = "sign_in"
    SECOND_FACTOR = "second_factor"
    SIGNATURE = "signature"
    COMMAND = "command"


class TokenKind(StrEnum):
    """What another system is that may call: the device of one station, or a program."""

    STATION = "station"
    INTEGRATION = "integration"


class Scope(StrEnum):
    """What a token lets a program do. A closed list; what is not given is refused."""

    READ_COURSES = "read:courses"
    READ_ENTRIES = "read:entries"
    READ_PLACES = "read:places"
    WRITE_ATTEMPTS = "write:attempts"
    EXPORT = "export"
