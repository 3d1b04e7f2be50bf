"""The state of courses: chains, subjects, courses, containers, lineage, labels.

Imports nothing of ours: what was released stays as it was, whatever the package becomes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTES_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
TABLES = ("labels", "lineage", "label_issues", "containers", "courses", "subjects", "chains")


def upgrade() -> None:
    """Make the tables."""
    _chains()
    _subjects()
    _courses()
    _containers()
    _label_issues()
    _lineage()
    _labels()


def downgrade() -> None:
    """Remove the tables, with all they hold."""
    for table in TABLES:
        op.drop_table(table)


def _chains() -> None:
    op.create_table(
        "chains",
        sa.Column("chain", BYTES_TEXT, nullable=False),
        sa.Column("seq", NUMBER, nullable=False),
        sa.Column("head", sa.Text(), nullable=True),
        sa.Column("coi", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.CheckConstraint("chain <> ''", name=op.f("ck_chains_chain_filled")),
        sa.CheckConstraint("seq >= 0 AND (seq = 0) = (head IS NULL)", name=op.f("ck_chains_head_is_last")),
        sa.ForeignKeyConstraint(
            ["chain", "seq", "head"],
            ["events.chain", "events.seq", "events.digest"],
            name=op.f("fk_chains_chain_seq_head"),
        ),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_chains")),
    )


def _subjects() -> None:
    op.create_table(
        "subjects",
        sa.Column("study", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("registered_event", sa.Text(), nullable=False),
        sa.CheckConstraint("number <> ''", name=op.f("ck_subjects_number_filled")),
        sa.CheckConstraint("site <> ''", name=op.f("ck_subjects_site_filled")),
        sa.ForeignKeyConstraint(["registered_event"], ["events.id"], name=op.f("fk_subjects_registered_event")),
        sa.ForeignKeyConstraint(["study"], ["studies.key"], name=op.f("fk_subjects_study")),
        sa.PrimaryKeyConstraint("study", "number", name=op.f("pk_subjects")),
    )
    op.create_index("ix_subjects_site", "subjects", ["site"], unique=False)


def _courses() -> None:
    op.create_table(
        "courses",
        sa.Column("coi", sa.Text(), nullable=False),
        sa.Column("chain", BYTES_TEXT, nullable=False),
        sa.Column("study", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("facility", sa.Text(), nullable=True),
        sa.Column("cohort", sa.Text(), nullable=True),
        sa.Column("material", sa.Text(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("treatment", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("infused", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.Text(), nullable=False),
        sa.CheckConstraint("coi <> ''", name=op.f("ck_courses_coi_filled")),
        sa.CheckConstraint(
            "disposition IN ('none', 'testing', 'released', 'conditionally_released', "
            "'out_of_specification', 'exceptionally_released', 'rejected')",
            name=op.f("ck_courses_disposition_word"),
        ),
        sa.CheckConstraint(
            "material IN ('none', 'ordered', 'procured', 'inbound', 'received', 'first_expansion', "
            "'rapid_expansion', 'scaled_up', 'harvested', 'cryopreserved', 'outbound', 'at_site', "
            "'infused', 'lost', 'destroyed', 'insufficient')",
            name=op.f("ck_courses_material_word"),
        ),
        sa.CheckConstraint("opened_at LIKE '____-__-__T__:__:__.______Z'", name=op.f("ck_courses_opened_at_instant")),
        sa.CheckConstraint(
            "standing IN ('active', 'on_hold', 'withdrawn', 'terminated', 'closed')",
            name=op.f("ck_courses_standing_word"),
        ),
        sa.CheckConstraint(
            "treatment IN ('none', 'screened', 'eligible', 'planned', 'ld_running', 'ld_complete', "
            "'infused', 'il2_running', 'complete')",
            name=op.f("ck_courses_treatment_word"),
        ),
        sa.ForeignKeyConstraint(
            ["chain"], ["chains.chain"], name=op.f("fk_courses_chain"), initially="IMMEDIATE", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["study", "subject"],
            ["subjects.study", "subjects.number"],
            name=op.f("fk_courses_study_subject"),
            initially="IMMEDIATE",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("coi", name=op.f("pk_courses")),
        sa.UniqueConstraint("chain", name=op.f("uq_courses_chain")),
    )
    op.create_index("ix_courses_facility", "courses", ["facility"], unique=False)
    op.create_index("ix_courses_site", "courses", ["site"], unique=False)
    op.create_index("ix_courses_subject", "courses", ["study", "subject"], unique=False)


def _containers() -> None:
    op.create_table(
        "containers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("coi", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("part", NUMBER, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=True),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.CheckConstraint("(coi IS NULL) = (kind = 'shipper')", name=op.f("ck_containers_course_unless_shipper")),
        sa.CheckConstraint("holder <> ''", name=op.f("ck_containers_holder_filled")),
        sa.CheckConstraint("id <> ''", name=op.f("ck_containers_id_filled")),
        sa.CheckConstraint(
            "kind IN ('tissue_jar', 'flask', 'pool', 'bag', 'cassette', 'qc_vial', 'retain', 'shipper', 'wristband')",
            name=op.f("ck_containers_kind_word"),
        ),
        sa.CheckConstraint(
            "state IN ('labelled', 'filled', 'in_transit', 'stored', 'in_use', 'consumed', 'infused', "
            "'destroyed', 'quarantined', 'lost', 'returned', 'retained')",
            name=op.f("ck_containers_state_word"),
        ),
        sa.CheckConstraint("part >= 0", name=op.f("ck_containers_part_from_0")),
        sa.ForeignKeyConstraint(
            ["coi"], ["courses.coi"], name=op.f("fk_containers_coi"), initially="IMMEDIATE", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_containers")),
        sa.UniqueConstraint("coi", "id", name=op.f("uq_containers_coi_id")),
    )
    op.create_index(
        "ix_containers_position",
        "containers",
        ["position"],
        unique=False,
        sqlite_where=sa.text("position IS NOT NULL"),
        postgresql_where=sa.text("position IS NOT NULL"),
    )
    op.create_index(
        "uq_containers_serial",
        "containers",
        ["serial"],
        unique=True,
        sqlite_where=sa.text("serial <> ''"),
        postgresql_where=sa.text("serial <> ''"),
    )


def _label_issues() -> None:
    op.create_table(
        "label_issues",
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("container", sa.Text(), nullable=False),
        sa.Column("coi", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.Text(), nullable=False),
        sa.CheckConstraint("(coi IS NULL) = (kind = 'shipper')", name=op.f("ck_label_issues_course_unless_shipper")),
        sa.CheckConstraint(
            "issued_at LIKE '____-__-__T__:__:__.______Z'", name=op.f("ck_label_issues_issued_at_instant")
        ),
        sa.CheckConstraint(
            "kind IN ('tissue_jar', 'flask', 'pool', 'bag', 'cassette', 'qc_vial', 'retain', 'shipper', 'wristband')",
            name=op.f("ck_label_issues_kind_word"),
        ),
        sa.CheckConstraint("serial <> ''", name=op.f("ck_label_issues_serial_filled")),
        sa.ForeignKeyConstraint(
            ["coi", "container"],
            ["containers.coi", "containers.id"],
            name=op.f("fk_label_issues_coi_container"),
            initially="IMMEDIATE",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["container"],
            ["containers.id"],
            name=op.f("fk_label_issues_container"),
            initially="IMMEDIATE",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_label_issues_event_id")),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_label_issues")),
        sa.UniqueConstraint("serial", "container", name=op.f("uq_label_issues_serial_container")),
    )
    op.create_index("ix_label_issues_container", "label_issues", ["container"], unique=False)


def _lineage() -> None:
    op.create_table(
        "lineage",
        sa.Column("coi", sa.Text(), nullable=False),
        sa.Column("child", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=False),
        sa.CheckConstraint("child <> parent", name=op.f("ck_lineage_not_of_itself")),
        sa.ForeignKeyConstraint(
            ["coi", "child"],
            ["containers.coi", "containers.id"],
            name=op.f("fk_lineage_coi_child"),
            initially="IMMEDIATE",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["coi", "parent"],
            ["containers.coi", "containers.id"],
            name=op.f("fk_lineage_coi_parent"),
            initially="IMMEDIATE",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("coi", "child", "parent", name=op.f("pk_lineage")),
    )
    op.create_index("ix_lineage_parent", "lineage", ["coi", "parent"], unique=False)


def _labels() -> None:
    op.create_table(
        "labels",
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("container", sa.Text(), nullable=False),
        sa.Column("coi", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("replaced_by", sa.Text(), nullable=True),
        sa.CheckConstraint("(coi IS NULL) = (kind = 'shipper')", name=op.f("ck_labels_course_unless_shipper")),
        sa.CheckConstraint(
            "kind IN ('tissue_jar', 'flask', 'pool', 'bag', 'cassette', 'qc_vial', 'retain', 'shipper', 'wristband')",
            name=op.f("ck_labels_kind_word"),
        ),
        sa.CheckConstraint(
            "live = (state IN ('applied', 'issued', 'printed', 'verified'))", name=op.f("ck_labels_live_state")
        ),
        sa.CheckConstraint(
            "state IN ('issued', 'printed', 'verified', 'applied', 'superseded', 'void', 'destroyed', "
            "'returned', 'expired')",
            name=op.f("ck_labels_state_word"),
        ),
        sa.ForeignKeyConstraint(
            ["serial", "container"],
            ["label_issues.serial", "label_issues.container"],
            name=op.f("fk_labels_serial_container"),
        ),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_labels")),
    )
    op.create_index(
        "ix_labels_live_coi",
        "labels",
        ["coi"],
        unique=False,
        sqlite_where=sa.text("live"),
        postgresql_where=sa.text("live"),
    )
    op.create_index(
        "uq_labels_live_container",
        "labels",
        ["container"],
        unique=True,
        sqlite_where=sa.text("live"),
        postgresql_where=sa.text("live"),
    )
