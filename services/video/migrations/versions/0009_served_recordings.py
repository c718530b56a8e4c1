"""Recordings at the media server: what made an item of them, and which item a further part continues."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Items from before have neither."""
    op.add_column("evidence", sa.Column("made_with", sa.ARRAY(sa.Text)))
    op.add_column("evidence", sa.Column("part_of", sa.Uuid))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("evidence", "part_of")
    op.drop_column("evidence", "made_with")
