"""What the pages say of steps and rooms exists."""

from __future__ import annotations

import re

import pytest

from coi_tracker.process.til_v1 import TIL_V1
from tests import tree


def section(page: str, heading: str) -> str:
    """The text below a heading, up to the next one of its rank."""
    text = (tree.ROOT / "docs" / page).read_text()
    found = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    assert found is not None
    return found.group(1)


@pytest.mark.requirement("COI-PROC-01")
def test_words_of_the_requirement_lead_to_steps_that_exist() -> None:
    named = re.findall(r"`(\w+)`", section("process/README.md", "From the words of the requirement to steps"))
    assert len(named) > 30
    assert set(named) - TIL_V1.steps.keys() == {"late_entry"}


def test_reasons_and_decisions_name_steps_that_exist() -> None:
    """A word in code type that a person is told to use is a step, a role of the log, or a field."""
    text = (tree.ROOT / "docs" / "reasons.md").read_text()
    assert set(re.findall(r"What to do: .*?`(\w+)`", text)) - TIL_V1.steps.keys() == set()


@pytest.mark.requirement("COI-REPO-03")
def test_the_architecture_names_every_room() -> None:
    rooms = {p.parts[1] for p in tree.python_files("coi_tracker") if not p.name.startswith("__") or len(p.parts) > 2}
    told = set(re.findall(r"^\| `([\w.]+)/?`", section("architecture.md", "Rooms and arrows"), flags=re.MULTILINE))
    elsewhere = {"errors.py", "config.py", "isbt128.py", "simulation", "cli"}  # in words of the page, or small
    assert {room for room in rooms if room not in told and room not in elsewhere} == set()
