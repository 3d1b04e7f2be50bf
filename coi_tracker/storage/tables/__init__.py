"""Every table, as typed ``...Row`` classes: the only place where the shape of the database is said.

The classes are read for their shape (migrations are compared with it, constraint names are looked up in it) and
are never loaded through a session: the hot path speaks SQL. Knows no rule of the process.
"""

from coi_tracker.storage.tables.base import Row
from coi_tracker.storage.tables.courses import (
    BookingRow,
    ChainRow,
    ContainerRow,
    CourseRow,
    HandOffRow,
    HoldRow,
    InfusionRow,
    LabelIssueRow,
    LabelRow,
    LineageRow,
    ShipperLoadRow,
    ShipperRow,
    SubjectRow,
    SuiteClaimRow,
)
from coi_tracker.storage.tables.log import (
    CheckpointRow,
    EventRow,
    LogKeyRow,
    LogPositionRow,
    SignatureRow,
    TreeNodeRow,
    UnsequencedRow,
)
from coi_tracker.storage.tables.registry import (
    AccountRoleRow,
    AccountRow,
    ClosedDayRow,
    EquipmentRow,
    EquipmentUseRow,
    LotRow,
    LotUseRow,
    OutboxRow,
    PersonKeyRow,
    PersonRow,
    PlaceRow,
    StationRow,
    StudyProtocolRow,
    StudyRow,
)
from coi_tracker.storage.tables.sessions import WebSessionRow

__all__ = [
    "AccountRoleRow",
    "AccountRow",
    "BookingRow",
    "ChainRow",
    "CheckpointRow",
    "ClosedDayRow",
    "ContainerRow",
    "CourseRow",
    "EquipmentRow",
    "EquipmentUseRow",
    "EventRow",
    "HandOffRow",
    "HoldRow",
    "InfusionRow",
    "LabelIssueRow",
    "LabelRow",
    "LineageRow",
    "LogKeyRow",
    "LogPositionRow",
    "LotRow",
    "LotUseRow",
    "OutboxRow",
    "PersonKeyRow",
    "PersonRow",
    "PlaceRow",
    "Row",
    "ShipperLoadRow",
    "ShipperRow",
    "SignatureRow",
    "StationRow",
    "StudyProtocolRow",
    "StudyRow",
    "SubjectRow",
    "SuiteClaimRow",
    "TreeNodeRow",
    "UnsequencedRow",
    "WebSessionRow",
]
