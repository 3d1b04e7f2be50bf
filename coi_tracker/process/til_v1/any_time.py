"""At any time: holds, deviations, corrections, labels that end, losses, amendments, reviews, early ends."""

from __future__ import annotations

from coi_tracker.process.acts import EndsLabel, Reprints
from coi_tracker.process.custody import SettlesShipper
from coi_tracker.process.effects import Forgets
from coi_tracker.process.guarding import (
    Adopts,
    AssessesDeviation,
    ClosesDeviation,
    Finds,
    LiftsHold,
    Loses,
    OpensDeviation,
    PlacesHold,
)
from coi_tracker.process.records import Amendment, KnownContainer, OpenDeviation, OpenHold, OwnContainer, Reference
from coi_tracker.process.scans import Scan
from coi_tracker.process.settling import SettlesInfusion, SettlesMaterial, Standings
from coi_tracker.process.signing import SecondSigns, Signs
from coi_tracker.process.spec import WINDING_UP, WORKING, Field, FieldKind, Move, On, Step
from coi_tracker.process.supplies import Given
from coi_tracker.process.til_v1.common import ANYWHERE, LABELLED, OPEN, REASON, SITE, S, text, two
from coi_tracker.process.timing import InOrder
from coi_tracker.vocabulary import (
    HoldBlocks,
    HoldScope,
    LabelState,
    Meaning,
    PlaceKind,
    Role,
    Severity,
    Standing,
    Track,
)

QA = frozenset({Role.QA})
QUALITY = frozenset({PlaceKind.FACILITY, PlaceKind.SPONSOR, PlaceKind.SITE})
STAFF = frozenset(Role) - {Role.AUDITOR, Role.ADMIN}
BLOCKS = Given(
    Field(
        "blocks",
        "what it blocks: " + ", ".join(HoldBlocks),
        FieldKind.CODES,
        choices=tuple(str(b) for b in HoldBlocks),
    )
)
SEVERITY = Given(Field("severity", "how much it matters", FieldKind.CHOICE, choices=tuple(str(s) for s in Severity)))

place_hold = Step(
    "place_hold",
    "Place a hold on the course or on one container",
    by=STAFF - {Role.COURIER},
    at=QUALITY,
    needs=(
        BLOCKS,
        REASON,
        OwnContainer(),
        Signs(Meaning.AUTHORISED),
    ),
    effects=(PlacesHold(), Standings(), Forgets(("plan.confirmed",))),
    standing=WINDING_UP,
    source="a hold says what it blocks",
)

lift_hold = Step(
    "lift_hold",
    "Lift a hold",
    by=QA,
    at=QUALITY,
    needs=(OpenHold(), REASON, Signs(Meaning.AUTHORISED)),
    effects=(LiftsHold(), Standings()),
    standing=WINDING_UP,
    source="lifted by quality, not by who placed it",
)


def hold_on(name: str, title: str, on: On, scope: HoldScope) -> tuple[Step, Step]:
    """Placing and lifting a hold on a place or on the study: in a chain of its own."""
    place = Step(
        f"hold_{name}",
        f"Place a hold on {title}",
        by=frozenset({Role.QA, Role.MEDICAL_MONITOR}),
        at=QUALITY,
        on=on,
        needs=(BLOCKS, REASON, Signs(Meaning.AUTHORISED)),
        effects=(PlacesHold(scope),),
        source="e.g. a clinical hold: blocks procurement and lymphodepletion separately",
    )
    lift = Step(
        f"lift_hold_on_{name}",
        f"Lift a hold on {title}",
        by=QA,
        at=QUALITY,
        on=on,
        needs=(OpenHold(), REASON, Signs(Meaning.AUTHORISED)),
        effects=(LiftsHold(),),
        source="lifted by quality, not by who placed it",
    )
    return place, lift


hold_place, lift_hold_on_place = hold_on("place", "a site or facility", On.PLACE, HoldScope.PLACE)
hold_study, lift_hold_on_study = hold_on("study", "the study", On.STUDY, HoldScope.STUDY)

open_deviation = Step(
    "open_deviation",
    "Open a deviation",
    by=STAFF,
    at=ANYWHERE,
    needs=(text("about", "the step it is about"), SEVERITY, text("description", "what happened"), Signs()),
    effects=(OpensDeviation(),),
    standing=WINDING_UP,
    source="EU GMP chapter 8",
)

assess_deviation = Step(
    "assess_deviation",
    "Assess a deviation",
    by=frozenset({Role.QA, Role.PHYSICIAN}),
    at=QUALITY,
    needs=(
        OpenDeviation(),
        SEVERITY,
        Given(Field("accepted", "the step may go on in spite of it", FieldKind.FLAG)),
        REASON,
        Signs(Meaning.APPROVED),
    ),
    effects=(AssessesDeviation(),),
    standing=WINDING_UP,
    source="a deviation decides where a limit was missed",
)

close_deviation = Step(
    "close_deviation",
    "Close a deviation",
    by=QA,
    at=QUALITY,
    needs=(OpenDeviation(), text("outcome", "root cause and action"), Signs(Meaning.APPROVED)),
    effects=(ClosesDeviation(),),
    standing=WINDING_UP,
    source="EU GMP chapter 8",
)

