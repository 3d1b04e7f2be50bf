"""Definitions broken on purpose: `til_v1` with one thing about it changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from coi_tracker.process.spec import Process, Step
from coi_tracker.process.til_v1 import TIL_V1


def without(name: str) -> Process:
    """The process without one step, in its chapters too."""
    chapters = {title: tuple(n for n in names if n != name) for title, names in TIL_V1.chapters.items()}
    return replace(TIL_V1, steps={k: v for k, v in TIL_V1.steps.items() if k != name}, chapters=chapters)


def changed(name: str, **fields: Any) -> Process:
    """The process with some fields of one step changed."""
    return with_step(replace(TIL_V1.steps[name], **fields))


def with_step(step: Step) -> Process:
    """The process with this step in place of the one of its name."""
    return replace(TIL_V1, steps={**TIL_V1.steps, step.name: step})


def needs_without(name: str, *kinds: type) -> Process:
    """The process with some needs of one step taken away, by class."""
    step = TIL_V1.steps[name]
    return changed(name, needs=tuple(n for n in step.needs if not isinstance(n, kinds)))


def needs_with(name: str, *more: Any) -> Process:
    """The process with some needs added to one step."""
    return changed(name, needs=(*TIL_V1.steps[name].needs, *more))


def effects_with(name: str, *more: Any) -> Process:
    """The process with some effects added to one step."""
    return changed(name, effects=(*TIL_V1.steps[name].effects, *more))
