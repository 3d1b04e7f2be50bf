"""One written form of protocol values, whatever file they were read from: for digests.

Knows dataclasses, tables and quantities in general, not what a protocol is. Comments, the order of keys in a
table and the way a number is written (60, 60.0, 6e1) do not change the form; the order of a list does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from decimal import Decimal
from enum import Enum

from coi_tracker.protocols.quantities import number_text


def digest_of(value: object) -> str:
    """SHA-256 (hex) of the canonical JSON: keys sorted, no spaces, no floats, as in RFC 8785."""
    text = json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def plain(value: object) -> object:
    """The value as JSON knows it: decimals as shortest text, durations as whole seconds."""
    if is_dataclass(value):
        return {given.name: plain(getattr(value, given.name)) for given in fields(value) if given.init}
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [plain(entry) for entry in value]
    return _plain_leaf(value)


def _plain_leaf(value: object) -> object:
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, timedelta):
        return value // timedelta(seconds=1)
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"no canonical form for a {type(value).__name__}")
