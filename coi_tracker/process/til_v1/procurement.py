"""Procurement: from the patient to the facility, and the inspection of what came."""

from __future__ import annotations

from coi_tracker.process.custody import Accepts, CourierAccepts, Offers, Packs, Unpacks
from coi_tracker.process.effects import Fills, Remembers, RemembersActor
from coi_tracker.process.enrolment import Identified
from coi_tracker.process.quality import Fact, NoDeviationOpen
from coi_tracker.process.scans import Scan, ShipperScan, Which
from coi_tracker.process.shipping import ContentsHeld, ContentsHere, CourierKnown, OfferedHere, RouteIsOrdered
from coi_tracker.process.signing import Signs
from coi_tracker.process.spec import WINDING_UP, Field, FieldKind, Step, protocol
from coi_tracker.process.supplies import Confirmed, CountMatches, Given, SealMatches, TemperatureInside
from coi_tracker.process.til_v1.common import (
    COURIER,
    FACILITY,
    FILLED,
    IN_TRANSIT,
    IN_USE,
    LABELLED,
    REASON,
    SITE,
    B,
    K,
    M,
    S,
    material,
    text,
    two,
)
from coi_tracker.process.timing import BY_QA, NotFuture, Within
from coi_tracker.vocabulary import Meaning, PlaceKind, Role, Severity

procure_tissue = Step(
    "procure_tissue",
    "Take the tumour tissue and fill the jars",
    by=frozenset({Role.PROCEDURALIST}),
    at=SITE,
    moves=(material(M.ORDERED, to=M.PROCURED),),
    needs=(
        Fact("slot", present=True, words="a manufacturing slot booked"),
        Scan(K.WRISTBAND, "wristband", IN_USE, (0, 1)),
        Identified(),
        Scan(K.TISSUE_JAR, "jar", LABELLED, protocol.tissue.jars),
        RouteIsOrdered(),
        text("lesion_site", "which lesion"),
        Given(
            Field(
                "lesion_size",
                "longest diameter (resection)",
                FieldKind.QUANTITY,
                "mm",
                limits=protocol.tissue.lesion_size,
                required=False,
            )
        ),
        Given(
            Field(
                "cores",
                "number of cores (core biopsy)",
                FieldKind.COUNT,
                limits=protocol.tissue.cores,
                required=False,
            )
        ),
        Given(Field("procured_at", "when the tissue was taken", FieldKind.INSTANT)),
        NotFuture("procured_at"),
        *two({Role.COORDINATOR, Role.NURSE, Role.PROCEDURALIST, Role.PHYSICIAN}),
    ),
    effects=(Fills("jar", S.FILLED), Remembers("tissue.procured_at", "procured_at")),
    forbidden_by=frozenset({B.PROCUREMENT}),
    source="21 CFR 1271.290; protocol: tissue",
)

pack = Step(
    "pack",
    "Pack the jars of the procurement in a shipper",
    by=frozenset({Role.COORDINATOR}),
    at=SITE,
    moves=(material(M.PROCURED),),
    needs=(
        ShipperScan(ours=False),
        Fact("shipper", present=False, words="not packed yet"),
        Scan(K.TISSUE_JAR, "jar", FILLED, all=Which.FILLED),
        text("seal", "the number on the seal"),
        text("logger", "the temperature logger"),
    ),
    effects=(Packs(("jar",)),),
    forbidden_by=frozenset({B.SHIPMENT}),
    source="one course in a shipper",
)

release_to_courier = Step(
    "release_to_courier",
    "Release the shipper to the courier",
    by=frozenset({Role.COORDINATOR}),
    at=SITE,
    moves=(material(M.PROCURED),),
    needs=(
        ShipperScan(ours=True),
        ContentsHere(),
        CourierKnown(),
        SealMatches(excusable=False),
        CountMatches(),
        Signs(),
    ),
    effects=(Offers(),),
    forbidden_by=frozenset({B.SHIPMENT}),
    source="custody: a release and an acceptance",
)

unpack = Step(
    "unpack",
    "Take everything out of the shipper again",
    by=frozenset({Role.COORDINATOR, Role.OPERATOR}),
    at=frozenset({PlaceKind.SITE, PlaceKind.FACILITY}),
    moves=(material(M.PROCURED, M.CRYOPRESERVED),),
    needs=(ShipperScan(ours=True), ContentsHeld(), REASON, Signs()),
    effects=(Unpacks(),),
    standing=WINDING_UP,
    source="a courier that does not come, a wrong seal: custody has not moved, so the offer can be taken back",
)

accept_by_courier = Step(
    "accept_by_courier",
    "Accept the shipper as courier",
    by=frozenset({Role.COURIER}),
    at=COURIER,
    moves=(material(M.PROCURED, to=M.INBOUND),),
    needs=(
        ShipperScan(ours=True),
        OfferedHere(),
        SealMatches(excusable=False),
        CountMatches(),
        Signs(Meaning.RECEIVED),
    ),
    effects=(CourierAccepts(to_site=False),),
    standing=WINDING_UP,
    source="custody moves on acceptance only",
)

receive_tissue = Step(
    "receive_tissue",
    "Receive the tumour tissue at the facility",
    by=frozenset({Role.OPERATOR}),
    at=FACILITY,
    moves=(material(M.INBOUND, to=M.RECEIVED),),
    needs=(
        ShipperScan(ours=True),
        OfferedHere(),
        Scan(K.TISSUE_JAR, "jar", IN_TRANSIT, elsewhere=True, all=Which.CONTENTS),
        SealMatches(),
        TemperatureInside(protocol.tissue.transport_range),
        Within("tissue.procured_at", before=protocol.tissue.time_to_culture, excused_by=BY_QA),
        *two({Role.OPERATOR}, second=Meaning.RECEIVED),
    ),
    effects=(Accepts(("jar",), S.STORED),),
    standing=WINDING_UP,
    source="21 CFR 1271.290(b); protocol: tissue transport",
)

accept_tissue = Step(
    "accept_tissue",
    "Accept the tissue for manufacture",
    by=frozenset({Role.QA}),
    at=FACILITY,
    moves=(material(M.RECEIVED),),
    needs=(
        Fact("tissue.accepted", present=False, words="tissue not accepted yet"),
        NoDeviationOpen(frozenset(Severity), unapproved=True),
        Confirmed(Field("inspected", "the tissue was inspected and is suitable", FieldKind.FLAG)),
        Signs(Meaning.APPROVED),
    ),
    effects=(RemembersActor("tissue.accepted"),),
    forbidden_by=frozenset({B.MANUFACTURE}),
    source="21 CFR 1271.265: receipt, acceptance",
)

reject_tissue = Step(
    "reject_tissue",
    "Reject the tissue: not enough, or not suitable",
    by=frozenset({Role.QA}),
    at=FACILITY,
    moves=(material(M.RECEIVED, M.FIRST_EXPANSION, to=M.INSUFFICIENT),),
    needs=(REASON, Signs(Meaning.APPROVED)),
    standing=WINDING_UP,
    source="21 CFR 1271.265; insufficient material is a routine outcome of core biopsies",
)

STEPS = (
    procure_tissue,
    pack,
    release_to_courier,
    unpack,
    accept_by_courier,
    receive_tissue,
    accept_tissue,
    reject_tissue,
)
