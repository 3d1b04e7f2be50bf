"""Steps that somebody has begun at a station and not finished.

Imports nothing of ours: what was released stays as it was, whatever the package becomes.
"""

from __future__ import annotations

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""


def downgrade() -> None:
    """Remove the tables, with all they hold."""
