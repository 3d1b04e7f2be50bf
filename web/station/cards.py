"""Sheets to print: the codes of commands and steps, so that everything can be done by scanning, and, in the
demonstration only, the badges of its invented people, its stations, and some of its labels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache

from flask import abort, render_template
from markupsafe import Markup

from coi_tracker.course import Container, Course
from coi_tracker.identity import BadgeCode, CoiId, CommandCode, LabelSerial, ScanPayload
from coi_tracker.services import available, people
from coi_tracker.services.people import Person
from coi_tracker.vocabulary import (
    FINAL_STATES,
    Command,
    ContainerKind,
    ContainerState,
    PlaceKind,
    Standing,
    Treatment,
)
from labels.plain_reading import Matrix
from labels.symbol import QUIET_ZONE, checked_symbol
from web.access import for_people
from web.session import record, settings
from web.station.here import blueprint

DEMONSTRATION = "demo.invalid/coi-log"
"""The name of the log of a demonstration (`coi demo`): nobody else's may have it, .invalid is nobody's."""
SHOWN = 40
BADGES = 90
OF_A_COURSE = 7
"""Labels of one course, so that several courses are there."""
FULL_TEAMS = 5
"""Sites whose people come first."""
AT_THE_BEDSIDE = (
    Treatment.LD_COMPLETE,
    Treatment.INFUSED,
    Treatment.IL2_RUNNING,
    Treatment.LD_RUNNING,
    Treatment.PLANNED,
)
BESIDE = frozenset({ContainerKind.QC_VIAL, ContainerKind.RETAIN})
"""What stays at the laboratory."""
WORDS = {
    Command.CONFIRM: "Confirm", Command.CANCEL: "Cancel", Command.ACKNOWLEDGE: "I have read the refusal",
    Command.NEXT: "Done with this one", Command.BACK: "Take the last one back", Command.YES: "Yes", Command.NO: "No",
    Command.NOW: "Now", Command.SIGN: "Sign", Command.SECOND: "Second person", Command.COMMENT: "Comment",
    Command.LATE: "Late entry", Command.LOCK: "Lock this station",
}  # fmt: skip


@blueprint.get("/scan/cards")
@for_people
def command_cards() -> str:
    """The codes of all commands and of all steps."""
    steps = [(step.title, CommandCode(Command.STEP, name).format()) for name, step in record().process.steps.items()]
    return render_template(
        "station/cards.html",
        sheets=[
            ("Commands", [(words, CommandCode(command).format(), "") for command, words in WORDS.items()]),
            ("Steps", [(title, code, "") for title, code in sorted(steps)]),
        ],
        symbol=symbol,
        demonstration=is_demonstration(),
    )


@blueprint.get("/scan/cards/demonstration")
@for_people
def demonstration_cards() -> str:
    """What a newcomer with a telephone scans: stations, badges and labels of people and things that do not exist."""
    if not is_demonstration():
        abort(404)
    shown = _shown()
    return render_template(
        "station/cards.html",
        sheets=[
            ("Stations", _stations()),
            ("Badges", _badges(shown)),
            ("Labels", _labels(shown)),
            ("Empty shippers", _shippers()),
            ("Equipment", _equipment()),
            ("Lots", _lots()),
        ],
        symbol=symbol,
        demonstration=True,
    )


def is_demonstration() -> bool:
    """Whether this record is one of people who do not exist."""
    return settings().origin == DEMONSTRATION


Cards = list[tuple[str, str, str]]
"""Words, what the code says, and smaller words."""


def _stations() -> Cards:
    return [(one.name, one.code, str(one.place)) for one in available.set_up(record()).stations][:SHOWN]


def _badges(shown: Sequence[Course]) -> Cards:
    """Two people of each role, so that one can sign as second, at the places of these courses and between them."""
    places = _places(shown)
    held: dict[tuple[str, str], list[Person]] = defaultdict(list)
    for person in people.people(record()):
        for has in person.roles:
            if person.badge and person.active:
                held[has.place, has.role].append(person)
    teams = sorted((places.index(place), role, team) for (place, role), team in held.items() if place in places)
    cards: dict[str, tuple[str, str, str]] = {}
    for place, role, team in teams:
        for person in sorted(team, key=lambda one: one.id)[:2]:
            badge = BadgeCode(str(person.badge)).text
            cards.setdefault(badge, (person.name, badge, f"{role.replace('_', ' ')}, {places[place]}"))
    return list(cards.values())[:BADGES]


def _places(shown: Sequence[Course]) -> list[str]:
    """The sites where most is to be seen, whoever works with all sites, then the other sites."""
    sites = list(dict.fromkeys(str(course.site) for course in shown))
    others = [str(place.id) for place in available.set_up(record()).places if place.kind is not PlaceKind.SITE]
    return [*sites[:FULL_TEAMS], *others, *sites[FULL_TEAMS:]]


def _shown() -> list[Course]:
    """A course at every stage of those that go on, first those where hours count, and the patient is waiting."""
    chains = available.chains_of(record(), "course")
    found = [course for chain in chains if (course := available.state_of(record(), chain))]
    going_on = [one for one in found if one.standing is Standing.ACTIVE and _alive(one)]
    going_on.sort(key=lambda one: (_hours_count(one), not _thawed(one), -len(_alive(one))))
    stages: dict[tuple[str, str, bool], Course] = {}
    for one in going_on:
        stages.setdefault((one.material, one.treatment, _thawed(one)), one)
    return list(stages.values())


def _hours_count(course: Course) -> int:
    return AT_THE_BEDSIDE.index(course.treatment) if course.treatment in AT_THE_BEDSIDE else len(AT_THE_BEDSIDE)


def _thawed(course: Course) -> bool:
    return any(one.kind is ContainerKind.BAG and one.state is ContainerState.IN_USE for one in _alive(course))


def _labels(shown: Sequence[Course]) -> Cards:
    """Live labels of these courses: the wristband and what is in use before what is in store."""
    return [card for course in shown for card in _labels_of(course, sorted(_alive(course), key=_wanted)[:OF_A_COURSE])]


def _wanted(one: Container) -> tuple[bool, bool, bool, str, int]:
    band, idle = one.kind is ContainerKind.WRISTBAND, one.state is not ContainerState.IN_USE
    return not band, idle, one.kind in BESIDE, one.kind, one.part


def _alive(course: Course) -> list[Container]:
    return [one for one in course.containers.values() if one.serial and one.state not in FINAL_STATES]


def _labels_of(course: Course, containers: list[Container]) -> Cards:
    whose = CoiId(str(course.coi)).display()
    return [
        (_said(one), _payload(course, one), f"{whose}, {one.state}, {one.holder}".replace("_", " "))
        for one in containers
    ]


def _shippers() -> Cards:
    empty = available.empty_shippers(record(), record().clock())[:OF_A_COURSE]
    return [("shipper", ScanPayload(None, LabelSerial(serial)).format(), "") for serial in empty]


def _equipment() -> Cards:
    one_each = {(one.place, one.kind): one for one in available.set_up(record()).equipment}
    return [(one.kind.replace("_", " "), one.code, str(one.place)) for one in one_each.values()][:SHOWN]


def _lots() -> Cards:
    today = record().clock().date()
    fit = [one for one in available.set_up(record()).lots if one.expires >= today and not one.recalled]
    last = {one.kind: one for one in sorted(fit, key=lambda one: one.expires)}
    return [(one.kind.replace("_", " "), one.code, f"expires {one.expires}") for one in last.values()][:SHOWN]


def _said(one: Container) -> str:
    return f"{one.kind.replace('_', ' ')} {one.part}"


def _payload(course: Course, one: Container) -> str:
    return ScanPayload(CoiId(str(course.coi)), LabelSerial(str(one.serial))).format()


@cache
def symbol(text: str) -> Markup:
    """A QR code as SVG, read back before it is shown."""
    matrix: Matrix = checked_symbol(text)
    size = len(matrix) + 2 * QUIET_ZONE
    path = "".join(f"M{x + QUIET_ZONE} {y + QUIET_ZONE}h1v1h-1z" for x, y in _dark(matrix))
    return Markup(  # noqa: S704 - numbers only
        f'<svg viewBox="0 0 {size} {size}" shape-rendering="crispEdges" role="img" aria-label="QR code">'
        f'<rect width="{size}" height="{size}" fill="#fff"/><path d="{path}"/></svg>'
    )


def _dark(matrix: Sequence[Sequence[bool]]) -> list[tuple[int, int]]:
    return [(x, y) for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark]
