"""How many requests one caller may make: so many at once, and so many a second for long. Kept in this process.

A buffer for programs gone wrong, not a quota: every worker process counts for itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

AT_ONCE = 200
A_SECOND = 20.0
CALLERS = 10_000
"""Remembered at most; those that were not seen for long are forgotten first."""


@dataclass
class Pace:
    """A bucket for each caller that fills up again with time."""

    at_once: int = AT_ONCE
    a_second: float = A_SECOND
    clock: Callable[[], float] = time.monotonic
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait_for(self, caller: str) -> float:
        """Seconds that this caller has to wait; 0 when the request may go on, which is counted."""
        with self._lock:
            now = self.clock()
            left, seen = self._left.pop(caller, (float(self.at_once), now))
            left = min(float(self.at_once), left + (now - seen) * self.a_second)
            going = left >= 1
            self._left[caller] = (left - 1 if going else left, now)
            if len(self._left) > CALLERS:
                del self._left[next(iter(self._left))]
            return 0.0 if going else (1 - left) / self.a_second
