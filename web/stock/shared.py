"""What the pages of the stock share: who keeps it, finding a thing, its history, and how it stands in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from coi_tracker.course import Actor, PlaceId
from coi_tracker.errors import NotUnderstood
from coi_tracker.services import stock, stock_changes, stock_rules
from coi_tracker.services.administration import Changes, Place, changes_at_place
from coi_tracker.services.stock import Line, Sort, Stands
from coi_tracker.vocabulary import Role
from web.access import for_roles
from web.admin.shared import SECTIONS, Shown, day, done, reason, text, typed
from web.navigation import open_to
from web.session import record, working

blueprint = Blueprint("stock", __name__, url_prefix="/stock")
for_keepers = for_roles(Role.QA, Role.ADMIN)

WORDS: Mapping[Sort, Mapping[Stands, str]] = {
    Sort.LOT: {
        Stands.GOOD: "in date",
        Stands.ENDS_SOON: "expires within 30 days",
        Stands.OVER: "expired",
        Stands.RECALLED: "recalled",
    },
    Sort.EQUIPMENT: {
        Stands.GOOD: "calibrated",
        Stands.ENDS_SOON: "calibration ends within 30 days",
        Stands.OVER: "calibration over",
        Stands.OUT_OF_USE: "out of use",
    },
    Sort.SHIPPER: {
        Stands.GOOD: "qualified, empty",
        Stands.LOADED: "loaded",
        Stands.ENDS_SOON: "qualification ends within 30 days",
        Stands.OVER: "qualification over",
        Stands.OUT_OF_USE: "out of use",
    },
}
"""How a thing stands, as people say it."""
STOPPED = frozenset({Stands.OVER, Stands.RECALLED, Stands.OUT_OF_USE})
"""A step refuses it."""


@blueprint.context_processor
def _ways() -> dict[str, object]:
    ways = [one for one in SECTIONS if open_to(one.endpoint, working())]
    return {"sections": ways, "typed": typed, "words_for": WORDS, "stopped": STOPPED, "Stands": Stands}


@blueprint.get("")
@for_keepers
def first() -> AnyResponse:
    """To the lots."""
    return redirect(url_for("stock.lots"))


def places() -> dict[PlaceId, Place]:
    """The places whose stock this person keeps."""
    return stock.places_kept(record(), working())


def find(sort: Sort, code: str) -> Line:
    """The thing of an address; 404 for none, and for what belongs to a place that is somebody else's."""
    return stock.line(record(), sort, code, places()) or abort(404)


def keeper(place: str) -> Actor:
    """As whom this person changes the stock of a place. Raises NotUnderstood, also for a place of somebody else."""
    if place not in places():
        raise NotUnderstood(expected="a place of the list", came="another one", do="choose one")
    return stock_rules.keeper(working(), place, today=stock_changes.today_at(record(), place))


def answers_for(place: str) -> bool:
    """Whether this person is the quality assurance of a place: her word lets something go on."""
    return place in stock.answers_for(working())


def history(one: Line) -> Changes:
    """What was changed of a thing; older changes where the address asks for them."""
    first = request.args.get("from", "")
    number = int(first) if first.isascii() and first.isdigit() and len(first) < 10 else None
    key = f"shipper/{one.code}" if one.sort is Sort.SHIPPER else one.code
    return changes_at_place(record(), one.place, what=one.sort, key=key, first=number, most=20)


def item(one: Line, problem: str | None, **more: object) -> str:
    """The page of a thing."""
    found = places()[one.place]
    return render_template(
        f"stock/{one.sort}.html",
        one=one,
        place=found,
        problem=problem,
        done=done(),
        quality=answers_for(one.place),
        history=history(one),
        **more,
    )


def changed(one: Line, change: Callable[..., object], page: Callable[[str], str]) -> Shown:
    """Make a change of a thing, by this person and for the reason of the form; or show its page with what was wrong."""
    try:
        change(record(), one.code, by=keeper(one.place), reason=reason())
    except NotUnderstood as error:
        return page(str(error)), 400
    return redirect(request.path.rpartition("/")[0] + "?done=1", code=303)


def added(make: Callable[[str, Actor], str], page: Callable[[str], str], *, endpoint: str) -> Shown:
    """Add a thing at the place of the form, and go on to its page; or show the form again."""
    place = text("place", 100)
    try:
        code = make(place, keeper(place))
    except NotUnderstood as error:
        return page(str(error)), 400
    return redirect(url_for(endpoint, code=code, done=1), code=303)


def form(name: str, problem: str | None, **more: object) -> str:
    """The form for a new thing."""
    return render_template(f"stock/{name}_new.html", problem=problem, places=places(), **more)


def past_meant() -> bool:
    """Whether the form says that a day in the past is meant."""
    return text("past", 10) == "yes"


def with_day(change: Callable[..., object], name: str) -> Callable[..., object]:
    """A change that takes the day of the form, under the name it has for it. Raises NotUnderstood."""
    return partial(change, **{name: day("until")}, past_meant=past_meant())
