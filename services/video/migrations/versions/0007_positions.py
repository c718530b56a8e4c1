"""Where residents were in calls, as they told it: what becomes evidence at the end."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create it; of sessions from before the last position is known, and no more."""
    op.create_table(
        "positions",
        sa.Column("session_id", sa.Uuid, primary_key=True),
        sa.Column("participant_id", sa.Uuid, primary_key=True),
        sa.Column("measured_at", MOMENT, primary_key=True),
        *(sa.Column(name, sa.Float, primary_key=True) for name in ("latitude", "longitude", "accuracy")),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("report_id", sa.Uuid, nullable=False, index=True),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("positions")
