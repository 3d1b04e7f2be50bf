"""The process of TIL therapy, version 1: a chapter a file, in the order people work."""

from __future__ import annotations

from types import MappingProxyType

from coi_tracker.process.spec import Process
from coi_tracker.process.til_v1 import any_time, infusion, manufacture, order, procurement, quality, shipment, treatment

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

TIL_V1 = Process(
    key="til",
    version="1",
    title="Tumour-infiltrating lymphocytes: from tumour tissue to infusion and IL-2",
    steps=MappingProxyType({step.name: step for steps in CHAPTERS.values() for step in steps}),
    chapters=MappingProxyType({title: tuple(step.name for step in steps) for title, steps in CHAPTERS.items()}),
)
