"""How a value of a protocol is written in its file: units, keys and patterns, attached to the types.

Knows no value and no file; `model.py` and its chapters use it to declare, `reading.py` to interpret.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from coi_tracker.protocols.quantities import Range


@dataclass(frozen=True, slots=True)
class Units:
    """The units a quantity may be written in."""

    allowed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Which bounds a range must have; the other may be written "none"."""

    low: bool = True
    high: bool = True


@dataclass(frozen=True, slots=True)
class Key:
    """The name of an attribute in the file, where it is another one."""

    name: str


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys a table must have: these and no others."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a text must look like, as a regular expression and in words."""

    regex: str
    words: str


Celsius = Annotated[Range, Units(("Cel",))]
CelsiusAtMost = Annotated[Range, Units(("Cel",)), Bounds(low=False)]
MillimetresAtLeast = Annotated[Range, Units(("mm",)), Bounds(high=False)]
Cells = Annotated[Range, Units(("cells",))]
Millilitres = Annotated[Range, Units(("mL",))]
Percent = Annotated[Decimal, Units(("%",))]
Name = Annotated[str, Pattern(r"[a-z][a-z0-9_]*", "a key of lower-case letters, digits and underscores")]
Names = tuple[Name, ...]
