"""A world in memory for the pure engine: courses, the cast, a clock. No database, no password, no screen.

It answers what there is (`Things`), turns intents into attempts exactly as the services would, lets the engine decide
and applies what was performed. Deterministic: the same seed and the same calls give the same events.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from coi_tracker.course import AccountId, Attempt, Course, Decision, Definition, Event, EventId, Performed, PlaceId
from coi_tracker.engine import decide, definition_of, evolve
from coi_tracker.errors import BrokenPromise
from coi_tracker.identity import CoiId, LabelSerial
from coi_tracker.process.spec import On, Process
from coi_tracker.process.til_v1 import TIL_V1
from coi_tracker.protocols.model import Protocol
from coi_tracker.simulation.cast import EQUIPMENT, LOTS, PEOPLE, PLACES, places_of
from coi_tracker.simulation.intent import Intent, NotYet
from coi_tracker.simulation.resolving import infused, resolve, slot_loads
from coi_tracker.simulation.satisfy import satisfy
from coi_tracker.vocabulary import PlaceKind, Role

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SHIPPER_VALID = timedelta(days=3650)


@dataclass
class Bench:
    """Courses by the name of their chain, what happened to them, and the clock.

    ``serial`` and ``coi`` draw fresh codes; a check that needs no real ones passes cheaper sources.
    """

    protocol: Protocol
    process: Process = TIL_V1
    now: datetime = START
    capacity: int = 4
    courses: dict[str, Course] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    later: Mapping[str, Definition] = field(default_factory=dict)  # versions a course can move to
    serial: Callable[[], str] = field(default=lambda: "", repr=False)
    coi: Callable[[], str] = field(default=lambda: "", repr=False)
    site: PlaceId = places_of(PlaceKind.SITE)[0]
    facility: PlaceId = places_of(PlaceKind.FACILITY)[0]

    def __post_init__(self) -> None:
        chance = random.Random(20261122)
        if not self.serial():
            self.serial = lambda: LabelSerial.issue(chance.randbytes).text
            self.coi = lambda: CoiId.issue(chance.randbytes).text

    # --- doing

    def subject(self, number: str) -> str:
        """The chain of a subject, empty when it is new."""
        return self._open(f"subject/{number}").chain

    def chain(self, kind: On, key: str) -> str:
        """The chain of a place or the study, empty when it is new."""
        return self._open(f"{kind}/{key}").chain

    def _open(self, chain: str) -> Course:
        process = Definition(self.process.key, self.process.version, "")
        return self.courses.setdefault(chain, Course(chain, process, definition_of(self.protocol)))

    def intend(self, step: str, chain: str, **wishes: Any) -> Intent:
        """A satisfying intent for the step on a chain, now or at the earliest right time. Raises NotYet."""
        return satisfy(self.process.steps[step], self.protocol, self.courses[chain], self, now=self.now, **wishes)

    def attempt(self, intent: Intent, chain: str) -> Attempt:
        """The intent as the engine sees it, everything around it looked up now."""
        return resolve(self, intent, self.courses[chain])

    def record(self, attempt: Attempt, chain: str) -> Decision:
        """Decide, keep the event, and apply it when it was performed."""
        course = self.courses[chain]
        decision = decide(self.process, self.protocol, course, attempt)
        event = decision.event
        self.events.append(event)
        if isinstance(decision, Performed):
            self.courses[event.chain] = evolve(self.process, course, event)
        return decision

    def do(self, step: str, chain: str, **wishes: Any) -> Event:
        """Perform a step the satisfying way, the clock moved to its time. Raises BrokenPromise when it is refused."""
        intent = self.intend(step, chain, **wishes)
        self.now = max(self.now, intent.at) + timedelta(minutes=1)
        decision = self.record(self.attempt(intent, chain), chain)
        if not isinstance(decision, Performed):
            came = "; ".join(f"{r.code}: {r.expected} / {r.observed}" for r in decision.event.reasons)
            raise BrokenPromise(expected=f"{step} performed", came=came, do="look at the step and at its satisfier")
        return decision.event

    def next_id(self) -> EventId:
        """The id of the next entry."""
        return EventId(f"entry-{len(self.events) + 1}")

    # --- what there is (see `Things`)

    def zone(self, place: PlaceId) -> str:
        """The zone of a place of the cast."""
        return PLACES[place].zone

    def kind(self, place: PlaceId) -> str:
        """The sort of a place of the cast."""
        return PLACES[place].kind

    def person(
        self, roles: Collection[Role], place: PlaceId | None, *, but: Collection[AccountId] = ()
    ) -> tuple[AccountId, Role]:
        """The first of the cast who fits."""
        for one in PEOPLE.values():
            if one.role in roles and place in (None, one.place) and one.account not in but:
                return one.account, one.role
        raise NotYet(f"{' or '.join(sorted(roles))} at {place or 'any place'}")

    def roles_at(self, account: AccountId, place: PlaceId) -> frozenset[Role]:
        """The only role of the account, when it is of this place."""
        one = PEOPLE.get(account)
        return frozenset({one.role}) if one is not None and one.place == place else frozenset()

    def sponsor(self) -> PlaceId:
        """The only sponsor's office."""
        return places_of(PlaceKind.SPONSOR)[0]

    def new_site(self) -> PlaceId:
        """The site that new subjects come to."""
        return self.site

    def new_facility(self) -> PlaceId:
        """The facility that new courses go to."""
        return self.facility

    def courier(self) -> PlaceId:
        """The first courier."""
        return places_of(PlaceKind.COURIER)[0]

    def suite(self, facility: PlaceId, course: Course) -> str:
        """A suite of its own for every course."""
        return f"suite {course.coi} of {facility}"

    def lot(self, kind: str, day: date) -> str:
        """The lot of a kind."""
        return next((code for code, lot in LOTS.items() if lot.kind == kind), "") or _missing(f"a lot of {kind}")

    def equipment(self, kind: str, place: PlaceId, day: date) -> str:
        """The equipment of a kind at a place."""
        found = (code for code, one in EQUIPMENT.items() if one.kind == kind and one.place == place)
        return next(found, "") or _missing(f"{kind} at {place}")

    def empty_shipper(self, at: datetime) -> str:
        """A shipper nobody has loaded: there are as many as entries."""
        return f"SHIPPER{len(self.events)}"

    def shipper_serial(self, shipper: str) -> str:
        """The serial is the second half of the id."""
        return shipper.split("/", 1)[1]

    def slot_day(self, course: Course, first: date) -> date:
        """The first day on which every process day has room."""
        day = first
        while any(len(load.taken) >= load.capacity for load in slot_loads(self, course, day)):
            day += timedelta(days=1)
        return day

    def treated_before(self, course: Course) -> bool:
        """Whether another course of the subject was infused."""
        mine = course.subject.number if course.subject else None
        return any(c.subject and c.subject.number == mine and c.coi and infused(c) for c in self.courses.values())

    def entry(self, course: Course) -> EventId:
        """The latest entry of the chain."""
        return next((d.event for d in course.done.values()), None) or EventId(_missing("an entry to refer to"))

    def newer_version(self, course: Course) -> str:
        """The first of the later versions."""
        return next((v for v in self.later if v != course.protocol.version), "") or _missing("a newer version")


def _missing(what: str) -> str:
    raise NotYet(what)
