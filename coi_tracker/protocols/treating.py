"""What a protocol says about lymphodepletion, the infusion and IL-2.

Frozen values, no rules and no clinical advice; part of `model.py`, which names them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from coi_tracker.protocols.quantities import Limit, Quantity, Window
from coi_tracker.protocols.shapes import Key, Name, Names, Percent, Units
from coi_tracker.vocabulary import Disposition

Releasing = Literal[Disposition.RELEASED, Disposition.CONDITIONALLY_RELEASED, Disposition.EXCEPTIONALLY_RELEASED]
"""What quality assurance may have said before lymphodepletion starts; no file can add another word."""


@dataclass(frozen=True, slots=True)
class RecheckItem:
    """One thing looked at again shortly before lymphodepletion; `criterion` is the one it repeats, if any.

    `none_passes`: "none" is a finding that allows going on, e.g. where no vaccination is known.
    """

    key: Name
    text: str
    unit: str | None
    limit: Limit
    criterion: Name | None
    none_passes: bool

    def passes(self, value: Decimal | str) -> bool:
        """Whether the finding allows going on. Raises ValueError for one that cannot be read."""
        return (self.none_passes and value == "none") or self.limit.passes(value)


@dataclass(frozen=True, slots=True)
class Treatment:
    """When the infusion may be, counted from the last dose of `last_drug`, and what is rechecked before."""

    last_drug: Name
    infusion_not_before: timedelta
    infusion_not_after: timedelta
    recheck_window: timedelta
    recheck: tuple[RecheckItem, ...]
    default_regimen: Name
    gate_dispositions: tuple[Releasing, ...]


@dataclass(frozen=True, slots=True)
class Drug:
    """One drug of a regimen. `days` are relative to the day of infusion (D0 = 0), so they are negative."""

    key: Name
    quantity: Annotated[Quantity, Key("dose"), Units(("mg/kg", "mg/m2"))]
    days: tuple[int, ...]
    tolerance_percent: Annotated[Percent, Key("tolerance")]
    with_: Annotated[str | None, Key("with")]

    @property
    def dose(self) -> Decimal:
        """The amount on each day, in `unit`."""
        return self.quantity.value

    @property
    def unit(self) -> str:
        """mg/kg or mg/m2."""
        return self.quantity.unit

    @property
    def per(self) -> str:
        """What the dose is counted by: kg of body weight or m2 of body surface."""
        return self.unit.split("/")[1]


@dataclass(frozen=True, slots=True)
class Regimen:
    """A lymphodepletion regimen; `fictitious` where its doses are invented, to show how a file works."""

    key: str
    version: str
    title: str
    fictitious: bool
    bsa_formula: Literal["mosteller", "dubois"]
    drugs: tuple[Drug, ...]

    def drug(self, key: str) -> Drug:
        """The drug of that key. Raises KeyError."""
        for drug in self.drugs:
            if drug.key == key:
                return drug
        raise KeyError(key)

    def doses_expected(self, key: str) -> int:
        """How many doses of a drug the regimen has. Raises KeyError."""
        return len(self.drug(key).days)

    @property
    def first_day(self) -> int:
        """The earliest day of any drug relative to the day of infusion, e.g. -7."""
        return min(day for drug in self.drugs for day in drug.days)


@dataclass(frozen=True, slots=True)
class Il2:
    """Interleukin-2 after the infusion: the first dose, how far apart, how many, why it may be stopped."""

    first_after: Window
    interval: Window
    max_doses: int
    quantity: Annotated[Quantity, Key("dose"), Units(("IU/kg",))]
    clock_starts: Literal["infusion_end", "infusion_start"]
    stop_reasons: Names

    @property
    def dose(self) -> Decimal:
        """The amount of one dose, in `unit`."""
        return self.quantity.value

    @property
    def unit(self) -> str:
        """IU/kg."""
        return self.quantity.unit
