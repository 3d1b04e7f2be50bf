"""Short words shared by the chapters of the process: groups of states, people and places, recurring needs."""

from __future__ import annotations

from coi_tracker.process.bedside import DispositionAllows
from coi_tracker.process.scans import Scan
from coi_tracker.process.signing import SecondSigns, Signs
from coi_tracker.process.spec import Field, FieldKind, Move, Need, protocol
from coi_tracker.process.supplies import Given
from coi_tracker.vocabulary import (
    ContainerKind,
    ContainerState,
    HoldBlocks,
    Material,
    Meaning,
    PlaceKind,
    Role,
    Standing,
    Track,
    Treatment,
)

K, S, B, M, T = ContainerKind, ContainerState, HoldBlocks, Material, Treatment

SITE = frozenset({PlaceKind.SITE})
FACILITY = frozenset({PlaceKind.FACILITY})
COURIER = frozenset({PlaceKind.COURIER})
SPONSOR_OR_SITE = frozenset({PlaceKind.SPONSOR, PlaceKind.SITE})
QUALITY_PLACES = frozenset({PlaceKind.FACILITY, PlaceKind.SPONSOR, PlaceKind.SITE})
ANYWHERE = frozenset(PlaceKind)
ENDED = frozenset({Standing.WITHDRAWN, Standing.TERMINATED})

ANY_STATE = frozenset(ContainerState)
LABELLED = frozenset({S.LABELLED})
FILLED = frozenset({S.FILLED})
STORED = frozenset({S.STORED})
IN_USE = frozenset({S.IN_USE})
IN_TRANSIT = frozenset({S.IN_TRANSIT})
HELD = frozenset({S.FILLED, S.STORED, S.IN_USE})
OPEN = frozenset({S.LABELLED, S.FILLED, S.IN_TRANSIT, S.STORED, S.IN_USE, S.QUARANTINED})

REASON = Given(Field("reason", "why, in words"))
ALLOWS = DispositionAllows(protocol.treatment.gate_dispositions)


def two(by: set[Role], *, second: Meaning = Meaning.WITNESSED, first: Meaning = Meaning.PERFORMED) -> tuple[Need, ...]:
    """Two people sign: the actor, and another one with one of these roles."""
    return Signs(first), SecondSigns(second, frozenset(by))


def material(*sources: Material, to: Material | None = None) -> Move:
    """A move on the material track."""
    return Move(Track.MATERIAL, frozenset(sources), to)


def treatment(*sources: Treatment, to: Treatment | None = None) -> Move:
    """A move on the treatment track."""
    return Move(Track.TREATMENT, frozenset(sources), to)


def wristband() -> Scan:
    """The wristband of this course is scanned."""
    return Scan(K.WRISTBAND, "wristband", IN_USE)


def text(name: str, asks: str, *, required: bool = True) -> Given:
    """A piece of text."""
    return Given(Field(name, asks, required=required))


def instant(name: str, asks: str) -> Given:
    """An instant."""
    return Given(Field(name, asks, FieldKind.INSTANT))


def protocol_reason(name: str) -> Given:
    """A reason from a closed list of the protocol."""
    return Given(
        Field(
            "reason",
            "the reason, from the protocol's list",
            FieldKind.CHOICE,
            choices=getattr(protocol.reasons, name),
        )
    )
