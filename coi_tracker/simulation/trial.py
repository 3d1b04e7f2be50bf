"""A simulated trial: participants, mishaps and the years they take, through the one write path, on a clock of its own.

Deterministic: the same seed and the same version of the software give the same entries, byte for byte. Everything
that happens by chance is drawn from two generators that the seed starts, one for codes and ids, one for the rest.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from coi_tracker.course import Course
from coi_tracker.services.record import Record
from coi_tracker.simulation import background, stories, stories_of_care
from coi_tracker.simulation.clock import Clock
from coi_tracker.simulation.furnishing import furnish
from coi_tracker.simulation.plans import Plan, plans
from coi_tracker.simulation.premises import Premises
from coi_tracker.simulation.report import Report
from coi_tracker.simulation.story import Story
from coi_tracker.simulation.walking import Reached, Waiting
from coi_tracker.vocabulary import HowRead, PlaceKind

START = datetime(2025, 2, 3, 8, 0, tzinfo=UTC)
DAYS = 546
"""About 18 months: two changes to summer time and one back, in five zones that change on different days, or never."""
PARTICIPANTS = 95
TOLD = {**stories.TOLD, **stories_of_care.TOLD}

Progress = Callable[[int, int], None]
"""Told now and then how many days have passed, of how many."""


@dataclass
class Trial:
    """What is going on. ``cut``: it stops at its end, whatever is under way. ``waiting``: who waits until when, in the
    order of time."""

    record: Record
    clock: Clock
    premises: Premises
    chance: random.Random
    report: Report
    ends: datetime
    cut: bool = False
    waiting: list[tuple[datetime, int, Waiting]] = field(default_factory=list)
    walks: list[Story] = field(default_factory=list)
    known: dict[str, Course] = field(default_factory=dict)
    started: int = 0
    typed: HowRead = HowRead.TYPED

    @property
    def over(self) -> bool:
        """Whether the time of the trial has passed; what is under way is still finished."""
        return self.clock.now >= self.ends

    @property
    def goes_on(self) -> bool:
        """Whether anybody waits for a time that comes."""
        return bool(self.waiting) and not (self.cut and self.waiting[0][0] >= self.ends)

    def courses(self) -> list[Course]:
        """Every course there is, as it is now."""
        return list(self.known.values())

    def tell(self, walk: Story) -> None:
        """A walk knows more about its course."""
        if walk.course is not None:
            self.know(walk.course)

    def know(self, course: Course) -> None:
        """What a course is now; its walk goes on from there."""
        self.known[course.coi or ""] = course
        for walk in self.walks:
            if walk.course is not None and walk.course.coi == course.coi:
                walk.course = course

    def begin(self, waiting: Waiting, at: datetime) -> None:
        """Something begins at a time."""
        self.started += 1
        heapq.heappush(self.waiting, (at, self.started, waiting))

    def go_on(self) -> None:
        """Whoever has waited longest goes on, until the next wait."""
        at, _, waiting = heapq.heappop(self.waiting)
        self.clock.forward_to(at)
        try:
            self.begin(waiting, next(waiting))
        except (StopIteration, Reached):
            return


def simulate(
    record: Record,
    *,
    seed: int,
    participants: int = PARTICIPANTS,
    days: int = DAYS,
    until: datetime | None = None,
    progress: Progress | None = None,
) -> Report:
    """Simulate a trial in an empty record. Raises BrokenPromise when something right was refused.

    `until`: it began so many days earlier and stops then, with work under way; without it, it begins at `START` and
    everything is told to its end. The record's own clock and chance are not used; it needs keys for persons.
    """
    began = START if until is None else until - timedelta(days=days)
    trial = _begun(record, seed, participants, days, began)
    trial.cut = until is not None
    day = 0
    while trial.goes_on:
        trial.go_on()
        passed = (trial.clock.now - began).days
        if progress is not None and passed > day:
            day = passed
            progress(min(day, days), days)
    report = trial.report
    report.finish([w.subject for w in trial.walks], trial.courses())
    report.first_day, report.last_day = began.date().isoformat(), trial.clock.now.date().isoformat()
    return report


def _begun(record: Record, seed: int, participants: int, days: int, began: datetime) -> Trial:
    clock, codes, chance = Clock(began), random.Random(f"codes {seed}"), random.Random(f"trial {seed}")
    ours = replace(record, clock=clock, draw=codes.randbytes)
    premises = furnish(ours, chance=chance)
    trial = Trial(ours, clock, premises, chance, Report(seed, participants), began + timedelta(days=days))
    for plan in plans(participants, sites=premises.of_kind(PlaceKind.SITE), days=days, chance=chance):
        walk = _story(trial, plan)
        trial.walks.append(walk)
        trial.report.stories[plan.story] += 1
        trial.begin(TOLD[plan.story](walk), began + timedelta(days=plan.day))
    for day, happening in background.events(trial):
        trial.begin(happening, began + timedelta(days=day * days / DAYS, hours=1))
    return trial


def _story(trial: Trial, plan: Plan) -> Story:
    return Story(
        record=trial.record,
        premises=trial.premises,
        subject=trial.premises.new_chain(f"subject/{plan.number}"),
        site=plan.site,
        until=plan.rests,
        bags=plan.bags,
        jars=plan.jars,
        choose=trial.chance,
        trial=trial,
        plan_=plan,
    )
