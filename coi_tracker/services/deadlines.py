"""Where a step would be done, and until when, beyond its own windows: what comes after it, the slot, the labels' life.

A jar that waits for its courier is late when the culture it is for can no longer be started in time. Everything is
read off the needs of later steps and the facts of the course.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from coi_tracker.course import PlaceId
from coi_tracker.process.effects import Remembers
from coi_tracker.process.look import Look
from coi_tracker.process.scans import Scan
from coi_tracker.process.spec import Process, Step
from coi_tracker.process.supplies import LineClear
from coi_tracker.process.timing import Within
from coi_tracker.process.windows import Window, both, day_of, windows
from coi_tracker.services.rehearsal import seen
from coi_tracker.services.turns import Asked
from coi_tracker.vocabulary import Material, PlaceKind, Standing, Track


def stands(asked: Asked, step: Step) -> Iterator[tuple[PlaceId, PlaceKind, tuple[PlaceId, ...]]]:
    """Where it can be tried, and every place that this stands for. Where containers are scanned, each on its own."""
    found = [(place, kind) for kind in PlaceKind if kind in step.at for place in _places(asked, kind)]
    if not found:
        kind = sorted(step.at)[0]
        yield PlaceId(f"the {kind}"), kind, ()
    elif step.needs_of(Scan) and len(found) > 1:
        yield from ((place, kind, (place,)) for place, kind in found)
    else:
        yield (*found[0], tuple(place for place, _ in found))


def _places(asked: Asked, kind: PlaceKind) -> tuple[PlaceId, ...]:
    """The places of a kind that have to do with the course."""
    course, known = asked.course, asked.setting.places
    if kind is PlaceKind.SITE:
        return () if course.site is None else (course.site,)
    if kind is PlaceKind.FACILITY:
        return () if course.facility is None else (course.facility,)
    if kind is PlaceKind.SPONSOR:
        return tuple(one.id for one in known.values() if one.kind is PlaceKind.SPONSOR)
    offered = {c.offered_to or c.holder for c in course.containers.values()}
    return tuple(p for p in sorted(offered) if p in known and known[p].kind is PlaceKind.COURIER)


def _seen(asked: Asked, step: Step) -> Look:
    place, kind, _ = next(stands(asked, step))
    return seen(asked.protocol, asked.course, step, setting=asked.setting, at=(place, kind))


def borrowed(asked: Asked, step: Step, look: Look) -> Iterator[Window]:
    """Windows of later steps that this one stands in the way of, and the life of what it uses."""
    if any(move.track is Track.MATERIAL for move in step.moves):
        at = _rank(asked.course.material)
        yield from (window for last, window in asked.ahead if at <= last and not window.says.startswith(step.title))
    recent = recent_enough(asked, step)
    if recent is not None:
        yield recent
    if any(isinstance(e, Remembers) and e.fact in LineClear.FACTS for e in step.effects):
        yield from _line_needed(asked)
    if any(need.labels for need in step.needs_of(Scan)):
        yield from _verify_by(asked, look)


def deadlines(asked: Asked) -> Iterator[tuple[int, Window]]:
    """Until when something further on has to be done, and up to which place on the material's way that concerns."""
    course = asked.course
    if course.coi is None or course.standing not in (Standing.ACTIVE, Standing.ON_HOLD):
        return
    for step in asked.process.steps.values():
        last = _last_source(step)
        if last is not None and _rank(course.material) <= last and step.name not in course.done:
            yield from ((last, window) for window in _closing(asked, step))
    yield from _slot(asked)


def _last_source(step: Step) -> int | None:
    """How far on its way the material may be for a step that moves it on."""
    ranks = [_rank(s) for m in step.moves if m.track is Track.MATERIAL and m.to is not None for s in m.sources]
    return max(ranks, default=None)


def _rank(state: str) -> int:
    return list(Material).index(Material(state))


def _closing(asked: Asked, step: Step) -> Iterator[Window]:
    if any(n.before is not None for n in step.needs_of(Within)):
        found = windows(_seen(asked, step), of=lambda need: isinstance(need, Within) and need.before is not None)
        yield from (replace(w, opens=None, says=f"{step.title}: {w.says}") for w in found)


def _slot(asked: Asked) -> Iterator[tuple[int, Window]]:
    """The tissue is expected on the first day of the slot."""
    slot = asked.course.facts.get("slot")
    if slot:
        look = _seen(asked, asked.process.steps["receive_tissue"])
        _, closes = day_of(look, date.fromisoformat(slot[0][0]))
        yield _rank(Material.INBOUND), Window(None, closes, "expected at the facility on the first day of the slot")


def recent_enough(asked: Asked, step: Step) -> Window | None:
    """When a step has to be done so that a later one finds it recent enough. None: nobody counts from it."""
    counting, limit = _counting_from(asked.process, step.name)
    if counting is None or limit is None or limit.before is None:
        return None
    look = _seen(asked, counting)
    opens, closes = both(windows(look, of=lambda need: need is not limit))
    if opens is None:
        return None
    return Window(opens - look.limit(limit.before), closes, f"for: {counting.title}")


def _counting_from(process: Process, name: str) -> tuple[Step | None, Within | None]:
    for step in process.steps.values():
        for need in step.needs_of(Within):
            if need.since == name and need.before is not None:
                return step, need
    return None, None


def _line_needed(asked: Asked) -> Iterator[Window]:
    """A line is cleared on the day of the work, not days before: until then the suite is free for others."""
    for step in asked.process.steps.values():
        turn = all(asked.course.state_of(move.track) in move.sources for move in step.moves)
        opens, closes = both(windows(_seen(asked, step))) if turn and step.needs_of(LineClear) else (None, None)
        if opens is not None and step.name not in asked.course.done:
            yield Window(opens, closes, f"for: {step.title}")


def _verify_by(asked: Asked, look: Look) -> Iterator[Window]:
    """A label that nobody scans back in time is dead."""
    printed = [s.since for scans in look.parts.values() for s in scans if s.since is not None]
    if printed:
        by = min(printed) + asked.protocol.labels.verify_within
        yield Window(None, by, "labels expire unless they are scanned back")
