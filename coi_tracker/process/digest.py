"""The digest of a process definition: one written form of everything it declares, and its SHA-256.

Covers what is declared (steps, needs and effects with their classes and values, the evidence and moves that classes
declare), not the code behind it: which code decided is said by the software version in every entry.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from coi_tracker.course import Definition
from coi_tracker.process.spec import Process

DECLARED = ("ASKS", "REACHES")
"""What classes of needs and effects declare for all of their values, and is part of the meaning of a step."""


def digest(process: Process) -> str:
    """SHA-256 (hex) of the canonical JSON of the whole definition: keys sorted, sets sorted, no spaces."""
    return hashlib.sha256(text(process).encode()).hexdigest()


def definition(process: Process) -> Definition:
    """How an entry names a process. Cheap after the first time: every attempt asks for it."""
    return _definition(_Same(process))


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """A process as the key of a cache: the very same value, because it holds mappings and has no hash of its own."""

    process: Process

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.process is self.process

    def __hash__(self) -> int:
        return id(self.process)


@lru_cache(maxsize=16)
def _definition(same: _Same) -> Definition:
    process = same.process
    return Definition(process.key, process.version, digest(process))


def text(value: Any) -> str:
    """The canonical JSON of a value of the process language."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, frozenset):
        return sorted((_plain(one) for one in value), key=text)
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    return _with_class(value)


def _with_class(value: Any) -> dict[str, Any]:
    """A value with the name of its class: two needs with the same fields are not the same need."""
    kind = type(value)
    if not is_dataclass(value):
        raise TypeError(f"no canonical form for a {kind.__name__}: a definition holds values only")
    found = {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    declared = {word: _plain(getattr(kind, word)) for word in DECLARED if hasattr(kind, word)}
    return {"is": kind.__name__, **found, **declared}
