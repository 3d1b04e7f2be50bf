"""What the tracker keeps of passwords, second factors and failed attempts to sign in.

Imports nothing of ours: what was released stays as it was, whatever the package becomes.
"""

from __future__ import annotations

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""


def downgrade() -> None:
    """Remove the tables, with all they hold."""
