"""Sending the forms of administration, and what stands on their pages and in the log afterwards."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from coi_tracker.services import administration, people, printers
from coi_tracker.services.people import Person
from coi_tracker.vocabulary import Role
from tests.floor import Floor


@pytest.fixture
def admin(floor: Floor) -> FlaskClient:
    """The browser of an administrator."""
    return floor.client(floor.person(Role.ADMIN).id)


@pytest.fixture
def nurse(floor: Floor) -> Person:
    """Somebody whose account is changed."""
    return floor.person(Role.NURSE)


def found_in(text: str, pattern: str) -> str:
    """The first group of a pattern that has to be there."""
    found = re.search(pattern, text, re.DOTALL)
    assert found is not None, pattern
    return found[1]


def told(page: str) -> str:
    """What the page says before anything else, without marks."""
    found = re.search(r'role="(?:alert|status)">(.*?)</(?:p|div)>', page, re.DOTALL)
    return "" if found is None else re.sub(r"<[^>]+>", "", found[1])


def change(client: FlaskClient, path: str, **data: Any) -> str:
    """Send a form, see that it was taken, and give the page it leads to."""
    answer = client.post(path, data={"reason": "asked in person", **data})
    assert answer.status_code == 303, told(answer.text)
    page = client.get(answer.location)
    assert page.status_code == 200
    assert "Changed." in page.text or "done=1" not in answer.location
    assert "asked in person" in page.text
    return page.text


def refused(client: FlaskClient, path: str, **data: Any) -> str:
    """Send a form, see that it was not taken, and give what the page says."""
    answer = client.post(path, data={"reason": "asked in person", **data})
    assert answer.status_code == 400
    return told(answer.text)


def known(floor: Floor, account: str) -> Person:
    found = people.find_person(floor.record, account)
    assert found is not None
    return found


def printer(floor: Floor) -> printers.Printer:
    found = printers.find_printer(floor.record, "ward")
    assert found is not None
    return found


def latest(floor: Floor, target: administration.Target, key: str) -> administration.Change:
    return administration.changes_of(floor.record, target, key).changes[0]
