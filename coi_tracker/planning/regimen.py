"""Days and amounts of a lymphodepletion regimen, worked back from the day of infusion.

Pure arithmetic on the protocol's numbers: it checks what people ordered and gives no clinical advice.
Knows no course and no database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from coi_tracker.protocols.treating import Drug, Regimen


@dataclass(frozen=True, slots=True)
class DueDose:
    """One dose of the regimen: the drug, which dose of that drug (from 1), the day relative to the infusion."""

    drug: str
    number: int
    day: int

    def date(self, infusion: date) -> date:
        """The calendar day at the site."""
        return infusion + timedelta(days=self.day)


def schedule(regimen: Regimen) -> tuple[DueDose, ...]:
    """Every dose in the order it is given: by day, then in the order of the regimen."""
    doses = [
        (day, place, DueDose(drug.key, number, day))
        for place, drug in enumerate(regimen.drugs)
        for number, day in enumerate(sorted(drug.days), start=1)
    ]
    return tuple(d for _, _, d in sorted(doses, key=lambda x: x[:2]))


def next_dose(regimen: Regimen, given: Mapping[str, int], stopped: frozenset[str]) -> DueDose | None:
    """The first dose neither given nor stopped; None when the regimen is over."""
    return next((d for d in schedule(regimen) if d.drug not in stopped and d.number > given.get(d.drug, 0)), None)


def body_surface(weight_kg: Decimal, height_cm: Decimal, *, formula: str) -> Decimal:
    """Body surface area in m2. Sources: Mosteller 1987; Du Bois and Du Bois 1916."""
    if formula == "mosteller":
        return (weight_kg * height_cm / Decimal(3600)).sqrt()
    return Decimal("0.007184") * weight_kg ** Decimal("0.425") * height_cm ** Decimal("0.725")


def amount(drug: Drug, *, weight_kg: Decimal, height_cm: Decimal, formula: str) -> Decimal:
    """The ordered amount of one dose in mg."""
    per = weight_kg if drug.per == "kg" else body_surface(weight_kg, height_cm, formula=formula)
    return drug.dose * per


def amount_range(drug: Drug, ordered: Decimal) -> tuple[Decimal, Decimal]:
    """Lowest and highest amount in mg that the protocol's tolerance allows."""
    slack = ordered * drug.tolerance_percent / 100
    return ordered - slack, ordered + slack
