"""Which place entered a lot, and since when a piece of equipment or a shipper is out of use.

Imports nothing of ours: what was released stays as it was, whatever the package becomes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ENTRIES = """
SELECT chain, entry FROM events WHERE kind = 'setup_changed' AND chain LIKE 'place/%' ORDER BY recorded_at, chain, seq
"""


def upgrade() -> None:
    """Make the tables. The place of a lot that is there already is the first one whose chain tells of it."""
    op.create_table(
        "lot_homes",
        sa.Column("lot", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["lot"], ["lots.code"], name=op.f("fk_lot_homes_lot")),
        sa.ForeignKeyConstraint(["place"], ["places.id"], name=op.f("fk_lot_homes_place")),
        sa.PrimaryKeyConstraint("lot", name=op.f("pk_lot_homes")),
    )
    op.create_table(
        "out_of_use",
        sa.Column("thing", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.CheckConstraint("thing <> ''", name=op.f("ck_out_of_use_thing_filled")),
        sa.CheckConstraint("since LIKE '____-__-__'", name=op.f("ck_out_of_use_since_day")),
        sa.PrimaryKeyConstraint("thing", name=op.f("pk_out_of_use")),
    )
    for lot, place in dict(reversed(list(_homes()))).items():
        op.execute(
            sa.text(
                "INSERT INTO lot_homes (lot, place) SELECT l.code, p.id FROM lots l CROSS JOIN places p "
                "WHERE l.code = :lot AND p.id = :place"
            ).bindparams(lot=lot, place=place)
        )


def _homes() -> Iterator[tuple[str, str]]:
    """Each lot with each place that ever told of it, in the order of telling."""
    for chain, entry in op.get_bind().execute(sa.text(_ENTRIES)):
        said = json.loads(entry)["evidence"]
        if said.get("what") == "lot":
            yield str(said["key"]), str(chain).removeprefix("place/")


def downgrade() -> None:
    """Remove the tables, with all they hold. The log still tells it."""
    op.drop_table("out_of_use")
    op.drop_table("lot_homes")
