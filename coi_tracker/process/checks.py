"""Proofs about a process definition, made whenever one is imported: a broken one does not start.

Knows the shape of definitions, no particular step. Looks at what is declared, never at a course: what depends on
several courses, or on the code of a need, is the model check's and the tests' to show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from coi_tracker.errors import BrokenPromise
from coi_tracker.process import limits
from coi_tracker.process.effects import Becomes, VerifiesAtBedside
from coi_tracker.process.evidence import evidence_faults, fact_faults, part_faults
from coi_tracker.process.graph import STATES, arrows, reachable, starts
from coi_tracker.process.scans import Scan, ShipperScan
from coi_tracker.process.settling import CARRIERS
from coi_tracker.process.signing import SecondSigns, Signs
from coi_tracker.process.spec import WORKING, Process, Step, walk
from coi_tracker.vocabulary import ContainerState, Disposition, Track, Treatment

RELEASES = frozenset({Disposition.RELEASED, Disposition.CONDITIONALLY_RELEASED, Disposition.EXCEPTIONALLY_RELEASED})


def prove(process: Process) -> None:
    """Nothing, if the definition keeps every promise. Raises BrokenPromise with all that it does not keep."""
    found = problems(process)
    if found:
        raise BrokenPromise(
            expected=f"process {process.key} version {process.version} to keep every promise of a definition",
            came=". ".join(found),
            do="mend the definition; until then nothing is recorded under it",
        )


def problems(process: Process) -> tuple[str, ...]:
    """Everything that is wrong with a definition, a sentence each."""
    return tuple(dict.fromkeys(sentence for proof in PROOFS for sentence in proof(process)))


def _steps_are_named(process: Process) -> Iterator[str]:
    for key, step in process.steps.items():
        if key != step.name:
            yield f"{key}: the step under this name calls itself {step.name}"
    printed = Counter(name for names in process.chapters.values() for name in names)
    yield from (f"{name}: stands in the chapters {n} times" for name, n in printed.items() if n > 1)
    yield from (f"{name}: stands in no chapter" for name in process.steps if name not in printed)
    yield from (f"{name}: stands in a chapter, but is no step" for name in printed if name not in process.steps)


def _steps_are_described(process: Process) -> Iterator[str]:
    for step in process.steps.values():
        for word in ("title", "source"):
            if not getattr(step, word).strip():
                yield f"{step.name}: has no {word}"
        if not step.by:
            yield f"{step.name}: nobody may do it"
        if not step.at:
            yield f"{step.name}: there is no place to do it"
        if not step.standing:
            yield f"{step.name}: is possible in no standing"


def _moves_make_sense(process: Process) -> Iterator[str]:
    for step in process.steps.values():
        declared = [m.track for m in step.moves]
        reached = {m.track for effect in step.effects for m in getattr(effect, "REACHES", ())}
        for move in step.moves:
            words = STATES[move.track]
            yield from (f"{step.name}: {s!r} is no state of {move.track}" for s in sorted(move.sources - words))
            if not move.sources:
                yield f"{step.name}: its move of {move.track} starts nowhere"
            if move.to is not None and move.to not in words:
                yield f"{step.name}: {move.to!r} is no state of {move.track}"
            if declared.count(move.track) > 1:
                yield f"{step.name}: moves {move.track} twice"
            if move.to is not None and move.track in reached:
                yield f"{step.name}: moves {move.track} itself and by an effect"


def _there_is_one_start(process: Process) -> Iterator[str]:
    """One start a track, and every state of it can be reached from there."""
    for track, start in starts().items():
        graph = arrows(process, track)
        entered = {a.to for a in graph if a.to != a.source}
        for state in sorted(STATES[track] - reachable(graph, frozenset({start}))):
            second = state not in entered
            words = "a second start: nothing leads to it" if second else f"not to be reached from {start}"
            yield f"{track}: {state} is {words}"


def _there_is_no_trap(process: Process) -> Iterator[str]:
    """From every state an end can be reached."""
    for track in Track:
        ends = process.ends.get(track, frozenset())
        if not ends or ends - STATES[track]:
            yield f"{track}: the ends are not states of it, or none are declared"
            continue
        back = reachable(arrows(process, track), frozenset(ends), backwards=True)
        for state in sorted(STATES[track] - back):
            yield f"{track}: {state} is a trap: nothing leads from it to {' or '.join(sorted(ends))}"


def _material_moves_with_a_scan(process: Process) -> Iterator[str]:
    for step in process.steps.values():
        moved = _moves_material(step)
        if moved is None or _is_scanned(step, carriers=moved == "the material"):
            if step.name in process.unscanned:
                yield f"{step.name}: is excused from a scan that it does not need to be excused from"
        elif not process.unscanned.get(step.name, "").strip():
            yield f"{step.name}: moves {moved} without a scan of it"
    for name in process.unscanned.keys() - process.steps.keys():
        yield f"{name}: is excused from a scan, but is no step"


def _moves_material(step: Step) -> str | None:
    reached = [m for effect in step.effects for m in getattr(effect, "REACHES", ())]
    if any(m.track is Track.MATERIAL and m.to is not None for m in (*step.moves, *reached)):
        return "the material"
    return "containers" if any(getattr(e, "MOVES_MATERIAL", False) for e in step.effects) else None


def _is_scanned(step: Step, *, carriers: bool) -> bool:
    """Whether a scan that cannot be left out shows what is moved: the thing itself, or the shipper it is in."""
    if any(shipper.ours for shipper in step.needs_of(ShipperScan)):
        return True
    return any(
        scan.count[0] > 0 if isinstance(scan.count, tuple) else True
        for scan in step.needs_of(Scan)
        if not carriers or scan.kind is None or scan.kind in CARRIERS
    )


def _points_of_no_return_are_guarded(process: Process) -> Iterator[str]:
    for step in process.steps.values():
        what = _point_of_no_return(step)
        if what is None:
            continue
        kinds = {type(need) for need in step.needs}  # a signature inside a gate might not be asked for
        if not {Signs, SecondSigns} <= kinds:
            yield f"{step.name}: {what} with fewer than two people signing"
        if step.standing - WORKING:
            yield f"{step.name}: {what} when the course is {' or '.join(sorted(step.standing - WORKING))}"
    for step in process.steps.values():
        if any(not second.by for second in step.needs_of(SecondSigns)):
            yield f"{step.name}: nobody may be the second person"


def _point_of_no_return(step: Step) -> str | None:
    reached = {m.to for m in step.moves} | {m.to for e in step.effects for m in getattr(e, "REACHES", ())}
    if reached & RELEASES and any(m.track is Track.DISPOSITION for m in step.moves):
        return "releases product"
    if Treatment.LD_RUNNING in reached:
        return "starts lymphodepletion"
    if any(isinstance(e, VerifiesAtBedside) for e in step.effects):
        return "matches bag and patient"
    if any(isinstance(e, Becomes) and e.state is ContainerState.INFUSED for e in step.effects):
        return "infuses"
    return None


def _limits_are_in_the_protocol(process: Process) -> Iterator[str]:
    for step, value in _values(process):
        yield from (f"{step.name}: {fault}" for fault in limits.faults(value))


def _values(process: Process) -> Iterator[tuple[Step, Any]]:
    for step in process.steps.values():
        for value in walk((*step.needs, *step.effects, *step.fields)):
            yield step, value


Proof = Callable[[Process], Iterator[str]]
PROOFS: tuple[Proof, ...] = (
    _steps_are_named,
    _steps_are_described,
    _moves_make_sense,
    _there_is_one_start,
    _there_is_no_trap,
    _material_moves_with_a_scan,
    _points_of_no_return_are_guarded,
    _limits_are_in_the_protocol,
    part_faults,
    evidence_faults,
    fact_faults,
)
