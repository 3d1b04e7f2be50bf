"""Who takes part in a simulated trial: site, cohort, day of arrival, and which story each of them gets.

Every story is told at least once when there are enough participants, and the last ones rest at every stage of the
process, so that screens have something to show. Deterministic by the chance that is passed in.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from coi_tracker.course import PlaceId

RESTS: tuple[tuple[str, int], ...] = (
    ("register_subject", 1),
    ("assign_cohort", 2),
    ("ordered", 2),
    ("apply_wristband", 3),
    ("procured", 5),
    ("inbound", 5),
    ("received", 6),
    ("first_expansion", 8),
    ("rapid_expansion", 19),
    ("scaled_up", 24),
    ("harvested", 30),
    ("cryopreserved", 31),
    ("released", 46),
    ("conditionally_released", 42),
    ("out_of_specification", 46),
    ("outbound", 47),
    ("at_site", 50),
    ("planned", 51),
    ("ld_running", 56),
    ("ld_complete", 62),
    ("thaw_bag", 64),
    ("infused", 64),
    ("il2_running", 64),
    ("complete", 67),
)
"""Where a participant rests at the end of the trial, and how many days before it must have arrived for that."""

STORIES: tuple[str, ...] = (
    "conditional_negative",
    "insufficient",
    "retreatment",
    "oos_exceptional",
    "banked",
    "oos_rejected",
    "conditional_positive_before",
    "lost_tissue",
    "conditional_positive_after",
    "late_tissue",
    "warm_tissue",
    "hold_on_course",
    "withdrawn_early",
    "terminated",
    "il2_stopped",
    "contaminated",
    "hold_on_bag",
    "dose_held",
    "late_entries",
    "reprinted",
    "lost_and_found",
    "drug_stopped",
    "infusion_stopped",
    "il2_held",
    "warm_product",
    "broken_seal",
    "late_harvest",
    "corrected",
    "amended",
    "withdrawn_late",
    "resting_on_hold",
    "resting_withdrawn",
    "resting_terminated",
    "not_eligible",
    "waived",
    "lost_product",
    "clock_change",
    "retreatment",
    "clock_change",
    "retreatment",
)
"""Every story but the plain one, the most wanted first."""

EARLY = frozenset({"retreatment"})
"""Stories that take longest: they are told first."""
AT = {"amended": 0.35}
"""Stories that belong to a time, as a part of the trial: before the amendment comes, so that it is adopted later."""

_COHORTS = ("cohort_1", "cohort_2", "cohort_3")


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of one participant. ``rests`` None: the story is told to its end."""

    number: str
    site: PlaceId
    day: float
    cohort: str
    story: str
    rests: str | None = None
    bags: int = 2
    jars: int = 1


def plans(participants: int, *, sites: Sequence[PlaceId], days: int, chance: random.Random) -> list[Plan]:
    """One plan for each participant, in the order of arrival. `days`: how long the trial runs."""
    resting = min(len(RESTS), participants // 3)
    told = participants - resting
    stories = [*STORIES[:told], *(["plain"] * max(0, told - len(STORIES)))]
    chance.shuffle(stories)
    stories.sort(key=lambda story: story not in EARLY)
    found = [
        _plan(n, story, day=_day(n / max(told, 1), story, days), rests=None, sites=sites, chance=chance)
        for n, story in enumerate(stories)
    ]
    for n, (rests, before) in enumerate(_spread(RESTS, resting)):
        found.append(_plan(told + n, _story_of(rests), day=days - before, rests=rests, sites=sites, chance=chance))
    return sorted(found, key=lambda plan: plan.day)


def _day(part: float, story: str, days: int) -> float:
    return AT[story] * days if story in AT else part * (days - 150)


def _spread(several: Sequence[tuple[str, int]], wanted: int) -> list[tuple[str, int]]:
    return [several[n * len(several) // wanted] for n in range(wanted)]


def _story_of(rests: str) -> str:
    if rests == "out_of_specification":
        return "oos_rejected"
    return "conditional_negative" if rests == "conditionally_released" else "plain"


def _plan(
    n: int, story: str, *, day: float, rests: str | None, sites: Sequence[PlaceId], chance: random.Random
) -> Plan:
    site = sites[n % len(sites)]
    cohort = _COHORTS[n % len(_COHORTS)]
    if story == "plain" and rests is None:
        story = _usual(cohort, chance)
    return Plan(
        number=f"{101 + n % len(sites)}-{n // len(sites) + 1:03}",
        site=site,
        day=day + chance.random() / 2,
        cohort="cohort_3" if story == "insufficient" else cohort,
        story=story,
        rests=rests,
        bags=chance.choice([1, 2, 2, 2, 3, 4]) if story not in {"lost_and_found", "infusion_stopped"} else 2,
        jars=chance.choice([1, 1, 2, 3]),
    )


def _usual(cohort: str, chance: random.Random) -> str:
    """Too little tissue and product out of specification are routine outcomes, not exceptions."""
    luck = chance.random()
    if cohort == "cohort_3" and luck < 0.2:
        return "insufficient"
    if luck > 0.85:
        return chance.choice(["oos_rejected", "oos_exceptional"])
    return "conditional_negative" if luck > 0.65 else "plain"
