"""Words for the reasons that are about evidence, limits, states and gates."""

from __future__ import annotations

from coi_tracker.process.reasons.words import Explained
from coi_tracker.vocabulary import ReasonCode as Code

RULES = (
    Explained(
        Code.WRONG_STATE,
        "Not its turn",
        "The course is not at the point where this step can be done, or an earlier step is missing or already done.",
        "Read what state is needed and what it is now, and open the course to see what comes next.",
    ),
    Explained(
        Code.EVIDENCE_MISSING,
        "Something was not entered",
        "A value, lot, piece of equipment or answer that the step asks for is missing.",
        "Enter or scan what is shown. Do not invent a value: if it was not measured, say so to quality.",
    ),
    Explained(
        Code.EVIDENCE_UNEXPECTED,
        "Something nobody asked for",
        "A value was given that this step does not take.",
        "Take it out, and put it in the comment if somebody should read it.",
    ),
    Explained(
        Code.VALUE_OUT_OF_RANGE,
        "Value outside its limits",
        "A value cannot be read, is in another unit, is not on the list, or is outside the limits of the protocol.",
        "Check reading, unit and decimal point, and enter it again. If it is right, stop and call quality: do not "
        "change it to fit.",
    ),
    Explained(
        Code.TEMPERATURE_OUT_OF_RANGE,
        "Temperature excursion",
        "The logger shows a temperature outside the range on the way, or lowest and highest are exchanged.",
        "Put the containers in the right storage now, keep them apart, and open a deviation. Receive them when "
        "quality has approved it.",
    ),
    Explained(
        Code.SEAL_MISMATCH,
        "Seal broken or another one",
        "The seal is not the one that was put on, or it is not intact.",
        "Do not open the shipper further. Read the number once more; if it is still another one, keep the shipper "
        "in sight and call quality, who opens a deviation.",
    ),
    Explained(
        Code.LOT_EXPIRED,
        "Lot expired or recalled",
        "A reagent lot is past its date today or was recalled.",
        "Take it out of the suite and scan a lot that is in date.",
    ),
    Explained(
        Code.LOT_UNKNOWN,
        "Lot not entered",
        "The lot that was scanned has not been entered in the record.",
        "Use a lot that is entered, or have this one received and entered first.",
    ),
    Explained(
        Code.EQUIPMENT_UNFIT,
        "Equipment not fit for use",
        "The equipment is unknown, belongs to another place, or its calibration has run out.",
        "Use a piece of equipment of this place with a valid calibration, and tag the other one.",
    ),
    Explained(
        Code.ON_HOLD,
        "On hold",
        "A hold on the container, the course, the place or the study forbids this step.",
        "Stop and leave everything in safe storage. Ask quality about the hold that is shown; only quality lifts it.",
    ),
    Explained(
        Code.CAPACITY_FULL,
        "No free position",
        "The facility has no free position on one of the process days; somebody may have booked the last one.",
        "Choose another day of receipt; the planner shows those that are free.",
    ),
    Explained(
        Code.GATE_NOT_MET,
        "The gate is not open",
        "At least one part of the gate is not met; each is named. Behind this point there is no way back.",
        "Do not start. Settle each part that is named with the person responsible, then try again.",
    ),
    Explained(
        Code.RECONCILIATION_OPEN,
        "Labels not accounted for",
        "Labels were issued that are neither on a container nor destroyed or returned; their serials are shown.",
        "Find each one: put it to use, void it, or destroy it with a record. Search the suite before you go on.",
    ),
    Explained(
        Code.RESULTS_OPEN,
        "Results missing",
        "A result is not recorded, not reviewed, or outside the specification.",
        "Ask quality control for the tests that are shown. Out of specification has a step of its own.",
    ),
    Explained(
        Code.DEVIATION_OPEN,
        "Open deviation",
        "A deviation that forbids this step is not closed or not approved.",
        "Ask quality to assess and close the deviation that is shown.",
    ),
    Explained(
        Code.LINE_NOT_CLEAR,
        "Line not cleared",
        "The suite was not cleared for this course just before, or something of another course is still there.",
        "Stop. Remove what does not belong here, then clear the line with a second person.",
    ),
    Explained(
        Code.PLAN_CONFLICT,
        "The plan does not fit",
        "The day is closed, too soon, or not the planned one; a bag expires before; or the plan is blocked.",
        "Open the plan, choose a date that fits, and have it confirmed. Give nothing outside the plan.",
    ),
    Explained(
        Code.PROTOCOL_MISMATCH,
        "Not as the protocol says",
        "The route, the process version or the protocol version is another one than that of the cohort.",
        "Enter what is shown. If it was really done differently, call quality before you go on.",
    ),
    Explained(
        Code.NOT_ELIGIBLE,
        "Not eligible",
        "A criterion is not met, was waived or left open where the protocol does not allow it, or the recheck fails.",
        "Do not go on. Tell the physician which criterion is shown; a waiver needs the medical monitor.",
    ),
    Explained(
        Code.COHORT_MISMATCH,
        "Another cohort",
        "The cohort does not follow from the answers, or the answers contradict the record.",
        "Check the answers, above all about an earlier course, and enter the cohort that is shown.",
    ),
    Explained(
        Code.COURSE_OPEN,
        "Another course is open",
        "The subject has a course of therapy that is not closed, and there is only ever one.",
        "Work on the course that is shown, or have it ended and closed before a new one is opened.",
    ),
    Explained(
        Code.ENROLMENT_FULL,
        "Enrolment closed",
        "The study is closed for enrolment, or has all of its participants.",
        "Do not register the person. Ask the sponsor.",
    ),
    Explained(
        Code.REFERENCE_UNKNOWN,
        "Refers to nothing",
        "The entry, deviation or hold that was named does not exist here, or is no longer open.",
        "Choose it from the list of this course.",
    ),
    Explained(
        Code.ALREADY_RECORDED,
        "Done already",
        "This has been recorded before.",
        "Look at the record before you repeat it. If what stands there is wrong, enter a correction.",
    ),
)
