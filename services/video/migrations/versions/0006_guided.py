"""What a session is about, where residents are, what was ticked in walks through scenes, links for evidence."""

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
    op.create_table(
        "upload_links",
        sa.Column("link_id", sa.Uuid, primary_key=True),
        sa.Column("session_id", sa.Uuid, nullable=False, index=True),
        sa.Column("report_id", sa.Uuid, nullable=False, index=True),
        sa.Column("token_digest", sa.Text, nullable=False, unique=True),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("most", sa.Integer, nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("upload_links")
    op.drop_table("checklist_ticks")
    op.drop_table("locations")
    op.drop_column("sessions", "category")
