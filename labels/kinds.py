"""The kinds of labels there are: one for every kind of container, and three for things that are no containers.

Knows which code each kind carries, and nothing of how a label looks.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import BadgeCode, EquipmentCode, PlaceCode, PositionCode, ScanPayload, StationCode
from coi_tracker.vocabulary import ContainerKind

Payload = ScanPayload | StationCode | BadgeCode | PlaceCode | EquipmentCode | PositionCode
"""What the symbol of a label can hold."""


class LabelKind(StrEnum):
    """Words of ContainerKind, and the things beside them."""

    TISSUE_JAR = "tissue_jar"
    FLASK = "flask"
    POOL = "pool"
    BAG = "bag"
    CASSETTE = "cassette"
    QC_VIAL = "qc_vial"
    RETAIN = "retain"
    SHIPPER = "shipper"
    WRISTBAND = "wristband"
    STATION = "station"
    BADGE = "badge"
    LOCATION = "location"


CODES: Final[dict[LabelKind, tuple[type, ...]]] = {
    **{LabelKind(kind.value): (ScanPayload,) for kind in ContainerKind},
    LabelKind.STATION: (StationCode,),
    LabelKind.BADGE: (BadgeCode,),
    LabelKind.LOCATION: (PlaceCode, EquipmentCode, PositionCode),
}
"""The kinds of code that a label of each kind carries."""


def is_container(kind: LabelKind) -> bool:
    """Whether the label stands on a container, and so has a COI identifier and a serial."""
    return CODES[kind] == (ScanPayload,)


def kind_named(word: str) -> LabelKind:
    """The kind of label a word stands for. Raises NotUnderstood with the words there are."""
    try:
        return LabelKind(word)
    except ValueError as error:
        raise NotUnderstood(
            expected=f"a kind of label: {', '.join(LabelKind)}",
            came=f"'{word[:40]}'",
            do="choose one of these",
        ) from error
