"""The stock of a place: ancillary lots, equipment, shippers. What there is, how it stands, and changing it.

For quality assurance of the place, and for administrators, who see no course here either. Every change has a reason
and is an entry; the services make it. What somebody does not keep is not found.
"""

from __future__ import annotations

from web.stock import equipment, label, lists, lots, shippers
from web.stock.shared import blueprint

__all__ = ["blueprint", "equipment", "label", "lists", "lots", "shippers"]
