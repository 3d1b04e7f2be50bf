"""Pages of administration: accounts, places, days, stations, printers, studies, other systems. Nothing of a course.

For administrators only, whatever other roles somebody has. Every change has a reason and is an entry; the services
make it. A page of a target shows what was changed of it.
"""

from __future__ import annotations

from web.admin import accounts, badges, integrations, places, printers, proofs, stations, studies
from web.admin.shared import blueprint

__all__ = ["accounts", "badges", "blueprint", "integrations", "places", "printers", "proofs", "stations", "studies"]
