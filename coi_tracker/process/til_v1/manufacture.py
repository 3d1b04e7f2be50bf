"""Manufacture: from the jars to frozen bags, day by day, each step after a line clearance."""

from __future__ import annotations

from coi_tracker.process.custody import SettlesShipper
from coi_tracker.process.effects import (
    Becomes,
    Fills,
    Forgets,
    Pairs,
    Remembers,
    Stores,
)
from coi_tracker.process.quality import Fact
from coi_tracker.process.scans import OneSource, SameNumber, Scan, Which
from coi_tracker.process.settling import SettlesInfusion, SettlesMaterial
from coi_tracker.process.signing import Signs
from coi_tracker.process.spec import WINDING_UP, Field, FieldKind, Move, Need, Step, protocol
from coi_tracker.process.supplies import (
    Confirmed,
    EquipmentGiven,
    Given,
    LineClear,
    LotsGiven,
    Reconciled,
    SuiteFree,
)
from coi_tracker.process.til_v1.common import (
    ANYWHERE,
    FACILITY,
    FILLED,
    HELD,
    LABELLED,
    REASON,
    STORED,
    B,
    K,
    M,
    S,
    material,
    text,
    two,
)
from coi_tracker.process.timing import BY_QA, OnDay, Within
from coi_tracker.vocabulary import Disposition, Meaning, Role, Track

OPERATOR = frozenset({Role.OPERATOR})
MAKING = frozenset({B.MANUFACTURE})
CULTURES = frozenset({S.IN_USE, S.STORED})


def work(step: str) -> tuple[Need, ...]:
    """What every manufacturing step needs: a cleared line, lots and equipment, two people."""
    return (
        LineClear(),
        LotsGiven(getattr(protocol.manufacture.lots, step)),
        EquipmentGiven(getattr(protocol.manufacture.equipment, step)),
        *two({Role.OPERATOR}),
    )


def count_and_viability() -> tuple[Need, ...]:
    """The usual numbers of a cell count."""
    return (
        Given(Field("cells", "viable cells", FieldKind.QUANTITY, "cells", limits=(0, None))),
        Given(Field("viability", "viability", FieldKind.QUANTITY, "%", limits=(0, 100))),
    )


USED = Forgets(("line.suite",))

clear_line = Step(
    "clear_line",
    "Clear the line for this course",
    by=OPERATOR,
    at=FACILITY,
    moves=(material(M.RECEIVED, M.FIRST_EXPANSION, M.RAPID_EXPANSION, M.SCALED_UP, M.HARVESTED),),
    needs=(
        SuiteFree(),
        Fact("line.suite", present=False, words="no other clearance of this course: give that suite back first"),
        Confirmed(Field("clean", "the suite is clean and empty", FieldKind.FLAG)),
        *two({Role.OPERATOR, Role.QA}, second=Meaning.VERIFIED),
    ),
    effects=(Remembers("line.suite", "suite"),),
    forbidden_by=MAKING,
    source="line clearance: no container or label of another course",
)

release_line = Step(
    "release_line",
    "Give the suite back without having used it",
    by=OPERATOR,
    at=FACILITY,
    needs=(Fact("line.suite", present=True, words="a line clearance that stands"), REASON),
    effects=(USED,),
    standing=WINDING_UP,
    source="a clearance nobody uses must not block the suite",
)

start_first_expansion = Step(
    "start_first_expansion",
    "Start the first expansion (day 0)",
    by=OPERATOR,
    at=FACILITY,
    moves=(material(M.RECEIVED, to=M.FIRST_EXPANSION),),
    needs=(
        Fact("tissue.accepted", present=True, words="tissue accepted by quality"),
        Scan(K.TISSUE_JAR, "jar", STORED, all=Which.OPEN),
        Scan(K.FLASK, "flask", LABELLED, protocol.manufacture.first_flasks),
        Within("tissue.procured_at", before=protocol.tissue.time_to_culture, excused_by=BY_QA),
        Given(Field("fragments", "fragments in each flask", FieldKind.COUNT, limits=protocol.manufacture.fragments)),
        *work("start_first_expansion"),
    ),
    effects=(Fills("flask", S.IN_USE, of=("jar",), in_suite=True), Becomes("jar", S.CONSUMED), USED),
    forbidden_by=MAKING,
    source="protocol: manufacture; parents of this course only",
)

