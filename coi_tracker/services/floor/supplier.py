"""A supplier's GS1 symbol, scanned where a lot may be: which lot of the record it is, or why it is none."""

from __future__ import annotations

from dataclasses import dataclass

from coi_tracker.course import Lot, Reason
from coi_tracker.errors import NotUnderstood
from coi_tracker.gs1 import SupplierCode, read_supplier_code
from coi_tracker.identity import safe_excerpt
from coi_tracker.process.look import reason
from coi_tracker.services.floor.targets import nameable
from coi_tracker.storage import registry
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import ReasonCode as Code


@dataclass(frozen=True, slots=True)
class SupplierLot:
    """What a symbol names. ``lot``: the lot of the record, to be used only when there is no ``wrong``."""

    lot: Lot | None
    wrong: Reason | None = None

    @property
    def code(self) -> str:
        """The code of the lot; nothing when the record has none."""
        return "" if self.lot is None else self.lot.code


def supplier_lot(tx: Transaction, text: str) -> SupplierLot | None:
    """The lot of a supplier's symbol; None for other text, and for what is the code of a lot as it stands.

    The day in the symbol has to be the day of the record: a container of another day is not the lot that was entered.
    """
    wanted = nameable(text)
    if wanted and registry.find_lot(tx, wanted) is not None:
        return None
    try:
        found = read_supplier_code(text)
    except NotUnderstood as error:
        return SupplierLot(None, reason(Code.LOT_UNKNOWN, error.expected, error.came))
    return None if found is None else _compared(found, registry.find_lot(tx, found.lot))


def _compared(found: SupplierCode, known: Lot | None) -> SupplierLot:
    shown = safe_excerpt(found.lot, 40)
    if known is None:
        return SupplierLot(None, reason(Code.LOT_UNKNOWN, "a lot of the record", f"lot {shown} of a supplier's symbol"))
    if found.expires not in (None, known.expires):
        expected = f"lot {shown} as it is in the record, which expires {known.expires}"
        return SupplierLot(known, reason(Code.LOT_UNKNOWN, expected, f"a symbol with {found.expires}"))
    return SupplierLot(known)
