"""Printers: adding one, and one with all that is known of it. Which roll is loaded is said by the kinds that fit it."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from flask import abort, redirect, render_template, request, url_for

from coi_tracker.errors import NotUnderstood
from coi_tracker.services import administration
from coi_tracker.services import printers as printing
from coi_tracker.services.printers import Printer
from coi_tracker.vocabulary import ContainerKind, PrinterKind, PrinterLanguage
from web.admin.shared import Shown, blueprint, by, done, for_admins, reason, text, tried, whole_number
from web.session import record

Word = TypeVar("Word", bound=StrEnum)


@blueprint.get("/printers")
@for_admins
def printers() -> str:
    """Every printer there ever was."""
    return render_template("admin/printers.html", printers=printing.printers(record()), places=_places())


def _places() -> dict[str, object]:
    return {place.id: place for place in administration.places(record())}


def _choices() -> dict[str, object]:
    return {
        "places": _places(),
        "ways": list(PrinterKind),
        "languages": list(PrinterLanguage),
        "dpis": printing.DPI,
        "labels": list(ContainerKind),
    }


@blueprint.get("/printers/new")
@for_admins
def new_printer() -> str:
    """The form for a new one."""
    return _new(None)


def _new(problem: str | None) -> str:
    return render_template("admin/printer.html", one=None, problem=problem, done=False, **_choices())


@blueprint.post("/printers/new")
@for_admins
def add_printer() -> Shown:
    """Add it. An id that is taken is refused: a printer is changed on its own page."""
    key = text("key", 60)

    def add() -> None:
        if printing.find_printer(record(), key) is not None:
            raise NotUnderstood(
                expected="an id that no printer has", came=f"{key}, which is taken", do="choose another"
            )
        _put(key, text("place", 100), active=True)

    return tried(add, _new, then=url_for("admin.printer", key=key))


def _word(kind: type[Word], name: str) -> Word:
    try:
        return kind(text(name, 40))
    except ValueError:
        raise NotUnderstood(expected="a word of the list", came="another one", do="choose one") from None


def _put(key: str, place: str, *, active: bool) -> None:
    fitting = tuple(ContainerKind(one) for one in request.form.getlist("kinds") if one in set(ContainerKind))
    printing.put_printer(
        record(),
        key,
        place=place,
        name=text("name", 200),
        kind=_word(PrinterKind, "kind"),
        address=text("address", 400),
        language=_word(PrinterLanguage, "language"),
        dpi=whole_number("dpi"),
        kinds=fitting,
        answers=bool(text("answers", 10)),
        active=active,
        by=by(),
        reason=reason(),
    )


@blueprint.get("/printers/<key>")
@for_admins
def printer(key: str) -> str:
    """One printer. What was changed of it stands on the page of its place."""
    return _page(key, None)


def _find(key: str) -> Printer:
    return printing.find_printer(record(), key) or abort(404)


def _page(key: str, problem: str | None) -> str:
    return render_template("admin/printer.html", one=_find(key), problem=problem, done=done(), **_choices())


@blueprint.post("/printers/<key>/details")
@for_admins
def change_printer(key: str) -> Shown:
    """What is known of it from now on."""
    one = _find(key)
    return tried(
        lambda: _put(key, one.place, active=one.active),
        lambda problem: _page(key, problem),
        then=url_for("admin.printer", key=key),
    )


@blueprint.post("/printers/<key>/active")
@for_admins
def end_printer(key: str) -> Shown:
    """Out of use, or back."""
    active = not _find(key).active
    try:
        printing.change_printer(record(), key, active=active, by=by(), reason=reason())
    except NotUnderstood as error:
        return _page(key, str(error)), 400
    return redirect(url_for("admin.printer", key=key, done=1), code=303)
