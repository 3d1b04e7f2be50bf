"""Prompts for things that are scanned: which containers next, and the live list of a hand-off."""

from __future__ import annotations

from collections.abc import Iterator

from coi_tracker.course import Container
from coi_tracker.process.custody import contents
from coi_tracker.process.scans import Scan, ShipperScan, Which
from coi_tracker.services import plain
from coi_tracker.services.floor.screen import Line, Presence, Progress, Prompt, PromptKind
from coi_tracker.services.floor.view import View

MOST_LINES = 24
"""Containers that a list of what would do shows; a list of what must be there shows all."""


def printed(serial: str | None) -> str | None:
    """A serial in groups, as it stands on the label."""
    return None if serial is None else plain.serial(serial)


def ask_scan(scan: Scan, view: View) -> Prompt:
    """The containers of one part."""
    low, high = view.bounds(scan)
    read = view.read_for(scan)
    return Prompt(
        f"scan.{scan.part}",
        PromptKind.SCAN,
        asked(scan, low, high),
        Progress.OPEN,
        required=low > 0,
        several=high > 1,
        fewest=low,
        most=high,
        given=tuple(printed(serial) or "" for serial in read),
        lines=tuple(_lines(scan, view, read)),
    )


def asked(scan: Scan, low: int, high: int) -> str:
    """Which containers, and how many, as somebody would say it."""
    kind = plain.words(scan.kind or ("labelled thing" if scan.part == "label" else "container"))
    if scan.all is not None:
        return _EVERY[scan.all].format(kind=kind)
    number = str(low) if low == high else f"{low} to {high}"
    taken = {"source": " that it is taken from", "sample": " that was sampled"}.get(scan.part, "")
    return f"{number} {kind}{'' if high == 1 else 's'}{taken}"


_EVERY = {
    Which.CONTENTS: "every {kind} that is packed in the shipper",
    Which.OPEN: "every {kind} of the course that has no final fate yet",
    Which.FILLED: "every filled {kind} of the course",
    Which.STORED: "every stored {kind} of the course",
}


def _lines(scan: Scan, view: View, read: tuple[str, ...]) -> Iterator[Line]:
    by_serial = {c.serial: c for c in view.course.containers.values()}
    for serial in read:
        yield _line(view, by_serial.get(serial), serial, Presence.SCANNED)
    presence = Presence.MISSING if scan.all is not None else Presence.POSSIBLE
    left = [c for c in view.fit_for(scan) if c.serial not in read]
    for one in left if scan.all is not None else left[:MOST_LINES]:
        yield _line(view, one, one.serial, presence)
    yield from _unexpected(view)


def _line(view: View, one: Container | None, serial: str, presence: Presence) -> Line:
    if one is None:
        return Line("", "", printed(serial), presence)
    where = f"{plain.words(one.state)} at {view.called(one.holder)}"
    return Line(one.id, str(one.kind), printed(one.serial), presence, where)


def _unexpected(view: View) -> Iterator[Line]:
    for text, why in view.draft.unexpected:
        yield Line("", "", text, Presence.UNEXPECTED, why)


SHIPPER = "scan.shipper"


def ask_shipper(need: ShipperScan, view: View) -> Prompt:
    """The shipper itself, with what is packed in it."""
    read = tuple(r.serial for r in view.draft.reads if r.part == "shipper")
    lines = [Line("", "shipper", printed(s), Presence.SCANNED) for s in read]
    if need.ours and not read:
        lines += [Line("", "shipper", printed(serial), Presence.MISSING) for serial in _ours(view)]
    lines += [_line(view, one, one.serial, Presence.PACKED) for one in (contents(view.course) if need.ours else ())]
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


def _ours(view: View) -> list[str]:
    shipper = view.course.facts.get("shipper")
    if shipper is None:
        return []
    return [str(row[0]) for row in view.scene.tx.query("SELECT serial FROM shippers WHERE id = :id", id=shipper)]
