"""What goes on in a simulated trial beside its participants: holds, reviews, a recall, an amendment.

Each is a generator like a walk. Knows no participant.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from coi_tracker.course import PlaceId
from coi_tracker.engine import evolve
from coi_tracker.errors import BrokenPromise
from coi_tracker.services import available, setup
from coi_tracker.services.changes import INSTALLER
from coi_tracker.simulation.furnishing import AMENDMENT
from coi_tracker.simulation.handing_in import record_intent
from coi_tracker.simulation.satisfy import satisfy
from coi_tracker.simulation.walking import Waiting
from coi_tracker.vocabulary import PlaceKind, Standing

if TYPE_CHECKING:
    from coi_tracker.simulation.trial import Trial

CLOSED = ((12, 24), (12, 25), (12, 26), (1, 1))
"""Months and days on which facilities do not work."""


def events(trial: Trial) -> Iterator[tuple[int, Waiting]]:
    """Everything of this sort, with the day on which it begins, as parts of 546 days."""
    sites = trial.premises.of_kind(PlaceKind.SITE)
    yield 0, close_holidays(trial)
    yield 20, review(trial, every=30)
    yield 118, hold_place(trial, sites[0], blocks=("procurement",), hours=70)
    yield 150, recall(trial)
    yield 190, hold_place(trial, trial.premises.facility_for(sites[-1]), blocks=("release", "shipment"), hours=30)
    yield 240, amend(trial)
    yield 300, hold_study(trial, blocks=("enrolment", "procurement"), hours=12 * 24)
    yield 306, hold_study(trial, blocks=("lymphodepletion",), hours=26)


def do(trial: Trial, chain: str, step: str, **wishes: Any) -> None:
    """A step on a place, the study or a course. Raises BrokenPromise when it is refused."""
    record, premises = trial.record, trial.premises
    on = available.state_of(record, chain) or premises.new_chain(chain)
    definition = record.process.steps[step]
    protocol = premises.protocol_of(on)
    intent = satisfy(definition, protocol, on, premises, now=record.clock(), choose=trial.chance, **wishes)
    answer = record_intent(record, premises, intent, on)
    trial.report.count(answer)
    if not answer.performed:
        raise BrokenPromise(expected=f"{step} performed", came=str(answer.reasons)[:500], do="look at the background")
    if on.coi is not None:
        trial.know(evolve(record.process, on, answer.event))


def hold_place(trial: Trial, place: PlaceId, *, blocks: tuple[str, ...], hours: float) -> Waiting:
    """A hold on a site or facility, and its end."""
    yield from _hold(trial, f"place/{place}", ("hold_place", "lift_hold_on_place"), blocks, hours)


def hold_study(trial: Trial, *, blocks: tuple[str, ...], hours: float) -> Waiting:
    """A hold on the study, and its end."""
    yield from _hold(trial, f"study/{trial.premises.study}", ("hold_study", "lift_hold_on_study"), blocks, hours)


def _hold(trial: Trial, chain: str, steps: tuple[str, str], blocks: tuple[str, ...], hours: float) -> Waiting:
    sponsor = trial.premises.sponsor()
    do(trial, chain, steps[0], blocks=list(blocks), reason="safety_event", place=sponsor)
    on = available.state_of(trial.record, chain)
    hold = on.holds[-1].id if on is not None else ""
    yield trial.record.clock() + timedelta(hours=hours)
    do(trial, chain, steps[1], hold=hold, reason="safety_event assessed", place=sponsor)


def review(trial: Trial, *, every: int) -> Waiting:
    """Somebody of the sponsor reviews the audit trail of one course, again and again."""
    while True:
        open_ = [c for c in trial.courses() if c.standing is not Standing.CLOSED]
        if open_:
            on = trial.chance.choice(open_)
            today = trial.premises.today(trial.premises.sponsor())
            period = {"from": (today - timedelta(days=every)).isoformat(), "to": today.isoformat()}
            wishes = {**period, "findings": "none", "place": trial.premises.sponsor()}
            do(trial, on.chain, "review_audit_trail", **wishes)
        if trial.over:
            return
        yield trial.record.clock() + timedelta(days=every)


def recall(trial: Trial) -> Waiting:
    """A lot of feeder cells is recalled."""
    trial.premises.recall(next(one.code for one in trial.premises.lots if one.kind == "feeder"))
    yield from ()


def amend(trial: Trial) -> Waiting:
    """The example amendment is released; new courses are opened under it."""
    trial.premises.release(AMENDMENT)
    yield from ()


def close_holidays(trial: Trial) -> Waiting:
    """Facilities do not work on some days."""
    year = trial.record.clock().year
    days = [date(y, month, day) for y in range(year, year + 3) for month, day in CLOSED]
    for place in trial.premises.of_kind(PlaceKind.FACILITY):
        setup.close_days(trial.record, place, days=days, by=INSTALLER, reason="holidays")
    yield from ()
