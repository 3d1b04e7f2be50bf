"""Stations: adding one, which draws its code, and one with its name, place and end."""

from __future__ import annotations

from flask import Response, abort, redirect, render_template, url_for

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import StationCode
from coi_tracker.services import administration, setup
from coi_tracker.services.administration import Station
from labels.content import LabelContent
from labels.kinds import LabelKind
from web.admin.shared import Shown, blueprint, by, done, for_admins, history, reason, text, tried
from web.session import record
from web.thing_labels import answer, on_a_label


@blueprint.get("/stations")
@for_admins
def stations() -> str:
    """Every station there ever was."""
    return _stations(None)


def _stations(problem: str | None) -> str:
    places = administration.places(record())
    return render_template(
        "admin/stations.html",
        stations=administration.stations(record()),
        places={place.id: place for place in places},
        problem=problem,
    )


@blueprint.post("/stations")
@for_admins
def add_station() -> Shown:
    """Add one at a place; its code is drawn."""
    try:
        code = setup.put_station(record(), text("place", 100), name=text("name", 200), by=by(), reason=reason())
    except NotUnderstood as error:
        return _stations(str(error)), 400
    return redirect(url_for("admin.station", code=code.text, done=1), code=303)


def _find(code: str) -> Station:
    return next((one for one in administration.stations(record()) if one.code == code), None) or abort(404)


@blueprint.get("/stations/<code>")
@for_admins
def station(code: str) -> str:
    """One station."""
    return _page(code, None)


def _page(code: str, problem: str | None) -> str:
    one = _find(code)
    return render_template(
        "admin/station.html",
        one=one,
        shown=StationCode(one.code).display(),
        places={place.id: place for place in administration.places(record())},
        problem=problem,
        done=done(),
        history=history("station", one.code),
    )


@blueprint.get("/stations/<code>/label.<form>")
@for_admins
def station_label(code: str, form: str) -> Response:
    """The label that stands on it, so that a device becomes it with one scan."""
    one = _find(code)
    site = next(place.name for place in administration.places(record()) if place.id == one.place)
    called = on_a_label(one.name)
    content = LabelContent(StationCode(code), LabelKind.STATION, None, None, None, on_a_label(site), place=called)
    return answer(content, form, name=f"station-{code}")


@blueprint.post("/stations/<code>/details")
@for_admins
def change_station(code: str) -> Shown:
    """Another name or place."""
    active = _find(code).active
    return tried(
        lambda: _put(code, text("place", 100), text("name", 200), active=active),
        lambda problem: _page(code, problem),
        then=url_for("admin.station", code=code),
    )


@blueprint.post("/stations/<code>/active")
@for_admins
def end_station(code: str) -> Shown:
    """Out of use, or back."""
    one = _find(code)
    return tried(
        lambda: _put(code, one.place, one.name, active=not one.active),
        lambda problem: _page(code, problem),
        then=url_for("admin.station", code=code),
    )


def _put(code: str, place: str, name: str, *, active: bool) -> None:
    known = StationCode(code)
    setup.put_station(record(), place, name=name, code=known, active=active, by=by(), reason=reason())
