"""The shapes a scan station is drawn from: one Outcome for every scan, and in it the whole Screen.

Frozen values of words, numbers and instants, ready for a page or for JSON (`asdict`). Holds no personal data: a birth
date that was asked for is shown as given, never as what it is. Knows nothing of how they are found.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from coi_tracker.process.spec import FieldKind
from coi_tracker.vocabulary import Meaning, PlaceKind, Role


class OutcomeKind(StrEnum):
    """What became of one scan or one touch."""

    ACCEPTED = "accepted"  # green, one tone: it is kept in the step that was begun
    REFUSED = "refused"  # full-screen red, another tone: it changed nothing; stays until acknowledged
    INFORMATION = "information"  # neither: what this is, or what to do first
    PERFORMED = "performed"  # green: the step is recorded


class State(StrEnum):
    """Where the station is."""

    IDLE = "idle"  # nothing: scan anything
    SCANNED = "scanned"  # something was looked up: choose a step (`offers`)
    BEGUN = "begun"  # a step asks for what is missing (`prompts`)
    READY = "ready"  # nothing is missing and nobody has to sign: confirm
    SIGNING = "signing"  # nothing is missing but signatures (`signatures`, `summary`)
    PERFORMED = "performed"  # the step that was begun here is recorded
    REFUSED = "refused"  # it was handed in and refused: acknowledge, correct, hand in again


class PromptKind(StrEnum):
    """What a prompt is about. The key begins with the same word."""

    TARGET = "target"  # what the step is about: target.course, target.subject, target.place
    SCAN = "scan"  # containers: scan.<part>; the shipper: scan.shipper
    FIELD = "field"  # evidence: field.<name>, field.answers.<question>
    IDENTIFIER = "identifier"  # what the person in front says or shows: identifier.birth_date; compared, never kept
    PERSON = "person"  # of a new participant, kept apart and encrypted: person.name
    ENTRY = "entry"  # about the entry: entry.refers_to, entry.comment, entry.happened_at, entry.late_reason


class Progress(StrEnum):
    """How far a prompt is. Exactly one is next, unless all are done or may be left out."""

    DONE = "done"
    NEXT = "next"  # plain text that is scanned or typed answers this one
    OPEN = "open"


class Presence(StrEnum):
    """One line of a list of containers."""

    SCANNED = "scanned"
    MISSING = "missing"  # expected, not scanned yet
    POSSIBLE = "possible"  # one of several that would do
    PACKED = "packed"  # inside the sealed shipper: counted, not scanned
    UNEXPECTED = "unexpected"  # was scanned here and refused since the step began


@dataclass(frozen=True, slots=True)
class Words:
    """One thing that is wrong, for somebody in gloves: what was expected, what was scanned or seen, what to do.

    ``code`` is of the closed list (docs/reasons.md), with its ``title``; both None where nothing was refused.
    """

    expected: str
    observed: str
    do: str
    code: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several answers: ``value`` is what is scanned or put, ``words`` what is read."""

    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Line:
    """One container in a list: by serial as printed, or, where no label is known, by id."""

    container: str
    kind: str
    serial: str | None  # in groups, as it is printed
    presence: Presence
    words: str = ""  # where it is, or why it was unexpected


