"""Printers of a place: adding one, changing what is known of it, listing them.

Every change is an entry in the place's chain, with what was, what is now and why. Asks nobody for authority: who
calls has found out that this person administers the set-up. Knows no pixels and sends nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from coi_tracker.course import Actor, PlaceId
from coi_tracker.custody_log.chain import place_chain
from coi_tracker.errors import NotUnderstood
from coi_tracker.services.changes import write_change
from coi_tracker.services.record import Record
from coi_tracker.storage import printing, registry
from coi_tracker.storage.printing import Printer
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import ContainerKind, PrinterKind, PrinterLanguage

__all__ = ["DPI", "Printer", "change_printer", "find_printer", "printers", "put_printer"]

DPI = (203, 300, 600)
_KEY = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\]):([0-9]{1,5})")
_QUEUE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,126}")


def put_printer(
    record: Record,
    key: str,
    *,
    place: str,
    name: str,
    kind: PrinterKind,
    by: Actor,
    reason: str,
    address: str = "",
    language: PrinterLanguage | None = None,
    dpi: int = 203,
    kinds: tuple[ContainerKind, ...] = (),
    answers: bool = False,
    active: bool = True,
) -> Printer:
    """A new printer, or all that is known of one from now on. Raises NotUnderstood, and then nothing is changed."""
    spoken = language or (PrinterLanguage.ZPL if kind is PrinterKind.TCP else PrinterLanguage.PDF)
    fitting = tuple(sorted(set(kinds)))
    new = Printer(key, PlaceId(place), name, kind, address, spoken, dpi, fitting, answers, active)
    _refuse_odd(new)
    with record.database.write() as tx:
        old = printing.find_printer(tx, key)
        _refuse_elsewhere(tx, old, new)
        _write(record, tx, old, new, by=by, reason=reason)
    return new


def change_printer(record: Record, key: str, *, by: Actor, reason: str, active: bool) -> Printer:
    """A printer is taken out of use, or comes back. What is queued for it waits."""
    with record.database.write() as tx:
        old = printing.find_printer(tx, key)
        if old is None:
            raise unknown_printer(key)
        new = replace(old, active=active)
        _write(record, tx, old, new, by=by, reason=reason)
    return new


def _write(record: Record, tx: Transaction, old: Printer | None, new: Printer, *, by: Actor, reason: str) -> None:
    printing.put_printer(tx, new)
    chain = place_chain(new.place)
    write_change(record, tx, chain=chain, what="printer", key=new.id, old=old, new=new, by=by, reason=reason)


def printers(record: Record) -> list[Printer]:
    """Every printer there ever was, by id."""
    with record.database.read() as tx:
        return printing.printers(tx)


def find_printer(record: Record, key: str) -> Printer | None:
    """One printer, or None."""
    with record.database.read() as tx:
        return printing.find_printer(tx, key)


def unknown_printer(key: str) -> NotUnderstood:
    """What is said of a printer that is not there."""
    return NotUnderstood(
        expected="a printer of the record", came=ascii(key[:40]), do="see `coi printers list`, or add it first"
    )


def _refuse_elsewhere(tx: Transaction, old: Printer | None, new: Printer) -> None:
    if new.place not in {one.id for one in registry.places(tx)}:
        raise NotUnderstood(expected="a place of the record", came=repr(new.place[:40]), do="name one, or add it first")
    if old is not None and old.place != new.place:
        raise NotUnderstood(
            expected=f"printer {new.id} where it is, at {old.place}",
            came=new.place,
            do="take it out of use there and give it another id here: its entries stand in the chain of its place",
        )


def _refuse_odd(printer: Printer) -> None:
    if not _KEY.fullmatch(printer.id):
        raise _odd("an id of 1 to 40 small letters, digits and . _ -", printer.id)
    if not printer.name.strip() or len(printer.name) > 100 or not printer.name.isprintable():
        raise _odd("a name of 1 to 100 printable characters, by which people find it", printer.name)
    if printer.dpi not in DPI:
        raise _odd("a resolution of 203, 300 or 600 dots per inch", str(printer.dpi))
    expected, fits = _ADDRESS[printer.kind]
    if not fits(printer.address):
        raise _odd(expected, printer.address)
    if printer.kind is PrinterKind.DOWNLOAD and printer.language is not PrinterLanguage.PDF:
        raise _odd("pdf for what a person downloads", printer.language)
    if printer.answers and (printer.kind, printer.language) != (PrinterKind.TCP, PrinterLanguage.ZPL):
        raise _odd("a printer with ZPL at a port, to ask it how it is", f"{printer.kind} with {printer.language}")


def _odd(expected: str, came: str) -> NotUnderstood:
    return NotUnderstood(expected=expected, came=ascii(came[:60]), do="correct it; nothing was changed")


def _is_port(address: str) -> bool:
    found = _HOST.fullmatch(address)
    return found is not None and 1 <= int(found[1]) <= 65535


def _is_folder(address: str) -> bool:
    return address.startswith("/") and len(address) <= 300 and address.isprintable() and ".." not in address.split("/")


_ADDRESS: dict[PrinterKind, tuple[str, Callable[[str], bool]]] = {
    PrinterKind.TCP: ("the address of a printer's port, as in printer.example:9100", _is_port),
    PrinterKind.CUPS: ("the name of a queue of the print system", lambda text: bool(_QUEUE.fullmatch(text))),
    PrinterKind.FOLDER: ("the full path of a folder", _is_folder),
    PrinterKind.DOWNLOAD: ("no address: a person fetches the file", lambda text: text == ""),
}
