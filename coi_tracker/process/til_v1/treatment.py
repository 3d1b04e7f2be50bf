"""To the patient: the plan, the gate, lymphodepletion."""

from __future__ import annotations

from coi_tracker.process.bedside import (
    BagsHere,
    DoseDue,
    DrugOpen,
    PlanDayIsToday,
    PlanFits,
    RecheckPasses,
)
from coi_tracker.process.effects import (
    Forgets,
    Remembers,
    RemembersActor,
)
from coi_tracker.process.quality import Fact, Gate, GatePart
from coi_tracker.process.signing import Signs
from coi_tracker.process.spec import Field, FieldKind, Step, protocol
from coi_tracker.process.supplies import (
    Confirmed,
    Given,
)
from coi_tracker.process.til_v1.common import (
    ALLOWS,
    REASON,
    SITE,
    B,
    M,
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
from coi_tracker.process.treating import ConfirmsProgression, GivesDose, StopsDrug
from coi_tracker.vocabulary import Meaning, Role
from coi_tracker.vocabulary import ReasonCode as Code

NURSE = frozenset({Role.NURSE})
PHYSICIAN = frozenset({Role.PHYSICIAN})

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
        Within("start_lymphodepletion", at="started_at"),
        Signs(),
    ),
    effects=(GivesDose(),),
    forbidden_by=frozenset({B.LYMPHODEPLETION}),
    forbidden_until="ld.begun",  # half a regimen helps nobody: what stops it then is a hold on everything
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
)
