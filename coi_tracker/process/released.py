"""The process definitions this software knows, with the digest each is pinned to.

A released definition never changes: what is to be different is another version beside it. Until the first release
the pin follows the definition by `python -m coi_tracker.process.describe --pin`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from coi_tracker.course import Definition
from coi_tracker.errors import NotUnderstood
from coi_tracker.process.spec import Process
from coi_tracker.process.til_v1 import TIL_V1

PROCESSES: Mapping[tuple[str, str], Process] = MappingProxyType({(p.key, p.version): p for p in (TIL_V1,)})

RELEASED: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("til", "1"): "d2366be48d0f5a31ed36b8f7859f9327540cb604acee3bc8f3e020226260908d",
    }
)
"""The digest of each definition when it was released. Lines are added, never changed."""


def released(key: str, version: str) -> Process:
    """The definition of this key and version. Raises NotUnderstood for one this software does not have."""
    found = PROCESSES.get((key, version))
    if found is None:
        known = ", ".join(f"{k} {v}" for k, v in PROCESSES)
        raise NotUnderstood(
            expected=f"a process this software knows ({known})",
            came=f"{key[:60]!r} version {version[:60]!r}",
            do="open the record with the software that wrote it, or with a later one",
        )
    return found


@cache
def pinned(key: str, version: str) -> Definition:
    """How an entry names a released definition, by its pinned digest. Raises NotUnderstood for an unknown one."""
    process = released(key, version)
    return Definition(process.key, process.version, RELEASED[key, version])
