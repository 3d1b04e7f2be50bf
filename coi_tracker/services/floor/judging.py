"""Sorts the reasons of the engine for a screen: what is only missing yet, what a scan has done wrong, what forbids.

Adds no reason and drops none: it says which are told when. Knows no step.
"""

from __future__ import annotations

from collections.abc import Iterable

from coi_tracker.course import Reason
from coi_tracker.process.reasons import explain
from coi_tracker.services.floor.screen import Words
from coi_tracker.services.floor.standing import Standing
from coi_tracker.vocabulary import ReasonCode as Code

WRONG_SCANS = frozenset(
    {
        Code.UNKNOWN_LABEL,
        Code.MALFORMED_LABEL,
        Code.LABEL_NOT_VERIFIED,
        Code.LABEL_VOID,
        Code.LABEL_SUPERSEDED,
        Code.WRONG_COURSE,
        Code.WRONG_SUBJECT,
        Code.SAME_SUBJECT_OTHER_COURSE,
        Code.WRONG_CONTAINER_KIND,
        Code.WRONG_CONTAINER_STATE,
        Code.WRONG_CUSTODIAN,
        Code.DUPLICATE_SCAN,
        Code.UNEXPECTED_CONTAINER,
        Code.ON_HOLD,
        Code.LOT_UNKNOWN,
        Code.LOT_EXPIRED,
        Code.EQUIPMENT_UNFIT,
        Code.SEAL_MISMATCH,
        Code.LINE_NOT_CLEAR,
    }
)
"""What is refused at once, when a scan or an answer brings it, instead of when the step is handed in."""

NOT_OURS = frozenset(
    {
        Code.UNKNOWN_LABEL,
        Code.MALFORMED_LABEL,
        Code.LABEL_VOID,
        Code.LABEL_SUPERSEDED,
        Code.WRONG_COURSE,
        Code.WRONG_SUBJECT,
        Code.SAME_SUBJECT_OTHER_COURSE,
    }
)
"""What speaks for nothing here: that there is one too many of it is no news then."""

AS_SCANNED = frozenset({Code.UNKNOWN_LABEL, Code.MALFORMED_LABEL, Code.LOT_UNKNOWN, Code.SEAL_MISMATCH})
"""What was observed is what was scanned or typed."""

NOT_YET = frozenset({Code.MISSING_CONTAINER, Code.EVIDENCE_MISSING, Code.SIGNATURE_MISSING})
"""What prompts and signatures ask for anyway."""


def brought(before: Iterable[Reason], after: Iterable[Reason]) -> tuple[Reason, ...]:
    """The reasons for which a scan is refused: of those that are wrong with it, the ones that came with it."""
    known = set(before)
    found = tuple(r for r in after if r.code in WRONG_SCANS and r not in known)
    return tuple(r for r in found if r.code in NOT_OURS) or found


def forbidding(reasons: Iterable[Reason], *, asked_all: bool = False) -> tuple[Reason, ...]:
    """What keeps the step from being performed although nobody has forgotten anything.

    `asked_all`: every prompt is answered, so that what is missing now is asked for nowhere, and is said as well.
    """
    hidden = {Code.SIGNATURE_MISSING} if asked_all else NOT_YET
    return tuple(
        r
        for r in reasons
        if r.code not in hidden and not (r.code is Code.REFERENCE_UNKNOWN and r.observed == "nothing")
    )


def words_of(reason: Reason, at: Standing) -> Words:
    """A reason for people who stand there: with what to do next. What was scanned is shown as it was scanned."""
    told = explain(reason.code)
    observed = reason.observed if reason.code in AS_SCANNED else at.say(reason.observed)
    return Words(at.say(reason.expected), observed or "nothing", told.do, str(reason.code), told.title)
