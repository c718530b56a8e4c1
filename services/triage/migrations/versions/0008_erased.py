"""Reports that were erased: of their cases no note is kept any more."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the table. Which reports were erased is known from now on."""
    op.create_table(
        "erased_reports",
        sa.Column("report_id", sa.Uuid, primary_key=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("erased_reports")
