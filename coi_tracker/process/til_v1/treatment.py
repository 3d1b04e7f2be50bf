"""To the patient: the plan, lymphodepletion, bedside, infusion, IL-2, the end."""

from __future__ import annotations

from coi_tracker.process.bedside import (
    BagGood,
    BagsHere,
    DispositionAllows,
    DoseDue,
    DrugOpen,
    Il2Due,
    NoOtherThawed,
    PlanDayIsToday,
    PlanFits,
    RecheckPasses,
)
from coi_tracker.process.effects import (
    Becomes,
    Forgets,
    Remembers,
    RemembersActor,
    SettlesInfusion,
    Thaws,
    VerifiesAtBedside,
)
from coi_tracker.process.enrolment import Identified
from coi_tracker.process.quality import CourseEnded, EveryContainerFinal, Fact, Gate, GatePart
from coi_tracker.process.scans import Paired, Scan
from coi_tracker.process.signing import SameTwoAtBedside, Signs
from coi_tracker.process.spec import WINDING_UP, Field, FieldKind, Move, Step, protocol
from coi_tracker.process.supplies import (
    Confirmed,
    Given,
    Reconciled,
)
from coi_tracker.process.til_v1.common import (
    IN_USE,
    REASON,
    SITE,
    STORED,
    B,
    K,
    M,
    S,
    T,
    instant,
    material,
    protocol_reason,
    text,
    treatment,
    two,
    wristband,
)
from coi_tracker.process.timing import InOrder, NotFuture, Within
from coi_tracker.process.treating import ConfirmsProgression, GivesDose, GivesIl2, RecordsInfusion, StopsDrug
from coi_tracker.vocabulary import ContainerKind, Meaning, Role, Standing, Track
from coi_tracker.vocabulary import ReasonCode as Code

NURSE = frozenset({Role.NURSE})
PHYSICIAN = frozenset({Role.PHYSICIAN})
CELL_LAB = frozenset({Role.CELL_LAB})
INFUSION = frozenset({B.INFUSION})
SHIPMENT = frozenset({B.SHIPMENT})
ALLOWS = DispositionAllows(protocol.treatment.gate_dispositions)
BOTH = frozenset({Role.PHYSICIAN, Role.QA})
AFTER_LD = Within(
    "ld.last_at",
    after=protocol.treatment.infusion_not_before,
    before=protocol.treatment.infusion_not_after,
    excused_by=BOTH,
)

confirm_progression = Step(
    "confirm_progression",
    "Confirm documented progression",
    by=PHYSICIAN,
    at=SITE,
    moves=(treatment(T.ELIGIBLE, T.PLANNED),),
    needs=(
        Fact("criteria.outstanding", present=True, words="progression outstanding"),
        Given(Field("documented_on", "the day of the imaging", FieldKind.DATE)),
        NotFuture("documented_on"),
        text("evidence", "what documents it"),
        Signs(Meaning.APPROVED),
    ),
    effects=(ConfirmsProgression(),),
    source="product may be made in advance; progression is a gate before lymphodepletion",
)

PLAN = (
    Remembers("plan.infusion_at", "infusion_at"),
    Remembers("plan.regimen", "regimen"),
    Remembers("plan.weight", "weight"),
    Remembers("plan.height", "height"),
    Remembers("plan.creatinine", "creatinine"),
    Forgets(("plan.confirmed", "plan.blocked")),
)

plan_treatment = Step(
    "plan_treatment",
    "Plan lymphodepletion and infusion",
    by=frozenset({Role.COORDINATOR}),
    at=SITE,
    moves=(treatment(T.ELIGIBLE, to=T.PLANNED),),
    needs=(PlanFits(),),
    effects=PLAN,
    source="planning rules: worked back from the day of infusion",
)

change_plan = Step(
    "change_plan",
    "Change the plan",
    by=frozenset({Role.COORDINATOR}),
    at=SITE,
    moves=(treatment(T.PLANNED),),
    needs=(PlanFits(), REASON),
    effects=PLAN,
    source="reason for every change",
)

confirm_plan = Step(
    "confirm_plan",
    "Confirm the plan",
    by=PHYSICIAN,
    at=SITE,
    moves=(treatment(T.PLANNED),),
    needs=(
        Fact("plan.confirmed", present=False, words="a plan not confirmed yet", code=Code.ALREADY_RECORDED),
        Fact(
            "plan.blocked",
            present=False,
            words="a plan that is not blocked: change it first",
            code=Code.PLAN_CONFLICT,
        ),
        Signs(Meaning.APPROVED),
    ),
    effects=(RemembersActor("plan.confirmed"),),
    source="the physician confirms",
)

