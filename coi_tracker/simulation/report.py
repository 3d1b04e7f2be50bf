"""What a simulated trial came to: counts, final states, and how often core biopsies gave product that met its limits.

Counts answers as they come; asks no database. The interval is the exact one of Clopper and Pearson (1934).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from math import comb
from typing import Any

from coi_tracker.course import Course
from coi_tracker.services.attempts import Answer
from coi_tracker.vocabulary import TissueRoute

MET = frozenset({"release_product", "release_conditionally"})


@dataclass(frozen=True, slots=True)
class Feasibility:
    """Of so many biopsies taken, so many gave product that met its specification; 95 % interval."""

    taken: int
    met: int
    low: float
    high: float


@dataclass
class Report:
    """The figures of one trial. ``unexpected``: mishaps that were performed and must not have been; always empty."""

    seed: int
    participants: int
    performed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    mishaps: Counter[str] = field(default_factory=Counter)
    stories: Counter[str] = field(default_factory=Counter)
    states: dict[str, Counter[str]] = field(default_factory=dict)
    repeated: int = 0
    late: int = 0
    courses: int = 0
    unexpected: list[str] = field(default_factory=list)
    feasibility: Feasibility | None = None
    first_day: str = ""
    last_day: str = ""

    def count(self, answer: Answer) -> None:
        """One answer."""
        if answer.replayed:
            self.repeated += 1
            return
        step = answer.event.step
        if answer.performed:
            self.performed[step] += 1
            self.late += "late_reason" in answer.event.evidence
        else:
            self.refused[step] += 1
            self.reasons.update({str(r.code) for r in answer.reasons})

    def finish(self, subjects: Iterable[Course], courses: Iterable[Course]) -> None:
        """The states that everything has at the end."""
        ended = list(courses)
        everybody = [*subjects, *ended]
        for track in ("material", "disposition", "treatment", "standing"):
            self.states[track] = Counter(str(getattr(one, track)) for one in everybody)
        self.courses = len(ended)
        self.feasibility = feasibility(ended)

    @property
    def attempts(self) -> int:
        """Entries that attempts made."""
        return sum(self.performed.values()) + sum(self.refused.values())

    def figures(self) -> dict[str, Any]:
        """The figures as JSON, those people ask for first at the front."""
        told = {f.name: getattr(self, f.name) for f in fields(self)}
        counts = {name: dict(value.most_common()) for name, value in told.items() if isinstance(value, Counter)}
        states = {track: dict(found.most_common()) for track, found in self.states.items()}
        feasible = None if self.feasibility is None else asdict(self.feasibility)
        front = {"participants": self.participants, "courses": self.courses, "attempts": self.attempts}
        return {**front, **told, **counts, "states": states, "feasibility": feasible}


def feasibility(courses: Iterable[Course]) -> Feasibility:
    """The outcome measure of the trial that its own record answers: core biopsies."""
    biopsies = [c for c in courses if c.route is TissueRoute.CORE_BIOPSY and "procure_tissue" in c.done]
    met = sum(1 for c in biopsies if MET & c.done.keys() and "result_after_release" not in c.done)
    return Feasibility(len(biopsies), met, *exact_interval(met, len(biopsies)))


def exact_interval(successes: int, trials: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """The exact binomial interval. Source: Clopper and Pearson, Biometrika 26 (1934) 404."""
    tail = (1 - confidence) / 2
    if trials == 0:
        return 0.0, 1.0
    low = 0.0 if successes == 0 else _root(lambda p: _at_least(successes, trials, p) - tail)
    high = 1.0 if successes == trials else _root(lambda p: tail - _at_least(trials - successes, trials, 1 - p))
    return low, high


def _at_least(successes: int, trials: int, p: float) -> float:
    return sum(comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(successes, trials + 1))


def _root(rising: Any) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2
