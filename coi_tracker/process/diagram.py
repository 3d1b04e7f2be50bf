"""The tracks of a process as a Mermaid state diagram, drawn from the arrows of its definition.

Knows nothing of how it is shown.
"""

from __future__ import annotations

from collections.abc import Iterator

from coi_tracker.process.graph import WORDS, Arrow, arrows, starts
from coi_tracker.process.spec import Process
from coi_tracker.vocabulary import Track

MANY = 4
"""From so many states on, one note says what as many arrows would: nobody can follow twelve arrows to one state."""


def mermaid(process: Process) -> str:
    """A `stateDiagram-v2` with one composite state a track, and the names of the steps on the arrows."""
    return "\n".join(("stateDiagram-v2", *(line for track in Track for line in _track(process, track)))) + "\n"


def _track(process: Process, track: Track) -> Iterator[str]:
    graph = arrows(process, track)
    yield f"    state {track} {{"
    yield from (f"        {_id(track, state)} : {state}" for state in WORDS[track])
    yield f"        [*] --> {_id(track, starts()[track])}"
    for (source, to), steps in _drawn(graph).items():
        yield f"        {_id(track, source)} --> {_id(track, to)} : {', '.join(steps)}"
    for state in WORDS[track]:
        if lines := _noted(graph, state):
            yield f"        note right of {_id(track, state)}"
            yield from (f"            {line}" for line in lines)
            yield "        end note"
    yield from (f"        {_id(track, end)} --> [*]" for end in sorted(process.ends[track]))
    yield "    }"


def _id(track: Track, state: str) -> str:
    """Tracks share words (infused): inside a diagram each has its own."""
    return f"{track}_{state}"


def _drawn(graph: tuple[Arrow, ...]) -> dict[tuple[str, str], list[str]]:
    """The pairs of states an arrow is drawn between, with the steps on it."""
    found: dict[tuple[str, str], list[str]] = {}
    for a in graph:
        if max(len(_sources(graph, a.step, a.to)), len(_targets(graph, a.step, a.source))) < MANY:
            found.setdefault((a.source, a.to), []).append(_word(a))
    return found


def _noted(graph: tuple[Arrow, ...], state: str) -> list[str]:
    """What is said in a note at a state instead: the same states joined with it by several steps are said once."""
    said: dict[str, list[str]] = {}
    for a in graph:
        sources, targets = _sources(graph, a.step, a.to), _targets(graph, a.step, a.source)
        if a.to == state and len(sources) >= MANY and len(targets) < MANY:
            said.setdefault("from " + ", ".join(sources), []).append(_word(a))
        if a.source == state and len(targets) >= MANY:
            said.setdefault("to " + ", ".join(targets), []).append(_word(a))
    return [f"{where}, by {', '.join(dict.fromkeys(steps))}" for where, steps in said.items()]


def _sources(graph: tuple[Arrow, ...], step: str, to: str) -> list[str]:
    return [a.source for a in graph if (a.step, a.to) == (step, to)]


def _targets(graph: tuple[Arrow, ...], step: str, source: str) -> list[str]:
    return [a.to for a in graph if (a.step, a.source) == (step, source)]


def _word(arrow: Arrow) -> str:
    return arrow.step if arrow.sure else f"({arrow.step})"