correct = Step(
    "correct",
    "Correct an earlier entry",
    by=STAFF,
    at=ANYWHERE,
    needs=(
        Reference(),
        text("field", "what was wrong"),
        text("old", "what it said"),
        text("new", "what it should have said"),
        REASON,
        Signs(),
    ),
    standing=WINDING_UP,
    source="21 CFR 11.10(e): the old entry stays readable",
)

reprint_label = Step(
    "reprint_label",
    "Reprint a label",
    by=frozenset({Role.COORDINATOR, Role.OPERATOR, Role.CELL_LAB}),
    at=frozenset({PlaceKind.SITE, PlaceKind.FACILITY}),
    needs=(
        KnownContainer(OPEN, here=True),
        REASON,
        Signs(),
        SecondSigns(Meaning.WITNESSED, STAFF),
    ),
    effects=(Reprints(),),
    standing=WINDING_UP,
    source="reason and a second person; the old serial is dead at once",
)


def end_label(name: str, title: str, effect: EndsLabel) -> Step:
    """A label that was never used ends."""
    return Step(
        name,
        title,
        by=frozenset({Role.COORDINATOR, Role.OPERATOR, Role.CELL_LAB}),
        at=frozenset({PlaceKind.SITE, PlaceKind.FACILITY}),
        needs=(KnownContainer(LABELLED, here=True), REASON, Signs()),
        effects=(effect,),
        standing=WINDING_UP,
        source="21 CFR 211.125: labels are reconciled",
    )


void_label = end_label("void_label", "Void a label that was not used", EndsLabel(LabelState.VOID))
destroy_label = end_label("destroy_label", "Destroy a label that was not used", EndsLabel(LabelState.DESTROYED))
return_label = end_label("return_label", "Return a label that was not used", EndsLabel(LabelState.RETURNED))

withdraw_subject = Step(
    "withdraw_subject",
    "The subject withdraws",
    by=frozenset({Role.COORDINATOR, Role.PHYSICIAN}),
    at=SITE,
    moves=(Move(Track.STANDING, WORKING, Standing.WITHDRAWN),),
    needs=(REASON, Signs()),
    effects=(Forgets(("plan.confirmed", "slot", "line.suite")),),
    standing=frozenset(Standing),
    source="consent can be withdrawn at any time",
)

terminate_course = Step(
    "terminate_course",
    "Terminate the course",
    by=QA,
    at=QUALITY,
    moves=(Move(Track.STANDING, WORKING, Standing.TERMINATED),),
    needs=(REASON, *two({Role.QA, Role.PHYSICIAN, Role.MEDICAL_MONITOR}, first=Meaning.AUTHORISED)),
    effects=(Forgets(("plan.confirmed", "slot", "line.suite")),),
    standing=frozenset(Standing),
    source="no product, or no patient for it",
)

report_lost = Step(
    "report_lost",
    "Report a container lost",
    by=STAFF,
    at=ANYWHERE,
    needs=(KnownContainer(OPEN - LABELLED), REASON, Signs()),
    effects=(Loses(), SettlesShipper(), SettlesInfusion(), SettlesMaterial()),
    standing=WINDING_UP,
    source="every container has a final fate",
)

report_found = Step(
    "report_found",
    "Report a lost container found",
    by=STAFF - {Role.COURIER},
    at=QUALITY,
    needs=(Scan(None, "container", frozenset({S.LOST}), elsewhere=True), REASON, Signs()),
    effects=(Finds(),),
    standing=WINDING_UP,
    source="held back until quality has looked at it",
)

record_temperature = Step(
    "record_temperature",
    "Record a temperature",
    by=STAFF,
    at=ANYWHERE,
    needs=(
        text("where", "what was measured: shipper, tank, position"),
        Given(Field("temperature", "the temperature", FieldKind.QUANTITY, "Cel", limits=(-273, 100))),
    ),
    standing=WINDING_UP,
    source="storage conditions are recorded",
)

adopt_amendment = Step(
    "adopt_amendment",
    "Move the course to a newer protocol version",
    by=QA,
    at=QUALITY,
    needs=(Amendment(), Signs(Meaning.APPROVED)),
    effects=(Adopts(), Forgets(("plan.confirmed",))),
    source="quality signs; the differences were shown",
)

review_audit_trail = Step(
    "review_audit_trail",
    "Review the audit trail",
    by=frozenset({Role.AUDITOR, Role.QA}),
    at=QUALITY,
    needs=(
        Given(Field("from", "first day of the period", FieldKind.DATE)),
        Given(Field("to", "last day of the period", FieldKind.DATE)),
        InOrder("from", "to"),
        text("findings", "what was found"),
        Signs(Meaning.REVIEWED),
    ),
    standing=frozenset(Standing),
    source="EU Annex 11: periodic review of the audit trail, signed",
)

STEPS = (
    place_hold,
    lift_hold,
    hold_place,
    lift_hold_on_place,
    hold_study,
    lift_hold_on_study,
    open_deviation,
    assess_deviation,
    close_deviation,
    correct,
    reprint_label,
    void_label,
    destroy_label,
    return_label,
    withdraw_subject,
    terminate_course,
    report_lost,
    report_found,
    record_temperature,
    adopt_amendment,
    review_audit_trail,
)
