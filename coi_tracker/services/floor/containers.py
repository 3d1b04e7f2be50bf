"""Prompts for things that are scanned: which containers next, and the live list of a hand-off."""

from __future__ import annotations

from collections.abc import Iterator

from coi_tracker.course import Container
from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import LabelSerial
from coi_tracker.process.custody import contents
from coi_tracker.process.scans import Scan, ShipperScan
from coi_tracker.services.floor.screen import Line, Presence, Progress, Prompt, PromptKind
from coi_tracker.services.floor.view import View

MOST_LINES = 24
"""Containers that a list of what would do shows; a list of what must be there shows all."""


def printed(serial: str | None) -> str | None:
    """A serial in groups, as it stands on the label."""
    try:
        return None if serial is None else LabelSerial(serial).display()
    except NotUnderstood:
        return serial


def ask_scan(scan: Scan, view: View) -> Prompt:
    """The containers of one part."""
    low, high = view.bounds(scan)
    read = view.read_for(scan)
    number = str(low) if low == high else f"{low} to {high}"
    kind = str(scan.kind or "container").replace("_", " ")
    asks = f"every {kind}: {scan.all}" if scan.all is not None else f"{number} {kind}"
    if scan.part not in {str(scan.kind), "container", "label"} and scan.part not in kind:
        asks += f" ({scan.part})"
    return Prompt(
        f"scan.{scan.part}",
        PromptKind.SCAN,
        asks,
        Progress.OPEN,
        required=low > 0,
        several=high > 1,
        fewest=low,
        most=high,
        given=tuple(printed(serial) or "" for serial in read),
        lines=tuple(_lines(scan, view, read)),
    )


def _lines(scan: Scan, view: View, read: tuple[str, ...]) -> Iterator[Line]:
    by_serial = {c.serial: c for c in view.course.containers.values()}
    for serial in read:
        yield _line(by_serial.get(serial), serial, Presence.SCANNED)
    presence = Presence.MISSING if scan.all is not None else Presence.POSSIBLE
    left = [c for c in view.fit_for(scan) if c.serial not in read]
    for one in left if scan.all is not None else left[:MOST_LINES]:
        yield _line(one, one.serial, presence)
    yield from _unexpected(view)


def _line(one: Container | None, serial: str, presence: Presence) -> Line:
    if one is None:
        return Line("", "", printed(serial), presence)
    return Line(one.id, str(one.kind), printed(one.serial), presence, f"{one.state} at {one.holder}")


def _unexpected(view: View) -> Iterator[Line]:
    for text, why in view.draft.unexpected:
        yield Line("", "", text, Presence.UNEXPECTED, why)


SHIPPER = "scan.shipper"


def ask_shipper(need: ShipperScan, view: View) -> Prompt:
    """The shipper itself, with what is packed in it."""
    read = tuple(r.serial for r in view.draft.reads if r.part == "shipper")
    lines = [Line("", "shipper", printed(s), Presence.SCANNED) for s in read]
    if need.ours and not read:
        lines += [Line(one, "shipper", printed(serial), Presence.MISSING) for one, serial in _ours(view)]
    lines += [_line(one, one.serial, Presence.PACKED) for one in (contents(view.course) if need.ours else ())]
    asks = "the shipper that was packed for this course" if need.ours else "an empty shipper"
    return Prompt(
        SHIPPER,
        PromptKind.SCAN,
        asks,
        Progress.OPEN,
        fewest=1,
        most=1,
        given=tuple(printed(s) or "" for s in read),
        lines=(*lines, *_unexpected(view)),
    )


def _ours(view: View) -> list[tuple[str, str]]:
    shipper = view.course.facts.get("shipper")
    if shipper is None:
        return []
    rows = view.scene.tx.query("SELECT id, serial FROM shippers WHERE id = :id", id=shipper)
    return [(str(one), str(serial)) for one, serial in rows]
