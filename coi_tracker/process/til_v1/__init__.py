"""The process of TIL therapy, version 1: a chapter a file, in the order people work."""

from __future__ import annotations

from types import MappingProxyType

from coi_tracker.process.checks import prove
from coi_tracker.process.spec import Process
from coi_tracker.process.til_v1 import any_time, infusion, manufacture, order, procurement, quality, shipment, treatment
from coi_tracker.vocabulary import Disposition, Material, Standing, Track, Treatment

CHAPTERS = MappingProxyType(
    {
        "Order": order.STEPS,
        "Procurement": procurement.STEPS,
        "Manufacture": manufacture.STEPS,
        "Quality": quality.STEPS,
        "To the patient": (*shipment.STEPS, *treatment.STEPS, *infusion.STEPS),
        "At any time": any_time.STEPS,
    }
)

ENDS = MappingProxyType(
    {
        Track.MATERIAL: frozenset({Material.INFUSED, Material.LOST, Material.DESTROYED, Material.INSUFFICIENT}),
        Track.DISPOSITION: frozenset({Disposition.RELEASED, Disposition.EXCEPTIONALLY_RELEASED, Disposition.REJECTED}),
        Track.TREATMENT: frozenset({Treatment.COMPLETE}),
        Track.STANDING: frozenset({Standing.CLOSED}),
    }
)

UNSCANNED = MappingProxyType(
    {
        "open_course": "nothing that could be scanned exists before the course does",
        "reject_tissue": "a verdict: the containers stay where they are, and leave by `discard`, which scans them",
        "report_lost": "what is lost cannot be scanned; it is named by its id",
        "void_label": "the container is empty, and its label may be unreadable; it is named by its id",
        "destroy_label": "the container is empty, and its label may be unreadable; it is named by its id",
        "return_label": "the container is empty, and its label may be unreadable; it is named by its id",
    }
)

TIL_V1 = Process(
    key="til",
    version="1",
    title="Tumour-infiltrating lymphocytes: from tumour tissue to infusion and IL-2",
    steps=MappingProxyType({step.name: step for steps in CHAPTERS.values() for step in steps}),
    chapters=MappingProxyType({title: tuple(step.name for step in steps) for title, steps in CHAPTERS.items()}),
    ends=ENDS,
    unscanned=UNSCANNED,
)
prove(TIL_V1)
