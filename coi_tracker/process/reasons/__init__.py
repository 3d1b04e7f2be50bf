"""Every reason for a refusal in plain words: what it is called, what it means, what the person does next.

A file a group of words; this one puts them together. Knows no step and no screen. docs/reasons.md is printed from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from coi_tracker.process.reasons.people import PEOPLE
from coi_tracker.process.reasons.rules import RULES
from coi_tracker.process.reasons.scans import SCANS
from coi_tracker.process.reasons.words import Explained
from coi_tracker.vocabulary import ReasonCode as Code

__all__ = ["EXPLAINED", "GROUPS", "OUTSIDE_THE_RULES", "Explained", "explain", "markdown"]

GROUPS: Mapping[str, tuple[Explained, ...]] = MappingProxyType(
    {
        "What was scanned": SCANS,
        "Who, where and when": PEOPLE,
        "What the work needs": RULES,
    }
)
"""The codes under the headings they are printed with."""

EXPLAINED: Mapping[Code, Explained] = MappingProxyType({one.code: one for group in GROUPS.values() for one in group})
"""Every code of the closed list, explained."""

OUTSIDE_THE_RULES: Mapping[Code, str] = MappingProxyType(
    {
        Code.MALFORMED_LABEL: "the services, when what was read cannot be parsed as a label",
        Code.CONFLICT_RETRY: "the services, when two people change the same thing at the same moment",
    }
)
"""Codes that no need and no part of the engine gives: who does instead."""


def explain(code: Code) -> Explained:
    """What a code means and what to do next."""
    return EXPLAINED[code]


def markdown() -> str:
    """The page of reasons."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Reasons for a refusal"
    yield ""
    yield "A refusal changes nothing but the record: it is kept with all of its reasons, each with what was expected"
    yield "and what was found. The list of codes is closed. Printed from the code by"
    yield "`python -m coi_tracker.process.describe --pin`; a test holds this page equal to it."
    yield ""
    yield "Never work round a refusal. What the screen refuses, two people at another station would be refused as well;"
    yield "where the tracker is wrong, put the container where it belongs, stop, and call quality."
    for heading, group in GROUPS.items():
        yield ""
        yield f"## {heading}"
        for one in group:
            yield ""
            yield f"### {one.code}"
            yield ""
            yield f"**{one.title}.** {one.meaning}"
            yield ""
            yield f"What to do: {one.do}"
