"""The scenes that the matrix and the mutations are made of: made once, they are frozen values."""

from __future__ import annotations

from functools import cache

from coi_tracker.protocols import builtin
from coi_tracker.simulation.scenes import scenes
from coi_tracker.simulation.spoil import spoils
from coi_tracker.simulation.spoiling import Scene, Spoiled

TRIAL, EXAMPLE = "iov_lun_202", "example_melanoma_til"


@cache
def scenes_of(study: str) -> dict[str, tuple[Scene, ...]]:
    """Right attempts for every step, one of each sort."""
    return scenes(builtin(study))


@cache
def spoiled(study: str, step: str) -> tuple[Spoiled, ...]:
    """Every way to spoil the right attempts of a step."""
    return tuple(one for scene in scenes_of(study)[step] for one in spoils(scene))
