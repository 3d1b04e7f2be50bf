"""How values are written for people: states, places, times in the zone they happened in, containers, evidence.

Filters for templates. Returns text, never HTML: what is shown is escaped where it is put.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import date as Date  # noqa: N812 - the filter is called date
from typing import Any

from flask import Flask

from coi_tracker.course import Container, Course
from coi_tracker.identity import CoiId
from coi_tracker.process.look import read_instant
from coi_tracker.process.reasons import Explained, explain
from coi_tracker.services import plain
from coi_tracker.vocabulary import (
    ContainerKind,
    ContainerState,
    Disposition,
    LabelState,
    Material,
    ReasonCode,
    Standing,
    Track,
    Treatment,
)
from web import time_words

MATERIAL_PATH = (
    Material.ORDERED, Material.PROCURED, Material.INBOUND, Material.RECEIVED, Material.FIRST_EXPANSION,
    Material.RAPID_EXPANSION, Material.SCALED_UP, Material.HARVESTED, Material.CRYOPRESERVED, Material.OUTBOUND,
    Material.AT_SITE, Material.INFUSED,
)  # fmt: skip
TREATMENT_PATH = (
    Treatment.SCREENED, Treatment.ELIGIBLE, Treatment.PLANNED, Treatment.LD_RUNNING, Treatment.LD_COMPLETE,
    Treatment.INFUSED, Treatment.IL2_RUNNING, Treatment.COMPLETE,
)  # fmt: skip
BAD = frozenset(
    {
        Material.LOST, Material.DESTROYED, Material.INSUFFICIENT, Disposition.OUT_OF_SPECIFICATION,
        Disposition.REJECTED, Standing.ON_HOLD, Standing.WITHDRAWN, Standing.TERMINATED,
    }
)  # fmt: skip
"""States that somebody has to look at. Marked with a sign and a word, not by colour alone."""
TROUBLED = frozenset({ContainerState.QUARANTINED, ContainerState.LOST, LabelState.VOID})
"""The same of containers and labels, of which many are destroyed in good order."""


@dataclass(frozen=True, slots=True)
class TrackShown:
    """A track of a course: its state, and the usual way with how far it came. ``path`` empty: there is no one way."""

    name: str
    state: str
    path: tuple[tuple[str, str], ...]  # state in words, one of done, now, ahead


def words(value: object) -> str:
    """A word of the vocabulary as people write it."""
    return plain.words(value)


def unit(text: str | None) -> str:
    """A unit as it is written by hand."""
    return plain.unit(text)


def tracks(course: Course) -> list[TrackShown]:
    """The four tracks in their order."""
    paths: Mapping[Track, tuple[str, ...]] = {Track.MATERIAL: MATERIAL_PATH, Track.TREATMENT: TREATMENT_PATH}
    return [TrackShown(track.value, course.state_of(track), _path(course, track, paths)) for track in Track]


def _path(course: Course, track: Track, paths: Mapping[Track, tuple[str, ...]]) -> tuple[tuple[str, str], ...]:
    path, state = paths.get(track, ()), course.state_of(track)
    if state not in path:
        return ()
    here = path.index(state)
    return tuple(
        (words(one), "done" if place < here else "now" if place == here else "ahead") for place, one in enumerate(path)
    )


def in_order(course: Course) -> list[Container]:
    """The containers in the order in which they come up in the work."""
    kinds = list(ContainerKind)
    return sorted(course.containers.values(), key=lambda one: (kinds.index(one.kind), one.part))


def together(hand_offs: Iterable[Any]) -> list[tuple[Any, list[str]]]:
    """Hand-offs of several containers at once as one: the first of them, and the ids of all."""
    found: dict[tuple[object, ...], tuple[Any, list[str]]] = {}
    for one in hand_offs:
        key = (one.from_place, one.to_place, one.opened_at, one.closed_at)
        found.setdefault(key, (one, []))[1].append(one.container)
    return list(found.values())


def coi(text: str) -> str:
    """A COI in the groups it is printed in."""
    return CoiId(text).display()


def container(identifier: str) -> str:
    """``<COI>/tissue_jar/1`` without the COI, which stands at the top of the page."""
    kind, _, number = identifier.partition("/")[2].partition("/")
    return f"{words(kind)} {number}" if number else identifier


def moment(at: datetime, zone: str = "Etc/UTC") -> str:
    """An instant in the zone it happened in, with the zone said."""
    return plain.moment(at, zone)


def day(at: datetime) -> str:
    """The day of an instant, in UTC: where the hour does not matter."""
    return f"{at.astimezone(UTC):%-d %b %Y}"


def date(one: Date) -> str:
    """A calendar day."""
    return f"{one:%a %-d %b %Y}"


def instant(text: str, zone: str = "Etc/UTC") -> str:
    """An instant that the record keeps as text, in a zone."""
    return moment(read_instant(text), zone)


def iso(at: datetime) -> str:
    """An instant for a program."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def place(identifier: str | None, places: Mapping[str, Any]) -> str:
    """The name of a place; its id where it has none."""
    found = places.get(identifier or "")
    return str(found.name) if found is not None else identifier or "nobody"


def value(one: Any) -> str:
    """A piece of evidence on one line."""
    if one is None:
        return "none"
    if isinstance(one, bool):
        return "yes" if one else "no"
    if isinstance(one, Mapping):
        if set(one) == {"unit", "value"}:
            return f"{one['value']} {one['unit']}"
        return "; ".join(f"{words(key)}: {value(inner)}" for key, inner in one.items()) or "none"
    if isinstance(one, str):
        return one
    return ", ".join(value(inner) for inner in one) or "none" if isinstance(one, Iterable) else str(one)


def explained(code: ReasonCode) -> Explained:
    """A reason for a refusal in plain words."""
    return explain(code)


def register(app: Flask) -> None:
    """Give the templates these words."""
    for filter_ in (
        coi,
        container,
        date,
        day,
        explained,
        in_order,
        instant,
        iso,
        moment,
        place,
        together,
        tracks,
        unit,
        value,
        words,
    ):
        app.jinja_env.filters[filter_.__name__] = filter_
    time_words.register(app)
    app.jinja_env.tests["bad"] = lambda state: str(state) in BAD
    app.jinja_env.tests["troubled"] = lambda state: str(state) in TROUBLED
