"""What a protocol says about running the study day by day: reasons, labels, planning, clocks, holds, sources.

Frozen values, no rules; part of `model.py`, which names them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from coi_tracker.protocols.quantities import Table
from coi_tracker.protocols.shapes import Keys, Names
from coi_tracker.vocabulary import ContainerKind, HoldBlocks, HoldScope

LabelTexts = Annotated[Table[tuple[str, ...]], Keys(tuple(ContainerKind))]
HoldTable = Annotated[Table[tuple[HoldBlocks, ...]], Keys(tuple(HoldScope))]


@dataclass(frozen=True, slots=True)
class Reasons:
    """Closed lists of reason codes a person chooses from; a comment can say more."""

    hold_dose: Names
    stop_drug: Names
    stop_infusion: Names
    hold_il2: Names
    reject_tissue: Names
    discard: Names
    hold: Names
    deviation: Names
    correction: Names
    late_entry: Names
    reprint: Names
    void_label: Names
    change_plan: Names
    exceptional_release: Names
    withdrawal: Names
    termination: Names


@dataclass(frozen=True, slots=True)
class Labels:
    """Texts the label of each kind of container must carry, and how soon a print is scanned back."""

    texts: LabelTexts
    verify_within: timedelta


@dataclass(frozen=True, slots=True)
class Planning:
    """Times the planner reckons with; estimates, not limits of the protocol."""

    tissue_lead_time: timedelta
    product_lead_time: timedelta
    release_estimate: timedelta
    gate_margin: timedelta
    slot_search_days: int
    bed_days: int


@dataclass(frozen=True, slots=True)
class Clock:
    """How far a station's clock may be from the server's before a step is refused."""

    tolerance: timedelta


@dataclass(frozen=True, slots=True)
class Holds:
    """What a hold forbids when the person who places it says nothing else, by what it is placed on."""

    default_blocks: HoldTable


@dataclass(frozen=True, slots=True)
class Sources:
    """Paths of values that nobody has confirmed: defaults which the sponsor still has to approve."""

    to_confirm: tuple[str, ...]

    def awaits_confirmation(self, path: str) -> bool:
        """Whether the value at a path of file keys, or something around it, is only a default."""
        return any(path == marked or path.startswith(f"{marked}.") for marked in self.to_confirm)
