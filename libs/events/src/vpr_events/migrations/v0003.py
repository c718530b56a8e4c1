"""Failures of effects, counted apart from their tries."""

import sqlalchemy as sa
from alembic import op


def upgrade() -> None:
    """Add failures to effects: what failed until now has its tries again."""
    op.add_column("effects", sa.Column("failures", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("effects", "failures")
