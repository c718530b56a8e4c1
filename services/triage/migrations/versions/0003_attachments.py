"""Which files the report of a case has."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "attachments",
        sa.Column("report_id", sa.Uuid, primary_key=True),
        sa.Column("attachment_id", sa.Uuid, primary_key=True),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("attachments")
