"""How spans of time, windows and reasons are said to people: "2 days late", "opens 13 Mar, 00:00 CET".

Filters for templates. Returns text, never HTML.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from flask import Flask

from coi_tracker.services import plain
from coi_tracker.services.administration import Place
from coi_tracker.services.plain import moment
from coi_tracker.services.turns import NextStep, Way

_AS_ROLE = re.compile(r"(?<=\w) as \w+$")
WAYS = {Way.NOW: "can be done", Way.LATER: "not yet", Way.BLOCKED: "blocked"}


def span(delta: timedelta) -> str:
    """A span as people say it: minutes up to two hours, hours up to two days, then days."""
    minutes = abs(int(delta.total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{minutes // (24 * 60)} days"


def due(one: NextStep, now: datetime) -> str:
    """When it has to be done, in a few words. Nothing where nothing says so."""
    if one.late and one.due_at is not None:
        return f"late by {span(now - one.due_at)}"
    if one.opens_at is not None and one.opens_at > now:
        return f"not before {moment(one.opens_at, one.zone)}"
    if one.due_at is not None:
        return f"within {span(one.due_at - now)}"
    return ""


def until(one: NextStep) -> str:
    """The end of its window; a whole day as a day."""
    if one.due_at is None:
        return ""
    shown = moment(one.due_at, one.zone)
    return shown.replace(", 23:59", ", end of the day")


def plainly(text: str, zone: str = "Etc/UTC", places: Mapping[str, Place] | None = None) -> str:
    """A text of the rules in words, as a station says it: times in a zone, places by their names."""
    names = {key: one.name for key, one in (places or {}).items()}
    return plain.plainly(_AS_ROLE.sub("", text), zone=zone, names=names)


def way(one: Way) -> str:
    """How near a step is, in words."""
    return WAYS[one]


def register(app: Flask) -> None:
    """Give the templates these words."""
    for filter_ in (span, due, until, plainly, way):
        app.jinja_env.filters[filter_.__name__] = filter_
