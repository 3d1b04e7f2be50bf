"""What a failure of the database means to who asked: whether to send the same thing again."""

from __future__ import annotations

from coi_tracker.errors import CoiError
from coi_tracker.storage.faults import DurabilityUnknown, StorageUnavailable, Why


def may_be_sent_again(error: CoiError) -> bool:
    """Whether the same attempt, with the same id, will do: others were busy with the record, or nobody knows yet."""
    if isinstance(error, DurabilityUnknown):
        return True
    return isinstance(error, StorageUnavailable) and error.why is Why.BUSY
