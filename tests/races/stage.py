"""A furnished record in a real database: courses driven to where they are wanted, and attempts made up for them.

The attempts are not handed in here, so that a test can let many processes hand them in at once. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from coi_tracker.course import Course
from coi_tracker.process.supplies import LineClear
from coi_tracker.services.attempts import Answer, record_attempt
from coi_tracker.services.available import state_of
from coi_tracker.services.changes import new_event_id
from coi_tracker.services.record import Record
from coi_tracker.services.requests import AttemptRequest
from coi_tracker.simulation.clock import Clock
from coi_tracker.simulation.furnishing import furnish
from coi_tracker.simulation.handing_in import request_of
from coi_tracker.simulation.premises import Premises
from coi_tracker.simulation.satisfy import labels_wanted, satisfy
from coi_tracker.simulation.walking import Waiting, Walk, drive, run
from coi_tracker.storage import migrate
from coi_tracker.storage.database import Database
from coi_tracker.storage.keyfile import MasterKey, load_key_file, new_key_file
from tests.races.crew import Work

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Stage:
    """A record with its premises and its clock."""

    premises: Premises
    clock: Clock

    @property
    def record(self) -> Record:
        """The record underneath."""
        return self.premises.record

    @property
    def url(self) -> str:
        """Where its database is."""
        return self.record.database.url

    def drive(self, number: str, until: str | None, **plan: Any) -> Course:
        """A new participant's course, driven to just after a step or to a state. The clock moves on."""
        return drive(self.record, self.premises, number, until=until, **plan)

    def walk(self, course: Course) -> Walk:
        """To go on with a course by hand: `run(record, walk.perform(step))`."""
        subject = self.now(f"subject/{course.subject.number if course.subject else ''}")
        return Walk(self.record, self.premises, subject, self.premises.new_site(), course=course)

    def make_ready(self, course: Course, step: str) -> Course:
        """Issue the labels that a step needs and clear its line: nothing is missing but the step itself."""
        walk = self.walk(self.now(course.chain))
        run(self.record, _before(walk, step))
        return walk.mine

    def now(self, chain: str) -> Course:
        """What a chain is now; empty when it has no performed entry."""
        return state_of(self.record, chain) or self.premises.new_chain(chain)

    def request(self, step: str, chain: str, **wishes: Any) -> AttemptRequest:
        """A right attempt at a step, not handed in. The clock is moved to its time."""
        course = self.now(chain)
        protocol = self.premises.protocol_of(course)
        definition = self.record.process.steps[step]
        intent = satisfy(definition, protocol, course, self.premises, now=self.clock.now, **wishes)
        self.clock.forward_to(intent.at)
        return request_of(self.record, self.premises, intent, course)

    def by_others(self, request: AttemptRequest, number: int) -> list[AttemptRequest]:
        """The same attempt, as so many people would make it: each with an id of its own."""
        return [replace(request, id=new_event_id(self.record)) for _ in range(number)]

    def work(self, batches: Sequence[Sequence[AttemptRequest]], **also: Any) -> Work:
        """What a crew needs to hand these in at once, one process for each batch."""
        keys = self.record.person_keys
        return Work(self.url, self.premises.study, self.clock.now, batches, keys, **also)

    def attempt(self, request: AttemptRequest) -> Answer:
        """Hand an attempt in, whatever becomes of it; then time goes on."""
        self.clock.forward_to(request.happened_at or self.clock.now)
        return record_attempt(self.record, request)

    def do(self, step: str, chain: str, **wishes: Any) -> Answer:
        """Hand a right attempt in, now. A refusal fails the test."""
        answer = record_attempt(self.record, self.request(step, chain, **wishes))
        assert answer.performed, (step, answer.reasons)
        self.clock.forward(timedelta(minutes=5))
        return answer


def _before(walk: Walk, step: str) -> Waiting:
    wanted = walk.record.process.steps[step]
    for kind, count in labels_wanted(wanted, walk.protocol, walk.mine).items():
        yield from walk.labels(kind, count)
    if wanted.needs_of(LineClear):
        yield from walk.wait_for(step)
        yield from walk.do("clear_line")


_KEYS: list[MasterKey] = []


def person_keys(folder: Path) -> tuple[MasterKey, ...]:
    """The key of participants' data: one for all records of this process."""
    if not _KEYS:
        path = folder / "persons.key"
        new_key_file(path)
        _KEYS.extend(load_key_file(path))
    return tuple(_KEYS)


def furnished(url: str, folder: Path, *, sites: int = 2, shippers: int = 24) -> Premises:
    """Migrate an empty database and furnish it. Its connections are closed again."""
    migrate.upgrade(url)
    with Database(url) as database:
        record = Record(database, clock=Clock(START), person_keys=person_keys(folder))
        return furnish(record, sites=sites, shippers=shippers)


def stage_on(url: str, premises: Premises) -> Stage:
    """The stage on a database that holds these premises."""
    clock = Clock(START + timedelta(days=1))
    record = Record(Database(url), clock=clock, person_keys=premises.record.person_keys)
    return Stage(replace(premises, record=record), clock)


Stages = Callable[[], Stage]
