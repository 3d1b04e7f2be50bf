"""The shape of an explanation: a title, what it means, what the person does next.

Written for somebody in gloves in front of a bag: short, concrete, one thing after the other.
"""

from __future__ import annotations

from dataclasses import dataclass

from coi_tracker.vocabulary import ReasonCode


@dataclass(frozen=True, slots=True)
class Explained:
    """One reason code for people."""

    code: ReasonCode
    title: str
    meaning: str
    do: str