start_rapid_expansion = Step(
    "start_rapid_expansion",
    "Pool, count and start the rapid expansion",
    by=OPERATOR,
    at=FACILITY,
    moves=(material(M.FIRST_EXPANSION, to=M.RAPID_EXPANSION),),
    needs=(
        Scan(K.FLASK, "parent", CULTURES, all=Which.OPEN),
        Scan(K.FLASK, "flask", LABELLED, protocol.manufacture.rapid_flasks),
        OnDay(protocol.manufacture.rapid_expansion_day, protocol.manufacture.tolerance, "start_first_expansion"),
        Given(
            Field(
                "seeded",
                "viable cells seeded",
                FieldKind.QUANTITY,
                "cells",
                limits=protocol.manufacture.seeded_cells,
            )
        ),
        *count_and_viability(),
        *work("start_rapid_expansion"),
    ),
    effects=(Fills("flask", S.IN_USE, of=("parent",), in_suite=True), Becomes("parent", S.CONSUMED), USED),
    forbidden_by=MAKING,
    source="protocol: manufacture, rapid expansion day",
)

scale_up = Step(
    "scale_up",
    "Split the culture",
    by=OPERATOR,
    at=FACILITY,
    moves=(material(M.RAPID_EXPANSION, to=M.SCALED_UP),),
    needs=(
        Scan(K.FLASK, "parent", CULTURES, all=Which.OPEN),
        Scan(K.FLASK, "flask", LABELLED, protocol.manufacture.scaled_flasks),
        OnDay(protocol.manufacture.scale_up_day, protocol.manufacture.tolerance, "start_first_expansion"),
        *count_and_viability(),
        *work("scale_up"),
    ),
    effects=(Fills("flask", S.IN_USE, of=("parent",), in_suite=True), Becomes("parent", S.CONSUMED), USED),
    forbidden_by=MAKING,
    source="protocol: manufacture, scale-up day",
)

harvest = Step(
    "harvest",
    "Harvest every flask into one pool",
    by=OPERATOR,
    at=FACILITY,
    moves=(material(M.SCALED_UP, to=M.HARVESTED),),
    needs=(
        Scan(K.FLASK, "parent", CULTURES, all=Which.OPEN),
        Scan(K.POOL, "pool", LABELLED),
        OnDay(protocol.manufacture.harvest_day, protocol.manufacture.tolerance, "start_first_expansion"),
        *count_and_viability(),
        *work("harvest"),
    ),
    effects=(Fills("pool", S.IN_USE, of=("parent",), in_suite=True), Becomes("parent", S.CONSUMED), USED),
    forbidden_by=MAKING,
    source="protocol: manufacture, harvest day; every open flask accounted for",
)

FILL_KINDS = frozenset({K.BAG, K.QC_VIAL, K.RETAIN, K.FLASK, K.POOL})

fill = Step(
    "fill",
    "Fill bags, samples and retains from the pool",
    by=OPERATOR,
    at=FACILITY,
    moves=(material(M.HARVESTED),),
    needs=(
        Scan(K.POOL, "pool", CULTURES, all=Which.OPEN),
        Scan(K.BAG, "bag", LABELLED, protocol.manufacture.bags),
        Scan(K.QC_VIAL, "vial", LABELLED, protocol.manufacture.vials),
        Scan(K.RETAIN, "retain", LABELLED, protocol.manufacture.retains),
        Reconciled(FILL_KINDS, but_scanned=True),
        Given(
            Field(
                "volume",
                "volume of each bag",
                FieldKind.QUANTITY,
                "mL",
                limits=protocol.manufacture.bag_volume,
            )
        ),
        Given(Field("cells", "viable cells in all bags", FieldKind.QUANTITY, "cells", limits=(0, None))),
        LineClear(),
        LotsGiven(protocol.manufacture.lots.fill),
        EquipmentGiven(protocol.manufacture.equipment.fill),
        *two({Role.QA}, second=Meaning.VERIFIED),
    ),
    effects=(
        Fills("bag", S.FILLED, of=("pool",), in_suite=True, shelf_life=protocol.product.shelf_life),
        Fills("vial", S.FILLED, of=("pool",)),
        Fills("retain", S.RETAINED, of=("pool",)),
        Becomes("pool", S.CONSUMED),
        Remembers("fill.cells", "cells"),
        USED,
    ),
    forbidden_by=MAKING,
    source="21 CFR 211.125: labels reconcile, to zero for one patient's lot",
)

