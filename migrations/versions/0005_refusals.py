"""What the database itself refuses: triggers, written out in the two files of the folder beside this one.

Imports nothing of ours: what was released stays as it was, whatever the package becomes. Statements in the files
are separated by an empty line. On SQLite, batch mode drops triggers without a word: a later migration that
uses it on one of these tables creates them again.
"""

from __future__ import annotations

import re
from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the triggers of this kind of database."""
    for statement in _statements():
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Remove them, the functions last."""
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in reversed(_statements()):
        if trigger := re.match(r"CREATE TRIGGER (\w+) (?:BEFORE|AFTER) \w+ ON (\w+)", statement):
            where = f" ON {trigger[2]}" if on_postgresql else ""
            op.get_bind().exec_driver_sql(f"DROP TRIGGER {trigger[1]}{where}")
        elif function := re.match(r"CREATE FUNCTION (\w+)", statement):
            op.get_bind().exec_driver_sql(f"DROP FUNCTION {function[1]}()")


def _statements() -> list[str]:
    kind = op.get_bind().dialect.name
    text = (Path(__file__).with_suffix("") / f"{kind}.sql").read_text(encoding="utf-8")
    return text.strip().split("\n\n")
