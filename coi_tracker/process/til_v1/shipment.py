"""Shipment of the product: from the facility to the site, every bag in its cassette."""

from __future__ import annotations

from coi_tracker.process.custody import Accepts, CourierAccepts, Offers, Packs
from coi_tracker.process.effects import RemembersActor
from coi_tracker.process.quality import Fact
from coi_tracker.process.scans import Paired, Scan, ShipperScan, Which
from coi_tracker.process.shipping import ContentsHere, CourierKnown, OfferedHere
from coi_tracker.process.signing import Signs
from coi_tracker.process.spec import WINDING_UP, Field, FieldKind, Step, protocol
from coi_tracker.process.supplies import (
    Confirmed,
    CountMatches,
    SealMatches,
    TemperatureInside,
)
from coi_tracker.process.til_v1.common import (
    ALLOWS,
    COURIER,
    FACILITY,
    IN_TRANSIT,
    SITE,
    STORED,
    B,
    K,
    M,
    S,
    material,
    text,
    two,
)
from coi_tracker.vocabulary import Meaning, Role

CELL_LAB = frozenset({Role.CELL_LAB})
SHIPMENT = frozenset({B.SHIPMENT})

pack_product = Step(
    "pack_product",
    "Pack every bag in its cassette in a shipper",
    by=frozenset({Role.OPERATOR}),
    at=FACILITY,
    moves=(material(M.CRYOPRESERVED),),
    needs=(
        ALLOWS,
        ShipperScan(ours=False),
        Fact("shipper", present=False, words="not packed yet"),
        Scan(K.BAG, "bag", STORED, all=Which.STORED),
        Scan(K.CASSETTE, "cassette", STORED, all=Which.STORED),
        Paired(),
        text("seal", "the number on the seal"),
        text("logger", "the temperature logger"),
    ),
    effects=(Packs(("bag", "cassette")),),
    forbidden_by=SHIPMENT,
    source="one course in a shipper; disposition allows",
)

release_product_to_courier = Step(
    "release_product_to_courier",
    "Release the product shipper to the courier",
    by=frozenset({Role.OPERATOR}),
    at=FACILITY,
    moves=(material(M.CRYOPRESERVED),),
    needs=(
        ALLOWS,
        ShipperScan(ours=True),
        ContentsHere(),
        CourierKnown(),
        SealMatches(excusable=False),
        CountMatches(),
        Signs(),
    ),
    effects=(Offers(),),
    forbidden_by=SHIPMENT,
    source="custody: a release and an acceptance",
)

accept_product_by_courier = Step(
    "accept_product_by_courier",
    "Accept the product shipper as courier",
    by=frozenset({Role.COURIER}),
    at=COURIER,
    moves=(material(M.CRYOPRESERVED, to=M.OUTBOUND),),
    needs=(
        ShipperScan(ours=True),
        OfferedHere(),
        SealMatches(excusable=False),
        CountMatches(),
        Signs(Meaning.RECEIVED),
    ),
    effects=(CourierAccepts(to_site=True),),
    standing=WINDING_UP,
    source="custody moves on acceptance only",
)

receive_product = Step(
    "receive_product",
    "Receive the product at the site",
    by=CELL_LAB,
    at=SITE,
    moves=(material(M.OUTBOUND, to=M.AT_SITE),),
    needs=(
        ShipperScan(ours=True),
        OfferedHere(),
        Scan(K.BAG, "bag", IN_TRANSIT, elsewhere=True, all=Which.CONTENTS),
        Scan(K.CASSETTE, "cassette", IN_TRANSIT, elsewhere=True, all=Which.CONTENTS),
        Paired(),
        SealMatches(),
        TemperatureInside(protocol.product.transport_range),
        Confirmed(Field("log_reviewed", "the shipper's log was reviewed", FieldKind.FLAG)),
        *two({Role.CELL_LAB, Role.NURSE, Role.PHYSICIAN}, second=Meaning.RECEIVED),
    ),
    effects=(Accepts(("bag", "cassette"), S.STORED), RemembersActor("shipper_log_reviewed")),
    standing=WINDING_UP,
    source="every bag and cassette; storage temperature all the way; shipper log reviewed",
)

STEPS = (pack_product, release_product_to_courier, accept_product_by_courier, receive_product)
