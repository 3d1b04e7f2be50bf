"""What the record refers to: people, places, studies, lots, equipment, persons, messages.

Imports nothing of ours: what was released stays as it was, whatever the package becomes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = (
    "study_protocols",
    "stations",
    "person_keys",
    "lot_uses",
    "equipment_uses",
    "equipment",
    "closed_days",
    "account_roles",
    "studies",
    "places",
    "persons",
    "outbox",
    "lots",
    "accounts",
)


def upgrade() -> None:
    """Make the tables."""
    _accounts()
    _lots()
    _outbox()
    _persons()
    _places()
    _studies()
    _account_roles()
    _closed_days()
    _equipment()
    _equipment_uses()
    _lot_uses()
    _person_keys()
    _stations()
    _study_protocols()


def downgrade() -> None:
    """Remove the tables, with all they hold."""
    for table in TABLES:
        op.drop_table(table)


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("badge", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("id <> ''", name=op.f("ck_accounts_id_filled")),
        sa.CheckConstraint("name <> ''", name=op.f("ck_accounts_name_filled")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("badge", name=op.f("uq_accounts_badge")),
    )


def _lots() -> None:
    op.create_table(
        "lots",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("expires", sa.Text(), nullable=False),
        sa.Column("recalled", sa.Boolean(), nullable=False),
        sa.CheckConstraint("code <> ''", name=op.f("ck_lots_code_filled")),
        sa.CheckConstraint("expires LIKE '____-__-__'", name=op.f("ck_lots_expires_day")),
        sa.CheckConstraint("kind <> ''", name=op.f("ck_lots_kind_filled")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_lots")),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("n", NUMBER, autoincrement=True, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("done_at", sa.Text(), nullable=True),
        sa.Column("tries", NUMBER, server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("done_at LIKE '____-__-__T__:__:__.______Z'", name=op.f("ck_outbox_done_at_instant")),
        sa.CheckConstraint("made_at LIKE '____-__-__T__:__:__.______Z'", name=op.f("ck_outbox_made_at_instant")),
        sa.CheckConstraint("topic <> ''", name=op.f("ck_outbox_topic_filled")),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_outbox_tries_from_0")),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["topic", "n"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )


def _persons() -> None:
    op.create_table(
        "persons",
        sa.Column("study", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("record_number", sa.LargeBinary(), nullable=True),
        sa.Column("birth_date", sa.LargeBinary(), nullable=True),
        sa.Column("record_number_index", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("study", "subject", name=op.f("pk_persons")),
    )
    op.create_index("ix_persons_record_number_index", "persons", ["record_number_index"], unique=False)


def _places() -> None:
    op.create_table(
        "places",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("daily_capacity", NUMBER, nullable=False),
        sa.CheckConstraint("id <> ''", name=op.f("ck_places_id_filled")),
        sa.CheckConstraint("kind IN ('site', 'facility', 'courier', 'sponsor')", name=op.f("ck_places_kind_word")),
        sa.CheckConstraint("name <> ''", name=op.f("ck_places_name_filled")),
        sa.CheckConstraint("zone <> ''", name=op.f("ck_places_zone_filled")),
        sa.CheckConstraint("daily_capacity >= 0", name=op.f("ck_places_daily_capacity_from_0")),
        sa.CheckConstraint("length(country) = 2 AND country = upper(country)", name=op.f("ck_places_country_iso")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_places")),
    )


def _studies() -> None:
    op.create_table(
        "studies",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("enrolment_limit", NUMBER, nullable=False),
        sa.Column("enrolled", NUMBER, server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("key <> ''", name=op.f("ck_studies_key_filled")),
        sa.CheckConstraint("title <> ''", name=op.f("ck_studies_title_filled")),
        sa.CheckConstraint("enrolled >= 0 AND enrolled <= enrolment_limit", name=op.f("ck_studies_enrolment_limit")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_studies")),
    )


def _account_roles() -> None:
    op.create_table(
        "account_roles",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("trained_until", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "role IN ('coordinator', 'proceduralist', 'courier', 'operator', 'qc_analyst', 'qa', "
            "'planner', 'cell_lab', 'physician', 'nurse', 'medical_monitor', 'auditor', 'admin')",
            name=op.f("ck_account_roles_role_word"),
        ),
        sa.CheckConstraint("trained_until LIKE '____-__-__'", name=op.f("ck_account_roles_trained_until_day")),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name=op.f("fk_account_roles_account")),
        sa.ForeignKeyConstraint(["place"], ["places.id"], name=op.f("fk_account_roles_place")),
        sa.PrimaryKeyConstraint("account", "role", "place", name=op.f("pk_account_roles")),
    )
    op.create_index("ix_account_roles_place", "account_roles", ["place"], unique=False)


def _closed_days() -> None:
    op.create_table(
        "closed_days",
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.CheckConstraint("day LIKE '____-__-__'", name=op.f("ck_closed_days_day_day")),
        sa.ForeignKeyConstraint(["place"], ["places.id"], name=op.f("fk_closed_days_place")),
        sa.PrimaryKeyConstraint("place", "day", name=op.f("pk_closed_days")),
    )


def _equipment() -> None:
    op.create_table(
        "equipment",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("fit_until", sa.Text(), nullable=False),
        sa.CheckConstraint("code <> ''", name=op.f("ck_equipment_code_filled")),
        sa.CheckConstraint("fit_until LIKE '____-__-__'", name=op.f("ck_equipment_fit_until_day")),
        sa.CheckConstraint("kind <> ''", name=op.f("ck_equipment_kind_filled")),
        sa.ForeignKeyConstraint(["place"], ["places.id"], name=op.f("fk_equipment_place")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_equipment")),
    )


def _equipment_uses() -> None:
    op.create_table(
        "equipment_uses",
        sa.Column("equipment", sa.Text(), nullable=False),
        sa.Column("coi", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_equipment_uses_event_id")),
        sa.PrimaryKeyConstraint("equipment", "coi", "event_id", name=op.f("pk_equipment_uses")),
    )
    op.create_index("ix_equipment_uses_coi", "equipment_uses", ["coi"], unique=False)


def _lot_uses() -> None:
    op.create_table(
        "lot_uses",
        sa.Column("lot", sa.Text(), nullable=False),
        sa.Column("coi", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_lot_uses_event_id")),
        sa.PrimaryKeyConstraint("lot", "coi", "event_id", name=op.f("pk_lot_uses")),
    )
    op.create_index("ix_lot_uses_coi", "lot_uses", ["coi"], unique=False)


def _person_keys() -> None:
    op.create_table(
        "person_keys",
        sa.Column("study", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study", "subject"], ["persons.study", "persons.subject"], name=op.f("fk_person_keys_study_subject")
        ),
        sa.PrimaryKeyConstraint("study", "subject", name=op.f("pk_person_keys")),
    )


def _stations() -> None:
    op.create_table(
        "stations",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("code <> ''", name=op.f("ck_stations_code_filled")),
        sa.CheckConstraint("name <> ''", name=op.f("ck_stations_name_filled")),
        sa.ForeignKeyConstraint(["place"], ["places.id"], name=op.f("fk_stations_place")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_stations")),
    )


def _study_protocols() -> None:
    op.create_table(
        "study_protocols",
        sa.Column("study", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("released_at", sa.Text(), nullable=False),
        sa.CheckConstraint("digest <> ''", name=op.f("ck_study_protocols_digest_filled")),
        sa.CheckConstraint("key <> ''", name=op.f("ck_study_protocols_key_filled")),
        sa.CheckConstraint(
            "released_at LIKE '____-__-__T__:__:__.______Z'", name=op.f("ck_study_protocols_released_at_instant")
        ),
        sa.CheckConstraint("text <> ''", name=op.f("ck_study_protocols_text_filled")),
        sa.CheckConstraint("version <> ''", name=op.f("ck_study_protocols_version_filled")),
        sa.ForeignKeyConstraint(["study"], ["studies.key"], name=op.f("fk_study_protocols_study")),
        sa.PrimaryKeyConstraint("study", "version", name=op.f("pk_study_protocols")),
    )
