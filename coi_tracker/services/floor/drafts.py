"""A step that somebody has begun at a station: begun, answered, taken back, left, and found again.

Kept by the server for each station and account. `once` is an id like a scan's: a repeated call with it does nothing.
"""

from __future__ import annotations

from coi_tracker.services.floor.screen import Outcome
from coi_tracker.services.floor.standing import Standing
from coi_tracker.services.record import Record


def begin(record: Record, at: Standing, step: str, *, chain: str | None = None, once: str | None = None) -> Outcome:
    """Begin a step, on the chain given or on what was scanned last here. What was begun before is dropped."""
    raise NotImplementedError


def put(record: Record, at: Standing, key: str, value: object, *, once: str | None = None) -> Outcome:
    """Answer the prompt with this key: by text as it would be scanned, or a JSON value. None takes the answer back."""
    raise NotImplementedError


def take_back(record: Record, at: Standing, key: str, value: str | None = None, *, once: str | None = None) -> Outcome:
    """Take back what was scanned for a prompt: one serial or code, or (None) all of it."""
    raise NotImplementedError


def back(record: Record, at: Standing, *, once: str | None = None) -> Outcome:
    """Take back the last thing that was scanned or answered."""
    raise NotImplementedError


def acknowledge(record: Record, at: Standing, *, once: str | None = None) -> Outcome:
    """A refusal was read. After a refused hand-in the step can be corrected and handed in again, as a new attempt."""
    raise NotImplementedError


def cancel(record: Record, at: Standing, *, once: str | None = None) -> Outcome:
    """Drop what was begun; nothing of it is recorded. With nothing begun: forget what was scanned."""
    raise NotImplementedError


def resume(record: Record, at: Standing) -> Outcome:
    """The screen as it was left at this station by this person, also after a restart or somebody else's work."""
    raise NotImplementedError