cryopreserve = Step(
    "cryopreserve",
    "Freeze every bag in its cassette",
    by=OPERATOR,
    at=FACILITY,
    moves=(
        material(M.HARVESTED, to=M.CRYOPRESERVED),
        Move(Track.DISPOSITION, frozenset({Disposition.NONE}), Disposition.TESTING),
    ),
    needs=(
        Scan(K.BAG, "bag", FILLED, all=Which.FILLED),
        Scan(K.CASSETTE, "cassette", LABELLED, protocol.manufacture.bags),
        SameNumber("bag", "cassette"),
        text("freezer_run", "the run of the controlled-rate freezer"),
        text("position", "the storage position"),
        *work("cryopreserve"),
    ),
    effects=(
        Fills("cassette", S.STORED, of=()),
        Pairs(),
        Stores("bag", state=S.STORED),
        Stores("cassette"),
        USED,
    ),
    forbidden_by=MAKING,
    source="bag = cassette = COI; vapour-phase storage",
)

take_sample = Step(
    "take_sample",
    "Take a sample into a vial",
    by=OPERATOR,
    at=FACILITY,
    moves=(material(M.FIRST_EXPANSION, M.RAPID_EXPANSION, M.SCALED_UP, M.HARVESTED),),
    needs=(
        Scan(K.FLASK, "source", CULTURES, (0, 1)),
        Scan(K.POOL, "pool", CULTURES, (0, 1)),
        OneSource(("source", "pool")),
        Scan(K.QC_VIAL, "vial", LABELLED),
        text("purpose", "what the sample is for"),
    ),
    effects=(Fills("vial", S.FILLED, of=("source", "pool")),),
    forbidden_by=MAKING,
    source="in-process control",
)

record_environment = Step(
    "record_environment",
    "Record the environment of the suite",
    by=OPERATOR,
    at=FACILITY,
    needs=(
        text("suite", "the suite"),
        Given(Field("particles", "particles of 0.5 um per m3", FieldKind.COUNT)),
        Given(Field("pressure", "pressure difference", FieldKind.QUANTITY, "Pa", limits=(-1000, 1000))),
    ),
    source="environmental monitoring",
)

exchange_medium = Step(
    "exchange_medium",
    "Exchange the medium of a culture",
    by=OPERATOR,
    at=FACILITY,
    moves=(material(M.FIRST_EXPANSION, M.RAPID_EXPANSION, M.SCALED_UP),),
    needs=(
        Scan(K.FLASK, "flask", CULTURES, (1, 10)),
        LotsGiven(protocol.manufacture.lots.start_first_expansion),
        Signs(),
    ),
    forbidden_by=MAKING,
    source="protocol: manufacture",
)

move = Step(
    "move",
    "Move containers to another position",
    by=frozenset({Role.OPERATOR, Role.CELL_LAB, Role.QC_ANALYST}),
    at=ANYWHERE,
    needs=(Scan(None, "container", HELD, (1, 50)), text("position", "the position")),
    effects=(Stores("container"),),
    standing=WINDING_UP,
    source="storage and locations are recorded",
)

discard = Step(
    "discard",
    "Discard a container",
    by=frozenset({Role.OPERATOR, Role.CELL_LAB, Role.QC_ANALYST, Role.COORDINATOR}),
    at=ANYWHERE,
    needs=(
        Scan(None, "container", HELD | {S.QUARANTINED}, (1, 50)),
        REASON,
        *two(
            {
                Role.OPERATOR,
                Role.CELL_LAB,
                Role.QA,
                Role.QC_ANALYST,
                Role.COORDINATOR,
                Role.NURSE,
                Role.PHYSICIAN,
            }
        ),
    ),
    effects=(Becomes("container", S.DESTROYED), SettlesShipper(), SettlesInfusion(), SettlesMaterial()),
    standing=WINDING_UP,
    source="every container has a final fate",
)

STEPS = (
    clear_line,
    release_line,
    start_first_expansion,
    start_rapid_expansion,
    scale_up,
    harvest,
    fill,
    cryopreserve,
    take_sample,
    record_environment,
    exchange_medium,
    move,
    discard,
)
