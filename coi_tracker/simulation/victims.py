"""Participants who are treated while an adversary is at work: every right step of theirs is fired among wrong ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from coi_tracker.course import Course
from coi_tracker.services import available
from coi_tracker.services.attempts import Answer
from coi_tracker.simulation.handing_in import request_of
from coi_tracker.simulation.intent import Intent
from coi_tracker.simulation.walking import Waiting, Walk
from coi_tracker.vocabulary import ReasonCode as Code
from coi_tracker.vocabulary import Standing, TissueRoute

if TYPE_CHECKING:
    from coi_tracker.simulation.adversary import Attack

ENDED = frozenset({Standing.CLOSED, Standing.TERMINATED})
"""After these a participant may have another course; one who withdrew, once that course is closed."""


@dataclass
class Victim(Walk):
    """A walk under attack."""

    attack: Attack | None = None
    cohort: str = "cohort_1"

    def hand_in(self, intent: Intent) -> Answer:
        """The right attempt, among wrong ones."""
        assert self.attack is not None  # noqa: S101  set by `recruits`
        on = self.chain_of(intent.step)
        request = request_of(self.record, self.premises, intent, on)
        answer = self.attack.around(on, request)
        self.learn(intent.step, answer)
        return answer

    def life(self) -> Waiting:
        """A further course of a participant, all the way."""
        yield from self.enrol(cohort=self.cohort, again=True)
        yield self.now + timedelta(days=1)
        yield from self.whole_course()


def recruits(attack: Attack, *, most: int) -> Iterator[Victim]:
    """Participants whose courses have all ended, one walk each."""
    chance = attack.chance
    chains = available.chains_of(attack.record, "subject")
    for chain in chance.sample(chains, len(chains)):
        subject = available.state_of(attack.record, chain)
        if subject is None or subject.site is None or most <= 0 or not _free(attack, subject):
            continue
        most -= 1
        yield Victim(
            record=attack.record,
            premises=attack.premises,
            subject=replace(subject, protocol=attack.premises.latest()),
            site=subject.site,
            choose=chance,
            bags=chance.choice([1, 2, 3]),
            jars=chance.choice([1, 2]),
            attack=attack,
            waits_for=frozenset({Code.CONFLICT_RETRY}),
            cohort=_cohort(attack, subject),
        )


def _free(attack: Attack, subject: Course) -> bool:
    number = subject.subject.number if subject.subject else ""
    mine = [c for c in attack.courses.values() if c.subject is not None and c.subject.number == number]
    return bool(mine) and all(c.standing in ENDED for c in mine)


def _cohort(attack: Attack, subject: Course) -> str:
    """The cohort that a further course follows from: by the record, and by the route of the earlier ones."""
    if attack.premises.treated_before(subject):
        return "retreatment"
    number = subject.subject.number if subject.subject else ""
    routes = {c.route for c in attack.courses.values() if c.subject is not None and c.subject.number == number}
    return "cohort_3" if TissueRoute.CORE_BIOPSY in routes else "cohort_1"
