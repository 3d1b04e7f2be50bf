"""The scan station: one page that takes every scan, and draws what the services say of it.

`blueprint` has the addresses. Decides nothing: what a scan is, what may be done and what is missing comes from
`coi_tracker.services.floor`.
"""

from __future__ import annotations

from web.station import cards, pending, temperature, views  # noqa: F401 - they add their addresses
from web.station.here import blueprint

__all__ = ["blueprint"]
