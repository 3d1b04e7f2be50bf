"""Whole steps in a real page with nothing but a wedge scanner and passwords: an intent, taken apart into keys.

The right attempt of a step comes from the simulation. `Wedge` is one device at one place, at which people come and go;
`Wedges` are all of them. What is asked for is read from the page. Knows no step.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser

from coi_tracker.course import AccountId, Course, PlaceId
from coi_tracker.identity import CommandCode
from coi_tracker.services import people, rebuild, sessions
from coi_tracker.services.attempts import Answer, earlier_answer
from coi_tracker.services.record import Record
from coi_tracker.simulation.fictions import participant
from coi_tracker.simulation.furnishing import PASSWORD, reopened
from coi_tracker.simulation.handing_in import code_of, record_intent, shown_by
from coi_tracker.simulation.intent import Intent
from coi_tracker.simulation.premises import Premises
from coi_tracker.simulation.satisfy import satisfy
from coi_tracker.simulation.walking import Walk
from coi_tracker.vocabulary import Command
from tests.browser.driver import CODES, PATIENCE, SHIFTED, Station, at_once, key_event, running
from tests.functional.station import furnished, opened
from web import create_app
from web.session import PERSON

GAP = 0.006
"""Seconds between two keys of the scanner, as the browser is told: the moment of a key is given with it."""
AHEAD = 2.0
"""The page is told that keys come so much later than they do. It takes a pause for the end of a scan, and what runs
these tests may be held up for longer than any scanner."""
SEEN = """(before) => new Promise((resolve, reject) => {
  const began = performance.now(), data = document.getElementById('station').dataset;
  const look = () => {
    const lines = JSON.parse(localStorage.getItem(`coi.scans:${data.station}:${data.account}`) || '[]');
    const last = lines.at(-1);
    const id = last ? last.id : '';
    if (lines.every((one) => one.state === 'done') && (before === null || id !== before)) {
      const ask = document.querySelector('#screen .ask[data-key]'), stop = document.getElementById('stop');
      resolve({
        id, kind: last ? last.kind : '', headline: last ? last.headline : '', state: data.state,
        asks: ask ? ask.dataset.key : null, optional: ask ? ask.innerText.includes('may be left out') : false,
        refusal: stop.hidden ? '' : stop.innerText,
        sign: [...document.querySelectorAll('form[data-act=sign]')].map((one) => one.innerText).join(' '),
        account: Boolean(document.getElementById('sign-account')),
      });
    } else if (performance.now() - began > PATIENCE) reject(new Error(`no verdict: ${JSON.stringify(last)}`));
    else setTimeout(look, 8);
  };
  look();
})""".replace("PATIENCE", str(PATIENCE))
"""Waits until everything scanned is answered, one scan more than before, and says what stands on the page."""


ENTER = {"type": "keyDown", "key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13}
ENTER_UP = {**ENTER, "type": "keyUp", "text": ""}


@dataclass(frozen=True)
class Seen:
    """What a person sees after a scan."""

    id: str
    kind: str
    headline: str
    state: str
    asks: str | None
    optional: bool
    refusal: str
    sign: str
    account: bool


@dataclass
class Wedge(Station):
    """One device of a place, with a scanner that is a keyboard."""

    seen: Seen | None = None
    last: float = 0
    """The moment of the last key."""

    def look(self, *, wait: bool = False) -> Seen:
        """What stands on the page now; with `wait` after one scan more than at the last look."""
        before = self.seen.id if wait and self.seen is not None else None
        self.seen = Seen(**self.page.evaluate(SEEN, before))
        return self.seen

    def read(self, text: str) -> Seen:
        """The scanner reads a code: its keys, and Enter."""
        if self.seen is None:
            self.look()
        self.last = max(time.time() + AHEAD, self.last + 0.1)
        self._strike(*map(event_of, text), ENTER, ENTER_UP)
        return self.look(wait=True)

    def order(self, command: Command, step: str | None = None) -> Seen:
        """The scanner reads a command from the card."""
        return self.read(CommandCode(command, step).format())

    def password(self, password: str = PASSWORD) -> Seen:
        """Typed where it is asked for, with Enter."""
        self.page.locator("#sign-password").press_sequentially(password)
        self.last = max(time.time() + AHEAD, self.last + 0.2)
        self._strike(ENTER, ENTER_UP)
        return self.look(wait=True)

    def _strike(self, *events: Mapping[str, object]) -> None:
        at_once(self.keyboard, [{**one, "timestamp": self.last + GAP * n} for n, one in enumerate(events, start=1)])
        self.last += GAP * len(events)


def event_of(character: str) -> dict[str, object]:
    """A key; what has no key on a scanner's keyboard comes as text alone, as scanners send it."""
    base = SHIFTED.get(character, character)
    if base.isascii() and (base.isalnum() or base in CODES):
        return key_event(character)
    return {"type": "keyDown", "key": character, "code": "", "text": character}


