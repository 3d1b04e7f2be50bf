"""What may be put into the stock of a place, and by whom: codes, kinds, days, and whose word lets something go on.

Raises NotUnderstood with what was expected, what came and what to do. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from coi_tracker.course import Actor, PlaceId
from coi_tracker.errors import NotUnderstood
from coi_tracker.gs1 import read_supplier_code
from coi_tracker.identity import CommandCode, ScanPayload, read_scan, safe_excerpt
from coi_tracker.services.changes import administrator
from coi_tracker.services.stocking import LOT_CODE
from coi_tracker.services.viewers import Viewer
from coi_tracker.vocabulary import Role

YEARS = 30
"""Nothing is good for longer; a day later than that was mistyped."""
FIRST = date(2000, 1, 1)


def keeper(who: Viewer, place: str, *, today: date) -> Actor:
    """As whom somebody changes the stock of a place: its quality assurance if she is, else an administrator.

    Raises NotUnderstood for anybody else, and where the training has ended.
    """
    held = [one for one in who.roles if one.role is Role.QA and one.place == place]
    if any(one.trained_until is not None and one.trained_until >= today for one in held):
        return Actor(who.account, who.name, Role.QA, place=PlaceId(place), place_kind=None, station=None)
    if who.has(Role.ADMIN):
        return administrator(who.account, who.name)
    raise NotUnderstood(
        expected=f"somebody trained as quality assurance of {place}, or an administrator",
        came=f"training until {held[0].trained_until or 'never'}" if held else "neither",
        do="ask one of them; nothing was changed",
    )


def refuse_letting_go_on(by: Actor, what: str) -> None:
    """That something is used again, or longer, is quality's word: an administrator enters and stops only."""
    if by.role is Role.ADMIN:
        raise NotUnderstood(
            expected=f"quality assurance of the place for {what}",
            came="an administrator",
            do="ask quality assurance; an administrator enters, recalls, shortens and takes out of use",
        )


def from_supplier(code: str, expires: date | None) -> tuple[str, date | None]:
    """The code and the last day of a lot, out of the supplier's GS1 symbol when it was scanned for the code.

    Raises NotUnderstood for a symbol that is not whole, has no lot, or says another day than the one given.
    """
    found = read_supplier_code(code)
    if found is None:
        return code, expires
    if expires is not None and found.expires not in (None, expires):
        raise NotUnderstood(
            expected=f"{found.expires}, the last day in the symbol",
            came=str(expires),
            do="look at the container, and give the day that stands on it",
        )
    return found.lot, expires or found.expires


def lot_code(text: str) -> str:
    """The code of a lot as its supplier wrote it. Raises NotUnderstood, naming what it is instead."""
    if not LOT_CODE.fullmatch(text):
        raise NotUnderstood(
            expected="the code of a lot: 1 to 40 letters, digits and . _ -",
            came=_what_it_is(text),
            do="type the code that stands beside LOT on the container",
        )
    _refuse_ours(text)
    return text


def _what_it_is(text: str) -> str:
    if len(text) > 100:
        return f"{len(text):,} characters, beginning with '{safe_excerpt(text, 20)}'"
    try:
        read_scan(text)
    except NotUnderstood as error:
        return error.came
    return f"'{safe_excerpt(text)}'"


def _refuse_ours(text: str) -> None:
    """A code of ours, or one that a station would take for one, could never be scanned as a lot."""
    try:
        read = read_scan(text)
    except NotUnderstood:
        return
    noun = "label" if isinstance(read, ScanPayload) else "command" if isinstance(read, CommandCode) else read.NOUN
    raise NotUnderstood(
        expected="the code that the supplier gave the lot",
        came=f"'{safe_excerpt(text)}', which is a {noun} of this record",
        do="type the code that stands beside LOT on the container",
    )


def known_kind(kind: str, known: Collection[str], *, of: str) -> str:
    """A kind that a released protocol asks for. Raises NotUnderstood with those there are."""
    if kind in known:
        return kind
    offered = ", ".join(known)
    raise NotUnderstood(
        expected=f"a kind of {of} that a released protocol asks for" + (f": {offered}" if offered else ""),
        came=f"'{safe_excerpt(kind, 40)}'" if kind else "none",
        do="choose one of these" if offered else "release a protocol first: it says what is needed",
    )


def last_day(day: date | None, *, today: date, past_meant: bool) -> date:
    """The last day something may be used. A day that is over has to be meant, one far off is refused."""
    if day is None:
        raise NotUnderstood(expected="the last day it may be used, YYYY-MM-DD", came="none", do="give the day")
    latest = today.replace(year=today.year + YEARS, day=min(today.day, 28))
    if not FIRST <= day <= latest:
        raise NotUnderstood(expected=f"a day from {FIRST} to {latest}", came=str(day), do="look at it again")
    if day < today and not past_meant:
        raise NotUnderstood(
            expected=f"{today} or a later day",
            came=f"{day}, which is over: it could be used for late entries only",
            do="correct it, or say that a day in the past is meant",
        )
    return day
