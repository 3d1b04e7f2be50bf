"""A clock that a simulation moves by hand, to be given to a `Record` as its clock. Knows nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from coi_tracker.errors import BrokenPromise


@dataclass
class Clock:
    """The time of a simulation. Call it to read it; it goes forward only."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def forward_to(self, moment: datetime) -> None:
        """Be at that moment, unless it is past already."""
        self.now = max(self.now, moment)

    def forward(self, span: timedelta) -> None:
        """Be that much later. Raises BrokenPromise for a span backwards."""
        if span < timedelta(0):
            raise BrokenPromise(
                expected="a clock that goes forward", came=str(span), do="report this fault of the simulation"
            )
        self.now += span