@dataclass
class Wedges:
    """A device at every place, and who works at it just now."""

    browser: Browser
    url: str
    record: Record
    premises: Premises
    devices: dict[str, Wedge] = field(default_factory=dict)
    badges: dict[str, str] = field(default_factory=dict)

    def at(self, place: PlaceId | str, account: str) -> Wedge:
        """The device of a place, in front of which this person now stands, signed in."""
        device = self.devices.get(place)
        new = device is None
        if device is None:
            context = self.browser.new_context(viewport={"width": 1280, "height": 800})
            device = self.devices[place] = Wedge(context.new_page(), self.url)
        token = sessions.begin(self.record, AccountId(account))
        device.page.context.add_cookies([{"name": PERSON, "value": token, "url": self.url}])
        device.go("/scan")
        if new:
            device.be(self.premises.stations[PlaceId(place)])
        device.ready()
        device.seen = None
        device.look()
        return device

    def badge(self, account: str) -> str:
        """What the badge of a person says."""
        if not self.badges:
            self.badges = {one.id: str(one.badge) for one in people.people(self.record)}
        return self.badges[account]

    def close(self) -> list[str]:
        """Put the devices away. Gives what pages complained about."""
        faults = [fault for one in self.devices.values() for fault in one.faults]
        for one in self.devices.values():
            one.page.context.close()
        return faults

    # --- a whole step

    def do(self, intent: Intent, course: Course) -> Seen:
        """Begin the step, answer all it asks for, confirm and sign. Gives what is seen at the end, or when refused."""
        device = self.at(intent.place, intent.account)
        seen = begin(device, intent, course)
        if seen.kind != "refused":
            seen = fill_in(device, intent, course)
        return seen if seen.kind == "refused" else self.finish(device, intent)

    def intend(self, course: Course, step: str, **wishes: Any) -> Intent:
        """The right attempt."""
        self.premises.site = course.site or self.premises.new_site()
        protocol = self.premises.protocol_of(course)
        return satisfy(
            self.record.process.steps[step], protocol, course, self.premises, now=self.record.clock(), **wishes
        )

    def do_without(self, course: Course, step: str, **wishes: Any) -> None:
        """A step, done without a screen."""
        answer = record_intent(self.record, self.premises, self.intend(course, step, **wishes), course)
        assert answer.performed, answer.reasons

    def finish(self, device: Wedge, intent: Intent) -> Seen:
        """Confirm, and sign."""
        return self.sign(device, intent, device.order(Command.CONFIRM))

    def sign(self, device: Wedge, intent: Intent, seen: Seen) -> Seen:
        """Where it is to be signed, everybody who has to signs at this device."""
        for account, _meaning in intent.signers if seen.state == "signing" else ():
            if account != intent.account:
                device.read(self.badge(account))
            seen = device.password()
            if seen.kind == "refused":
                break
        return seen


def begin(device: Wedge, intent: Intent, course: Course) -> Seen:
    """Scan what it is about, and the code of the step."""
    assert device.seen is not None
    if device.seen.state in {"begun", "ready", "signing", "refused"}:
        device.order(Command.CANCEL)
    if course.coi is not None:
        device.read(str(course.coi))
    seen = device.order(Command.STEP, intent.step)
    if (seen.asks or "").startswith("target."):
        seen = device.read(course.chain.partition("/")[2])
    assert seen.kind in {"accepted", "refused"}, (intent.step, seen.headline)
    return seen


