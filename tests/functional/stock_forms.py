"""Sending the forms of the stock, and what stands in the log of a thing afterwards."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient

from coi_tracker.services import administration, people
from coi_tracker.services.administration import Change
from coi_tracker.services.changes import INSTALLER
from coi_tracker.vocabulary import Role
from tests.floor import Floor

HERE, THERE = "fac-rhine", "fac-east"


def in_days(floor: Floor, days: int) -> str:
    """A day, counted from today."""
    return (floor.clock().date() + timedelta(days=days)).isoformat()


def quality(floor: Floor, place: str = HERE) -> FlaskClient:
    """The browser of quality assurance of a place."""
    return floor.client(floor.person(Role.QA, place).id)


def with_role(floor: Floor, name: str, role: Role, place: str, *, trained: int | None = 100) -> str:
    """An account with one role at one place, trained for so many days."""
    until = None if trained is None else floor.clock().date() + timedelta(days=trained)
    people.add_account(floor.record, name, name=name.title(), by=INSTALLER, reason="x", hasher=people.INVENTED)
    people.give_role(floor.record, name, role=role, place=place, trained_until=until, by=INSTALLER, reason="x")
    return name


def add(client: FlaskClient, sort: str, **data: Any) -> str:
    """Add a thing; the address of its page."""
    answer = client.post(f"/stock/{sort}/new", data={"place": HERE, "reason": "delivered today", **data})
    assert answer.status_code == 303, re.sub(r"<[^>]+>", "", answer.text)
    return str(answer.location).partition("?")[0]


def latest(floor: Floor, what: str, key: str, place: str = HERE) -> Change:
    return administration.changes_at_place(floor.record, place, what=what, key=key).changes[0]


def touched(change: Change) -> dict[str, tuple[Any, Any]]:
    return {one.name: (one.old, one.new) for one in change.values}