recheck_eligibility = Step(
    "recheck_eligibility",
    "Recheck eligibility before lymphodepletion",
    by=PHYSICIAN,
    at=SITE,
    moves=(treatment(T.PLANNED),),
    needs=(RecheckPasses(), Signs(Meaning.REVIEWED)),
    source="protocol: recheck list and window",
)

RELEASED_AND_HERE = (
    GatePart("disposition", ALLOWS),
    GatePart("product at the site", BagsHere()),
    GatePart("plan not blocked", Fact("plan.blocked", present=False, words="no block on the plan")),
)

LD_GATE = Gate(
    "the lymphodepletion gate",
    (
        *RELEASED_AND_HERE,
        GatePart("shipper log", Fact("shipper_log_reviewed", present=True, words="the shipper's log reviewed")),
        GatePart("progression", Fact("criteria.outstanding", present=False, words="no criterion outstanding")),
        GatePart("eligibility recheck", Within("recheck_eligibility", before=protocol.treatment.recheck_window)),
        GatePart("plan", Fact("plan.confirmed", present=True, words="a plan confirmed by a physician")),
        GatePart("infusion window", PlanDayIsToday()),
        GatePart("IL-2", Confirmed(Field("il2_on_hand", "IL-2 is on hand", FieldKind.FLAG))),
        GatePart("bed", Confirmed(Field("bed_confirmed", "bed and intensive care are confirmed", FieldKind.FLAG))),
    ),
)

start_lymphodepletion = Step(
    "start_lymphodepletion",
    "Start lymphodepletion: the point of no return",
    by=PHYSICIAN,
    at=SITE,
    moves=(material(M.AT_SITE), treatment(T.PLANNED, to=T.LD_RUNNING)),
    needs=(
        wristband(),
        LD_GATE,
        *two({Role.PHYSICIAN, Role.NURSE, Role.CELL_LAB}, first=Meaning.AUTHORISED, second=Meaning.VERIFIED),
    ),
    forbidden_by=frozenset({B.LYMPHODEPLETION}),
    source="the LD gate, in the same transaction",
)

give_dose = Step(
    "give_dose",
    "Give a dose of lymphodepletion",
    by=NURSE,
    at=SITE,
    moves=(treatment(T.LD_RUNNING),),
    needs=(
        wristband(),
        DoseDue(),
        Gate("the gate still holds at the first dose", RELEASED_AND_HERE, until="ld.begun"),
        instant("started_at", "start of the dose"),
        instant("ended_at", "end of the dose"),
        InOrder("started_at", "ended_at"),
        Signs(),
    ),
    effects=(GivesDose(),),
    forbidden_by=frozenset({B.LYMPHODEPLETION}),
    source="protocol: regimen",
)

hold_dose = Step(
    "hold_dose",
    "Hold a dose of lymphodepletion",
    by=NURSE,
    at=SITE,
    moves=(treatment(T.LD_RUNNING),),
    needs=(DrugOpen(), protocol_reason("hold_dose"), Signs()),
    effects=(Remembers("dose.{drug}.held", "reason"),),
    source="protocol: reason codes",
)

stop_drug = Step(
    "stop_drug",
    "Stop a drug of lymphodepletion",
    by=frozenset({Role.NURSE, Role.PHYSICIAN}),
    at=SITE,
    moves=(treatment(T.LD_RUNNING),),
    needs=(DrugOpen(), protocol_reason("stop_drug"), Signs()),
    effects=(StopsDrug(),),
    source="protocol: reason codes",
)

thaw_bag = Step(
    "thaw_bag",
    "Thaw one bag",
    by=CELL_LAB,
    at=SITE,
    moves=(material(M.AT_SITE), treatment(T.LD_COMPLETE)),
    needs=(
        Scan(K.BAG, "bag", STORED),
        Scan(K.CASSETTE, "cassette", STORED),
        Paired(),
        ALLOWS,
        NoOtherThawed(),
        BagGood(),
        AFTER_LD,
        *two({Role.CELL_LAB, Role.NURSE}),
    ),
    effects=(Thaws(), Becomes("cassette", S.CONSUMED)),
    forbidden_by=INFUSION,
    source="one bag at a time",
)

