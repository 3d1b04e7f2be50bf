"""Shippers: adding one, which draws the serial of its label, another end of its qualification, out of use and back."""

from __future__ import annotations

from functools import partial

from coi_tracker.course import Actor
from coi_tracker.identity import LabelSerial
from coi_tracker.services import stock, stock_changes
from coi_tracker.services.stock import Line, Sort
from web.admin.shared import Shown, day, text
from web.session import record, working
from web.stock.shared import added, blueprint, changed, find, for_keepers, form, item, past_meant, with_day


@blueprint.get("/shippers/new")
@for_keepers
def new_shipper() -> str:
    """The form for a new one."""
    return _form(None)


def _form(problem: str | None) -> str:
    return form("shipper", problem)


@blueprint.post("/shippers/new")
@for_keepers
def add_shipper() -> Shown:
    """Add it; its serial is drawn."""
    return added(_add, _form, endpoint="stock.shipper")


def _add(place: str, by: Actor) -> str:
    reason = text("reason", 2000)
    return stock_changes.add_shipper(
        record(), place, until=day("until"), by=by, reason=reason, past_meant=past_meant()
    ).text


@blueprint.get("/shippers/<code>")
@for_keepers
def shipper(code: str) -> str:
    """One shipper."""
    return _page(find(Sort.SHIPPER, code), None)


def _page(one: Line, problem: str | None) -> str:
    inside = stock.loaded_for(record(), one.code, who=working())
    return item(one, problem, inside=inside, shown=LabelSerial(one.code).display())


@blueprint.post("/shippers/<code>/qualification")
@for_keepers
def qualify(code: str) -> Shown:
    """Another end of its qualification."""
    one = find(Sort.SHIPPER, code)

    def change(*about: object, **told: object) -> None:
        with_day(stock_changes.qualify, "until")(*about, **told)

    return changed(one, change, lambda problem: _page(one, problem))


@blueprint.post("/shippers/<code>/use")
@for_keepers
def use_shipper(code: str) -> Shown:
    """Out of use, or back."""
    one = find(Sort.SHIPPER, code)
    change = partial(stock_changes.use_shipper, in_use=one.since is not None)
    return changed(one, change, lambda problem: _page(one, problem))
