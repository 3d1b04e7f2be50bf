"""Every reason of the closed list is explained, once, in words that say what to do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from coi_tracker.process.reasons import EXPLAINED, GROUPS, OUTSIDE_THE_RULES, Explained, explain
from coi_tracker.vocabulary import ReasonCode
from tests import tree

RULES = [
    p for p in tree.python_files("coi_tracker") if p.parts[1] in {"process", "engine.py"} and "reasons" not in p.parts
]


@pytest.mark.requirement("COI-ENG-03", "COI-ENG-04")
def test_the_closed_list_and_the_explanations_match_exactly() -> None:
    explained = [one.code for group in GROUPS.values() for one in group]
    assert sorted(explained) == sorted(ReasonCode)


@pytest.mark.requirement("COI-ENG-04")
@pytest.mark.parametrize("one", EXPLAINED.values(), ids=lambda one: one.code.value)
def test_an_explanation_is_short_and_ends_in_something_to_do(one: Explained) -> None:
    assert explain(one.code) is one
    assert one.title[0].isupper()
    assert not one.title.endswith(".")
    assert len(one.title) <= 40
    for words in (one.meaning, one.do):
        assert words.endswith(".")
        assert words[0].isupper()
        assert len(words) <= 250
        assert "  " not in words


def test_no_two_reasons_have_the_same_title_or_meaning() -> None:
    assert len({one.title for one in EXPLAINED.values()}) == len(EXPLAINED)
    assert len({one.meaning for one in EXPLAINED.values()}) == len(EXPLAINED)


def given(path: Path) -> Iterator[str]:
    """The codes a file of the rules gives or stores, by name."""
    for node in ast.walk(tree.parsed(path)):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in {"Code", "ReasonCode"}:
            yield node.attr


@pytest.mark.requirement("COI-ENG-03")
def test_every_reason_is_given_by_the_rules_or_listed_as_given_elsewhere() -> None:
    by_rules = {ReasonCode[name] for path in RULES for name in given(path)}
    assert set(ReasonCode) - by_rules - OUTSIDE_THE_RULES.keys() == set()
