"""Who approves an erasure."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the approvals."""
    op.create_table(
        "erasure_approvals",
        sa.Column("report_id", sa.Uuid, primary_key=True),
        sa.Column("approver_id", sa.Uuid, primary_key=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("erasure_approvals")
