"""What is wrong with a template: its geometry, its symbols at every print head, and texts that would not fit.

The longest values the data model allows are set on it, in the widest letters there are. What passes here cannot fail
later for want of room. Knows no files.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations
from typing import Final

from coi_tracker.errors import Misconfigured, NotUnderstood
from coi_tracker.identity import (
    ALPHABET,
    BadgeCode,
    Code,
    CoiId,
    EquipmentCode,
    LabelSerial,
    ScanPayload,
    StationCode,
    check_character,
)
from labels import fonts
from labels.content import LONGEST, MONTHS, MOST_PARTS, LabelContent, Moment
from labels.kinds import LabelKind, Payload, is_container
from labels.template import (
    MAY_BE_LEFT_OUT,
    ON_CONTAINERS,
    ON_THINGS,
    RESOLUTIONS,
    Block,
    Box,
    Part,
    Template,
)
from labels.typesetting import set_block

SMALLEST_TYPE: Final = 1.2
"""mm. Smaller type is not legible on a label held in the hand."""

SMALLEST_CODE_TYPE: Final = 1.8
"""mm, for the codes that a person types when a symbol cannot be read."""

SMALLEST_MIL: Final = 9.8


def faults(template: Template) -> Iterator[str]:
    """Everything that is wrong with it, as phrases; the plainest first."""
    yield from _geometry(template)
    yield from _blocks(template)
    yield from _modules(template)
    yield from _room(template)


def longest_content(template: Template) -> LabelContent:
    """A label with the longest values there are, in the widest letters."""
    letter = fonts.widest_letter(fonts.BOLD)
    container, shown = is_container(template.kind), template.shown()
    widest_month = max(range(12), key=lambda month: fonts.width(MONTHS[month], fonts.BOLD, size=1)) + 1
    moment = Moment(datetime(2024, widest_month, 20, 14, 44, tzinfo=UTC), "Asia/Kathmandu")
    return LabelContent(
        payload=_widest_payload(template.kind),
        kind=template.kind,
        part=MOST_PARTS if container else None,
        of=MOST_PARTS if container else None,
        study=letter * LONGEST["study"] if container else None,
        site=letter * LONGEST["site"],
        done=letter * LONGEST["done"] if "when" in shown else None,
        when=moment if "when" in shown else None,
        expiry=moment if "expiry" in shown else None,
        storage=letter * LONGEST["storage"] if "storage" in shown else None,
        place=letter * LONGEST["place"] if "place" in shown else None,
    )


def widest_code(kind: type[Code]) -> str:
    """The valid code of the widest letters there is."""
    body = kind.PREFIX + "W" * (kind.length() - 3)
    ends = (body + letter for letter in "WMQGD" + ALPHABET)
    return next(end + check for end in ends if (check := check_character(end)) in ALPHABET)


def _widest_payload(kind: LabelKind) -> Payload:
    if is_container(kind):
        return ScanPayload(CoiId(widest_code(CoiId)), LabelSerial(widest_code(LabelSerial)))
    codes: dict[LabelKind, type[StationCode | BadgeCode | EquipmentCode]] = {
        LabelKind.STATION: StationCode,
        LabelKind.BADGE: BadgeCode,
    }
    code = codes.get(kind, EquipmentCode)  # of what a location's label is for, the one with the longest title
    return code(widest_code(code))


def _geometry(template: Template) -> Iterator[str]:
    symbols = {f"symbol {nth}": place.box for nth, place in enumerate(template.symbols, start=1)}
    places = symbols | {block.shows: block.box for block in template.blocks}
    for name, box in places.items():
        if not box.inside(template.label):
            yield f"{name} sticks out of the label"
        elif not any(_within(box, part) for part in template.parts):
            yield f"{name} crosses a cut between parts of the label"
    for one, other in combinations(places, 2):
        if places[one].overlaps(places[other]):
            yield f"{one} and {other} overlap"
    if not symbols:
        yield "no symbol"


def _within(box: Box, part: Part) -> bool:
    """Inside a rectangle, or all four corners inside a circle."""
    if not part.round:
        return box.inside(part.box)
    radius = part.box.width / 2
    across, down = part.box.x + radius, part.box.y + radius
    corners = [(x, y) for x in (box.x, box.x + box.width) for y in (box.y, box.y + box.height)]
    return all(math.hypot(x - across, y - down) <= radius + 1e-6 for x, y in corners)


def _blocks(template: Template) -> Iterator[str]:
    wanted = ON_CONTAINERS if is_container(template.kind) else ON_THINGS
    if not template.without <= MAY_BE_LEFT_OUT & wanted:
        yield f"without {sorted(template.without)}, of which only {sorted(MAY_BE_LEFT_OUT & wanted)} may be left out"
    elif template.shown() != wanted - template.without:
        yield f"blocks for {sorted(template.shown())} instead of {sorted(wanted - template.without)}"
    doubled = {one.shows for one, other in combinations(template.blocks, 2) if one.shows == other.shows}
    if doubled - {"title", "coi", "serial"}:
        yield f"{sorted(doubled)[0]} shown twice instead of each once"
    for block in template.blocks:
        least = SMALLEST_CODE_TYPE if block.shows in {"coi", "serial", "code"} else SMALLEST_TYPE
        if not least <= block.least <= block.size:
            yield f"type of {block.shows} under {least} mm, or least_mm over type_mm"


def _modules(template: Template) -> Iterator[str]:
    for place in template.symbols:
        if place.least_mil < SMALLEST_MIL:
            yield f"modules of {place.least_mil:g} mil allowed, under {SMALLEST_MIL:g}"
        for dpi in RESOLUTIONS:
            try:
                place.module_at(dpi)
            except Misconfigured as fault:
                yield f"{place.symbology} with modules of {place.module:g} mm: {fault.came} at {dpi} dpi"


def _room(template: Template) -> Iterator[str]:
    content = longest_content(template)
    for block in template.blocks:
        try:
            set_block(block, _longest_paragraphs(block, template, content))
        except NotUnderstood as fault:
            yield f"no room for the longest {block.shows}: {fault.expected}"


def _longest_paragraphs(block: Block, template: Template, content: LabelContent) -> tuple[str, ...]:
    if block.shows == "template":
        return (template.name(),)
    if block.shows != "texts":
        return tuple(block.before + text for text in content.says(block.shows))
    letter = fonts.widest_letter(fonts.BOLD if block.bold else fonts.PLAIN)
    last = template.texts_characters - (template.texts_most - 1)
    return (*[letter] * (template.texts_most - 1), letter * last) if template.texts_most else ()
