"""The current state of courses and of what they hold: rows that the log can rebuild, but for two that only grow.

Keyed by chain or course first, so that they can be distributed by course. No row here points at a row that many
courses share (places, accounts, lots): on PostgreSQL that would make steps of different courses meet on its lock.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from coi_tracker.storage.tables.base import Row, calendar_day, filled, instant, one_of, points_to
from coi_tracker.storage.types import ByteOrderedText
from coi_tracker.vocabulary import (
    LIVE_LABELS,
    ContainerKind,
    ContainerState,
    Disposition,
    HoldScope,
    LabelState,
    Material,
    Standing,
    Treatment,
)


def _only(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


class ChainRow(Row):
    """The head of a chain and, as JSON text, what its course is now. This is the row that a step locks first."""

    __tablename__ = "chains"

    chain: Mapped[str] = mapped_column(ByteOrderedText, primary_key=True)
    seq: Mapped[int]
    head: Mapped[str | None]
    coi: Mapped[str | None]
    state: Mapped[str | None]

    __table_args__ = (
        points_to(["chain", "seq", "head"], ["events.chain", "events.seq", "events.digest"]),
        CheckConstraint("seq >= 0 AND (seq = 0) = (head IS NULL)", name="head_is_last"),
        *filled("chain"),
    )


class SubjectRow(Row):
    """A trial participant, by number only."""

    __tablename__ = "subjects"

    study: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(primary_key=True)
    site: Mapped[str]
    registered_event: Mapped[str]

    __table_args__ = (
        points_to(["study"], ["studies.key"]),
        points_to(["registered_event"], ["events.id"]),
        Index("ix_subjects_site", "site"),
        *filled("number", "site"),
    )


class CourseRow(Row):
    """One course of therapy, with the columns that screens and other courses ask for."""

    __tablename__ = "courses"

    coi: Mapped[str] = mapped_column(primary_key=True)
    chain: Mapped[str] = mapped_column(ByteOrderedText, unique=True)
    study: Mapped[str]
    subject: Mapped[str]
    site: Mapped[str]
    facility: Mapped[str | None]
    cohort: Mapped[str | None]
    material: Mapped[str]
    disposition: Mapped[str]
    treatment: Mapped[str]
    standing: Mapped[str]
    infused: Mapped[bool]
    opened_at: Mapped[datetime]

    __table_args__ = (
        points_to(["chain"], ["chains.chain"], late=True),
        points_to(["study", "subject"], ["subjects.study", "subjects.number"], late=True),
        one_of("material", Material),
        one_of("disposition", Disposition),
        one_of("treatment", Treatment),
        one_of("standing", Standing),
        *filled("coi"),
        *instant("opened_at"),
        Index("ix_courses_subject", "study", "subject"),
        Index("ix_courses_site", "site"),
        Index("ix_courses_facility", "facility"),
    )


class ContainerRow(Row):
    """A physical, labelled thing. ``doc`` is JSON text of what no query asks for."""

    __tablename__ = "containers"

    id: Mapped[str] = mapped_column(primary_key=True)
    coi: Mapped[str | None]
    kind: Mapped[str]
    part: Mapped[int]
    state: Mapped[str]
    holder: Mapped[str]
    serial: Mapped[str]
    position: Mapped[str | None]
    doc: Mapped[str]

    __table_args__ = (
        UniqueConstraint("coi", "id"),
        points_to(["coi"], ["courses.coi"], late=True),
        CheckConstraint("(coi IS NULL) = (kind = 'shipper')", name="course_unless_shipper"),
        CheckConstraint("part >= 0", name="part_from_0"),
        one_of("kind", ContainerKind),
        one_of("state", ContainerState),
        *filled("id", "holder"),
        _only("uq_containers_serial", "serial", where="serial <> ''", unique=True),
        _only("ix_containers_position", "position", where="position IS NOT NULL"),
    )


class LineageRow(Row):
    """A container was made of another, of the same course: both keys carry the one course of the row."""

    __tablename__ = "lineage"

    coi: Mapped[str] = mapped_column(primary_key=True)
    child: Mapped[str] = mapped_column(primary_key=True)
    parent: Mapped[str] = mapped_column(primary_key=True)

    __table_args__ = (
        points_to(["coi", "child"], ["containers.coi", "containers.id"], late=True),
        points_to(["coi", "parent"], ["containers.coi", "containers.id"], late=True),
        CheckConstraint("child <> parent", name="not_of_itself"),
        Index("ix_lineage_parent", "coi", "parent"),
    )


class LabelIssueRow(Row):
    """A label serial was given to a container, once and for ever."""

    __tablename__ = "label_issues"

    serial: Mapped[str] = mapped_column(primary_key=True)
    container: Mapped[str]
    coi: Mapped[str | None]
    kind: Mapped[str]
    event_id: Mapped[str]
    issued_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("serial", "container"),
        points_to(["event_id"], ["events.id"]),
        points_to(["container"], ["containers.id"], late=True),
        points_to(["coi", "container"], ["containers.coi", "containers.id"], late=True),
        CheckConstraint("(coi IS NULL) = (kind = 'shipper')", name="course_unless_shipper"),
        one_of("kind", ContainerKind),
        *filled("serial"),
        *instant("issued_at"),
        Index("ix_label_issues_container", "container"),
    )


class LabelRow(Row):
    """What became of an issued label. A container has at most one that speaks for it."""

    __tablename__ = "labels"

    serial: Mapped[str] = mapped_column(primary_key=True)
    container: Mapped[str]
    coi: Mapped[str | None]
    kind: Mapped[str]
    state: Mapped[str]
    live: Mapped[bool]
    replaced_by: Mapped[str | None]

    __table_args__ = (
        points_to(["serial", "container"], ["label_issues.serial", "label_issues.container"]),
        CheckConstraint("(coi IS NULL) = (kind = 'shipper')", name="course_unless_shipper"),
        CheckConstraint(
            f"live = (state IN ({', '.join(repr(str(state)) for state in sorted(LIVE_LABELS))}))", name="live_state"
        ),
        one_of("kind", ContainerKind),
        one_of("state", LabelState),
        _only("uq_labels_live_container", "container", where="live", unique=True),
        _only("ix_labels_live_coi", "coi", where="live"),
    )


class HandOffRow(Row):
    """A container was offered by one place to another; open until the other accepts, or the offer is taken back."""

    __tablename__ = "hand_offs"

    container: Mapped[str] = mapped_column(primary_key=True)
    opened_event: Mapped[str] = mapped_column(primary_key=True)
    from_place: Mapped[str]
    to_place: Mapped[str]
    closed_event: Mapped[str | None]

    __table_args__ = (
        points_to(["container"], ["containers.id"], late=True),
        points_to(["opened_event"], ["events.id"]),
        points_to(["closed_event"], ["events.id"]),
        CheckConstraint("from_place <> to_place", name="between_two"),
        _only("uq_hand_offs_open", "container", where="closed_event IS NULL", unique=True),
    )


class InfusionRow(Row):
    """A bag was given to its patient: once, and never undone."""

    __tablename__ = "infusions"

    container: Mapped[str] = mapped_column(primary_key=True)
    coi: Mapped[str]
    event_id: Mapped[str]

    __table_args__ = (
        points_to(["coi", "container"], ["containers.coi", "containers.id"], late=True),
        points_to(["event_id"], ["events.id"]),
        Index("ix_infusions_coi", "coi"),
    )


class BookingRow(Row):
    """One of a facility's places on a day is taken by a course."""

    __tablename__ = "bookings"

    facility: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    coi: Mapped[str]
    purpose: Mapped[str]

    __table_args__ = (
        points_to(["coi"], ["courses.coi"], late=True),
        CheckConstraint("position >= 0", name="position_from_0"),
        *calendar_day("day"),
        *filled("facility", "purpose"),
        Index("ix_bookings_coi", "coi"),
    )


