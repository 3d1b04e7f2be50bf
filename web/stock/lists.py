"""The three lists: what there is at the places that somebody keeps, searched and narrowed by how it stands."""

from __future__ import annotations

from flask import render_template, request

from coi_tracker.services import stock
from coi_tracker.services.stock import Sort, Stands
from web.session import record
from web.stock.shared import WORDS, blueprint, for_keepers, places

MOST = 300
"""Rows of a list; more are narrowed down."""


@blueprint.get("/lots")
@for_keepers
def lots() -> str:
    """Ancillary lots."""
    return _list(Sort.LOT)


@blueprint.get("/equipment")
@for_keepers
def equipment() -> str:
    """Pieces of equipment."""
    return _list(Sort.EQUIPMENT)


@blueprint.get("/shippers")
@for_keepers
def shippers() -> str:
    """Shippers."""
    return _list(Sort.SHIPPER)


def _list(sort: Sort) -> str:
    kept = places()
    search = request.args.get("search", "").strip()[:60]
    state, place = request.args.get("state", ""), request.args.get("place", "")
    wanted = {Stands(state)} if state in WORDS[sort] else set()
    there = place if place in kept else ""
    found = stock.narrowed(stock.lines(record(), sort, kept), search=search, place=there, stands=wanted)
    return render_template(
        "stock/list.html",
        sort=sort,
        lines=found[:MOST],
        count=len(found),
        search=search,
        state=state,
        chosen=there,
        places=kept,
    )