def fill_in(device: Wedge, intent: Intent, course: Course) -> Seen:
    """Scan the answer to whatever is asked for next, until nothing is."""
    answers: dict[str, Iterator[str]] = {}
    left = list(intent.scans)
    seen = device.look()
    for _ in range(200):
        if seen.asks is None or seen.kind == "refused":
            return seen
        key = seen.asks
        if key not in answers:
            answers[key] = iter(answers_to(key, seen.optional, intent, course, left))
        text = next(answers[key], None)
        seen = device.order(Command.NEXT) if text is None else device.read(text)
    raise AssertionError(f"{intent.step} never stops asking for {seen.asks}")


def answers_to(key: str, optional: bool, intent: Intent, course: Course, left: list[Any]) -> list[str]:
    """What is scanned when this is asked for; nothing: it is left out."""
    kind, _, name = key.partition(".")
    number = course.subject.number if course.subject else course.chain.partition("/")[2]
    if kind == "scan":
        return [code_of(one, course) for one in left if (one.part or "shipper") == name]
    if kind == "identifier":
        return [shown_by(number)[name]] if intent.identify or optional else []
    if kind == "person":
        return [participant(number)[name]]
    if kind == "entry":
        return [str(value)] if (value := getattr(intent, name)) else []
    return evidence_of(name, intent)


def evidence_of(name: str, intent: Intent) -> list[str]:
    """A value as somebody would scan or type it."""
    if name.startswith("answers."):
        return [intent.evidence["answers"][name.removeprefix("answers.")]]
    value = intent.evidence.get(name)
    if value is None:
        return []
    if isinstance(value, list):
        return [str(one) for one in value]
    if isinstance(value, dict):
        return [f"{value['value']} {value['unit']}"]
    if isinstance(value, bool):
        return [CommandCode(Command.YES if value else Command.NO).format()]
    return [str(value)]


def furnish_alone(url: str) -> None:
    """Places, people and supplies, and nothing done yet."""
    record, _ = furnished(url)
    record.database.close()


@contextmanager
def wedges_in(url: str, browser: Browser) -> Iterator[Wedges]:
    """Devices at every place of a furnished record. At the end no page has complained, and state equals history."""
    record = opened(url)
    app = create_app(record)
    with running(lambda: app) as served:
        found = Wedges(browser, served.url, record, reopened(record))
        yield found
        assert found.close() == []
    assert rebuild.check(record).findings == ()
    record.database.close()


@dataclass
class ScreenWalk(Walk):
    """A participant's way on which every step is done at a screen the first time it comes."""

    wedges: Wedges | None = None
    steps: set[str] = field(default_factory=set)
    """Done at a screen so far; several walks may share it."""
    entries: list[dict[str, Any]] = field(default_factory=list)
    """What the log has of everything that was done at a screen."""

    def hand_in(self, intent: Intent) -> Answer:
        """At the screen."""
        if intent.step in self.steps:
            return super().hand_in(intent)
        assert self.wedges is not None
        seen = self.wedges.do(intent, self.chain_of(intent.step))
        assert seen.kind == "performed", (intent.step, seen.headline, seen.refusal)
        self.steps.add(intent.step)
        last = entries_of(self.record, step=intent.step)[-1]
        self.entries.append(last)
        answer = earlier_answer(self.record, last["id"])
        assert answer is not None
        assert answer.performed
        assert answer.event.actor.account == intent.account
        self.learn(intent.step, Answer(True, answer.event, answer.entry, answer.seq))
        return answer


def entries_of(record: Record, *, step: str) -> list[dict[str, Any]]:
    """The entries of a step, as the log has them."""
    with record.database.read() as tx:
        rows = tx.query("SELECT entry FROM events WHERE step = :step ORDER BY recorded_at, id", step=step)
    return [json.loads(row[0]) for row in rows]