verify_at_bedside = Step(
    "verify_at_bedside",
    "Match bag and wristband at the bedside",
    by=NURSE,
    at=SITE,
    moves=(material(M.AT_SITE), treatment(T.LD_COMPLETE)),
    needs=(
        wristband(),
        Scan(K.BAG, "bag", IN_USE),
        Identified(wristband=False),
        BagGood(protocol.product.thaw_limit),
        *two({Role.NURSE, Role.PHYSICIAN}, first=Meaning.VERIFIED, second=Meaning.VERIFIED),
    ),
    effects=(VerifiesAtBedside(),),
    forbidden_by=INFUSION,
    source="identity of patient, bag and cassette; two people, two identifiers and the COI",
)

INFUSING = (
    Scan(K.BAG, "bag", IN_USE),
    ALLOWS,
    instant("started_at", "start of the infusion"),
    instant("ended_at", "end of the infusion"),
    InOrder("started_at", "ended_at"),
    SameTwoAtBedside(protocol.product.bedside_check_valid),
    BagGood(protocol.product.thaw_limit, at="ended_at"),
    AFTER_LD,
    Given(Field("volume", "volume infused", FieldKind.QUANTITY, "mL", limits=(0, 1000))),
)
INFUSED = (Becomes("bag", S.INFUSED), RecordsInfusion(), SettlesInfusion())
TWO_NURSES = two({Role.NURSE, Role.PHYSICIAN}, second=Meaning.WITNESSED)

infuse_bag = Step(
    "infuse_bag",
    "Infuse one bag",
    by=NURSE,
    at=SITE,
    moves=(material(M.AT_SITE), treatment(T.LD_COMPLETE)),
    needs=(*INFUSING, *TWO_NURSES),
    effects=INFUSED,
    forbidden_by=INFUSION,
    source="verified at the bedside by the same two, minutes before",
)

stop_infusion = Step(
    "stop_infusion",
    "Stop the infusion of a bag before its end",
    by=NURSE,
    at=SITE,
    moves=(material(M.AT_SITE), treatment(T.LD_COMPLETE)),
    needs=(*INFUSING, protocol_reason("stop_infusion"), *TWO_NURSES),
    effects=INFUSED,
    source="what has gone in has gone in: the bag is infused in part, with the reason",
)

give_il2 = Step(
    "give_il2",
    "Give a dose of IL-2",
    by=NURSE,
    at=SITE,
    moves=(treatment(T.INFUSED, T.IL2_RUNNING),),
    needs=(
        wristband(),
        Il2Due(),
        instant("ended_at", "end of the dose"),
        InOrder("started_at", "ended_at"),
        Signs(),
    ),
    effects=(GivesIl2(),),
    source="protocol: IL-2 windows and number of doses",
)

hold_il2 = Step(
    "hold_il2",
    "Hold a dose of IL-2",
    by=NURSE,
    at=SITE,
    moves=(treatment(T.INFUSED, T.IL2_RUNNING),),
    needs=(protocol_reason("hold_il2"), Signs()),
    effects=(Remembers("il2.held", "reason"),),
    source="protocol: reason codes",
)

stop_il2 = Step(
    "stop_il2",
    "Stop IL-2: the treatment is complete",
    by=frozenset({Role.NURSE, Role.PHYSICIAN}),
    at=SITE,
    moves=(treatment(T.INFUSED, T.IL2_RUNNING, to=T.COMPLETE),),
    needs=(
        Given(
            Field(
                "reason",
                "the reason, from the protocol's list",
                FieldKind.CHOICE,
                choices=protocol.il2.stop_reasons,
            )
        ),
        Signs(),
    ),
    source="fewer doses are acceptable; the reason is recorded",
)

close_course = Step(
    "close_course",
    "Close the course",
    by=frozenset({Role.COORDINATOR}),
    at=SITE,
    moves=(
        Move(
            Track.STANDING,
            frozenset({Standing.ACTIVE, Standing.WITHDRAWN, Standing.TERMINATED}),
            Standing.CLOSED,
        ),
    ),
    needs=(
        CourseEnded(),
        EveryContainerFinal(),
        Reconciled(frozenset(ContainerKind)),
        *two({Role.QA}, second=Meaning.REVIEWED),
    ),
    standing=WINDING_UP,
    source="every container has a final fate, every label is accounted for",
)

STEPS = (
    confirm_progression,
    plan_treatment,
    change_plan,
    confirm_plan,
    recheck_eligibility,
    start_lymphodepletion,
    give_dose,
    hold_dose,
    stop_drug,
    thaw_bag,
    verify_at_bedside,
    infuse_bag,
    stop_infusion,
    give_il2,
    hold_il2,
    stop_il2,
    close_course,
)
