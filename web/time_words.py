"""How spans of time, windows and reasons are said to people: "2 days late", "opens 13 Mar, 00:00 CET".

Filters for templates. Returns text, never HTML.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask

from coi_tracker.process.windows import COUNTED_FROM
from coi_tracker.services.turns import NextStep, Way

IDS = re.compile(r"\bC[0-9A-Z]{12}/(\w+?)/(\d+)")
WAYS = {Way.NOW: "can be done", Way.LATER: "not yet", Way.BLOCKED: "blocked"}


def moment(at: datetime, zone: str) -> str:
    """An instant in the zone of a place, with the zone said."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%-d %b %Y, %H:%M} {'UTC' if zone == 'Etc/UTC' else local.tzname()}"


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


def plainly(text: str) -> str:
    """A text of the rules with what is only for programs left out: container ids, underscores."""
    shown = IDS.sub(lambda m: f"{m[1].replace('_', ' ')} {m[2]}", text)
    for name, words in COUNTED_FROM.items():
        shown = shown.replace(name, words) if "." in name else shown
    shown = re.sub(r"(?<=\w) as \w+$", "", shown)
    return re.sub(r"(?<=[a-z0-9])_(?=[a-z0-9])", " ", shown)


def way(one: Way) -> str:
    """How near a step is, in words."""
    return WAYS[one]


def register(app: Flask) -> None:
    """Give the templates these words."""
    for filter_ in (span, due, until, plainly, way):
        app.jinja_env.filters[filter_.__name__] = filter_
