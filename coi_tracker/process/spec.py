"""The words a process definition is written in: steps, moves, fields, limits by path. Values only.

Knows no particular step. What a step needs (`needs`) and what it does (`effects`) are values of small classes in the
modules beside this one; every need can say why it is not met, every effect can be replayed from the log alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from coi_tracker.vocabulary import HoldBlocks, PlaceKind, Role, Standing, Track

if TYPE_CHECKING:
    from coi_tracker.course import Course, Event, Reason
    from coi_tracker.process.look import Look


@dataclass(frozen=True, slots=True)
class ProtocolPath:
    """A limit of the protocol, named by its path; the value is looked up when a step is decided.

    ``manufacture``, ``cohort`` and ``regimen`` at the front stand for the ones the course has chosen.
    """

    names: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> ProtocolPath:
        if name.startswith("__"):
            raise AttributeError(name)
        return ProtocolPath((*self.names, name))

    def __str__(self) -> str:
        return "protocol." + ".".join(self.names)


protocol = ProtocolPath()


class FieldKind(StrEnum):
    """The shapes evidence comes in, as JSON."""

    TEXT = "text"  # "..."
    COUNT = "count"  # 3
    QUANTITY = "quantity"  # {"unit": "mL", "value": "112.5"}
    FLAG = "flag"  # true
    CHOICE = "choice"  # one of a closed list
    INSTANT = "instant"  # "2026-11-22T12:00:00Z"
    DATE = "date"  # "2026-11-22"
    CODES = "codes"  # ["...", "..."]
    ANSWERS = "answers"  # {"question": "answer", ...}


@dataclass(frozen=True, slots=True)
class Field:
    """One piece of evidence: its name, what a person is asked, its shape, unit and limits.

    ``limits`` is a path to a Range or CountRange, or a pair of numbers; ``choices`` a tuple or a path to one.
    """

    name: str
    asks: str
    kind: FieldKind = FieldKind.TEXT
    unit: str | None = None
    choices: tuple[str, ...] | ProtocolPath = ()
    limits: ProtocolPath | tuple[int | None, int | None] | None = None
    required: bool = True


class Need(Protocol):
    """Something that must hold for a step to be performed.

    What its code looks at, its class declares, so that a definition can be proved without being run: ``ASKS``, the
    fields it always asks for; ``FACTS``, the facts it reads. Parts are named in fields called ``part``, ``parts``,
    ``of``, ``left``, ``right``, ``bag`` or ``cassette``.
    """

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Every reason why it does not hold; nothing when it does."""

    def say(self) -> str:
        """The need in words, for the printed process."""


class Effect(Protocol):
    """Something a performed step does.

    Its class declares what its code does: ``USES``, evidence it cannot do without; ``NOTES``, evidence it adds itself;
    ``FACTS``, facts it sets or forgets; ``PARTS``, parts it acts on beside those its fields name; ``REACHES``, moves of
    a track it may make; ``MOVES_MATERIAL``, whether it changes the state, place or custody of containers.
    """

    def note(self, look: Look) -> Mapping[str, Any]:
        """What the decision adds to the evidence so that the effect can be replayed from the entry alone."""

    def apply(self, course: Course, event: Event) -> Course:
        """The course afterwards."""

    def say(self) -> str:
        """The effect in words, for the printed process."""


@dataclass(frozen=True, slots=True)
class Move:
    """A track must be in one of ``sources``; the step brings it to ``to`` (None: it stays)."""

    track: Track
    sources: frozenset[str]
    to: str | None = None


class On(StrEnum):
    """Which chain a step belongs to."""

    SUBJECT = "subject"
    COURSE = "course"
    PLACE = "place"
    STUDY = "study"


WORKING = frozenset({Standing.ACTIVE, Standing.ON_HOLD})
"""Standings in which ordinary steps may be tried; a hold then forbids what it blocks."""
WINDING_UP = WORKING | {Standing.WITHDRAWN, Standing.TERMINATED}
"""Standings in which what is left is still accounted for."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something a person does: who, where, from which states, with what, and what it does."""

    name: str
    title: str
    by: frozenset[Role]
    at: frozenset[PlaceKind]
    moves: tuple[Move, ...] = ()
    needs: tuple[Need, ...] = ()
    effects: tuple[Effect, ...] = ()
    forbidden_by: frozenset[HoldBlocks] = frozenset()
    forbidden_until: str | None = None  # a fact: once it is there, only a hold on everything still forbids the step
    standing: frozenset[Standing] = WORKING
    on: On = On.COURSE
    source: str = ""

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every piece of evidence the step takes, in the order it is asked for."""
        return _looked_through(self.needs).fields

    def needs_of(self, kind: type[Any]) -> tuple[Any, ...]:
        """The needs of one class, those inside a gate included."""
        inside = _looked_through(self.needs)
        if kind not in inside.by_kind:
            inside.by_kind[kind] = tuple(n for n in inside.values if isinstance(n, kind))
        return inside.by_kind[kind]


@dataclass(slots=True)
class _Inside:
    """What is inside the needs of a step. Every attempt asks for it, and a definition never changes: found once."""

    needs: tuple[Need, ...]
    values: tuple[Any, ...]
    fields: tuple[Field, ...]
    by_kind: dict[type[Any], tuple[Any, ...]]


_INSIDE: dict[int, _Inside] = {}


def _looked_through(needs: tuple[Need, ...]) -> _Inside:
    """By identity, because comparing needs costs more than looking through them; kept, so that no id is used twice."""
    inside = _INSIDE.get(id(needs))
    if inside is None:
        asked: dict[str, Field] = {}
        for one in fields_of(needs):
            asked.setdefault(one.name, one)
        inside = _INSIDE[id(needs)] = _Inside(needs, tuple(walk(needs)), tuple(asked.values()), {})
    return inside


def walk(value: Any) -> Iterator[Any]:
    """Every value inside a definition, from the outside in. (Sets hold words only, never values.)"""
    if isinstance(value, tuple):
        for one in value:
            yield from walk(one)
        return
    names = _field_names(value.__class__)
    if names is None:
        return
    yield value
    for name in names:
        yield from walk(getattr(value, name))


@cache
def _field_names(kind: Any) -> tuple[str, ...] | None:
    """The fields of a class of this language; None for a plain word or number."""
    return tuple(f.name for f in fields(kind)) if is_dataclass(kind) else None


def fields_of(value: Any) -> Iterator[Field]:
    """The fields a need asks for: those it holds, and those its class always asks for."""
    for one in walk(value):
        if isinstance(one, Field):
            yield one
        else:
            yield from getattr(type(one), "ASKS", ())


@dataclass(frozen=True, slots=True)
class Process:
    """A released definition: never changed, only succeeded by another version.

    ``chapters`` are the names of the steps in the order people work, under the heading they are printed with. ``ends``
    are the states of each track in which it may stay for ever. ``unscanned`` are the steps that move material without
    a scan of it, each with the reason.
    """

    key: str
    version: str
    title: str
    steps: Mapping[str, Step]
    chapters: Mapping[str, tuple[str, ...]]
    ends: Mapping[Track, frozenset[str]]
    unscanned: Mapping[str, str]

    def step(self, name: str) -> Step | None:
        """The step with this name, or None."""
        return self.steps.get(name)
