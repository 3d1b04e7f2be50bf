"""What a protocol says about tissue, manufacture, release and the finished product.

Frozen values, no rules; part of `model.py`, which names them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from coi_tracker.protocols.quantities import CountRange, Limit, Table
from coi_tracker.protocols.shapes import Cells, Celsius, CelsiusAtMost, Keys, Millilitres, MillimetresAtLeast

MANUFACTURE_STEPS = (
    "start_first_expansion",
    "start_rapid_expansion",
    "scale_up",
    "harvest",
    "fill",
    "cryopreserve",
)
"""Steps for which a protocol file names the ancillary lots and the equipment; an empty list where none."""

PerStep = Annotated[Table[tuple[str, ...]], Keys(MANUFACTURE_STEPS)]


@dataclass(frozen=True, slots=True)
class Tissue:
    """Limits of procurement and transport; `time_to_culture` runs from procurement to culture."""

    transport_range: Celsius
    time_to_culture: timedelta
    jars: CountRange
    cores: CountRange
    lesion_size: MillimetresAtLeast


@dataclass(frozen=True, slots=True)
class Manufacture:
    """One version of the manufacturing process: days counted from day 0, the start of the first expansion."""

    key: str
    title: str
    rapid_expansion_day: int
    scale_up_day: int
    harvest_day: int
    tolerance: timedelta
    fragments: CountRange
    first_flasks: CountRange
    rapid_flasks: CountRange
    scaled_flasks: CountRange
    bags: CountRange
    vials: CountRange
    retains: CountRange
    bag_volume: Millilitres
    seeded_cells: Cells
    lots: PerStep
    equipment: PerStep

    @property
    def process_days(self) -> tuple[int, ...]:
        """Days on which the facility needs staff and a suite, e.g. (0, 11, 16, 22)."""
        return (0, self.rapid_expansion_day, self.scale_up_day, self.harvest_day)


@dataclass(frozen=True, slots=True)
class ReleaseTest:
    """One test of the release specification. `final_after_release`: its last word comes after release."""

    key: str
    title: str
    unit: str | None
    limit: Limit
    final_after_release: bool
    method: str

    @property
    def low(self) -> Decimal | None:
        """The lower bound, or None."""
        return self.limit.low

    @property
    def high(self) -> Decimal | None:
        """The upper bound, or None."""
        return self.limit.high

    @property
    def expect(self) -> str | None:
        """The expected word of a qualitative test, or None."""
        return self.limit.expect

    def passes(self, value: Decimal | str) -> bool:
        """Whether a result meets the specification. Raises ValueError for one that cannot be read."""
        return self.limit.passes(value)


@dataclass(frozen=True, slots=True)
class Dose:
    """What is one dose of the product."""

    viable_cells: Cells
    bags: CountRange


@dataclass(frozen=True, slots=True)
class Product:
    """Limits of the finished product; `bedside_check_valid` runs from the bedside check to the infusion."""

    storage_range: CelsiusAtMost
    transport_range: CelsiusAtMost
    shelf_life: timedelta
    thaw_limit: timedelta
    bedside_check_valid: timedelta
