"""Who added a file: a client reads back its own alone. Of files from before, nobody knows."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the column."""
    op.add_column("attachments", sa.Column("added_by", sa.Uuid))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("attachments", "added_by")
