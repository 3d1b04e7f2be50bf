"""What the record refers to: people who work, places, stations, studies, lots, equipment; persons; messages to send.

Personal data of participants stands in ``persons`` only, encrypted, and nowhere else in the database.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from coi_tracker.storage.tables.base import Row, calendar_day, filled, instant, one_of, points_to
from coi_tracker.vocabulary import PlaceKind, Role


class AccountRow(Row):
    """A person who works with the record. Never deleted, and its id never given to somebody else."""

    __tablename__ = "accounts"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    password_hash: Mapped[str | None]
    badge: Mapped[str | None] = mapped_column(unique=True)
    active: Mapped[bool]

    __table_args__ = (*filled("id", "name"),)


class AccountRoleRow(Row):
    """What an account may do at a place, and until when it is trained for that."""

    __tablename__ = "account_roles"

    account: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)
    trained_until: Mapped[date | None]

    __table_args__ = (
        points_to(["account"], ["accounts.id"]),
        points_to(["place"], ["places.id"]),
        one_of("role", Role),
        *calendar_day("trained_until"),
        Index("ix_account_roles_place", "place"),
    )


class PlaceRow(Row):
    """A site, facility, courier or office. ``daily_capacity``: how many courses it can work on in one day."""

    __tablename__ = "places"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    country: Mapped[str]
    zone: Mapped[str]
    daily_capacity: Mapped[int]

    __table_args__ = (
        one_of("kind", PlaceKind),
        CheckConstraint("daily_capacity >= 0", name="daily_capacity_from_0"),
        CheckConstraint("length(country) = 2 AND country = upper(country)", name="country_iso"),
        *filled("id", "name", "zone"),
    )


class ClosedDayRow(Row):
    """A day on which a place does not work."""

    __tablename__ = "closed_days"

    place: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)

    __table_args__ = (points_to(["place"], ["places.id"]), *calendar_day("day"))


class StationRow(Row):
    """A registered workstation or hand-held reader."""

    __tablename__ = "stations"

    code: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str]
    name: Mapped[str]
    active: Mapped[bool]

    __table_args__ = (points_to(["place"], ["places.id"]), *filled("code", "name"))


class StudyRow(Row):
    """A study. ``enrolled`` is kept by a trigger on ``subjects`` and cannot pass the limit."""

    __tablename__ = "studies"

    key: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    open: Mapped[bool]
    enrolment_limit: Mapped[int]
    enrolled: Mapped[int] = mapped_column(server_default=text("0"))

    __table_args__ = (
        CheckConstraint("enrolled >= 0 AND enrolled <= enrolment_limit", name="enrolment_limit"),
        *filled("key", "title"),
    )


class StudyProtocolRow(Row):
    """One released version of a study's protocol file, with its exact text."""

    __tablename__ = "study_protocols"

    study: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str]
    digest: Mapped[str]
    text: Mapped[str]
    released_at: Mapped[datetime]

    __table_args__ = (
        points_to(["study"], ["studies.key"]),
        *filled("version", "key", "digest", "text"),
        *instant("released_at"),
    )


class LotRow(Row):
    """An ancillary lot: medium, IL-2, feeder cells."""

    __tablename__ = "lots"

    code: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    expires: Mapped[date]
    recalled: Mapped[bool]

    __table_args__ = (*filled("code", "kind"), *calendar_day("expires"))


class EquipmentRow(Row):
    """A registered piece of equipment and the last day of its calibration."""

    __tablename__ = "equipment"

    code: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    place: Mapped[str]
    fit_until: Mapped[date]

    __table_args__ = (points_to(["place"], ["places.id"]), *filled("code", "kind"), *calendar_day("fit_until"))


class LotHomeRow(Row):
    """The place that entered a lot, and whose quality assurance answers for it."""

    __tablename__ = "lot_homes"

    lot: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str]

    __table_args__ = (points_to(["lot"], ["lots.code"]), points_to(["place"], ["places.id"]))


class OutOfUseRow(Row):
    """A piece of equipment, or a shipper, that is not to be used, and the first day of it."""

    __tablename__ = "out_of_use"

    thing: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[date]

    __table_args__ = (*filled("thing"), *calendar_day("since"))


class LotUseRow(Row):
    """A lot went into a course: what a recall asks for."""

    __tablename__ = "lot_uses"

    lot: Mapped[str] = mapped_column(primary_key=True)
    coi: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)

    __table_args__ = (points_to(["event_id"], ["events.id"]), Index("ix_lot_uses_coi", "coi"))


class EquipmentUseRow(Row):
    """A piece of equipment was used on a course."""

    __tablename__ = "equipment_uses"

    equipment: Mapped[str] = mapped_column(primary_key=True)
    coi: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)

    __table_args__ = (points_to(["event_id"], ["events.id"]), Index("ix_equipment_uses_coi", "coi"))


class PersonRow(Row):
    """Who a participant is. Every column but the key is ciphertext; the index finds a record number, once known."""

    __tablename__ = "persons"

    study: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[bytes | None]
    record_number: Mapped[bytes | None]
    birth_date: Mapped[bytes | None]
    record_number_index: Mapped[str | None]

    __table_args__ = (Index("ix_persons_record_number_index", "record_number_index"),)


class PersonKeyRow(Row):
    """The data key of one person, wrapped by the key of the installation. Deleting it erases the person."""

    __tablename__ = "person_keys"

    study: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    wrapped_key: Mapped[bytes]

    __table_args__ = (points_to(["study", "subject"], ["persons.study", "persons.subject"]),)


class OutboxRow(Row):
    """Something to do after the commit that wrote it: a message to deliver, a checkpoint to hand out."""

    __tablename__ = "outbox"

    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    topic: Mapped[str]
    body: Mapped[str]
    made_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(server_default=text("0"))

    __table_args__ = (
        CheckConstraint("tries >= 0", name="tries_from_0"),
        *filled("topic"),
        *instant("made_at", "done_at"),
        Index(
            "ix_outbox_waiting",
            "topic",
            "n",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )
