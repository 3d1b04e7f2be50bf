"""Places, what they are and can do in a day, and the days on which they do not work."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby
from zoneinfo import available_timezones

from flask import abort, render_template, url_for

from coi_tracker.errors import NotUnderstood
from coi_tracker.services import administration, printers, setup
from coi_tracker.services.administration import Place
from coi_tracker.vocabulary import PlaceKind
from web.admin.shared import (
    Shown,
    blueprint,
    by,
    day,
    done,
    for_admins,
    history,
    reason,
    text,
    tried,
    typed,
    whole_number,
)
from web.session import record

MOST_DAYS = 366
SATURDAY = 5


@blueprint.get("/places")
@for_admins
def places() -> str:
    """Every place."""
    return render_template("admin/places.html", places=administration.places(record()))


@blueprint.get("/places/new")
@for_admins
def new_place() -> str:
    """The form for a new one."""
    return _new_place(None)


def _new_place(problem: str | None) -> str:
    return render_template("admin/place_new.html", problem=problem, one=None, **_choices())


def _choices() -> dict[str, object]:
    return {"kinds": list(PlaceKind), "zones": sorted(zone for zone in available_timezones() if "/" in zone)}


@blueprint.post("/places/new")
@for_admins
def add_place() -> Shown:
    """Add it. An id that is taken is refused: a place is changed on its own page."""
    key = text("key", 60)

    def add() -> None:
        if any(one.id == key for one in administration.places(record())):
            raise NotUnderstood(expected="an id that no place has", came=f"{key}, which is taken", do="choose another")
        _put(key)

    return tried(add, _new_place, then=url_for("admin.place", key=key))


def _put(key: str) -> None:
    try:
        kind = PlaceKind(text("kind", 20))
    except ValueError:
        raise NotUnderstood(expected="a kind of place of the list", came="another word", do="choose one") from None
    setup.put_place(
        record(),
        key,
        kind=kind,
        name=text("name", 200),
        country=text("country", 10).upper(),
        zone=text("zone", 60),
        daily_capacity=whole_number("daily_capacity"),
        by=by(),
        reason=reason(),
    )


@blueprint.get("/places/<key>")
@for_admins
def place(key: str) -> str:
    """One place with its calendar."""
    return _page(key, None)


def _find(key: str) -> Place:
    return next((one for one in administration.places(record()) if one.id == key), None) or abort(404)


def _page(key: str, problem: str | None) -> str:
    one = _find(key)
    today = record().clock().date()
    closed = [found for found in administration.closed_days(record(), key) if found >= today]
    return render_template(
        "admin/place.html",
        one=one,
        problem=problem,
        done=done(),
        months=[(month, list(days)) for month, days in groupby(closed, key=lambda one: f"{one:%B %Y}")],
        stations=[found for found in administration.stations(record()) if found.place == key],
        printers=[found for found in printers.printers(record()) if found.place == key],
        today=today,
        history=history("place", key),
        **_choices(),
    )


@blueprint.post("/places/<key>/details")
@for_admins
def change_place(key: str) -> Shown:
    """What is known of it from now on."""
    _find(key)
    return tried(lambda: _put(key), lambda problem: _page(key, problem), then=url_for("admin.place", key=key))


@blueprint.post("/places/<key>/days")
@for_admins
def change_days(key: str) -> Shown:
    """Days on which it does not work, or works after all."""
    _find(key)

    def change() -> None:
        days = _days()
        act = setup.open_days if text("wish", 20) == "open" else setup.close_days
        act(record(), key, days=days, by=by(), reason=reason())

    return tried(change, lambda problem: _page(key, problem), then=url_for("admin.place", key=key))


def _days() -> list[date]:
    """The days of the form: from, to, perhaps weekends only. Raises NotUnderstood."""
    first, last = day("first"), day("last")
    first, last = first or last, last or first
    if first is None or last is None or not timedelta(0) <= last - first < timedelta(days=MOST_DAYS):
        raise NotUnderstood(
            expected=f"a first and a last day, at most {MOST_DAYS} days", came="other days", do="choose them again"
        )
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [one for one in days if one.weekday() >= SATURDAY] if typed("days", "weekends") else days
