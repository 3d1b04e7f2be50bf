"""Prompts for people: identifiers of the person in front, answers to criteria and to the recheck list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from coi_tracker.process.enrolment import Identified
from coi_tracker.process.spec import FieldKind
from coi_tracker.services import plain
from coi_tracker.services.floor.screen import Choice, Progress, Prompt, PromptKind
from coi_tracker.services.floor.view import View
from coi_tracker.vocabulary import ContainerKind

IDENTIFIERS: Mapping[str, tuple[str, FieldKind]] = {
    "birth_date": ("the birth date, as the person says it", FieldKind.DATE),
    "subject_number": ("the subject number of the trial", FieldKind.TEXT),
    "name": ("the name, as the person says it", FieldKind.TEXT),
    "record_number": ("the record number of the hospital", FieldKind.TEXT),
}
"""In the order they are asked for; one that cannot be had is left out, and the next one is asked for instead."""
NEEDED = 2


def ask_identifiers(need: Identified, view: View) -> Iterator[Prompt]:
    """Two identifiers of the person, unless a wristband that will do was scanned."""
    if need.wristband and _wristband_read(view):
        return
    given, passed = view.draft.identifiers, view.draft.passed
    left = NEEDED - len(given)
    for name, (asks, shape) in IDENTIFIERS.items():
        if name not in given and (left <= 0 or f"identifier.{name}" in passed):
            continue
        left -= name not in given
        yield Prompt(
            f"identifier.{name}",
            PromptKind.IDENTIFIER,
            asks,
            Progress.OPEN,
            shape=shape,
            personal=True,
            given=("matches",) if name in given else (),
        )


def _wristband_read(view: View) -> bool:
    bands = {c.serial for c in view.course.of_kind(ContainerKind.WRISTBAND)}
    return any(r.serial in bands for r in view.draft.reads)


def ask_answers(view: View) -> Iterator[Prompt]:
    """A prompt for every criterion of the protocol, with the answers it allows."""
    for one in view.protocol.criteria:
        words = ["met", "not_met"]
        words += ["waived"] if one.waivable else []
        words += ["outstanding"] if one.may_be_outstanding else []
        words += ["not_applicable"] if one.not_for else []
        choices = tuple(Choice(w, plain.words(w)) for w in words)
        yield _answer(one.key, one.text, FieldKind.CHOICE, view, choices=choices, closed=True)


def ask_recheck(view: View) -> Iterator[Prompt]:
    """A prompt for every item of the recheck list."""
    for one in view.protocol.treatment.recheck:
        unit = None if one.unit == "none" else one.unit
        yield _answer(one.key, one.text, FieldKind.TEXT, view, unit=unit, limits=plain.words(one.limit))


def _answer(key: str, asks: str, shape: FieldKind, view: View, **more: Any) -> Prompt:
    value = dict(view.evidence.get("answers") or {}).get(key)
    given = () if value is None else (plain.words(value),)
    return Prompt(f"field.answers.{key}", PromptKind.FIELD, asks, Progress.OPEN, shape=shape, given=given, **more)
