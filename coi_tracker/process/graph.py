"""The tracks of a process as graphs: states, and arrows that steps draw, themselves or by their effects.

Knows nothing of what must hold for an arrow to be taken; used by the proofs and by the diagram.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

from coi_tracker.course import Course
from coi_tracker.process.spec import Move, Process, Step
from coi_tracker.vocabulary import Disposition, Material, Standing, Track, Treatment

WORDS: Mapping[Track, tuple[str, ...]] = MappingProxyType(
    {
        Track.MATERIAL: tuple(Material),
        Track.DISPOSITION: tuple(Disposition),
        Track.TREATMENT: tuple(Treatment),
        Track.STANDING: tuple(Standing),
    }
)
"""The states of each track, in the order of the work."""
STATES: Mapping[Track, frozenset[str]] = MappingProxyType({track: frozenset(words) for track, words in WORDS.items()})


@dataclass(frozen=True, slots=True)
class Arrow:
    """A step may bring a track from one state to another. ``sure``: it always does, when it is performed."""

    source: str
    to: str
    step: str
    sure: bool


def starts() -> Mapping[Track, str]:
    """The state of each track before anything has happened."""
    return {Track(f.name): str(f.default) for f in fields(Course) if f.name in set(Track)}


def arrows(process: Process, track: Track) -> tuple[Arrow, ...]:
    """Every arrow of one track, in the order of the chapters."""
    return tuple(arrow for step in process.steps.values() for arrow in _drawn(step, track))


def _drawn(step: Step, track: Track) -> Iterator[Arrow]:
    allowed = next((m.sources for m in step.moves if m.track is track), STATES[track])
    for move in step.moves:
        yield from _of(step, move, track, allowed, sure=True)
    for effect in step.effects:
        for move in getattr(effect, "REACHES", ()):
            yield from _of(step, move, track, allowed, sure=False)


def _of(step: Step, move: Move, track: Track, allowed: frozenset[str], *, sure: bool) -> Iterator[Arrow]:
    if move.track is track and move.to is not None:
        yield from (Arrow(source, move.to, step.name, sure) for source in sorted(move.sources & allowed))


def reachable(graph: Iterable[Arrow], start: frozenset[str], *, backwards: bool = False) -> frozenset[str]:
    """The states that can be reached from ``start``, or (backwards) those from which it can be reached."""
    pairs = [(a.to, a.source) if backwards else (a.source, a.to) for a in graph]
    found = set(start)
    while new := {to for source, to in pairs if source in found} - found:
        found |= new
    return frozenset(found)
