"""Which labels a course lacks for what comes next: nobody can fill a container that has none.

Reads the scans of the steps that are somebody's turn. Knows no rule of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from coi_tracker.process.look import NotInProtocol
from coi_tracker.process.scans import Scan
from coi_tracker.services.rehearsal import bounds
from coi_tracker.services.turns import Asked, NextStep, Way
from coi_tracker.vocabulary import ContainerKind, ContainerState, PlaceKind, Role

ISSUE = "issue_labels"


def wanted_labels(asked: Asked, lines: Sequence[NextStep]) -> Iterator[NextStep]:
    """A line for the labels that each of these steps lacks."""
    issue = asked.process.step(ISSUE)
    if issue is None or asked.course.standing not in issue.standing or asked.course.coi is None:
        return
    for line in lines:
        places = tuple(p for p in line.places if _kind(asked, p) in issue.at)
        lacking = dict(_lacking(asked, line)) if places else {}
        if lacking:
            about = ", ".join(f"{number} for {kind.replace('_', ' ')}" for kind, number in lacking.items())
            yield replace(
                line,
                step=issue.name,
                title=issue.title,
                about=f"{about} ({line.title.lower()})",
                roles=tuple(role for role in Role if role in issue.by),
                kinds=tuple(kind for kind in PlaceKind if kind in issue.at),
                places=places,
                way=Way.LATER if line.way is Way.LATER else Way.NOW,
                reasons=(),
                gate=(),
            )


def _kind(asked: Asked, place: str) -> PlaceKind | None:
    found = asked.setting.places.get(place)
    return None if found is None else found.kind


def _lacking(asked: Asked, line: NextStep) -> Iterator[tuple[ContainerKind, int]]:
    for scan in asked.process.steps[line.step].needs_of(Scan):
        if scan.kind is None or scan.all is not None or scan.labels is not None:
            continue
        try:
            low, _ = bounds(asked.protocol, asked.course, scan)
        except NotInProtocol:
            continue
        have = sum(1 for c in asked.course.of_kind(scan.kind) if c.state in scan.states | _WAITING)
        if have < low and (scan.states == _WAITING or scan.kind is ContainerKind.WRISTBAND):
            yield scan.kind, low - have


_WAITING = frozenset({ContainerState.LABELLED})
