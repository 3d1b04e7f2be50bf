"""A person at a station who does what an intent says, with nothing but scans, answers and passwords.

The right attempt of a step comes from the simulation; here it is taken apart into what somebody would scan and type.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from coi_tracker.course import Course
from coi_tracker.identity import CommandCode
from coi_tracker.process.spec import FieldKind
from coi_tracker.services.attempts import Answer, earlier_answer
from coi_tracker.services.floor import drafts, signing
from coi_tracker.services.floor.scanning import scan
from coi_tracker.services.floor.screen import Outcome, OutcomeKind, Prompt, PromptKind, State
from coi_tracker.services.floor.standing import Standing, standing
from coi_tracker.services.record import Record
from coi_tracker.simulation.clock import Clock
from coi_tracker.simulation.fictions import participant
from coi_tracker.simulation.furnishing import PASSWORD, furnish
from coi_tracker.simulation.handing_in import code_of, shown_by
from coi_tracker.simulation.intent import Intent, ScanIntent
from coi_tracker.simulation.premises import Premises
from coi_tracker.simulation.walking import Walk
from coi_tracker.storage import migrate
from coi_tracker.storage.database import Database
from coi_tracker.storage.keyfile import MasterKey
from coi_tracker.vocabulary import Command

KEYS = (MasterKey("00000000", bytes(32)),)
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_ids = count(1)


def opened(url: str, *, now: datetime = START) -> Record:
    return Record(Database(url), clock=Clock(now), person_keys=KEYS)


def furnished(url: str) -> tuple[Record, Premises]:
    """An empty record with places, people and supplies."""
    migrate.upgrade(url)
    record = opened(url)
    return record, furnish(record, sites=2, shippers=8)


@dataclass
class Station:
    """One person at one station."""

    record: Record
    at: Standing
    outcomes: list[Outcome] = field(default_factory=list)

    @classmethod
    def of(cls, record: Record, premises: Premises, account: str, place: Any) -> Station:
        return cls(record, standing(record, account, premises.stations[place]))

    def scan(self, code: str, *, scan_id: str | None = None) -> Outcome:
        return self._seen(scan(self.record, self.at, code, scan_id=scan_id or f"scan-{next(_ids)}"))

    def command(self, command: Command, step: str | None = None) -> Outcome:
        return self.scan(CommandCode(command, step).format())

    def sign(self, account: str | None = None, password: str = PASSWORD, **more: Any) -> Outcome:
        return self._seen(
            signing.sign(self.record, self.at, password, account=account, signed_in_as=self.at.account, **more)
        )

    def resume(self) -> Outcome:
        return drafts.resume(self.record, self.at)

    def _seen(self, outcome: Outcome) -> Outcome:
        self.outcomes.append(outcome)
        return outcome

    # --- a whole step

    def do(self, intent: Intent, course: Course) -> Outcome:
        """Begin the step and scan all of it. Ends with the outcome of the last scan or signature."""
        self.begin(intent, course)
        self.fill_in(intent, course)
        return self.finish(intent)

    def begin(self, intent: Intent, course: Course) -> Outcome:
        self.command(Command.CANCEL)
        self.command(Command.CANCEL)
        if course.coi is not None:
            self.scan(course.coi)
        outcome = self.command(Command.STEP, intent.step)
        if outcome.screen.next is not None and outcome.screen.next.kind is PromptKind.TARGET:
            outcome = self.scan(course.chain.partition("/")[2])
        assert outcome.kind is OutcomeKind.ACCEPTED, (intent.step, outcome.headline, outcome.words)
        return outcome

    def fill_in(self, intent: Intent, course: Course) -> None:
        """Scan and answer whatever is asked for next, until nothing is."""
        left = list(intent.scans)
        screen = self.resume().screen
        for _ in range(200):
            prompt = screen.next
            if prompt is None:
                return
            outcome = self._answer(prompt, intent, course, left)
            assert outcome.kind in {OutcomeKind.ACCEPTED, OutcomeKind.INFORMATION}, (
                intent.step,
                prompt,
                outcome.headline,
                outcome.words,
            )
            screen = outcome.screen
        raise AssertionError(f"{intent.step} never stops asking: {screen.next}")

    def _answer(self, prompt: Prompt, intent: Intent, course: Course, left: list[ScanIntent]) -> Outcome:
        text = next(self._texts(prompt, intent, course, left), None)
        return self.command(Command.NEXT) if text is None else self.scan(text)

    def _texts(self, prompt: Prompt, intent: Intent, course: Course, left: list[ScanIntent]) -> Iterator[str]:
        kind, _, name = prompt.key.partition(".")
        number = course.subject.number if course.subject else course.chain.partition("/")[2]
        if kind == "scan":
            yield from _scans(name, left, course)
        elif kind == "identifier" and (intent.identify or not prompt.required):
            yield from (v for k, v in shown_by(number).items() if k == name)
        elif kind == "person":
            yield from (v for k, v in participant(number).items() if k == name)
        elif kind == "entry":
            yield from (v for v in (getattr(intent, name),) if v)
        elif kind == "field":
            yield from _evidence(prompt, name, intent)

    def finish(self, intent: Intent) -> Outcome:
        """Confirm, or sign with everybody who has to."""
        outcome = self.command(Command.CONFIRM)
        if outcome.asks != "sign":
            return outcome
        assert outcome.screen.state is State.SIGNING
        for account, meaning in intent.signers:
            mine = account == self.at.account
            outcome = self.sign(None if mine else account, meaning=meaning)
        return outcome


def _scans(part: str, left: list[ScanIntent], course: Course) -> Iterator[str]:
    for one in left:
        if (one.part or "shipper") == part:
            left.remove(one)
            yield code_of(one, course)
            return


def _evidence(prompt: Prompt, name: str, intent: Intent) -> Iterator[str]:
    if name.startswith("answers."):
        yield intent.evidence["answers"][name.removeprefix("answers.")]
        return
    value = intent.evidence.get(name)
    if value is None:
        return
    if isinstance(value, list):
        yield from (str(v) for v in value if not any(str(v) in g for g in prompt.given))
    elif prompt.shape is FieldKind.QUANTITY:
        yield f"{value['value']} {value['unit']}"
    elif isinstance(value, bool):
        yield CommandCode(Command.YES if value else Command.NO).format()
    else:
        yield str(value)


@dataclass
class FloorWalk(Walk):
    """A participant's walk through the process in which every step is done at a station."""

    steps: set[str] = field(default_factory=set)
    shown: dict[str, str] = field(default_factory=dict)  # the digest on the screen, by the entry that was signed
    station: Station | None = None
    outcomes: list[Outcome] = field(default_factory=list)

    def hand_in(self, intent: Intent) -> Answer:
        course = self.chain_of(intent.step)
        self.station = Station.of(self.record, self.premises, intent.account, intent.place)
        outcome = self.station.do(intent, course)
        self.outcomes += self.station.outcomes
        assert outcome.entry is not None, (intent.step, outcome.kind, outcome.headline, outcome.words)
        answer = earlier_answer(self.record, outcome.entry)
        assert answer is not None
        if outcome.kind is OutcomeKind.PERFORMED:
            assert answer.performed
            assert answer.event.step == intent.step
            self.steps.add(intent.step)
            digests = {o.screen.summary.digest for o in self.station.outcomes if o.screen.summary is not None}
            if digests:
                (self.shown[answer.event.id],) = digests
        self.learn(intent.step, Answer(answer.performed, answer.event, answer.entry, answer.seq))
        return answer