@dataclass(frozen=True, slots=True)
class Prompt:
    """One thing that a step asks for.

    ``shape`` None for containers. ``given`` are the answers so far in words (a personal one only as "given").
    ``fewest`` and ``most`` count containers or codes. ``limits`` is said in words, with the unit. ``closed``: only the
    ``choices`` will do; otherwise they are suggestions. ``wanted`` are the kinds of lots or equipment still
    missing.
    """

    key: str
    kind: PromptKind
    asks: str
    progress: Progress
    required: bool = True
    shape: FieldKind | None = None
    unit: str | None = None
    limits: str | None = None
    choices: tuple[Choice, ...] = ()
    closed: bool = False
    several: bool = False
    personal: bool = False
    fewest: int = 0
    most: int | None = None
    given: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    wanted_kinds_given: bool = False
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class SignatureSlot:
    """A signature that the step needs. ``first``: of the person who acts; otherwise of another one with a role.

    ``account`` and ``name`` are of who has signed, or of who alone may; ``until`` is when it stops counting.
    """

    meaning: Meaning
    first: bool
    roles: tuple[Role, ...]
    account: str | None = None
    name: str | None = None
    signed_at: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What is signed: plain sentences, and the SHA-256 (hex) of the canonical ``what`` object of docs/custody_log.md.

    ``what`` holds the evidence as it was given; what the decision itself adds (numbers counted, serials drawn) is not
    known before.
    """

    sentences: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Timer:
    """A deadline that counts down large: a thawed bag, a check at the bedside."""

    what: str  # thaw, bedside_check
    words: str
    container: str
    since: datetime
    deadline: datetime


@dataclass(frozen=True, slots=True)
class HoldLine:
    """A hold that stands."""

    id: str
    scope: str
    target: str
    blocks: tuple[str, ...]
    reason: str
    about: str = ""  # the target as people call it


@dataclass(frozen=True, slots=True)
class CourseLine:
    """Whose course it is: never a name. ``subject`` only at the site of the course.

    ``coi`` None: a subject before any course, a place or a study; ``chain`` says which.
    """

    chain: str
    coi: str | None
    display: str  # the COI in groups; subject, place or study otherwise
    subject: str | None
    cohort: str | None
    site: str | None
    facility: str | None
    material: str
    disposition: str
    treatment: str
    standing: str
    holds: tuple[HoldLine, ...] = ()
    site_name: str | None = None
    facility_name: str | None = None


@dataclass(frozen=True, slots=True)
class ContainerLine:
    """One container as it is now. ``wrong`` says in words all that is wrong with it or its label; empty: nothing."""

    id: str
    kind: str
    part: int
    state: str
    serial: str  # of its live label, as printed
    label: str
    holder: str
    offered_to: str | None
    position: str | None
    shipper: str | None
    expires_at: datetime | None
    wrong: tuple[Words, ...] = ()
    holder_name: str = ""
    offered_name: str | None = None
    shipper_serial: str | None = None  # as printed


@dataclass(frozen=True, slots=True)
class Replaced:
    """The label that was scanned is dead: which one replaced it, when and by whom."""

    serial: str
    by_serial: str | None
    at: datetime | None
    by_name: str | None


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a scan is. ``is_a``: label, course, subject, equipment, position, place, station, badge, lot, command, text.

    ``wrong``: not usable here, and why. ``badge``: the account that carries the badge (for a change of person), with
    its ``roles`` at this place.
    """

    is_a: str
    display: str
    words: str
    course: CourseLine | None = None
    container: ContainerLine | None = None
    replaced: Replaced | None = None
    timers: tuple[Timer, ...] = ()
    wrong: tuple[Words, ...] = ()
    badge: str | None = None
    roles: tuple[Role, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A step that this person at this place could do. ``ready``: now; otherwise ``blocked`` says why not.

    ``part``: what was scanned plays this part in it. ``missing``: what a ready step will ask for, in words.
    """

    step: str
    title: str
    role: Role
    ready: bool
    blocked: tuple[Words, ...] = ()
    missing: tuple[str, ...] = ()
    part: str | None = None
    command: str = ""  # the payload of its command code


@dataclass(frozen=True, slots=True)
class Pending:
    """Somebody waits for a second signature of a person like this one. `token` names the draft in `signing.sign`."""

    token: str
    step: str
    title: str
    course: str | None
    begun_by: str
    station: str
    place: str
    meaning: Meaning
    summary: Summary
    until: datetime
    zone: str = "Etc/UTC"  # of the place where it was begun


@dataclass(frozen=True, slots=True)
class Who:
    """Who stands where, as it is drawn."""

    account: str
    name: str
    station: str
    station_name: str
    place: str
    place_name: str
    place_kind: PlaceKind
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose badge was scanned to sign next: the account and the name."""

    account: str
    name: str


@dataclass(frozen=True, slots=True)
class Screen:
    """Everything that is drawn. ``version`` grows with every change of what was begun here.

    ``problems``: what already keeps the begun step from being performed (a window, a hold, a limit), as far as it is
    known now; what is only missing is in ``prompts`` and ``signatures``. ``token`` names the draft. ``signer``: whose
    password is asked for.
    """

    state: State
    who: Who
    version: int
    at: datetime
    zone: str
    step: str | None = None
    title: str | None = None
    role: Role | None = None
    token: str | None = None
    late: bool = False
    course: CourseLine | None = None
    container: ContainerLine | None = None
    sighting: Sighting | None = None
    offers: tuple[Offer, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    signatures: tuple[SignatureSlot, ...] = ()
    summary: Summary | None = None
    problems: tuple[Words, ...] = ()
    timers: tuple[Timer, ...] = ()
    signer: Signer | None = None

    @property
    def next(self) -> Prompt | None:
        """The prompt that plain text answers."""
        return next((p for p in self.prompts if p.progress is Progress.NEXT), None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one scan or touch has done. ``entry``: the id of the entry that keeps it, performed or refused.

    ``replayed``: it had been handled before; this is the verdict of then, and the screen of now. ``asks``: lock the
    station (``lock``), or ask for a person's password (``sign``).
    """

    kind: OutcomeKind
    headline: str
    screen: Screen
    words: tuple[Words, ...] = ()
    entry: str | None = None
    replayed: bool = False
    asks: str | None = None
