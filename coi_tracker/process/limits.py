"""Whether a path to a limit leads anywhere in a protocol, and to something its need can work with.

Walks the declared types of a protocol, never a protocol: what is proved here holds for every file that can be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import timedelta
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from coi_tracker.process.bedside import BagGood, DispositionAllows
from coi_tracker.process.effects import Fills
from coi_tracker.process.enrolment import EnrolmentOpen, SlotFree
from coi_tracker.process.quality import DoseInRange
from coi_tracker.process.scans import Scan
from coi_tracker.process.signing import SameTwoAtBedside
from coi_tracker.process.spec import Field, FieldKind, ProtocolPath
from coi_tracker.process.supplies import EquipmentGiven, LotsGiven, TemperatureInside
from coi_tracker.process.timing import OnDay, Within
from coi_tracker.protocols.making import Manufacture
from coi_tracker.protocols.model import Cohort, Protocol
from coi_tracker.protocols.quantities import CountRange, Range, Table
from coi_tracker.protocols.shapes import Keys, Units
from coi_tracker.protocols.treating import Regimen

CHOSEN: Mapping[str, type] = MappingProxyType({"manufacture": Manufacture, "cohort": Cohort, "regimen": Regimen})
"""First names of a path that stand for what the course has chosen of the protocol."""

USABLE: Mapping[tuple[type, str], tuple[type, ...]] = MappingProxyType(
    {
        (BagGood, "limit"): (timedelta,),
        (DispositionAllows, "allowed"): (tuple,),
        (DoseInRange, "range"): (Range,),
        (EnrolmentOpen, "limit"): (int,),
        (EquipmentGiven, "kinds"): (tuple,),
        (Field, "choices"): (tuple,),
        (Field, "limits"): (Range, CountRange),
        (Fills, "shelf_life"): (timedelta,),
        (LotsGiven, "kinds"): (tuple,),
        (OnDay, "day"): (int,),
        (OnDay, "tolerance"): (timedelta,),
        (SameTwoAtBedside, "valid"): (timedelta,),
        (Scan, "count"): (CountRange,),
        (SlotFree, "days"): (tuple,),
        (SlotFree, "lead"): (timedelta,),
        (TemperatureInside, "range"): (Range,),
        (Within, "after"): (timedelta,),
        (Within, "before"): (timedelta,),
    }
)
"""What each need and effect can work with, field by field. A path in any other field is a problem of its own."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a protocol holds at a path: its type, without what the file's reader was told, and the units it is in."""

    kind: Any
    units: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """The type in words."""
        return getattr(get_origin(self.kind) or self.kind, "__name__", str(self.kind))


class NoSuchLimit(Exception):
    """The path leads nowhere. Says where it ends."""


@cache
def at(path: ProtocolPath) -> Found:
    """What every protocol holds at this path. Raises NoSuchLimit."""
    if not path.names:
        raise NoSuchLimit("it names nothing")
    first, *rest = path.names
    found = Found(CHOSEN[first]) if first in CHOSEN else _member(Found(Protocol), first)
    for name in rest:
        found = _member(found, name)
    return found


def _member(inside: Found, name: str) -> Found:
    if get_origin(inside.kind) is Table:
        if name not in inside.keys:
            raise NoSuchLimit(f"not every protocol has {name!r} there")
        return _plain(get_args(inside.kind)[0])
    kind = _members(inside.kind).get(name) if isinstance(inside.kind, type) else None
    if kind is None:
        raise NoSuchLimit(f"{inside.word} has no {name!r}")
    return _plain(kind)


@cache
def _members(owner: type) -> Mapping[str, Any]:
    """Attributes and properties of one dataclass of the protocol, with their types."""
    hints = get_type_hints(owner, include_extras=True)
    found = {f.name: hints[f.name] for f in fields(owner)} if is_dataclass(owner) else {}
    for name, value in vars(owner).items():
        if isinstance(value, property) and value.fget is not None:
            found[name] = get_type_hints(value.fget, include_extras=True)["return"]
    return found


def _plain(kind: Any) -> Found:
    if get_origin(kind) is not Annotated:
        return Found(kind)
    inner, *notes = get_args(kind)
    below = _plain(inner)
    units = next((n.allowed for n in notes if isinstance(n, Units)), below.units)
    keys = next((tuple(map(str, n.names)) for n in notes if isinstance(n, Keys)), below.keys)
    return Found(below.kind, units, keys)


def faults(value: Any) -> Iterator[str]:
    """What is wrong with the paths in the fields of one need, effect or piece of evidence."""
    for one in fields(value):
        path = getattr(value, one.name)
        if isinstance(path, ProtocolPath):
            yield from _fault(value, one.name, path)


def _fault(value: Any, name: str, path: ProtocolPath) -> Iterator[str]:
    usable = USABLE.get((type(value), name))
    where = f"{type(value).__name__}.{name}"
    if usable is None:
        yield f"{where} is {path}, and nothing says what it can work with"
        return
    try:
        found = at(path)
    except NoSuchLimit as error:
        yield f"{path} leads nowhere: {error}"
        return
    if (get_origin(found.kind) or found.kind) not in usable:
        yield f"{path} is a {found.word}, but {where} works with {' or '.join(u.__name__ for u in usable)}"
    elif isinstance(value, Field) and name == "limits":
        yield from _misfit(value, path, found)


def _misfit(field: Field, path: ProtocolPath, found: Found) -> Iterator[str]:
    """A count limits counts, a range limits quantities in its own unit."""
    wanted = FieldKind.COUNT if found.kind is CountRange else FieldKind.QUANTITY
    if field.kind is not wanted:
        yield f"{field.name} is a {field.kind}, but {path} limits a {wanted}"
    elif wanted is FieldKind.QUANTITY and field.unit not in found.units:
        yield f"{field.name} is asked in {field.unit}, but {path} is in {' or '.join(found.units)}"
