"""Lots: adding one, another last day, a recall, and for quality assurance the courses that it went into."""

from __future__ import annotations

from functools import partial

from coi_tracker.course import Actor
from coi_tracker.services import stock, stock_changes
from coi_tracker.services.stock import Line, Sort
from web.admin.shared import Shown, day, text
from web.session import record, working
from web.stock.shared import added, blueprint, changed, find, for_keepers, form, item, past_meant

LONGEST = 20_000
"""Characters that are looked at, to say how many came."""


@blueprint.get("/lots/new")
@for_keepers
def new_lot() -> str:
    """The form for a new one."""
    return _form(None)


def _form(problem: str | None) -> str:
    return form("lot", problem, kinds=stock.kinds(record()).lots)


@blueprint.post("/lots/new")
@for_keepers
def add_lot() -> Shown:
    """Add it."""
    return added(_add, _form, endpoint="stock.lot")


def _add(place: str, by: Actor) -> str:
    made = stock_changes.add_lot(
        record(),
        text("code", LONGEST),
        kind=text("kind", 100),
        expires=day("until"),
        place=place,
        by=by,
        reason=text("reason", 2000),
        past_meant=past_meant(),
    )
    return made.code


@blueprint.get("/lots/<code>")
@for_keepers
def lot(code: str) -> str:
    """One lot."""
    return _page(find(Sort.LOT, code), None)


def _page(one: Line, problem: str | None) -> str:
    uses = stock.uses(record(), one, who=working())
    return item(one, problem, uses=uses, kinds=stock.kinds(record()).lots, process=record().process)


@blueprint.post("/lots/<code>/details")
@for_keepers
def change_lot(code: str) -> Shown:
    """Another last day or kind."""
    one = find(Sort.LOT, code)

    def change(*about: object, **told: object) -> None:
        known = {"expires": day("until"), "kind": text("kind", 100) or None, "past_meant": past_meant()}
        partial(stock_changes.change_lot, **known)(*about, **told)  # type: ignore[arg-type]

    return changed(one, change, lambda problem: _page(one, problem))


@blueprint.post("/lots/<code>/recall")
@for_keepers
def recall_lot(code: str) -> Shown:
    """A recall, or taking it back."""
    one = find(Sort.LOT, code)
    change = partial(stock_changes.recall_lot, recalled=not one.recalled)
    return changed(one, change, lambda problem: _page(one, problem))
