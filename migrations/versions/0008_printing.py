"""Printers, print jobs, and what became of every label that was sent to one.

Imports nothing of ours: what was released stays as it was, whatever the package becomes.
"""

from __future__ import annotations

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""


def downgrade() -> None:
    """Remove the tables, with all they hold."""