class SuiteClaimRow(Row):
    """The course whose line clearance of a suite stands."""

    __tablename__ = "suite_claims"

    suite: Mapped[str] = mapped_column(primary_key=True)
    coi: Mapped[str]

    __table_args__ = (points_to(["coi"], ["courses.coi"], late=True), *filled("suite"))


class ShipperRow(Row):
    """A shipping box that goes around: it belongs to no course."""

    __tablename__ = "shippers"

    id: Mapped[str] = mapped_column(primary_key=True)
    serial: Mapped[str] = mapped_column(unique=True)
    home: Mapped[str]
    valid_until: Mapped[datetime | None]

    __table_args__ = (points_to(["id"], ["containers.id"], late=True), *filled("serial"), *instant("valid_until"))


class ShipperLoadRow(Row):
    """A shipper was loaded for a course: for one at a time."""

    __tablename__ = "shipper_loads"

    shipper: Mapped[str] = mapped_column(primary_key=True)
    opened_event: Mapped[str] = mapped_column(primary_key=True)
    coi: Mapped[str]
    closed_event: Mapped[str | None]

    __table_args__ = (
        points_to(["shipper"], ["shippers.id"], late=True),
        points_to(["coi"], ["courses.coi"], late=True),
        points_to(["opened_event"], ["events.id"]),
        points_to(["closed_event"], ["events.id"]),
        _only("uq_shipper_loads_open", "shipper", where="closed_event IS NULL", unique=True),
        Index("ix_shipper_loads_coi", "coi"),
    )


class HoldRow(Row):
    """A hold on a place or a study. Holds on a course or its containers are part of the course's own state."""

    __tablename__ = "holds"

    id: Mapped[str] = mapped_column(primary_key=True)
    scope: Mapped[str]
    target: Mapped[str]
    blocks: Mapped[str]
    placed_by: Mapped[str]
    reason: Mapped[str]
    placed_event: Mapped[str]
    lifted_event: Mapped[str | None]

    __table_args__ = (
        one_of("scope", (HoldScope.PLACE, HoldScope.STUDY)),
        points_to(["placed_event"], ["events.id"]),
        points_to(["lifted_event"], ["events.id"]),
        *filled("target", "blocks", "placed_by"),
        _only("ix_holds_active", "target", where="lifted_event IS NULL"),
    )
