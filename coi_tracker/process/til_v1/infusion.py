"""At the bedside: thaw, match, infuse, IL-2, the end of the course."""

from __future__ import annotations

from dataclasses import replace

from coi_tracker.process.bedside import (
    BagGood,
    Il2Due,
    NoOtherThawed,
)
from coi_tracker.process.effects import (
    Becomes,
    Remembers,
    Thaws,
    VerifiesAtBedside,
)
from coi_tracker.process.enrolment import Identified
from coi_tracker.process.quality import Fact
from coi_tracker.process.records import CourseEnded, EveryContainerFinal
from coi_tracker.process.scans import Paired, Scan
from coi_tracker.process.settling import SettlesInfusion
from coi_tracker.process.signing import SameTwoAtBedside, Signs
from coi_tracker.process.spec import Field, FieldKind, Move, Step, protocol
from coi_tracker.process.supplies import (
    Given,
    Reconciled,
)
from coi_tracker.process.til_v1.common import (
    ALLOWS,
    IN_USE,
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
    treatment,
    two,
    wristband,
)
from coi_tracker.process.timing import InOrder, Within
from coi_tracker.process.treating import GivesIl2, RecordsInfusion
from coi_tracker.vocabulary import ContainerKind, Meaning, Role, Standing, Track

NURSE = frozenset({Role.NURSE})
CELL_LAB = frozenset({Role.CELL_LAB})
INFUSION = frozenset({B.INFUSION})
BOTH = frozenset({Role.PHYSICIAN, Role.QA})
AFTER_LD = Within(
    "ld.last_at",
    after=protocol.treatment.infusion_not_before,
    before=protocol.treatment.infusion_not_after,
    excused_by=BOTH,
)
STARTED_AFTER_LD = replace(AFTER_LD, at="started_at")

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
    SameTwoAtBedside(protocol.product.bedside_check_valid, "started_at"),
    BagGood(protocol.product.thaw_limit, at="ended_at"),
    STARTED_AFTER_LD,
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
        Fact("line.suite", present=False, words="no suite cleared for the course: give it back first"),
        CourseEnded(),
        EveryContainerFinal(),
        Reconciled(frozenset(ContainerKind)),
        *two({Role.QA}, second=Meaning.REVIEWED),
    ),
    standing=frozenset(Standing),
    source="every container has a final fate, every label is accounted for",
)

STEPS = (
    thaw_bag,
    verify_at_bedside,
    infuse_bag,
    stop_infusion,
    give_il2,
    hold_il2,
    stop_il2,
    close_course,
)
