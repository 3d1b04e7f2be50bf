"""Equipment: adding a piece, which draws its code, another end of its calibration, out of use and back."""

from __future__ import annotations

from functools import partial

from coi_tracker.course import Actor
from coi_tracker.identity import EquipmentCode
from coi_tracker.services import stock, stock_changes
from coi_tracker.services.stock import Line, Sort
from web.admin.shared import Shown, day, text
from web.session import record, working
from web.stock.shared import added, blueprint, changed, find, for_keepers, form, item, past_meant, with_day


@blueprint.get("/equipment/new")
@for_keepers
def new_equipment() -> str:
    """The form for a new piece."""
    return _form(None)


def _form(problem: str | None) -> str:
    return form("equipment", problem, kinds=stock.kinds(record()).equipment)


@blueprint.post("/equipment/new")
@for_keepers
def add_equipment() -> Shown:
    """Add it; its code is drawn."""
    return added(_add, _form, endpoint="stock.piece")


def _add(place: str, by: Actor) -> str:
    told = {"by": by, "reason": text("reason", 2000), "past_meant": past_meant()}
    return stock_changes.add_equipment(
        record(),
        place,
        kind=text("kind", 100),
        fit_until=day("until"),
        **told,  # type: ignore[arg-type]
    ).text


@blueprint.get("/equipment/<code>")
@for_keepers
def piece(code: str) -> str:
    """One piece of equipment."""
    return _page(find(Sort.EQUIPMENT, code), None)


def _page(one: Line, problem: str | None) -> str:
    uses = stock.uses(record(), one, who=working())
    return item(one, problem, uses=uses, shown=EquipmentCode(one.code).display(), process=record().process)


@blueprint.post("/equipment/<code>/calibration")
@for_keepers
def calibrate(code: str) -> Shown:
    """Another end of its calibration."""
    one = find(Sort.EQUIPMENT, code)

    def change(*about: object, **told: object) -> None:
        with_day(stock_changes.calibrate, "fit_until")(*about, **told)

    return changed(one, change, lambda problem: _page(one, problem))


@blueprint.post("/equipment/<code>/use")
@for_keepers
def use_equipment(code: str) -> Shown:
    """Out of use, or back."""
    one = find(Sort.EQUIPMENT, code)
    change = partial(stock_changes.use_equipment, in_use=one.since is not None)
    return changed(one, change, lambda problem: _page(one, problem))
