"""What a session is about, where residents are who allowed it, and what was ticked in walks through scenes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create them; sessions from before are of no known category."""
    op.add_column("sessions", sa.Column("category", sa.Text))
    op.create_table(
        "locations",
        sa.Column("session_id", sa.Uuid, primary_key=True),
        sa.Column("participant_id", sa.Uuid, primary_key=True),
        sa.Column("report_id", sa.Uuid, nullable=False, index=True),
        *(sa.Column(name, sa.Float, nullable=False) for name in ("latitude", "longitude", "accuracy")),
        sa.Column("located_at", MOMENT, nullable=False),
    )
    op.create_table(
        "checklist_ticks",
        sa.Column("session_id", sa.Uuid, primary_key=True),
        sa.Column("checklist", sa.Text, primary_key=True),
        sa.Column("point", sa.Text, primary_key=True),
        sa.Column("report_id", sa.Uuid, nullable=False, index=True),
        sa.Column("ticked", sa.Boolean, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("checklist_ticks")
    op.drop_table("locations")
    op.drop_column("sessions", "category")
